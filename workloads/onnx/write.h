// Graphs as ONNX files that any runtime of opset 20 runs: tensors [n, c, h, w] of float32, fused
// operators as the nodes that they stand for, weights and constants as initialisers. Read again
// (onnx.h) and mapped they give the same bits.
#pragma once
#include <string>

#include "workloads/graph/graph.h"

namespace ane::workloads::onnx {

inline constexpr int written_ir = 9, written_opset = 20;

// The bytes of the file. InputError (place: the node) for what ONNX has no operator for, for
// weights in a stream format that is neither fp16 nor codes for INT8 products, for layers without
// values, and beyond 2 GiB, which is the most that one such message may have.
std::string write_onnx(const Graph& graph);

}  // namespace ane::workloads::onnx
