// Where the tests find real reads and goldens; they skip, saying why, when these are absent.
#pragma once
#include <cstdlib>
#include <filesystem>
#include <string>

namespace ane::workloads::readqc {

inline std::string golden_path(const std::string& name) {
  return std::string(SOURCE_DIR) + "/../shared/readqc/" + name;
}

// A file of scripts/fetch-reads.
inline std::string fetched_path(const std::string& name) {
  const char* cache = std::getenv("ANESIM_CACHE");
  return std::string(cache != nullptr ? cache : SOURCE_DIR "/.cache") + "/reads/" + name;
}

}  // namespace ane::workloads::readqc

#define SKIP_WITHOUT(path)                                                   \
  if (!std::filesystem::exists(path)) {                                      \
    GTEST_SKIP() << (path) << " is absent (scripts/fetch-reads, ../shared)"; \
  }                                                                          \
  static_assert(true)
