// The program: find the command, run it, say the user's errors in one line.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <new>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

#include "isa/error.h"
#include "isa/status.h"
#include "results/document.h"
#include "sim/cli/program.h"
#include "sim/price/version.h"

namespace {

// A closed standard stream is opened on /dev/null for the wrong direction: no file of the program
// can get its number, and its use fails as it would have.
void open_standard_streams() {
  for (int fd = 0; fd < 3; ++fd)
    if (fcntl(fd, F_GETFD) < 0 && errno == EBADF)
      if (open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY) != fd) return;
}

// One line, whatever a file or a word of the command line holds.
std::string line_of(std::string text, std::size_t most) {
  for (char& c : text)
    if (static_cast<unsigned char>(c) < ' ' || c == 127) c = '?';
  if (text.size() <= most) return text;
  return fmt::format("{}...{}", text.substr(0, most / 2), text.substr(text.size() - most / 2));
}

int refused(const std::string& place, const std::string& what, const std::string& note = "") {
  constexpr std::size_t most = 600, most_of_note = 2000;  // choices may be many
  ane::print_status("error: {}{}{}\n", line_of(place, most), place.empty() ? "" : ": ",
                    line_of(what, most));
  if (!note.empty()) ane::print_status("note: {}\n", line_of(note, most_of_note));
  return 2;
}

// What the system refused, by the name of what it was asked for.
int refused_by_system(const std::system_error& e) {
  const std::string why = e.code().message();
  // Whoever closed the pipe, as `head` does, has read enough; but not all was said.
  if (std::ferror(stdout) != 0 && e.code() == std::errc::broken_pipe) return 2;
  if (std::ferror(stdout) != 0) return refused("", "the output cannot be written: " + why);
  if (const auto* file = dynamic_cast<const std::filesystem::filesystem_error*>(&e))
    return refused(file->path1().string(), why);
  if (e.code() == std::errc::resource_unavailable_try_again)
    return refused("", "the system starts no further thread: " + why, "fewer --threads");
  return refused("", fmt::format("the system refuses: {}", e.what()));
}

int run(const std::vector<std::string>& words) {
  try {
    ane::results::set_program({std::string(ane::sim::code_version()), words});
    const int status = ane::sim::run_program(words);
    if (std::fflush(stdout) != 0) throw std::system_error(errno, std::generic_category());
    return status;
  } catch (const ane::InputError& e) {
    return refused(e.place(), e.what(), e.note());
  } catch (const std::system_error& e) {
    return refused_by_system(e);
  }
}

void tell_out_of_memory() {
  ane::write_status("error: out of memory\nnote: a smaller batch, length or model\n");
}

// Memory refused where nothing may be thrown, as in the destructors of the JSON library, which
// allocate: what was printed stays, files are whole or absent, and it is told as elsewhere.
[[noreturn]] void terminated() {
  try {
    if (std::current_exception()) std::rethrow_exception(std::current_exception());
  } catch (const std::bad_alloc&) {
    std::fflush(stdout);
    tell_out_of_memory();
    std::_Exit(2);
  } catch (...) {
    ane::write_status("internal error: an exception that nobody takes\n");
  }
  std::abort();
}

}  // namespace

int main(int argc, char** argv) {
  std::set_terminate(terminated);
  open_standard_streams();
  // A file beyond the limit of its size and a pipe that nobody reads are errors of that write, not
  // the end of the program.
  std::signal(SIGXFSZ, SIG_IGN);
  std::signal(SIGPIPE, SIG_IGN);
  try {
    return run({argv + std::min(argc, 1), argv + argc});
  } catch (const std::bad_alloc&) {
  } catch (const std::length_error&) {
    // A container of more than the address space.
  }
  tell_out_of_memory();
  return 2;
}
