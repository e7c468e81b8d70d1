#include "sim/regression/check_cases.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <sstream>

#include "isa/error.h"
#include "kernels/weight_stream.h"
#include "sim/ane/machine.h"
#include "sim/run/digest.h"
#include "sim/run/error_metrics.h"
#include "sim/run/readqc/run.h"
#include "workloads/compile/compile.h"
#include "workloads/mpnn/graph/graph.h"
#include "workloads/mpnn/metrics.h"
#include "workloads/mpnn/reference.h"
#include "workloads/mpnn/seeded.h"
#include "workloads/readqc/model.h"

namespace ane::sim {
namespace {

namespace qc = workloads::readqc;
namespace mp = workloads::mpnn;
using kernels::Tensor;
using workloads::Graph;
using workloads::Tensors;

constexpr std::uint64_t seed = 20261121;
// Reads whose tensors are small enough to be kept bit by bit, and reads enough to meet what only
// some sums show, of which the task metrics are.
constexpr std::int64_t few_reads = 2, many_reads = 64;

CheckName split(const std::string& name) {
  std::istringstream in(name);
  CheckName w;
  in >> w.workload >> w.variant >> w.precision >> w.profile;
  return w;
}

Tensors on_machine(const Graph& graph, const kernels::arith::Profile& profile,
                   const Tensors& inputs) {
  const Chip chip = load_chip(default_chip);
  const workloads::Compiled compiled =
      workloads::compile(graph, chip.machine(), profile, {.keep_all = true});
  AneMachine machine(chip, compiled.program);
  for (const auto& [name, values] : inputs) machine.write(name, values);
  machine.execute();
  Tensors all;
  for (const workloads::Node& n : graph.nodes) all[n.name] = machine.read(n.name);
  return all;
}

CheckTensor kept(const std::string& name, const Tensor& t) {
  CheckTensor c{.name = name, .elements = t.size(), .digest = {}, .bits = {}};
  Digest whole;
  whole.add(std::span<const std::byte>(t.bytes));
  c.digest = whole.hex();
  std::vector<std::uint16_t> bits;
  const auto size = static_cast<std::size_t>(isa::byte_size(t.format));
  for (std::size_t at = 0; at < t.bytes.size(); at += size) {
    std::uint16_t b = 0;
    std::memcpy(&b, t.bytes.data() + at, std::min<std::size_t>(size, 2));
    if (size == 1) b ^= 0x80;  // codes in their order
    bits.push_back(b);
  }
  if (c.whole()) {
    c.bits = std::move(bits);
    return c;
  }
  const auto length = static_cast<std::size_t>(c.block());
  for (std::size_t at = 0; at < bits.size(); at += length) {
    const std::size_t n = std::min(length, bits.size() - at);
    Digest block;
    block.add(std::span<const std::uint16_t>(bits).subspan(at, n));
    c.bits.push_back(static_cast<std::uint16_t>(std::stoul(block.hex().substr(0, 4), nullptr, 16)));
  }
  return c;
}

// A name as one word of the file.
std::string word(std::string name) {
  std::ranges::replace(name, ' ', '_');
  return name;
}

}  // namespace

void keep(CheckCase& c, const Graph& graph, const kernels::arith::Profile& profile,
          const Tensors& results) {
  for (const workloads::Value& v : graph.values) {
    if (!v.constant) continue;
    Digest d;
    d.add(std::span<const std::byte>(v.constant->bytes));
    c.weights.emplace_back(word(v.name), d.hex());
  }
  for (const workloads::Node& n : graph.nodes) {
    if (n.parameters) {
      Digest d;
      if (isa::is_integer(n.parameters->format)) {
        d.add(std::span<const std::int8_t>(n.parameters->codes));
        for (const kernels::arith::Half& h : n.parameters->scale)
          d.add(std::span<const std::uint16_t>(&h.bits, 1));
      } else {
        for (const kernels::arith::Half& h : kernels::decoded_weights(*n.parameters, profile))
          d.add(std::span<const std::uint16_t>(&h.bits, 1));
      }
      c.weights.emplace_back(word(n.name), d.hex());
    }
    c.tensors.push_back(kept(word(n.name), results.at(n.name)));
  }
}

namespace {

CheckCase readqc(const CheckName& w, const CheckOptions& options, const Evaluator& evaluate,
                 const kernels::arith::Profile& profile) {
  ReadQcPlan plan;
  plan.model = qc::seeded_model(qc::model_kind_named(w.variant), seed);
  for (auto& [name, tensor] : plan.model.parameters)
    if (options.change) options.change(name, tensor.as<float>());
  plan.formats = workloads::formats_named(w.precision);
  const qc::ReadBatch reads = qc::seeded_reads(many_reads, seed);
  const isa::Machine machine = load_chip(default_chip).machine();
  if (plan.formats.activations == "int8") plan.ranges = qc::activation_ranges(plan.model, reads);
  CheckCase c;
  Digest input;
  input.add(std::span<const std::uint8_t>(reads.bases));
  input.add(std::span<const std::uint8_t>(reads.qualities));
  c.input = input.hex();

  const auto run = [&](std::int64_t count, Graph& graph) {
    plan.batch = count;
    graph = value_graph(plan, machine);
    const Tensor encoded = qc::encode(reads, plan.model.encoding, 0, count);
    return evaluate(graph, profile, {{"reads", qc::graph_input(encoded, count)}});
  };
  Graph graph;
  const Tensors few = run(few_reads, graph);
  keep(c, graph, profile, few);
  const Tensors many = run(many_reads, graph);
  for (const workloads::Node& n : graph.nodes)
    c.tensors.push_back(kept(fmt::format("{}@{}", n.name, many_reads), many.at(n.name)));
  const workloads::Value& logits = graph.values[static_cast<std::size_t>(graph.outputs[0])];
  const Tensor& answer = many.at(graph.nodes[static_cast<std::size_t>(logits.producer)].name);
  const Tensor exact = qc::forward(plan.model, reads);
  for (std::size_t h = 0; h < plan.model.heads.size(); ++h) {
    const auto head = static_cast<std::int64_t>(h);
    const std::vector<float> scores = qc::graph_scores(answer, head, many_reads);
    const std::vector<float> reference = qc::column(exact, head);
    const std::string name(qc::to_string(plan.model.heads[h]));
    if (plan.model.heads[h] == qc::Head::quality) {
      const auto truth = qc::labels(reads, plan.model.spec.rule);
      c.metrics.push_back({"accuracy", qc::evaluate(scores, truth).accuracy});
      c.metrics.push_back({"flips_vs_fp32", static_cast<double>(qc::flips(reference, scores))});
    } else {
      const auto truth = qc::targets(reads, plan.model.heads[h], plan.model.spec.rule);
      c.metrics.push_back(
          {"mean_abs_error_" + name, qc::evaluate_regression(scores, truth).mean_absolute_error});
    }
    ErrorMetrics errors;
    errors.add(reference, scores);
    results::Parts parts;
    errors.append_to(parts);
    for (results::Part& p : parts) c.metrics.push_back({p.name + "_" + name, p.value});
  }
  return c;
}

CheckCase mpnn(const CheckName& w, const CheckOptions& options, const Evaluator& evaluate,
               const kernels::arith::Profile& profile) {
  // The published network in small: every operator, few numbers.
  mp::Weights weights =
      mp::seeded_weights({.hidden = 32, .encoder_layers = 1, .decoder_layers = 1, .neighbours = 6});
  if (options.change)
    mp::for_each_tensor(weights, [&](const std::string& name, const kernels::Shape&,
                                     std::vector<float>& values) { options.change(name, values); });
  const mp::Input protein = mp::seeded_helix(12);
  mp::GraphOptions graph_options;
  graph_options.length = protein.length();
  if (w.precision == "int8w") graph_options.weights = isa::KernelFormat::int8c;
  if (w.precision == "w8a8") graph_options.ranges = mp::calibrate(weights, {protein});
  const Graph graph = mp::build_graph(weights, graph_options);
  mp::Example example{.input = protein, .sequence = protein.sequence, .rank = {}};
  std::vector<std::int32_t> order;
  for (std::int64_t i = 0; i < protein.length(); ++i) {
    example.rank.push_back(static_cast<std::int32_t>(i));
    order.push_back(static_cast<std::int32_t>(i));
  }
  const Tensors inputs = mp::graph_inputs(weights, graph_options, {example});
  CheckCase c;
  Digest digest;
  for (const auto& [name, tensor] : inputs) digest.add(std::span<const std::byte>(tensor.bytes));
  c.input = digest.hex();
  const Tensors all = evaluate(graph, profile, inputs);
  keep(c, graph, profile, all);
  Tensors outputs;
  for (const workloads::ValueId v : graph.outputs) {
    const workloads::Value& value = graph.values[static_cast<std::size_t>(v)];
    outputs[value.name] = all.at(graph.nodes[static_cast<std::size_t>(value.producer)].name);
  }
  const std::vector<float> answer =
      mp::answer_of(weights, graph_options, outputs, 0, protein.length());
  const mp::Reference reference(weights);
  const std::vector<float> exact =
      reference.score(reference.encode(protein), protein.sequence, order);
  const mp::AnswerMetrics m = mp::measure(answer, protein.sequence, protein.mask);
  const mp::AnswerDifference d = mp::compare(exact, answer, protein.mask);
  c.metrics = {{"recovery", m.recovery},
               {"perplexity", m.perplexity},
               {"top1_agreement", d.top1},
               {"mean_kl_to_fp32", d.mean_kl},
               {"max_abs_dlogp", d.max_abs}};
  return c;
}

}  // namespace

std::vector<std::string> check_names() {
  std::vector<std::string> names;
  for (const char* profile : {"ane16", "ieee"}) {
    for (const char* precision : {"fp16", "int8w", "w8a8", "pal4", "sparse"})
      names.push_back(fmt::format("readqc mlp {} {}", precision, profile));
    for (const char* precision : {"fp16", "w8a8"})
      names.push_back(fmt::format("readqc cnn {} {}", precision, profile));
    for (const char* precision : {"fp16", "int8w"})
      names.push_back(fmt::format("readqc kmer {} {}", precision, profile));
    for (const char* precision : {"fp16", "int8w", "w8a8"})
      names.push_back(fmt::format("mpnn score {} {}", precision, profile));
    for (const char* phase : {"prefill", "decode"})
      for (const char* precision : {"fp16", "int8w", "pal4"})
        names.push_back(fmt::format("llm {} {} {}", phase, precision, profile));
    for (const char* form : {"written", "shaped"})
      names.push_back(fmt::format("encoder {} fp16 {}", form, profile));
  }
  return names;
}

CheckCase recompute(const std::string& name, const CheckOptions& options) {
  const std::vector<std::string> names = check_names();
  if (std::ranges::find(names, name) == names.end())
    throw InputError("--case", fmt::format("no case '{}'", name), choice_note(name, names));
  const CheckName w = split(name);
  const kernels::arith::Profile& profile = kernels::arith::profile_named(w.profile);
  const Evaluator evaluate = options.evaluate ? options.evaluate : on_machine;
  auto* const compute = w.workload == "mpnn"      ? mpnn
                        : w.workload == "llm"     ? check_language
                        : w.workload == "encoder" ? check_encoder
                                                  : readqc;
  CheckCase c = compute(w, options, evaluate, profile);
  c.name = name;
  return c;
}

}  // namespace ane::sim
