#include "kernels/arith/profile.h"

#include <fmt/format.h>

#include <array>
#include <string>
#include <vector>

#include "isa/error.h"

namespace ane::kernels::arith {
namespace {

constexpr std::array table{
    Profile{ProfileId::ane16, "ane16",
            "M4 and later as measured: Q15.16 accumulator, half away from zero, tables of 33 knots",
            Rounding::half_away},
    Profile{ProfileId::ieee, "ieee",
            "a textbook FP16 machine: float32 fused accumulation, half to even, exact functions",
            Rounding::half_even},
};

}  // namespace

std::span<const Profile> profiles() {
  return table;
}

const Profile& profile_named(std::string_view name) {
  std::vector<std::string> names;
  for (const Profile& p : table) {
    if (p.name == name) return p;
    names.emplace_back(p.name);
  }
  throw InputError("profile", fmt::format("unknown profile '{}'", name), choice_note(name, names));
}

}  // namespace ane::kernels::arith
