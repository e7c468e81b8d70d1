// A seeded language model that is run call by call: prompts and single tokens, the state of before
// handed on, by whoever executes a graph: the machine, the scalar reference, float32. The network
// is build_llm's; what is here is the host's part: tokens to vectors, and the state between calls.
#pragma once
#include <functional>
#include <span>
#include <vector>

#include "workloads/graph/evaluate.h"
#include "workloads/networks/networks.h"

namespace ane::workloads {

// The graph's outputs by name.
using Executor = std::function<Tensors(const Graph&, const Tensors& inputs)>;

struct LanguageCall {
  std::vector<float> logits;   // of the last position
  std::int64_t positions = 0;  // in the state
  Tensors state;               // the next call's inputs: keys and values of each layer
};

class SeededLanguageModel {
 public:
  // numbers.seed is set; one sequence.
  SeededLanguageModel(const LanguageModel& model, std::int64_t most_channels,
                      const Numbers& numbers);

  // `count` tokens of a seeded text.
  std::vector<std::int32_t> text(std::int64_t count) const;
  // The graph of a call of `tokens` behind `context` positions.
  Graph graph(std::int64_t tokens, std::int64_t context) const;
  LanguageCall call(std::span<const std::int32_t> tokens, const LanguageCall& before,
                    const Executor& execute) const;
  const LanguageModel& shape() const { return model_; }

 private:
  Tensor embedded(std::span<const std::int32_t> tokens, std::int64_t first) const;

  LanguageModel model_;
  std::int64_t most_channels_;
  Numbers numbers_;
};

// The index of the largest, the first of equals.
std::int32_t likeliest(std::span<const float> logits);
// KL divergence of softmax(answer) from softmax(reference), in nats.
double divergence(std::span<const float> reference, std::span<const float> answer);

}  // namespace ane::workloads
