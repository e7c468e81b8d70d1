#include "results/record.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "results/cause.h"

namespace ane::results {

void add(Parts& parts, std::string_view name, double value) {
  for (Part& p : parts)
    if (p.name == name) {
      p.value += value;
      return;
    }
  parts.push_back({std::string(name), value});
}

double sum(const Parts& parts) {
  double total = 0;
  for (const Part& p : parts) total += p.value;
  return total;
}

double part(const Parts& parts, std::string_view name) {
  for (const Part& p : parts)
    if (p.name == name) return p.value;
  return 0;
}

std::string largest(const Parts& parts) {
  const auto by_value = [](const Part& a, const Part& b) { return a.value < b.value; };
  const auto it = std::max_element(parts.begin(), parts.end(), by_value);
  return it == parts.end() ? "" : it->name;
}

std::string fnv1a_128(std::string_view bytes) {
  __extension__ using Wide = unsigned __int128;
  constexpr Wide prime = (Wide{1} << 88) + 0x13b;
  Wide hash = (Wide{0x6c62272e07bb0142} << 64) + 0x62b821756295c58d;
  for (const char c : bytes) hash = (hash ^ static_cast<unsigned char>(c)) * prime;
  return fmt::format("{:016x}{:016x}", static_cast<std::uint64_t>(hash >> 64),
                     static_cast<std::uint64_t>(hash));
}

std::string Run::question_digest() const {
  const std::string old = fmt::format(
      "workload={}\nvariant={}\ninput_digest={}\nchip={}\nunit={}\nruntime={}\nprofile={}\n"
      "precision={}\nbatch={}\nitems={}\noverrides={}\ncode_version={}\n",
      workload, variant, input_digest, chip, unit, runtime, profile, precision, batch, items,
      overrides, code_version);
  const auto more = [](std::string_view field, const std::string& value) {
    return value.empty() ? std::string() : fmt::format("{}={}\n", field, value);
  };
  return fnv1a_128(old + more("form", form) + more("request", request));
}

namespace {

bool same(double a, double b) {
  return std::abs(a - b) <= 1e-9 * std::max(std::abs(a), std::abs(b));
}

// Known or not, but never negative nor infinite.
bool sane(double v) {
  return std::isnan(v) || (v >= 0 && std::isfinite(v));
}

std::string check_parts(std::string_view what, const Parts& parts, double whole,
                        bool may_be_empty) {
  if (parts.empty() && (may_be_empty || std::isnan(whole) || whole == 0)) return "";
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (std::isnan(parts[i].value) || !sane(parts[i].value))
      return fmt::format("{}: part '{}' is {}", what, parts[i].name, parts[i].value);
    for (std::size_t k = 0; k < i; ++k)
      if (parts[k].name == parts[i].name)
        return fmt::format("{}: part '{}' occurs twice", what, parts[i].name);
  }
  if (!same(sum(parts), whole))
    return fmt::format("{}: parts sum to {} but the whole is {}", what, sum(parts), whole);
  return "";
}

std::string check_operator(const OperatorRow& o, std::size_t position) {
  const std::string what = fmt::format("operator {} ({})", position, o.name);
  if (o.index != static_cast<int>(position)) return what + ": index is not its position";
  if (std::isnan(o.start_s) || std::isnan(o.seconds) || !sane(o.start_s) || !sane(o.seconds) ||
      !sane(o.ahead_s) || !sane(o.energy_j) || !sane(o.utilisation) || o.macs < 0 ||
      o.weight_bytes < 0 || o.dram_bytes < 0 || o.l2_bytes < 0 || o.tasks < 0)
    return what + ": a figure is negative or infinite";
  if (o.utilisation > 1 + 1e-9) return what + ": utilisation above 1";
  return check_parts(what + " causes", o.causes, o.seconds, true);
}

std::string check_task(const TaskRow& t, std::size_t position, std::size_t operators) {
  const std::string what = fmt::format("task {} ({})", position, t.name);
  if (t.index != static_cast<int>(position)) return what + ": index is not its position";
  if (t.operator_index < 0 || static_cast<std::size_t>(t.operator_index) >= operators)
    return what + ": operator index out of range";
  if (t.start.count < 0 || t.end < t.start) return what + ": ends before it starts";
  for (const StageInterval& s : t.stages)
    if (s.start.count < 0 || s.end < s.start)
      return fmt::format("{}: stage '{}' ends before it starts", what, s.device);
  if (!sane(t.energy_j) || t.bytes < 0 || t.macs < 0)
    return what + ": a figure is negative or infinite";
  return "";
}

std::string check_totals(const Totals& t) {
  for (const double v : {t.latency_s, t.throughput_items_per_s, t.energy_j, t.power_w})
    if (!sane(v)) return "totals: a figure is negative or infinite";
  if (t.peak_memory_bytes < 0 || t.dram_bytes < 0 || t.macs < 0)
    return "totals: a count is negative";
  for (const auto& band : {t.latency_band_s, t.energy_band_j})
    if (band && !(band->low >= 0 && band->low <= band->high))
      return "totals: a band whose low end is above its high end";
  if (auto w = check_parts("causes", t.causes, t.latency_s, false); !w.empty()) return w;
  if (auto w = check_parts("energy parts", t.energy_parts, t.energy_j, false); !w.empty()) return w;
  return check_parts("memory parts", t.memory_parts, static_cast<double>(t.peak_memory_bytes),
                     true);
}

}  // namespace

