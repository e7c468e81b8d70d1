#include "sim/run/mpnn_set.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "isa/error.h"
#include "sim/price/price.h"
#include "sim/run/digest.h"

namespace ane::sim {
namespace {

namespace mp = workloads::mpnn;

// Items of one unit, precision and bucket, in the order given, as many as a call takes.
std::vector<std::vector<std::size_t>> calls_of(const std::vector<MpnnItem>& items,
                                               std::int64_t batch) {
  std::map<std::tuple<Unit, std::string, std::int64_t>, std::vector<std::size_t>> groups;
  for (std::size_t i = 0; i < items.size(); ++i)
    groups[{items[i].unit, workloads::label(items[i].formats), items[i].bucket}].push_back(i);
  std::vector<std::vector<std::size_t>> calls;
  for (const auto& [key, group] : groups)
    for (std::size_t at = 0; at < group.size(); at += static_cast<std::size_t>(batch))
      calls.emplace_back(group.begin() + static_cast<std::ptrdiff_t>(at),
                         group.begin() + static_cast<std::ptrdiff_t>(std::min(
                                             group.size(), at + static_cast<std::size_t>(batch))));
  return calls;
}

std::string joined(const std::set<std::string>& names) {
  return fmt::format("{}", fmt::join(names, "+"));
}

std::string note_of(const MpnnItem& item, const MpnnAnswer& answer) {
  std::string note = fmt::format("{}: {} residues, {} on {}", item.name, item.input.length(),
                                 workloads::label(item.formats), workloads::name(item.unit));
  if (item.bucket > 0) note += fmt::format(", in {}", item.bucket);
  if (!item.note.empty()) note += ", " + item.note;
  if (!answer.sequences.empty()) return note;
  const results::Parts parts = accuracy_of({&item.input}, {&answer});
  return note + fmt::format("; recovery {:.3f}, perplexity {:.3f}, max |dlogp| {:.2g}",
                            results::part(parts, "recovery"), results::part(parts, "perplexity"),
                            results::part(parts, "max_abs_dlogp"));
}

}  // namespace

MpnnSet run_mpnn_set(
    MpnnPlan plan, const std::vector<MpnnItem>& items, const std::string& variant,
    const std::function<Target(Unit unit)>& target_of,
    const std::function<const kernels::arith::Profile&(const Target&)>& profile_of) {
  ANE_CHECK(!items.empty(), "a set of proteins");
  const bool sampled = plan.work().samples(), separate = plan.work().one_protein();
  std::map<Unit, Target> targets;
  std::set<std::string> precisions, runtimes, units, profiles;
  std::vector<mp::Input> inputs;
  bool quantised = false;
  for (const MpnnItem& item : items) {
    targets.try_emplace(item.unit, target_of(item.unit));
    precisions.insert(workloads::label(item.formats));
    quantised = quantised || item.formats.activations == "int8";
    inputs.push_back(item.input);
  }
  if (quantised) plan.ranges = mp::calibrate(plan.weights, inputs);
  MpnnSet set;
  set.answers.assign(items.size(), {});
  results::Cost whole;
  std::optional<std::pair<workloads::Request, const Target*>> first_call;
  std::string values;
  double recovery = 0, agreement = 0, first_step = results::unknown;
  std::int64_t residues = 0, places = 0;
  for (const std::vector<std::size_t>& call : calls_of(items, separate ? 1 : plan.request.batch)) {
    const MpnnItem& first = items[call[0]];
    const Target& target = targets.at(first.unit);
    std::vector<const mp::Input*> together;
    std::int64_t longest = 0;
    for (const std::size_t i : call) {
      together.push_back(&items[i].input);
      longest = std::max(longest, items[i].input.length());
      residues += items[i].input.length();
    }
    MpnnPlan own = plan;
    own.request =
        workloads::with(workloads::with(workloads::with(plan.request, "bucket", ""), "residues",
                                        fmt::format("{}", longest)),
                        "bucket", first.bucket > 0 ? fmt::format("{}", first.bucket) : "");
    own.request.formats = first.formats;
    places += own.work().places() * (separate ? 1 : plan.request.batch);
    const kernels::arith::Profile& profile = profile_of(target);
    const results::Cost part = price(own.request, target, Detail::operators);
    MpnnAnswers answered = answer_mpnn(own, together, target, profile);
    for (std::size_t i = 0; i < call.size(); ++i) set.answers[call[i]] = std::move(answered.of[i]);
    recovery += results::part(answered.accuracy, "recovery");
    agreement += results::part(answered.accuracy, "agreement_with_fp32");
    if (sampled) {
      const double step = results::part(answered.accuracy, "first_different_step");
      if (!(first_step <= step)) first_step = step;
    }
    values +=
        fmt::format("{} {}\n", workloads::to_text(asked_on(own.request, target)), answered.values);
    runtimes.insert(target.runtime.name());
    if (target.unit == Unit::ane) profiles.insert(std::string(profile.name));
    if (!first_call) first_call.emplace(own.request, &target);
    append(whole, part);
  }
  const auto count = static_cast<double>(items.size());
  const std::int64_t answers = std::ssize(items) * (sampled ? plan.request.batch : 1);
  const std::int64_t all_residues = residues * (sampled ? plan.request.batch : 1);
  std::string what = fmt::format("{} of {} proteins", variant, items.size());
  if (!separate) what += fmt::format(", {} a call", plan.request.batch);
  set.record = record_of(
      first_call->first, *first_call->second, std::move(whole),
      {.variant = what, .values = values, .profile = joined(profiles), .items = all_residues});
  for (const auto& [unit, target] : targets) units.insert(std::string(workloads::name(unit)));
  results::Run& run = set.record.run;
  run.precision = joined(precisions);
  run.runtime = joined(runtimes);
  run.unit = joined(units);
  run.batch = answers;
  results::Totals& t = set.record.totals;
  t.throughput_items_per_s = static_cast<double>(all_residues) / t.latency_s;
  t.accuracy = {
      {"padding_waste", static_cast<double>(places - residues) / static_cast<double>(residues)}};
  Digest out;
  std::vector<const mp::Input*> all;
  std::vector<const MpnnAnswer*> given;
  for (std::size_t i = 0; i < items.size(); ++i) {
    all.push_back(&items[i].input);
    given.push_back(&set.answers[i]);
    out.add(std::span<const float>(set.answers[i].log_probs));
    for (const std::string& s : set.answers[i].sequences) out.add(std::span<const char>(s));
    set.record.notes.push_back(note_of(items[i], set.answers[i]));
  }
  t.digest = out.hex();
  if (sampled) {
    t.accuracy.push_back({"recovery", recovery / count});
    t.accuracy.push_back({"agreement_with_fp32", agreement / count});
    t.accuracy.push_back({"first_different_step", first_step});
  } else {
    for (const results::Part& p : accuracy_of(all, given)) t.accuracy.push_back(p);
  }
  return set;
}

}  // namespace ane::sim
