#include "workloads/files/archive.h"

#include <fmt/format.h>
#include <zip.h>
#include <zlib.h>

#include <algorithm>
#include <filesystem>

#include "isa/error.h"

namespace ane::workloads {

std::string read_file(const std::string& path, std::uint64_t most) {
  std::error_code code;
  if (std::filesystem::is_directory(path, code))
    throw InputError(path, "is a directory, not a file");
  // zlib reads plain files as they are, so that one loop serves both.
  gzFile file = gzopen(path.c_str(), "rb");
  if (!file) throw InputError(path, "cannot be opened", "is the path right, and readable?");
  const std::unique_ptr<gzFile_s, int (*)(gzFile)> closer(file, gzclose);
  gzbuffer(file, 1u << 18);
  std::string bytes;
  for (;;) {
    constexpr std::size_t step = std::size_t{1} << 20;
    const std::size_t before = bytes.size();
    bytes.resize(before + step);
    const int got = gzread(file, bytes.data() + before, step);
    bytes.resize(before + static_cast<std::size_t>(std::max(got, 0)));
    int error = Z_OK;
    const char* what = gzerror(file, &error);
    // At its end zlib reports a truncated gzip stream as a buffer error with a short read.
    if (got < 0 || (error != Z_OK && error != Z_STREAM_END))
      throw InputError(path, fmt::format("broken gzip data: {}", what),
                       "the file is truncated or damaged; fetch it again");
    if (bytes.size() > most) throw InputError(path, fmt::format("larger than {} bytes", most));
    if (got == 0) return bytes;
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
  for (zip_int64_t i = 0; i < count; ++i) {
    const char* name = zip_get_name(handle_->zip, static_cast<zip_uint64_t>(i), ZIP_FL_ENC_RAW);
    names_.emplace_back(name ? name : "");
  }
}

Archive::~Archive() = default;
Archive::Archive(Archive&&) noexcept = default;
Archive& Archive::operator=(Archive&&) noexcept = default;

bool Archive::has(std::string_view name) const {
  return std::find(names_.begin(), names_.end(), name) != names_.end();
}

std::string Archive::read(const std::string& name, std::uint64_t most) const {
  const auto found = std::find(names_.begin(), names_.end(), name);
  if (found == names_.end()) {
    std::string note = fmt::format("it has {} members", names_.size());
    if (names_.size() <= 40) note = choice_note(name, names_);
    throw InputError(place_, fmt::format("no member '{}' in the archive", name), note);
  }
  const auto index = static_cast<zip_uint64_t>(found - names_.begin());
  const std::string where = place_ + ":" + name;
  zip_stat_t stat;
  zip_stat_init(&stat);
  if (zip_stat_index(handle_->zip, index, 0, &stat) != 0 || !(stat.valid & ZIP_STAT_SIZE))
    throw InputError(where, "the archive does not say how large this member is");
  if (stat.size > most) throw InputError(where, fmt::format("larger than {} bytes", most));
  const std::unique_ptr<zip_file_t, int (*)(zip_file_t*)> file(
      zip_fopen_index(handle_->zip, index, 0), zip_fclose);
  if (!file) throw InputError(where, fmt::format("unreadable: {}", zip_strerror(handle_->zip)));
  std::string bytes(stat.size, '\0');
  // One byte more is asked for, so that libzip comes to the end and compares the checksum.
  char beyond = 0;
  if (zip_fread(file.get(), bytes.data(), bytes.size()) != static_cast<zip_int64_t>(bytes.size()) ||
      zip_fread(file.get(), &beyond, 1) != 0)
    throw InputError(where, fmt::format("damaged: {}", zip_file_strerror(file.get())));
  return bytes;
}

}  // namespace ane::workloads
