#include "sim/explore/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/random/sobol.hpp>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <numeric>
#include <set>

#include "isa/error.h"
#include "sim/explore/point.h"

namespace ane::sim {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view samplings[] = {"grid", "random", "lhs", "sobol"};

// SplitMix64 of a seed and a place: the same number wherever it is asked for.
std::uint64_t mixed(std::uint64_t seed, std::uint64_t a, std::uint64_t b) {
  std::uint64_t z = seed + 0x9e3779b97f4a7c15U * (a + 1) + 0xd1b54a32d192ed03U * (b + 1);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
  return z ^ (z >> 31);
}
double unit_interval(std::uint64_t z) {
  return static_cast<double>(z >> 11) * 0x1p-53;
}

// A permutation of [0, n) at i without a table: a Feistel network over the next power of four,
// walked until it falls below n.
std::uint64_t permuted(std::uint64_t i, std::uint64_t n, std::uint64_t key) {
  int half = 1;
  while ((std::uint64_t{1} << (2 * half)) < n) ++half;
  const std::uint64_t mask = (std::uint64_t{1} << half) - 1;
  do {
    std::uint64_t left = i >> half, right = i & mask;
    for (std::uint64_t round = 0; round < 4; ++round) {
      const std::uint64_t next = left ^ (mixed(key, round, right) & mask);
      left = right, right = next;
    }
    i = left << half | right;
  } while (i >= n);
  return i;
}

std::vector<double> sobol(std::size_t axes, std::int64_t i) {
  boost::random::sobol engine(axes);
  // Its sequence begins behind the point that is all zeros.
  engine.seed(static_cast<std::uint64_t>(i));
  std::vector<double> u(axes);
  for (double& v : u) v = static_cast<double>(engine() >> 11) * 0x1p-53;
  return u;
}

}  // namespace

Sampling sampling_named(const std::string& name, const std::string& place) {
  const auto at = std::ranges::find(samplings, name);
  if (at == std::end(samplings))
    throw InputError(
        place, fmt::format("unknown sampling '{}'", name),
        choice_note(name, std::vector<std::string>(std::begin(samplings), std::end(samplings))));
  return static_cast<Sampling>(at - std::begin(samplings));
}

std::int64_t SweepPlan::points() const {
  if (sampling != Sampling::grid) return samples;
  std::int64_t n = 1;
  for (const Axis& a : axes)
    if (__builtin_mul_overflow(n, std::ssize(a.values), &n)) return INT64_MAX;
  return n;
}

std::vector<std::string> SweepPlan::values(std::int64_t i) const {
  std::vector<std::string> values(axes.size());
  if (sampling == Sampling::grid) {
    for (std::size_t a = axes.size(); a-- > 0;) {
      const auto n = std::ssize(axes[a].values);
      values[a] = axes[a].values[static_cast<std::size_t>(i % n)];
      i /= n;
    }
    return values;
  }
  const auto at = static_cast<std::uint64_t>(i), n = static_cast<std::uint64_t>(samples);
  std::vector<double> u(axes.size());
  if (sampling == Sampling::sobol && !axes.empty()) u = sobol(axes.size(), i);
  for (std::size_t a = 0; a < axes.size(); ++a) {
    if (sampling == Sampling::random) u[a] = unit_interval(mixed(seed, at, a));
    if (sampling == Sampling::lhs)
      u[a] = (static_cast<double>(permuted(at, n, mixed(seed, n, a))) +
              unit_interval(mixed(seed, at, a))) /
             static_cast<double>(n);
    values[a] = axes[a].at(u[a]);
  }
  return values;
}

std::string SweepPlan::text() const {
  Json axes_json = Json::object();
  for (const Axis& a : axes) axes_json[a.name] = a.text;
  Json where_json = Json::array();
  for (const Condition& c : where) where_json.push_back(c.text());
  Json all = {{"request", request}, {"chip", chip}, {"set", set}, {"axes", axes_json}};
  all["sampling"] = samplings[static_cast<std::size_t>(sampling)];
  if (sampling != Sampling::grid) all["samples"] = samples;
  if (sampling == Sampling::random || sampling == Sampling::lhs) all["seed"] = seed;
  all["where"] = where_json;
  all["objectives"] = objectives;
  if (!answers.empty()) all["answers"] = answers;
  return all.dump();
}

std::span<const Objective> objectives() {
  static constexpr Objective all[] = {{"latency", "s", false},
                                      {"energy", "J", false},
                                      {"energy_per_item", "J/item", false},
                                      {"edp", "J*s", false},
                                      {"power", "W", false},
                                      {"memory", "B", false},
                                      {"throughput", "items/s", true},
                                      {"agreement", "%", true}};
  return all;
}

const Objective& objective_named(std::string_view name) {
  std::vector<std::string> names;
  for (const Objective& o : objectives()) {
    if (o.name == name) return o;
    names.emplace_back(o.name);
  }
  throw InputError("--objective", fmt::format("unknown objective '{}'", name),
                   choice_note(std::string(name), names));
}

