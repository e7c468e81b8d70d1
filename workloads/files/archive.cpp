#include "workloads/files/archive.h"

#include <fmt/format.h>
#include <minizip/unzip.h>
#include <zlib.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <limits>
#include <memory>
#include <new>
#include <system_error>

#include "isa/error.h"
#include "workloads/files/describe.h"
#include "workloads/files/text_source.h"

namespace ane::workloads {

std::string read_file(const std::string& path, std::uint64_t most) {
  std::error_code code;
  if (std::filesystem::is_directory(path, code))
    throw InputError(path, "is a directory, not a file");
  // Standard input is for text alone: here "-" is a file of that name.
  readqc::TextSource source(path == "-" ? "./-" : path);
  // What is no regular file, such as a pipe, has no size to compare with.
  const std::uint64_t packed = std::filesystem::file_size(path, code);
  const bool sized = !code;
  if (!sized) most = std::min(most, std::uint64_t{1} << 30);
  std::string bytes;
  for (;;) {
    const std::string_view more = source.next_bytes();
    if (more.empty()) return bytes;
    bytes += more;
    if (bytes.size() > most) throw InputError(path, fmt::format("larger than {} bytes", most));
    if (sized && bytes.size() > most_unpacked(packed))
      throw InputError(path,
                       fmt::format("{} bytes of gzip that unpack to more than {}", packed,
                                   most_unpacked(packed)),
                       "no structure and no weights shrink that much: was the file made to fill "
                       "the memory?");
  }
}

bool is_zip(std::string_view bytes) {
  return bytes.starts_with("PK\3\4") || bytes.starts_with("PK\5\6");
}

namespace {

// An archive in memory, as minizip asks for a file. Nothing outside of it is ever answered: where
// an archive points beyond its own end, the read comes back short, and that is an error. Without
// one minizip takes the end of a file for zeros.
struct Memory {
  std::string_view bytes;
  std::uint64_t at = 0;
  bool ended = false;
};
Memory& memory_of(voidpf stream) {
  return *static_cast<Memory*>(stream);
}

voidpf open_memory(voidpf memory, const void*, int) {
  return memory;
}
uLong read_memory(voidpf, voidpf stream, void* to, uLong size) {
  Memory& m = memory_of(stream);
  const std::size_t count = std::min<std::uint64_t>(size, m.bytes.size() - m.at);
  std::memcpy(to, m.bytes.data() + m.at, count);
  m.at += count;
  m.ended = m.ended || count < size;
  return count;
}
ZPOS64_T tell_memory(voidpf, voidpf stream) {
  return memory_of(stream).at;
}
// `offset` of SEEK_CUR may be negative: the sum wraps around, as minizip means it.
long seek_memory(voidpf, voidpf stream, ZPOS64_T offset, int origin) {
  Memory& m = memory_of(stream);
  const std::uint64_t from = origin == ZLIB_FILEFUNC_SEEK_SET   ? 0
                             : origin == ZLIB_FILEFUNC_SEEK_END ? m.bytes.size()
                                                                : m.at;
  if (from + offset > m.bytes.size()) return -1;
  m.at = from + offset;
  return 0;
}
int close_memory(voidpf, voidpf) {
  return 0;
}
int error_of_memory(voidpf, voidpf stream) {
  return memory_of(stream).ended ? 1 : 0;
}

constexpr unsigned stored = 0, deflated = 8, bzipped = 12;  // methods that minizip knows

// Where a field of 32 bits holds this, an extra field has 64 (APPNOTE.TXT 4.5.3). minizip 1.1
// leaves the sizes as they are.
constexpr std::uint64_t elsewhere = 0xffff'ffff;

std::uint64_t little(std::string_view bytes, std::size_t at, std::size_t count) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < count && at + i < bytes.size(); ++i)
    value |= std::uint64_t{static_cast<unsigned char>(bytes[at + i])} << (8 * i);
  return value;
}

