#include "workloads/readqc/model.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "isa/error.h"

namespace ane::workloads::readqc {
namespace {

constexpr std::array kinds{
    ModelKindInfo{ModelKind::mlp, "mlp", "dense 300-128-64-1: passes the rule?"},
    ModelKindInfo{ModelKind::cnn, "cnn", "1-D CNN on one-hot bases and quality: passes the rule?"},
    ModelKindInfo{ModelKind::kmer, "kmer", "k-mer embedding, mean pool, dense: GC and complexity"},
    ModelKindInfo{ModelKind::gc, "gc", "the CNN as a regression: GC fraction"},
    ModelKindInfo{ModelKind::multitask, "multitask", "the CNN with heads quality, GC, complexity"},
    ModelKindInfo{ModelKind::biometal, "biometal", "biometal's linear model 300-1: mean Q >= 20?"},
};

// Appends layers and their zero parameters; each takes what the last one gives.
class Builder {
 public:
  explicit Builder(Model& model) : model_(model) {}

  Builder& dense(std::int64_t in, std::int64_t out, bool relu) {
    return add(
        {.kind = LayerKind::dense, .name = next("dense"), .in = in, .out = out, .relu = relu},
        {out, in});
  }
  Builder& conv(std::int64_t in, std::int64_t out, std::int64_t kernel, std::int64_t stride,
                std::int64_t positions) {
    return add({.kind = LayerKind::conv1d,
                .name = next("conv"),
                .in = in,
                .out = out,
                .kernel = kernel,
                .stride = stride,
                .positions_in = positions,
                .positions_out = (positions - kernel) / stride + 1,
                .relu = true},
               {out, in, kernel});
  }
  Builder& embedding(std::int64_t vocabulary, std::int64_t dim, std::int64_t positions) {
    return add({.kind = LayerKind::embedding,
                .name = "embedding",
                .in = vocabulary,
                .out = dim,
                .positions_in = positions,
                .positions_out = positions},
               {vocabulary, dim});
  }
  Builder& mean_pool() {
    const Layer& before = model_.layers.back();
    model_.layers.push_back({.kind = LayerKind::mean_pool,
                             .name = "pool",
                             .in = before.out,
                             .out = before.out,
                             .positions_in = before.positions_out});
    return *this;
  }
  std::int64_t positions() const { return model_.layers.back().positions_out; }

