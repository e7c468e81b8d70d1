#include "workloads/request/formats.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "isa/error.h"
#include "isa/insns/kld.h"

namespace ane::workloads {
namespace {

using isa::KernelFormat;
using F = KernelFormat;

// The number behind a prefix: 4 of "lut4", 68 of "sparse68".
std::optional<double> number_behind(std::string_view prefix, std::string_view text) {
  double v = 0;
  if (!text.starts_with(prefix)) return std::nullopt;
  const auto [end, fault] =
      std::from_chars(text.data() + prefix.size(), text.data() + text.size(), v);
  if (fault != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return v;
}

// What the accelerator streams: a row a weight format. Multipliers of floats take what `floats`
// decodes to, those of INT8 the codes of `codes`. A palette of 3, 5 or 7 bits lies in the next that
// there is; one of 8 bits of codes is no shorter than the codes.
struct Row {
  std::string_view weights;
  KernelFormat floats;
  std::optional<KernelFormat> codes{};
  bool folds = false;               // to FP16 on chips that do not stream INT8 weights
  std::string_view scales[2] = {};  // that it may have, the usual one first
};
constexpr Row rows[] = {
    {"fp16", F::fp16},
    {"int8", F::int8c, F::i8, true, {"channel", "tensor"}},
    {"int4", F::int4b, {}, true, {"group32"}},
    {"lut1", F::pal1, F::i8p1, false, {"tensor", "channel"}},
    {"lut2", F::pal2, F::i8p2, false, {"tensor", "channel"}},
    {"lut3", F::pal4, F::i8p4, false, {"tensor", "channel"}},
    {"lut4", F::pal4, F::i8p4, false, {"tensor", "channel"}},
    {"lut5", F::pal6, F::i8p6, false, {"tensor", "channel"}},
    {"lut6", F::pal6, F::i8p6, false, {"tensor", "channel"}},
    {"lut7", F::pal8, F::i8, false, {"tensor", "channel"}},
    {"lut8", F::pal8, F::i8, false, {"tensor", "channel"}},
    {"sparse", F::sparse},
};

const Row& row_of(std::string_view weights) {
  bytes_of(weights);
  for (const Row& r : rows)
    if (r.weights == weights || (r.floats == F::sparse && weights.starts_with("sparse"))) return r;
  throw InputError("request",
                   fmt::format("weights={}: no stream format of the accelerator", weights),
                   weights == "q8_0"     ? "int8: llama.cpp's blocks are its own"
                   : weights == "q4_0"   ? "int4: llama.cpp's blocks are its own"
                   : weights == "q4_k_m" ? "lut6: llama.cpp's blocks are its own"
                                         : "fp16, int8, int4, lut1 to lut8, sparse<percent>");
}

void check_scales(const Formats& f, const Row& row) {
  if (f.scales.empty() || f.scales == row.scales[0] ||
      (!row.scales[1].empty() && f.scales == row.scales[1]))
    return;
  const auto group = number_behind("group", f.scales);
  if (row.weights.starts_with("lut") && group && *group >= 1 && *group <= 65536) return;
  throw InputError("scales", fmt::format("{} weights have no scales by {}", f.weights, f.scales),
                   row.scales[0].empty()
                       ? std::string("leave it out: only int8, int4 and palettes have scales")
                   : row.weights.starts_with("lut")
                       ? std::string("tensor, channel or group8: channels that share a palette")
                   : row.scales[1].empty() ? std::string(row.scales[0])
                                           : fmt::format("{} or {}", row.scales[0], row.scales[1]));
}

}  // namespace

std::string label(const Formats& f) {
  const std::string most = f.weights == f.activations
                               ? f.weights
                               : fmt::format("{} weights, {}", f.weights, f.activations);
  return f.fp16_layers.empty() ? most : fmt::format("{}, fp16 in {}", most, f.fp16_layers);
}

Formats formats_named(const std::string& precision, const std::string& place) {
  if (precision == "int8w") return {.weights = "int8"};
  if (precision == "w8a8" || precision == "int8") return {.weights = "int8", .activations = "int8"};
  if (precision == "w4a8") return {.weights = "lut4", .activations = "int8"};
  if (precision == "fp32" || precision == "fp16" || precision == "bf16")
    return {.weights = precision, .activations = precision};
  if (precision == "int4b") return {.weights = "int4"};
  // Stored without its zeros, of which there are as many as the weights have.
  if (precision == "sparse") return {.weights = "sparse0"};
  if (precision.starts_with("pal")) return formats_named("lut" + precision.substr(3), place);
  try {
    bytes_of(precision);
  } catch (const InputError&) {
    std::vector<std::string> names{"fp32", "fp16", "bf16", "int8", "int8w", "w8a8", "w4a8", "lut4"};
    for (std::size_t f = 1; !isa::is_integer(static_cast<F>(f)); ++f)
      if (const std::string name(isa::insns::kernel_choices[f]);
          std::ranges::find(names, name) == names.end())
        names.push_back(name);
    throw InputError(place, fmt::format("unknown precision '{}'", precision),
                     choice_note(precision, names));
  }
  return {.weights = precision};
}

double bytes_of(std::string_view f) {
  if (f == "fp64") return 8;
  if (f == "fp32") return 4;
  if (f == "fp16" || f == "bf16") return 2;
  if (f == "int8") return 1;
  if (f == "int4") return 0.5;
  if (f == "q8_0") return 34.0 / 32;   // 32 int8 and one fp16 scale
  if (f == "q4_0") return 18.0 / 32;   // 32 int4 and one fp16 scale
  if (f == "q4_k_m") return 4.85 / 8;  // mean of its mixture over a LLaMA file
  if (const auto bits = number_behind("lut", f); bits && *bits >= 1 && *bits <= 8) return *bits / 8;
  // One bit of mask a value and the fp16 values that are not zero.
  if (const auto zeros = number_behind("sparse", f); zeros && *zeros >= 0 && *zeros <= 100)
    return 1.0 / 8 + 2 * (1 - *zeros / 100);
  std::vector<std::string> names{"fp32", "fp16", "bf16", "int8", "int4", "sparse50"};
  for (int bits = 1; bits <= 8; ++bits) names.push_back(fmt::format("lut{}", bits));
  for (const char* name : {"q8_0", "q4_0", "q4_k_m"}) names.emplace_back(name);
  throw InputError("", fmt::format("unknown number format '{}'", f), choice_note(f, names));
}

isa::KernelFormat stream_format(std::string_view weights) {
  if (weights == "fp32" || weights == "bf16") return F::fp16;
  if (weights == "q8_0") return F::int8c;
  if (weights == "q4_0") return F::int4b;
  if (weights == "q4_k_m") return F::pal6;
  return row_of(weights).floats;
}

void check_pair(const Formats& f) {
  if (f.activations == "int8" && (bytes_of(f.weights) > 1 || f.weights.starts_with("sparse")))
    throw InputError(
        "weights",
        fmt::format("{} weights beside INT8 activations: the products would be of INT8 "
                    "and of floats",
                    f.weights),
        "int8 weights, or fp16 activations");
}

Accelerated accelerated(const Formats& f, const isa::Machine& machine) {
  bytes_of(f.activations);
  if (f.activations != "fp16" && f.activations != "int8")
    throw InputError("activations", fmt::format("the ANE does not compute in {}", f.activations),
                     "fp16, int8");
  check_pair(f);
  const Row& row = row_of(f.weights);
  const bool int8 = f.activations == "int8";
  if (int8 && !row.codes)
    throw InputError("weights",
                     fmt::format("{} weights have no codes for INT8 activations", f.weights),
                     "int8 or lut4 weights, or fp16 activations");
  check_scales(f, row);
  Accelerated a;
  if (int8 && machine.int8_macs) {
    a.stream = *row.codes;
    a.int8_macs = true;
    return a;
  }
  a.stream = row.floats == F::int8c && f.scales == "tensor" ? F::int8 : row.floats;
  if (int8)
    a.notes.push_back(
        fmt::format("{} has no INT8 multipliers: activations are FP16", machine.chip));
  // Of a network with INT8 activations M1 streams the codes [S64].
  if (row.folds && !int8 && !machine.streams_int8_weights) {
    a.stream = F::fp16;
    a.notes.push_back(fmt::format("{} streams no {} weights: they lie in memory as FP16",
                                  machine.chip, f.weights));
  }
  return a;
}

std::optional<double> palette_channels(const Formats& f) {
  if (!f.weights.starts_with("lut")) return std::nullopt;
  if (f.scales == "channel") return 1;
  return number_behind("group", f.scales);
}

std::vector<std::string> streamed_weights() {
  std::vector<std::string> names;
  for (const Row& r : rows) names.emplace_back(r.weights);
  return names;
}

Numbers numbers_of(const Formats& f, const isa::Machine& machine) {
  const Accelerated a = accelerated(f, machine);
  Numbers n{.weights = a.int8_macs ? F::int8c : a.stream,
            .zeros = f.zeros / 100,
            .int8_activations = a.int8_macs,
            .texture_unit = machine.texture_unit};
  if (a.int8_macs) n.codes = a.stream;
  if (n.weights == F::sparse) n.zeros = number_behind("sparse", f.weights).value_or(0) / 100;
  return n;
}

}  // namespace ane::workloads
