// What a user may choose about work that is given: keys of its request that change how it is done
// and in which numbers, not what is asked. A row of choices.cpp each, and every key that a kind
// marks as one (workloads/request/keys.h).
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sim/chips/chip.h"
#include "sim/explore/axis.h"
#include "workloads/request/request.h"

namespace ane::sim {

struct Choice {
  std::string_view name, summary;
  // Whether the request has it.
  bool (*of)(const workloads::Request&);
  // The values that are tried unasked, what the request has without a word first; none: only those
  // that the user names.
  std::vector<std::string> (*values)(const workloads::Request&, const Chip&);
  bool numbers = false;  // changes what is computed: tried where agreement is held to something
};
// Of any kind of work; those of one kind stand in its keys.
std::span<const Choice> common_choices();

// The axes of a search. wanted: NAME=VALUES, or NAME for the usual values; empty: every choice of
// the request that its text does not say, those of numbers only where `numbers`. InputError at
// --choose for what is no choice of this work.
std::vector<Axis> choices_of(const workloads::Request& request, const Chip& chip,
                             const std::vector<std::string>& wanted, bool numbers);

}  // namespace ane::sim
