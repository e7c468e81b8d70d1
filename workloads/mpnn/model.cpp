#include "workloads/mpnn/model.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <map>
#include <set>

#include "isa/error.h"
#include "workloads/files/archive.h"
#include "workloads/files/checkpoint.h"
#include "workloads/files/describe.h"
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

namespace {

using ByName = std::map<std::string, const kernels::Tensor*>;

// Refuses the relatives of ProteinMPNN, which have its layers but see something else.
void refuse_relatives(const ByName& tensors, const std::string& place) {
  const auto has = [&](const std::string& start) {
    const auto at = tensors.lower_bound(start);
    return at != tensors.end() && at->first.starts_with(start);
  };
  const auto width = [&](const char* name) {
    const auto at = tensors.find(name);
    return at == tensors.end() || at->second->shape.size() != 2 ? -1 : at->second->shape[1];
  };
  const std::int64_t edges = width("features.edge_embedding.weight");
  const auto refuse = [&](const std::string& what) {
    throw InputError(place, what,
                     "use one of vanilla_model_weights or soluble_model_weights of ProteinMPNN");
  };
  if (has("W_torsions") || has("W_v_sc"))
    refuse("a checkpoint of LigandMPNN's side-chain packer: it places atoms, not residue types");
  constexpr std::array<const char*, 5> of_ligands{"context_encoder_layers.", "features.y_nodes.",
                                                  "features.type_linear.",
                                                  "features.node_project_down.", "V_C."};
  if (std::ranges::any_of(of_ligands, has))
    refuse("a LigandMPNN checkpoint: it takes the atoms of ligands, which this network does not");
  constexpr std::int64_t ca_only_edges = 167, membrane_classes = 3;
  if (edges == ca_only_edges)
    refuse(
        "a CA-only checkpoint: its features are of CA atoms alone (edge_embedding is 167 wide, "
        "ProteinMPNN's is 416)");
  if (has("features.node_embedding.")) {
    const std::int64_t classes = width("features.node_embedding.weight");
    if (edges == edge_inputs && classes == membrane_classes)
      refuse(
          "a membrane checkpoint of LigandMPNN: it takes a membrane label of 3 classes beside "
          "the backbone (features.node_embedding)");
    refuse(
        "no ProteinMPNN checkpoint but a relative that takes features of nodes as well "
        "(features.node_embedding)");
  }
  if (edges >= 0 && edges != edge_inputs)
    refuse(
        fmt::format("no ProteinMPNN checkpoint: its edge_embedding is {} wide, ProteinMPNN's is "
                    "{}",
                    edges, edge_inputs));
}

// A counter of training steps or batches.
bool counts_something(const kernels::Tensor& t) {
  return t.format != isa::Format::fp32 && t.format != isa::Format::fp16 && t.size() == 1;
}

}  // namespace

Weights assemble_weights(const std::vector<NamedTensor>& tensors, int neighbours,
                         const std::string& place) {
  Weights w;
  w.origin = place;
  ByName by_name;
  std::size_t counters = 0;
  std::string counter;
  for (const NamedTensor& t : tensors) {
    if (counts_something(*t.tensor)) {
      if (counters++ == 0) counter = shown(t.name);
      continue;
    }
    if (!by_name.emplace(t.name, t.tensor).second)
      throw InputError(place, fmt::format("tensor '{}' is there twice", shown(t.name)));
  }
  if (counters)
    w.notes.push_back(fmt::format("left out: '{}'{}, single integers that count something", counter,
                                  counters > 1 ? fmt::format(" and {} more", counters - 1) : ""));
  refuse_relatives(by_name, place);
  const auto embedding = by_name.find("W_e.weight");
  if (embedding == by_name.end() || embedding->second->shape.size() != 2)
    throw InputError(place, "no ProteinMPNN checkpoint: it has no tensor 'W_e.weight'",
                     by_name.empty() ? "it has no tensors at all"
                                     : fmt::format("its {} tensors begin with '{}'", by_name.size(),
                                                   shown(by_name.begin()->first)));
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
                                        shown(by_name.begin()->first)));
  return w;
}

