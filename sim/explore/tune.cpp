#include "sim/explore/tune.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <numeric>
#include <tuple>

#include "isa/error.h"
#include "sim/explore/point.h"
#include "sim/explore/sweep.h"
#include "workloads/request/job.h"
#include "workloads/request/kinds.h"

namespace ane::sim {
namespace {

using results::SweepPoint;
using workloads::Request;

// Less is better, element by element: 0 for what is within the bounds, 1 for what misses them, 2
// for what has no cost; by how much they are missed, as a share of each; what is to be best; and
// between equals the time of a call.
using Rank = std::tuple<int, double, double, double>;

double missed(const SweepPoint& p, const std::vector<Bound>& bounds) {
  double sum = 0;
  for (const Bound& b : bounds) {
    const double v = p.objective(b.objective);
    const double ratio = objective_named(b.objective).largest ? b.value / v : v / b.value;
    sum += ratio > 1 ? ratio - 1 : ratio == ratio ? 0 : 1;
  }
  // A condition that is no bound is missed by no amount.
  return sum == 0 && !p.feasible ? 1 : sum;
}

// agreement: as it is, or 1 where it is not known yet: nothing is better than its optimistic rank.
Rank rank_of(const TunePlan& plan, const SweepPoint& p, double agreement) {
  if (!p.refused.empty()) return {2, 0, 0, 0};
  double miss = missed(p, plan.bounds);
  if (plan.min_agreement && agreement < *plan.min_agreement)
    miss += 1 - agreement / *plan.min_agreement;
  double cost = -agreement;
  if (!plan.most_agreement) {
    const Objective& o = objective_named(plan.grid.objectives.front());
    cost = p.objective(o.name) * (o.largest ? -1 : 1);
  }
  return {miss > 0 ? 1 : 0, miss, cost, p.latency_s};
}

bool asks_agreement(const TunePlan& plan) {
  return plan.min_agreement || plan.most_agreement;
}

// Each question of values once: the batch changes none of them.
class Agreements {
 public:
  explicit Agreements(const Agreement& of) : of_(of) {}
  double of(const Request& r, const Target& target) {
    const bool batched = (r.kind->takes & workloads::takes_batch) != 0;
    const Request one = batched ? workloads::with(r, "batch", "") : r;
    const std::string text = workloads::to_text(one);
    if (const auto known = known_.find(text); known != known_.end()) return known->second;
    return known_.emplace(text, of_(one, target)).first->second;
  }

 private:
  const Agreement& of_;
  std::map<std::string, double> known_;
};

class Search {
 public:
  Search(const TunePlan& plan, const TuneRun& run)
      : plan_(plan), run_(run), maker_(plan.grid), agreements_(run.agreement) {
    for (const SweepPoint& p : run.known) out_.tried[p.index] = {.point = p};
  }

  Tuning go() {
    const std::int64_t all = plan_.grid.points();
    out_.whole = all <= plan_.whole;
    const std::int64_t best = out_.whole ? whole(all) : descents();
    const bool within = std::get<0>(full(best)) == 0;
    if (std::get<0>(full(best)) == 2) {
      if (stopped()) return std::move(out_);
      throw InputError("anesim tune",
                       fmt::format("none of {} tried combinations has a cost: {}",
                                   out_.tried.size(), out_.tried[best].point.refused),
                       "other values by --choose, or another --chip");
    }
    if (within) out_.best = best;
    out_.nearest = best;
    price({0});
    if (asks_agreement(plan_)) full(0);
    out_.asked = out_.tried[0];
    for (std::size_t a = 0; a < plan_.grid.axes.size(); ++a) {
      const std::int64_t plain = with_digit(best, a, 0);
      price({plain});
      if (plan_.most_agreement) full(plain);
      const Tried& t = out_.tried[plain];
      out_.without.push_back(t.point.refused.empty() ? std::optional(t) : std::nullopt);
    }
    return std::move(out_);
  }

 private:
  bool stopped() const { return run_.stop != nullptr && *run_.stop; }

  void price(const std::vector<std::int64_t>& wanted) {
    std::vector<std::int64_t> fresh;
    for (const std::int64_t i : wanted)
      if (!out_.tried.contains(i) && std::ranges::find(fresh, i) == fresh.end()) fresh.push_back(i);
    if (fresh.empty()) return;
    SweepRun run{.threads = std::min(run_.threads, static_cast<int>(std::ssize(fresh))),
                 .only = fresh,
                 .stop = run_.stop};
    run.keep = [&](std::span<const SweepPoint> points) {
      for (const SweepPoint& p : points) out_.tried[p.index] = {.point = p};
      if (run_.keep) run_.keep(points);
    };
    run_sweep(plan_.grid, run);
    // What a condition on the question alone leaves out has no point, and what a stop left none.
    for (const std::int64_t i : fresh)
      if (!out_.tried.contains(i))
        out_.tried[i].point = {.index = i,
                               .values = plan_.grid.values(i),
                               .refused = stopped() ? "stopped" : "left out by a condition"};
  }

