// Zip archives (NumPy .npz, PyTorch .pt) and plain or gzip files, read whole into memory.
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace ane::workloads {

// The most bytes that a file of `packed` bytes may unpack to. Text and weights shrink to a fourth
// at best; what shrinks to less than a 64th is made to fill the memory.
constexpr std::uint64_t most_unpacked(std::uint64_t packed) {
  return (std::uint64_t{64} << 20) + 64 * packed;
}

// The bytes of a file; a gzip file (RFC 1952, also several members in a row) is decompressed.
// InputError when it cannot be read, is truncated, or would exceed `most` bytes decompressed or
// most_unpacked of the file's size.
std::string read_file(const std::string& path, std::uint64_t most = std::uint64_t{4} << 30);

// True when the text starts like a zip archive: "PK\3\4", or "PK\5\6" (an empty one).
bool is_zip(std::string_view bytes);

// A zip archive held in memory. Checksums are verified as members are read.
class Archive {
 public:
  // place: what to call it in errors, usually the path. InputError for a broken archive, one of
  // more than 100,000 members, a member that is there twice, and members that would unpack to more
  // than most_unpacked of the archive's size.
  Archive(std::string bytes, std::string place);

  const std::vector<std::string>& names() const { return names_; }  // in the order stored
  bool has(std::string_view name) const;
  // The bytes that a member unpacks to; InputError with the nearest name when there is none.
  std::uint64_t size(const std::string& name) const;
  // The bytes of one member; InputError as above, and when its checksum fails.
  std::string read(const std::string& name) const;

 private:
  struct Member {
    std::uint64_t at = 0, packed = 0, size = 0;  // where its data stand, and how many bytes
    std::uint32_t checksum = 0;                  // CRC-32
    unsigned method = 0;                         // APPNOTE.TXT 4.4.5
    bool encrypted = false;
  };
  const Member& member(const std::string& name) const;

  std::string bytes_;
  std::vector<std::string> names_;
  std::map<std::string, Member, std::less<>> members_;
  std::string place_;
};

}  // namespace ane::workloads
