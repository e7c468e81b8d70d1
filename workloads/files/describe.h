// What errors say of a file that is not what was asked for, and of texts that a file holds.
#pragma once
#include <string>
#include <string_view>

namespace ane::workloads {

struct FileKind {
  std::string_view what;  // "a web page"
  std::string_view note;  // how to get at what was meant; may be empty
};
// Told from the first bytes (of a gzip file: unpacked). "plain text" or "data of an unknown kind"
// where no mark is known, "an empty file" for no bytes.
FileKind kind_of(std::string_view bytes);

// A text of a file for one line of an error or a note: at most `most` characters, the rest as
// "..."; what a terminal could take for more than a letter becomes '?'.
std::string shown(std::string_view text, std::size_t most = 80);

}  // namespace ane::workloads