void read_zip64(std::string_view extra, unz_file_info64& info) {
  while (extra.size() >= 4) {
    const std::uint64_t id = little(extra, 0, 2), size = little(extra, 2, 2);
    std::string_view field = extra.substr(4, size);
    for (ZPOS64_T* value : {&info.uncompressed_size, &info.compressed_size})
      if (id == 1 && *value == elsewhere && field.size() >= 8) {
        *value = little(field, 0, 8);
        field.remove_prefix(8);
      }
    extra.remove_prefix(std::min<std::size_t>(extra.size(), 4 + size));
  }
}

InputError broken(const std::string& place, const std::string& what) {
  return InputError(place, "broken zip archive: " + what,
                    "the file is truncated or damaged; fetch it again");
}

std::uint32_t checksum_of(std::string_view bytes) {
  return static_cast<std::uint32_t>(
      crc32_z(0, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()));
}

// `packed` inflated to exactly `size` bytes, or what is wrong with it.
std::string inflated(std::string_view packed, std::uint64_t size, std::string& wrong) {
  z_stream z{};
  // Negative: no header, and its checksum is the archive's.
  if (inflateInit2(&z, -MAX_WBITS) != Z_OK) throw std::bad_alloc();
  const std::unique_ptr<z_stream, int (*)(z_stream*)> end(&z, inflateEnd);
  std::string bytes(size, '\0');
  // One byte more than the member may have, so that a longer one is found.
  char beyond = 0;
  std::uint64_t taken = 0, made = 0;
  int status = Z_OK;
  while (status == Z_OK && made <= size) {
    constexpr std::uint64_t most = std::numeric_limits<uInt>::max();
    // zlib does not write there.
    z.next_in = reinterpret_cast<unsigned char*>(const_cast<char*>(packed.data())) + taken;
    z.avail_in = static_cast<uInt>(std::min(packed.size() - taken, most));
    const bool whole = made == size;
    z.next_out = reinterpret_cast<unsigned char*>(whole ? &beyond : bytes.data() + made);
    const auto room = static_cast<uInt>(whole ? 1 : std::min(size - made, most));
    z.avail_out = room;
    const uInt offered = z.avail_in;
    status = inflate(&z, Z_NO_FLUSH);
    taken += offered - z.avail_in;
    made += room - z.avail_out;
  }
  if (status == Z_DATA_ERROR || status == Z_NEED_DICT)
    wrong = fmt::format("Zlib error: {}", zError(status));
  else if (status == Z_BUF_ERROR || (status == Z_STREAM_END && made < size))
    wrong = "Unexpected end of file";
  else if (status == Z_MEM_ERROR)
    throw std::bad_alloc();
  else if (made != size)
    wrong = "longer than the archive says";
  return bytes;
}

}  // namespace

