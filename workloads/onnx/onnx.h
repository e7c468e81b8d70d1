// ONNX files [https://onnx.ai]: what they say, read whole. Which operators are known and what
// shapes they give is the model's to say (workloads/model/).
#pragma once
#include <string>

#include "workloads/model/graph.h"

namespace ane::workloads::onnx {

// Versions of the format that are read, and of its operators.
inline constexpr int least_ir = 3, most_ir = 12, most_opset = 24;

// InputError for what is no such file (what it is instead) or one of another version, for tensors
// whose bytes do not fit their shapes, for element types and constants that are not read (strings,
// four bits, sparse), and for external data outside the file's folder.
model::Source read_onnx(const std::string& path);
// place: for messages; folder: where external data may lie, empty: nowhere.
model::Source parse_onnx(const std::string& bytes, const std::string& place,
                         const std::string& folder = "");

// One tensor in a file of its own (.pb), as test data come.
model::Data parse_tensor(const std::string& bytes, const std::string& place);

}  // namespace ane::workloads::onnx