  Rank optimistic(std::int64_t i) {
    const Tried& t = out_.tried.at(i);
    return rank_of(plan_, t.point, t.agreement.value_or(1));
  }
  Rank full(std::int64_t i) {
    Tried& t = out_.tried.at(i);
    if (asks_agreement(plan_) && !t.agreement && t.point.refused.empty()) try {
        t.agreement =
            agreements_.of(maker_.request_of(t.point.values), maker_.target_of(t.point.values));
      } catch (const InputError& e) {
        // Numbers that have a price and no values.
        t.point.refused = e.what();
      }
    return rank_of(plan_, t.point, t.agreement.value_or(1));
  }
  // Values are computed only of what would be better if they agreed.
  bool better(std::int64_t a, std::int64_t b) {
    return optimistic(a) < full(b) && full(a) < full(b);
  }

  std::int64_t whole(std::int64_t all) {
    std::vector<std::int64_t> order(static_cast<std::size_t>(all));
    std::iota(order.begin(), order.end(), 0);
    price(order);
    std::ranges::stable_sort(
        order, [&](std::int64_t a, std::int64_t b) { return optimistic(a) < optimistic(b); });
    std::int64_t best = order[0];
    for (const std::int64_t i : std::span(order).subspan(1)) {
      if (!(optimistic(i) < full(best))) break;
      if (full(i) < full(best)) best = i;
    }
    return best;
  }

  std::int64_t size(std::size_t axis) const { return std::ssize(plan_.grid.axes[axis].values); }
  std::int64_t stride(std::size_t axis) const {
    std::int64_t n = 1;
    for (std::size_t a = axis + 1; a < plan_.grid.axes.size(); ++a) n *= size(a);
    return n;
  }
  std::int64_t with_digit(std::int64_t i, std::size_t axis, std::int64_t digit) const {
    return i + (digit - i / stride(axis) % size(axis)) * stride(axis);
  }
  std::vector<std::int64_t> line(std::int64_t i, std::size_t axis) const {
    std::vector<std::int64_t> all;
    for (std::int64_t d = 0; d < size(axis); ++d) all.push_back(with_digit(i, axis, d));
    return all;
  }

  std::int64_t descend(std::int64_t at) {
    for (bool moved = true; moved && !stopped();) {
      moved = false;
      for (std::size_t a = 0; a < plan_.grid.axes.size(); ++a) {
        const std::vector<std::int64_t> candidates = line(at, a);
        price(candidates);
        for (const std::int64_t c : candidates)
          if (c != at && better(c, at)) at = c, moved = true;
      }
      ++out_.rounds;
    }
    return at;
  }

  // From the request as it is, and from the best of those that differ from it in one choice.
  std::int64_t descents() {
    std::vector<std::int64_t> starts;
    for (std::size_t a = 0; a < plan_.grid.axes.size(); ++a)
      for (const std::int64_t i : line(0, a))
        if (i != 0) starts.push_back(i);
    price({0});
    price(starts);
    std::ranges::stable_sort(
        starts, [&](std::int64_t a, std::int64_t b) { return optimistic(a) < optimistic(b); });
    starts.insert(starts.begin(), 0);
    starts.resize(std::min(starts.size(), static_cast<std::size_t>(plan_.starts)));
    std::int64_t best = 0;
    for (const std::int64_t start : starts) {
      const std::int64_t end = descend(start);
      ++out_.starts;
      if (end != best && better(end, best)) best = end;
    }
    return best;
  }

