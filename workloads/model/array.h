// Tensors of a model: any rank, the element types of ONNX. Values are computed in float32
// (binary16, bfloat16 and double are rounded to and from it) or in 64-bit integers, which wrap at
// the width of their type.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/tensor.h"

namespace ane::workloads::model {

using kernels::Shape;

enum class Dtype : std::uint8_t {
  f32,
  f16,
  bf16,
  f64,
  i8,
  i16,
  i32,
  i64,
  u8,
  u16,
  u32,
  u64,
  boolean
};

struct DtypeInfo {
  Dtype type;
  std::string_view name;  // as messages and NumPy-like texts spell it
  int bytes;
  bool real, is_signed;
  int code;  // TensorProto.DataType
};
const DtypeInfo& info(Dtype type);
// Nothing for a code of strings, complex numbers, and reals and whole numbers of 8 bits and fewer.
std::optional<Dtype> dtype_of_code(std::int64_t code);
inline bool is_real(Dtype type) {
  return info(type).real;
}

// Numbers of a file's tensors: an index outside is the file's fault, an InputError.
[[noreturn]] void outside();
template <class T>
class Checked : public std::vector<T> {
 public:
  using std::vector<T>::vector;
  Checked() = default;
  Checked(std::vector<T> v) : std::vector<T>(std::move(v)) {}
  T& operator[](std::size_t k) {
    if (k >= this->size()) outside();
    return std::vector<T>::operator[](k);
  }
  const T& operator[](std::size_t k) const {
    if (k >= this->size()) outside();
    return std::vector<T>::operator[](k);
  }
};
using Reals = Checked<float>;
using Wholes = Checked<std::int64_t>;

struct Type {
  Dtype dtype = Dtype::f32;
  Shape shape;
  friend bool operator==(const Type&, const Type&) = default;
};
std::string to_string(const Type& type);  // "float32 [1, 3, 224, 224]"

// Elements of a shape; InputError at `place` where an extent is below 0 or there are more than
// `most_elements`, so that whatever is counted of it stays within 64 bits.
inline constexpr std::int64_t most_elements = std::int64_t{1} << 40;
std::int64_t checked_elements(const Shape& shape, const std::string& place);

// Values, row-major: `f` of real types, `i` of the others; the other vector is empty.
struct Array {
  Type type;
  Reals f;
  Wholes i;

  Array() = default;
  Array(Dtype dtype, Shape shape);  // zeros
  std::int64_t size() const { return kernels::elements(type.shape); }
  bool real() const { return is_real(type.dtype); }
  double number(std::int64_t at) const {
    const auto k = static_cast<std::size_t>(at);
    return real() ? static_cast<double>(f[k]) : static_cast<double>(i[k]);
  }
  void set(std::int64_t at, double value);
};
using Data = std::shared_ptr<const Array>;

// Every value as its type can hold it: real ones rounded, whole ones wrapped, true as 1.
void settle(Array& array);

// Numbers of a file as it holds them: little-endian, one element after the other, not unpacked
// until they are asked for.
struct Packed {
  Type type;
  std::string bytes;
};
Array unpack(const Packed& packed);
std::string pack(const Array& array);  // the bytes of an .npy file's data

Data of_numbers(Dtype dtype, Shape shape, std::span<const std::int64_t> values);
Data of_numbers(Shape shape, std::span<const float> values);

// ---- positions

// Row-major strides in elements.
std::vector<std::int64_t> strides_of(const Shape& shape);
// The shape that NumPy's rule of broadcasting gives; InputError at `place` where there is none.
Shape broadcast(const Shape& a, const Shape& b, const std::string& place);
// Strides of `shape` seen as `as`: 0 along what is repeated.
std::vector<std::int64_t> strides_as(const Shape& shape, const Shape& as);
// -rank to rank - 1 as 0 to rank - 1; InputError at `place` for others.
std::size_t axis_of(std::int64_t axis, std::size_t rank, const std::string& place);

// Calls visit(position in order, offset a, offset b) over all of `shape`.
template <class Visit>
void walk(const Shape& shape, const std::vector<std::int64_t>& a,
          const std::vector<std::int64_t>& b, Visit visit) {
  const std::size_t rank = shape.size();
  const std::int64_t count = kernels::elements(shape);
  if (count == 0) return;
  if (rank == 0) return visit(std::int64_t{0}, std::int64_t{0}, std::int64_t{0});
  Shape at(rank, 0);
  const std::int64_t last = shape[rank - 1], step_a = a[rank - 1], step_b = b[rank - 1];
  std::int64_t from_a = 0, from_b = 0;
  for (std::int64_t base = 0; base < count; base += last) {
    for (std::int64_t k = 0; k < last; ++k)
      visit(base + k, from_a + k * step_a, from_b + k * step_b);
    for (std::size_t d = rank - 1; d-- > 0;) {
      from_a += a[d], from_b += b[d];
      if (++at[d] < shape[d]) break;
      from_a -= a[d] * shape[d], from_b -= b[d] * shape[d];
      at[d] = 0;
    }
  }
}
template <class Visit>
void walk(const Shape& shape, const std::vector<std::int64_t>& a, Visit visit) {
  walk(shape, a, a, [&](std::int64_t at, std::int64_t from, std::int64_t) { visit(at, from); });
}

// A tensor as [before, extent, after] around one axis.
struct Around {
  std::int64_t before = 1, extent = 1, after = 1;
};
Around around(const Shape& shape, std::size_t axis);

}  // namespace ane::workloads::model
