// The subset of pickle, on its own.
#include "workloads/files/pickle.h"

#include "tests/fuzz/pickles.h"

namespace ane::fuzz {

void read(std::string_view bytes) {
  using namespace workloads;
  const Pickle p = read_pickle(bytes, "x.pkl");
  require(p.root < p.pool.size() && p.end > 0 && p.end <= bytes.size(), "a root and an end");
  for (const PickleValue& v : p.pool) {
    if (const auto* s = std::get_if<PickleSequence>(&v))
      for (const PickleId i : s->items) require(i < p.pool.size(), "an item of the pool");
    if (const auto* d = std::get_if<PickleDict>(&v))
      for (const auto& [key, value] : d->items)
        require(key < p.pool.size() && value < p.pool.size(), "an entry of the pool");
    if (const auto* t = std::get_if<PickleTensor>(&v))
      require(
          t->storage < p.pool.size() && std::holds_alternative<PickleStorage>(p.pool[t->storage]),
          "a tensor on a storage");
  }
}

std::vector<std::string> seeds() {
  return {pickled_weights("FloatStorage", 6),
          pickled_weights("HalfStorage", 4, true),
          pickled("(K\1K\2t"),
          pickled("]q\1(h\1K\1e"),
          pickled("}\x8c\1aK\1s"),
          pickled(std::string("\x8a\x0al\xfc\x9c"
                              "F\xf9 j\xa8P\x19",
                              12)),
          pickled("(lp0\nI1\nasS'text'\n")};
}

}  // namespace ane::fuzz
