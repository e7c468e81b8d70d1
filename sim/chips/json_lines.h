// JSON as a flat list of its scalars, each with its path and line: what is needed to say
// `M1.json:12: ane.clock: ...` to whoever edits a data file.
#pragma once
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace ane::sim {

struct JsonScalar {
  std::vector<std::string> path;  // keys from the root; array elements by their index
  std::variant<double, bool, std::string> value;
  int line = 0;
};

// place: the file's name for messages. InputError "place:line" for text that is no JSON object, for
// a key given twice, for null, and for what is nested more than 16 deep or has a key of more than
// 256 bytes.
std::vector<JsonScalar> parse_json_lines(std::string_view text, const std::string& place);

}  // namespace ane::sim
