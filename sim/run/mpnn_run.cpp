#include "sim/run/mpnn_run.h"

#include <fmt/format.h>

#include <cmath>
#include <numeric>

#include "isa/error.h"
#include "isa/insns/kld.h"
#include "sim/devices/estimate.h"
#include "sim/price/device_run.h"
#include "sim/price/graph_run.h"
#include "sim/price/version.h"
#include "sim/run/digest.h"
#include "sim/run/mac_counters.h"
#include "sim/run/mpnn_host.h"
#include "sim/run/seeded.h"
#include "workloads/mpnn/graph/decoder.h"
#include "workloads/mpnn/graph/sampling.h"
#include "workloads/mpnn/metrics.h"

namespace ane::sim {
namespace {

namespace mp = workloads::mpnn;

isa::KernelFormat stream_format(const std::string& precision) {
  if (precision == "int8w") return isa::KernelFormat::int8c;
  for (std::size_t f = 1; f + 1 < isa::insns::kernel_choices.size(); ++f)
    if (precision == isa::insns::kernel_choices[f]) return static_cast<isa::KernelFormat>(f);
  if (precision == "fp16" || precision == "fp32" || precision == "w8a8")
    return isa::KernelFormat::fp16;
  std::vector<std::string> names{"fp16", "int8w", "w8a8"};
  for (std::size_t f = 1; f + 1 < isa::insns::kernel_choices.size(); ++f)
    names.emplace_back(isa::insns::kernel_choices[f]);
  throw InputError("--precision", fmt::format("unknown precision '{}'", precision),
                   choice_note(precision, names));
}

std::int64_t places_of(const MpnnPlan& plan, std::int64_t length) {
  if (plan.bucket == 0) return length;
  if (length > plan.bucket)
    throw InputError("--bucket",
                     fmt::format("{} residues do not fit in a bucket of {}", length, plan.bucket));
  return plan.bucket;
}

mp::GraphOptions graph_options(const MpnnPlan& plan, std::int64_t length) {
  mp::GraphOptions o;
  o.pass = plan.mode == MpnnMode::unconditional ? mp::Pass::unconditional : mp::Pass::score;
  o.length = places_of(plan, length);
  o.batch = plan.batch;
  o.gather = plan.gather;
  o.factored = plan.factored;
  o.weights = stream_format(plan.precision);
  return o;
}

results::Run identity(const MpnnPlan& plan, const Target& target,
                      const kernels::arith::Profile& profile, std::int64_t length) {
  static constexpr std::string_view modes[] = {"score", "unconditional", "conditional", "sample"};
  results::Run run;
  run.workload = "mpnn";
  run.variant = fmt::format(
      "{} {} L{}{}{}{}", plan.variant, modes[static_cast<int>(plan.mode)], length,
      plan.bucket ? fmt::format(" in {}", plan.bucket) : "",
      plan.gather == mp::Gather::texture ? "" : fmt::format(" {}", mp::name(plan.gather)),
      plan.factored ? "" : " unfactored");
  const mp::ModelSpec& spec = plan.weights.spec;
  if (!(spec == mp::ModelSpec{}))
    run.variant += fmt::format(" h{} {}+{} k{}", spec.hidden, spec.encoder_layers,
                               spec.decoder_layers, spec.neighbours);
  run.chip = target.chip.name();
  run.unit = target.unit;
  run.runtime = target.runtime.name();
  run.profile = target.unit == "ane" ? std::string(profile.name) : "fp32";
  run.precision = plan.precision;
  run.batch = run.items = plan.mode == MpnnMode::conditional ? 1 : plan.batch;
  run.code_version = code_version();
  return run;
}

// Runs the graphs of a job, keeping one machine a pass.
class Machines {
 public:
  Machines(const MpnnPlan& plan, const Target& target, const kernels::arith::Profile& profile,
           bool with_values)
      : plan_(plan), target_(target), profile_(profile), with_values_(with_values) {}

  GraphRun& of(const mp::GraphOptions& options) {
    auto& slot = runs_[static_cast<std::size_t>(options.pass)];
    if (!slot) {
      const workloads::Graph graph = with_values_ ? mp::build_graph(plan_.weights, options)
                                                  : mp::build_graph(plan_.weights.spec, options);
      slot.emplace(graph, target_, profile_,
                   GraphRunOptions{.with_values = with_values_, .keep_in_l2 = plan_.fused});
    }
    return *slot;
  }

