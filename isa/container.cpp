#include "isa/container.h"

#include <fmt/format.h>
#include <zlib.h>

#include <bit>
#include <cstring>

#include "isa/error.h"
#include "isa/file.h"
#include "isa/program_check.h"

namespace ane::isa {
namespace {

static_assert(std::endian::native == std::endian::little, "files are little-endian");

constexpr char magic[] = {'A', 'N', 'E', 'X'};
constexpr std::size_t header_size = 4 + 4 + 8 + 4;
constexpr std::uint32_t input_flag = 1, output_flag = 2;

std::uint32_t checksum(std::span<const std::uint8_t> bytes) {
  return static_cast<std::uint32_t>(crc32_z(crc32_z(0, nullptr, 0), bytes.data(), bytes.size()));
}

constexpr std::int64_t TensorSymbol::*tensor_numbers[] = {
    &TensorSymbol::offset, &TensorSymbol::n,  &TensorSymbol::c,  &TensorSymbol::h, &TensorSymbol::w,
    &TensorSymbol::sn,     &TensorSymbol::sc, &TensorSymbol::sh, &TensorSymbol::sw};

class Writer {
 public:
  void bytes(const void* data, std::size_t size) {
    const auto* const first = static_cast<const std::uint8_t*>(data);
    out_.insert(out_.end(), first, first + size);
  }
  template <class T>
  void number(T value) {
    bytes(&value, sizeof value);
  }
  void count(std::size_t n) { number(static_cast<std::uint32_t>(n)); }
  void string(const std::string& s) {
    count(s.size());
    bytes(s.data(), s.size());
  }
  template <class T>
  void replace(std::size_t at, T value) {
    std::memcpy(out_.data() + at, &value, sizeof value);
  }
  std::vector<std::uint8_t>& out() { return out_; }

 private:
  std::vector<std::uint8_t> out_;
};

class Reader {
 public:
  Reader(std::span<const std::uint8_t> bytes, std::string_view source)
      : bytes_(bytes), source_(source) {}

  [[noreturn]] void fail(std::size_t at, const std::string& what) const {
    throw InputError(fmt::format("{}{}byte {}", source_, source_.empty() ? "" : ": ", at), what);
  }
  std::span<const std::uint8_t> take(std::size_t size) {
    if (size > bytes_.size() - at_)
      fail(at_, fmt::format("truncated: {} bytes expected, {} left", size, bytes_.size() - at_));
    at_ += size;
    return bytes_.subspan(at_ - size, size);
  }
  template <class T>
  T number() {
    T value;
    std::memcpy(&value, take(sizeof value).data(), sizeof value);
    return value;
  }
  // A number of things that take at least `least` bytes each: no allocation beyond the file's size.
  std::size_t count(std::uint64_t n, std::size_t least) const {
    if (n > (bytes_.size() - at_) / least)
      fail(at_,
           fmt::format("truncated: {} entries do not fit into {} bytes", n, bytes_.size() - at_));
    return static_cast<std::size_t>(n);
  }
  std::string string() {
    const auto text = take(number<std::uint32_t>());
    return {text.begin(), text.end()};
  }
  std::size_t at() const { return at_; }
  std::size_t left() const { return bytes_.size() - at_; }
  std::span<const std::uint8_t> rest() const { return bytes_.subspan(at_); }

