#include "isa/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include "isa/error.h"

namespace ane {
namespace {

[[noreturn]] void fail(const std::string& path, const char* what, int error) {
  throw InputError(path, fmt::format("cannot be {}: {}", what, std::strerror(error)));
}

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  ~Descriptor() { close(); }
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  bool valid() const { return fd_ >= 0; }
  int get() const { return fd_; }
  // 0, or the fault of a write that a file system tells only now.
  int close() {
    const int fd = std::exchange(fd_, -1);
    return fd < 0 || ::close(fd) == 0 || errno == EINTR ? 0 : errno;
  }

 private:
  int fd_;
};

// 0 or errno.
int write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t wrote = ::write(fd, bytes.data(), bytes.size());
    if (wrote < 0 && errno != EINTR) return errno;
    if (wrote > 0) bytes.remove_prefix(static_cast<std::size_t>(wrote));
  }
  return 0;
}

// A rename would leave the program's own output in a file without a name.
bool is_standard_output(const struct stat& file) {
  for (const int fd : {STDOUT_FILENO, STDERR_FILENO}) {
    struct stat open {};
    if (::fstat(fd, &open) == 0 && open.st_dev == file.st_dev && open.st_ino == file.st_ino)
      return true;
  }
  return false;
}

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, slash + 1);
}

// Where a link without a file behind it says that the file is to be.
std::string followed(std::string path) {
  for (int links = 0; links < 40; ++links) {
    std::string to(PATH_MAX, '\0');
    const ssize_t size = ::readlink(path.c_str(), to.data(), to.size());
    if (size <= 0) break;
    to.resize(static_cast<std::size_t>(size));
    path = to[0] == '/' ? to : folder_of(path) + to;
  }
  return path;
}

std::string real_path(const std::string& path) {
  const std::unique_ptr<char, decltype(&std::free)> real(::realpath(path.c_str(), nullptr),
                                                         &std::free);
  return real ? std::string(real.get()) : path;
}

// Where the bytes of a path go: directly into it, or into a file beside `target` that is renamed.
struct Destination {
  bool direct = false, exists = false;
  struct stat before {};
  std::string target;
};

Destination destination_of(const std::string& path) {
  Destination to;
  to.exists = ::stat(path.c_str(), &to.before) == 0;
  if (!to.exists && errno != ENOENT) fail(path, "written", errno);
  if (to.exists && S_ISDIR(to.before.st_mode)) fail(path, "written", EISDIR);
  to.direct = to.exists && (!S_ISREG(to.before.st_mode) || is_standard_output(to.before));
  to.target = to.direct ? path : to.exists ? real_path(path) : followed(path);
  if (to.exists && ::faccessat(AT_FDCWD, to.target.c_str(), W_OK, AT_EACCESS) != 0)
    fail(path, "written", errno);
  return to;
}

constexpr std::string_view part_begins = ".anesim-", part_ends = ".part";

// A writer holds the lock of its file until the end, whatever ends it: one that nobody holds was
// left behind.
void remove_left_behind(const std::string& folder) {
  const std::unique_ptr<DIR, int (*)(DIR*)> all(::opendir(folder.empty() ? "." : folder.c_str()),
                                                &::closedir);
  while (const dirent* entry = all ? ::readdir(all.get()) : nullptr) {
    const std::string_view name = entry->d_name;
    if (!name.starts_with(part_begins) || !name.ends_with(part_ends)) continue;
    const std::string path = folder + entry->d_name;
    const Descriptor file(::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    if (file.valid() && ::flock(file.get(), LOCK_EX | LOCK_NB) == 0) ::unlink(path.c_str());
  }
}

// A new file beside the target, under a short name that nobody has, whatever the length of the
// target's.
Descriptor open_part(const std::string& path, const Destination& to, std::string& part) {
  for (int n = 0;; ++n) {
    part = fmt::format("{}{}{}-{}{}", folder_of(to.target), part_begins, ::getpid(), n, part_ends);
    Descriptor file(
        ::open(part.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, to.exists ? 0600 : 0666));
    if (!file.valid()) {
      if (errno != EEXIST) fail(path, "written", errno);
      continue;
    }
    // Who clears away may have been faster than the lock. Not every file system has locks.
    struct stat about {};
    if (::flock(file.get(), LOCK_EX) != 0 ||
        (::fstat(file.get(), &about) == 0 && about.st_nlink > 0))
      return file;
  }
}

// To be read, and what it is.
Descriptor opened(const std::string& path, struct stat& about) {
  Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid())
    throw InputError(path, fmt::format("cannot be read: {}", std::strerror(errno)),
                     near_file_note(path));
  if (::fstat(file.get(), &about) != 0) fail(path, "read", errno);
  return file;
}

}  // namespace

