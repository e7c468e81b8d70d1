#include "sim/digest.h"

#include <fmt/format.h>

#include <bit>

namespace ane::sim {

void Digest::add_bytes(const std::byte* bytes, std::size_t size) {
  constexpr std::uint64_t prime = 0x100000001b3;  // FNV-1a, 64 bits
  size_ += size;
  while (size > 0) {
    std::uint64_t word = 0;
    const std::size_t n = size < 8 ? size : 8;
    std::memcpy(&word, bytes, n);
    a_ = (a_ ^ word) * prime;
    b_ = std::rotl(b_ ^ word, 29) * prime;
    bytes += n;
    size -= n;
  }
}

std::string Digest::hex() const {
  return fmt::format("{:016x}{:016x}", a_ ^ size_, b_);
}

}  // namespace ane::sim
