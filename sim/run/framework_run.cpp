#include "sim/run/framework_run.h"

#include <fmt/format.h>

#include "isa/error.h"

namespace ane::sim {

FrameworkFormats framework_formats(const workloads::Formats& f) {
  using kernels::arith::Storage;
  if (f.weights.starts_with("q"))
    throw InputError("weights",
                     fmt::format("{} are llama.cpp's blocks, of which there are no "
                                 "values here",
                                 f.weights),
                     "int8, int4 or lut4");
  if (f.activations == "int8" && f.weights != "int8")
    throw InputError("weights", fmt::format("{} beside INT8 activations is the ANE's", f.weights),
                     "int8, or fp16 activations");
  FrameworkFormats numbers{.weights = workloads::stream_format(f.weights)};
  if (f.activations == "int8")
    numbers.int8 = true;
  else
    numbers.storage = f.activations == "fp32"   ? Storage::fp32
                      : f.activations == "bf16" ? Storage::bf16
                                                : Storage::fp16;
  return numbers;
}

workloads::Formats graph_formats(const workloads::Formats& formats) {
  workloads::Formats f = formats;
  if (f.activations != "int8") f.activations = "fp16";
  if (f.weights == "fp32" || f.weights == "bf16") f.weights = "fp16";
  return f;
}

std::string framework_note(const workloads::Formats& f) {
  const FrameworkFormats numbers = framework_formats(f);
  if (numbers.is_reference())
    return "float32 is what errors are measured against: none of its own is told";
  if (numbers.int8) return "INT8 products of calibrated codes, all between them in float32 [H4]";
  return fmt::format("computed in {}: float32 inside an operator, its result rounded once [H1]",
                     f.activations);
}

}  // namespace ane::sim
