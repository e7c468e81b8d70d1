#include "workloads/files/npy.h"

#include <fmt/format.h>

#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <limits>
#include <utility>

namespace ane::workloads {
namespace {

using isa::Format;

struct Type {
  std::string_view name;
  std::size_t bytes;
  Format format;  // of the tensor it becomes
};
constexpr std::array types{
    Type{"f2", 2, Format::fp16}, Type{"f4", 4, Format::fp32}, Type{"f8", 8, Format::fp32},
    Type{"i1", 1, Format::i8},   Type{"u1", 1, Format::u8},   Type{"b1", 1, Format::u8},
    Type{"i2", 2, Format::i32},  Type{"u2", 2, Format::i32},  Type{"i4", 4, Format::i32},
    Type{"u4", 4, Format::i32},  Type{"i8", 8, Format::i32},  Type{"u8", 8, Format::i32}};

const Type& type_named(std::string_view name, const std::string& place) {
  for (const Type& t : types)
    if (t.name == name) return t;
  std::vector<std::string> choices;
  for (const Type& t : types) choices.emplace_back(t.name);
  throw InputError(place, fmt::format("array of type '{}' cannot be read", name),
                   choice_note(name, choices));
}

// The header is a Python dictionary literal with exactly three keys. This reads that and no more.
class HeaderReader {
 public:
  HeaderReader(std::string_view text, const std::string& place) : text_(text), place_(place) {}

