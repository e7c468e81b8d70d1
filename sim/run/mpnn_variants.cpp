#include "sim/run/mpnn_variants.h"

#include <fmt/format.h>

#include <vector>

#include "isa/error.h"

namespace ane::sim {
namespace {

constexpr MpnnVariant variants[] = {
    {.name = "exact", .summary = "the published network at the protein's own length"},
    {.name = "bucketed", .summary = "padded to 64, 128, 256 or 512 places", .bucketed = true},
    {.name = "batched", .summary = "8 proteins a call", .batch = 8},
    {.name = "minimal",
     .summary = "hidden 64, 2 + 2 layers",
     .spec = {.hidden = 64, .encoder_layers = 2, .decoder_layers = 2}},
    {.name = "fast", .summary = "16 neighbours", .spec = {.neighbours = 16}},
    {.name = "minimal_fast",
     .summary = "hidden 64, 2 + 2 layers, 16 neighbours",
     .spec = {.hidden = 64, .encoder_layers = 2, .decoder_layers = 2, .neighbours = 16}},
    {.name = "int8", .summary = "weights in 8 bits a channel", .precision = "int8w"},
    {.name = "mlx",
     .summary = "GPU, float32, MLX",
     .unit = "gpu",
     .runtime = "mlx",
     .precision = "fp32"},
    {.name = "mlx_fp16",
     .summary = "GPU, FP16, MLX",
     .unit = "gpu",
     .runtime = "mlx",
     .precision = "fp16"},
    {.name = "mps",
     .summary = "GPU, float32, PyTorch",
     .unit = "gpu",
     .runtime = "torch_mps",
     .precision = "fp32"},
    {.name = "onnx", .summary = "ANE by ONNX Runtime's Core ML provider", .runtime = "onnx_coreml"},
    {.name = "cpu_knn",
     .summary = "neighbours and features on the CPU: as exact on the ANE; cpu_knn+mps beside mps, "
                "which has them on the GPU",
     .host_features = true},
    {.name = "kernel_fusion",
     .summary = "as exact: intermediates stay in L2 where they fit; unfused is its opposite"},
    {.name = "unfused",
     .summary = "every intermediate goes through memory: what kernel_fusion is compared with",
     .fused = false},
    {.name = "adaptive",
     .summary = "FP16, or float32 on the GPU, by the structure's complexity",
     .adaptive = true},
    {.name = "flash",
     .summary = "another network: attention over all residues, tiled by 256, online softmax",
     .attention = true},
    {.name = "flash_standard", .summary = "the same with whole N x N matrices", .attention = false},
};

const MpnnVariant& named(const std::string& name) {
  std::vector<std::string> names;
  for (const MpnnVariant& v : variants) {
    if (v.name == name) return v;
    names.emplace_back(v.name);
  }
  throw InputError("--variant", fmt::format("unknown variant '{}'", name),
                   choice_note(name, names));
}

// Takes what `added` changes of the plain value.
template <class T>
void join(T& ours, const T& added, const T& plain, const char* what, const std::string& names) {
  if (added == plain) return;
  if (!(ours == plain) && !(ours == added))
    throw InputError("--variant", fmt::format("'{}' sets the {} in two ways", names, what));
  ours = added;
}

}  // namespace

std::span<const MpnnVariant> mpnn_variants() {
  return variants;
}

MpnnVariant mpnn_variant(const std::string& names) {
  MpnnVariant all{.name = "", .summary = ""};
  const MpnnVariant plain = all;
  for (std::size_t at = 0; at <= names.size();) {
    const std::size_t end = std::min(names.find('+', at), names.size());
    const MpnnVariant& v = named(names.substr(at, end - at));
    at = end + 1;
    join(all.spec.hidden, v.spec.hidden, plain.spec.hidden, "width", names);
    join(all.spec.encoder_layers, v.spec.encoder_layers, plain.spec.encoder_layers, "depth", names);
    join(all.spec.decoder_layers, v.spec.decoder_layers, plain.spec.decoder_layers, "depth", names);
    join(all.spec.neighbours, v.spec.neighbours, plain.spec.neighbours, "neighbours", names);
    join(all.batch, v.batch, plain.batch, "batch", names);
    join(all.unit, v.unit, plain.unit, "unit", names);
    join(all.runtime, v.runtime, plain.runtime, "runtime", names);
    join(all.precision, v.precision, plain.precision, "precision", names);
    join(all.attention, v.attention, plain.attention, "attention", names);
    all.bucketed = all.bucketed || v.bucketed;
    all.adaptive = all.adaptive || v.adaptive;
    all.host_features = all.host_features || v.host_features;
    all.fused = all.fused && v.fused;
  }
  if (all.adaptive && !all.precision.empty())
    throw InputError("--variant", fmt::format("'{}' sets the precision in two ways", names));
  if (all.attention && (all.bucketed || all.batch > 1 || all.adaptive || !all.fused))
    throw InputError(
        "--variant",
        fmt::format("'{}': attention over all residues takes one protein as it is", names),
        "flash with minimal, mlx, mlx_fp16, mps or onnx");
  return all;
}

}  // namespace ane::sim