 private:
  const MpnnPlan& plan_;
  const Target& target_;
  const kernels::arith::Profile& profile_;
  bool with_values_;
  std::array<std::optional<GraphRun>, 5> runs_;
};

results::Record cost(const MpnnPlan& plan, std::int64_t length, const Target& target,
                     const kernels::arith::Profile& profile, Machines& machines,
                     const mp::GraphOptions& options) {
  results::Run run = identity(plan, target, profile, length);
  const std::int64_t places = options.length * options.batch;
  const std::int64_t k = std::min<std::int64_t>(plan.weights.spec.neighbours, options.length);
  results::Record record;
  const auto graph_record = [&](const mp::GraphOptions& o) {
    if (target.unit == "ane") return machines.of(o).record(run);
    return device_record(run, mp::build_graph(plan.weights.spec, o), target, plan.precision);
  };
  if (plan.mode == MpnnMode::sample) {
    record = graph_record(mp::encode_options(options, 1));
    record.run = run;
    const results::Record step = graph_record(mp::step_options(options));
    append_calls(record, step, static_cast<double>(length));
    record.tasks.clear();  // one call's tasks would stand for none of the others
    add_host(record, "host features", feature_work(options.length, k), target);
    add_host(record, "host head and draw", head_work(options.batch, plan.weights.spec.hidden),
             target, static_cast<double>(length));
  } else if (plan.mode == MpnnMode::conditional) {
    const auto calls = static_cast<double>((length + plan.batch - 1) / plan.batch);
    record = graph_record(mp::encode_options(options, 1));
    record.run = run;
    append_calls(record, graph_record(mp::decode_options(options)), calls);
    record.tasks.clear();  // one call's tasks would stand for none of the others
    add_host(record, "host features", feature_work(options.length, k), target);
    add_host(record, "host head", head_work(places, plan.weights.spec.hidden), target, calls);
  } else {
    record = graph_record(options);
    add_host(record, "host features", feature_work(places, k), target);
    add_host(record, "host head", head_work(places, plan.weights.spec.hidden), target);
  }
  results::Totals& t = record.totals;
  const auto proteins = static_cast<double>(run.batch);
  t.throughput_items_per_s = proteins / t.latency_s;
  t.accuracy.push_back({"residues_per_s", static_cast<double>(length) * proteins / t.latency_s});
  if (options.length > length)
    t.accuracy.push_back({"padding_waste", static_cast<double>(options.length - length) /
                                               static_cast<double>(length)});
  const std::string broken = results::check(record);
  ANE_CHECK(broken.empty(), broken.c_str());
  return record;
}

std::vector<std::int32_t> order_of(const MpnnPlan& plan, std::int64_t length) {
  if (!plan.order.empty()) return plan.order;
  std::vector<std::int32_t> order(static_cast<std::size_t>(length));
  std::iota(order.begin(), order.end(), 0);
  return order;
}

void set_ranges(mp::GraphOptions& options, const MpnnPlan& plan,
                const std::vector<const mp::Input*>& inputs) {
  if (plan.precision != "w8a8") return;
  options.ranges = plan.ranges;
  if (!plan.ranges.empty()) return;
  std::vector<mp::Input> all;
  for (const mp::Input* input : inputs) all.push_back(*input);
  options.ranges = mp::calibrate(plan.weights, all);
}

std::string letters(const std::vector<std::int32_t>& sequence, std::int64_t count) {
  std::string text;
  for (std::int64_t i = 0; i < count; ++i)
    text += mp::alphabet[static_cast<std::size_t>(sequence[static_cast<std::size_t>(i)])];
  return text;
}

}  // namespace

results::Record time_mpnn(const MpnnPlan& plan, std::int64_t length, const Target& target,
                          const kernels::arith::Profile& profile) {
  mp::GraphOptions options = graph_options(plan, length);
  options.with_values = false;
  // Time does not depend on the ranges' values, only on which layers have one.
  if (plan.precision == "w8a8") options.ranges = mp::calibrate(plan.weights, {seeded_helix(8)});
  Machines machines(plan, target, profile, false);
  return cost(plan, length, target, profile, machines, options);
}

std::vector<workloads::MacCounters> count_mpnn(const MpnnPlan& plan, const mp::Input& input,
                                               const Target& target,
                                               const kernels::arith::Profile& profile) {
  if (target.unit != "ane") throw InputError("--counters", "are the accelerator's", "--unit ane");
  mp::GraphOptions options = graph_options(plan, input.length());
  options.batch = 1;
  if (plan.mode == MpnnMode::sample || plan.mode == MpnnMode::conditional)
    options.pass = mp::Pass::encode;
  set_ranges(options, plan, {&input});
  mp::Example example{.input = input, .sequence = input.sequence, .rank = {}};
  example.rank = mp::ranks_of(order_of(plan, input.length()), input.length());
  return count_on_machine(mp::build_graph(plan.weights, options), target.chip, profile,
                          mp::graph_inputs(plan.weights, options, {example}));
}

results::Parts accuracy_of(const std::vector<const mp::Input*>& inputs,
                           const std::vector<const MpnnAnswer*>& answers) {
  std::vector<float> exact, ours, mask;
  std::vector<std::int32_t> native;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const auto append = [](auto& to, const auto& from) {
      to.insert(to.end(), from.begin(), from.end());
    };
    append(exact, answers[i]->exact);
    append(ours, answers[i]->log_probs);
    append(mask, inputs[i]->mask);
    append(native, inputs[i]->sequence);
  }
  const mp::AnswerMetrics m = mp::measure(ours, native, mask);
  const mp::AnswerDifference d = mp::compare(exact, ours, mask);
  return {{"recovery", m.recovery},       {"score", m.score},
          {"perplexity", m.perplexity},   {"top1_agreement", d.top1},
          {"mean_kl_to_fp32", d.mean_kl}, {"max_abs_dlogp", d.max_abs}};
}

