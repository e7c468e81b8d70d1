#include "sim/profile/profile.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "isa/error.h"
#include "results/text.h"
#include "sim/price/placement.h"
#include "workloads/request/file/model.h"

namespace ane::sim {

std::span<const std::string_view> names_of(Units) {
  static constexpr std::string_view names[] = {"all", "cpu_and_ne", "cpu_and_gpu", "cpu_only"};
  return names;
}

namespace {

// What would keep an operator on the accelerator that the chip's limits refuse.
struct Rewrite {
  std::string_view label, source, rewrite;
};
constexpr Rewrite rewrites[] = {
    {"A1", "docs/operators.md", "a smaller batch, or the tensor in parts"},
    {"C1", "docs/operators.md",
     "several narrower kernels whose results are added, or MatMul over the windows"},
    {"C2", "docs/operators.md", "several lower kernels whose results are added"},
    {"C3", "docs/operators.md", "a smaller stride, then a pool"},
    {"C4", "docs/operators.md", "the input channels in parts, added"},
    {"C6", "docs/operators.md", "less padding"},
    {"G1", "docs/operators.md", "a product with a matrix of zeros and ones"},
    {"M1", "docs/operators.md", "the inner extent in parts, added"},
    {"P1", "docs/operators.md", "two smaller pools, one after the other"},
};

Unit unit_of(Units units, const Chip& chip) {
  switch (units) {
    case Units::cpu_and_gpu:
      return Unit::gpu;
    case Units::cpu_only:
      return Unit::cpu;
    case Units::all:
      if (!has_unit(chip, Unit::ane)) return has_unit(chip, Unit::gpu) ? Unit::gpu : Unit::cpu;
      return Unit::ane;
    default:
      return Unit::ane;
  }
}

// The model's own names of operators, by the names of its nodes.
std::map<std::string, std::string> names_of_operators(const workloads::Request& r) {
  std::map<std::string, std::string> operators;
  const auto* file = dynamic_cast<const workloads::ModelFile*>(r.work.get());
  if (file == nullptr) return operators;
  const auto model = file->bound(r.batch);
  const std::vector<std::string> names = names_of_nodes(*model);
  for (std::size_t k = 0; k < names.size(); ++k) operators[names[k]] = model->nodes[k].node.op;
  return operators;
}

std::vector<ProfiledOperator> operators_of(const results::Record& record,
                                           const std::map<std::string, std::string>& names) {
  std::vector<ProfiledOperator> all;
  const double whole = record.totals.latency_s;
  for (const results::OperatorRow& row : record.operators) {
    const auto known = names.find(row.name);
    const std::string op = known == names.end() ? row.op : known->second;
    // What moves data for an operator is that operator's.
    const bool same = !all.empty() && known != names.end() && all.back().name == row.name &&
                      all.back().unit == row.unit;
    if (!same) {
      all.push_back({.name = row.name,
                     .op = op,
                     .unit = row.unit,
                     .label = row.placement,
                     .reason = row.reason,
                     .bound = row.bound,
                     .energy_j = row.energy_j});
    } else if (!std::isnan(row.energy_j)) {
      all.back().energy_j =
          (std::isnan(all.back().energy_j) ? 0 : all.back().energy_j) + row.energy_j;
    }
    ProfiledOperator& o = all.back();
    if (row.seconds > o.seconds)
      o.bound = row.bound, o.label = row.placement, o.reason = row.reason;
    o.seconds += row.seconds;
    o.macs += row.macs;
    o.bytes += row.dram_bytes;
  }
  for (ProfiledOperator& o : all) o.share = whole > 0 ? o.seconds / whole : 0;
  return all;
}

class Profiling {
 public:
  Profiling(const workloads::Request& request, const Chip& chip, Units units)
      : request_(request),
        chip_(chip),
        units_(units),
        target_(make_target(chip, unit_of(units, chip), "")) {}

