#include "kernels/arith/activation.h"

#include <fmt/format.h>

#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <tuple>
#include <vector>

#include "isa/error.h"
#include "kernels/arith/activation_profiles.h"
#include "kernels/arith/round.h"

namespace ane::kernels::arith {
namespace {

constexpr std::array table{
    FunctionInfo{Function::none, "none", "x"},
    FunctionInfo{Function::relu, "relu", "max(x, 0)"},
    FunctionInfo{Function::relu6, "relu6", "min(max(x, 0), 6)"},
    FunctionInfo{Function::leaky_relu, "leaky_relu", "x >= 0 ? x : alpha * x", 1, to_half(0.01)},
    FunctionInfo{Function::clip, "clip", "min(max(x, alpha), beta)", 2, Half{0xfbff}, Half{0x7bff}},
    FunctionInfo{Function::hard_sigmoid, "hard_sigmoid", "min(max(alpha * x + beta, 0), 1)", 2,
                 to_half(0.2), to_half(0.5)},
    FunctionInfo{Function::hard_swish, "hard_swish", "x * min(max(x / 6 + 1/2, 0), 1)"},
    FunctionInfo{Function::abs, "abs", "|x|"},
    FunctionInfo{Function::negate, "negate", "-x"},
    FunctionInfo{Function::sign, "sign", "-1, 0 or 1"},
    FunctionInfo{Function::square, "square", "x^2"},
    FunctionInfo{Function::floor, "floor", "largest integer <= x"},
    FunctionInfo{Function::ceil, "ceil", "smallest integer >= x"},
    FunctionInfo{Function::round, "round", "nearest integer, ties by the profile's rounding"},
    FunctionInfo{Function::sigmoid, "sigmoid", "1 / (1 + exp(-x))", 0, {}, {}, true},
    FunctionInfo{Function::tanh, "tanh", "tanh(x)", 0, {}, {}, true},
    FunctionInfo{Function::gelu, "gelu", "x * (1 + erf(x / sqrt(2))) / 2", 0, {}, {}, true},
    FunctionInfo{Function::silu, "silu", "x / (1 + exp(-x))", 0, {}, {}, true},
    FunctionInfo{Function::softplus, "softplus", "log(1 + exp(x))", 0, {}, {}, true},
    FunctionInfo{
        Function::elu, "elu", "x >= 0 ? x : alpha * (exp(x) - 1)", 1, to_half(1), {}, true},
    FunctionInfo{Function::erf, "erf", "erf(x)", 0, {}, {}, true},
    FunctionInfo{Function::sin, "sin", "sin(x)", 0, {}, {}, true},
    FunctionInfo{Function::cos, "cos", "cos(x)", 0, {}, {}, true},
    FunctionInfo{Function::exp, "exp", "exp(x)", 0, {}, {}, true},
    FunctionInfo{Function::log, "log", "ln(x)", 0, {}, {}, true},
    FunctionInfo{Function::sqrt, "sqrt", "sqrt(x)", 0, {}, {}, true},
    FunctionInfo{Function::rsqrt, "rsqrt", "1 / sqrt(x)", 0, {}, {}, true},
    FunctionInfo{Function::reciprocal, "reciprocal", "1 / x", 0, {}, {}, true},
};
consteval bool in_order() {
  for (std::size_t i = 0; i < table.size(); ++i)
    if (static_cast<std::size_t>(table[i].function) != i) return false;
  return true;
}
static_assert(in_order());

struct Results : std::array<Half, 65536> {
  bool clamps = false;
};

bool clamps(const Profile& profile, const Results& f) {
  if (profile.id == ProfileId::ieee && f[half_nan.bits] != half_nan) return false;
  for (std::uint16_t x = 0; x <= half_infinity.bits; ++x)
    if (f[x] != Half{x} || f[x | 0x8000u] != Half{}) return false;
  return true;
}

// Parameters that a function does not read are no part of its identity.
using Key = std::tuple<Function, std::uint16_t, std::uint16_t>;
Key key_of(const Activation& a) {
  const int n = info(a.function).parameters;
  return {a.function, n > 0 ? a.alpha.bits : std::uint16_t{0},
          n > 1 ? a.beta.bits : std::uint16_t{0}};
}

// Grows only; a value never moves once it is there. `make` fills a new one where it stands: tables
// are large for a stack, whose growth cannot be refused with an error.
template <class K, class Value>
class Cache {
 public:
  template <class Make>
  const Value& get(const K& key, Make make) {
    {
      const std::shared_lock lock(mutex_);
      if (const auto found = values_.find(key); found != values_.end()) return *found->second;
    }
    auto made = std::make_unique<Value>();  // perhaps by two threads, then equal
    make(*made);
    const std::unique_lock lock(mutex_);
    return *values_.try_emplace(key, std::move(made)).first->second;
  }

 private:
  std::shared_mutex mutex_;
  std::map<K, std::unique_ptr<const Value>> values_;
};

}  // namespace

std::span<const FunctionInfo> functions() {
  return table;
}

const FunctionInfo& info(Function f) {
  return table[static_cast<std::size_t>(f)];
}

Function function_named(std::string_view name) {
  std::vector<std::string> names;
  for (const FunctionInfo& f : table) {
    if (f.name == name) return f.function;
    names.emplace_back(f.name);
  }
  throw InputError("function", fmt::format("unknown function '{}'", name),
                   choice_note(name, names));
}

const KnotTable* knot_table(const Activation& a) {
  if (!info(a.function).table_in_ane16) return nullptr;
  static Cache<Key, KnotTable> cache;
  return &cache.get(key_of(a), [&](KnotTable& table) { table = make_knot_table(a); });
}

Half activate_oracle(const Profile& profile, const Activation& a, Half x) {
  if (a.function == Function::none) return x;
  switch (profile.id) {
    case ProfileId::ane16:
      return activate_ane16(a, knot_table(a), x);
    case ProfileId::ieee:
      return activate_ieee(a, x);
  }
  ANE_CHECK(false, "profile");
}

namespace {

const Results& results_of(const Profile& profile, const Activation& a) {
  static Cache<std::pair<ProfileId, Key>, Results> cache;
  return cache.get({profile.id, key_of(a)}, [&](Results& results) {
    for (std::size_t bits = 0; bits < results.size(); ++bits)
      results[bits] = activate_oracle(profile, a, Half{static_cast<std::uint16_t>(bits)});
    results.clamps = clamps(profile, results);
  });
}

}  // namespace

std::span<const Half, 65536> activation_table(const Profile& profile, const Activation& a) {
  return results_of(profile, a);
}

FunctionTable function_table(const Profile& profile, const Activation& a) {
  const Results& results = results_of(profile, a);
  return {.results = results.data(), .clamps = results.clamps};
}

void activate(const Profile& profile, const Activation& a, std::span<const Half> x,
              std::span<Half> y) {
  ANE_CHECK(x.size() == y.size(), "input and output differ in length");
  const auto results = activation_table(profile, a);
  for (std::size_t i = 0; i < x.size(); ++i) y[i] = results[x[i].bits];
}

}  // namespace ane::kernels::arith
