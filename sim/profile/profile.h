// Where each operator of a model runs, why, and what it costs: one call, by operator, unit, segment
// and cause.
#pragma once
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "results/record.h"
#include "sim/price/price.h"

namespace ane::sim {

// Which units may take part, as Core ML's compute_units say it. An operator goes to the first of
// them that takes it: the accelerator before the CPU; a model on the GPU runs there whole.
enum class Units { all, cpu_and_ne, cpu_and_gpu, cpu_only };
std::span<const std::string_view> names_of(Units);

struct ProfiledOperator {
  std::string name, op, unit;  // op: the model's, where a file gives it; unit: ane, gpu, cpu
  std::string label, reason;
  double seconds = 0, share = 0;  // of the call's latency
  std::string bound;
  std::int64_t macs = 0, bytes = 0;  // bytes: to and from DRAM
  double energy_j = results::unknown;
};

// Operators one after the other on one unit, and what is handed to it and on by others.
struct ProfiledSegment {
  std::string unit;
  std::size_t first = 0, operators = 0;  // positions in Profile::operators
  double seconds = 0;                    // of its operators
  double bytes_in = results::unknown, bytes_out = results::unknown;
};

// Operators that one rule keeps off the accelerator.
struct Fallback {
  std::string label, reason, source, rewrite;
  std::size_t operators = 0;
  double seconds = 0;  // of the operators
  // s that the call would be quicker if they cost nothing and cut nothing: the price of the call
  // less that of its graph without them. Unknown where no file gives the graph.
  double gain_s = results::unknown;
};

struct WhatIf {
  std::string what;
  double latency_s = results::unknown, energy_j = results::unknown;
  std::string refused;  // why there is no answer
};

struct UnitSum {
  std::size_t operators = 0;
  double seconds = 0, energy_j = results::unknown;
  std::int64_t macs = 0;
};

struct Profile {
  std::string model, chip, units, placement;  // placement: by which rule; empty: on one unit
  results::Record record;                     // as `anesim run` gives it
  double on_ane_share = 0;                    // of the operators
  double on_ane_macs_share = results::unknown;
  std::map<std::string, UnitSum> by_unit;
  std::vector<ProfiledSegment> segments;
  std::vector<ProfiledOperator> operators;
  std::vector<Fallback> fallbacks;  // the largest gain first
  std::vector<WhatIf> what_ifs;
};

// Where all runs and what it costs, or also what would help, which takes a price each.
enum class ProfileDepth { placement, advice };
// InputError for units that the chip lacks.
Profile profile_of(const workloads::Request& request, const Chip& chip, Units units,
                   ProfileDepth depth = ProfileDepth::advice);

std::string profile_text(const Profile& profile, std::size_t columns, bool whole);
std::string profile_json(const Profile& profile);
std::string profile_csv(const Profile& profile);

}  // namespace ane::sim
