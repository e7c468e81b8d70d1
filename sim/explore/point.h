// One point of a sweep: its request and its machine, and what they cost.
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "results/sweep.h"
#include "sim/explore/plan.h"
#include "sim/price/target.h"

namespace ane::sim {

// The share of answers, from 0 to 1, that are float32's in this request's numbers on this target.
// InputError where the numbers have no values there.
using Agreement = std::function<double(const workloads::Request&, const Target&)>;

// Makes points of one plan; keeps chips and runtimes that it has loaded. One a thread.
class PointMaker {
 public:
  // agreement: of each point's answers, asked once for all points of one request on one chip.
  explicit PointMaker(const SweepPlan& plan, Agreement agreement = {});
  ~PointMaker();

  // Computed, or refused with the reason. Nothing where a condition on what is asked alone, not on
  // its cost, does not hold.
  std::optional<results::SweepPoint> price(std::int64_t index);
  // The request and the machine of these values, one an axis.
  workloads::Request request_of(const std::vector<std::string>& values);
  Target target_of(const std::vector<std::string>& values);

  // InputError where the axis does not take the value, or nothing has this name.
  void check_axis(std::size_t axis, const std::string& value,
                  const std::vector<std::string>& others);
  void check_name(const std::string& name, const std::string& condition);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ane::sim
