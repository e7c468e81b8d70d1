// Digest of a stream of bytes: FNV-1a over 8-byte words, two lanes, 32 hex digits. To tell equal
// from different, not for security. The same on every host of little-endian byte order, and for any
// cutting of the stream into pieces.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>

namespace ane::sim {

class Digest {
 public:
  template <class T>
  void add(std::span<const T> values) {
    add_bytes(reinterpret_cast<const std::byte*>(values.data()), values.size_bytes());
  }
  void add_bytes(const std::byte* bytes, std::size_t size);
  std::string hex() const;

 private:
  void add_word(std::uint64_t word);

  std::uint64_t a_ = 0xcbf29ce484222325, b_ = 0x9e3779b97f4a7c15, size_ = 0;
  std::uint64_t begun_ = 0;  // the size_ % 8 bytes of a word that is not complete yet
};

}  // namespace ane::sim
