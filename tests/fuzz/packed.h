// Gzip as the fuzzer's bytes choose it, so that checksums hold: a change at random hits them first.
#pragma once
#include <zlib.h>

#include <string>

#include "tests/fuzz/target.h"

namespace ane::fuzz {

// One member (RFC 1952), with an extra field where `extra` is not empty.
inline std::string gzip_member(std::string_view text, std::string extra = "") {
  z_stream s{};
  require(deflateInit2(&s, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK, "zlib");
  gz_header header{};
  header.extra = reinterpret_cast<unsigned char*>(extra.data());
  header.extra_len = static_cast<uInt>(extra.size());
  if (!extra.empty()) deflateSetHeader(&s, &header);
  std::string out(deflateBound(&s, static_cast<uLong>(text.size())) + 64 + extra.size(), '\0');
  s.next_in = reinterpret_cast<unsigned char*>(const_cast<char*>(text.data()));
  s.avail_in = static_cast<uInt>(text.size());
  s.next_out = reinterpret_cast<unsigned char*>(out.data());
  s.avail_out = static_cast<uInt>(out.size());
  require(deflate(&s, Z_FINISH) == Z_STREAM_END, "zlib");
  out.resize(s.total_out);
  deflateEnd(&s);
  return out;
}

// A block of bgzip (SAM specification 4.1): its size less one in a subfield 'BC'.
inline std::string bgzip_block(std::string_view text) {
  std::string block = gzip_member(text, std::string("BC\2\0\0\0", 6));
  const std::size_t size = block.size() - 1;
  block[16] = static_cast<char>(size & 0xff);
  block[17] = static_cast<char>(size >> 8);
  return block;
}

// Text cut into members, blocks, plain pieces and padding, as the bytes choose.
inline std::string packed(Choices choices) {
  std::string file;
  while (!choices.empty()) {
    const std::size_t kind = choices.below(8);
    const std::string_view text = choices.piece(choices.below(4) == 0 ? choices.number(2) : 40);
    if (kind < 3)
      file += gzip_member(text);
    else if (kind < 6)
      file += bgzip_block(text);
    else if (kind == 6)
      file += text;
    else
      file.append(text.size(), '\0');
  }
  return file;
}

}  // namespace ane::fuzz
