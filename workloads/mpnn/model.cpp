#include "workloads/mpnn/model.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>

#include "isa/error.h"
#include "workloads/files/archive.h"
#include "workloads/files/checkpoint.h"
#include "workloads/files/npy.h"
#include "workloads/files/safetensors.h"

namespace ane::workloads::mpnn {
namespace {

struct Visitor {
  const VisitTensor& visit;

  void linear(const std::string& name, Linear& l, std::int64_t out, std::int64_t in,
              bool bias = true) {
    l.out = out, l.in = in;
    visit(name + ".weight", {out, in}, l.weight);
    if (bias) visit(name + ".bias", {out}, l.bias);
  }
  void norm(const std::string& name, Norm& n, std::int64_t size) {
    visit(name + ".weight", {size}, n.weight);
    visit(name + ".bias", {size}, n.bias);
  }
};

std::uint64_t fnv1a64(std::string_view text) {
  std::uint64_t h = 0xcbf29ce484222325u;
  for (const char c : text) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  return h;
}

std::uint64_t splitmix64(std::uint64_t& state) {
  std::uint64_t z = state += 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

std::vector<float> values_of(const kernels::Tensor& t) {
  const auto count = static_cast<std::size_t>(t.size());
  std::vector<float> out(count);
  if (t.format == isa::Format::fp32) {
    std::copy_n(t.as<float>().begin(), count, out.begin());
    return out;
  }
  ANE_CHECK(t.format == isa::Format::fp16, "weights of a checked format");
  const auto bits = t.as<std::uint16_t>();
  std::transform(bits.begin(), bits.end(), out.begin(), half_value);
  return out;
}

}  // namespace

void check(const ModelSpec& spec) {
  const auto positive = [](const char* what, int v, int most) {
    if (v < 1 || v > most)
      throw InputError("", fmt::format("{} {} of the network", v, what),
                       fmt::format("it must be 1 to {}", most));
  };
  positive("hidden channels", spec.hidden, 4096);
  positive("encoder layers", spec.encoder_layers, 256);
  positive("decoder layers", spec.decoder_layers, 256);
  positive("neighbours", spec.neighbours, 100'000);
}

void for_each_tensor(Weights& w, const VisitTensor& visit) {
  const std::int64_t h = w.spec.hidden, ff = w.spec.feed_forward();
  Visitor v{visit};
  v.linear("features.embeddings.linear", w.positional, positional_width, positional_classes);
  v.linear("features.edge_embedding", w.edge_embedding, h, edge_inputs, false);
  v.norm("features.norm_edges", w.norm_edges, h);
  v.linear("W_e", w.W_e, h, h);
  visit("W_s.weight", {vocabulary, h}, w.W_s);
  w.encoder.resize(static_cast<std::size_t>(w.spec.encoder_layers));
  for (std::size_t i = 0; i < w.encoder.size(); ++i) {
    EncoderLayer& l = w.encoder[i];
    const std::string name = fmt::format("encoder_layers.{}.", i);
    v.norm(name + "norm1", l.norm1, h);
    v.norm(name + "norm2", l.norm2, h);
    v.norm(name + "norm3", l.norm3, h);
    v.linear(name + "W1", l.W1, h, 3 * h);
    v.linear(name + "W2", l.W2, h, h);
    v.linear(name + "W3", l.W3, h, h);
    v.linear(name + "W11", l.W11, h, 3 * h);
    v.linear(name + "W12", l.W12, h, h);
    v.linear(name + "W13", l.W13, h, h);
    v.linear(name + "dense.W_in", l.ff_in, ff, h);
    v.linear(name + "dense.W_out", l.ff_out, h, ff);
  }
  w.decoder.resize(static_cast<std::size_t>(w.spec.decoder_layers));
  for (std::size_t i = 0; i < w.decoder.size(); ++i) {
    DecoderLayer& l = w.decoder[i];
    const std::string name = fmt::format("decoder_layers.{}.", i);
    v.norm(name + "norm1", l.norm1, h);
    v.norm(name + "norm2", l.norm2, h);
    v.linear(name + "W1", l.W1, h, 4 * h);
    v.linear(name + "W2", l.W2, h, h);
    v.linear(name + "W3", l.W3, h, h);
    v.linear(name + "dense.W_in", l.ff_in, ff, h);
    v.linear(name + "dense.W_out", l.ff_out, h, ff);
  }
  v.linear("W_out", w.W_out, vocabulary, h);
}

Weights shapes_of(const ModelSpec& spec) {
  check(spec);
  Weights shapes;
  shapes.spec = spec;
  for_each_tensor(shapes, [](const std::string&, const kernels::Shape&, std::vector<float>&) {});
  return shapes;
}

std::int64_t parameter_count(const ModelSpec& spec) {
  Weights w;
  w.spec = spec;
  std::int64_t count = 0;
  for_each_tensor(w, [&](const std::string&, const kernels::Shape& shape, std::vector<float>&) {
    count += kernels::elements(shape);
  });
  return count;
}

Weights seeded_weights(const ModelSpec& spec, std::uint64_t seed) {
  check(spec);
  Weights w;
  w.spec = spec;
  w.origin = fmt::format("seeded {}", seed);
  for_each_tensor(
      w, [&](const std::string& name, const kernels::Shape& shape, std::vector<float>& values) {
        std::uint64_t state = fnv1a64(name) + seed;
        const bool norm = name.find("norm") != std::string::npos, bias = name.ends_with(".bias");
        double centre = 0, spread = 0.05;
        if (shape.size() == 2)
          spread = std::sqrt(6.0 / static_cast<double>(shape[0] + shape[1]));
        else if (norm)
          centre = bias ? 0 : 1, spread = 0.1;
        values.resize(static_cast<std::size_t>(kernels::elements(shape)));
        for (float& v : values) {
          const double u = static_cast<double>(splitmix64(state) >> 40) * 0x1p-24;
          v = static_cast<float>(centre + spread * (2 * u - 1));
        }
      });
  return w;
}

Weights assemble_weights(const std::vector<NamedTensor>& tensors, int neighbours,
                         const std::string& place) {
  std::map<std::string, const kernels::Tensor*> by_name;
  for (const NamedTensor& t : tensors)
    if (!by_name.emplace(t.name, t.tensor).second)
      throw InputError(place, fmt::format("tensor '{}' is there twice", t.name));
  if (by_name.contains("features.node_embedding.weight"))
    throw InputError(place, "a CA-only checkpoint: its features are of another kind",
                     "use one of vanilla_model_weights or soluble_model_weights");
  const auto embedding = by_name.find("W_e.weight");
  if (embedding == by_name.end() || embedding->second->shape.size() != 2)
    throw InputError(place, "no ProteinMPNN checkpoint: it has no tensor 'W_e.weight'");
  Weights w;
  w.origin = place;
  w.spec.neighbours = neighbours;
  w.spec.hidden = static_cast<int>(std::min<std::int64_t>(embedding->second->shape[0], 1 << 20));
  const auto layers = [&](const char* kind) {
    int n = 0;
    while (by_name.contains(fmt::format("{}_layers.{}.W1.weight", kind, n))) ++n;
    return n;
  };
  w.spec.encoder_layers = layers("encoder");
  w.spec.decoder_layers = layers("decoder");
  check(w.spec);
  for_each_tensor(w, [&](const std::string& name, const kernels::Shape& shape,
                         std::vector<float>& values) {
    const auto found = by_name.find(name);
    if (found == by_name.end())
      throw InputError(place, fmt::format("tensor '{}' is missing", name));
    const kernels::Tensor& t = *found->second;
    if (t.shape != shape)
      throw InputError(place, fmt::format("tensor '{}' has shape {}, expected {}", name,
                                          kernels::to_string(t.shape), kernels::to_string(shape)));
    if (t.format != isa::Format::fp32 && t.format != isa::Format::fp16)
      throw InputError(place, fmt::format("tensor '{}' is neither fp32 nor fp16", name));
    values = values_of(t);
    if (!std::all_of(values.begin(), values.end(), [](float v) { return std::isfinite(v); }))
      throw InputError(place, fmt::format("tensor '{}' has values that are not finite", name));
    by_name.erase(found);
  });
  if (!by_name.empty())
    throw InputError(place, fmt::format("tensor '{}' does not belong to a ProteinMPNN of this size",
                                        by_name.begin()->first));
  return w;
}

namespace {

int checked_neighbours(double k, const std::string& place) {
  if (!(k >= 1 && k <= 100'000 && k == std::floor(k)))
    throw InputError(place, fmt::format("num_edges is {}, no count of neighbours", k));
  return static_cast<int>(k);
}

Weights from_safetensors(const std::string& bytes, const std::string& path) {
  const Safetensors file = parse_safetensors(bytes, path);
  std::vector<NamedTensor> tensors;
  for (const auto& [name, tensor] : file.tensors) tensors.push_back({name, &tensor});
  double k = ModelSpec().neighbours;
  if (const auto edges = file.metadata.find("num_edges"); edges != file.metadata.end()) {
    const std::string& text = edges->second;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), k);
    if (error != std::errc() || end != text.data() + text.size())
      throw InputError(path, fmt::format("num_edges is '{}', no number", text));
  }
  return assemble_weights(tensors, checked_neighbours(k, path), path);
}

}  // namespace

Weights load_weights(const std::string& path) {
  const std::string bytes = read_file(path);
  // A safetensors file has its JSON header behind eight bytes of length.
  if (!is_zip(bytes) && bytes.size() > 8 && bytes[8] == '{') return from_safetensors(bytes, path);
  const Checkpoint c = parse_checkpoint(bytes, path);
  // The original wraps its state_dict; a bare one is as good.
  const std::string prefix =
      c.find("model_state_dict.W_e.weight") ? "model_state_dict." : std::string();
  std::vector<NamedTensor> tensors;
  for (const auto& [name, tensor] : c.tensors) {
    if (name.starts_with("optimizer_state_dict.")) continue;
    if (name.starts_with(prefix)) tensors.push_back({name.substr(prefix.size()), &tensor});
  }
  const auto edges = c.numbers.find("num_edges");
  const double k = edges == c.numbers.end() ? ModelSpec().neighbours : edges->second;
  return assemble_weights(tensors, checked_neighbours(k, path), path);
}

}  // namespace ane::workloads::mpnn
