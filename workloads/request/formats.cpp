#include "workloads/request/formats.h"

#include <fmt/format.h>

#include <charconv>
#include <vector>

#include "isa/error.h"
#include "isa/insns/kld.h"

namespace ane::workloads {
namespace {

using F = isa::KernelFormat;

// The number behind a prefix: 4 of "lut4", 68 of "sparse68".
std::optional<double> number_behind(std::string_view prefix, std::string_view text) {
  double v = 0;
  if (!text.starts_with(prefix)) return std::nullopt;
  const auto [end, fault] =
      std::from_chars(text.data() + prefix.size(), text.data() + text.size(), v);
  if (fault != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return v;
}

constexpr std::string_view format_names =
    "fp32, fp16, int8, int4, lut1 to lut8, sparse<percent>, q8_0, q4_0, q4_k_m";

}  // namespace

std::string label(const Formats& f) {
  return f.weights == f.activations ? f.weights
                                    : fmt::format("{} weights, {}", f.weights, f.activations);
}

Formats formats_named(const std::string& precision, const std::string& place) {
  if (precision == "int8w") return {.weights = "int8"};
  if (precision == "w8a8" || precision == "int8") return {.weights = "int8", .activations = "int8"};
  if (precision == "fp32" || precision == "fp16" || precision == "bf16")
    return {.weights = precision, .activations = precision};
  if (precision == "int4b") return {.weights = "int4"};
  // Stored without its zeros, of which there are as many as the weights have.
  if (precision == "sparse") return {.weights = "sparse0"};
  if (precision.starts_with("pal")) return formats_named("lut" + precision.substr(3), place);
  try {
    bytes_of(precision);
  } catch (const InputError&) {
    std::vector<std::string> names{"fp32", "fp16", "int8w", "w8a8", "int8"};
    for (std::size_t f = 1; f + 1 < isa::insns::kernel_choices.size(); ++f)
      names.emplace_back(isa::insns::kernel_choices[f]);
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
  throw InputError("", fmt::format("unknown number format '{}'", f), std::string(format_names));
}

isa::KernelFormat stream_format(std::string_view weights) {
  if (weights == "fp32" || weights == "fp16" || weights == "bf16") return F::fp16;
  if (weights == "int8" || weights == "q8_0") return F::int8c;
  if (weights == "int4" || weights == "q4_0") return F::int4b;
  if (weights == "q4_k_m" || weights == "lut5" || weights == "lut6") return F::pal6;
  if (weights == "lut1") return F::pal1;
  if (weights == "lut2") return F::pal2;
  if (weights == "lut3" || weights == "lut4") return F::pal4;
  if (weights == "lut7" || weights == "lut8") return F::pal8;
  if (weights.starts_with("sparse")) return F::sparse;
  throw InputError("request",
                   fmt::format("weights={}: no stream format of the accelerator", weights),
                   "fp16, int8, int4, lut1 to lut8, sparse<percent>");
}

Numbers numbers_of(const Formats& f, const isa::Machine& machine) {
  bytes_of(f.activations);
  Numbers n{.weights = stream_format(f.weights),
            .zeros = f.zeros / 100,
            .int8_activations = f.activations == "int8" && machine.int8_macs,
            .texture_unit = machine.texture_unit};
  if ((n.weights == F::int8c || n.weights == F::int4b) && !machine.streams_int8_weights)
    n.weights = F::fp16;
  if (n.weights == F::sparse) n.zeros = number_behind("sparse", f.weights).value_or(0) / 100;
  return n;
}

}  // namespace ane::workloads
