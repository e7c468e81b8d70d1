// Progress, status and errors on stderr. What cannot be shown, because stderr is closed or its disk
// full, is left out: no work ends for it.
#pragma once
#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace ane {

void write_status(std::string_view text);

// print_status("{} of {} runs added\n", added, all);
template <class... Values>
void print_status(fmt::format_string<Values...> text, Values&&... values) {
  write_status(fmt::format(text, std::forward<Values>(values)...));
}

// How far a long piece of work is, as one line of a terminal that is written over and taken away at
// the end: "412 of 1113 rows, 350 a second, 2 s left". Nothing where stderr is no terminal, in the
// first second, or inside the progress of something larger. On one thread at a time.
class Progress {
 public:
  // things: "rows"; all: how many, 0 where that is not known.
  Progress(std::string things, std::int64_t all);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  void step(std::int64_t count = 1);

 private:
  using Clock = std::chrono::steady_clock;
  std::string things_;
  std::int64_t all_, done_ = 0;
  bool shows_;
  Clock::time_point begin_, next_;  // next_: when the line is written again
};

// What the line says after so many seconds; without a rate before the first thing is done.
std::string progress_text(std::string_view things, std::int64_t done, std::int64_t all,
                          double seconds);

}  // namespace ane
