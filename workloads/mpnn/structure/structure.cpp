#include "workloads/mpnn/structure/structure.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <map>

#include "isa/error.h"
#include "workloads/files/archive.h"
#include "workloads/files/describe.h"
#include "workloads/mpnn/structure/atoms.h"

namespace ane::workloads::mpnn {
namespace {

// The largest entries of the PDB take some 500 MB as mmCIF.
constexpr std::uint64_t most_bytes = std::uint64_t{1} << 30;

bool is_nucleotide(std::string_view type) {
  constexpr std::array<std::string_view, 22> names{
      "A",  "C",  "G",  "U",   "I",   "N",   "T",   "DA",  "DC",  "DG",  "DT",
      "DU", "DI", "DN", "ADE", "CYT", "GUA", "THY", "URA", "PSU", "5MC", "5MU"};
  if (std::ranges::find(names, type) != names.end()) return true;
  // Names of force fields: RA, DA5, RU3.
  return type.size() >= 2 && type.size() <= 3 && (type[0] == 'R' || type[0] == 'D') &&
         std::string_view("ACGUT").find(type[1]) != std::string_view::npos &&
         (type.size() == 2 || type[2] == '3' || type[2] == '5');
}

// The chains by the names that the user sees.
std::map<std::string, ChainSites> named(Collector& found, const std::string& place) {
  std::map<std::string, ChainSites> out;
  std::vector<std::string> segments;
  for (const auto& [key, chain] : found.chains)
    if (key.first.empty()) segments.push_back(key.second.empty() ? "_" : key.second);
  for (auto& [key, chain] : found.chains) {
    std::string name = key.first;
    if (name.empty()) name = segments.size() == 1 || key.second.empty() ? "_" : key.second;
    if (!out.try_emplace(name, std::move(chain)).second)
      throw InputError(
          place,
          fmt::format("'{}' is the name of a chain and of a segment of atoms without a "
                      "chain",
                      shown(name)),
          "give each molecule a chain letter of its own (column 22)");
  }
  if (segments.size() == 1) found.notes.push_back("a chain without a name is called '_'");
  if (segments.size() > 1)
    found.notes.push_back(fmt::format("chains without a name are called by their segments: {}",
                                      fmt::join(segments, ", ")));
  return out;
}

using Chains = std::map<std::string, ChainSites>;

// "6 DA, 3 DG and 12 more"; the rarest are summed up where there are many.
std::string counted(const std::map<std::string, std::int64_t>& names) {
  constexpr std::size_t most = 12;
  std::vector<std::pair<std::string, std::int64_t>> sorted(names.begin(), names.end());
  if (sorted.size() > most)
    std::ranges::stable_sort(sorted,
                             [](const auto& a, const auto& b) { return a.second > b.second; });
  std::string out;
  std::int64_t rest = 0;
  for (std::size_t i = 0; i < sorted.size(); ++i)
    if (i < most)
      out += fmt::format("{}{} {}", i ? ", " : "", sorted[i].second, sorted[i].first);
    else
      rest += sorted[i].second;
  return rest ? fmt::format("{} and {} more", out, rest) : out;
}

void check_chains(const std::vector<std::string>& names, const std::vector<std::string>& wanted,
                  const std::string& place) {
  for (const std::string& w : wanted)
    if (std::ranges::find(names, w) == names.end())
      throw InputError(place, fmt::format("no chain '{}' with amino acids", w),
                       choice_note(w, names));
}

// Where the original looks for chains: A-Z, a-z, then the rest.
auto alphabet_order(const std::string& name) {
  const char c = name[0];
  const int group = name.size() > 1                               ? 3
                    : std::isupper(static_cast<unsigned char>(c)) ? 0
                    : std::islower(static_cast<unsigned char>(c)) ? 1
                                                                  : 2;
  return std::pair{group, name};
}

void add_place(Structure& s, const Site* site, const ChainSpan& chain, std::string_view label) {
  const bool complete = site && std::ranges::all_of(site->atoms, &Known::known);
  const auto code = static_cast<std::int32_t>(s.chains.size());
  s.sequence.push_back(site ? type_index(site->type) : unknown_residue);
  s.mask.push_back(complete ? 1.0f : 0.0f);
  s.residue_index.push_back(static_cast<std::int32_t>(s.chain_code.size()) + 100 * (code - 1));
  s.chain_code.push_back(code);
  s.labels.push_back(fmt::format("{}{}", chain.name, label));
  for (std::size_t a = 0; a < backbone.size(); ++a)
    for (std::size_t d = 0; d < 3; ++d)
      s.atoms.push_back(site && site->atoms[a].known ? site->atoms[a].at[d] : 0.0f);
}

void add_chain(Structure& s, const std::string& name, bool designed, const ChainSites& chain) {
  s.chains.push_back({name, s.length(), 0, designed});
  const auto& sites = chain.sites;
  const std::int64_t lowest = sites.begin()->first.first, highest = sites.rbegin()->first.first;
  std::int64_t missing = 0, incomplete = 0, number = lowest;
  for (const auto& [key, site] : sites) {
    for (; number < key.first; ++number, ++missing)
      add_place(s, nullptr, s.chains.back(), fmt::format("{}", number));
    add_place(s, &site, s.chains.back(), text_of(key));
    incomplete += s.mask.back() == 0.0f;
    number = key.first + 1;
  }
  s.chains.back().count = s.length() - s.chains.back().first;
  if (missing)
    s.notes.push_back(
        fmt::format("chain {}: {} residue numbers between {} and {} are not in the "
                    "file; their places are masked",
                    name, missing, lowest, highest));
  if (incomplete)
    s.notes.push_back(fmt::format("chain {}: {} residues lack one of N, CA, C, O and are masked",
                                  name, incomplete));
  if (chain.behind)
    s.notes.push_back(fmt::format(
        "chain {}: places are in the order of numbers and insertion codes, as the original has "
        "them, not in that of the file: {} residues stand behind a higher one ({})",
        name, chain.behind, chain.example));
}

// Numbers left out are filled in; a file that would need many more of that than it has residues is
// broken rather than big.
void check_places(const Chains& chains, const std::vector<std::string>& order,
                  const std::string& place) {
  std::int64_t missing = 0, residues = 0, most = -1;
  std::string widest;
  for (const std::string& name : order) {
    const auto& sites = chains.at(name).sites;
    std::int64_t numbers = 0;
    for (auto at = sites.begin(); at != sites.end(); ++at)
      numbers += at == sites.begin() || std::prev(at)->first.first != at->first.first;
    const std::int64_t lowest = sites.begin()->first.first, highest = sites.rbegin()->first.first;
    const std::int64_t gaps = highest - lowest + 1 - numbers;
    missing += gaps;
    residues += std::ssize(sites);
    if (gaps > most) {
      most = gaps;
      widest = fmt::format("chain {} has {} residues in {} places, {} to {}", name, sites.size(),
                           highest - lowest + 1, lowest, highest);
    }
  }
  if (const std::int64_t limit = 500 + 5 * residues; missing > limit)
    throw InputError(place,
                     fmt::format("{}: too many places to fill in (in all {} for {} residues, limit "
                                 "{})",
                                 widest, missing, residues, limit),
                     "renumber its residues, or read other chains");
}

void add_notes(Structure& s, const Collector& found) {
  if (found.models.size() > 1)
    s.notes.push_back(fmt::format(
        "{} models: of each atom the first model that has it counts; {} residues given again are "
        "left out, {} that only a later model has are read",
        found.models.size(), found.repeated, found.later));
  if (found.alternates)
    s.notes.push_back(fmt::format(
        "{} alternate locations of backbone atoms left out: the first in the file counts",
        found.alternates));
  if (found.microheterogeneities)
    s.notes.push_back(fmt::format("{} residues are given as two types: the first counts",
                                  found.microheterogeneities));
  if (found.selenomethionines)
    s.notes.push_back(
        fmt::format("{} selenomethionines (MSE) read as methionine", found.selenomethionines));
  if (!found.unknown.empty())
    s.notes.push_back(
        fmt::format("residues that are none of the twenty, read as X: {}", counted(found.unknown)));
  if (!found.left_out.empty())
    s.notes.push_back(fmt::format("HETATM residues left out: {}", counted(found.left_out)));
  if (!found.unnumbered.empty())
    s.notes.push_back(
        fmt::format("residues without a number left out: {}", counted(found.unnumbered)));
  s.notes.insert(s.notes.end(), found.notes.begin(), found.notes.end());
}

// Says what the chains are, for chains in which no residue has a whole backbone.
[[noreturn]] void fail_without_backbone(const Chains& chains, const std::vector<std::string>& order,
                                        const std::string& place) {
  std::map<std::string, std::int64_t> types;
  bool nucleic = true, amino = false, trace = false;
  for (const std::string& name : order)
    for (const auto& [key, site] : chains.at(name).sites) {
      ++types[shown(site.type, 8)];
      const bool is_amino = type_index(site.type) != unknown_residue;
      amino |= is_amino;
      trace |= is_amino && site.atoms[1].known;
      nucleic &= is_nucleotide(site.type) || site.type == "HOH" || site.type == "WAT";
    }
  if (nucleic)
    throw InputError(place, fmt::format("no protein, only nucleic acid: {}", counted(types)),
                     "this network takes the backbone of a protein");
  if (!amino)
    throw InputError(place, fmt::format("no amino acids, only {}", counted(types)),
                     "this network takes the backbone of a protein");
  throw InputError(place, "no residue has all of N, CA, C and O",
                   trace ? "a trace of CA atoms alone is not enough for this model"
                         : "every residue lacks one of its backbone atoms");
}

std::string stem(const std::string& path) {
  std::string name = path.substr(path.find_last_of('/') + 1);
  for (const std::string_view ending : {".gz", ".pdb", ".ent", ".cif", ".mmcif"})
    if (name.size() > ending.size() && name.ends_with(ending))
      name.resize(name.size() - ending.size());
  return name;
}

}  // namespace

std::string Structure::sequence_text() const {
  std::string text;
  for (const ChainSpan& c : chains) {
    if (!text.empty()) text += '/';
    for (std::int64_t i = c.first; i < c.first + c.count; ++i)
      text += alphabet[static_cast<std::size_t>(sequence[static_cast<std::size_t>(i)])];
  }
  return text;
}

Structure parse_structure(const std::string& text, const std::string& place,
                          const StructureChoice& choice) {
  std::string_view body = text;
  if (body.starts_with(byte_order_mark)) body.remove_prefix(byte_order_mark.size());
  Collector found = looks_like_mmcif(body) ? read_mmcif(body, place) : read_pdb(body, place);
  const Chains chains = named(found, place);
  if (chains.empty())
    throw InputError(
        place, "no amino acids: no ATOM records of residues",
        found.left_out.empty() ? "" : fmt::format("HETATM residues: {}", counted(found.left_out)));
  std::vector<std::string> names, order;
  for (const auto& [name, chain] : chains) names.push_back(name);
  check_chains(names, choice.chains, place);
  const auto has = [](const std::vector<std::string>& list, const std::string& name) {
    return list.empty() || std::ranges::find(list, name) != list.end();
  };
  std::ranges::copy_if(names, std::back_inserter(order),
                       [&](const std::string& name) { return has(choice.chains, name); });
  check_chains(order, choice.designed, place);
  std::ranges::sort(order, [&](const std::string& a, const std::string& b) {
    return std::pair{!has(choice.designed, a), alphabet_order(a)} <
           std::pair{!has(choice.designed, b), alphabet_order(b)};
  });
  check_places(chains, order, place);
  Structure s;
  s.name = stem(place);
  for (const std::string& name : order)
    add_chain(s, name, has(choice.designed, name), chains.at(name));
  add_notes(s, found);
  if (std::ranges::none_of(s.mask, [](float m) { return m != 0.0f; }))
    fail_without_backbone(chains, order, place);
  return s;
}

Structure read_structure(const std::string& path, const StructureChoice& choice) {
  return parse_structure(read_file(path, most_bytes), path, choice);
}

}  // namespace ane::workloads::mpnn
