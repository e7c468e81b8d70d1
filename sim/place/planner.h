// Where Core ML puts each operator of a program: its own rule, by its own estimates, which are not
// how long the operators take.
//
// Each operator has the units that are capable of it, and an estimate on each. A shortest path over
// the operators in file order chooses: entering the ANE, changing units between neighbours and
// ending on the ANE cost a fixed time each (S1, notes/coreml_dispatch.md; 440 of its 482 programs
// come out exactly, 41 are ties). The constants of each system are a description
// (sim/place/*.json).
#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/chips/chip.h"
#include "sim/chips/description.h"
#include "workloads/mil/program.h"

namespace ane::sim {

// s, bytes a second, FLOP a second; see the fields' table in planner.cpp.
struct PlannerRates {
  double bytes = 0, relu = 0, concat = 0, add = 0, mul = 0, transpose = 0, bilinear = 0;
  double conv = 0, conv_plain = 0, conv_dilated = 0, conv_depthwise = 0, conv_transpose = 0;
  double linear = 0;
  double linear_plain = 0;  // s for each pair of input features
  double gather = 0;        // of the CPU
  double product = 0;       // of the CPU
};
struct PlannerLimits {
  double extent = 0;
  double side = 0;  // of rows and columns: the chip's own where that is less
  double rank = 0, inner = 0, linear_inner = 0, kernel_width = 0, kernel_height = 0,
         kernel_square = 0, max_pool_width = 0;
};
struct PlannerParameters {
  double launch = 0, change = 0, last_hop = 0;  // s
  PlannerLimits limits;
  PlannerRates ane, cpu;
};

class Planner {
 public:
  explicit Planner(Description description);
  const std::string& name() const { return description_->name; }
  const Description& description() const { return *description_; }
  const PlannerParameters& costs() const& { return costs_; }
  PlannerParameters costs() && { return std::move(costs_); }  // of one that ends here

 private:
  std::shared_ptr<const Description> description_;
  PlannerParameters costs_;
};
// By name. InputError with the nearest.
Planner load_planner(std::string_view name);
std::vector<std::string> planner_names();
// That of the chip's system, else the one that is known best; `assumed` says why that one stands
// for it, and is empty for a chip whose own it is.
struct ChosenPlanner {
  Planner planner;
  std::string assumed;
};
ChosenPlanner planner_of(const std::string& chip);

// The limits of the planner's system on a chip.
PlannerLimits limits_on(const Planner& planner, const Chip& chip);

// Why the ANE is not capable of an operator; an empty label where it is.
struct Incapable {
  std::string label, reason, source;
};
Incapable incapable(const workloads::mil::Op& op, const PlannerLimits& limits);

// The planner's own estimates of an operator, s.
double ane_estimate(const workloads::mil::Op& op, const PlannerRates& rates);
double cpu_estimate(const workloads::mil::Op& op, const PlannerRates& rates);

struct PlacedOp {
  bool on_ane = false;
  bool capable = false;
  double ane_s = 0, cpu_s = 0;  // estimates; the ANE's is 0 where it is not capable
  // Label and sentence of what decided: those of Incapable; "small" and "island" for what is
  // capable but gains too little; "takes".
  std::string label, reason, source;
};
// One for each operator of the program. Of two paths of one cost the one that changes later.
// refused: by operator, what else keeps it off the ANE (an empty label: nothing); empty: nothing
// does.
std::vector<PlacedOp> plan_placement(const workloads::mil::Program& program, const Planner& planner,
                                     const Chip& chip, const std::vector<Incapable>& refused = {});

}  // namespace ane::sim
