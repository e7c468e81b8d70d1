// The user's fault: thrown with the place and the nearest valid choice, caught once in main,
// printed as `error: place: what` and `note: hint`, exit status 2. Our own faults use ANE_CHECK and
// abort.
#pragma once
#include <cstdio>
#include <cstdlib>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace ane {

class InputError : public std::runtime_error {
 public:
  // place: "file:line", an option's name or empty; what: one sentence; note: what to do instead.
  InputError(std::string place, const std::string& what, std::string note = "")
      : std::runtime_error(what), place_(std::move(place)), note_(std::move(note)) {}
  const std::string& place() const { return place_; }
  const std::string& note() const { return note_; }

 private:
  std::string place_, note_;
};

// The entries of `choices` that may be meant: those with the smallest edit distance to `given`, at
// most half of its letters; where none is so near, those that begin with it, or it with them. Three
// at most, in order.
std::vector<std::string> near_names(std::string_view given, std::span<const std::string> choices);
// The first of them, or nothing.
std::string nearest(std::string_view given, std::span<const std::string> choices);
// "did you mean 'M3Pro'?", "did you mean 'set' or 'seed'?"; nothing where nothing is near.
std::string near_note(std::string_view given, std::span<const std::string> choices);

// "did you mean 'X'? one of: A, B, C" for the note of an InputError.
std::string choice_note(std::string_view given, std::span<const std::string> choices);

}  // namespace ane

// A broken invariant of this program, never reachable from input.
#define ANE_CHECK(condition, what)                                                       \
  do {                                                                                   \
    if (!(condition)) {                                                                  \
      std::fprintf(stderr, "%s:%d: internal error: %s (%s)\n", __FILE__, __LINE__, what, \
                   #condition);                                                          \
      std::abort();                                                                      \
    }                                                                                    \
  } while (false)
