#include "sim/run/mpnn_set.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "isa/error.h"
#include "sim/price/graph_run.h"
#include "sim/run/digest.h"

namespace ane::sim {
namespace {

namespace mp = workloads::mpnn;

// Items of one unit, precision and bucket, in the order given, as many as a call takes.
std::vector<std::vector<std::size_t>> calls_of(const std::vector<MpnnItem>& items,
                                               std::int64_t batch) {
  std::map<std::tuple<std::string, std::string, std::int64_t>, std::vector<std::size_t>> groups;
  for (std::size_t i = 0; i < items.size(); ++i)
    groups[{items[i].unit, items[i].precision, items[i].bucket}].push_back(i);
  std::vector<std::vector<std::size_t>> calls;
  for (const auto& [key, group] : groups)
    for (std::size_t at = 0; at < group.size(); at += static_cast<std::size_t>(batch))
      calls.emplace_back(group.begin() + static_cast<std::ptrdiff_t>(at),
                         group.begin() + static_cast<std::ptrdiff_t>(std::min(
                                             group.size(), at + static_cast<std::size_t>(batch))));
  return calls;
}

std::string joined(const std::set<std::string>& names) {
  std::string text;
  for (const std::string& n : names) text += (text.empty() ? "" : "+") + n;
  return text;
}

std::string note_of(const MpnnItem& item, const MpnnAnswer& answer) {
  std::string note = fmt::format("{}: {} residues, {} on {}", item.name, item.input.length(),
                                 item.precision, item.unit);
  if (item.bucket > 0) note += fmt::format(", in {}", item.bucket);
  if (!item.note.empty()) note += ", " + item.note;
  if (!answer.sequences.empty()) return note;
  const results::Parts parts = accuracy_of({&item.input}, {&answer});
  return note + fmt::format("; recovery {:.3f}, perplexity {:.3f}, max |dlogp| {:.2g}",
                            results::part(parts, "recovery"), results::part(parts, "perplexity"),
                            results::part(parts, "max_abs_dlogp"));
}

}  // namespace

results::Record run_mpnn_set(
    MpnnPlan plan, const std::vector<MpnnItem>& items,
    const std::function<Target(const std::string& unit)>& target_of,
    const std::function<const kernels::arith::Profile&(const Target&)>& profile_of,
    std::vector<MpnnAnswer>& answers) {
  ANE_CHECK(!items.empty(), "a set of proteins");
  const bool sampled = plan.mode == MpnnMode::sample;
  const bool separate = sampled || plan.mode == MpnnMode::conditional;
  std::map<std::string, Target> targets;
  std::set<std::string> precisions;
  std::vector<mp::Input> inputs;
  for (const MpnnItem& item : items) {
    targets.try_emplace(item.unit, target_of(item.unit));
    precisions.insert(item.precision);
    inputs.push_back(item.input);
  }
  if (precisions.contains("w8a8")) plan.ranges = mp::calibrate(plan.weights, inputs);
  answers.assign(items.size(), {});
  results::Record whole;
  whole.totals.latency_s = 0;
  Digest in;
  double recovery = 0, agreement = 0, first_step = results::unknown;
  std::int64_t residues = 0, places = 0;
  std::set<std::string> runtimes;
  for (const std::vector<std::size_t>& call : calls_of(items, separate ? 1 : plan.batch)) {
    const MpnnItem& first = items[call[0]];
    const Target& target = targets.at(first.unit);
    plan.precision = first.precision;
    plan.bucket = first.bucket;
    std::vector<const mp::Input*> together;
    std::int64_t longest = 0;
    for (const std::size_t i : call) {
      together.push_back(&items[i].input);
      longest = std::max(longest, items[i].input.length());
      residues += items[i].input.length();
    }
    places += std::max(plan.bucket, longest) * (separate ? 1 : plan.batch);
    std::vector<MpnnAnswer> own;
    const results::Record part = run_mpnn_on(plan, together, target, profile_of(target), own);
    for (std::size_t i = 0; i < call.size(); ++i) answers[call[i]] = std::move(own[i]);
    recovery += results::part(part.totals.accuracy, "recovery");
    agreement += results::part(part.totals.accuracy, "agreement_with_fp32");
    if (sampled) {
      const double step = results::part(part.totals.accuracy, "first_different_step");
      if (!(first_step <= step)) first_step = step;
    }
    in.add(std::span<const char>(part.run.input_digest));
    runtimes.insert(part.run.runtime);
    if (whole.run.workload.empty()) whole.run = part.run;
    append_calls(whole, part, 1);
  }
  const auto count = static_cast<double>(items.size());
  whole.tasks.clear();  // of several calls
  whole.run.variant = fmt::format("{} of {} proteins", plan.variant, items.size());
  if (!separate) whole.run.variant += fmt::format(", {} a call", plan.batch);
  whole.run.batch = whole.run.items = std::ssize(items) * (sampled ? plan.batch : 1);
  whole.run.precision = joined(precisions);
  whole.run.runtime = joined(runtimes);
  std::set<std::string> units;
  for (const auto& [unit, target] : targets) units.insert(unit);
  whole.run.unit = joined(units);
  whole.run.input_digest = in.hex();
  results::Totals& t = whole.totals;
  t.throughput_items_per_s = static_cast<double>(whole.run.items) / t.latency_s;
  t.accuracy = {
      {"residues_per_s", static_cast<double>(residues * (sampled ? plan.batch : 1)) / t.latency_s},
      {"padding_waste", static_cast<double>(places - residues) / static_cast<double>(residues)}};
  Digest out;
  std::vector<const mp::Input*> all;
  std::vector<const MpnnAnswer*> given;
  for (std::size_t i = 0; i < items.size(); ++i) {
    all.push_back(&items[i].input);
    given.push_back(&answers[i]);
    out.add(std::span<const float>(answers[i].log_probs));
    for (const std::string& s : answers[i].sequences) out.add(std::span<const char>(s));
    whole.notes.push_back(note_of(items[i], answers[i]));
  }
  t.digest = out.hex();
  if (sampled) {
    t.accuracy.push_back({"recovery", recovery / count});
    t.accuracy.push_back({"agreement_with_fp32", agreement / count});
    t.accuracy.push_back({"first_different_step", first_step});
  } else {
    for (const results::Part& p : accuracy_of(all, given)) t.accuracy.push_back(p);
  }
  const std::string broken = results::check(whole);
  ANE_CHECK(broken.empty(), broken.c_str());
  return whole;
}

}  // namespace ane::sim
