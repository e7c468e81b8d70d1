// What an operator takes: how many operands, and which attributes with which values, by the version
// of its domain. A file that says anything else is refused: nothing that it says is passed over.
#pragma once
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "workloads/model/graph.h"

namespace ane::workloads::model {

class Use;

// One attribute that an operator reads.
struct Rule {
  std::string_view name;
  Attribute::Is is = Attribute::Is::integer;
  std::string_view texts = "";  // a text is one of these, at blanks; empty: any
  double least = -std::numeric_limits<double>::infinity(),
         most = std::numeric_limits<double>::infinity();  // of a number
  int since = 1, last = std::numeric_limits<int>::max();  // versions that have it

  constexpr Rule from(int version) const {
    Rule r = *this;
    r.since = version;
    return r;
  }
  constexpr Rule until(int version) const {
    Rule r = *this;
    r.last = version;
    return r;
  }
  constexpr bool in(int version) const { return since <= version && version <= last; }
};

constexpr Rule whole(std::string_view name, double least, double most) {
  return {.name = name, .least = least, .most = most};
}
constexpr Rule whole(std::string_view name, double least) {
  return {.name = name, .least = least};
}
constexpr Rule whole(std::string_view name) {
  return {.name = name};
}
constexpr Rule flag(std::string_view name) {
  return whole(name, 0, 1);
}
// The one value that is computed.
constexpr Rule only(std::string_view name, double value) {
  return whole(name, value, value);
}
constexpr Rule real(std::string_view name) {
  return {.name = name, .is = Attribute::Is::real};
}
constexpr Rule only_real(std::string_view name, double value) {
  return {.name = name, .is = Attribute::Is::real, .least = value, .most = value};
}
constexpr Rule text(std::string_view name, std::string_view texts = "") {
  return {.name = name, .is = Attribute::Is::text, .texts = texts};
}
constexpr Rule wholes(std::string_view name) {
  return {.name = name, .is = Attribute::Is::integers};
}
constexpr Rule reals(std::string_view name) {
  return {.name = name, .is = Attribute::Is::reals};
}
constexpr Rule texts(std::string_view name) {
  return {.name = name, .is = Attribute::Is::texts};
}
constexpr Rule tensor(std::string_view name) {
  return {.name = name, .is = Attribute::Is::tensor};
}
constexpr Rule graph(std::string_view name) {
  return {.name = name, .is = Attribute::Is::graph};
}

struct Takes {
  struct Operands {
    int since, least, most;  // counted to the last one that is not left out
  };
  std::vector<Operands> operands{};  // the last one of no later version holds; none: not said
  std::vector<Rule> attributes{};

  Takes from(int version, int least, int most) && {
    operands.push_back({version, least, most});
    return std::move(*this);
  }
  Takes with(const std::vector<Rule>& rules) && {
    attributes.insert(attributes.end(), rules.begin(), rules.end());
    return std::move(*this);
  }
  Operands at(int version) const;
};
inline constexpr int any_number = std::numeric_limits<int>::max();
inline Takes takes(int least, int most) {
  return {.operands = {{1, least, most}}};
}
inline Takes takes(int count) {
  return takes(count, count);
}

// InputError at the use for operands and attributes that are not of its version, of another kind or
// value, with what there is.
void check(const Takes& takes, const Use& use);

}  // namespace ane::workloads::model
