#include "sim/run/mpnn_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <optional>

#include "isa/error.h"
#include "sim/run/count_dropped.h"
#include "sim/run/digest.h"
#include "sim/run/framework_run.h"
#include "sim/run/machine_run.h"
#include "workloads/mpnn/graph/decoder.h"
#include "workloads/mpnn/graph/sampling.h"
#include "workloads/mpnn/metrics.h"
#include "workloads/request/fp16_layers.h"

namespace ane::sim {
namespace {

namespace mp = workloads::mpnn;
using workloads::MpnnPhase;

workloads::Graph kept_graph(const MpnnPlan& plan, const mp::GraphOptions& options) {
  workloads::Graph graph = mp::build_graph(plan.weights, options);
  workloads::keep_fp16(graph, plan.request.formats.fp16_layers);
  return graph;
}

// Runs the graphs of a job, keeping one machine a pass.
class Machines {
 public:
  Machines(const MpnnPlan& plan, const Chip& chip, const kernels::arith::Profile& profile)
      : plan_(plan), chip_(chip), profile_(profile) {}

  MachineRun& of(const mp::GraphOptions& options) {
    auto& slot = runs_[static_cast<std::size_t>(options.pass)];
    if (!slot)
      slot.emplace(kept_graph(plan_, options), chip_, profile_,
                   MachineOptions{.keep_in_l2 = plan_.work().fused, .threads = plan_.threads});
    return *slot;
  }

 private:
  const MpnnPlan& plan_;
  const Chip& chip_;
  const kernels::arith::Profile& profile_;
  std::array<std::optional<MachineRun>, 5> runs_;
};

std::vector<std::int32_t> order_of(const MpnnPlan& plan, std::int64_t length) {
  if (!plan.order.empty()) return plan.order;
  std::vector<std::int32_t> order(static_cast<std::size_t>(length));
  std::iota(order.begin(), order.end(), 0);
  return order;
}

// Of INT8 activations, by layer.
std::map<std::string, float> ranges_of(const MpnnPlan& plan,
                                       const std::vector<const mp::Input*>& inputs) {
  if (!plan.ranges.empty()) return plan.ranges;
  std::vector<mp::Input> all;
  for (const mp::Input* input : inputs) all.push_back(*input);
  return mp::calibrate(plan.weights, all);
}

void add_distance(results::Parts& parts, const mp::AnswerDifference& d, bool is_reference) {
  for (const auto& [name, value] : {std::pair{"top1_agreement", d.top1},
                                    {"mean_kl_to_fp32", d.mean_kl},
                                    {"max_abs_dlogp", d.max_abs}})
    parts.push_back({name, is_reference ? results::unknown : value});
}

// Of the graphs that compute the answers: INT8 activations only where the chip multiplies them.
mp::GraphOptions value_options(const MpnnPlan& plan, const isa::Machine& machine,
                               const std::vector<const mp::Input*>& inputs) {
  mp::GraphOptions options = plan.work().graph_options(plan.request, machine);
  const workloads::Accelerated numbers = workloads::accelerated(plan.request.formats, machine);
  if (!numbers.int8_macs) return options;
  options.weights = isa::KernelFormat::fp16;
  options.codes = numbers.stream;
  options.ranges = ranges_of(plan, inputs);
  std::erase_if(options.ranges, [&](const auto& range) {
    return workloads::names_layer(plan.request.formats.fp16_layers, range.first);
  });
  return options;
}

std::string letters(const std::vector<std::int32_t>& sequence, std::int64_t count) {
  std::string text;
  for (std::int64_t i = 0; i < count; ++i)
    text += mp::alphabet[static_cast<std::size_t>(sequence[static_cast<std::size_t>(i)])];
  return text;
}

}  // namespace

std::vector<workloads::MacCounters> count_mpnn(const MpnnPlan& plan, const mp::Input& input,
                                               const Target& target,
                                               const kernels::arith::Profile& profile) {
  if (target.unit != Unit::ane)
    throw InputError("--counters", "are the accelerator's", "--unit ane");
  if (plan.work().phase == MpnnPhase::attention)
    throw InputError("--counters", "are ProteinMPNN's", "another --variant");
  mp::GraphOptions options = value_options(plan, target.chip.machine(), {&input});
  options.batch = 1;
  if (plan.work().one_protein()) options.pass = mp::Pass::encode;
  mp::Example example{.input = input, .sequence = input.sequence, .rank = {}};
  example.rank = mp::ranks_of(order_of(plan, input.length()), input.length());
  return count_on_machine(kept_graph(plan, options), target.chip, profile,
                          mp::graph_inputs(plan.weights, options, {example}), plan.threads);
}

results::Parts accuracy_of(const std::vector<const mp::Input*>& inputs,
                           const std::vector<const MpnnAnswer*>& answers) {
  std::vector<float> ours, mask;
  std::vector<std::int32_t> native;
  std::vector<float> exact, others, others_mask;  // of those that are not the reference itself
  const auto append = [](auto& to, const auto& from) {
    to.insert(to.end(), from.begin(), from.end());
  };
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    append(ours, answers[i]->log_probs);
    append(mask, inputs[i]->mask);
    append(native, inputs[i]->sequence);
    if (answers[i]->is_reference) continue;
    append(exact, answers[i]->exact);
    append(others, answers[i]->log_probs);
    append(others_mask, inputs[i]->mask);
  }
  const mp::AnswerMetrics m = mp::measure(ours, native, mask);
  results::Parts parts{{"recovery", m.recovery}, {"score", m.score}, {"perplexity", m.perplexity}};
  add_distance(parts, mp::compare(exact, others, others_mask), exact.empty());
  return parts;
}