  const TunePlan& plan_;
  const TuneRun& run_;
  PointMaker maker_;
  Agreements agreements_;
  Tuning out_;
};

// Names of the layers with weights, in order, each once.
std::vector<std::string> layers_of(const Request& request, const Target& target) {
  const isa::Machine machine = target.chip.machine();
  const workloads::Job job = workloads::job_of(
      request, {.machine = machine, .form = workloads::form_of(request, target.unit)});
  std::vector<std::string> names;
  for (const workloads::Stage& s : job.stages)
    if (const auto* graph = std::get_if<workloads::Graph>(&s.work))
      for (const workloads::Node& n : graph->nodes)
        if (n.parameters && std::ranges::find(names, n.name) == names.end())
          names.push_back(n.name);
  return names;
}

}  // namespace

void check_choices(const TunePlan& plan) {
  if (plan.grid.axes.empty())
    throw InputError("anesim tune", "nothing is left to choose", "fewer keys in the request");
  check(plan.grid);
}

Tuning tune(const TunePlan& plan, const TuneRun& run) {
  check_choices(plan);
  return Search(plan, run).go();
}

LayerChoice tune_layers(const TunePlan& plan, const Request& request, const TuneRun& run) {
  LayerChoice out;
  const SweepPlan& grid = plan.grid;
  const Target target = target_of(request, load_chip(grid.chip, grid.set));
  const std::vector<std::string> names = layers_of(request, target);
  if (names.empty()) throw InputError("fp16_layers", "this work has no layers with weights");
  Agreements agreements(run.agreement);
  // What all of them in FP16 do not reach, none of them does.
  const std::string all = fmt::format("{}", fmt::join(names, ","));
  if (agreements.of(workloads::with(request, "fp16_layers", all), target) < *plan.min_agreement)
    return out;
  std::vector<std::pair<double, std::string>> gains;
  for (const std::string& name : names) {
    if (run.stop != nullptr && *run.stop) return out;
    gains.emplace_back(-agreements.of(workloads::with(request, "fp16_layers", name), target), name);
  }
  std::ranges::stable_sort(gains, {}, &std::pair<double, std::string>::first);
  Axis axis;
  axis.name = "fp16_layers";
  std::string set;
  for (const auto& [gain, name] : gains) {
    out.layers.push_back(name);
    set += (set.empty() ? "" : "+") + name;
    axis.values.push_back(set);
  }
  axis.text = fmt::format("{}", fmt::join(axis.values, ","));
  out.grid = {.request = workloads::to_text(request), .chip = grid.chip, .set = grid.set};
  out.grid.axes = {axis};
  out.grid.where = grid.where;
  out.grid.objectives = grid.objectives;
  PointMaker maker(out.grid);
  // So many of the most sensitive layers; how far they agree hardly falls where one is added.
  const auto enough = [&](std::int64_t count) {
    const std::vector<std::string> values = out.grid.values(count - 1);
    const std::vector<std::int64_t> only{count - 1};
    SweepRun one{.only = only, .stop = run.stop};
    bool agrees = false;
    one.keep = [&](std::span<const SweepPoint> points) {
      for (const SweepPoint& p : points) {
        Tried t{.point = p};
        if (p.refused.empty()) t.agreement = agreements.of(maker.request_of(values), target);
        agrees = t.agreement && *t.agreement >= *plan.min_agreement;
        out.tried.push_back(std::move(t));
      }
    };
    run_sweep(out.grid, one);
    return agrees;
  };
  std::int64_t too_few = 0, most = std::ssize(names), count = 1;
  while (count < most && !enough(count)) too_few = count, count = std::min(most, 2 * count);
  if (count == most && !enough(most)) return out;
  while (count - too_few > 1) {
    const std::int64_t middle = (count + too_few) / 2;
    (enough(middle) ? count : too_few) = middle;
  }
  for (std::size_t i = 0; i < out.tried.size(); ++i) {
    const Tried& t = out.tried[i];
    if (t.point.index == count - 1 && t.agreement &&
        std::get<0>(rank_of(plan, t.point, *t.agreement)) == 0)
      out.best = i;
  }
  return out;
}

namespace {

std::string bounds_text(const TunePlan& plan) {
  std::string text;
  for (const Condition& c : plan.grid.where) text += "; " + c.text();
  if (plan.min_agreement) text += fmt::format("; agreement >= {:g}", *plan.min_agreement);
  return text;
}

double value_of(const TunePlan& plan, const Tried& t) {
  return plan.most_agreement ? t.agreement.value_or(results::unknown)
                             : t.point.objective(plan.grid.objectives.front());
}

}  // namespace

results::Report tuning_report(const TunePlan& plan, const Tuning& tuning,
                              const std::optional<LayerChoice>& layers) {
  const std::string objective =
      plan.most_agreement ? std::string(agreement_objective) : plan.grid.objectives.front();
  const bool largest = plan.most_agreement || objective_named(objective).largest;
  const std::string unit = plan.most_agreement ? "%" : std::string(objective_named(objective).unit);
  results::Report report;
  report.heading =
      fmt::format("{} on {}: {} {}{}; {} of {} combinations tried, {}", plan.grid.request,
                  plan.grid.chip, largest ? "most" : "least", objective, bounds_text(plan),
                  tuning.tried.size(), plan.grid.points(),
                  tuning.whole ? std::string("all there are")
                               : fmt::format("by coordinate descent from {} starts in {} rounds",
                                             tuning.starts, tuning.rounds));
  const std::int64_t at = tuning.best.value_or(tuning.nearest);
  const auto found = tuning.tried.find(at);
  if (found == tuning.tried.end()) return report;
  const Tried& best = found->second;

  results::Block choices;
  choices.table = {"choices",
                   {{"choice", "choice", ""},
                    {"asked", "as asked", ">"},
                    {"best", tuning.best ? "best" : "nearest", ">"},
                    {"without_it", "without it", unit},
                    {"gives", "it gives", "x"}},
                   {},
                   true};
  for (std::size_t a = 0; a < plan.grid.axes.size(); ++a) {
    const std::string& plain = plan.grid.axes[a].values.front();
    const std::string& chosen = best.point.values[a];
    const auto& without = a < tuning.without.size() ? tuning.without[a] : std::nullopt;
    const double other = without ? value_of(plan, *without) : results::unknown;
    const double own = value_of(plan, best);
    const bool same = plain == chosen;
    choices.table.rows.push_back(
        {plan.grid.axes[a].name, plain, chosen, same ? results::Cell{} : results::known(other),
         same ? results::Cell{} : results::known(largest ? own / other : other / own)});
  }
  if (!tuning.best) choices.after.push_back("  nothing that was tried is within the bounds");

  results::Block costs;
  costs.table = {"costs",
                 {{"what", "", ""},
                  {"request", "", ""},
                  {"latency_s", "latency", "s"},
                  {"energy_j", "energy", "J"},
                  {"energy_per_item_j", "an item", "J"},
                  {"power_w", "power", "W"},
                  {"peak_memory_bytes", "memory", "B"},
                  {"throughput_items_per_s", "throughput", "items/s"},
                  {"agreement", "agreement", "%"},
                  {"bound", "bound", ""}},
                 {},
                 true};
  costs.table.columns[0].title = "what";
  PointMaker maker(plan.grid);
  const auto add = [&](const std::string& what, const Tried& t, const std::string& request) {
    const SweepPoint& p = t.point;
    costs.table.rows.push_back(
        {what, request, results::known(p.objective("latency")),
         results::known(p.objective("energy")), results::known(p.objective("energy_per_item")),
         results::known(p.objective("power")), results::known(p.objective("memory")),
         results::known(p.objective("throughput")),
         results::known(t.agreement.value_or(results::unknown)),
         p.bound.empty() ? results::Cell{} : results::Cell{p.bound}});
  };
  const auto text_of = [&](PointMaker& of, const Tried& t) {
    return workloads::to_text(of.request_of(t.point.values));
  };
  add("as asked", tuning.asked, text_of(maker, tuning.asked));
  std::string request = text_of(maker, best);
  add(tuning.best ? "best" : "nearest", best, request);
  if (layers && layers->best) {
    PointMaker of_layers(layers->grid);
    const Tried& t = layers->tried[*layers->best];
    request = text_of(of_layers, t);
    add("best by layer", t, request);
    const std::size_t kept = static_cast<std::size_t>(t.point.index) + 1;
    costs.after.push_back(
        fmt::format("  of {} layers {} stay in FP16: {}", layers->layers.size(), kept,
                    fmt::join(layers->layers.begin(),
                              layers->layers.begin() + static_cast<std::ptrdiff_t>(kept), ", ")));
  }
  std::string set;
  for (const std::string& s : plan.grid.set) set += fmt::format(" --set {}", s);
  costs.after.push_back(
      fmt::format("  anesim run '{}' --chip '{}'{}", request, plan.grid.chip, set));
  // Why combinations have no cost, the most frequent first.
  std::map<std::string, int> reasons;
  for (const auto& [i, t] : tuning.tried)
    if (!t.point.refused.empty()) ++reasons[t.point.refused];
  std::vector<std::pair<int, std::string>> sorted;
  for (const auto& [reason, n] : reasons) sorted.emplace_back(-n, reason);
  std::ranges::sort(sorted);
  for (std::size_t i = 0; i < sorted.size() && i < 3; ++i)
    costs.after.push_back(fmt::format("  {} refused: {}", -sorted[i].first, sorted[i].second));
  report.blocks = {std::move(choices), std::move(costs)};
  return report;
}

}  // namespace ane::sim