namespace {

// Log-probabilities of every protein, on the machine and by the reference.
void answer_log_probs(const MpnnPlan& plan, const std::vector<const mp::Input*>& inputs,
                      const std::vector<mp::Encoded>& encoded, const mp::Reference& reference,
                      const mp::GraphOptions& options, bool on_ane, Machines& machines,
                      std::vector<MpnnAnswer>& answers) {
  std::vector<mp::Example> examples;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const mp::Input& input = *inputs[i];
    const std::vector<std::int32_t> order = order_of(plan, input.length());
    answers[i].exact = plan.mode == MpnnMode::score
                           ? reference.score(encoded[i], input.sequence, order)
                       : plan.mode == MpnnMode::conditional
                           ? reference.conditional(encoded[i], input.sequence, order)
                           : reference.unconditional(encoded[i]);
    answers[i].log_probs = answers[i].exact;
    if (on_ane && plan.mode == MpnnMode::conditional)
      answers[i].log_probs =
          mp::conditional(plan.weights, options, input, input.sequence, order,
                          [&](mp::Pass pass, const workloads::Tensors& given) {
                            return machines
                                .of(pass == mp::Pass::encode ? mp::encode_options(options, 1)
                                                             : mp::decode_options(options))
                                .run(given);
                          });
    examples.push_back(
        {.input = input, .sequence = input.sequence, .rank = mp::ranks_of(order, input.length())});
  }
  if (!on_ane || plan.mode == MpnnMode::conditional) return;
  while (std::ssize(examples) < plan.batch) examples.push_back(examples.back());
  const workloads::Tensors outputs =
      machines.of(options).run(mp::graph_inputs(plan.weights, options, examples));
  for (std::size_t i = 0; i < inputs.size(); ++i)
    answers[i].log_probs = mp::answer_of(plan.weights, options, outputs,
                                         static_cast<std::int64_t>(i), inputs[i]->length());
}