Rest rest_of(const Record& r) {
  Parts owned;
  double seconds = 0, by_bound = 0, energy = 0;
  bool every_energy = !r.operators.empty();
  for (const OperatorRow& o : r.operators) {
    seconds += o.seconds;
    // Of a CPU or GPU, which tells its bound alone.
    const std::optional<Cause> bound = cause_named(o.bound);
    if (o.causes.empty() && bound && is_of_call(*bound))
      add(owned, o.bound, o.seconds);
    else if (o.causes.empty())
      by_bound += o.seconds;
    for (const Part& c : o.causes) add(owned, c.name, c.value);
    every_energy = every_energy && !std::isnan(o.energy_j);
    energy += o.energy_j;
  }
  Rest rest;
  if (every_energy && energy < r.totals.energy_j) rest.energy_j = r.totals.energy_j - energy;
  rest.seconds = std::max(0.0, r.totals.latency_s - seconds);
  const double least = 1e-9 * r.totals.latency_s;
  if (rest.seconds <= least) {
    rest.seconds = 0;
    return rest;
  }
  double inside = -by_bound;  // what is left of causes that operators have
  for (const Part& c : r.totals.causes) {
    const std::optional<Cause> cause = cause_named(c.name);
    const double left = c.value - part(owned, c.name);
    if (cause && !is_of_call(*cause))
      inside += left;
    else if (left > least)
      rest.causes.push_back({c.name, left});
  }
  if (inside > least) add(rest.causes, name(Cause::overhead), inside);
  // An operator of a CPU or GPU may hold a part of the call's, as its own dispatch.
  const double all = sum(rest.causes);
  for (Part& c : rest.causes) c.value *= rest.seconds / all;
  return rest;
}

std::string check(const Record& r) {
  if (r.run.batch < 1 || r.run.items < 1) return "run: batch and items must be at least 1";
  if (auto w = check_totals(r.totals); !w.empty()) return w;
  for (std::size_t i = 0; i < r.operators.size(); ++i)
    if (auto w = check_operator(r.operators[i], i); !w.empty()) return w;
  for (std::size_t i = 0; i < r.tasks.size(); ++i)
    if (auto w = check_task(r.tasks[i], i, r.operators.size()); !w.empty()) return w;
  return "";
}

bool is_count(std::string_view metric) {
  constexpr std::string_view counts[] = {"pass_as_pass", "pass_as_fail",  "fail_as_pass",
                                         "fail_as_fail", "flips_vs_fp32", "first_different_step"};
  return std::ranges::find(counts, metric) != std::end(counts);
}

}  // namespace ane::results