  void read(NpyArray& out) {
    bool descr = false, order = false, shape = false;
    expect('{');
    while (!accept('}')) {
      const std::string key = quoted();
      expect(':');
      if (key == "descr" && !descr)
        descr = true, out.type = little_endian(quoted());
      else if (key == "fortran_order" && !order)
        order = true, c_order();
      else if (key == "shape" && !shape)
        shape = true, out.shape = extents();
      else
        fail(fmt::format("unexpected key '{}'", key));
      if (!accept(',')) {
        expect('}');
        break;
      }
    }
    if (!descr || !order || !shape) fail("it needs descr, fortran_order and shape");
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw InputError(place_, "broken .npy header: " + what);
  }
  void skip_blank() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t'))
      ++at_;
  }
  bool accept(char c) {
    skip_blank();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  void expect(char c) {
    if (!accept(c)) fail(fmt::format("expected '{}' at character {}", c, at_));
  }
  std::string quoted() {
    skip_blank();
    const char quote = at_ < text_.size() ? text_[at_] : '\0';
    if (quote != '\'' && quote != '"') {
      if (quote == '[') fail("records (structured arrays) cannot be read");
      fail(fmt::format("expected a string at character {}", at_));
    }
    const std::size_t end = text_.find(quote, at_ + 1);
    if (end == std::string_view::npos) fail("a string does not end");
    std::string s(text_.substr(at_ + 1, end - at_ - 1));
    at_ = end + 1;
    return s;
  }
  std::string little_endian(const std::string& descr) const {
    if (descr.empty()) fail("empty descr");
    if (descr[0] == '>')
      throw InputError(place_, fmt::format("big-endian array '{}' cannot be read", descr),
                       "save it with .astype('<' + ...)");
    const bool marked = descr[0] == '<' || descr[0] == '|' || descr[0] == '=';
    return descr.substr(marked ? 1 : 0);
  }
  void c_order() {
    skip_blank();
    if (text_.substr(at_).starts_with("False")) {
      at_ += 5;
    } else if (text_.substr(at_).starts_with("True")) {
      throw InputError(place_, "array in Fortran order cannot be read",
                       "save it with numpy.ascontiguousarray");
    } else {
      fail("fortran_order is neither True nor False");
    }
  }
  kernels::Shape extents() {
    kernels::Shape shape;
    expect('(');
    while (!accept(')')) {
      skip_blank();
      std::int64_t extent = 0;
      const auto [end, error] =
          std::from_chars(text_.data() + at_, text_.data() + text_.size(), extent);
      if (error != std::errc() || extent < 0) fail("an extent is no whole number of 0 or more");
      at_ = static_cast<std::size_t>(end - text_.data());
      shape.push_back(extent);
      if (!accept(',')) {
        expect(')');
        break;
      }
    }
    return shape;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  const std::string& place_;
};

template <class T>
T load(const std::string& bytes, std::size_t i) {
  T v;
  std::memcpy(&v, bytes.data() + i * sizeof(T), sizeof(T));
  return v;
}

// Calls visit(index, value) with the value as double or as a 64-bit integer.
template <class Visit>
void each(const NpyArray& a, Visit visit) {
  const std::size_t n = static_cast<std::size_t>(a.size());
  const auto run = [&]<class T, class As>(T, As) {
    for (std::size_t i = 0; i < n; ++i) visit(i, static_cast<As>(load<T>(a.bytes, i)));
  };
  const std::int64_t wide = 0;
  if (a.type == "f2")
    for (std::size_t i = 0; i < n; ++i)
      visit(i, double{half_value(load<std::uint16_t>(a.bytes, i))});
  else if (a.type == "f4")
    run(0.0f, 0.0);
  else if (a.type == "f8")
    run(0.0, 0.0);
  else if (a.type == "i1")
    run(std::int8_t{}, wide);
  else if (a.type == "u1" || a.type == "b1")
    run(std::uint8_t{}, wide);
  else if (a.type == "i2")
    run(std::int16_t{}, wide);
  else if (a.type == "u2")
    run(std::uint16_t{}, wide);
  else if (a.type == "i4")
    run(std::int32_t{}, wide);
  else if (a.type == "u4")
    run(std::uint32_t{}, wide);
  else if (a.type == "i8")
    run(std::int64_t{}, wide);
  else
    run(std::uint64_t{}, std::uint64_t{});
}

template <class T>
std::vector<T> converted(const NpyArray& a) {
  std::vector<T> out(static_cast<std::size_t>(a.size()));
  each(a, [&](std::size_t i, auto v) { out[i] = static_cast<T>(v); });
  return out;
}

}  // namespace

float half_value(std::uint16_t h) {
  const int exponent = (h >> 10) & 31, fraction = h & 1023;
  float v = 0;
  if (exponent == 31)
    v = fraction ? std::numeric_limits<float>::quiet_NaN() : std::numeric_limits<float>::infinity();
  else if (exponent == 0)
    v = std::ldexp(static_cast<float>(fraction), -24);
  else
    v = std::ldexp(static_cast<float>(fraction + 1024), exponent - 25);
  return h & 0x8000 ? -v : v;
}

std::vector<float> NpyArray::floats() const {
  return converted<float>(*this);
}
std::vector<double> NpyArray::doubles() const {
  return converted<double>(*this);
}

std::vector<std::int32_t> NpyArray::integers() const {
  std::vector<std::int32_t> out(static_cast<std::size_t>(size()));
  each(*this, [&](std::size_t i, auto v) {
    bool fits = false;
    if constexpr (std::is_floating_point_v<decltype(v)>)
      fits = v >= -2147483648.0 && v <= 2147483647.0 && v == std::floor(v);
    else
      fits = std::in_range<std::int32_t>(v);
    if (!fits) throw InputError(place, fmt::format("element {} is {}, no 32-bit integer", i, v));
    out[i] = static_cast<std::int32_t>(v);
  });
  return out;
}

kernels::Tensor NpyArray::tensor() const {
  const Type& t = type_named(type, place);
  kernels::Tensor out(t.format, shape);
  const auto copy = [&](const void* from) {
    if (!out.bytes.empty()) std::memcpy(out.bytes.data(), from, out.bytes.size());
  };
  if (t.format == Format::fp32)
    copy(floats().data());
  else if (t.format == Format::i32)
    copy(integers().data());
  else
    copy(bytes.data());
  return out;
}

NpyArray parse_npy(std::string bytes, const std::string& place) {
  static_assert(std::endian::native == std::endian::little);
  if (!bytes.starts_with("\x93NUMPY") || bytes.size() < 10)
    throw InputError(place, "not an .npy file: it does not start with \\x93NUMPY");
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
  const int version = byte(6);
  if (version < 1 || version > 3)
    throw InputError(place, fmt::format(".npy format version {} cannot be read", version),
                     "versions 1, 2 and 3 can");
  const std::size_t start = version == 1 ? 10 : 12;
  std::size_t length = 0;
  if (bytes.size() >= start)
    for (std::size_t i = start; i-- > 8;) length = length << 8 | byte(i);
  if (bytes.size() < start || bytes.size() - start < length)
    throw InputError(place, "truncated in its header");
  NpyArray array;
  array.place = place;
  HeaderReader(std::string_view(bytes).substr(start, length), place).read(array);
  const std::size_t item = type_named(array.type, place).bytes;
  const std::size_t have = bytes.size() - start - length;
  std::size_t need = item;
  for (const std::int64_t extent : array.shape) {
    // Divide first: a hostile shape must not wrap round to the size of a small file.
    const auto e = static_cast<std::size_t>(extent);
    if (e != 0 && need > std::numeric_limits<std::size_t>::max() / e)
      throw InputError(place, "the shape's element count overflows");
    need *= e;
  }
  if (need != have)
    throw InputError(place, fmt::format("shape {} of '{}' needs {} bytes, the file holds {}",
                                        kernels::to_string(array.shape), array.type, need, have));
  bytes.erase(0, start + length);
  array.bytes = std::move(bytes);
  return array;
}

NpyArray read_npy(const std::string& path) {
  return parse_npy(read_file(path), path);
}

Npz::Npz(const std::string& path) : archive_(read_file(path), path), place_(path) {}

std::vector<std::string> Npz::names() const {
  std::vector<std::string> out;
  for (const std::string& n : archive_.names())
    out.push_back(n.ends_with(".npy") ? n.substr(0, n.size() - 4) : n);
  return out;
}

NpyArray Npz::operator[](const std::string& name) const {
  const std::string member = archive_.has(name) ? name : name + ".npy";
  return parse_npy(archive_.read(member), place_ + ":" + name);
}

std::string npy_bytes(const kernels::Tensor& tensor) {
  const char* descr = nullptr;
  for (const auto& [format, name] : {std::pair{Format::fp16, "<f2"},
                                     {Format::fp32, "<f4"},
                                     {Format::i8, "|i1"},
                                     {Format::u8, "|u1"},
                                     {Format::i32, "<i4"}})
    if (format == tensor.format) descr = name;
  ANE_CHECK(descr, "a format without a NumPy name");
  return npy_bytes(descr, tensor.shape,
                   {reinterpret_cast<const char*>(tensor.bytes.data()), tensor.bytes.size()});
}

std::string npy_bytes(std::string_view descr, const kernels::Shape& extents,
                      std::string_view bytes) {
  std::string shape;
  for (const std::int64_t e : extents) shape += fmt::format("{},", e);
  std::string header =
      fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}), }}", descr, shape);
  // NumPy pads with blanks and a line end so that the data starts at a multiple of 64.
  while ((10 + header.size() + 1) % 64 != 0) header += ' ';
  header += '\n';
  std::string out("\x93NUMPY\x01\x00", 8);
  out += static_cast<char>(header.size() & 255);
  out += static_cast<char>(header.size() >> 8);
  out += header;
  out += bytes;
  return out;
}

}  // namespace ane::workloads
