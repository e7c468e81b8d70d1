// A numeric profile: which machine the numbers stand for (docs/numerics.md, "Profiles"). One record
// plus one file of quirks a profile; nothing else in the code knows the target.
#pragma once
#include <span>
#include <string_view>

namespace ane::kernels::arith {

enum class ProfileId { ane16, ieee };
enum class Rounding { half_away, half_even };

struct Profile {
  ProfileId id;
  std::string_view name, summary;
  Rounding rounding;  // of every result that becomes binary16
};

std::span<const Profile> profiles();
// Throws InputError with the nearest name.
const Profile& profile_named(std::string_view name);

}  // namespace ane::kernels::arith
