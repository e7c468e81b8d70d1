// A few random changes of an input, the same for the same seed.
#pragma once
#include <cstddef>
#include <random>

namespace ane::fuzz {

using Random = std::mt19937_64;

inline std::size_t below(Random& random, std::size_t n) {
  return static_cast<std::size_t>(random() % n);
}

template <class Bytes>
void mutate(Random& random, Bytes& bytes) {
  using Byte = typename Bytes::value_type;
  for (std::size_t n = below(random, 6) + 1; n > 0; --n) {
    const std::size_t at = bytes.empty() ? 0 : below(random, bytes.size());
    const auto where = bytes.begin() + static_cast<std::ptrdiff_t>(at);
    switch (below(random, 5)) {
      case 0:
        bytes.insert(where, static_cast<Byte>(random()));
        break;
      case 1:
        if (!bytes.empty()) bytes.erase(where);
        break;
      case 2:  // a piece of it again
        bytes.insert(bytes.end(), where,
                     where + static_cast<std::ptrdiff_t>(below(random, bytes.size() - at + 1)));
        break;
      case 3:
        if (!bytes.empty()) *where = static_cast<Byte>(random());
        break;
      default:
        if (!bytes.empty()) *where = static_cast<Byte>(*where ^ (1u << below(random, 8)));
    }
  }
}

}  // namespace ane::fuzz
