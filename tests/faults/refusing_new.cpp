// The program with a memory that ends: ANESIM_REFUSE=5 refuses the fifth allocation, 5+ that one
// and all later ones, and 0 none, but tells how many there were.
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <new>

namespace {

std::atomic<long> allocations = 0;

// Libraries are made ready before the program is: what they take then is not its own.
bool begun = false;
[[gnu::constructor]] void begin() {
  begun = true;
}

struct Plan {
  long at = -1;
  bool all_later = false;
  Plan() {
    const char* given = std::getenv("ANESIM_REFUSE");
    if (given == nullptr) return;
    char* end = nullptr;
    at = std::strtol(given, &end, 10);
    all_later = *end == '+';
  }
  ~Plan() {
    if (at == 0) std::fprintf(stderr, "allocations: %ld\n", allocations.load());
  }
};

bool refused() {
  if (!begun) return false;
  static const Plan plan;
  const long n = ++allocations;
  return plan.at > 0 && (plan.all_later ? n >= plan.at : n == plan.at);
}

}  // namespace

void* operator new(std::size_t size) {
  void* const memory = refused() ? nullptr : std::malloc(size == 0 ? 1 : size);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

void operator delete(void* memory) noexcept {
  std::free(memory);
}

void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}
