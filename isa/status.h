// Progress, status and errors on stderr. What cannot be shown, because stderr is closed or its disk
// full, is left out: no work ends for it.
#pragma once
#include <fmt/format.h>

#include <string_view>
#include <utility>

namespace ane {

void write_status(std::string_view text);

// print_status("{} of {} runs added\n", added, all);
template <class... Values>
void print_status(fmt::format_string<Values...> text, Values&&... values) {
  write_status(fmt::format(text, std::forward<Values>(values)...));
}

}  // namespace ane
