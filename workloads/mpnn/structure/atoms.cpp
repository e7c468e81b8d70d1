#include "workloads/mpnn/structure/atoms.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "isa/error.h"
#include "workloads/files/describe.h"
#include "workloads/mpnn/structure/structure.h"

namespace ane::workloads::mpnn {
namespace {

constexpr std::size_t longest_name = 32;  // of a chain: it is part of every residue's label

}  // namespace

std::int32_t type_index(std::string_view three) {
  constexpr std::array<std::string_view, 20> names{"ALA", "CYS", "ASP", "GLU", "PHE", "GLY", "HIS",
                                                   "ILE", "LYS", "LEU", "MET", "ASN", "PRO", "GLN",
                                                   "ARG", "SER", "THR", "VAL", "TRP", "TYR"};
  const auto* found = std::ranges::find(names, three);
  return static_cast<std::int32_t>(found - names.begin());  // 20 is X
}

std::string text_of(const Key& key) {
  return fmt::format("{}{}", key.first, key.second);
}

std::optional<std::int64_t> whole(std::string_view field) {
  if (field.starts_with('+')) field.remove_prefix(1);
  std::int32_t v = 0;
  const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), v);
  if (field.empty() || error != std::errc() || end != field.data() + field.size()) return {};
  return v;
}

bool Lines::next(std::string_view& line) {
  if (text_.empty()) return false;
  const std::size_t end = std::min(text_.find_first_of("\r\n"), text_.size());
  line = text_.substr(0, end);
  const bool both = text_.substr(end).starts_with("\r\n");
  text_.remove_prefix(std::min(end + (both ? 2 : 1), text_.size()));
  ++number_;
  return true;
}

void Collector::add(const AtomRow& a, const std::function<std::string()>& place) {
  models.insert(a.model);
  const bool selenium = a.het && a.type == "MSE";
  const bool amino = type_index(a.type) != unknown_residue || selenium;
  if (a.het && !selenium) {
    if (begins_residue(a)) ++left_out[shown(a.type, 8)];
    return;
  }
  if (!a.number) {
    if (amino || a.name == "CA")
      throw InputError(place(), fmt::format("a residue {} of chain {} has no number",
                                            shown(a.type, 8), shown(a.chain, 8)));
    if (begins_residue(a)) ++unnumbered[shown(a.type, 8)];
    return;
  }
  if (a.chain.size() > longest_name)
    throw InputError(place(), fmt::format("a chain name of {} letters, '{}' (limit {})",
                                          a.chain.size(), shown(a.chain, 16), longest_name));
  ChainSites& chain = chains[{std::string(a.chain), std::string(a.chain.empty() ? a.segment : "")}];
  const auto [entry, fresh] =
      chain.sites.try_emplace({*a.number, std::string(a.insertion.substr(0, 8))});
  Site& site = entry->second;
  if (fresh)
    open(chain, entry->first, site, a, selenium);
  else if (chain.last != &site)
    ++site.visit;
  chain.last = &site;
  if (a.model != site.first_model && a.model != site.last_model) ++repeated;
  site.last_model = a.model;
  const bool other_type = site.type != (selenium ? "MET" : a.type);
  if (other_type && a.model == site.first_model && !site.two_types) {
    site.two_types = true;
    ++microheterogeneities;
  }
  const auto* atom = std::ranges::find(backbone, a.name);
  if (atom == backbone.end()) return;
  Known& known = site.atoms[static_cast<std::size_t>(atom - backbone.begin())];
  if (!known.known) {
    known = {
        true,
        a.alternate,
        site.visit,
        {static_cast<float>(a.at[0]), static_cast<float>(a.at[1]), static_cast<float>(a.at[2])}};
    return;
  }
  if (a.model != site.first_model) return;
  // The same atom once more and no other location of it: another molecule. Waters and ions may
  // repeat their numbers.
  const bool again = known.visit != site.visit || other_type;
  if (again && (a.alternate == ' ' || a.alternate == known.alternate) && (amino || a.name == "CA"))
    throw InputError(
        place(),
        fmt::format("residue {} of chain '{}' is given a second time: two molecules share this "
                    "chain name",
                    text_of(entry->first), a.chain.empty() ? "_" : shown(a.chain)),
        twice_note_);
  if (!other_type) ++alternates;
}

void Collector::open(ChainSites& chain, const Key& key, Site& site, const AtomRow& a,
                     bool selenium) {
  site.type = selenium ? "MET" : a.type;
  site.first_model = site.last_model = a.model;
  selenomethionines += selenium;
  if (models.size() > 1 && a.model != *models.begin()) ++later;
  if (type_index(site.type) == unknown_residue) ++unknown[shown(a.type, 8)];
  if (!chain.highest || key > *chain.highest) {
    chain.highest = key;
  } else if (chain.behind++ == 0) {
    chain.example = fmt::format("{} behind {}", text_of(key), text_of(*chain.highest));
  }
}

// Whether this atom, of a residue that is left out, is the first of that residue.
bool Collector::begins_residue(const AtomRow& a) {
  const std::string residue =
      fmt::format("{} {} {} {}{} {}", a.model, a.chain.substr(0, 64), a.segment,
                  a.number.value_or(0), a.insertion.substr(0, 8), a.type.substr(0, 64));
  // Without numbers, an atom that is there already begins the next residue.
  const bool fresh = residue != left_residue_ || (!a.number && left_atoms_.contains(a.name));
  if (fresh) {
    left_residue_ = residue;
    left_atoms_.clear();
  }
  if (!a.number) left_atoms_.emplace(a.name);
  return fresh;
}

}  // namespace ane::workloads::mpnn
