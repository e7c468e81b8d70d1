// Gzip: RFC 1952, one member after another; zlib checks each member's CRC and length. Zero bytes
// behind the last member are padding (as gzip(1) takes them), anything else there is an error.
#include "workloads/files/text_source.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <system_error>
#include <vector>

#include "isa/error.h"

namespace ane::workloads::readqc {
namespace {

constexpr std::size_t text_chunk = std::size_t{1} << 20;
constexpr std::size_t file_chunk = std::size_t{1} << 18;
constexpr std::size_t longest_line = std::size_t{1} << 30;

}  // namespace

struct TextSource::Impl {
  std::string name;
  std::FILE* file = nullptr;
  bool gzip = false, stream_open = false, member_open = false, source_ended = false;
  z_stream stream{};
  std::vector<unsigned char> packed;  // bytes of the file that zlib has not taken yet
  std::int64_t packed_read = 0;       // bytes of the file so far
  std::vector<char> text;
  std::size_t begin = 0, end = 0;  // unread text
  std::int64_t line = 0;

  Impl() = default;
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() {
    if (stream_open) inflateEnd(&stream);
    if (file != nullptr && file != stdin) std::fclose(file);
  }

  std::size_t read_file(void* to, std::size_t n) {
    errno = 0;
    const std::size_t got = std::fread(to, 1, n, file);
    if (got < n && std::ferror(file) != 0)
      throw InputError(name,
                       fmt::format("cannot be read: {}", std::generic_category().message(errno)));
    packed_read += static_cast<std::int64_t>(got);
    return got;
  }

  // Room for at least one more byte behind `end`.
  void make_room() {
    if (begin > 0) {
      std::memmove(text.data(), text.data() + begin, end - begin);
      end -= begin;
      begin = 0;
    }
    if (end == text.size()) {
      if (text.size() >= longest_line)
        throw InputError(fmt::format("{}:{}", name, line + 1), "a line is longer than 1 GiB",
                         "is this a FASTQ file?");
      text.resize(std::max(text_chunk, 2 * text.size()));
    }
  }

  // More text behind `end`; false at the end of the file.
  bool fill() {
    if (source_ended) return false;
    make_room();
    const std::size_t got = gzip ? inflate_more() : read_file(text.data() + end, text.size() - end);
    end += got;
    if (got == 0) source_ended = true;
    return got > 0;
  }

  bool refill_packed() {
    const std::size_t got = read_file(packed.data(), packed.size());
    stream.next_in = packed.data();
    stream.avail_in = static_cast<uInt>(got);
    return got > 0;
  }

  // Between members: true when another one begins.
  bool next_member() {
    for (;;) {
      while (stream.avail_in > 0 && *stream.next_in == 0) ++stream.next_in, --stream.avail_in;
      if (stream.avail_in > 0) break;
      if (!refill_packed()) return false;
    }
    if (*stream.next_in != 0x1f) corrupt("bytes behind the last member are not gzip");
    inflateReset(&stream);
    member_open = true;
    return true;
  }

  [[noreturn]] void corrupt(const std::string& what) const {
    throw InputError(name,
                     fmt::format("corrupt gzip data near byte {} of the file: {}",
                                 packed_read - static_cast<std::int64_t>(stream.avail_in), what));
  }

  std::size_t inflate_more() {
    stream.next_out = reinterpret_cast<unsigned char*>(text.data() + end);
    const auto room = static_cast<uInt>(std::min<std::size_t>(text.size() - end, 1u << 30));
    stream.avail_out = room;
    while (stream.avail_out == room) {
      if (!member_open && !next_member()) break;
      if (stream.avail_in == 0 && !refill_packed())
        throw InputError(name, fmt::format("truncated gzip data: the file ends at byte {}, inside "
                                           "a compressed member",
                                           packed_read));
      const int status = inflate(&stream, Z_NO_FLUSH);
      if (status == Z_STREAM_END)
        member_open = false;
      else if (status != Z_OK && status != Z_BUF_ERROR)
        corrupt(stream.msg != nullptr ? stream.msg : "unknown error");
    }
    return room - stream.avail_out;
  }
};

TextSource::TextSource(const std::string& path) : impl_(std::make_unique<Impl>()) {
  Impl& s = *impl_;
  s.name = path == "-" ? "standard input" : path;
  s.file = path == "-" ? stdin : std::fopen(path.c_str(), "rb");
  if (s.file == nullptr)
    throw InputError(path,
                     fmt::format("cannot be opened: {}", std::generic_category().message(errno)));
  s.packed.resize(file_chunk);
  s.refill_packed();
  s.gzip = s.stream.avail_in >= 2 && s.packed[0] == 0x1f && s.packed[1] == 0x8b;
  if (s.gzip) {
    ANE_CHECK(inflateInit2(&s.stream, 15 + 16) == Z_OK, "zlib starts");
    s.stream_open = s.member_open = true;
  } else {
    s.text.resize(text_chunk);
    std::memcpy(s.text.data(), s.packed.data(), s.stream.avail_in);
    s.end = s.stream.avail_in;
  }
}

TextSource::~TextSource() = default;
TextSource::TextSource(TextSource&&) noexcept = default;
TextSource& TextSource::operator=(TextSource&&) noexcept = default;

std::optional<std::string_view> TextSource::next_line() {
  Impl& s = *impl_;
  std::size_t searched = 0;  // bytes behind `begin` known to hold no line feed
  for (;;) {
    const char* start = s.text.data() + s.begin;
    const std::size_t have = s.end - s.begin;
    if (have > searched)
      if (const void* at = std::memchr(start + searched, '\n', have - searched)) {
        auto length = static_cast<std::size_t>(static_cast<const char*>(at) - start);
        s.begin += length + 1;
        ++s.line;
        if (length > 0 && start[length - 1] == '\r') --length;
        return std::string_view(start, length);
      }
    searched = have;
    if (s.fill()) continue;
    if (have == 0) return std::nullopt;
    s.begin = s.end;  // the last line has no line feed
    ++s.line;
    start = s.text.data() + (s.end - have);
    return std::string_view(start, start[have - 1] == '\r' ? have - 1 : have);
  }
}

std::int64_t TextSource::line_number() const {
  return impl_->line;
}

std::string_view TextSource::look_ahead() {
  Impl& s = *impl_;
  while (s.end - s.begin < text_chunk && s.fill()) {
  }
  return {s.text.data() + s.begin, std::min(s.end - s.begin, text_chunk)};
}

const std::string& TextSource::name() const {
  return impl_->name;
}

}  // namespace ane::workloads::readqc
