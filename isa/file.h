// Files as wholes: read to their end, written whole or not at all. Every fault is an InputError at
// the path that says what the system said.
#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace ane {

// All bytes of a file, a pipe or a device. More than `most` of them are an error: a device may have
// no end.
std::string read_file(const std::string& path, std::uint64_t most = std::uint64_t{4} << 30);

// `size` bytes of a regular file from byte `offset` on. InputError where it ends before.
std::string read_range(const std::string& path, std::uint64_t offset, std::uint64_t size);

// The bytes appear under this name all at once, or what was there before stays: they are written
// beside it, brought to the disk and renamed. The mode of a file that is there is kept, one that is
// write-protected is an error. Links are followed; a device, a pipe or what standard output goes to
// is written directly. What a writer that was killed left beside it, .anesim-*.part, is removed.
void write_file(const std::string& path, std::string_view bytes);

// The same for bytes that come in pieces: until commit() nothing stands under the name, and without
// it nothing ever does. A device or a pipe has each piece at once.
class OutputFile {
 public:
  explicit OutputFile(const std::string& path);
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;
  void write(std::string_view bytes);
  void commit();  // once, after the last write

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// "did you mean 'reads.fastq.gz'?" for a file that is not there, of those beside it; else nothing.
std::string near_file_note(const std::string& path);

// Two names of one regular file, also by links.
bool same_file(const std::string& a, const std::string& b);

// InputError at the output where it is one of the inputs or cannot be written, as far as that is
// known beforehand; to be called before any work. Leaves nothing behind.
void check_output_file(const std::string& output, std::span<const std::string> inputs);

}  // namespace ane
