#include "sim/run/readqc_run.h"

#include <fmt/format.h>

#include <cmath>
#include <thread>

#include "isa/error.h"
#include "isa/insns/kld.h"
#include "kernels/arith/round.h"
#include "sim/price/device_run.h"
#include "sim/price/graph_run.h"
#include "sim/price/version.h"
#include "sim/run/digest.h"
#include "sim/run/error_metrics.h"

namespace ane::sim {
namespace {

namespace qc = workloads::readqc;

results::Run identity(const ReadQcPlan& plan, const Target& target,
                      const kernels::arith::Profile& profile) {
  results::Run run;
  run.workload = "readqc";
  run.variant = plan.variant;
  run.chip = target.chip.name();
  run.unit = target.unit;
  run.runtime = target.runtime.name();
  run.profile = target.unit == "ane" ? std::string(profile.name) : "fp32";
  run.precision = plan.precision_name;
  run.batch = plan.batch;
  run.items = plan.batch;
  run.code_version = code_version();
  return run;
}

workloads::Graph graph_of(const ReadQcPlan& plan) {
  return qc::build_graph(plan.model, plan.batch, plan.precision, plan.ranges, plan.weights);
}

results::Record priced(const ReadQcPlan& plan, const Target& target,
                       const kernels::arith::Profile& profile, const workloads::Graph& graph) {
  if (target.unit != "ane")
    return device_record(identity(plan, target, profile), graph, target, plan.precision_name);
  return GraphRun(graph, target, profile, {.with_values = false})
      .record(identity(plan, target, profile));
}

// Scores of one head, in read order, with what they are compared with.
struct Answers {
  std::vector<float> scores, reference;
  std::vector<std::uint8_t> labels;  // quality
  std::vector<float> targets;        // regression
};

void add_quality(results::Parts& parts, const Answers& a) {
  const qc::Metrics m = qc::evaluate(a.scores, a.labels);
  const auto value = [](const std::optional<double>& v) { return v.value_or(results::unknown); };
  parts.push_back({"accuracy", m.accuracy});
  parts.push_back({"precision_fail", value(m.fail.precision)});
  parts.push_back({"recall_fail", value(m.fail.recall)});
  parts.push_back({"f1_fail", value(m.fail.f1)});
  parts.push_back({"auc", value(m.auc)});
  parts.push_back({"pass_as_pass", static_cast<double>(m.pass_as_pass)});
  parts.push_back({"pass_as_fail", static_cast<double>(m.pass_as_fail)});
  parts.push_back({"fail_as_pass", static_cast<double>(m.fail_as_pass)});
  parts.push_back({"fail_as_fail", static_cast<double>(m.fail_as_fail)});
  parts.push_back({"flips_vs_fp32", static_cast<double>(qc::flips(a.reference, a.scores))});
}

}  // namespace

void set_precision(ReadQcPlan& plan, const std::string& name) {
  plan.precision_name = name;
  plan.precision = qc::Precision::fp16;
  plan.weights = isa::KernelFormat::fp16;
  if (name == "fp16" || name == "fp32") return;
  if (name == "int8w") {
    plan.precision = qc::Precision::int8_weights;
    return;
  }
  if (name == "w8a8") {
    plan.precision = qc::Precision::w8a8;
    return;
  }
  std::vector<std::string> names{"fp16", "int8w", "w8a8"};
  for (std::size_t f = 1; f + 1 < isa::insns::kernel_choices.size(); ++f) {
    names.emplace_back(isa::insns::kernel_choices[f]);
    if (name == isa::insns::kernel_choices[f]) {
      plan.weights = static_cast<isa::KernelFormat>(f);
      return;
    }
  }
  throw InputError("--precision", fmt::format("unknown precision '{}'", name),
                   choice_note(name, names));
}

results::Record time_readqc(const ReadQcPlan& plan, const Target& target,
                            const kernels::arith::Profile& profile) {
  return priced(plan, target, profile, graph_of(plan));
}

results::Record run_readqc_on(const ReadQcPlan& plan, const Target& target,
                              const kernels::arith::Profile& profile, const ReadSource& source) {
  const workloads::Graph graph = graph_of(plan);
  results::Record record = priced(plan, target, profile, graph);
  const bool on_ane = target.unit == "ane";
  std::vector<GraphRun> machines;
  if (on_ane)
    for (int i = 0; i < plan.threads; ++i) machines.emplace_back(graph, target, profile);
  const std::size_t heads = plan.model.heads.size();
  std::vector<Answers> answers(heads);
  ErrorMetrics errors;
  Digest input_digest, qualities_digest, output_digest;
  Digest tails_digest;  // what is behind the window: labels rest on it too
  bool tails = false;
  // The question is of this model: the same reads through other parameters are another question.
  for (const auto& [name, parameter] : plan.model.parameters)
    input_digest.add(std::span<const std::byte>(parameter.bytes));
  input_digest.add(std::span<const float>(plan.ranges));
  std::int64_t total = 0;
  // Rounds of one batch a thread: memory stays flat in the number of reads.
  for (;;) {
    std::vector<qc::ReadBatch> round;
    for (int i = 0; i < plan.threads; ++i) {
      qc::ReadBatch batch = source(plan.batch);
      if (batch.empty()) break;
      round.push_back(std::move(batch));
    }
    if (round.empty()) break;
    std::vector<kernels::Tensor> reference(round.size());
    std::vector<std::vector<std::vector<float>>> scores(round.size());
    const auto answer = [&](std::size_t i) {
      const qc::ReadBatch& batch = round[i];
      const kernels::Tensor encoded = qc::encode(batch, plan.model.encoding);
      reference[i] = qc::forward(plan.model, encoded);
      if (on_ane) {
        const workloads::Tensors outputs =
            machines[i].run({{"reads", qc::graph_input(encoded, plan.batch)}});
        const kernels::Tensor& logits = outputs.at("logits");
        for (std::size_t h = 0; h < heads; ++h)
          scores[i].push_back(qc::graph_scores(logits, static_cast<std::int64_t>(h), batch.size()));
      } else {
        for (std::size_t h = 0; h < heads; ++h)
          scores[i].push_back(qc::column(reference[i], static_cast<std::int64_t>(h)));
      }
    };
    {
      std::vector<std::jthread> workers;
      for (std::size_t i = 1; i < round.size(); ++i) workers.emplace_back(answer, i);
      answer(0);
    }
    for (std::size_t i = 0; i < round.size(); ++i) {
      const qc::ReadBatch& batch = round[i];
      total += batch.size();
      input_digest.add(std::span<const std::uint8_t>(batch.bases));
      qualities_digest.add(std::span<const std::uint8_t>(batch.qualities));
      for (std::size_t r = 0; r < batch.tails.size(); ++r)
        if (batch.full_lengths[r] > qc::window) {
          tails_digest.add(std::span<const qc::Counts>(&batch.tails[r], 1));
          tails = true;
        }
      for (std::size_t h = 0; h < heads; ++h) {
        Answers& a = answers[h];
        const std::vector<float> exact = qc::column(reference[i], static_cast<std::int64_t>(h));
        errors.add(exact, scores[i][h]);
        a.scores.insert(a.scores.end(), scores[i][h].begin(), scores[i][h].end());
        a.reference.insert(a.reference.end(), exact.begin(), exact.end());
        if (plan.model.heads[h] == qc::Head::quality) {
          const auto truth = qc::labels(batch, plan.model.spec.rule);
          a.labels.insert(a.labels.end(), truth.begin(), truth.end());
        } else {
          const auto truth = qc::targets(batch, plan.model.heads[h], plan.model.spec.rule);
          a.targets.insert(a.targets.end(), truth.begin(), truth.end());
        }
      }
    }
  }
  if (total == 0)
    throw InputError("--reads", "no read is left to answer", "--part all takes every read");
  results::Parts& accuracy = record.totals.accuracy;
  for (std::size_t h = 0; h < heads; ++h) {
    output_digest.add(std::span<const float>(answers[h].scores));
    if (plan.model.heads[h] == qc::Head::quality) {
      add_quality(accuracy, answers[h]);
    } else {
      const std::string name(qc::to_string(plan.model.heads[h]));
      const qc::RegressionMetrics m =
          qc::evaluate_regression(answers[h].scores, answers[h].targets);
      accuracy.push_back({"r2_" + name, m.r2.value_or(results::unknown)});
      accuracy.push_back({"mean_abs_error_" + name, m.mean_absolute_error});
    }
  }
  errors.append_to(accuracy);
  record.run.items = total;
  const std::string qualities = qualities_digest.hex();
  input_digest.add(std::span<const char>(qualities));
  const std::string behind = tails_digest.hex();
  if (tails) input_digest.add(std::span<const char>(behind));
  record.run.input_digest = input_digest.hex();
  record.totals.digest = output_digest.hex();
  return record;
}

results::Record time_rule(qc::Rule rule, std::int64_t bases, std::int64_t batch,
                          const Target& target) {
  const CpuParameters& cpu = target.chip.cpu();
  const qc::RuleWork w = qc::work(rule, bases);
  const auto reads = static_cast<double>(batch);
  // Four 128-bit pipes: neon_fp32_p counts a multiply-add as two on 4 lanes each, so 16 byte lanes
  // a pipe are twice that figure; three loads and four scalar operations a cycle (M1 P core).
  const double byte_lanes = cpu.neon_fp32_p * 2, float_lanes = cpu.neon_fp32_p / 2;
  const double cycles = static_cast<double>(w.byte_ops) / byte_lanes +
                        static_cast<double>(w.float_adds) / float_lanes +
                        static_cast<double>(w.table_lookups) / 3 +
                        static_cast<double>(w.scalar_ops) / 4;
  const double compute = reads * cycles / cpu.p_clock_hz;
  const double bandwidth = cpu.bandwidth_core.value_or(cpu.bandwidth);
  const double memory = reads * static_cast<double>(w.bytes.count) / bandwidth;
  results::Record record{.run = {}, .totals = {}, .limits = {}};
  results::Run& run = record.run;
  run.workload = "readqc";
  run.variant = "rule " + std::string(qc::info(rule).name);
  run.chip = target.chip.name();
  run.unit = "cpu";
  run.runtime = "none";
  run.profile = "exact";
  run.precision = "u8";
  run.batch = run.items = batch;
  run.code_version = code_version();
  results::Totals& t = record.totals;
  // One core streams and computes at once: the longer of the two counts.
  if (compute >= memory)
    t.causes.push_back({"compute", compute});
  else
    t.causes.push_back({"memory", memory});
  t.latency_s = std::max(compute, memory);
  t.bound = compute >= memory ? "compute" : "memory";
  t.throughput_items_per_s = reads / t.latency_s;
  t.dram_bytes = static_cast<std::int64_t>(reads) * w.bytes.count;
  t.peak_memory_bytes = t.dram_bytes;
  t.memory_parts.push_back({"reads", static_cast<double>(t.dram_bytes)});
  t.energy_parts.push_back({"core", cpu.power_core * t.latency_s});
  t.energy_parts.push_back(
      {"memory", static_cast<double>(t.dram_bytes) * target.chip.memory().energy_byte});
  t.energy_j = results::sum(t.energy_parts);
  t.power_w = t.energy_j / t.latency_s;
  return record;
}

}  // namespace ane::sim
