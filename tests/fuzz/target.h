// A fuzz target is one file that defines read() and seeds(): any bytes go into a reader, which may
// refuse them with an InputError and with nothing else. What it takes must hold together.
//
// With the preset `fuzz` libFuzzer makes the bytes (libfuzzer.cpp); everywhere else replay.cpp runs
// each target over its corpus and some changes of it, as a test.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace ane::fuzz {

void read(std::string_view bytes);
// What is not kept as a file in corpus/TARGET: inputs that are no text, made by a writer.
std::vector<std::string> seeds();

// read() with its InputErrors caught.
void take(std::string_view bytes);

inline void require(bool condition, const std::string& what) {
  if (!condition) throw std::logic_error(what);
}

// A file of these bytes, for readers that take a path; one at a time.
class File {
 public:
  explicit File(std::string_view bytes, std::string_view ending = "");
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File();
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// Decisions drawn from an input's bytes: zeros once they have run out.
class Choices {
 public:
  explicit Choices(std::string_view bytes) : bytes_(bytes) {}

  bool empty() const { return bytes_.empty(); }
  std::string_view rest() const { return bytes_; }
  std::string_view piece(std::size_t size) {
    const std::string_view taken = bytes_.substr(0, size);
    bytes_.remove_prefix(taken.size());
    return taken;
  }
  std::uint64_t number(std::size_t bytes) {
    std::uint64_t value = 0;
    for (const char c : piece(bytes)) value = value << 8 | static_cast<unsigned char>(c);
    return value;
  }
  // 0 to n - 1.
  std::size_t below(std::size_t n) {
    return static_cast<std::size_t>(number(n <= 256 ? 1 : 4) % n);
  }
  std::int64_t between(std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(below(static_cast<std::size_t>(high - low + 1)));
  }
  bool flag() { return below(2) == 1; }
  template <class List>
  const auto& one_of(const List& list) {
    return *(std::begin(list) + static_cast<std::ptrdiff_t>(below(std::size(list))));
  }

 private:
  std::string_view bytes_;
};

}  // namespace ane::fuzz
