#include "isa/status.h"

#include <cstdio>

namespace ane {

void write_status(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stderr) != text.size()) std::clearerr(stderr);
}

}  // namespace ane