  Profile profile(ProfileDepth depth) {
    request_.conditions.unit = target_.unit;
    Profile p;
    p.model = request_.work->label();
    p.chip = chip_.name();
    p.units = std::string(sim::names_of(units_)[static_cast<std::size_t>(units_)]);
    if (target_.unit == Unit::ane)
      p.placement = std::string(workloads::name(request_.conditions.placement));
    p.record = record_of(request_, target_, price(request_, target_, Detail::tasks));
    p.operators = operators_of(p.record, names_of_operators(request_));
    sums(p);
    segments(p);
    if (depth == ProfileDepth::advice) advise(p);
    return p;
  }

  void advise(Profile& p) {
    fallbacks(p);
    what_ifs(p);
  }

 private:
  static void sums(Profile& p) {
    std::size_t on_ane = 0;
    double macs = 0, ane_macs = 0;
    for (const ProfiledOperator& o : p.operators) {
      UnitSum& sum = p.by_unit[o.unit];
      ++sum.operators;
      sum.seconds += o.seconds;
      sum.macs += o.macs;
      if (!std::isnan(o.energy_j))
        sum.energy_j = (std::isnan(sum.energy_j) ? 0 : sum.energy_j) + o.energy_j;
      on_ane += o.unit == "ane" ? 1 : 0;
      macs += static_cast<double>(o.macs);
      ane_macs += o.unit == "ane" ? static_cast<double>(o.macs) : 0;
    }
    if (!p.operators.empty())
      p.on_ane_share = static_cast<double>(on_ane) / static_cast<double>(p.operators.size());
    if (macs > 0) p.on_ane_macs_share = ane_macs / macs;
  }

  void segments(Profile& p) {
    for (std::size_t k = 0; k < p.operators.size(); ++k) {
      if (p.segments.empty() || p.segments.back().unit != p.operators[k].unit)
        p.segments.push_back({.unit = p.operators[k].unit, .first = k});
      ++p.segments.back().operators;
      p.segments.back().seconds += p.operators[k].seconds;
    }
    if (target_.unit != Unit::ane) return;
    // Bytes that cross, where the request is one graph.
    std::vector<Segment> parts;
    try {
      parts = segments_of(request_, target_);
    } catch (const InputError&) {
      return;
    }
    if (parts.size() != p.segments.size()) return;
    for (std::size_t k = 0; k < parts.size(); ++k) {
      const workloads::Graph& g = parts[k].graph;
      const auto bytes = [&](const std::vector<workloads::ValueId>& list) {
        double sum = 0;
        for (const workloads::ValueId v : list) sum += static_cast<double>(g.type(v).bytes());
        return sum;
      };
      p.segments[k].bytes_in = bytes(g.inputs);
      p.segments[k].bytes_out = bytes(g.outputs);
    }
  }

