// bottleneck: where the time goes, and what removing each cause would give at most.
//
//   readqc mlp on M4 ane (coreml, ane16, fp16), batch 100
//     cause     time us  share %  without it x
//     dispatch      200     80.0          5.00  ###################
//     weights      30.0     12.0          1.14  ###
//     dispatch: a fixed cost of each call; a larger batch or fewer, larger programs spread it
//
//     operator  unit  time us  share %  bound    mostly
//     fc1       ane      30.0     12.0  weights  weights 80.0 %
#include <fmt/format.h>

#include <algorithm>

#include "results/cause.h"
#include "results/text.h"
#include "results/views/views.h"

namespace ane::results {

const char* const bottleneck_reading =
    "without it: Amdahl's bound, latency / (latency - cause). Real gains are smaller, because "
    "the next cause then shows. Operators are the ten that take longest. Between them, where "
    "the run can be asked again: which parameters of the chip would make it faster, each "
    "alone, by the price itself.";

namespace {

std::vector<Block> blocks(const Record& r) {
  const double whole = r.totals.latency_s;
  Parts causes = r.totals.causes;
  std::stable_sort(causes.begin(), causes.end(),
                   [](const Part& a, const Part& b) { return a.value > b.value; });
  Block by_cause;
  by_cause.table = {"causes",
                    {{"name", "cause", ""},
                     {"time_s", "time", "s"},
                     {"share", "share", "%"},
                     {"without_it_ratio", "without it", "x"},
                     {"", "0 to 100 %", "#"}},
                    {}};
  for (const Part& c : causes)
    by_cause.table.rows.push_back(
        {c.name, c.value, share_of(c.value, whole),
         c.value < whole * (1 - 1e-9) ? Cell{whole / (whole - c.value)} : Cell{},
         share_of(c.value, whole)});
  if (!causes.empty())
    if (const auto cause = cause_named(causes[0].name))
      by_cause.after.push_back(fmt::format("  {}: {}", causes[0].name, info(*cause).advice));

  std::vector<const OperatorRow*> slowest;
  for (const OperatorRow& o : r.operators) slowest.push_back(&o);
  std::stable_sort(slowest.begin(), slowest.end(),
                   [](const auto* a, const auto* b) { return a->seconds > b->seconds; });
  if (slowest.size() > 10) slowest.resize(10);
  Block by_operator;
  by_operator.table = {"operators",
                       {{"name", "operator", ""},
                        {"unit", "unit", ""},
                        {"time_s", "time", "s"},
                        {"share", "share", "%"},
                        {"bound", "bound", ""},
                        {"mostly", "mostly", ""},
                        {"mostly_share", "of it", "%"}},
                       {}};
  for (const OperatorRow* o : slowest) {
    const std::string mostly = largest(o->causes);
    by_operator.table.rows.push_back(
        {o->name, o->unit, o->seconds, share_of(o->seconds, whole), o->bound, mostly,
         mostly.empty() ? Cell{} : share_of(part(o->causes, mostly), o->seconds)});
  }
  Block by_parameter;
  by_parameter.table = {"parameters",
                        {{"parameter", "parameter", ""},
                         {"now", "now", ">"},
                         {"then", "then", ">"},
                         {"gain_ratio", "gain", "x"},
                         {"with", "with", ""}},
                        {},
                        true};
  for (const Lever& l : r.levers)
    by_parameter.table.rows.push_back({l.parameter, l.now, l.then, l.gain, l.with});
  if (!r.levers.empty())
    by_parameter.before = {
        "  the same run with a parameter of the chip twice or half as large (--set)"};
  Block of_operators;  // all of them, for those who draw it
  of_operators.table = {
      "operator_causes",
      {{"name", "", ""}, {"unit", "", ""}, {"cause", "", ""}, {"time_s", "", "s"}},
      {}};
  for (const OperatorRow& o : r.operators)
    for (const Part& c : o.causes)
      of_operators.table.rows.push_back({o.name, o.unit, c.name, c.value});
  std::vector<Block> all{std::move(by_cause)};
  all.push_back(std::move(by_parameter));
  all.push_back(std::move(by_operator));
  all.push_back(std::move(of_operators));
  return all;
}

}  // namespace

std::vector<Report> bottleneck(Records records) {
  return each(records, blocks);
}

}  // namespace ane::results