MpnnScore score_of(const mp::Input& input, std::span<const float> log_probs,
                   std::span<const std::int32_t> sequence) {
  std::vector<float> designed = input.mask;
  for (std::size_t i = 0; i < designed.size(); ++i) designed[i] *= input.designed[i];
  return {.designed = mp::mean_score(log_probs, sequence, designed),
          .all = mp::mean_score(log_probs, sequence, input.mask)};
}

namespace {

// The reference as a framework on a CPU or GPU computes it in the request's formats; empty where
// that is float32. Ranges of INT8 products are those of the plan, else of these proteins.
std::optional<mp::Reference> framework_of(const MpnnPlan& plan,
                                          const std::vector<const mp::Input*>& inputs) {
  const FrameworkFormats f = framework_formats(plan.request.formats);
  if (f.is_reference()) return std::nullopt;
  mp::FrameworkNumbers numbers{.storage = f.storage, .weights = f.weights};
  if (f.int8) numbers.ranges = ranges_of(plan, inputs);
  return std::optional<mp::Reference>(std::in_place, plan.weights,
                                      mp::ReferenceOptions{.numbers = std::move(numbers)});
}

std::vector<float> log_probs_of(const MpnnPlan& plan, const mp::Reference& reference,
                                const mp::Encoded& encoded,
                                const std::vector<std::int32_t>& order) {
  const std::vector<std::int32_t>& sequence = encoded.input.sequence;
  return plan.work().phase == MpnnPhase::forward ? reference.score(encoded, sequence, order)
         : plan.work().phase == MpnnPhase::conditional
             ? reference.conditional(encoded, sequence, order)
             : reference.unconditional(encoded);
}

// Log-probabilities of every protein, on the machine and by the reference.
void answer_log_probs(const MpnnPlan& plan, const std::vector<const mp::Input*>& inputs,
                      const std::vector<mp::Encoded>& encoded, const mp::Reference& reference,
                      const mp::GraphOptions& options, bool on_ane,
                      const std::optional<mp::Reference>& framework, Machines& machines,
                      std::vector<MpnnAnswer>& answers) {
  std::vector<mp::Example> examples;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const mp::Input& input = *inputs[i];
    const std::vector<std::int32_t> order = order_of(plan, input.length());
    answers[i].exact = log_probs_of(plan, reference, encoded[i], order);
    answers[i].log_probs = answers[i].exact;
    answers[i].is_reference = !on_ane && !framework;
    if (framework)
      answers[i].log_probs = log_probs_of(plan, *framework, framework->encode(input), order);
    if (on_ane && plan.work().phase == MpnnPhase::conditional)
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
  if (!on_ane || plan.work().phase == MpnnPhase::conditional) return;
  while (std::ssize(examples) < plan.request.batch) examples.push_back(examples.back());
  const workloads::Tensors outputs =
      machines.of(options).run(mp::graph_inputs(plan.weights, options, examples));
  for (std::size_t i = 0; i < inputs.size(); ++i)
    answers[i].log_probs = mp::answer_of(plan.weights, options, outputs,
                                         static_cast<std::int64_t>(i), inputs[i]->length());
}

// Samples of one protein, on the machine and by the reference. Accuracy of them.
results::Parts answer_samples(const MpnnPlan& plan, const mp::Input& input,
                              const mp::Encoded& encoded, const mp::Reference& reference,
                              const mp::GraphOptions& options, bool on_ane,
                              const std::optional<mp::Reference>& framework, Machines& machines,
                              MpnnAnswer& answer, Digest& digest) {
  const std::int64_t length = input.length();
  std::vector<mp::SampleOptions> samples;
  for (std::int64_t i = 0; i < plan.request.batch; ++i)
    samples.push_back({.temperature = static_cast<float>(plan.temperature),
                       .greedy = plan.greedy,
                       .seed = plan.seed + static_cast<std::uint64_t>(i),
                       .order = {},
                       .bias = {},
                       .bias_by_residue = {}});
  std::vector<mp::Sample> exact;
  for (const mp::SampleOptions& s : samples) exact.push_back(reference.sample(encoded, s));
  std::vector<mp::Sample> drawn = exact;
  if (framework) {
    const mp::Encoded held = framework->encode(input);
    std::ranges::transform(samples, drawn.begin(),
                           [&](const auto& s) { return framework->sample(held, s); });
  }
  if (on_ane)
    drawn = mp::sample(plan.weights, options, {input}, samples,
                       [&](mp::Pass pass, const workloads::Tensors& inputs) {
                         return machines
                             .of(pass == mp::Pass::encode ? mp::encode_options(options, 1)
                                                          : mp::step_options(options))
                             .run(inputs);
                       });
  const std::vector<std::int32_t>& order = drawn[0].order;
  std::vector<float> native = reference.score(encoded, input.sequence, order);
  if (framework) native = framework->score(framework->encode(input), input.sequence, order);
  if (on_ane) {
    mp::GraphOptions one = options;
    one.batch = 1;
    one.pass = mp::Pass::score;
    native = mp::answer_of(
        plan.weights, one,
        machines.of(one).run(mp::graph_inputs(
            plan.weights, one,
            {{.input = input, .sequence = input.sequence, .rank = mp::ranks_of(order, length)}})),
        0, length);
  }
  answer.native = score_of(input, native, input.sequence);
  double recovery = 0, agreement = 0, first = results::unknown;
  for (std::size_t i = 0; i < drawn.size(); ++i) {
    std::int64_t same = 0, places = 0;
    for (std::int64_t p = 0; p < length; ++p)
      if (mp::is_chosen(input, p)) {
        const auto at = static_cast<std::size_t>(p);
        ++places;
        same += drawn[i].sequence[at] == input.sequence[at];
      }
    answer.recoveries.push_back(
        places == 0 ? 0 : static_cast<double>(same) / static_cast<double>(places));
    answer.scores.push_back(score_of(input, drawn[i].log_probs, drawn[i].sequence));
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
  const bool is_reference = !on_ane && !framework;
  return {{"recovery", recovery / n},
          {"agreement_with_fp32", is_reference ? results::unknown : agreement / n},
          {"first_different_step", first}};
}

// Attention over all residues, tiled or whole, of the residues with all atoms; its distance from
// float32 attention as the standard way computes it.
void answer_attention(const MpnnPlan& plan, const mp::Input& input, const Target& target,
                      const kernels::arith::Profile& profile, MpnnAnswers& result) {
  const mp::Input complete = mp::complete_residues(input);
  if (complete.real == 0) throw InputError("--pdb", "no residue has all its backbone atoms");
  mp::FlashOptions options = plan.work().flash_options();
  options.length = complete.real;
  const workloads::Tensors inputs = mp::flash_inputs(plan.weights, complete);
  mp::FlashOptions standard = options;
  standard.block = 0;
  MpnnAnswer& answer = result.of[0];
  answer.exact =
      mp::flash_answer(plan.weights, workloads::evaluate(mp::flash_graph(plan.weights, standard),
                                                         kernels::float_arithmetic(), inputs));
  answer.log_probs = answer.exact;
  const FrameworkFormats f = framework_formats(plan.request.formats);
  if (target.unit == Unit::ane) {
    MachineRun machine(mp::flash_graph(plan.weights, options), target.chip, profile,
                       {.threads = plan.threads});
    answer.log_probs = mp::flash_answer(plan.weights, machine.run(inputs));
  } else if (!f.is_reference()) {
    answer.log_probs = mp::flash_answer(
        plan.weights, workloads::evaluate(mp::flash_graph(plan.weights, options),
                                          kernels::framework_arithmetic(f.storage), inputs));
  } else {
    answer.is_reference = true;
  }
  add_distance(result.accuracy, mp::compare(answer.exact, answer.log_probs, complete.mask),
               answer.is_reference);
}

// What the answers depend on besides the request.
std::string values_of(const MpnnPlan& plan, const std::vector<const mp::Input*>& inputs) {
  Digest digest;
  // The question is of these weights: the same structure through others is another question.
  mp::Weights weights = plan.weights;
  mp::for_each_tensor(weights, [&](const auto&, const auto&, const std::vector<float>& values) {
    digest.add(std::span<const float>(values));
  });
  for (const mp::Input* input : inputs) {
    digest.add(std::span<const float>(input->atoms));
    digest.add(std::span<const std::int32_t>(input->sequence));
    digest.add(std::span<const float>(input->designed));
  }
  digest.add(std::span<const std::int32_t>(plan.order));
  std::string text = digest.hex();
  if (plan.work().samples())
    text += plan.greedy ? fmt::format(" greedy seed={}", plan.seed)
                        : fmt::format(" temperature={} seed={}", plan.temperature, plan.seed);
  return text;
}

}  // namespace

MpnnAnswers answer_mpnn(const MpnnPlan& plan, const std::vector<const mp::Input*>& inputs,
                        const Target& target, const kernels::arith::Profile& profile) {
  const workloads::MpnnWork& work = plan.work();
  const bool alone = work.one_protein() || work.phase == MpnnPhase::attention;
  ANE_CHECK(!inputs.empty() && (inputs.size() == 1 || !alone) &&
                (alone || std::ssize(inputs) <= plan.request.batch),
            "as many proteins as a call takes");
  MpnnAnswers result;
  result.of.assign(inputs.size(), {});
  result.values = values_of(plan, inputs);
  Digest digest;
  if (work.phase == MpnnPhase::attention) {
    answer_attention(plan, *inputs[0], target, profile, result);
    digest.add(std::span<const float>(result.of[0].log_probs));
    result.digest = digest.hex();
    return result;
  }
  const bool on_ane = target.unit == Unit::ane;
  const mp::GraphOptions options =
      on_ane ? value_options(plan, target.chip.machine(), inputs) : mp::GraphOptions{};
  const std::optional<mp::Reference> framework = on_ane ? std::nullopt : framework_of(plan, inputs);
  const mp::Reference reference(plan.weights);
  std::vector<mp::Encoded> encoded;
  for (const mp::Input* input : inputs) encoded.push_back(reference.encode(*input));
  Machines machines(plan, target.chip, profile);
  if (work.samples()) {
    result.accuracy = answer_samples(plan, *inputs[0], encoded[0], reference, options, on_ane,
                                     framework, machines, result.of[0], digest);
  } else {
    answer_log_probs(plan, inputs, encoded, reference, options, on_ane, framework, machines,
                     result.of);
    std::vector<const MpnnAnswer*> all;
    for (const MpnnAnswer& a : result.of) {
      digest.add(std::span<const float>(a.log_probs));
      all.push_back(&a);
    }
    result.accuracy = accuracy_of(inputs, all);
  }
  result.digest = digest.hex();
  return result;
}

}  // namespace ane::sim