 private:
  std::span<const std::uint8_t> bytes_;
  std::string_view source_;
  std::size_t at_ = 0;
};

void read_header(Reader& in, std::size_t size) {
  const auto start = in.take(std::min(sizeof magic, size));
  if (size < sizeof magic || std::memcmp(start.data(), magic, sizeof magic) != 0)
    in.fail(0, "not a program: it does not begin with ANEX");
  const auto version = in.number<std::uint32_t>();
  if (version != container_version)
    in.fail(4, fmt::format("container version {}; this anesim reads version {}", version,
                           container_version));
  const auto stated = in.number<std::uint64_t>();
  if (stated != size)
    in.fail(8, stated > size
                   ? fmt::format("truncated: the program has {} bytes, the file {}", stated, size)
                   : fmt::format("{} bytes behind the program's end", size - stated));
  const auto sum = in.number<std::uint32_t>();
  if (checksum(in.rest()) != sum) in.fail(16, "wrong checksum: the file is damaged");
}

void read_sections(Reader& in, Program& p) {
  const std::size_t count = in.count(in.number<std::uint32_t>(), 24);
  for (std::size_t n = 0; n < count; ++n) {
    const std::size_t start = in.at();
    Section s;
    const auto bar = in.number<std::uint32_t>();
    s.bar = bar > 255 ? 256 : static_cast<int>(bar);
    s.name = in.string();
    s.size = {in.number<std::int64_t>()};
    const auto contents = in.take(in.count(in.number<std::uint64_t>(), 1));
    s.contents.assign(contents.begin(), contents.end());
    if (const std::string wrong = fault(p, s); !wrong.empty()) in.fail(start, wrong);
    p.sections.push_back(std::move(s));
  }
}

void read_tensors(Reader& in, Program& p) {
  const std::size_t count = in.count(in.number<std::uint32_t>(), 16 + sizeof(std::int64_t) * 9);
  for (std::size_t n = 0; n < count; ++n) {
    const std::size_t start = in.at();
    TensorSymbol t;
    t.name = in.string();
    const auto bar = in.number<std::uint32_t>();
    t.bar = bar > 255 ? 256 : static_cast<int>(bar);
    const auto format = in.number<std::uint32_t>();
    if (format >= formats.size()) in.fail(start, fmt::format("unknown format {}", format));
    t.format = static_cast<Format>(format);
    const auto flags = in.number<std::uint32_t>();
    if (flags & ~(input_flag | output_flag))
      in.fail(start, fmt::format("unknown tensor flags {:#x}", flags));
    t.input = flags & input_flag;
    t.output = flags & output_flag;
    for (const auto member : tensor_numbers) t.*member = in.number<std::int64_t>();
    if (const std::string wrong = fault(p, t); !wrong.empty()) in.fail(start, wrong);
    p.tensors.push_back(std::move(t));
  }
}

}  // namespace

std::vector<std::uint8_t> to_container(const Program& p) {
  Writer out;
  std::size_t contents = 0;
  for (const Section& s : p.sections) contents += s.contents.size();
  out.out().reserve(contents + p.words.size() * 4 + 4096);
  out.bytes(magic, sizeof magic);
  out.number(container_version);
  out.number(std::uint64_t{0});  // the size, when it is known
  out.number(std::uint32_t{0});  // the checksum
  out.string(p.name);
  out.string(p.chip);
  out.string(p.profile);
  out.count(p.operators.size());
  for (const std::string& name : p.operators) out.string(name);
  out.count(p.sections.size());
  for (const Section& s : p.sections) {
    out.number(static_cast<std::uint32_t>(s.bar));
    out.string(s.name);
    out.number(s.size.count);
    out.number(std::uint64_t{s.contents.size()});
    out.bytes(s.contents.data(), s.contents.size());
  }
  out.count(p.tensors.size());
  for (const TensorSymbol& t : p.tensors) {
    out.string(t.name);
    out.number(static_cast<std::uint32_t>(t.bar));
    out.number(static_cast<std::uint32_t>(t.format));
    out.number((t.input ? input_flag : 0) | (t.output ? output_flag : 0));
    for (const auto member : tensor_numbers) out.number(t.*member);
  }
  out.number(std::uint64_t{p.words.size()});
  out.bytes(p.words.data(), p.words.size() * sizeof(std::uint32_t));
  out.replace(8, std::uint64_t{out.out().size()});
  out.replace(16, checksum(std::span(out.out()).subspan(header_size)));
  return std::move(out.out());
}

Program from_container(std::span<const std::uint8_t> bytes, std::string_view source) {
  Reader in(bytes, source);
  read_header(in, bytes.size());
  Program p;
  p.name = in.string();
  p.chip = in.string();
  p.profile = in.string();
  const std::size_t operators = in.count(in.number<std::uint32_t>(), 4);
  for (std::size_t n = 0; n < operators; ++n) p.operators.push_back(in.string());
  read_sections(in, p);
  read_tensors(in, p);
  p.words.resize(in.count(in.number<std::uint64_t>(), sizeof(std::uint32_t)));
  const auto words = in.take(p.words.size() * sizeof(std::uint32_t));
  if (!words.empty()) std::memcpy(p.words.data(), words.data(), words.size());
  if (in.left()) in.fail(in.at(), fmt::format("{} bytes behind the last word", in.left()));
  return p;
}

Program load_program(const std::string& path) {
  const std::string bytes = read_file(path);
  return from_container({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()}, path);
}

void save_program(const Program& program, const std::string& path) {
  const std::vector<std::uint8_t> bytes = to_container(program);
  write_file(path, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

}  // namespace ane::isa