namespace {

int checked_neighbours(double k, const std::string& place) {
  if (!(k >= 1 && k <= 100'000 && k == std::floor(k)))
    throw InputError(place, fmt::format("num_edges is {}, no count of neighbours", k));
  return static_cast<int>(k);
}

// What training code puts around a module adds a name to the paths of its tensors and nothing else:
// data-parallel training, torch.compile, activation checkpointing, sharding.
constexpr std::array<std::string_view, 4> wrappers{
    "module", "_orig_mod", "_checkpoint_wrapped_module", "_fsdp_wrapped_module"};

// The name without wrappers, which are added to `found`.
std::string unwrapped(std::string_view name, std::set<std::string_view>& found) {
  std::string out;
  while (!name.empty()) {
    const std::size_t end = std::min(name.find('.'), name.size() - 1) + 1;
    const std::string_view part = name.substr(0, end);
    const auto* wrapper = std::ranges::find_if(wrappers, [&](std::string_view w) {
      return part.size() == w.size() + 1 && part.starts_with(w) && part.ends_with('.');
    });
    if (wrapper == wrappers.end())
      out += part;
    else
      found.insert(*wrapper);
    name.remove_prefix(end);
  }
  return out;
}

// The network among the tensors of a file: below what name it stands ("model_state_dict." of the
// original), and the tensors without that name.
std::vector<NamedTensor> network_of(std::vector<NamedTensor> tensors, const std::string& place,
                                    std::vector<std::string>& notes) {
  std::set<std::string_view> wrapped;
  for (NamedTensor& t : tensors) t.name = unwrapped(t.name, wrapped);
  if (!wrapped.empty())
    notes.push_back(fmt::format("names are read without '{}.'", fmt::join(wrapped, ".', '")));
  constexpr std::string_view sign = "W_e.weight", original = "model_state_dict.";
  std::vector<std::string> roots;
  for (const NamedTensor& t : tensors)
    if (t.name == sign || t.name.ends_with("." + std::string(sign)))
      roots.push_back(t.name.substr(0, t.name.size() - sign.size()));
  if (roots.empty()) return tensors;
  std::string root = roots[0];
  if (roots.size() > 1) {
    const auto preferred = std::ranges::find(roots, original);
    if (preferred == roots.end())
      throw InputError(place,
                       fmt::format("holds {} networks, below '{}'", roots.size(),
                                   shown(fmt::format("{}", fmt::join(roots, "', '")), 200)),
                       "save the state_dict of one of them");
    root = *preferred;
  }
  if (root.empty()) return tensors;
  if (root != original)
    notes.push_back(fmt::format("weights are read from below '{}'", shown(root)));
  std::vector<NamedTensor> out;
  std::map<std::string, int> others;
  for (NamedTensor& t : tensors)
    if (t.name.starts_with(root))
      out.push_back({t.name.substr(root.size()), t.tensor});
    else
      ++others[t.name.substr(0, t.name.find('.'))];
  for (const auto& [name, count] : others)
    if (notes.size() < 8)
      notes.push_back(fmt::format("left out: {} tensors below '{}'", count, shown(name)));
  return out;
}

Weights weights_of(std::vector<NamedTensor> tensors, double neighbours, const std::string& path) {
  std::vector<std::string> notes;
  const auto network = network_of(std::move(tensors), path, notes);
  Weights w = assemble_weights(network, checked_neighbours(neighbours, path), path);
  w.notes.insert(w.notes.begin(), notes.begin(), notes.end());
  return w;
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
      throw InputError(path, fmt::format("num_edges is '{}', no number", shown(text)));
  }
  return weights_of(std::move(tensors), k, path);
}

}  // namespace

Weights load_weights(const std::string& path) {
  const std::string bytes = read_file(path);
  // A safetensors file has its JSON header behind eight bytes of length.
  if (!is_zip(bytes) && bytes.size() > 8 && bytes[8] == '{') return from_safetensors(bytes, path);
  const Checkpoint c = parse_checkpoint(bytes, path);
  std::vector<NamedTensor> tensors;
  for (const auto& [name, tensor] : c.tensors) tensors.push_back({name, &tensor});
  const auto edges = c.numbers.find("num_edges");
  return weights_of(std::move(tensors),
                    edges == c.numbers.end() ? ModelSpec().neighbours : edges->second, path);
}

}  // namespace ane::workloads::mpnn
