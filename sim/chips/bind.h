// Fills a typed struct from a description, through a table of its fields: path, dimension, allowed
// range. A field without a parameter, a parameter without a field, a wrong dimension and a value
// out of its range are InputErrors at the parameter's place.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "isa/units.h"
#include "sim/chips/description.h"

namespace ane::sim {

template <class S>
struct Field {
  std::string_view path, dimension;
  std::variant<double S::*, int S::*, bool S::*, std::int64_t S::*, Bytes S::*,
               std::optional<double> S::*>
      member;
  double least, most;  // base units
};

// The checked value; nullopt when absent and `optional`.
std::optional<double> checked_value(const Description& d, std::string_view path,
                                    std::string_view dimension, double least, double most,
                                    bool whole, bool optional);

// Paths that tables have named.
using KnownPaths = std::vector<std::string_view>;
// Parameters of `d` that no table has named: InputError for the first of them.
void refuse_unknown(const Description& d, const KnownPaths& known);

template <class S>
void bind(const Description& d, std::span<const Field<S>> fields, S& out, KnownPaths& known) {
  for (const Field<S>& f : fields) {
    known.push_back(f.path);
    const bool optional = std::holds_alternative<std::optional<double> S::*>(f.member);
    const bool real = optional || std::holds_alternative<double S::*>(f.member);
    const std::optional<double> v =
        checked_value(d, f.path, f.dimension, f.least, f.most, !real, optional);
    if (!v) continue;
    std::visit(
        [&](auto member) {
          using M = std::remove_reference_t<decltype(out.*member)>;
          if constexpr (std::is_same_v<M, Bytes>)
            out.*member = Bytes{static_cast<std::int64_t>(*v)};
          else if constexpr (std::is_same_v<M, bool>)
            out.*member = *v != 0;
          else if constexpr (std::is_same_v<M, std::optional<double>>)
            out.*member = *v;
          else
            out.*member = static_cast<M>(*v);
        },
        f.member);
  }
}

// Whether the description has any parameter under "section.".
bool has_section(const Description& d, std::string_view section);

}  // namespace ane::sim
