// The numbers that a framework on a CPU or GPU computes in, for the formats of a request [H1].
#pragma once
#include "isa/task.h"
#include "kernels/arith/storage.h"
#include "workloads/request/formats.h"

namespace ane::sim {

struct FrameworkFormats {
  kernels::arith::Storage storage = kernels::arith::Storage::fp32;  // between operators
  isa::KernelFormat weights = isa::KernelFormat::fp16;  // compressed ones are decoded to binary16
  bool int8 = false;                                    // products of codes [H4]
  // What errors are measured against: it has none of its own.
  bool is_reference() const {
    return storage == kernels::arith::Storage::fp32 && !int8 && weights == isa::KernelFormat::fp16;
  }
};
// InputError for weights whose values only another program knows (llama.cpp's blocks), and for INT8
// products of palettes, which no framework has.
FrameworkFormats framework_formats(const workloads::Formats& formats);
// The formats of a graph whose operators are computed so: floats are stored as the framework says.
workloads::Formats graph_formats(const workloads::Formats& formats);

// What a record of such values says of them.
std::string framework_note(const workloads::Formats& formats);

}  // namespace ane::sim
