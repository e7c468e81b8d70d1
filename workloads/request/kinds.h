// All kinds of request: kinds.cpp has one line for each, kinds/ one file.
#pragma once
#include <string>

#include "workloads/request/kind.h"

namespace ane::workloads {

std::span<const Kind* const> kinds();
// InputError at `place` with the nearest name.
const Kind& kind_named(std::string_view name, const std::string& place = "request");

// The keys that kinds share (request.h has what they mean), for listings.
struct CommonKey {
  std::string_view name;
  unsigned takes;  // a kind that has this takes the key; takes_nothing: every kind
};
std::span<const CommonKey> common_keys();

}  // namespace ane::workloads
