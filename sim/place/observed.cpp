#include "sim/place/observed.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "isa/error.h"
#include "sim/chips/chip.h"

namespace ane::sim {

using workloads::mil::Dtype;
using workloads::mil::Op;
using workloads::mil::Program;
using workloads::mil::Tensor;

std::span<const std::string_view> names_of(PlacementQuestion) {
  static constexpr std::string_view names[] = {"capable", "alone", "context", "all"};
  return names;
}

results::CsvRecords placement_table(std::string_view name,
                                    const std::vector<std::string>& columns) {
  for (const DataFile& f : data_files()) {
    if (f.folder != "placement" || f.name != name) continue;
    const std::string file = fmt::format("{}.csv", name);
    results::CsvRecords records = results::parse_csv(f.text, file);
    if (records.empty() || records[0].fields != columns)
      throw InputError(file + ":1", "the columns differ",
                       fmt::format("{}", fmt::join(columns, ",")));
    records.erase(records.begin());
    for (const results::CsvRecord& r : records)
      if (r.size() != columns.size())
        throw InputError(fmt::format("{}:{}", file, r.line), "fields are missing");
    return records;
  }
  throw InputError(std::string(name) + ".csv", "the table is not there");
}

namespace {

constexpr std::string_view single = "m4_single_op", facts = "facts";

PlacementQuestion question_named(const std::string& name, const std::string& place) {
  const auto names = names_of(PlacementQuestion{});
  const auto at = std::ranges::find(names, name);
  if (at == names.end())
    throw InputError(place, fmt::format("'{}' is no question", name),
                     choice_note(name, std::vector<std::string>(names.begin(), names.end())));
  return static_cast<PlacementQuestion>(at - names.begin());
}

// Which operands nobody made, and which results nobody read: an operand is the earliest result of
// its type that is still unread, unless both are named.
struct Ends {
  std::vector<std::vector<const Tensor*>> inputs, outputs;  // by operator
};
Ends ends_of(const std::vector<Op>& ops) {
  Ends e{.inputs = std::vector<std::vector<const Tensor*>>(ops.size()),
         .outputs = std::vector<std::vector<const Tensor*>>(ops.size())};
  std::vector<std::pair<std::size_t, const Tensor*>> unread;
  std::vector<std::string> seen;
  for (std::size_t i = 0; i < ops.size(); ++i) {
    for (const Tensor& t : ops[i].inputs) {
      if (t.constant) continue;
      if (!t.name.empty()) {
        if (std::ranges::find(seen, t.name) != seen.end()) continue;
        seen.push_back(t.name);
      }
      const auto made = std::ranges::find_if(unread, [&](const auto& u) { return *u.second == t; });
      if (made != unread.end())
        unread.erase(made);
      else
        e.inputs[i].push_back(&t);
    }
    for (const Tensor& t : ops[i].outputs) unread.emplace_back(i, &t);
  }
  for (const auto& [i, t] : unread) e.outputs[i].push_back(t);
  return e;
}

constexpr std::int64_t dense_channels = 512;
// Name of the operators that are asked for, among those around them.
constexpr const char* asked = "asked";

void wrap(Program& p, const Tensor& t) {
  if (t.dtype != Dtype::fp16 || t.shape.size() < 3 || t.shape.size() > 4) return;
  Op op{.mil = t.shape.size() == 4 ? "conv" : "linear", .inputs = {t}, .outputs = {t}};
  if (t.shape.size() == 4) {
    const std::int64_t c = t.shape[1];
    const bool depthwise = c > dense_channels;
    op.inputs.push_back({.shape = {c, depthwise ? 1 : c, 3, 3}, .constant = true});
    op.groups = depthwise ? c : 1;
  } else {
    op.inputs.push_back({.shape = {t.shape[2], t.shape[2]}, .constant = true});
  }
  for (int twice = 0; twice < 2; ++twice) {
    p.ops.push_back(op);
    p.ops.push_back({.mil = "relu", .inputs = {t}, .outputs = {t}});
  }
}

std::string units_in_order(const std::vector<PlacedOp>& placed) {
  std::string text;
  for (std::size_t i = 0; i < placed.size(); ++i)
    if (i == 0 || placed[i].on_ane != placed[i - 1].on_ane)
      text += fmt::format("{}{}", i == 0 ? "" : "|", placed[i].on_ane ? "ANE" : "CPU");
  return text;
}

JudgedPlacement judge(ObservedPlacement o, const Planner& planner, const Chip& chip) {
  JudgedPlacement j{.observed = std::move(o), .predicted = {}, .why = {}};
  const std::vector<Op>& ops = j.observed.ops;
  if (j.observed.question == PlacementQuestion::capable) {
    j.predicted = "ane";
    j.why = "no published rule refuses it";
    for (const Op& op : ops)
      if (const Incapable why = incapable(op, limits_on(planner, chip)); !why.label.empty())
        j.predicted = "refused", j.why = why.reason;
    return j;
  }
  const bool alone = j.observed.question == PlacementQuestion::alone;
  const Program program = alone                      ? Program{.ops = ops}
                          : j.observed.set == single ? in_context(ops)
                                                     : in_large_graph(ops);
  const std::vector<PlacedOp> placed = plan_placement(program, planner, chip);
  std::size_t last = placed.size() - 1;
  if (!alone)  // of the operators asked for
    for (std::size_t i = 0; i < program.ops.size(); ++i)
      if (!program.ops[i].names.empty()) last = i;
  j.why = placed[last].reason;
  j.predicted = !alone && j.observed.set == single ? units_in_order(placed)
                : placed[last].on_ane              ? "ane"
                                                   : "cpu";
  if (j.observed.question == PlacementQuestion::all)
    j.why = "no estimates of the GPU are published: it takes no part";
  return j;
}

}  // namespace

Program in_context(const std::vector<Op>& ops) {
  const Ends ends = ends_of(ops);
  Program p;
  for (std::size_t i = 0; i < ops.size(); ++i)
    for (const Tensor* t : ends.inputs[i]) wrap(p, *t);
  for (const Op& op : ops) {
    p.ops.push_back(op);
    p.ops.back().names = {asked};
  }
  for (std::size_t i = 0; i < ops.size(); ++i)
    for (const Tensor* t : ends.outputs[i]) wrap(p, *t);
  return p;
}

Program in_large_graph(const std::vector<Op>& ops) {
  Program p;
  const Tensor t{.shape = {1, 64, 32, 32}};
  for (int pair = 0; pair < 4; ++pair) wrap(p, t);
  for (const Op& op : ops) {
    p.ops.push_back(op);
    p.ops.back().names = {asked};
  }
  for (int pair = 0; pair < 4; ++pair) wrap(p, t);
  return p;
}

std::vector<ObservedPlacement> observed_placements() {
  using Q = PlacementQuestion;
  std::vector<ObservedPlacement> all;
  for (const results::CsvRecord& r :
       placement_table(single, {"id", "operators", "capable", "alone", "context"})) {
    const std::string place = fmt::format("{}.csv:{}", single, r.line);
    ObservedPlacement o{.set = std::string(single),
                        .id = r[0],
                        .chip = "M4",
                        .system = "macOS 27.0.1",
                        .trust = "A",
                        .source = "S1",
                        .question = Q::capable,
                        .ops = workloads::mil::parse_ops(r[1], place),
                        .expected = r[2] == "1" ? "ane" : "refused"};
    all.push_back(o);
    for (const auto& [question, expected] : {std::pair{Q::alone, r[3]}, {Q::context, r[4]}}) {
      if (expected.empty()) continue;
      o.question = question;
      o.expected = question == Q::context ? expected : expected == "ANE" ? "ane" : "cpu";
      all.push_back(o);
    }
  }
  for (const results::CsvRecord& r : placement_table(
           facts,
           {"id", "question", "chip", "system", "trust", "operators", "expected", "source"})) {
    const std::string place = fmt::format("{}.csv:{}", facts, r.line);
    all.push_back({.set = std::string(facts),
                   .id = r[0],
                   .chip = r[2],
                   .system = r[3],
                   .trust = r[4],
                   .source = r[7],
                   .question = question_named(r[1], place),
                   .ops = workloads::mil::parse_ops(r[5], place),
                   .expected = r[6]});
  }
  return all;
}

std::vector<JudgedPlacement> judge_placements() {
  std::vector<JudgedPlacement> judged;
  std::map<std::string, std::pair<ChosenPlanner, Chip>> by_chip;
  for (ObservedPlacement& o : observed_placements()) {
    auto at = by_chip.find(o.chip);
    if (at == by_chip.end())
      at = by_chip.emplace(o.chip, std::pair{planner_of(o.chip), load_chip(o.chip)}).first;
    judged.push_back(judge(std::move(o), at->second.first.planner, at->second.second));
  }
  return judged;
}

results::Report placement_report(const std::vector<JudgedPlacement>& judged) {
  results::Report report{.heading = "placements observed, and the planner's"};
  results::Block sums, misses;
  sums.table = {"placement_groups",
                {{"set", "table", ""},
                 {"question", "question", ""},
                 {"cases", "cases", ""},
                 {"right", "right", ""},
                 {"share", "share %", "%"}},
                {},
                true};
  misses.table = {"placement_misses",
                  {{"set", "table", ""},
                   {"id", "id", ""},
                   {"question", "question", ""},
                   {"chip", "chip", ""},
                   {"system", "system", ""},
                   {"expected", "observed", ""},
                   {"predicted", "predicted", ""},
                   {"why", "why", "..."}},
                  {},
                  true};
  const auto names = names_of(PlacementQuestion{});
  for (const std::string_view set : {single, facts}) {
    std::int64_t cases = 0, right = 0;
    const auto add = [&](std::string_view question, std::int64_t of, std::int64_t good) {
      sums.table.rows.push_back({std::string(set), std::string(question), of, good,
                                 static_cast<double>(good) / static_cast<double>(of)});
    };
    for (std::size_t q = 0; q < names.size(); ++q) {
      std::int64_t of = 0, good = 0;
      for (const JudgedPlacement& j : judged)
        if (j.observed.set == set && j.observed.question == static_cast<PlacementQuestion>(q))
          ++of, good += j.right() ? 1 : 0;
      if (of == 0) continue;
      add(names[q], of, good);
      cases += of, right += good;
    }
    if (cases > 0) add("together", cases, right);
  }
  for (const JudgedPlacement& j : judged)
    if (!j.right())
      misses.table.rows.push_back(
          {j.observed.set, j.observed.id,
           std::string(names[static_cast<std::size_t>(j.observed.question)]), j.observed.chip,
           j.observed.system, j.observed.expected, j.predicted, j.why});
  report.blocks = {std::move(sums), std::move(misses)};
  return report;
}

}  // namespace ane::sim
