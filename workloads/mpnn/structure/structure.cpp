#include "workloads/mpnn/structure/structure.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <gemmi/cif.hpp>
#include <gemmi/mmcif.hpp>
#include <gemmi/pdb.hpp>
#include <map>
#include <regex>

#include "isa/error.h"
#include "workloads/files/archive.h"

namespace ane::workloads::mpnn {
namespace {

constexpr std::array<std::string_view, 4> backbone{"N", "CA", "C", "O"};
// Numbers left out are filled in; a file that would need more of that is broken rather than big.
constexpr std::int64_t most_places = 100'000;

struct Site {
  std::string type;  // three letters
  std::array<bool, 4> known{};
  std::array<std::array<float, 3>, 4> at{};
};
// Residue number, then insertion code, in ProteinMPNN's order.
using ChainSites = std::map<std::pair<int, std::string>, Site>;

struct Found {
  std::map<std::string, ChainSites> chains;
  std::map<std::string, int> left_out;  // HETATM residues by name
  std::map<std::string, int> unknown;   // ATOM residues that are none of the twenty
  int selenomethionines = 0, alternates = 0, microheterogeneities = 0, models = 0, nameless = 0;
};

std::int32_t type_index(const std::string& three) {
  constexpr std::array<std::string_view, 20> names{"ALA", "CYS", "ASP", "GLU", "PHE", "GLY", "HIS",
                                                   "ILE", "LYS", "LEU", "MET", "ASN", "PRO", "GLN",
                                                   "ARG", "SER", "THR", "VAL", "TRP", "TYR"};
  const auto found = std::find(names.begin(), names.end(), three);
  return static_cast<std::int32_t>(found - names.begin());  // 20 is X
}

bool is_number(std::string_view field) {
  const std::size_t first = field.find_first_not_of(' ');
  if (first == std::string_view::npos) return false;
  field = field.substr(first, field.find_last_not_of(' ') - first + 1);
  if (field[0] == '-' || field[0] == '+') field.remove_prefix(1);
  bool digit = false, point = false;
  for (const char c : field) {
    if (c == '.' && !point)
      point = true;
    else if (std::isdigit(static_cast<unsigned char>(c)))
      digit = true;
    else
      return false;
  }
  return digit;
}

// gemmi reads numbers of a PDB line without checking them; this does, with the line's number.
void check_pdb_lines(std::string_view text, const std::string& place) {
  std::int64_t number = 0;
  bool atoms = false;
  while (!text.empty()) {
    ++number;
    const std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!line.starts_with("ATOM  ") && !line.starts_with("HETATM")) continue;
    atoms = true;
    const auto fail = [&](const std::string& what) {
      throw InputError(fmt::format("{}:{}", place, number), what,
                       "an ATOM record has its residue number in columns 23-26 and x, y, z in "
                       "31-38, 39-46 and 47-54");
    };
    if (line.size() < 54)
      fail(fmt::format("{} record of {} characters, it needs at least 54", line.substr(0, 6),
                       line.size()));
    for (const std::size_t column : {30u, 38u, 46u})
      if (const auto field = line.substr(column, 8); !is_number(field))
        fail(fmt::format("coordinate '{}' is no number", field));
    if (const auto field = line.substr(22, 4);
        !is_number(field) && !std::isupper(static_cast<unsigned char>(field[0])))
      fail(fmt::format("residue number '{}' is no number", field));
  }
  if (!atoms) throw InputError(place, "neither PDB (no ATOM records) nor mmCIF (no data_ block)");
}

gemmi::Structure read_pdb(const std::string& text, const std::string& place) {
  check_pdb_lines(text, place);
  try {
    return gemmi::read_pdb_from_memory(text.data(), text.size(), place);
  } catch (const std::exception& e) {
    std::smatch found;
    const std::string what = e.what();
    if (std::regex_search(what, found, std::regex("^Problem in line ([0-9]+): ([^\n]*)")))
      throw InputError(place + ":" + found[1].str(), found[2].str());
    throw InputError(place, what);
  }
}

gemmi::Structure read_mmcif(const std::string& text, const std::string& place) {
  try {
    gemmi::cif::Document document = gemmi::cif::read_memory(text.data(), text.size(), "mmCIF");
    for (gemmi::cif::Block& block : document.blocks) {
      gemmi::cif::Table table =
          block.find("_atom_site.", {"Cartn_x", "Cartn_y", "Cartn_z", "?auth_seq_id"});
      if (!table.ok()) continue;
      int line = 0;
      if (const gemmi::cif::Item* item = block.find_pair_item("_atom_site.Cartn_x"))
        line = item->line_number;
      for (const gemmi::cif::Item& item : block.items)
        if (item.type == gemmi::cif::ItemType::Loop && item.loop.has_tag("_atom_site.Cartn_x"))
          line = item.line_number;
      for (int row = 0; row < static_cast<int>(table.length()); ++row)
        for (int column = 0; column < 3; ++column)
          if (const std::string& v = table[row].at(column); std::isnan(gemmi::cif::as_number(v)))
            throw InputError(fmt::format("{}:{}", place, line),
                             fmt::format("row {} of the atom_site loop that starts here has '{}' "
                                         "for Cartn_{}, no number",
                                         row + 1, v, static_cast<char>('x' + column)));
      return gemmi::make_structure_from_block(block);
    }
  } catch (const InputError&) {
    throw;
  } catch (const std::exception& e) {
    std::smatch found;
    const std::string what = e.what();
    if (std::regex_search(what, found, std::regex("^mmCIF:([0-9]+)(:[0-9]+)?[^:]*: *([^\n]*)")))
      throw InputError(place + ":" + found[1].str(), found[3].str());
    throw InputError(place, what);
  }
  throw InputError(place, "no block of this mmCIF file has an atom_site loop with coordinates");
}

bool looks_like_mmcif(std::string_view text) {
  while (!text.empty()) {
    const std::size_t start = text.find_first_not_of(" \t\r\n");
    if (start == std::string_view::npos) return false;
    text.remove_prefix(start);
    if (text[0] != '#')
      return text.size() >= 5 && gemmi::istarts_with(std::string(text.substr(0, 5)), "data_");
    const std::size_t end = text.find('\n');
    text.remove_prefix(end == std::string_view::npos ? text.size() : end);
  }
  return false;
}

void add_residue(const gemmi::Residue& residue, ChainSites& sites, Found& found) {
  const bool selenium = residue.het_flag == 'H' && residue.name == "MSE";
  if (residue.het_flag == 'H' && !selenium) {
    ++found.left_out[residue.name];
    return;
  }
  const std::string type = residue.name == "MSE" && selenium ? "MET" : residue.name;
  const std::string insertion =
      residue.seqid.has_icode() ? std::string(1, residue.seqid.icode) : std::string();
  const auto [entry, fresh] = sites.try_emplace({*residue.seqid.num, insertion});
  Site& site = entry->second;
  if (fresh) {
    site.type = type;
    found.selenomethionines += selenium;
    if (type_index(type) == unknown_residue) ++found.unknown[type];
  } else if (site.type != type) {
    ++found.microheterogeneities;
  }
  std::array<bool, 4> here{};
  for (const gemmi::Atom& atom : residue.atoms)
    for (std::size_t i = 0; i < backbone.size(); ++i) {
      if (atom.name != backbone[i]) continue;
      if (here[i]) ++found.alternates;
      here[i] = true;
      if (site.known[i]) continue;
      site.known[i] = true;
      site.at[i] = {static_cast<float>(atom.pos.x), static_cast<float>(atom.pos.y),
                    static_cast<float>(atom.pos.z)};
    }
}

Found collect(const gemmi::Structure& read, const std::string& place) {
  Found found;
  found.models = static_cast<int>(read.models.size());
  for (const gemmi::Model& model : read.models)
    for (const gemmi::Chain& chain : model.chains) {
      if (chain.name.empty()) ++found.nameless;
      const std::string name = chain.name.empty() ? "_" : chain.name;
      for (const gemmi::Residue& residue : chain.residues) {
        if (!residue.seqid.num.has_value())
          throw InputError(
              place, fmt::format("a residue {} of chain {} has no number", residue.name, name));
        add_residue(residue, found.chains[name], found);
      }
    }
  std::erase_if(found.chains, [](const auto& c) { return c.second.empty(); });
  return found;
}

std::vector<std::string> counted(const std::map<std::string, int>& names) {
  std::vector<std::string> out;
  for (const auto& [name, count] : names) out.push_back(fmt::format("{} {}", count, name));
  return out;
}

void check_chains(const Found& found, const std::vector<std::string>& wanted,
                  const std::string& place) {
  std::vector<std::string> names;
  for (const auto& [name, sites] : found.chains) names.push_back(name);
  for (const std::string& w : wanted)
    if (!found.chains.contains(w))
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

void add_place(Structure& s, const Site* site, const ChainSpan& chain, std::string label) {
  const bool complete =
      site && std::all_of(site->known.begin(), site->known.end(), [](bool known) { return known; });
  const auto code = static_cast<std::int32_t>(s.chains.size());
  s.sequence.push_back(site ? type_index(site->type) : unknown_residue);
  s.mask.push_back(complete ? 1.0f : 0.0f);
  s.residue_index.push_back(static_cast<std::int32_t>(s.chain_code.size()) + 100 * (code - 1));
  s.chain_code.push_back(code);
  s.labels.push_back(chain.name + std::move(label));
  for (std::size_t a = 0; a < backbone.size(); ++a)
    for (std::size_t d = 0; d < 3; ++d)
      s.atoms.push_back(site && site->known[a] ? site->at[a][d] : 0.0f);
}

void add_chain(Structure& s, const std::string& name, bool designed, const ChainSites& sites,
               const std::string& place) {
  s.chains.push_back({name, s.length(), 0, designed});
  const int lowest = sites.begin()->first.first, highest = sites.rbegin()->first.first;
  if (std::int64_t{highest} - lowest >= most_places)
    throw InputError(place, fmt::format("chain {} runs from residue {} to {}: too many places to "
                                        "fill in (limit {})",
                                        name, lowest, highest, most_places));
  std::int64_t missing = 0, incomplete = 0;
  auto next = sites.begin();
  for (int number = lowest; number <= highest; ++number) {
    if (next->first.first != number) {
      ++missing;
      add_place(s, nullptr, s.chains.back(), fmt::format("{}", number));
      continue;
    }
    for (; next != sites.end() && next->first.first == number; ++next) {
      add_place(s, &next->second, s.chains.back(), fmt::format("{}{}", number, next->first.second));
      incomplete += s.mask.back() == 0.0f;
    }
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
}

void add_notes(Structure& s, const Found& found) {
  if (found.models > 1)
    s.notes.push_back(
        fmt::format("{} models: of each atom the first model that has it counts", found.models));
  if (found.alternates)
    s.notes.push_back(fmt::format(
        "{} alternate locations of backbone atoms left out: the first in the file counts",
        found.alternates));
  if (found.microheterogeneities && found.models <= 1)
    s.notes.push_back(fmt::format("{} residues are given as two types: the first counts",
                                  found.microheterogeneities));
  if (found.selenomethionines)
    s.notes.push_back(
        fmt::format("{} selenomethionines (MSE) read as methionine", found.selenomethionines));
  if (!found.unknown.empty())
    s.notes.push_back(fmt::format("residues that are none of the twenty, read as X: {}",
                                  fmt::join(counted(found.unknown), ", ")));
  if (!found.left_out.empty())
    s.notes.push_back(
        fmt::format("HETATM residues left out: {}", fmt::join(counted(found.left_out), ", ")));
  if (found.nameless) s.notes.push_back("a chain without a name is called '_'");
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
  const Found found =
      collect(looks_like_mmcif(text) ? read_mmcif(text, place) : read_pdb(text, place), place);
  if (found.chains.empty()) throw InputError(place, "no amino acids: no ATOM records of residues");
  check_chains(found, choice.chains, place);
  check_chains(found, choice.designed, place);
  const auto has = [](const std::vector<std::string>& list, const std::string& name) {
    return list.empty() || std::find(list.begin(), list.end(), name) != list.end();
  };
  std::vector<std::string> order;
  for (const auto& [name, sites] : found.chains)
    if (has(choice.chains, name)) order.push_back(name);
  std::sort(order.begin(), order.end(), [&](const std::string& a, const std::string& b) {
    return std::pair{!has(choice.designed, a), alphabet_order(a)} <
           std::pair{!has(choice.designed, b), alphabet_order(b)};
  });
  Structure s;
  s.name = stem(place);
  for (const std::string& name : order)
    add_chain(s, name, has(choice.designed, name), found.chains.at(name), place);
  add_notes(s, found);
  if (std::none_of(s.mask.begin(), s.mask.end(), [](float m) { return m != 0.0f; }))
    throw InputError(place, "no residue has all of N, CA, C and O",
                     "a trace of CA atoms alone is not enough for this model");
  return s;
}

Structure read_structure(const std::string& path, const StructureChoice& choice) {
  return parse_structure(read_file(path), path, choice);
}

}  // namespace ane::workloads::mpnn
