// The cases of networks with seeded weights: a language model's prompt and its next token, and an
// encoder in both of its forms. Small enough that most tensors are kept bit by bit.
#include <fmt/format.h>

#include <algorithm>

#include "isa/error.h"
#include "sim/chips/chip.h"
#include "sim/regression/check_cases.h"
#include "sim/run/digest.h"
#include "sim/run/error_metrics.h"
#include "workloads/networks/language.h"
#include "workloads/request/kinds/llm.h"

namespace ane::sim {
namespace {

using kernels::Tensor;
using workloads::Graph;
using workloads::LanguageCall;
using workloads::Tensors;

constexpr std::uint64_t seed = 20261121;
constexpr std::int64_t prompt = 3;

std::string weights_key(const std::string& precision) {
  if (precision == "int8w") return "int8";
  if (precision == "pal4") return "lut4";
  return precision;
}

// The graph with its layers' weights changed, for tests.
Graph changed(Graph graph, const ChangeWeights& change) {
  if (change)
    for (workloads::Node& n : graph.nodes)
      if (n.parameters) {
        auto p = std::make_shared<kernels::Parameters>(*n.parameters);
        change(n.name, p->weights);
        n.parameters = std::move(p);
      }
  return graph;
}

std::string digest_of(const Tensors& inputs) {
  Digest d;
  for (const auto& [name, tensor] : inputs) d.add(std::span<const std::byte>(tensor.bytes));
  return d.hex();
}

Tensors outputs_of(const Graph& graph, const Tensors& all) {
  Tensors outputs;
  for (const workloads::ValueId v : graph.outputs) {
    const std::string& name = graph.values[static_cast<std::size_t>(v)].name;
    outputs[name] = all.at(name);
  }
  return outputs;
}

workloads::Executor in_float() {
  return [](const Graph& graph, const Tensors& inputs) {
    return workloads::evaluate(graph, kernels::float_arithmetic(), inputs);
  };
}

}  // namespace

CheckCase check_language(const CheckName& name, const CheckOptions& options,
                         const Evaluator& evaluate, const kernels::arith::Profile& profile) {
  // Every operator of a gated model with shared keys, in few numbers.
  const workloads::Request request = workloads::parse_request(fmt::format(
      "kind=llm name=small layers=2 hidden=32 ffn=80 heads=4 kv_heads=2 head_dim=8 vocab=64 "
      "phase=prefill weights={}",
      weights_key(name.precision)));
  const isa::Machine machine = load_chip(default_chip).machine();
  workloads::Numbers numbers = workloads::numbers_of(request.formats, machine);
  numbers.seed = seed;
  const workloads::SeededLanguageModel model(
      workloads::work_as<workloads::LlmWork>(request).shape(), machine.max_channels, numbers);
  CheckCase c;
  // The call that the case is of: its tensors are kept.
  const auto kept_call = [&](const Graph& g, const Tensors& inputs) {
    const Graph graph = changed(g, options.change);
    const Tensors all = evaluate(graph, profile, inputs);
    // The state is the call's before, which is computed: what is given are the tokens.
    c.input = digest_of({{"x", inputs.at("x")}});
    c.weights.clear();
    c.tensors.clear();
    keep(c, graph, profile, all);
    return outputs_of(graph, all);
  };
  const std::vector<std::int32_t> tokens = model.text(prompt + 1);
  const std::span<const std::int32_t> all(tokens);
  LanguageCall answer, exact;
  if (name.variant == "decode") {
    answer = model.call(all.first(prompt), {}, kept_call);
    answer = model.call(all.last(1), answer, kept_call);
    exact = model.call(all.first(prompt), {}, in_float());
    exact = model.call(all.last(1), exact, in_float());
  } else {
    answer = model.call(all, {}, kept_call);
    exact = model.call(all, {}, in_float());
  }
  c.metrics = {
      {"top1_agreement",
       workloads::likeliest(exact.logits) == workloads::likeliest(answer.logits) ? 1.0 : 0.0},
      {"mean_kl_to_fp32", workloads::divergence(exact.logits, answer.logits)}};
  ErrorMetrics errors;
  errors.add(exact.logits, answer.logits);
  errors.append_to(c.metrics);
  return c;
}

CheckCase check_encoder(const CheckName& name, const CheckOptions& options,
                        const Evaluator& evaluate, const kernels::arith::Profile& profile) {
  const workloads::Request request = workloads::parse_request(fmt::format(
      "kind=encoder name={} layers=1 hidden=32 ffn=64 heads=4 tokens=6 weights={}",
      name.variant == "shaped" ? "distilbert-ane" : "distilbert", weights_key(name.precision)));
  const Graph graph = changed(workloads::graph_of(request, load_chip(default_chip).machine(), seed),
                              options.change);
  Tensor x(kernels::Format::fp32, {1, 32, 1, 6});
  std::ranges::copy(workloads::SeededValues(seed + 1).uniform(x.size(), 0, 1.7F),
                    x.as<float>().begin());
  const Tensors inputs{{"x", std::move(x)}};
  CheckCase c;
  c.input = digest_of(inputs);
  const Tensors all = evaluate(graph, profile, inputs);
  keep(c, graph, profile, all);
  ErrorMetrics errors;
  const Tensors exact = in_float()(graph, inputs);
  for (const auto& [output, values] : outputs_of(graph, all)) {
    std::vector<float> answer;
    for (std::int64_t i = 0; i < values.size(); ++i)
      answer.push_back(static_cast<float>(kernels::element(values, i)));
    errors.add(exact.at(output).as<const float>(), answer);
  }
  errors.append_to(c.metrics);
  return c;
}

}  // namespace ane::sim
