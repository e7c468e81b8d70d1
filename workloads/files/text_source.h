// Lines of a text file, plain or gzip (any number of members, hence bgzip too), in bounded memory:
// a text buffer of 1 MiB that grows only for a longer line, up to 256 MiB: a chromosome is a line
// of 250 million bases, and nothing longer is sequenced in one piece.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace ane::workloads::readqc {

class TextSource {
 public:
  // "-" is standard input. Compression is told from the first bytes, not from the name.
  explicit TextSource(const std::string& path);
  ~TextSource();
  TextSource(TextSource&&) noexcept;
  TextSource& operator=(TextSource&&) noexcept;

  // The next line without its end, valid until the next call; nothing at the end. Throws InputError
  // for a file that cannot be read, a corrupt or truncated gzip stream, or a line longer than 256
  // MiB.
  std::optional<std::string_view> next_line();
  // All that is at hand of the text, lines or not, at most the buffer; empty at the end.
  std::string_view next_bytes();
  std::int64_t line_number() const;  // of the line returned last, from 1
  // What ends the lines: LF, with or without CRs in front of it, or CR alone, as on Macs before
  // 2001; told from the first line. A line may hold the other one inside, for the caller to refuse.
  char line_end();
  // Text that is read but not yet returned (up to 1 MiB), for a look ahead.
  std::string_view look_ahead();
  const std::string& name() const;  // the path, or "standard input"
  bool gzip() const;
  // True once the last line is given, of a file in blocks of bgzip without the empty block that
  // bgzip writes last (SAM specification 4.1.2): the file may be cut off between two blocks, which
  // no checksum tells.
  bool ends_without_bgzip_mark() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// `line` without the CRs and LFs at its end.
std::string_view without_end(std::string_view line);

}  // namespace ane::workloads::readqc
