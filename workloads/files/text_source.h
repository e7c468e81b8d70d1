// Lines of a text file, plain or gzip (any number of members, hence bgzip too), in bounded memory:
// a text buffer of 1 MiB that grows only for a longer line.
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

  // The next line without its LF or CRLF, valid until the next call; nothing at the end. Throws
  // InputError for a file that cannot be read, a corrupt or truncated gzip stream, or a line longer
  // than 1 GiB.
  std::optional<std::string_view> next_line();
  std::int64_t line_number() const;  // of the line returned last, from 1
  // Text that is read but not yet returned (up to 1 MiB), for a look ahead.
  std::string_view look_ahead();
  const std::string& name() const;  // the path, or "standard input"

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ane::workloads::readqc
