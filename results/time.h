#pragma once
#include <string>

namespace ane::results {

std::string utc_now();  // ISO 8601 with milliseconds: "2026-11-21T12:00:00.000Z"

}  // namespace ane::results
