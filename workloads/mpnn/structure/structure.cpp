#include "workloads/mpnn/structure/structure.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <gemmi/cif.hpp>
#include <gemmi/numb.hpp>
#include <map>
#include <optional>
#include <set>

#include "isa/error.h"
#include "workloads/files/archive.h"
#include "workloads/files/describe.h"

namespace ane::workloads::mpnn {
namespace {

constexpr std::array<std::string_view, 4> backbone{"N", "CA", "C", "O"};
// The largest entries of the PDB take some 500 MB as mmCIF.
constexpr std::uint64_t most_bytes = std::uint64_t{1} << 30;
constexpr double farthest = 1e6;          // angstrom; a PDB file has room for 9999.999
constexpr std::size_t longest_name = 32;  // of a chain: it is part of every residue's label

// An atom as both formats give it. Texts are of the file and live as long as its line or row.
struct AtomRow {
  std::string_view chain, segment, type, name;  // type: three letters of the residue
  std::optional<std::int64_t> number;           // of the residue
  std::string_view insertion;                   // its insertion code, empty for none
  char alternate = ' ';
  bool het = false;
  int model = 0;
  std::array<double, 3> at{};
};

// Residue number, then insertion code, in ProteinMPNN's order.
using Key = std::pair<std::int64_t, std::string>;

struct Known {
  bool known = false;
  char alternate = ' ';
  std::uint32_t visit = 0;
  std::array<float, 3> at{};
};
struct Site {
  std::string type;
  std::array<Known, 4> atoms;
  std::uint32_t visit = 0;  // raised when the file comes back to the residue
  int first_model = 0, last_model = 0;
  bool two_types = false;
};
struct ChainSites {
  std::map<Key, Site> sites;
  const Site* last = nullptr;  // where the file is
  std::optional<Key> highest;
  std::int64_t behind = 0;  // residues that stand behind a higher number or insertion code
  std::string example;      // the first of them
};

std::int32_t type_index(std::string_view three) {
  constexpr std::array<std::string_view, 20> names{"ALA", "CYS", "ASP", "GLU", "PHE", "GLY", "HIS",
                                                   "ILE", "LYS", "LEU", "MET", "ASN", "PRO", "GLN",
                                                   "ARG", "SER", "THR", "VAL", "TRP", "TYR"};
  const auto* found = std::ranges::find(names, three);
  return static_cast<std::int32_t>(found - names.begin());  // 20 is X
}

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

std::string text_of(const Key& key) {
  return fmt::format("{}{}", key.first, key.second);
}

// What a file holds, atom by atom.
class Collector {
 public:
  // A chain's own name; where it has none, its segment too.
  std::map<std::pair<std::string, std::string>, ChainSites> chains;
  std::map<std::string, std::int64_t> left_out;  // HETATM residues by name
  std::map<std::string, std::int64_t> unnumbered, unknown;
  std::int64_t selenomethionines = 0, alternates = 0, microheterogeneities = 0;
  std::int64_t repeated = 0, later = 0;  // residues of further models: given again, new
  std::set<int> models;
  std::vector<std::string> notes;  // of the format

  explicit Collector(std::string twice_note) : twice_note_(std::move(twice_note)) {}

  // place: the atom's line or row, called only for an error.
  template <class Place>
  void add(const AtomRow& a, Place place) {
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
    ChainSites& chain =
        chains[{std::string(a.chain), std::string(a.chain.empty() ? a.segment : "")}];
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
    if (again && (a.alternate == ' ' || a.alternate == known.alternate) &&
        (amino || a.name == "CA"))
      throw InputError(
          place(),
          fmt::format("residue {} of chain '{}' is given a second time: two molecules share this "
                      "chain name",
                      text_of(entry->first), a.chain.empty() ? "_" : shown(a.chain)),
          twice_note_);
    if (!other_type) ++alternates;
  }

