// Text written to a file piece by piece, gzip where the name ends in .gz, in bounded memory. The
// file appears whole or not at all.
#pragma once
#include <memory>
#include <string>
#include <string_view>

namespace ane::workloads {

class TextSink {
 public:
  // InputError at the path where it cannot be written.
  explicit TextSink(const std::string& path);
  ~TextSink();
  TextSink(TextSink&&) noexcept;
  TextSink& operator=(TextSink&&) noexcept;
  void write(std::string_view text);
  void finish();  // once, after the last write: the file is there

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// "reads.tsv.gz" without ".gz": what the name says of the text.
std::string_view without_gz(std::string_view path);

}  // namespace ane::workloads
