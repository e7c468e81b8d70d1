#include "sim/run/digest.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

namespace ane::sim {

void Digest::add_word(std::uint64_t word) {
  constexpr std::uint64_t prime = 0x100000001b3;  // FNV-1a, 64 bits
  a_ = (a_ ^ word) * prime;
  b_ = std::rotl(b_ ^ word, 29) * prime;
}

void Digest::add_bytes(const std::byte* bytes, std::size_t size) {
  while (size > 0) {
    const std::size_t held = size_ % 8, n = std::min(8 - held, size);
    std::uint64_t more = 0;
    std::memcpy(&more, bytes, n);
    begun_ |= more << (8 * held);
    size_ += n;
    if (size_ % 8 == 0) {
      add_word(begun_);
      begun_ = 0;
    }
    bytes += n;
    size -= n;
  }
}

std::string Digest::hex() const {
  Digest whole = *this;
  if (size_ % 8 != 0) whole.add_word(begun_);
  return fmt::format("{:016x}{:016x}", whole.a_ ^ size_, whole.b_);
}

}  // namespace ane::sim
