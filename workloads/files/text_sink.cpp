// Gzip: one member (RFC 1952), without name and time, so that equal text is an equal file.
#include "workloads/files/text_sink.h"

#include <zlib.h>

#include <new>
#include <vector>

#include "isa/error.h"
#include "isa/file.h"

namespace ane::workloads {

struct TextSink::Impl {
  explicit Impl(const std::string& path) : file(path), gzip(path.ends_with(".gz")) {
    constexpr int gzip_window = MAX_WBITS + 16;  // zlib.h: 16 more for a gzip header
    constexpr int memory_level = 8;              // zlib's default
    if (gzip && deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, gzip_window, memory_level,
                             Z_DEFAULT_STRATEGY) != Z_OK)
      throw std::bad_alloc();
  }
  ~Impl() {
    if (gzip) deflateEnd(&stream);
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  void flush(int how) {
    stream.next_in = reinterpret_cast<Bytef*>(text.data());
    stream.avail_in = static_cast<uInt>(text.size());
    do {
      stream.next_out = packed.data();
      stream.avail_out = static_cast<uInt>(packed.size());
      const int status = deflate(&stream, how);
      ANE_CHECK(status != Z_STREAM_ERROR, "a stream that deflate knows");
      const std::size_t got = packed.size() - stream.avail_out;
      file.write({reinterpret_cast<const char*>(packed.data()), got});
    } while (stream.avail_out == 0);
    text.clear();
  }

  OutputFile file;
  bool gzip;
  std::string text{};  // not written yet
  z_stream stream{};
  std::vector<unsigned char> packed = std::vector<unsigned char>(gzip ? 1 << 16 : 0);
};

namespace {
constexpr std::size_t piece = 1 << 16;
}

TextSink::TextSink(const std::string& path) : impl_(std::make_unique<Impl>(path)) {}
TextSink::~TextSink() = default;
TextSink::TextSink(TextSink&&) noexcept = default;
TextSink& TextSink::operator=(TextSink&&) noexcept = default;

void TextSink::write(std::string_view text) {
  Impl& out = *impl_;
  while (!text.empty()) {
    const std::string_view part = text.substr(0, piece);
    out.text += part;
    text.remove_prefix(part.size());
    if (out.text.size() < piece) continue;
    if (out.gzip) {
      out.flush(Z_NO_FLUSH);
    } else {
      out.file.write(out.text);
      out.text.clear();
    }
  }
}

void TextSink::finish() {
  Impl& out = *impl_;
  if (out.gzip)
    out.flush(Z_FINISH);
  else
    out.file.write(out.text);
  out.file.commit();
}

std::string_view without_gz(std::string_view path) {
  if (path.ends_with(".gz")) path.remove_suffix(3);
  return path;
}

}  // namespace ane::workloads
