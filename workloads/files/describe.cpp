#include "workloads/files/describe.h"

#include <algorithm>
#include <cctype>

namespace ane::workloads {
namespace {

struct Mark {
  std::string_view start;
  FileKind kind;
};
using namespace std::string_view_literals;
constexpr Mark marks[]{
    {"version https://git-lfs."sv,
     {"a git LFS pointer, the text that stands for a file not fetched yet",
      "git lfs pull, or fetch the file itself"}},
    {"BZh"sv, {"a bzip2 file", "unpack it first: bunzip2 FILE"}},
    {"\xFD"
     "7zXZ\0"sv,
     {"an xz file", "unpack it first: unxz FILE"}},
    {"\x28\xB5\x2F\xFD"sv, {"a zstd file", "unpack it first: unzstd FILE"}},
    {"\x1F\x9D"sv, {"a file of compress (.Z)", "unpack it first: uncompress FILE"}},
    {"7z\xBC\xAF\x27\x1C"sv, {"a 7-Zip archive", "unpack it first"}},
    {"PK\3\4"sv, {"a zip archive", "unpack it first"}},
    {"\x89HDF"sv, {"an HDF5 file", ""}},
    {"\x93NUMPY"sv, {"a NumPy array (.npy)", ""}},
    {"GGUF"sv, {"a GGUF file", ""}},
    {"SQLite format 3"sv, {"an SQLite database", ""}},
    {"%PDF"sv, {"a PDF document", ""}},
    {"\xFF\xFE"sv, {"UTF-16 text", "save it as UTF-8"}},
    {"\xFE\xFF"sv, {"UTF-16 text", "save it as UTF-8"}},
};

}  // namespace

FileKind kind_of(std::string_view bytes) {
  if (bytes.empty()) return {"an empty file", "was its download cut off?"};
  for (const Mark& m : marks)
    if (bytes.starts_with(m.start)) return m.kind;
  std::string_view head = bytes.substr(0, 2048);
  if (head.size() > 262 && head.substr(257, 5) == "ustar")
    return {"a tar archive", "unpack it first: tar xf FILE"};
  if (head.find("dataBlocks") != std::string_view::npos && !head.starts_with('{'))
    return {"a BinaryCIF file", "fetch the entry as .cif"};
  if (head.starts_with("\xEF\xBB\xBF")) head.remove_prefix(3);
  const bool text = std::ranges::all_of(head, [](char c) {
    return c == '\t' || c == '\n' || c == '\r' || c == '\f' || static_cast<unsigned char>(c) >= 32;
  });
  if (!text) return {"data of an unknown kind", ""};
  head.remove_prefix(std::min(head.find_first_not_of(" \t\r\n"), head.size()));
  std::string lower(head.substr(0, 512));
  std::ranges::transform(lower, lower.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (lower.starts_with("<!doctype html") || lower.find("<html") != std::string::npos)
    return {"a web page", "the address gives a page about the file: fetch the file itself"};
  if (lower.starts_with("<?xml") || lower.starts_with("<pdbx"))
    return {"an XML document", "fetch the file in another format"};
  if (lower.starts_with('{') || lower.starts_with('['))
    return {"JSON text", "is it a server's error message in place of the file?"};
  if (lower.starts_with('>')) return {"FASTA text", ""};
  return {"plain text", ""};
}

std::string shown(std::string_view text, std::size_t most) {
  std::string out(text.substr(0, most));
  for (char& c : out)
    if (static_cast<unsigned char>(c) < 32 || static_cast<unsigned char>(c) >= 127) c = '?';
  return text.size() > most ? out + "..." : out;
}

}  // namespace ane::workloads
