// Runs the program under test as a person would, through the shell.
#pragma once
#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <string>

namespace ane {

struct Answer {
  int status;        // exit status
  std::string text;  // what `redirect` leaves on standard output
};

inline Answer anesim(const std::string& arguments, const std::string& redirect = "2>&1") {
  FILE* pipe = popen((ANESIM_PROGRAM " " + arguments + " " + redirect).c_str(), "r");
  Answer a{0, ""};
  std::array<char, 4096> block{};
  while (const std::size_t n = fread(block.data(), 1, block.size(), pipe))
    a.text.append(block.data(), n);
  a.status = WEXITSTATUS(pclose(pipe));
  return a;
}

}  // namespace ane