 private:
  void open(ChainSites& chain, const Key& key, Site& site, const AtomRow& a, bool selenium) {
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
  bool begins_residue(const AtomRow& a) {
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

  std::string twice_note_;
  std::string left_residue_;
  std::set<std::string, std::less<>> left_atoms_;
};

std::string_view trimmed(std::string_view field) {
  const std::size_t first = field.find_first_not_of(' ');
  if (first == std::string_view::npos) return {};
  return field.substr(first, field.find_last_not_of(' ') - first + 1);
}

// A decimal number without exponent; nothing for anything else.
std::optional<double> coordinate(std::string_view field) {
  field = trimmed(field);
  if (field.starts_with('+')) field.remove_prefix(1);
  double v = 0;
  const auto [end, error] =
      std::from_chars(field.data(), field.data() + field.size(), v, std::chars_format::fixed);
  if (error != std::errc() || end != field.data() + field.size() || !std::isfinite(v)) return {};
  return v;
}

std::optional<std::int64_t> whole(std::string_view field) {
  if (field.starts_with('+')) field.remove_prefix(1);
  std::int32_t v = 0;
  const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), v);
  if (field.empty() || error != std::errc() || end != field.data() + field.size()) return {};
  return v;
}

// Numbers above 9999 in four columns: A000 is 10000, a000 follows ZZZZ (hybrid-36).
std::optional<std::int64_t> hybrid36(std::string_view field) {
  constexpr std::int64_t first_letter = 10 * 36 * 36 * 36;
  if (field.size() != 4 || !std::isalpha(static_cast<unsigned char>(field[0]))) return {};
  const bool upper = std::isupper(static_cast<unsigned char>(field[0]));
  std::int64_t v = 0;
  for (const char c : field) {
    const auto u = static_cast<unsigned char>(c);
    if (std::isdigit(u))
      v = v * 36 + (c - '0');
    else if (upper ? std::isupper(u) : std::islower(u))
      v = v * 36 + 10 + (c - (upper ? 'A' : 'a'));
    else
      return {};
  }
  return v - first_letter + 10'000 + (upper ? 0 : 26 * 36 * 36 * 36);
}

// The lines of a text that ends them by LF, CR LF or CR.
class Lines {
 public:
  explicit Lines(std::string_view text) : text_(text) {}
  bool next(std::string_view& line) {
    if (text_.empty()) return false;
    const std::size_t end = std::min(text_.find_first_of("\r\n"), text_.size());
    line = text_.substr(0, end);
    const bool both = text_.substr(end).starts_with("\r\n");
    text_.remove_prefix(std::min(end + (both ? 2 : 1), text_.size()));
    ++number_;
    return true;
  }
  std::int64_t number() const { return number_; }

 private:
  std::string_view text_;
  std::int64_t number_ = 0;
};

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

// Only what an atom record says of a backbone is looked at, by its columns; every other record but
// MODEL and ENDMDL is passed over.
class PdbReader {
 public:
  PdbReader(std::string_view text, const std::string& place)
      : lines_(text),
        place_(place),
        found_(
            "give each molecule a chain letter of its own (column 22); frames of one molecule "
            "stand between MODEL and ENDMDL") {}

  Collector read(std::string_view text) {
    std::string_view line;
    while (lines_.next(line)) {
      // Files that were joined can have one in the middle.
      if (line.starts_with(byte_order_mark)) line.remove_prefix(byte_order_mark.size());
      const std::string_view record = trimmed(line.substr(0, 6));
      if (record == "MODEL") {
        ++model_, closed_ = false;
      } else if (record == "ENDMDL") {
        closed_ = true;
      } else if (line.starts_with("ATOM") || line.starts_with("HETATM")) {
        if (closed_) ++model_, closed_ = false;
        found_.add(atom(line), [&] { return fmt::format("{}:{}", place_, lines_.number()); });
        atoms_ = true;
      }
    }
    if (!atoms_) {
      const FileKind kind = kind_of(text);
      throw InputError(
          place_,
          fmt::format("neither PDB (no ATOM records) nor mmCIF (no data_ block) but {}", kind.what),
          std::string(kind.note));
    }
    if (hybrid36_)
      found_.notes.push_back(
          fmt::format("{} atoms have residue numbers in hybrid-36 (A000 is 10000)", hybrid36_));
    return std::move(found_);
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw InputError(fmt::format("{}:{}", place_, lines_.number()), what,
                     "an ATOM record has its residue number in columns 23-27 and x, y, z in "
                     "31-38, 39-46 and 47-54");
  }

  AtomRow atom(std::string_view line) {
    if (line.size() < 54)
      fail(fmt::format("{} record of {} characters, it needs at least 54",
                       trimmed(line.substr(0, 6)), line.size()));
    AtomRow a;
    a.model = model_;
    a.het = line.starts_with("HETATM");
    a.name = trimmed(line.substr(12, 4));
    a.alternate = line[16];
    a.type = trimmed(line.substr(17, 3));
    a.chain = trimmed(line.substr(21, 1));
    // Assemblies of many chains have names of two letters from column 21 on; residues of four
    // letters take that column too.
    if (line[20] != ' ' && (type_index(a.type) != unknown_residue || a.type == "MSE"))
      a.chain = trimmed(line.substr(20, 2));
    if (line.size() > 72) a.segment = trimmed(line.substr(72, 4));
    number(line.substr(22, 5), a);
    for (std::size_t d = 0; d < 3; ++d) {
      const std::string_view field = line.substr(30 + 8 * d, 8);
      const auto v = coordinate(field);
      if (!v) fail(fmt::format("coordinate '{}' is no number", shown(field)));
      if (std::abs(*v) > farthest)
        fail(fmt::format("coordinate '{}' is beyond {} angstrom", shown(field), farthest));
      a.at[d] = *v;
    }
    return a;
  }

