#include <fmt/format.h>

#include <cctype>
#include <charconv>
#include <cmath>

#include "isa/error.h"
#include "workloads/files/archive.h"
#include "workloads/files/describe.h"
#include "workloads/mpnn/structure/atoms.h"
#include "workloads/mpnn/structure/structure.h"

namespace ane::workloads::mpnn {
namespace {

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

}  // namespace

Collector read_pdb(std::string_view text, const std::string& place) {
  return PdbReader(text, place).read(text);
}

}  // namespace ane::workloads::mpnn
