// Atoms as a structure's file gives them, in whichever format, gathered by chain and residue.
#pragma once
#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace ane::workloads::mpnn {

inline constexpr std::array<std::string_view, 4> backbone{"N", "CA", "C", "O"};
inline constexpr double farthest = 1e6;  // angstrom; a PDB file has room for 9999.999
inline constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

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

// Index into `alphabet` of a residue's three letters; unknown_residue for none of the twenty.
std::int32_t type_index(std::string_view three);

std::string text_of(const Key& key);  // "52B"

// A whole number of 32 bits; nothing for anything else.
std::optional<std::int64_t> whole(std::string_view field);

// The lines of a text that ends them by LF, CR LF or CR.
class Lines {
 public:
  explicit Lines(std::string_view text) : text_(text) {}
  bool next(std::string_view& line);  // false at the end
  std::int64_t number() const { return number_; }

 private:
  std::string_view text_;
  std::int64_t number_ = 0;
};

// What a file holds, gathered atom by atom by the rules of structure.h.
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
  void add(const AtomRow& a, const std::function<std::string()>& place);

 private:
  void open(ChainSites& chain, const Key& key, Site& site, const AtomRow& a, bool selenium);
  bool begins_residue(const AtomRow& a);

  std::string twice_note_;
  std::string left_residue_;
  std::set<std::string, std::less<>> left_atoms_;
};

// The atoms of a text in one of the formats; `place` names it in errors.
Collector read_pdb(std::string_view text, const std::string& place);
Collector read_mmcif(std::string_view text, const std::string& place);

// Whether the first line that says anything begins a data block.
bool looks_like_mmcif(std::string_view text);

}  // namespace ane::workloads::mpnn