  // A letter at the end is the insertion code, as the original has it.
  void number(std::string_view columns, AtomRow& a) {
    if (const auto beyond = hybrid36(columns.substr(0, 4))) {
      ++hybrid36_;
      a.number = beyond;
      a.insertion = trimmed(columns.substr(4));
      return;
    }
    std::string_view field = trimmed(columns);
    if (!field.empty() && std::isalpha(static_cast<unsigned char>(field.back()))) {
      a.insertion = field.substr(field.size() - 1);
      field = trimmed(field.substr(0, field.size() - 1));
    }
    a.number = whole(field);
    if (!a.number && !a.het) fail(fmt::format("residue number '{}' is no number", shown(columns)));
  }

  Lines lines_;
  const std::string& place_;
  Collector found_;
  int model_ = 0;
  bool closed_ = false, atoms_ = false;
  std::int64_t hybrid36_ = 0;
};

// The atom_site loop of a block, by the authors' columns, else by those of the label.
class MmcifReader {
 public:
  MmcifReader(gemmi::cif::Block& block, const std::string& place)
      : block_(block),
        table_(block.find("_atom_site.",
                          {"Cartn_x", "Cartn_y", "Cartn_z", "?group_PDB", "?pdbx_PDB_model_num",
                           "?pdbx_PDB_ins_code", "?label_alt_id", "?auth_asym_id", "?label_asym_id",
                           "?auth_seq_id", "?label_seq_id", "?auth_comp_id", "?label_comp_id",
                           "?auth_atom_id", "?label_atom_id"})),
        place_(place) {}

  std::int64_t atoms() { return table_.ok() ? static_cast<std::int64_t>(table_.length()) : 0; }

  std::string chain_names() {
    std::set<std::string> names;
    const Column asym = either(auth_asym, label_asym);
    for (const auto row : table_) names.insert(text(row, asym));
    std::string out;
    int count = 0;
    for (const std::string& name : names)
      if (++count <= 8) out += (out.empty() ? "" : ", ") + shown(name, 8);
    return count > 8 ? fmt::format("{} and {} more", out, count - 8) : out;
  }

  Collector read() {
    line_ = 0;
    if (const gemmi::cif::Item* item = block_.find_pair_item("_atom_site.Cartn_x"))
      line_ = item->line_number;
    for (const gemmi::cif::Item& item : block_.items)
      if (item.type == gemmi::cif::ItemType::Loop && item.loop.has_tag("_atom_site.Cartn_x"))
        line_ = item.line_number;
    Collector found("give each molecule a chain name of its own (auth_asym_id)");
    asym_ = either(auth_asym, label_asym);
    seq_ = either(auth_seq, label_seq);
    comp_ = either(auth_comp, label_comp);
    atom_ = either(auth_atom, label_atom);
    for (const auto& [column, what] : {std::pair{seq_, "auth_seq_id nor label_seq_id"},
                                       {comp_, "auth_comp_id nor label_comp_id"},
                                       {atom_, "auth_atom_id nor label_atom_id"}})
      if (!table_.has_column(column))
        throw InputError(at(),
                         fmt::format("the atom_site loop that starts here has neither {}", what));
    std::map<std::string, int> models;
    for (const auto row : table_) {
      ++row_;
      add(row, models, found);
    }
    return found;
  }

 private:
  enum Column {
    x,
    y,
    z,
    group,
    model,
    ins_code,
    alt,
    auth_asym,
    label_asym,
    auth_seq,
    label_seq,
    auth_comp,
    label_comp,
    auth_atom,
    label_atom
  };

  std::string at() const { return fmt::format("{}:{}", place_, line_); }
  std::string row_text() const {
    return fmt::format("row {} of the atom_site loop that starts here", row_);
  }

  template <class Row>
  std::string text(const Row& row, Column c) {
    return table_.has_column(c) ? gemmi::cif::as_string(row[c]) : std::string();
  }