void check(const SweepPlan& plan) {
  std::set<std::string> names;
  for (const Axis& a : plan.axes) {
    const std::string place = "--axis " + a.name;
    if (!names.insert(a.name).second) throw InputError(place, "is there twice");
    if (plan.sampling == Sampling::grid && a.continuous())
      throw InputError(place, fmt::format("'{}' is a range without steps", a.text),
                       "FROM..TO:STEP, FROM..TO*FACTOR, or --sample lhs --points N");
  }
  if (plan.sampling != Sampling::grid && plan.samples < 1)
    throw InputError("--points", "samples are so many", "--points 100");
  if (plan.points() > most_points)
    throw InputError("--axis", fmt::format("more than {} points", most_points),
                     "fewer values, larger steps, or --sample sobol --points N");
  const auto needs_answers = [&](const std::string& name, const char* option) {
    if (name == "agreement" && plan.answers.empty())
      throw InputError(option, "agreement is of answers, and nothing is answered", "--values");
  };
  for (const std::string& o : plan.objectives) {
    objective_named(o);
    needs_answers(o, "--objective");
  }
  for (const Condition& c : plan.where)
    for (const std::string& name : c.names()) needs_answers(name, "--where");
  // Each value once, the others of the first point: what no chip or request has is told now.
  PointMaker maker(plan);
  if (plan.axes.empty()) throw InputError("--axis", "nothing varies", "--axis chip=M1,M4");
  const std::vector<std::string> first = plan.values(0);
  for (std::size_t a = 0; a < plan.axes.size(); ++a) {
    std::vector<std::string> tried = plan.axes[a].values;
    if (plan.axes[a].continuous()) tried = {plan.axes[a].at(0), plan.axes[a].at(1)};
    // Of very long lists the ends, which are of one step.
    if (tried.size() > 1000) tried = {tried.front(), tried.back()};
    for (const std::string& value : tried) maker.check_axis(a, value, first);
  }
  for (const Condition& c : plan.where)
    for (const std::string& name : c.names()) maker.check_name(name, c.text());
}

SweepPlan plan_of_json(const std::string& text, const std::string& place) {
  SweepPlan plan;
  Json json;
  try {
    json = Json::parse(text);
  } catch (const Json::parse_error& e) {
    throw InputError(place, fmt::format("is no JSON: at byte {}", e.byte));
  }
  const auto fail = [&](const std::string& key, const char* what) {
    throw InputError(place, fmt::format("'{}' is {}", key, what), "docs/explore.md has an example");
  };
  if (!json.is_object()) fail("", "no object");
  const auto texts = [&](const std::string& key, const Json& list) {
    std::vector<std::string> all;
    if (list.is_string()) return std::vector{list.get<std::string>()};
    if (!list.is_array()) fail(key, "no list of texts");
    for (const Json& one : list) {
      if (!one.is_string()) fail(key, "no list of texts");
      all.push_back(one.get<std::string>());
    }
    return all;
  };
  std::vector<std::string> known;
  for (const auto& [key, value] : json.items()) {
    const auto one_text = [&, k = key, &v = value] {
      if (!v.is_string()) fail(k, "no text");
      return v.template get<std::string>();
    };
    const auto whole = [&, k = key, &v = value] {
      if (!v.is_number_integer() || v.template get<std::int64_t>() < 0) fail(k, "no whole number");
      return v.template get<std::int64_t>();
    };
    if (key == "request") {
      plan.request = one_text();
    } else if (key == "chip") {
      plan.chip = one_text();
    } else if (key == "set") {
      plan.set = texts(key, value);
    } else if (key == "axes") {
      if (!value.is_object()) fail(key, "no object of axes");
      for (const auto& [name, list] : value.items()) {
        std::string values;
        for (const std::string& one : texts("axes/" + name, list))
          values += (values.empty() ? "" : ",") + one;
        plan.axes.push_back(parse_axis(name + "=" + values));
      }
    } else if (key == "sampling") {
      plan.sampling = sampling_named(one_text(), place);
    } else if (key == "samples") {
      plan.samples = whole();
    } else if (key == "seed") {
      plan.seed = static_cast<std::uint64_t>(whole());
    } else if (key == "where") {
      for (std::string& c : texts(key, value)) plan.where.emplace_back(std::move(c));
    } else if (key == "objectives") {
      plan.objectives = texts(key, value);
    } else if (key == "answers") {
      plan.answers = one_text();
    } else {
      throw InputError(
          place, fmt::format("unknown key '{}'", key),
          choice_note(key, std::vector<std::string>{"request", "chip", "set", "axes", "sampling",
                                                    "samples", "seed", "where", "objectives"}));
    }
  }
  return plan;
}

}  // namespace ane::sim
