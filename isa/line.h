// One line of assembler text as words: separated by blanks, ended by `;` or `#`. A word that holds
// anything but letters, digits and _ . / : + - , @ stands in double quotes, with \" \\ and \xHH
// inside.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace ane::isa {

struct Word {
  std::string name, value;  // "kw=3": name and value; "conv": name only
  bool has_value = false;
};

// Errors: InputError at `place` for a quote that does not end, an unknown escape, a stray letter.
std::vector<Word> split_line(std::string_view line, const std::string& place);

// `text` as a word that split_line() reads back.
std::string quoted(std::string_view text);

}  // namespace ane::isa
