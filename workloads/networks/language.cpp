#include "workloads/networks/language.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "isa/error.h"

namespace ane::workloads {
namespace {

// Streams beside the network's own, which count up from the seed.
constexpr std::uint64_t text_stream = 0x7465787400000000, table_stream = 0x7461626c00000000,
                        place_stream = 0x706c616300000000;

double log_sum(std::span<const float> x) {
  const auto top = static_cast<double>(*std::ranges::max_element(x));
  double sum = 0;
  for (const float v : x) sum += std::exp(static_cast<double>(v) - top);
  return top + std::log(sum);
}

}  // namespace

SeededLanguageModel::SeededLanguageModel(const LanguageModel& model, std::int64_t most_channels,
                                         const Numbers& numbers)
    : model_(model), most_channels_(most_channels), numbers_(numbers) {
  ANE_CHECK(numbers.seed.has_value(), "a model without values");
}

std::vector<std::int32_t> SeededLanguageModel::text(std::int64_t count) const {
  std::vector<std::int32_t> tokens;
  for (const float u : SeededValues(*numbers_.seed + text_stream).uniform(count, 0.5F, 0.5F))
    tokens.push_back(
        static_cast<std::int32_t>(static_cast<double>(u) * static_cast<double>(model_.vocab)));
  return tokens;
}

Graph SeededLanguageModel::graph(std::int64_t tokens, std::int64_t context) const {
  return build_llm(model_, {.phase = Phase::prefill, .tokens = tokens, .context = context},
                   most_channels_, numbers_);
}

// A row of the table a token; models without rotary positions have a row a place beside it.
Tensor SeededLanguageModel::embedded(std::span<const std::int32_t> tokens,
                                     std::int64_t first) const {
  const auto columns = tokens.size();
  Tensor x(Format::fp32, {1, model_.hidden, 1, static_cast<std::int64_t>(columns)});
  const auto add = [&](std::size_t column, std::uint64_t stream, std::int64_t row) {
    SeededValues values(*numbers_.seed + stream + static_cast<std::uint64_t>(row));
    std::size_t at = column;
    for (const float v : values.uniform(model_.hidden, 0, 1.7F)) {
      x.as<float>()[at] += v;
      at += columns;
    }
  };
  for (std::size_t i = 0; i < columns; ++i) {
    add(i, table_stream, tokens[i]);
    if (!model_.gated) add(i, place_stream, first + static_cast<std::int64_t>(i));
  }
  return x;
}

LanguageCall SeededLanguageModel::call(std::span<const std::int32_t> tokens,
                                       const LanguageCall& before, const Executor& execute) const {
  const Graph g = graph(static_cast<std::int64_t>(tokens.size()), before.positions);
  Tensors inputs = before.state;
  inputs["x"] = embedded(tokens, before.positions);
  const Tensors outputs = execute(g, inputs);
  LanguageCall after;
  after.positions = before.positions + static_cast<std::int64_t>(tokens.size());
  for (std::size_t i = 0; i < g.outputs.size(); ++i) {
    const Tensor& t = outputs.at(g.values[static_cast<std::size_t>(g.outputs[i])].name);
    if (const auto layer = static_cast<std::int64_t>(i / 2); layer < model_.layers) {
      after.state[fmt::format("layer{} {}", layer, i % 2 == 0 ? "keys" : "values")] = t;
      continue;
    }
    for (std::int64_t c = 0; c < t.size(); ++c)
      after.logits.push_back(static_cast<float>(kernels::element(t, c)));
  }
  return after;
}

std::int32_t likeliest(std::span<const float> logits) {
  return static_cast<std::int32_t>(std::ranges::max_element(logits) - logits.begin());
}

double divergence(std::span<const float> reference, std::span<const float> answer) {
  const double r = log_sum(reference), a = log_sum(answer);
  double sum = 0;
  for (std::size_t i = 0; i < reference.size(); ++i) {
    const double p = static_cast<double>(reference[i]) - r;
    sum += std::exp(p) * (p - (static_cast<double>(answer[i]) - a));
  }
  return sum;
}

}  // namespace ane::workloads
