// The backend tests of the ONNX project, as Debian's libonnx-testdata has them: each is a model,
// its inputs and the outputs of the project's own reference.
#pragma once
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "isa/file.h"
#include "workloads/model/bind.h"
#include "workloads/onnx/onnx.h"

namespace ane::workloads::cases {

namespace fs = std::filesystem;
using model::Data;

inline constexpr const char* package = "/usr/share/libonnx-testdata/data";

// The test data of bfloat16 are its bits, as uint16.
inline Data as_declared(Data d, model::Dtype wanted) {
  if (d == nullptr || wanted != model::Dtype::bf16 || d->type.dtype != model::Dtype::u16) return d;
  model::Packed bits{d->type, model::pack(*d)};
  bits.type.dtype = model::Dtype::bf16;
  return std::make_shared<model::Array>(model::unpack(bits));
}

inline std::vector<fs::path> folders_of(const std::string& group) {
  std::vector<fs::path> folders;
  for (const auto& entry : fs::directory_iterator(fs::path(package) / group))
    if (entry.is_directory()) folders.push_back(entry.path());
  std::ranges::sort(folders);
  return folders;
}

// Null where there is no such file.
inline Data tensor(const fs::path& set, const char* what, std::size_t k) {
  const fs::path file = set / fmt::format("{}_{}.pb", what, k);
  if (!fs::exists(file)) return nullptr;
  return onnx::parse_tensor(read_file(file.string()), file.string());
}

inline model::Binding inputs_of(const model::Source& source, const fs::path& set) {
  model::Binding binding;
  std::size_t k = 0;
  for (const model::Declared& d : source.graph->inputs) {
    if (source.graph->constants.count(d.name) != 0) continue;
    if (Data data = as_declared(tensor(set, "input", k++), d.dtype)) binding.inputs[d.name] = data;
  }
  return binding;
}

}  // namespace ane::workloads::cases
