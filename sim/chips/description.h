// A description in JSON of something the simulator models (a chip, a runtime): a tree of named
// parameters, each with its unit, source and kind, and perhaps an ancestor it differs from.
//
//   {"name": "M1Pro", "inherits": "M1", "aliases": ["M1 Pro"], "about": {"process": "TSMC N5"},
//    "gpu": {"cores": {"value": 16, "kind": "published", "source": "S4"}},
//    "ane": {"clock": {"value": 1.428, "unit": "GHz", "kind": "published", "source": "S1,S2"}}}
//
// kind: measured (by the source), published (by the maker), derived (`from` says from what, as a
// product or quotient that a test recomputes), assumed (`note` says why), fitted (against measured
// rows, carries `low` and `high`). `free: true` marks what a calibration may move. `source` are ids
// of docs/sources.md. What a chip takes from another chip is of the kind inherited, unless it was
// assumed there or is derived anew; a binned variant ("M4-8c" of M4) is the same die and no other
// chip. `without` lists parameters of the ancestor that do not hold here;
// `inherited_kind` and `inherited_note` restate all that do. A key that nobody reads is an error,
// never skipped.
#pragma once
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ane::sim {

// Its texts live as long as the program (kept), so that a chip with one value changed, of which
// bands make hundreds, is cheap.
struct Parameter {
  double value = 0;                  // in the base unit of its dimension (unit_text.h)
  std::string_view unit;             // as the file writes it, for people
  double scale = 1;                  // one `unit` in base units
  std::string_view dimension = "1";  // "Hz", "B/s", ...
  std::string_view kind, source;     // "set" and "--set" when the user has overridden it
  std::string_view kind_there;       // of an inherited value: what it is on the chip that it is of
  std::string_view note, from;
  std::optional<double> low, high;  // base units; the band of a fitted or uncertain value
  bool free = false;                // calibration may move it
  std::string_view place;           // "M1.json:12"; says from which file a value is inherited
  std::optional<double> stock{};    // what `--set` replaced
};
// A copy of the text that lives as long as the program; equal texts share one.
std::string_view kept(std::string_view text);

struct DataFile {
  std::string_view folder, name, text;  // "chips", "M1", its JSON
};
// The descriptions built into the program.
const std::vector<DataFile>& data_files();

struct Description {
  std::string name;
  std::vector<std::string> aliases;                          // of this file only, never inherited
  std::map<std::string, std::string> about;                  // words: process, year, memory type
  std::map<std::string, Parameter, std::less<>> parameters;  // by full path: "ane.clock"
  // As its file has it, where values were changed since; empty: nothing was.
  std::shared_ptr<const Description> sold{};

  const Parameter& at(std::string_view path) const;  // InputError with the nearest path
  bool has(std::string_view path) const;
};

// The names of a folder's built-in descriptions, in natural order (M2 before M10).
std::vector<std::string> description_names(std::string_view folder);

// By name, alias (case, blanks, '-' and '_' do not matter) or as a path of a file that ends in
// ".json". what: "chip" or "runtime", for messages. InputError with file:line and key path.
Description load_description(std::string_view folder, std::string_view what, std::string_view name);

// Applies "path.to.value=12 GHz". A bare number is in the base unit. InputError for an unknown
// path, a wrong unit or no number. Ranges are checked by whoever binds the parameters.
// What stands there already is no override, unless it is derived: set, it stays.
void apply_override(Description& d, std::string_view setting);
// Before the first change of a value by other means: keeps what the file has as `sold`.
void keep_sold(Description& d);
// The overrides of a description in one form, "ane.l2=4MiB memory.capacity=16GiB", however they
// were written: equal texts are equal overrides.
std::string overrides_text(const Description& d);

// All other names of a folder's descriptions: {"iPhone 15 Pro", "A17Pro"}, in the order of
// description_names.
std::vector<std::pair<std::string, std::string>> description_aliases(std::string_view folder);
// The letters and digits of a name in lower case: "M1 Max (24c)" and "m1max-24C" are one.
std::string folded_name(std::string_view name);

}  // namespace ane::sim
