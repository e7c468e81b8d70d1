// Pickles as torch.save writes them, from parts.
#pragma once
#include <string>

#include "tests/fuzz/zip_writer.h"

namespace ane::fuzz {

inline std::string pickled(const std::string& body) {
  return "\x80\x02" + body + ".";
}
inline std::string pickled_text(const std::string& s) {
  return "X" + little(s.size(), 4) + s;
}
inline std::string pickled_integer(std::uint32_t v) {
  return "J" + little(v, 4);
}
inline std::string pickled_storage(const std::string& type, const std::string& key,
                                   std::uint32_t elements, bool legacy = false) {
  return "(" + pickled_text("storage") + "ctorch\n" + type + "\n" + pickled_text(key) +
         pickled_text("cpu") + pickled_integer(elements) + (legacy ? "N" : "") + "tQ";
}
// [2, elements / 2] in row-major order.
inline std::string pickled_tensor(const std::string& storage, std::uint32_t elements) {
  return "ctorch._utils\n_rebuild_tensor_v2\n(" + storage + pickled_integer(0) + "(" +
         pickled_integer(2) + pickled_integer(elements / 2) + "t(" + pickled_integer(elements / 2) +
         pickled_integer(1) + "t\x89" + "ccollections\nOrderedDict\n)RtR";
}
inline std::string pickled_weights(const std::string& type, std::uint32_t elements,
                                   bool legacy = false) {
  return pickled("}(" + pickled_text("layer.weight") +
                 pickled_tensor(pickled_storage(type, "0", elements, legacy), elements) +
                 pickled_text("epoch") + "K\3" + pickled_text("loss") +
                 std::string("G\x3f\xe0\0\0\0\0\0\0", 9) + pickled_text("list") + "](K\1\x88" +
                 "Neu");
}

}  // namespace ane::fuzz