  void fallbacks(Profile& p) {
    if (target_.unit != Unit::ane) return;
    constexpr int most_reasons = 2;  // behind the first, of one label
    std::map<std::string, int> reasons_told;
    for (const ProfiledOperator& o : p.operators) {
      if (o.unit == "ane") continue;
      auto at = std::ranges::find(p.fallbacks, o.label, &Fallback::label);
      if (at == p.fallbacks.end()) {
        p.fallbacks.push_back({.label = o.label, .reason = o.reason, .source = {}, .rewrite = {}});
        at = p.fallbacks.end() - 1;
      } else if (at->reason != o.reason && at->reason.find(o.reason) == std::string::npos) {
        if (reasons_told[o.label]++ < most_reasons) at->reason += "; " + o.reason;
      }
      ++at->operators;
      at->seconds += o.seconds;
    }
    if (p.fallbacks.empty()) return;
    for (Fallback& f : p.fallbacks)
      if (const int more = reasons_told[f.label] - most_reasons; more > 0)
        f.reason += fmt::format("; and {} more like {}", more, more == 1 ? "it" : "them");
    const bool file = request_.kind->name == "model";
    std::map<std::string, const workloads::model::HostReason*> reasons;
    workloads::Graph graph;
    const std::set<std::string> of_planner = labels_of_planner();
    if (file) {
      graph = workloads::graph_of(request_, chip_.machine());
      for (const workloads::Node& n : graph.nodes)
        if (const auto* why = workloads::model::host_reason(n)) reasons.emplace(why->label, why);
    }
    for (Fallback& f : p.fallbacks) {
      if (const auto at = reasons.find(f.label); at != reasons.end())
        f.source = at->second->source, f.rewrite = at->second->rewrite;
      if (const auto* row = std::ranges::find(rewrites, f.label, &Rewrite::label);
          row != std::end(rewrites))
        f.source = row->source, f.rewrite = row->rewrite;
      if (of_planner.contains(f.label)) {
        f.source = "docs/placement.md";
        f.rewrite = f.label == "small"
                        ? "more work a call: a larger batch, or several models in one program"
                    : f.label == "island" ? "what cuts it off in operators that the ANE takes"
                                          : "";
        // What is capable and stays is weighed; the others are no choice of the planner's.
        if (f.label == "small" || f.label == "island" || f.label == "quicker")
          f.gain_s = p.record.totals.latency_s -
                     price(placed(workloads::Placing::capable), target_).totals.latency_s;
        continue;
      }
      if (!file || f.label.empty()) continue;
      try {
        workloads::Request less = workloads::with(request_, "without", f.label);
        less.conditions = request_.conditions;
        f.gain_s = std::max(0.0, p.record.totals.latency_s - price(less, target_).totals.latency_s);
      } catch (const InputError&) {  // nothing is left without them
        f.gain_s = p.record.totals.latency_s;
      }
    }
    std::ranges::stable_sort(p.fallbacks, [](const Fallback& a, const Fallback& b) {
      return (std::isnan(a.gain_s) ? a.seconds : a.gain_s) >
             (std::isnan(b.gain_s) ? b.seconds : b.gain_s);
    });
  }

  workloads::Request placed(workloads::Placing how) const {
    workloads::Request r = request_;
    r.conditions.placement = how;
    return r;
  }

  // Of what the accelerator would take, and the planner leaves on the CPU.
  std::set<std::string> labels_of_planner() const {
    std::set<std::string> labels;
    if (request_.conditions.placement == workloads::Placing::capable) return labels;
    std::set<std::string> refused;
    try {
      for (const Segment& s : segments_of(placed(workloads::Placing::capable), target_))
        for (const Placement& p : s.placements) refused.insert(p.label);
      for (const Segment& s : segments_of(request_, target_))
        for (const Placement& p : s.placements)
          if (!s.on_ane && !refused.contains(p.label)) labels.insert(p.label);
    } catch (const InputError&) {  // no single program
    }
    return labels;
  }

  void what_if(Profile& p, const std::string& what, const workloads::Request& r,
               const Target& t) const {
    WhatIf w{.what = what, .refused = {}};
    try {
      workloads::Request asked = r;
      asked.conditions.unit = t.unit;
      if (t.chip.has_cpu()) asked.conditions.host.clear();
      const results::Cost cost = price(asked, t);
      w.latency_s = cost.totals.latency_s;
      w.energy_j = cost.totals.energy_j;
    } catch (const InputError& e) {
      w.refused = e.what();
    }
    p.what_ifs.push_back(std::move(w));
  }

