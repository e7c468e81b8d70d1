#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <cmath>

#include "isa/error.h"
#include "workloads/files/describe.h"
#include "workloads/mpnn/structure/atom_site.h"
#include "workloads/mpnn/structure/atoms.h"
#include "workloads/mpnn/structure/structure.h"

namespace ane::workloads::mpnn {
namespace {

// The atom_site loop of a block, by the authors' columns, else by those of the label.
class MmcifReader {
 public:
  MmcifReader(const AtomSite& site, const std::string& place) : site_(site), place_(place) {}

  std::string chain_names() {
    std::set<std::string> names;
    const AtomSite::Column asym = either(AtomSite::auth_asym, AtomSite::label_asym);
    for (std::size_t row = 0; row < site_.rows; ++row) names.insert(site_.text(row, asym));
    std::string out;
    int count = 0;
    for (const std::string& name : names)
      if (++count <= 8) out += (out.empty() ? "" : ", ") + shown(name, 8);
    return count > 8 ? fmt::format("{} and {} more", out, count - 8) : out;
  }

  Collector read() {
    Collector found("give each molecule a chain name of its own (auth_asym_id)");
    asym_ = either(AtomSite::auth_asym, AtomSite::label_asym);
    seq_ = either(AtomSite::auth_seq, AtomSite::label_seq);
    comp_ = either(AtomSite::auth_comp, AtomSite::label_comp);
    atom_ = either(AtomSite::auth_atom, AtomSite::label_atom);
    for (const auto& [column, what] : {std::pair{seq_, "auth_seq_id nor label_seq_id"},
                                       {comp_, "auth_comp_id nor label_comp_id"},
                                       {atom_, "auth_atom_id nor label_atom_id"}})
      if (!site_.has(column))
        throw InputError(at(),
                         fmt::format("the atom_site loop that starts here has neither {}", what));
    std::map<std::string, int> models;
    for (row_ = 0; row_ < site_.rows; ++row_) add(models, found);
    return found;
  }

 private:
  std::string at() const { return fmt::format("{}:{}", place_, site_.line); }
  std::string row_text() const {
    return fmt::format("row {} of the atom_site loop that starts here", row_ + 1);
  }

  // The authors' column where it says anything, else that of the label.
  AtomSite::Column either(AtomSite::Column authors, AtomSite::Column label) const {
    for (std::size_t row = 0; row < site_.rows; ++row)
      if (site_.says(row, authors)) return authors;
    return label;
  }

  std::string text(AtomSite::Column c) const { return site_.text(row_, c); }

  void add(std::map<std::string, int>& models, Collector& found) const {
    AtomRow a;
    const std::string chain = text(asym_), type = text(comp_), name = text(atom_),
                      insertion = text(AtomSite::ins_code), alternate = text(AtomSite::alt),
                      number = text(seq_);
    a.chain = chain, a.type = type, a.name = name, a.insertion = insertion;
    if (!alternate.empty()) a.alternate = alternate[0];
    a.het = site_.has(AtomSite::group) ? text(AtomSite::group) == "HETATM"
                                       : type_index(type) == unknown_residue;
    a.model =
        models.try_emplace(text(AtomSite::model), static_cast<int>(models.size())).first->second;
    for (const AtomSite::Column d : {AtomSite::x, AtomSite::y, AtomSite::z}) {
      const double v = site_.number(row_, d);
      const auto axis = static_cast<char>('x' + d);
      if (!std::isfinite(v))
        throw InputError(at(), fmt::format("{} has '{}' for Cartn_{}, no number", row_text(),
                                           shown(site_.raw(row_, d)), axis));
      if (std::abs(v) > farthest)
        throw InputError(at(), fmt::format("{} has {} for Cartn_{}, beyond {} angstrom", row_text(),
                                           shown(site_.raw(row_, d)), axis, farthest));
      a.at[static_cast<std::size_t>(d)] = v;
    }
    a.number = whole(number);
    if (!a.number && !number.empty())
      throw InputError(at(), fmt::format("{} has the residue number '{}', no whole number",
                                         row_text(), shown(number)));
    found.add(a, [&] { return fmt::format("{} (row {} of atom_site)", at(), row_ + 1); });
  }

  const AtomSite& site_;
  const std::string& place_;
  AtomSite::Column asym_ = AtomSite::auth_asym, seq_ = AtomSite::auth_seq,
                   comp_ = AtomSite::auth_comp, atom_ = AtomSite::auth_atom;
  std::size_t row_ = 0;
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

}  // namespace

Collector read_mmcif(std::string_view text, const std::string& place) {
  std::optional<Collector> found;
  try {
    const AtomSites sites(text);
    std::string read_block;
    std::vector<std::string> others;
    for (const AtomSite& site : sites.blocks()) {
      MmcifReader reader(site, place);
      if (!found) {
        read_block = site.name;
        found = reader.read();
      } else {
        others.push_back(fmt::format("'{}' ({} atoms of chains {})", shown(site.name, 32),
                                     site.rows, reader.chain_names()));
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
    constexpr std::string_view block = "data_";
    return std::ranges::equal(line.substr(0, block.size()), block, [](char a, char b) {
      return std::tolower(static_cast<unsigned char>(a)) == b;
    });
  }
  return false;
}

}  // namespace ane::workloads::mpnn