std::string read_file(const std::string& path, std::uint64_t most) {
  struct stat about {};
  const Descriptor file = opened(path, about);
  // In pieces, since a pipe has no size, and one more than a file's size to see its end.
  constexpr std::size_t piece = std::size_t{1} << 16;
  std::string bytes;
  std::size_t got = 0;
  const auto too_large = [&] {
    throw InputError(path, fmt::format("is larger than {} bytes, the most that is read", most));
  };
  const bool sized = S_ISREG(about.st_mode) && about.st_size > 0;
  if (sized && static_cast<std::uint64_t>(about.st_size) > most) too_large();
  bytes.resize(sized ? static_cast<std::size_t>(about.st_size) + 1 : piece);
  for (;;) {
    if (got == bytes.size()) bytes.resize(bytes.size() * 2);
    const ssize_t n = ::read(file.get(), bytes.data() + got, bytes.size() - got);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail(path, "read", errno);
    if (n == 0) break;
    got += static_cast<std::size_t>(n);
    if (got > most) too_large();
  }
  bytes.resize(got);
  return bytes;
}

std::string read_range(const std::string& path, std::uint64_t offset, std::uint64_t size) {
  struct stat about {};
  const Descriptor file = opened(path, about);
  if (!S_ISREG(about.st_mode)) throw InputError(path, "is no file");
  const auto all = static_cast<std::uint64_t>(about.st_size);
  if (offset > all || size > all - offset)
    throw InputError(path, fmt::format("has {} bytes: none from {} to {}", all, offset,
                                       offset > UINT64_MAX - size ? UINT64_MAX : offset + size));
  std::string bytes(size, '\0');
  for (std::uint64_t got = 0; got < size;) {
    const ssize_t n =
        ::pread(file.get(), bytes.data() + got, size - got, static_cast<off_t>(offset + got));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail(path, "read", errno);
    if (n == 0) throw InputError(path, "grew shorter while it was read");
    got += static_cast<std::uint64_t>(n);
  }
  return bytes;
}

struct OutputFile::Impl {
  explicit Impl(const std::string& name) : path(name), to(destination_of(name)) {
    if (to.direct) {
      file = Descriptor(::open(path.c_str(), O_WRONLY | O_TRUNC | O_CLOEXEC));
      if (!file.valid()) fail(path, "written", errno);
      return;
    }
    remove_left_behind(folder_of(to.target));
    file = open_part(path, to, part);
    if (!to.exists) return;
    // As far as the system lets its writer: only root gives files away, and not every file system
    // has modes.
    if (::fchown(file.get(), to.before.st_uid, to.before.st_gid) != 0) errno = 0;
    if (::fchmod(file.get(), to.before.st_mode & 07777) != 0) errno = 0;
  }
  ~Impl() {
    if (!part.empty()) ::unlink(part.c_str());
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  std::string path;
  Destination to;
  std::string part{};  // beside the target; empty: none, or renamed
  Descriptor file{-1};
};

OutputFile::OutputFile(const std::string& path) : impl_(std::make_unique<Impl>(path)) {}
OutputFile::~OutputFile() = default;

void OutputFile::write(std::string_view bytes) {
  if (const int error = write_all(impl_->file.get(), bytes); error != 0)
    fail(impl_->path, "written", error);
}

void OutputFile::commit() {
  Impl& out = *impl_;
  int error = 0;
  if (out.to.direct) {
    error = out.file.close();
  } else {
    // Before the rename, and with it every fault that a file system would tell later: a name never
    // stands for bytes that a failing machine may lose. Closed behind it, with the lock.
    if (::fsync(out.file.get()) != 0 && errno != EINVAL) error = errno;
    if (error == 0 && std::rename(out.part.c_str(), out.to.target.c_str()) != 0) error = errno;
    if (error == 0) out.part.clear();
  }
  if (error != 0) fail(out.path, "written", error);
}

void write_file(const std::string& path, std::string_view bytes) {
  OutputFile file(path);
  file.write(bytes);
  file.commit();
}

std::string near_file_note(const std::string& path) {
  struct stat about {};
  if (::stat(path.c_str(), &about) == 0 || errno != ENOENT) return {};
  const std::string folder = folder_of(path);
  const std::unique_ptr<DIR, int (*)(DIR*)> all(::opendir(folder.empty() ? "." : folder.c_str()),
                                                &::closedir);
  if (!all) return {};
  // Of a folder of a million files the first are looked at.
  constexpr std::size_t most = 10'000;
  std::vector<std::string> names;
  while (const dirent* entry = ::readdir(all.get())) {
    if (names.size() == most) break;
    if (entry->d_name[0] != '.') names.emplace_back(entry->d_name);
  }
  std::ranges::sort(names);
  const std::string near = nearest(path.substr(folder.size()), names);
  return near.empty() ? "" : fmt::format("did you mean '{}{}'?", folder, near);
}

bool same_file(const std::string& a, const std::string& b) {
  struct stat x {
  }, y{};
  return ::stat(a.c_str(), &x) == 0 && ::stat(b.c_str(), &y) == 0 && S_ISREG(x.st_mode) &&
         x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

void check_output_file(const std::string& output, std::span<const std::string> inputs) {
  if (output.empty()) throw InputError("", "the name of the file to write is empty");
  for (const std::string& input : inputs)
    if (same_file(output, input))
      throw InputError(output,
                       input == output
                           ? "is the input, and would be overwritten"
                           : fmt::format("is the input {}, and would be overwritten", input),
                       "give another file to write");
  const Destination to = destination_of(output);
  if (to.direct) return;
  std::string part;
  const Descriptor file = open_part(output, to, part);
  ::unlink(part.c_str());
}

}  // namespace ane