  void what_ifs(Profile& p) const {
    using workloads::with;
    const bool weights = (request_.kind->takes & workloads::takes_weights) != 0;
    if (weights && target_.unit == Unit::ane && request_.formats.weights != "int8")
      what_if(p, "with INT8 weights", with(request_, "weights", "int8"), target_);
    if ((request_.kind->takes & workloads::takes_batch) != 0) {
      const std::string batch = fmt::format("{}", request_.batch * 8);
      try {
        what_if(p, "batch " + batch, with(request_, "batch", batch), target_);
      } catch (const InputError& e) {
        p.what_ifs.push_back({.what = "batch " + batch, .refused = e.what()});
      }
    }
    using workloads::Placing;
    if (target_.unit == Unit::ane && falls_back(target_.runtime))
      for (const auto& [how, what] :
           {std::pair{Placing::capable, "the accelerator gets all that it takes"},
            {Placing::coreml, "placed by Core ML's planner"},
            {Placing::best, "placed as is quickest here"}})
        if (how != request_.conditions.placement) what_if(p, what, placed(how), target_);
    for (const Unit unit : {Unit::ane, Unit::gpu, Unit::cpu})
      if (unit != target_.unit && has_unit(chip_, unit))
        what_if(p, fmt::format("all on the {}", workloads::name(unit)),
                with(placed(Placing::capable), "unit", ""), make_target(chip_, unit, ""));
    // The next of the same family by its number: M4 -> M5.
    const std::string name = chip_.name();
    const std::size_t digits = name.find_first_of("0123456789");
    if (digits != std::string::npos) {
      std::size_t end = digits;
      while (end < name.size() && std::isdigit(static_cast<unsigned char>(name[end])) != 0) ++end;
      if (end - digits <= 3) {
        const std::string next =
            name.substr(0, digits) +
            fmt::format("{}", std::stoi(name.substr(digits, end - digits)) + 1) + name.substr(end);
        std::optional<Chip> chip;
        try {
          chip.emplace(load_chip(next));
        } catch (const InputError&) {
        }
        if (chip && has_unit(*chip, target_.unit))
          what_if(p, fmt::format("{} -> {}", name, next), request_,
                  make_target(*chip, target_.unit, ""));
      }
    }
  }

  workloads::Request request_;
  const Chip& chip_;
  Units units_;
  Target target_;
};

}  // namespace

Profile profile_of(const workloads::Request& request, const Chip& chip, Units units,
                   ProfileDepth depth) {
  Profiling profiling(request, chip, units);
  Profile p = profiling.profile(ProfileDepth::placement);
  const auto advised = [&] {
    if (depth == ProfileDepth::advice) profiling.advise(p);
    return std::move(p);
  };
  // What is too small for the accelerator is so for the GPU; what it cannot do, the GPU may.
  const bool small =
      p.on_ane_share == 0 && std::ranges::any_of(p.operators, [](const ProfiledOperator& o) {
        return o.label == "small" || o.label == "island";
      });
  if (units != Units::all || request.conditions.placement != workloads::Placing::coreml ||
      !has_unit(chip, Unit::ane) || !has_unit(chip, Unit::gpu) || small)
    return advised();
  // Core ML's estimates of the GPU are not published; the laws here stand in for them, of the whole
  // call.
  const Target gpu = make_target(chip, Unit::gpu, "");
  workloads::Request on_gpu = request;
  on_gpu.conditions.unit = Unit::gpu;
  on_gpu.conditions.placement = workloads::Placing::capable;
  double there = results::unknown;
  try {
    there = price(on_gpu, gpu, Detail::totals).totals.latency_s;
  } catch (const InputError&) {
    return advised();  // nothing for a GPU
  }
  const double here = p.record.totals.latency_s;
  if (!(there < here)) return advised();
  p = Profiling(on_gpu, chip, Units::cpu_and_gpu).profile(depth);
  p.units = std::string(names_of(Units::all)[0]);
  p.record.notes.push_back(
      fmt::format("the whole call goes to the GPU, where it takes {}, not {}: Core ML's estimates "
                  "of the GPU are "
                  "not published, so these are this program's (assumed)",
                  results::with_unit(there, "s"), results::with_unit(here, "s")));
  return p;
}

}  // namespace ane::sim
