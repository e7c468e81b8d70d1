// Safetensors, the file of named tensors of Hugging Face, read and written strictly.
// Format: https://github.com/huggingface/safetensors#format: 8 bytes little-endian header length, a
// JSON header, then the tensors' bytes without gaps.
#pragma once
#include <map>
#include <string>

#include "kernels/tensor.h"

namespace ane::workloads {

struct Safetensors {
  std::map<std::string, std::string> metadata;
  std::map<std::string, kernels::Tensor> tensors;
};

// Element types are those of elements.h. Throws InputError, saying what is wrong, for a file that
// cannot be read, is cut off or too long, for a header that is no JSON object, is nested more than
// 8 deep, holds a key twice, an unknown one, one of more than 1,024 bytes or more than 100,000
// tensors, for another element type, for more than 64 extents, and for offsets that leave a gap,
// overlap or do not fit the shape. What is no safetensors file is called what it is.
Safetensors read_safetensors(const std::string& path);
// place: what errors call the data.
Safetensors parse_safetensors(const std::string& bytes, const std::string& place);

// The bytes of a file: tensors in the order of their names, data aligned to 8 bytes; equal contents
// give equal bytes. What is no UTF-8 in names and metadata is replaced by U+FFFD.
std::string safetensors_bytes(const Safetensors& contents);
// As write_file of isa/file.h writes.
void write_safetensors(const Safetensors& contents, const std::string& path);

}  // namespace ane::workloads