// Samples of one protein, on the machine and by the reference. Accuracy of them.
results::Parts answer_samples(const MpnnPlan& plan, const mp::Input& input,
                              const mp::Encoded& encoded, const mp::Reference& reference,
                              const mp::GraphOptions& options, bool on_ane, Machines& machines,
                              MpnnAnswer& answer, Digest& digest) {
  const std::int64_t length = input.length();
  std::vector<mp::SampleOptions> samples;
  for (std::int64_t i = 0; i < plan.batch; ++i)
    samples.push_back({.temperature = static_cast<float>(plan.temperature),
                       .greedy = plan.greedy,
                       .seed = plan.seed + static_cast<std::uint64_t>(i),
                       .order = {},
                       .bias = {},
                       .bias_by_residue = {}});
  std::vector<mp::Sample> exact;
  for (const mp::SampleOptions& s : samples) exact.push_back(reference.sample(encoded, s));
  std::vector<mp::Sample> drawn = exact;
  if (on_ane)
    drawn = mp::sample(plan.weights, options, {input}, samples,
                       [&](mp::Pass pass, const workloads::Tensors& inputs) {
                         return machines
                             .of(pass == mp::Pass::encode ? mp::encode_options(options, 1)
                                                          : mp::step_options(options))
                             .run(inputs);
                       });
  double recovery = 0, agreement = 0, first = results::unknown;
  for (std::size_t i = 0; i < drawn.size(); ++i) {
    std::int64_t same = 0, places = 0;
    for (std::size_t p = 0; p < static_cast<std::size_t>(length); ++p)
      if (input.mask[p] > 0) {
        ++places;
        same += drawn[i].sequence[p] == input.sequence[p];
      }
    answer.recoveries.push_back(
        places == 0 ? 0 : static_cast<double>(same) / static_cast<double>(places));
    answer.sequences.push_back(letters(drawn[i].sequence, length));
    digest.add(std::span<const std::int32_t>(drawn[i].sequence));
    const mp::DecodingDifference d = mp::compare_decoding(
        std::span(exact[i].sequence).first(static_cast<std::size_t>(length)),
        std::span(drawn[i].sequence).first(static_cast<std::size_t>(length)),
        std::span(exact[i].order).first(static_cast<std::size_t>(length)), input.mask);
    recovery += answer.recoveries.back();
    agreement += d.agreement;
    if (d.first_difference && !(first <= static_cast<double>(*d.first_difference)))
      first = static_cast<double>(*d.first_difference);
  }
  const auto n = static_cast<double>(drawn.size());
  return {{"recovery", recovery / n},
          {"agreement_with_fp32", agreement / n},
          {"first_different_step", first}};
}

}  // namespace

results::Record run_mpnn_on(const MpnnPlan& plan, const std::vector<const mp::Input*>& inputs,
                            const Target& target, const kernels::arith::Profile& profile,
                            std::vector<MpnnAnswer>& answers) {
  const bool separate = plan.mode == MpnnMode::sample || plan.mode == MpnnMode::conditional;
  ANE_CHECK(!inputs.empty() && (inputs.size() == 1 || !separate) &&
                (separate || std::ssize(inputs) <= plan.batch),
            "as many proteins as a call takes");
  std::int64_t length = 0;
  for (const mp::Input* input : inputs) length = std::max(length, input->length());
  mp::GraphOptions options = graph_options(plan, length);
  set_ranges(options, plan, inputs);
  const bool on_ane = target.unit == "ane";
  const mp::Reference reference(plan.weights);
  std::vector<mp::Encoded> encoded;
  for (const mp::Input* input : inputs) encoded.push_back(reference.encode(*input));
  Machines machines(plan, target, profile, true);
  results::Record record = cost(plan, length, target, profile, machines, options);
  Digest in_digest, out_digest;
  // The question is of these weights: the same structure through others is another question.
  mp::Weights weights = plan.weights;
  mp::for_each_tensor(weights, [&](const auto&, const auto&, const std::vector<float>& values) {
    in_digest.add(std::span<const float>(values));
  });
  for (const mp::Input* input : inputs) {
    in_digest.add(std::span<const float>(input->atoms));
    in_digest.add(std::span<const std::int32_t>(input->sequence));
  }
  answers.assign(inputs.size(), {});
  if (plan.mode == MpnnMode::sample) {
    const results::Parts accuracy = answer_samples(plan, *inputs[0], encoded[0], reference, options,
                                                   on_ane, machines, answers[0], out_digest);
    record.totals.accuracy.insert(record.totals.accuracy.end(), accuracy.begin(), accuracy.end());
  } else {
    in_digest.add(std::span<const std::int32_t>(plan.order));
    answer_log_probs(plan, inputs, encoded, reference, options, on_ane, machines, answers);
    std::vector<const MpnnAnswer*> all;
    for (const MpnnAnswer& a : answers) {
      out_digest.add(std::span<const float>(a.log_probs));
      all.push_back(&a);
    }
    const results::Parts accuracy = accuracy_of(inputs, all);
    record.totals.accuracy.insert(record.totals.accuracy.end(), accuracy.begin(), accuracy.end());
  }
  record.run.input_digest = in_digest.hex();
  record.totals.digest = out_digest.hex();
  return record;
}

}  // namespace ane::sim
