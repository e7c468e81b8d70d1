// Zip archives (NumPy .npz, PyTorch .pt) and plain or gzip files, read whole into memory.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace ane::workloads {

// The bytes of a file; a gzip file (RFC 1952, also several members in a row) is decompressed.
// InputError when it cannot be read, is truncated, or would exceed `most` bytes decompressed.
std::string read_file(const std::string& path, std::uint64_t most = std::uint64_t{4} << 30);

// True when the text starts like a zip archive: "PK\3\4", or "PK\5\6" (an empty one).
bool is_zip(std::string_view bytes);

// A zip archive held in memory. Checksums are verified as members are read.
class Archive {
 public:
  // place: what to call it in errors, usually the path.
  Archive(std::string bytes, std::string place);
  ~Archive();
  Archive(Archive&&) noexcept;
  Archive& operator=(Archive&&) noexcept;

  const std::vector<std::string>& names() const { return names_; }  // in the order stored
  bool has(std::string_view name) const;
  // The bytes of one member; InputError with the nearest name when there is none, when its
  // checksum fails or when it is larger than `most`.
  std::string read(const std::string& name, std::uint64_t most = std::uint64_t{4} << 30) const;

 private:
  struct Handle;
  std::unique_ptr<Handle> handle_;
  std::vector<std::string> names_;
  std::string place_;
};

}  // namespace ane::workloads
