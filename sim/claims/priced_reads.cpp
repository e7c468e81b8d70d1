#include "sim/claims/priced_reads.h"

#include <fmt/format.h>

#include <charconv>
#include <sstream>

#include "isa/error.h"
#include "sim/run/readqc_run.h"
#include "sim/run/seeded.h"

namespace ane::sim {
namespace {

namespace qc = workloads::readqc;

ReadQcPlan plan_of(const ReadsSpec& spec, qc::Model model) {
  ReadQcPlan plan;
  plan.model = std::move(model);
  plan.batch = spec.batch;
  plan.variant = spec.name;
  set_precision(plan, spec.precision);
  if (spec.precision == "w8a8")
    plan.ranges = qc::activation_ranges(plan.model, seeded_reads(qc::calibration_reads, 7));
  return plan;
}

const kernels::arith::Profile& profile_on(const Target& target) {
  return kernels::arith::profile_named(target.unit == "ane" ? target.chip.machine().default_profile
                                                            : std::string("ieee"));
}

}  // namespace

std::optional<ReadsSpec> parse_reads(const std::string& text) {
  if (!text.starts_with("kind=readqc") && !text.starts_with("kind=rule")) return std::nullopt;
  ReadsSpec spec;
  std::istringstream in(text);
  for (std::string word; in >> word;) {
    const std::size_t equals = word.find('=');
    const std::string key = word.substr(0, equals);
    const std::string value = equals == std::string::npos ? "" : word.substr(equals + 1);
    if (key == "kind") {
      spec.rule = value == "rule";
    } else if (key == "name") {
      spec.name = value;
    } else if (key == "weights") {
      spec.precision = value;
    } else if (key == "batch") {
      const auto [end, fault] =
          std::from_chars(value.data(), value.data() + value.size(), spec.batch);
      if (fault != std::errc{} || end != value.data() + value.size() || spec.batch < 1)
        throw InputError("spec", fmt::format("batch: '{}' is no count", value));
    } else {
      throw InputError("spec", fmt::format("unknown key '{}'", key), "kind, name, batch, weights");
    }
  }
  return spec;
}

void price_reads(Priced& p, const ReadsSpec& spec, const Target& target) {
  results::Record r{.run = {}, .totals = {}, .limits = {}};
  if (spec.rule) {
    r = time_rule(qc::rule_named(spec.name), qc::window, spec.batch, target);
  } else {
    const ReadQcPlan plan = plan_of(spec, seeded_model(qc::model_kind_named(spec.name), 1));
    r = time_readqc(plan, target, profile_on(target));
    p.parameters = static_cast<double>(plan.model.parameter_count());
    p.flop = 2 * static_cast<double>(spec.batch * plan.model.macs().count);
    p.weight_bytes = p.parameters * (spec.precision == "fp16" ? 2 : 1);
  }
  p.seconds = r.totals.latency_s;
  p.joules = r.totals.energy_j;
  p.bound = r.totals.bound;
  p.peak_memory = static_cast<double>(r.totals.peak_memory_bytes);
}

double accuracy_of(const ReadsSpec& spec, const Target& target) {
  const qc::ReadBatch reads = seeded_reads(12000, 20261121);
  qc::TrainOptions options;
  options.epochs = 6;
  const qc::Model trained = qc::train({.kind = qc::model_kind_named(spec.name)}, reads, options);
  const qc::ReadBatch test = reads.select(qc::indices_of(reads, qc::Part::test));
  std::int64_t next = 0;
  const auto source = [&](std::int64_t n) {
    std::vector<std::int64_t> rows;
    for (; n > 0 && next < test.size(); --n) rows.push_back(next++);
    return test.select(rows);
  };
  const results::Record r =
      run_readqc_on(plan_of(spec, trained), target, profile_on(target), source);
  for (const results::Part& part : r.totals.accuracy)
    if (part.name == "accuracy") return part.value;
  throw InputError(spec.name, "the model has no quality head");
}

}  // namespace ane::sim
