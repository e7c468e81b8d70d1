#include "workloads/model/array.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>

#include "isa/saturated.h"
#include "kernels/arith/round.h"

namespace ane::workloads::model {
namespace {

constexpr std::array infos{DtypeInfo{Dtype::f32, "float32", 4, true, true, 1},
                           DtypeInfo{Dtype::f16, "float16", 2, true, true, 10},
                           DtypeInfo{Dtype::bf16, "bfloat16", 2, true, true, 16},
                           DtypeInfo{Dtype::f64, "float64", 8, true, true, 11},
                           DtypeInfo{Dtype::i8, "int8", 1, false, true, 3},
                           DtypeInfo{Dtype::i16, "int16", 2, false, true, 5},
                           DtypeInfo{Dtype::i32, "int32", 4, false, true, 6},
                           DtypeInfo{Dtype::i64, "int64", 8, false, true, 7},
                           DtypeInfo{Dtype::u8, "uint8", 1, false, false, 2},
                           DtypeInfo{Dtype::u16, "uint16", 2, false, false, 4},
                           DtypeInfo{Dtype::u32, "uint32", 4, false, false, 12},
                           DtypeInfo{Dtype::u64, "uint64", 8, false, false, 13},
                           DtypeInfo{Dtype::boolean, "bool", 1, false, false, 9}};

float bfloat(float x) {
  if (std::isnan(x)) return x;
  auto bits = std::bit_cast<std::uint32_t>(x);
  bits += 0x7fff + ((bits >> 16) & 1);
  return std::bit_cast<float>(bits & 0xffff0000u);
}

float half(float x) {
  if (std::isnan(x)) return x;
  return kernels::arith::to_float(kernels::arith::to_half(static_cast<double>(x)));
}

template <class T>
T at(const std::string& bytes, std::size_t k) {
  T value;
  std::memcpy(&value, bytes.data() + k * sizeof(T), sizeof(T));
  return value;
}

template <class T, class To>
void take(const std::string& bytes, std::vector<To>& to) {
  for (std::size_t k = 0; k < to.size(); ++k) to[k] = static_cast<To>(at<T>(bytes, k));
}

template <class T, class From>
void put(const std::vector<From>& from, std::string& bytes) {
  for (std::size_t k = 0; k < from.size(); ++k) {
    const T value = static_cast<T>(from[k]);
    std::memcpy(bytes.data() + k * sizeof(T), &value, sizeof(T));
  }
}

}  // namespace

void outside() {
  throw InputError("", "an operand has fewer elements than its use needs");
}

const DtypeInfo& info(Dtype type) {
  return infos[static_cast<std::size_t>(type)];
}

std::optional<Dtype> dtype_of_code(std::int64_t code) {
  const auto* at = std::ranges::find(infos, code, &DtypeInfo::code);
  return at == infos.end() ? std::nullopt : std::optional(at->type);
}

std::string to_string(const Type& t) {
  return fmt::format("{} {}", info(t.dtype).name, kernels::to_string(t.shape));
}

std::int64_t checked_elements(const Shape& shape, const std::string& place) {
  Saturated all = 1;
  bool none = false;
  for (const std::int64_t extent : shape) {
    if (extent < 0)
      throw InputError(place,
                       fmt::format("an extent of {} in {}", extent, kernels::to_string(shape)));
    none = none || extent == 0;
    if (extent > 0) all = all * extent;
  }
  if (none) return 0;
  if (all.value() > most_elements)
    throw InputError(place,
                     fmt::format("{} has more than 2^40 elements", kernels::to_string(shape)));
  return all.value();
}

Array::Array(Dtype dtype, Shape shape) : type{dtype, std::move(shape)} {
  const auto count = static_cast<std::size_t>(size());
  if (is_real(dtype))
    f.resize(count);
  else
    i.resize(count);
}

void Array::set(std::int64_t index, double value) {
  const auto k = static_cast<std::size_t>(index);
  if (real()) {
    f[k] = static_cast<float>(value);
  } else if (std::isnan(value)) {
    i[k] = 0;
  } else {
    constexpr double end = 0x1p63;
    i[k] = value >= end    ? std::numeric_limits<std::int64_t>::max()
           : value <= -end ? std::numeric_limits<std::int64_t>::min()
                           : static_cast<std::int64_t>(value);
  }
}

void settle(Array& a) {
  const auto wrap = [&]<class T>(T) {
    for (std::int64_t& v : a.i) v = static_cast<std::int64_t>(static_cast<T>(v));
  };
  switch (a.type.dtype) {
    case Dtype::f16:
      for (float& v : a.f) v = half(v);
      break;
    case Dtype::bf16:
      for (float& v : a.f) v = bfloat(v);
      break;
    case Dtype::i8:
      return wrap(std::int8_t{});
    case Dtype::i16:
      return wrap(std::int16_t{});
    case Dtype::i32:
      return wrap(std::int32_t{});
    case Dtype::u8:
      return wrap(std::uint8_t{});
    case Dtype::u16:
      return wrap(std::uint16_t{});
    case Dtype::u32:
      return wrap(std::uint32_t{});
    case Dtype::boolean:
      for (std::int64_t& v : a.i) v = v != 0 ? 1 : 0;
      break;
    default:
      break;
  }
}

Array unpack(const Packed& p) {
  Array a(p.type.dtype, p.type.shape);
  switch (p.type.dtype) {
    case Dtype::f32:
      if (!a.f.empty()) std::memcpy(a.f.data(), p.bytes.data(), a.f.size() * sizeof(float));
      break;
    case Dtype::f64:
      take<double>(p.bytes, a.f);
      break;
    case Dtype::f16:
      for (std::size_t k = 0; k < a.f.size(); ++k)
        a.f[k] = kernels::arith::to_float({at<std::uint16_t>(p.bytes, k)});
      break;
    case Dtype::bf16:
      for (std::size_t k = 0; k < a.f.size(); ++k)
        a.f[k] = std::bit_cast<float>(std::uint32_t{at<std::uint16_t>(p.bytes, k)} << 16);
      break;
    case Dtype::i8:
      take<std::int8_t>(p.bytes, a.i);
      break;
    case Dtype::i16:
      take<std::int16_t>(p.bytes, a.i);
      break;
    case Dtype::i32:
      take<std::int32_t>(p.bytes, a.i);
      break;
    case Dtype::i64:
    case Dtype::u64:
      if (!a.i.empty()) std::memcpy(a.i.data(), p.bytes.data(), a.i.size() * sizeof(std::int64_t));
      break;
    case Dtype::u8:
    case Dtype::boolean:
      take<std::uint8_t>(p.bytes, a.i);
      break;
    case Dtype::u16:
      take<std::uint16_t>(p.bytes, a.i);
      break;
    case Dtype::u32:
      take<std::uint32_t>(p.bytes, a.i);
      break;
  }
  settle(a);
  return a;
}

std::string pack(const Array& a) {
  std::string bytes(static_cast<std::size_t>(a.size() * info(a.type.dtype).bytes), '\0');
  switch (info(a.type.dtype).bytes) {
    case 1:
      put<std::uint8_t>(a.i, bytes);
      break;
    case 2:
      if (a.type.dtype == Dtype::f16) {
        std::vector<std::uint16_t> bits;
        for (const float v : a.f)
          bits.push_back(kernels::arith::to_half(static_cast<double>(v)).bits);
        put<std::uint16_t>(bits, bytes);
      } else if (a.type.dtype == Dtype::bf16) {
        std::vector<std::uint16_t> bits;
        for (const float v : a.f)
          bits.push_back(static_cast<std::uint16_t>(std::bit_cast<std::uint32_t>(v) >> 16));
        put<std::uint16_t>(bits, bytes);
      } else {
        put<std::uint16_t>(a.i, bytes);
      }
      break;
    case 4:
      if (a.real())
        put<float>(a.f, bytes);
      else
        put<std::uint32_t>(a.i, bytes);
      break;
    default:
      if (a.real())
        put<double>(a.f, bytes);
      else
        put<std::int64_t>(a.i, bytes);
  }
  return bytes;
}

Data of_numbers(Dtype dtype, Shape shape, std::span<const std::int64_t> values) {
  auto a = std::make_shared<Array>(dtype, std::move(shape));
  for (std::size_t k = 0; k < values.size(); ++k)
    a->set(static_cast<std::int64_t>(k), static_cast<double>(values[k]));
  if (!a->real()) a->i.assign(values.begin(), values.end());
  return a;
}

Data of_numbers(Shape shape, std::span<const float> values) {
  auto a = std::make_shared<Array>(Dtype::f32, std::move(shape));
  a->f.assign(values.begin(), values.end());
  return a;
}

std::vector<std::int64_t> strides_of(const Shape& shape) {
  std::vector<std::int64_t> strides(shape.size(), 1);
  for (std::size_t d = shape.size(); d-- > 1;) strides[d - 1] = strides[d] * shape[d];
  return strides;
}

Shape broadcast(const Shape& a, const Shape& b, const std::string& place) {
  Shape out(std::max(a.size(), b.size()), 1);
  for (std::size_t k = 0; k < out.size(); ++k) {
    const std::int64_t x = k < a.size() ? a[a.size() - 1 - k] : 1;
    const std::int64_t y = k < b.size() ? b[b.size() - 1 - k] : 1;
    if (x != y && x != 1 && y != 1)
      throw InputError(place, fmt::format("{} and {} do not broadcast", kernels::to_string(a),
                                          kernels::to_string(b)));
    out[out.size() - 1 - k] = x == 1 ? y : x;
  }
  return out;
}

std::vector<std::int64_t> strides_as(const Shape& shape, const Shape& as) {
  const std::vector<std::int64_t> own = strides_of(shape);
  std::vector<std::int64_t> strides(as.size(), 0);
  for (std::size_t k = 0; k < shape.size(); ++k)
    if (shape[shape.size() - 1 - k] != 1) strides[as.size() - 1 - k] = own[shape.size() - 1 - k];
  return strides;
}

std::size_t axis_of(std::int64_t axis, std::size_t rank, const std::string& place) {
  const auto r = static_cast<std::int64_t>(rank);
  if (axis < -r || axis >= r)
    throw InputError(place, fmt::format("axis {} of a tensor of {} axes", axis, rank));
  return static_cast<std::size_t>(axis < 0 ? axis + r : axis);
}

Around around(const Shape& shape, std::size_t axis) {
  Around a;
  for (std::size_t d = 0; d < shape.size(); ++d)
    (d < axis ? a.before : d == axis ? a.extent : a.after) *= shape[d];
  return a;
}

}  // namespace ane::workloads::model
