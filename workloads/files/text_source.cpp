// Gzip: RFC 1952, one member after another; zlib checks each member's CRC and length. Zero bytes
// behind the last member are padding (as gzip(1) takes them), anything else there is an error.
#include "workloads/files/text_source.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <system_error>
#include <vector>

#include "isa/error.h"
#include "isa/file.h"

namespace ane::workloads::readqc {
namespace {

constexpr std::size_t text_chunk = std::size_t{1} << 20;
constexpr std::size_t file_chunk = std::size_t{1} << 18;
constexpr std::size_t longest_line = std::size_t{1} << 28;

}  // namespace

struct TextSource::Impl {
  std::string name;
  std::FILE* file = nullptr;
  bool gzip = false, stream_open = false, member_open = false, source_ended = false;
  z_stream stream{};
  gz_header header{};  // of the member at hand, with the start of its extra field
  std::array<unsigned char, 256> extra{};
  bool bgzip_mark_missing = false;    // as of the last member that ended
  std::optional<char> line_end = {};  // unknown until text is there
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
        throw InputError(
            fmt::format("{}:{}", name, line + 1),
            fmt::format("a line is longer than {} MiB, the most that is read", longest_line >> 20),
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
    begin_member();
    return true;
  }

  void begin_member() {
    header = {};
    header.extra = extra.data();
    header.extra_max = static_cast<uInt>(extra.size());
    inflateGetHeader(&stream, &header);
    member_open = true;
  }

  void end_member() {
    member_open = false;
    bgzip_mark_missing = is_bgzip_block() && stream.total_out > 0;
  }

  // A block of bgzip is a member whose extra field has a subfield 'BC' of two bytes.
  bool is_bgzip_block() const {
    if (header.done != 1 || header.extra == Z_NULL) return false;
    const std::size_t n = std::min<std::size_t>(header.extra_len, extra.size());
    for (std::size_t at = 0; at + 4 <= n;) {
      const std::size_t length = extra[at + 2] + std::size_t{256} * extra[at + 3];
      if (extra[at] == 'B' && extra[at + 1] == 'C' && length == 2) return true;
      at += 4 + length;
    }
    return false;
  }

  [[noreturn]] void corrupt(const std::string& what) const {
    throw InputError(name,
                     fmt::format("corrupt gzip data near byte {} of the file: {}",
                                 packed_read - static_cast<std::int64_t>(stream.avail_in), what),
                     "the file is damaged; fetch it again");
  }

  std::size_t inflate_more() {
    stream.next_out = reinterpret_cast<unsigned char*>(text.data() + end);
    const auto room = static_cast<uInt>(std::min<std::size_t>(text.size() - end, 1u << 30));
    stream.avail_out = room;
    while (stream.avail_out == room) {
      if (!member_open && !next_member()) break;
      if (stream.avail_in == 0 && !refill_packed())
        throw InputError(name,
                         fmt::format("truncated gzip data: the file ends at byte {}, inside "
                                     "a compressed member",
                                     packed_read),
                         "fetch it again");
      const int status = inflate(&stream, Z_NO_FLUSH);
      if (status == Z_STREAM_END)
        end_member();
      else if (status != Z_OK && status != Z_BUF_ERROR)
        corrupt(stream.msg != nullptr ? stream.msg : "unknown error");
    }
    return room - stream.avail_out;
  }

  std::string_view look_ahead() {
    while (end - begin < text_chunk && fill()) {
    }
    return {text.data() + begin, std::min(end - begin, text_chunk)};
  }
};

TextSource::TextSource(const std::string& path) : impl_(std::make_unique<Impl>()) {
  Impl& s = *impl_;
  s.name = path == "-" ? "standard input" : path;
  s.file = path == "-" ? stdin : std::fopen(path.c_str(), "rb");
  if (s.file == nullptr) {
    const std::string why = std::generic_category().message(errno), near = near_file_note(path);
    throw InputError(path, fmt::format("cannot be opened: {}", why),
                     near.empty() ? "is the path right, and readable?" : near);
  }
  s.packed.resize(file_chunk);
  s.refill_packed();
  s.gzip = s.stream.avail_in >= 2 && s.packed[0] == 0x1f && s.packed[1] == 0x8b;
  if (s.gzip) {
    ANE_CHECK(inflateInit2(&s.stream, 15 + 16) == Z_OK, "zlib starts");
    s.stream_open = true;
    s.begin_member();
  } else {
    s.text.resize(text_chunk);
    std::memcpy(s.text.data(), s.packed.data(), s.stream.avail_in);
    s.end = s.stream.avail_in;
  }
}

TextSource::~TextSource() = default;
TextSource::TextSource(TextSource&&) noexcept = default;
TextSource& TextSource::operator=(TextSource&&) noexcept = default;

char TextSource::line_end() {
  Impl& s = *impl_;
  while (!s.line_end) {
    const std::string_view text(s.text.data() + s.begin, s.end - s.begin);
    const std::size_t first = text.find_first_of("\r\n");
    const std::size_t behind = text.find_first_not_of('\r', first);
    // A CR at the end of what is read may have its LF behind it.
    if (behind == std::string_view::npos && s.fill()) continue;
    const bool cr_alone = first != std::string_view::npos && text[first] == '\r' &&
                          (behind == std::string_view::npos || text[behind] != '\n');
    s.line_end = cr_alone ? '\r' : '\n';
  }
  return *s.line_end;
}

std::optional<std::string_view> TextSource::next_line() {
  const char ends = line_end();
  Impl& s = *impl_;
  std::size_t searched = 0;  // bytes behind `begin` known to hold no end of a line
  for (;;) {
    const char* start = s.text.data() + s.begin;
    const std::size_t have = s.end - s.begin;
    if (have > searched)
      if (const void* at = std::memchr(start + searched, ends, have - searched)) {
        const auto length = static_cast<std::size_t>(static_cast<const char*>(at) - start);
        s.begin += length + 1;
        ++s.line;
        return without_end({start, length});
      }
    searched = have;
    if (s.fill()) continue;
    if (have == 0) return std::nullopt;
    s.begin = s.end;  // the last line has no end
    ++s.line;
    return without_end({s.text.data() + (s.end - have), have});
  }
}

std::string_view TextSource::next_bytes() {
  Impl& s = *impl_;
  if (s.begin == s.end) s.fill();
  const std::string_view bytes(s.text.data() + s.begin, s.end - s.begin);
  s.begin = s.end;
  return bytes;
}

std::int64_t TextSource::line_number() const {
  return impl_->line;
}

std::string_view without_end(std::string_view line) {
  while (line.ends_with('\r') || line.ends_with('\n')) line.remove_suffix(1);
  return line;
}

std::string_view TextSource::look_ahead() {
  return impl_->look_ahead();
}

const std::string& TextSource::name() const {
  return impl_->name;
}

bool TextSource::gzip() const {
  return impl_->gzip;
}

bool TextSource::ends_without_bgzip_mark() const {
  const Impl& s = *impl_;
  return s.source_ended && s.begin == s.end && s.bgzip_mark_missing;
}

}  // namespace ane::workloads::readqc
