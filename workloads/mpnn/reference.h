// The FP32 reference of ProteinMPNN on the host: the numbers that every lower precision and every
// device is measured against; and the same operators as a framework on a CPU or GPU computes them
// in other numbers [H1]. Equations and their order: dauparas/ProteinMPNN @8907e66.
//   encoder  m_ij = W3 gelu(W2 gelu(W1 [hV_i; hE_ij; hV_j])); hV = LN1(hV + sum_j mask_ij m_ij /
//   30);
//            hV = LN2(hV + FF(hV)) mask_i; hE = LN3(hE + W13 gelu(W12 gelu(W11 [hV_i; hE; hV_j])))
//   decoder  the same message over [hV_i; mask_i e_ij] with e_ij = [hE_ij; hS_j; hV_j] where j is
//            decoded before i and [hE_ij; 0; hV_j of the encoder] where it is not; hE stays
// One thread; O(L k) memory; a protein's bits do not depend on what it is computed with.
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <string_view>
#include <vector>

#include "workloads/mpnn/dense.h"
#include "workloads/mpnn/structure/features.h"

namespace ane::workloads::mpnn {

struct ReferenceOptions {
  Padding padding = Padding::exact;
  // W1 [a; b; c] as W1a a + W1b b + W1c c, with the residues' products computed once per residue
  // and gathered: 39 % fewer operations, other rounding, the same function.
  bool factored = false;
  FrameworkNumbers numbers = {};  // features of pairs are float32 before they enter the network
  // Called with "E_norm", "hE_0", "enc0_hV", "enc0_hE" ... as each stage is done.
  std::function<void(std::string_view stage, std::span<const float> values)> observe = {};
  // Called with each layer's name, as its graph's node has it ("encoder_layers.0.W2",
  // "decoder_layers.1.W1.edge"), and values that enter it, in parts.
  std::function<void(const std::string& layer, std::span<const float> values)> observe_inputs = {};
};

struct Encoded {
  Input input;
  Neighbours neighbours;
  std::vector<float> hV;  // [length, hidden]
  std::vector<float> hE;  // [length * k, hidden]
};

struct SampleOptions {
  float temperature = 0.1f;         // > 0; logits are divided by it
  bool greedy = false;              // the most likely residue instead of a draw
  std::uint64_t seed = 37;          // of the draws; each residue has its own stream
  std::vector<std::int32_t> order;  // places in decoding order; empty: decoding_order(input, seed)
  std::vector<float> bias;          // [21], added to the logits before the temperature
  std::vector<float> bias_by_residue;  // [length, 21], the same by place
  std::string_view omit = "X";         // types never chosen
};

struct Sample {
  std::vector<std::int32_t> sequence;  // [length]; places not designed keep the input's
  std::vector<float> probabilities;    // [length, 21], what was drawn from; 0 where not designed
  std::vector<float> log_probs;        // [length, 21], of the network, without temperature
  std::vector<std::int32_t> order;
};

class Reference {
 public:
  explicit Reference(const Weights& weights, ReferenceOptions options = {});
  ~Reference();

  Encoded encode(const Input& input) const;
  // All of these give log-probabilities [length, 21].
  // Teacher forced: each place sees the types in `sequence` of those before it in `order`, a
  // permutation of the places.
  std::vector<float> score(const Encoded& encoded, std::span<const std::int32_t> sequence,
                           std::span<const std::int32_t> order) const;
  std::vector<float> unconditional(const Encoded& encoded) const;  // no place sees any type
  // Each place sees the types of all others: one decoder pass a place, with the place moved to the
  // end of `order`. backbone_only moves it to the front instead.
  std::vector<float> conditional(const Encoded& encoded, std::span<const std::int32_t> sequence,
                                 std::span<const std::int32_t> order,
                                 bool backbone_only = false) const;
  Sample sample(const Encoded& encoded, const SampleOptions& options) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// The largest magnitude that enters each layer, by the layer's name, over teacher-forced passes of
// these proteins in order of their places: the ranges of W8A8 (GraphOptions::ranges). Layers of W1
// whole and by source are both there.
std::map<std::string, float> calibrate(const Weights& weights, const std::vector<Input>& proteins);

// A decoding order as the original makes it: places that are not designed (or masked) first, both
// groups shuffled, here by a normal number per place from `seed`; padding last.
std::vector<std::int32_t> decoding_order(const Input& input, std::uint64_t seed);

// Mean of -log_prob(sequence) over the places with weight (the original's score); 0 without any.
double mean_score(std::span<const float> log_probs, std::span<const std::int32_t> sequence,
                  std::span<const float> weight);

}  // namespace ane::workloads::mpnn
