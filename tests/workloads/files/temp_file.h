// Files that tests make: as long as the object lives, plain, gzip and bgzip.
#pragma once
#include <gtest/gtest.h>
#include <unistd.h>
#include <zlib.h>

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <string>

namespace ane::workloads {

class TempFile {
 public:
  explicit TempFile(const std::string& bytes)
      : path_(std::filesystem::temp_directory_path() /
              ("anesim_test_" + std::to_string(::getpid()) + "_" + std::to_string(count_++))) {
    std::ofstream(path_, std::ios::binary) << bytes;
  }
  TempFile(const TempFile&) = delete;
  TempFile& operator=(const TempFile&) = delete;
  ~TempFile() { std::filesystem::remove(path_); }
  std::string path() const { return path_.string(); }

 private:
  static inline int count_ = 0;
  std::filesystem::path path_;
};

// One member (RFC 1952); with an extra field where `extra` is not empty.
inline std::string gzip_member(const std::string& text, std::string extra = "") {
  z_stream s{};
  EXPECT_EQ(deflateInit2(&s, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  gz_header header{};
  header.extra = reinterpret_cast<unsigned char*>(extra.data());
  header.extra_len = static_cast<uInt>(extra.size());
  if (!extra.empty()) {
    EXPECT_EQ(deflateSetHeader(&s, &header), Z_OK);
  }
  std::string out(compressBound(static_cast<uLong>(text.size())) + 64 + extra.size(), '\0');
  s.next_in = reinterpret_cast<unsigned char*>(const_cast<char*>(text.data()));
  s.avail_in = static_cast<uInt>(text.size());
  s.next_out = reinterpret_cast<unsigned char*>(out.data());
  s.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&s, Z_FINISH), Z_STREAM_END);
  out.resize(s.total_out);
  deflateEnd(&s);
  return out;
}

// A block of bgzip (SAM specification 4.1): the size of the block, less one, in a subfield 'BC'.
inline std::string bgzip_block(const std::string& text) {
  std::string block = gzip_member(text, std::string("BC\2\0\0\0", 6));
  const std::size_t size = block.size() - 1;
  block[16] = static_cast<char>(size & 0xff);
  block[17] = static_cast<char>(size >> 8);
  return block;
}
// The empty block that bgzip writes last.
inline std::string bgzip_end() {
  return bgzip_block("");
}

}  // namespace ane::workloads
