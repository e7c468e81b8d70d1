// Zip archives with the checksums and offsets that they need, stored or deflated.
#pragma once
#include <zlib.h>

#include <string>
#include <utility>
#include <vector>

#include "tests/fuzz/target.h"

namespace ane::fuzz {

inline std::string little(std::uint64_t value, int bytes) {
  std::string out;
  for (int i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i) & 0xff);
  return out;
}

inline std::string raw_deflated(std::string_view text) {
  z_stream s{};
  require(deflateInit2(&s, 6, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY) == Z_OK, "zlib");
  std::string out(deflateBound(&s, static_cast<uLong>(text.size())) + 16, '\0');
  s.next_in = reinterpret_cast<unsigned char*>(const_cast<char*>(text.data()));
  s.avail_in = static_cast<uInt>(text.size());
  s.next_out = reinterpret_cast<unsigned char*>(out.data());
  s.avail_out = static_cast<uInt>(out.size());
  require(deflate(&s, Z_FINISH) == Z_STREAM_END, "zlib");
  out.resize(s.total_out);
  deflateEnd(&s);
  return out;
}

using Members = std::vector<std::pair<std::string, std::string>>;

// APPNOTE.TXT 6.3.10: local headers with their data, the central directory, its end.
inline std::string zip_of(const Members& members, bool deflated = false) {
  std::string out, directory;
  for (const auto& [name, text] : members) {
    const std::string data = deflated ? raw_deflated(text) : text;
    const std::string common =
        little(20, 2) + little(0, 2) + little(deflated ? 8 : 0, 2) + little(0, 2) +
        little(0x21, 2) +
        little(crc32_z(0, reinterpret_cast<const unsigned char*>(text.data()), text.size()), 4) +
        little(data.size(), 4) + little(text.size(), 4) + little(name.size(), 2) + little(0, 2);
    directory += "PK\1\2" + little(20, 2) + common + little(0, 2) + little(0, 2) + little(0, 2) +
                 little(0, 4) + little(out.size(), 4) + name;
    out += "PK\3\4" + common + name + data;
  }
  const std::string counts = little(members.size(), 2) + little(members.size(), 2);
  return out + directory + "PK\5\6" + little(0, 4) + counts + little(directory.size(), 4) +
         little(out.size(), 4) + little(0, 2);
}

}  // namespace ane::fuzz
