// Which points of a plan are whose, where a sweep is computed in parts: the same answer in every
// part, and parts that take about as long as each other.
//
// What takes long is a program made ready (sim/price/lower.h), not its price under other rates. So
// points that share a program stay together, programs are weighed by what making them is predicted
// to take, and dealt out from the heaviest on, each to the part that has least so far (LPT: at most
// 4/3 of the best makespan, Graham 1969). A program with too many points for one part is cut.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "sim/explore/plan.h"

namespace ane::sim {

struct Shard {
  std::int64_t number = 1, of = 1;  // from 1
};
Shard parse_shard(const std::string& text);  // "2/8"; InputError at --shard

class Shares {
 public:
  Shares(const SweepPlan& plan, std::int64_t parts);
  // The part of point i, from 0.
  std::int64_t part_of(std::int64_t i) const;
  // The predicted seconds of each part; empty where points are dealt out by a hash: samples, and
  // grids of more programs than are worth weighing.
  const std::vector<double>& seconds() const { return seconds_; }

 private:
  std::int64_t program_of(std::int64_t i) const;

  std::int64_t parts_;
  std::vector<std::pair<std::int64_t, std::int64_t>> digits_{};  // stride and size of each axis
                                                                 // that programs differ in
  bool grid_ = false;
  std::vector<std::vector<std::int64_t>> pieces_{};  // of each program: the part of each piece
  std::vector<double> seconds_{};
};

}  // namespace ane::sim
