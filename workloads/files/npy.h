// NumPy arrays: .npy (format versions 1 to 3) and .npz (a zip of them, stored or deflated).
// Format: numpy.lib.format, https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
// Read are f2 f4 f8 i1 u1 i2 u2 i4 u4 i8 u8 and bool, little-endian, in C order; anything else is
// refused by name.
#pragma once
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/tensor.h"
#include "workloads/files/archive.h"

namespace ane::workloads {

// An array as the file holds it: the element type by its NumPy name, and the bytes.
struct NpyArray {
  std::string type;  // "f4", "i8", "b1" ...; byte order is always little
  kernels::Shape shape;
  std::string bytes;
  std::string place;  // for errors

  std::int64_t size() const { return kernels::elements(shape); }
  // Every element converted; InputError naming the first that T cannot hold exactly. Exceptions:
  // float and double accept any number, rounded half to even.
  std::vector<float> floats() const;
  std::vector<double> doubles() const;
  std::vector<std::int32_t> integers() const;
  // f2 -> fp16, f4 and f8 -> fp32, i1 -> i8, u1 and bool -> u8, other integers -> i32 (checked).
  kernels::Tensor tensor() const;
};

// The value of an IEEE 754 binary16, infinities and NaN included: what files mean by f2.
float half_value(std::uint16_t bits);

// place: what errors call the data, usually the path.
NpyArray parse_npy(std::string bytes, const std::string& place);
NpyArray read_npy(const std::string& path);

// A .npz file; arrays are parsed when asked for, so that one of an unreadable type (strings) does
// no harm to the others.
class Npz {
 public:
  explicit Npz(const std::string& path);
  std::vector<std::string> names() const;              // without ".npy", in the order stored
  NpyArray operator[](const std::string& name) const;  // InputError when there is none

 private:
  Archive archive_;
  std::string place_;
};

// The bytes of an .npy file (version 1.0, C order): fp16, fp32, i8, u8 or i32.
std::string npy_bytes(const kernels::Tensor& tensor);
// Of any element type, by its NumPy name ("<i8", "|b1"), from little-endian bytes.
std::string npy_bytes(std::string_view descr, const kernels::Shape& shape, std::string_view bytes);

}  // namespace ane::workloads
