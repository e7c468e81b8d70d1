// ONNX files [https://onnx.ai, IR 3 to 10]: what they say, read whole. Which operators are known
// and what shapes they give is the model's to say (workloads/model/).
#pragma once
#include <string>

#include "workloads/model/graph.h"

namespace ane::workloads::onnx {

// InputError for what is no such file (what it is instead), for tensors whose bytes do not fit
// their shapes, for element types and constants that are not read (strings, four bits, sparse), and
// for external data outside the file's folder.
model::Source read_onnx(const std::string& path);
// place: for messages; folder: where external data may lie, empty: nowhere.
model::Source parse_onnx(const std::string& bytes, const std::string& place,
                         const std::string& folder = "");

// One tensor in a file of its own (.pb), as test data come.
model::Data parse_tensor(const std::string& bytes, const std::string& place);

}  // namespace ane::workloads::onnx
