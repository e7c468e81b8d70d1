#include "isa/status.h"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>

namespace ane {
namespace {

constexpr std::string_view clear_line = "\r\033[K";

Progress* shown = nullptr;  // whose line there may be
bool on_line = false;       // it stands on the terminal

void put(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stderr) != text.size()) std::clearerr(stderr);
}

bool to_terminal() {
  const char* term = std::getenv("TERM");
  return isatty(STDERR_FILENO) != 0 && term != nullptr && std::string_view(term) != "dumb";
}

// Two digits of a rate or a time suffice.
std::string rounded(double v) {
  return v >= 10 ? fmt::format("{:.0f}", v) : fmt::format("{:.2g}", v);
}

std::string time_text(double seconds) {
  if (seconds < 100) return rounded(seconds) + " s";
  const auto whole = static_cast<std::int64_t>(seconds + 0.5);
  if (whole < 6000) return fmt::format("{} min {} s", whole / 60, whole % 60);
  return fmt::format("{} h {} min", whole / 3600, whole % 3600 / 60);
}

}  // namespace

void write_status(std::string_view text) {
  // What was printed before stands before it, where both go to one file.
  std::fflush(stdout);
  if (on_line) put(clear_line);
  on_line = false;
  put(text);
}

std::string progress_text(std::string_view things, std::int64_t done, std::int64_t all,
                          double seconds) {
  std::string text =
      all > 0 ? fmt::format("{} of {} {}", done, all, things) : fmt::format("{} {}", done, things);
  if (done <= 0 || seconds <= 0) return text;
  const double rate = static_cast<double>(done) / seconds;
  text += rate >= 1 ? fmt::format(", {} a second", rounded(rate))
                    : fmt::format(", {} each", time_text(1 / rate));
  if (all > done)
    text += fmt::format(", {} left", time_text(std::ceil(static_cast<double>(all - done) / rate)));
  return text;
}

Progress::Progress(std::string things, std::int64_t all)
    : things_(std::move(things)), all_(all), shows_(shown == nullptr && to_terminal()) {
  if (!shows_) return;
  shown = this;
  begin_ = Clock::now();
  next_ = begin_ + std::chrono::seconds(1);
}

Progress::~Progress() {
  if (!shows_) return;
  if (on_line) put(clear_line);
  on_line = false;
  shown = nullptr;
}

void Progress::step(std::int64_t count) {
  done_ += count;
  if (!shows_) return;
  const Clock::time_point now = Clock::now();
  if (now < next_) return;
  next_ = now + std::chrono::milliseconds(200);
  const double seconds = std::chrono::duration<double>(now - begin_).count();
  put(std::string(clear_line) + progress_text(things_, done_, all_, seconds));
  on_line = true;
}

}  // namespace ane