// minizip reads the directory and holds each member's own header against it; the data lie in memory
// already, and are taken from there.
Archive::Archive(std::string bytes, std::string place)
    : bytes_(std::move(bytes)), place_(std::move(place)) {
  // Nothing stands in front of the end of an empty archive, where minizip does not look for it.
  constexpr std::size_t size_of_end = 22;
  if (bytes_.starts_with("PK\5\6") && bytes_.size() >= size_of_end && little(bytes_, 4, 8) == 0 &&
      little(bytes_, 12, 4) == 0)
    return;
  Memory memory{.bytes = bytes_};
  zlib_filefunc64_def calls{.zopen64_file = open_memory,
                            .zread_file = read_memory,
                            .zwrite_file = nullptr,
                            .ztell64_file = tell_memory,
                            .zseek64_file = seek_memory,
                            .zclose_file = close_memory,
                            .zerror_file = error_of_memory,
                            .opaque = &memory};
  const std::unique_ptr<void, int (*)(unzFile)> zip(unzOpen2_64("", &calls), unzClose);
  if (!zip)
    throw broken(place_, bytes_.find("PK\5\6") == std::string::npos ? "Not a zip archive"
                                                                    : "Zip archive inconsistent");
  unz_global_info64 all{};
  unzGetGlobalInfo64(zip.get(), &all);
  constexpr std::uint64_t most_members = 100'000;
  if (all.number_entry > most_members)
    throw InputError(place_, fmt::format("a zip archive of {} members", all.number_entry),
                     fmt::format("at most {} are read", most_members));
  const std::uint64_t most = most_unpacked(bytes_.size());
  std::uint64_t unpacked = 0;
  for (std::uint64_t i = 0; i < all.number_entry; ++i) {
    unz_file_info64 info{};
    if ((i == 0 ? unzGoToFirstFile(zip.get()) : unzGoToNextFile(zip.get())) != UNZ_OK ||
        unzGetCurrentFileInfo64(zip.get(), &info, nullptr, 0, nullptr, 0, nullptr, 0) != UNZ_OK)
      throw broken(place_, "Zip archive inconsistent");
    std::string name(info.size_filename, '\0');
    std::string extra(info.size_file_extra, '\0');
    unzGetCurrentFileInfo64(zip.get(), nullptr, name.data(), name.size(), extra.data(),
                            extra.size(), nullptr, 0);
    read_zip64(extra, info);
    if (info.uncompressed_size > most || (unpacked += info.uncompressed_size) > most)
      throw InputError(place_,
                       fmt::format("a zip archive of {} bytes whose members unpack to more than {}",
                                   bytes_.size(), most),
                       "no arrays and no weights shrink that much: was the file made to fill the "
                       "memory?");
    Member m{.packed = info.compressed_size,
             .size = info.uncompressed_size,
             .checksum = static_cast<std::uint32_t>(info.crc),
             .method = static_cast<unsigned>(info.compression_method),
             .encrypted = (info.flag & 1) != 0};
    // A method that minizip does not know is refused when the member is read, as others may not be.
    if (m.method == stored || m.method == deflated || m.method == bzipped) {
      constexpr int as_it_is = 1;
      if (unzOpenCurrentFile2(zip.get(), nullptr, nullptr, as_it_is) != UNZ_OK)
        throw broken(place_, "Zip archive inconsistent");
      m.at = unzGetCurrentFileZStreamPos64(zip.get());
      // In front of the data stand the member's name once more, and extra fields.
      const std::uint64_t head =
          name.size() + static_cast<std::uint64_t>(unzGetLocalExtrafield(zip.get(), nullptr, 0));
      unzCloseCurrentFile(zip.get());
      if (m.at > bytes_.size() || m.packed > bytes_.size() - m.at || head > m.at ||
          bytes_.compare(m.at - head, name.size(), name) != 0)
        throw broken(place_, "Zip archive inconsistent");
    }
    names_.push_back(name);
    if (!members_.emplace(name, m).second)
      throw InputError(place_, fmt::format("member '{}' is there twice", shown(name)));
  }
}

bool Archive::has(std::string_view name) const {
  return members_.contains(name);
}

const Archive::Member& Archive::member(const std::string& name) const {
  if (const auto found = members_.find(name); found != members_.end()) return found->second;
  std::string note = fmt::format("it has {} members", names_.size());
  if (names_.size() <= 40) note = choice_note(name, names_);
  throw InputError(place_, fmt::format("no member '{}' in the archive", shown(name)), note);
}

std::uint64_t Archive::size(const std::string& name) const {
  return member(name).size;
}

std::string Archive::read(const std::string& name) const {
  const Member& m = member(name);
  const std::string where = place_ + ":" + shown(name);
  if (m.encrypted) throw InputError(where, "unreadable: No password provided");
  if (m.method != stored && m.method != deflated)
    throw InputError(where, "unreadable: Compression method not supported");
  const std::string_view data = std::string_view(bytes_).substr(m.at, m.packed);
  std::string wrong;
  if (m.method == stored && m.packed != m.size) wrong = "Unexpected end of file";
  std::string bytes = m.method == stored ? std::string(data) : inflated(data, m.size, wrong);
  if (wrong.empty() && checksum_of(bytes) != m.checksum) wrong = "CRC error";
  if (!wrong.empty()) throw InputError(where, "damaged: " + wrong);
  return bytes;
}

}  // namespace ane::workloads
