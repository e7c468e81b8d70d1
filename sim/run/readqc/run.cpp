#include "sim/run/readqc/run.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <future>
#include <optional>

#include "isa/error.h"
#include "kernels/arith/round.h"
#include "sim/price/lower.h"
#include "sim/run/digest.h"
#include "sim/run/error_metrics.h"
#include "sim/run/framework_run.h"
#include "sim/run/machine_run.h"
#include "workloads/readqc/framework.h"
#include "workloads/request/fp16_layers.h"

namespace ane::sim {
namespace {

namespace qc = workloads::readqc;

// What is told of one head's answers, without keeping them: there may be as many as reads.
struct HeadSums {
  qc::MetricsSum quality;
  qc::RegressionSum regression;
  std::int64_t flips = 0;
  Digest digest;
};

void add_quality(results::Parts& parts, HeadSums& head, bool is_reference) {
  const qc::Metrics m = head.quality.metrics();
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
  parts.push_back(
      {"flips_vs_fp32", is_reference ? results::unknown : static_cast<double>(head.flips)});
}

// Of one head its scores; of several the digests of each one's.
std::string digest_of(std::span<const HeadSums> heads) {
  if (heads.size() == 1) return heads[0].digest.hex();
  Digest all;
  for (const HeadSums& head : heads) {
    const std::string digest = head.digest.hex();
    all.add(std::span<const char>(digest));
  }
  return all.hex();
}

}  // namespace

qc::Precision value_precision(const workloads::Formats& formats, const isa::Machine& machine) {
  if (workloads::accelerated(formats, machine).int8_macs) return qc::Precision::w8a8;
  return formats.weights == "int8" ? qc::Precision::int8_weights : qc::Precision::fp16;
}

workloads::Graph value_graph(const ReadQcPlan& plan, const isa::Machine& machine) {
  const qc::Precision precision = value_precision(plan.formats, machine);
  const isa::KernelFormat weights =
      precision == qc::Precision::w8a8   ? workloads::accelerated(plan.formats, machine).stream
      : precision == qc::Precision::fp16 ? workloads::stream_format(plan.formats.weights)
                                         : isa::KernelFormat::fp16;
  return qc::build_graph(plan.model, plan.batch, precision, plan.ranges, weights,
                         [&](const std::string& layer) {
                           return workloads::names_layer(plan.formats.fp16_layers, layer);
                         });
}

workloads::Request request_of(const ReadQcPlan& plan) {
  const qc::ModelSpec& m = plan.model.spec;
  std::string text = fmt::format("kind=readqc name={} rule={} batch={} weights={} activations={}",
                                 qc::info(m.kind).name, qc::info(m.rule).name, plan.batch,
                                 plan.formats.weights, plan.formats.activations);
  if (!plan.formats.fp16_layers.empty())
    text += fmt::format(" fp16_layers={}", plan.formats.fp16_layers);
  if (m.kind == qc::ModelKind::kmer)
    text += fmt::format(" k={} dim={} separate={}", m.k, m.dim, m.overlapping ? 0 : 1);
  return workloads::parse_request(text);
}

ReadQcAnswers answer_reads(const ReadQcPlan& asked, const Target& target,
                           const kernels::arith::Profile& profile, const ReadSource& source,
                           const AnswerSink& sink) {
  const bool on_ane = target.unit == Unit::ane;
  // The calls that are priced are those that compute.
  ReadQcPlan plan = asked;
  if (on_ane) plan.batch = lower(request_of(asked), target).call_batch();
  std::vector<MachineRun> machines;
  std::optional<qc::FrameworkModel> framework;
  bool is_reference = false;
  if (on_ane) {
    const workloads::Graph graph = value_graph(plan, target.chip.machine());
    for (int i = 0; i < plan.threads; ++i) machines.emplace_back(graph, target.chip, profile);
  } else if (const FrameworkFormats f = framework_formats(plan.formats); f.is_reference()) {
    is_reference = true;
  } else {
    framework.emplace(plan.model, qc::FrameworkNumbers{f.storage, f.weights, plan.ranges});
  }
  const std::size_t heads = plan.model.heads.size();
  std::vector<HeadSums> sums(heads);
  ErrorMetrics errors;
  Digest input_digest, qualities_digest;
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
        const kernels::Tensor outputs = framework ? framework->forward(encoded) : reference[i];
        for (std::size_t h = 0; h < heads; ++h)
          scores[i].push_back(qc::column(outputs, static_cast<std::int64_t>(h)));
      }
    };
    {
      // A fault of any of them, as memory that is refused, is thrown here once all have ended.
      std::vector<std::future<void>> others;
      for (std::size_t i = 1; i < round.size(); ++i)
        others.push_back(std::async(std::launch::async, answer, i));
      answer(0);
      for (std::future<void>& other : others) other.get();
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
        HeadSums& sum = sums[h];
        const std::vector<float> exact = qc::column(reference[i], static_cast<std::int64_t>(h));
        if (!std::ranges::all_of(exact, [](float x) { return std::isfinite(x); }) ||
            std::ranges::any_of(scores[i][h], [](float x) { return std::isnan(x); }))
          throw InputError("--model", "answers what is not a number: its weights are too large");
        if (!is_reference) errors.add(exact, scores[i][h]);
        sum.digest.add(std::span<const float>(scores[i][h]));
        if (plan.model.heads[h] == qc::Head::quality) {
          sum.flips += qc::flips(exact, scores[i][h]);
          sum.quality.add(scores[i][h], qc::labels(batch, plan.model.spec.rule));
        } else {
          sum.regression.add(scores[i][h],
                             qc::targets(batch, plan.model.heads[h], plan.model.spec.rule));
        }
      }
      if (sink) sink(batch, scores[i]);
    }
  }
  if (total == 0)
    throw InputError("--reads", "no read is left to answer", "--part all takes every read");
  ReadQcAnswers result;
  results::Parts& accuracy = result.accuracy;
  for (std::size_t h = 0; h < heads; ++h) {
    if (plan.model.heads[h] == qc::Head::quality) {
      add_quality(accuracy, sums[h], is_reference);
    } else {
      const std::string name(qc::to_string(plan.model.heads[h]));
      const qc::RegressionMetrics m = sums[h].regression.metrics();
      accuracy.push_back({"r2_" + name, m.r2.value_or(results::unknown)});
      accuracy.push_back({"mean_abs_error_" + name, m.mean_absolute_error});
    }
  }
  errors.append_to(accuracy);
  result.reads = total;
  const std::string qualities = qualities_digest.hex();
  input_digest.add(std::span<const char>(qualities));
  const std::string behind = tails_digest.hex();
  if (tails) input_digest.add(std::span<const char>(behind));
  result.inputs_digest = input_digest.hex();
  result.digest = digest_of(sums);
  return result;
}

}  // namespace ane::sim