  // The authors' column where it says anything, else that of the label.
  Column either(Column authors, Column label) {
    if (table_.has_column(authors))
      for (const auto row : table_)
        if (!gemmi::cif::is_null(row[authors])) return authors;
    return label;
  }

  template <class Row>
  void add(const Row& row, std::map<std::string, int>& models, Collector& found) {
    AtomRow a;
    const std::string chain = text(row, asym_), type = text(row, comp_), name = text(row, atom_),
                      insertion = text(row, ins_code), alternate = text(row, alt),
                      number = text(row, seq_);
    a.chain = chain, a.type = type, a.name = name, a.insertion = insertion;
    if (!alternate.empty()) a.alternate = alternate[0];
    a.het = table_.has_column(group) ? gemmi::cif::as_string(row[group]) == "HETATM"
                                     : type_index(type) == unknown_residue;
    a.model = models.try_emplace(text(row, model), static_cast<int>(models.size())).first->second;
    for (const Column d : {x, y, z}) {
      const double v = gemmi::cif::as_number(row[d]);
      const auto axis = static_cast<char>('x' + d);
      if (!std::isfinite(v))
        throw InputError(at(), fmt::format("{} has '{}' for Cartn_{}, no number", row_text(),
                                           shown(row[d]), axis));
      if (std::abs(v) > farthest)
        throw InputError(at(), fmt::format("{} has {} for Cartn_{}, beyond {} angstrom", row_text(),
                                           shown(row[d]), axis, farthest));
      a.at[static_cast<std::size_t>(d)] = v;
    }
    a.number = whole(number);
    if (!a.number && !number.empty())
      throw InputError(at(), fmt::format("{} has the residue number '{}', no whole number",
                                         row_text(), shown(number)));
    found.add(a, [&] { return fmt::format("{} (row {} of atom_site)", at(), row_); });
  }

  gemmi::cif::Block& block_;
  gemmi::cif::Table table_;
  const std::string& place_;
  Column asym_ = auth_asym, seq_ = auth_seq, comp_ = auth_comp, atom_ = auth_atom;
  int line_ = 0;
  std::int64_t row_ = 0;
};

// A message of the library, "mmCIF:3:1(20): what", with the place of ours.
[[noreturn]] void fail_by_library(std::string_view what, const std::string& place) {
  constexpr std::string_view source = "mmCIF:";
  std::string where = place;
  if (what.starts_with(source)) {
    what.remove_prefix(source.size());
    const std::size_t digits = std::min(what.find_first_not_of("0123456789"), what.size());
    if (digits > 0) where += fmt::format(":{}", what.substr(0, digits));
    what.remove_prefix(digits);
    if (const std::size_t text = what.find(": "); text < 40) what.remove_prefix(text + 2);
  }
  throw InputError(where, fmt::format("broken mmCIF: {}", shown(what)));
}

Collector read_mmcif(std::string_view text, const std::string& place) {
  std::optional<Collector> found;
  try {
    gemmi::cif::Document document = gemmi::cif::read_memory(text.data(), text.size(), "mmCIF");
    std::string read_block;
    std::vector<std::string> others;
    for (gemmi::cif::Block& block : document.blocks) {
      MmcifReader reader(block, place);
      if (reader.atoms() == 0) continue;
      if (!found) {
        read_block = block.name;
        found = reader.read();
      } else {
        others.push_back(fmt::format("'{}' ({} atoms of chains {})", shown(block.name, 32),
                                     reader.atoms(), reader.chain_names()));
      }
    }
    if (!others.empty()) {
      const std::size_t more = others.size() > 4 ? others.size() - 4 : 0;
      others.resize(others.size() - more);
      found->notes.push_back(
          fmt::format("of the data blocks with atoms the first, '{}', is read; left out: {}{}",
                      shown(read_block, 32), fmt::join(others, ", "),
                      more ? fmt::format(" and {} more", more) : ""));
    }
  } catch (const InputError&) {
    throw;
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception& e) {
    fail_by_library(e.what(), place);
  }
  if (!found)
    throw InputError(place, "no block of this mmCIF file has an atom_site loop with coordinates");
  return std::move(*found);
}

bool looks_like_mmcif(std::string_view text) {
  Lines lines(text);
  std::string_view line;
  while (lines.next(line)) {
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
    if (line.empty() || line[0] == '#') continue;
    return line.size() >= 5 && gemmi::istarts_with(std::string(line.substr(0, 5)), "data_");
  }
  return false;
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
  Collector found =
      looks_like_mmcif(body) ? read_mmcif(body, place) : PdbReader(body, place).read(body);
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
