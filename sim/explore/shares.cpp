#include "sim/explore/shares.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "isa/error.h"
#include "sim/explore/point.h"
#include "sim/price/limits.h"
#include "workloads/networks/networks.h"
#include "workloads/request/job.h"

namespace ane::sim {
namespace {

std::uint64_t hashed(std::uint64_t z) {
  z = (z + 0x9e3779b97f4a7c15U) * 0xbf58476d1ce4e5b9U;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
  return z ^ (z >> 31);
}

// Seconds of one core, measured [docs/scale.md]: a point under other rates, and a node of it; a
// node of a graph made ready, and a multiply-accumulate of a graph of several nodes, whose tiles
// are chosen together. They are weights: a part's share is what they decide, no figure of any
// result.
constexpr double a_point = 4e-5, a_priced_node = 1.2e-5, a_node = 5e-4, a_mac = 4e-12;

struct Predicted {
  double once = 0;         // s, the program
  double point = a_point;  // s, each point of it
};
Predicted predicted(const workloads::Request& request, const Target& target) {
  const isa::Machine machine = target.chip.machine();
  Predicted seconds;
  const workloads::Job job =
      workloads::job_of(request, {.machine = machine,
                                  .form = workloads::form_of(request, target.unit),
                                  .programs = target.unit == Unit::ane});
  for (const workloads::Stage& s : job.stages)
    if (const auto* graph = std::get_if<workloads::Graph>(&s.work)) {
      const auto nodes = static_cast<double>(graph->nodes.size());
      seconds.once += a_node * nodes;
      seconds.point += a_priced_node * nodes;
      if (nodes > 1) seconds.once += a_mac * workloads::graph_macs(*graph);
    }
  return seconds;
}

// Whether machines that differ in this axis run different programs: told by their limits.
bool makes_programs(const Axis& axis, std::size_t a, const std::vector<std::string>& first,
                    PointMaker& maker) {
  if (!axis.parameter()) return true;
  const auto limits_at = [&](const std::string& value) {
    std::vector<std::string> values = first;
    values[a] = value;
    return key_of(maker.target_of(values).chip.machine());
  };
  try {
    return limits_at(axis.values.front()) != limits_at(axis.values.back());
  } catch (const InputError&) {
    return true;
  }
}

}  // namespace

Shard parse_shard(const std::string& text) {
  Shard s;
  const char* const end = text.data() + text.size();
  const auto [slash, error] = std::from_chars(text.data(), end, s.number);
  if (error != std::errc() || slash == end || *slash != '/')
    throw InputError("--shard", fmt::format("'{}' is no K/N", text), "--shard 1/4");
  const auto [last, fault] = std::from_chars(slash + 1, end, s.of);
  constexpr std::int64_t most_parts = 100'000;
  if (fault != std::errc() || last != end || s.of < 1 || s.number < 1 || s.number > s.of)
    throw InputError("--shard", fmt::format("'{}' is no part of a whole", text),
                     "K from 1 to N, as 2/8");
  if (s.of > most_parts) throw InputError("--shard", fmt::format("more than {} parts", most_parts));
  return s;
}

Shares::Shares(const SweepPlan& plan, std::int64_t parts) : parts_(parts) {
  grid_ = plan.sampling == Sampling::grid && plan.points() > 0;
  if (parts == 1 || !grid_) return;
  PointMaker maker(plan);
  const std::vector<std::string> first = plan.values(0);
  std::int64_t stride = 1, programs = 1;
  std::vector<std::pair<std::int64_t, std::int64_t>> digits;
  for (std::size_t a = plan.axes.size(); a-- > 0;) {
    const auto size = std::ssize(plan.axes[a].values);
    if (makes_programs(plan.axes[a], a, first, maker)) {
      digits.emplace_back(stride, size);
      programs *= size;
    }
    stride *= size;
  }
  digits_ = std::move(digits);
  constexpr std::int64_t most_weighed = 1024;
  if (programs > most_weighed) return;
  // One point of each program, for its request and machine.
  const double each = static_cast<double>(plan.points()) / static_cast<double>(programs);
  std::vector<Predicted> of(static_cast<std::size_t>(programs));
  for (std::int64_t p = 0; p < programs; ++p) {
    std::int64_t point = 0, rest = p;
    for (const auto& [at, size] : digits_) point += rest % size * at, rest /= size;
    const std::vector<std::string> values = plan.values(point);
    try {
      of[static_cast<std::size_t>(p)] =
          predicted(maker.request_of(values), maker.target_of(values));
    } catch (const InputError&) {
      // Refused: as quick as can be.
    }
  }
  // Cut so that no piece is more than a quarter of a part, whose points alone are shared out.
  double whole = 0;
  for (const Predicted& p : of) whole += p.once + p.point * each;
  struct Piece {
    double seconds;
    std::size_t program, piece;
  };
  std::vector<Piece> pieces;
  pieces_.resize(of.size());
  const auto most = static_cast<double>(4 * parts);
  for (std::size_t p = 0; p < of.size(); ++p) {
    const double points = of[p].point * each;
    const double count =
        std::clamp(std::ceil(points * most / whole), 1.0, std::max(1.0, std::min(each, most)));
    pieces_[p].resize(static_cast<std::size_t>(count));
    for (std::size_t k = 0; k < pieces_[p].size(); ++k)
      pieces.push_back({of[p].once + points / count, p, k});
  }
  std::ranges::stable_sort(pieces, std::ranges::greater{}, &Piece::seconds);
  seconds_.resize(static_cast<std::size_t>(parts));
  for (const Piece& piece : pieces) {
    const auto least = std::ranges::min_element(seconds_);
    *least += piece.seconds;
    pieces_[piece.program][piece.piece] = least - seconds_.begin();
  }
}

std::int64_t Shares::program_of(std::int64_t i) const {
  std::int64_t program = 0, times = 1;
  for (const auto& [stride, size] : digits_) program += i / stride % size * times, times *= size;
  return program;
}

std::int64_t Shares::part_of(std::int64_t i) const {
  if (parts_ == 1) return 0;
  const auto mixed = [](std::int64_t n, std::size_t of) {
    return static_cast<std::size_t>(hashed(static_cast<std::uint64_t>(n)) % of);
  };
  const auto parts = static_cast<std::size_t>(parts_);
  if (!grid_) return static_cast<std::int64_t>(mixed(i, parts));
  if (pieces_.empty()) return static_cast<std::int64_t>(mixed(program_of(i), parts));
  const std::vector<std::int64_t>& of = pieces_[static_cast<std::size_t>(program_of(i))];
  return of[mixed(i, of.size())];
}

}  // namespace ane::sim
