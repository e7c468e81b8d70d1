// A node that cannot be mapped, told from wherever that shows.
#pragma once
#include <string>
#include <utility>

#include "workloads/model/mapping.h"

namespace ane::workloads::model {

struct Unmapped {
  HostReason why;
};
[[noreturn]] inline void unmapped(std::string label, std::string reason, std::string rewrite = "") {
  throw Unmapped{{std::move(label), std::move(reason), "", std::move(rewrite)}};
}

}  // namespace ane::workloads::model
