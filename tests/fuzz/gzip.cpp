// Gzip in its two readers, by lines and as a whole: what both take must be the same text.
#include "isa/error.h"
#include "tests/fuzz/packed.h"
#include "workloads/files/archive.h"
#include "workloads/files/text_source.h"

namespace ane::fuzz {
namespace {

// The lines, each behind a mark: how they end is the text's own affair.
std::string by_lines(const std::string& path) {
  workloads::readqc::TextSource source(path);
  std::string lines;
  while (const auto line = source.next_line()) lines += std::string(*line) + '\n';
  source.ends_without_bgzip_mark();
  return lines;
}

std::string with_line_end(std::string text) {
  if (!text.empty() && text.back() != '\n') text += '\n';
  return text;
}

}  // namespace

void read(std::string_view bytes) {
  Choices choices(bytes);
  const bool as_it_is = choices.flag();
  const File file(as_it_is ? std::string(choices.rest()) : packed(choices));
  std::string whole;
  bool refused = false;
  try {
    whole = workloads::read_file(file.path());
  } catch (const InputError&) {
    refused = true;
  }
  const std::string lines = by_lines(file.path());
  require(!refused, "read by lines, refused as a whole");
  if (whole.find('\r') == std::string::npos)
    require(lines == with_line_end(whole), "another text by lines than as a whole");
}

std::vector<std::string> seeds() {
  const std::string text = "first line\nsecond\n\nlast without an end";
  return {"\1" + gzip_member(text),
          "\1" + gzip_member(text) + gzip_member("more\n") + std::string(3, '\0'),
          "\1" + bgzip_block(text) + bgzip_block(""),
          "\1" + bgzip_block(text),
          "\1plain\ntext\n",
          std::string("\0\0\1first\nsecond\r\nthird\rfourth\n", 30),
          std::string("\0\4\1first\nsecond\3\1more\n\7\1xxxx", 27)};
}

}  // namespace ane::fuzz
