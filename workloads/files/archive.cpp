#include "workloads/files/archive.h"

#include <fmt/format.h>
#include <zip.h>

#include <filesystem>
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

struct Archive::Handle {
  std::string bytes;
  zip_t* zip = nullptr;
  ~Handle() {
    if (zip) zip_discard(zip);
  }
};

Archive::Archive(std::string bytes, std::string place)
    : handle_(std::make_unique<Handle>()), place_(std::move(place)) {
  handle_->bytes = std::move(bytes);
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t* source =
      zip_source_buffer_create(handle_->bytes.data(), handle_->bytes.size(), 0, &error);
  if (source) handle_->zip = zip_open_from_source(source, ZIP_RDONLY | ZIP_CHECKCONS, &error);
  if (!handle_->zip) {
    const std::string what = zip_error_strerror(&error);
    if (source) zip_source_free(source);
    zip_error_fini(&error);
    throw InputError(place_, "broken zip archive: " + what,
                     "the file is truncated or damaged; fetch it again");
  }
  zip_error_fini(&error);
  const zip_int64_t count = zip_get_num_entries(handle_->zip, 0);
  constexpr zip_int64_t most_members = 100'000;
  if (count > most_members)
    throw InputError(place_, fmt::format("a zip archive of {} members", count),
                     fmt::format("at most {} are read", most_members));
  const std::uint64_t most = most_unpacked(handle_->bytes.size());
  std::uint64_t unpacked = 0;
  for (zip_int64_t i = 0; i < count; ++i) {
    const auto index = static_cast<zip_uint64_t>(i);
    const char* name = zip_get_name(handle_->zip, index, ZIP_FL_ENC_RAW);
    zip_stat_t stat;
    zip_stat_init(&stat);
    if (!name || zip_stat_index(handle_->zip, index, 0, &stat) != 0 ||
        !(stat.valid & ZIP_STAT_SIZE))
      throw InputError(place_, fmt::format("member {} of the archive has no name or no size", i));
    if (stat.size > most || (unpacked += stat.size) > most)
      throw InputError(place_,
                       fmt::format("a zip archive of {} bytes whose members unpack to more than {}",
                                   handle_->bytes.size(), most),
                       "no arrays and no weights shrink that much: was the file made to fill the "
                       "memory?");
    names_.emplace_back(name);
    if (!members_.emplace(name, Member{index, stat.size}).second)
      throw InputError(place_, fmt::format("member '{}' is there twice", shown(name)));
  }
}

Archive::~Archive() = default;
Archive::Archive(Archive&&) noexcept = default;
Archive& Archive::operator=(Archive&&) noexcept = default;

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
  const std::unique_ptr<zip_file_t, int (*)(zip_file_t*)> file(
      zip_fopen_index(handle_->zip, m.index, 0), zip_fclose);
  if (!file) throw InputError(where, fmt::format("unreadable: {}", zip_strerror(handle_->zip)));
  std::string bytes(m.size, '\0');
  // One byte more is asked for, so that libzip comes to the end and compares the checksum.
  char beyond = 0;
  if (zip_fread(file.get(), bytes.data(), bytes.size()) != static_cast<zip_int64_t>(bytes.size()) ||
      zip_fread(file.get(), &beyond, 1) != 0)
    throw InputError(where, fmt::format("damaged: {}", zip_file_strerror(file.get())));
  return bytes;
}

}  // namespace ane::workloads
