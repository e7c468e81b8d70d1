#include "workloads/model/takes.h"

#include <fmt/format.h>

#include <algorithm>

#include "isa/error.h"
#include "workloads/model/operator.h"

namespace ane::workloads::model {
namespace {

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find(' '));
    words.emplace_back(word);
    text.remove_prefix(std::min(word.size() + 1, text.size()));
  }
  return words;
}

// Before version 6 operators said which operands they overwrote: nothing of the result.
bool is_hint(const Use& u, const std::string& name) {
  return name == "consumed_inputs" && u.node.version < 6;
}

std::string_view kind_of(Attribute::Is is) {
  constexpr std::string_view names[] = {"nothing", "a whole number", "a number",
                                        "a text",  "whole numbers",  "numbers",
                                        "texts",   "a tensor",       "a graph"};
  return names[static_cast<std::size_t>(is)];
}

// A list of one number may be that number, and an empty list may be of any kind.
bool fits(const Attribute& a, Attribute::Is wanted) {
  using Is = Attribute::Is;
  const bool empty_list = (a.is == Is::integers || a.is == Is::reals || a.is == Is::texts) &&
                          a.integers.empty() && a.reals.empty() && a.texts.empty();
  const bool list = wanted == Is::integers || wanted == Is::reals || wanted == Is::texts;
  return a.is == wanted || (a.is == Is::integer && wanted == Is::integers) || (empty_list && list);
}

void check_value(const Rule& rule, const Attribute& a, const Use& u) {
  if (!fits(a, rule.is))
    u.refuse(fmt::format("attribute {} is {}, not {}", rule.name, kind_of(a.is), kind_of(rule.is)));
  if (rule.is == Attribute::Is::text && !rule.texts.empty()) {
    const std::vector<std::string> known = words_of(rule.texts);
    if (std::ranges::find(known, a.text) == known.end())
      u.refuse(fmt::format("{} '{}' is not known", rule.name, a.text), choice_note(a.text, known));
  }
  const bool number = rule.is == Attribute::Is::integer || rule.is == Attribute::Is::real;
  const double value = rule.is == Attribute::Is::integer ? static_cast<double>(a.integer)
                                                         : static_cast<double>(a.real);
  if (number && !(value >= rule.least && value <= rule.most))
    u.refuse(fmt::format("{} {:g} is not known", rule.name, value),
             rule.least == rule.most  ? fmt::format("{} {:g} alone", rule.name, rule.least)
             : rule.most < any_number ? fmt::format("{:g} to {:g}", rule.least, rule.most)
                                      : fmt::format("{:g} or more", rule.least));
}

void check_attribute(const Takes& takes, const std::string& name, const Attribute& a,
                     const Use& u) {
  const int version = u.node.version;
  const auto named = [&](const Rule& r) { return r.name == name; };
  const auto rule = std::ranges::find_if(takes.attributes,
                                         [&](const Rule& r) { return named(r) && r.in(version); });
  if (rule != takes.attributes.end()) {
    if (a.is != Attribute::Is::none) check_value(*rule, a, u);
    return;
  }
  if (is_hint(u, name)) return;
  const auto other = std::ranges::find_if(takes.attributes, named);
  if (other != takes.attributes.end())
    u.refuse(fmt::format("attribute {} is of versions {} {}, the file imports version {}", name,
                         other->since > version ? "from" : "up to",
                         other->since > version ? other->since : other->last, version));
  std::vector<std::string> names;
  for (const Rule& r : takes.attributes)
    if (r.in(version)) names.emplace_back(r.name);
  u.refuse(fmt::format("attribute {} is not known", name),
           names.empty() ? "it takes none" : choice_note(name, names));
}

}  // namespace

Takes::Operands Takes::at(int version) const {
  Operands now{1, 0, any_number};
  for (const Operands& o : operands)
    if (o.since <= version) now = o;
  return now;
}

void check(const Takes& takes, const Use& u) {
  const Takes::Operands count = takes.at(u.node.version);
  int given = 0;
  for (std::size_t k = 0; k < u.size(); ++k)
    if (u.has(k)) given = static_cast<int>(k) + 1;
  if (given < count.least || given > count.most)
    u.refuse(fmt::format("takes {} operands, not {}",
                         count.least == count.most ? fmt::format("{}", count.least)
                         : count.most == any_number
                             ? fmt::format("{} or more", count.least)
                             : fmt::format("{} to {}", count.least, count.most),
                         given));
  for (const auto& [name, a] : u.node.attributes) check_attribute(takes, name, a, u);
}

}  // namespace ane::workloads::model