 private:
  std::string next(const char* kind) {
    const auto same = [kind](const Layer& l) { return l.name.starts_with(kind); };
    return fmt::format("{}{}", kind, std::ranges::count_if(model_.layers, same) + 1);
  }
  Builder& add(const Layer& layer, kernels::Shape weight) {
    model_.parameters[layer.name + ".weight"] = {isa::Format::fp32, std::move(weight)};
    if (layer.kind != LayerKind::embedding)
      model_.parameters[layer.name + ".bias"] = {isa::Format::fp32, {layer.out}};
    model_.layers.push_back(layer);
    return *this;
  }
  Model& model_;
};

// Per-base questions first (kernel 3), then runs of bases; the mean over positions makes a count of
// what the convolutions find, which is what the rules, GC and complexity are.
void build_cnn(Model& model) {
  model.encoding = {.kind = EncodingKind::one_hot};
  const auto heads = static_cast<std::int64_t>(model.heads.size());
  Builder b(model);
  b.conv(one_hot_channels, 16, 3, 1, window);
  b.conv(16, 32, 5, 3, b.positions());
  b.conv(32, 32, 3, 2, b.positions());
  b.mean_pool().dense(32, 32, true).dense(32, heads, false);
}

void build_kmer(Model& model) {
  const ModelSpec& s = model.spec;
  if (s.k < 3 || s.k > 6)
    throw InputError("--k", fmt::format("k-mers of {} bases are not offered", s.k), "3 to 6");
  if (s.dim != 64 && s.dim != 128)
    throw InputError("--dim", fmt::format("an embedding of {} is not offered", s.dim),
                     "one of: 64, 128");
  model.encoding = {.kind = EncodingKind::kmers, .k = s.k, .overlapping = s.overlapping};
  Builder(model)
      .embedding(kmer_vocabulary(s.k), s.dim, kmer_tokens(s.k, s.overlapping))
      .mean_pool()
      .dense(s.dim, 64, true)
      .dense(64, 2, false);
}

// shandley/biometal, quality_model.onnx: MatMul of 300 x 1, 0 on bases and 1/150 on qualities, then
// Add of -0.215 and sigmoid. The bias is a hair above -20/93, so that a mean of exactly 20 passes.
// It divides by 150 whatever the read's length.
void build_biometal(Model& model) {
  model.spec.rule = Rule::meanq20;
  Builder(model).dense(ordinal_features, 1, false);
  const auto w = model.parameters["dense1.weight"].as<float>();
  std::fill(w.begin() + window, w.end(), static_cast<float>(1.0 / 150.0));
  model.parameters["dense1.bias"].as<float>()[0] = -0.215F;
}

}  // namespace

std::span<const ModelKindInfo> model_kinds() {
  return kinds;
}

const ModelKindInfo& info(ModelKind kind) {
  return kinds[static_cast<std::size_t>(kind)];
}

ModelKind model_kind_named(std::string_view name) {
  std::vector<std::string> names;
  for (const ModelKindInfo& k : kinds) {
    if (k.name == name) return k.kind;
    names.emplace_back(k.name);
  }
  throw InputError("--model", fmt::format("unknown model '{}'", name), choice_note(name, names));
}

std::string_view to_string(Head head) {
  constexpr std::array names{std::string_view("quality"), std::string_view("gc"),
                             std::string_view("complexity")};
  return names[static_cast<std::size_t>(head)];
}

Macs Layer::macs() const {
  switch (kind) {
    case LayerKind::dense:
      return {in * out};
    case LayerKind::conv1d:
      return {in * out * kernel * positions_out};
    case LayerKind::embedding:
    case LayerKind::mean_pool:
      return {0};
  }
  ANE_CHECK(false, "a layer of the list");
}

const kernels::Tensor& Model::parameter(const std::string& name) const {
  const auto at = parameters.find(name);
  ANE_CHECK(at != parameters.end(), "a parameter of the model");
  return at->second;
}

Macs Model::macs() const {
  Macs sum;
  for (const Layer& l : layers) sum += l.macs();
  return sum;
}

std::int64_t Model::parameter_count() const {
  std::int64_t n = 0;
  for (const auto& [name, tensor] : parameters) n += tensor.size();
  return n;
}

Model make_model(const ModelSpec& spec) {
  Model model;
  model.spec = spec;
  switch (spec.kind) {
    case ModelKind::mlp:
      model.heads = {Head::quality};
      Builder(model).dense(ordinal_features, 128, true).dense(128, 64, true).dense(64, 1, false);
      break;
    case ModelKind::cnn:
      model.heads = {Head::quality};
      build_cnn(model);
      break;
    case ModelKind::kmer:
      model.heads = {Head::gc, Head::complexity};
      build_kmer(model);
      break;
    case ModelKind::gc:
      model.heads = {Head::gc};
      build_cnn(model);
      break;
    case ModelKind::multitask:
      model.heads = {Head::quality, Head::gc, Head::complexity};
      build_cnn(model);
      break;
    case ModelKind::biometal:
      model.heads = {Head::quality};
      build_biometal(model);
      break;
  }
  return model;
}

std::vector<float> targets(const ReadBatch& reads, Head head, Rule rule) {
  std::vector<float> out(static_cast<std::size_t>(reads.size()));
  for (std::int64_t i = 0; i < reads.size(); ++i) {
    const ReadView read = reads[i];
    out[static_cast<std::size_t>(i)] = head == Head::quality ? (passes(read, rule) ? 1.0F : 0.0F)
                                       : head == Head::gc    ? gc_fraction(read)
                                                             : complexity(read);
  }
  return out;
}

std::vector<float> column(const kernels::Tensor& outputs, std::int64_t head) {
  ANE_CHECK(outputs.shape.size() == 2 && head < outputs.shape[1], "a head of the model");
  std::vector<float> out(static_cast<std::size_t>(outputs.shape[0]));
  const auto values = outputs.as<float>();
  for (std::size_t i = 0; i < out.size(); ++i)
    out[i] =
        values[i * static_cast<std::size_t>(outputs.shape[1]) + static_cast<std::size_t>(head)];
  return out;
}

}  // namespace ane::workloads::readqc
