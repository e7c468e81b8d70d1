#include "results/time.h"

#include <fmt/format.h>

#include <chrono>

namespace ane::results {

std::string utc_now() {
  const auto ms =
      std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now())
          .time_since_epoch()
          .count();
  const auto days = std::chrono::floor<std::chrono::days>(std::chrono::milliseconds(ms));
  const std::chrono::year_month_day date{std::chrono::sys_days(days)};
  const auto of_day = ms - std::chrono::milliseconds(days).count();
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     of_day / 3'600'000, of_day / 60'000 % 60, of_day / 1000 % 60, of_day % 1000);
}

}  // namespace ane::results
