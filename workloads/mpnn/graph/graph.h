// ProteinMPNN as graphs of operators for the simulated machine. Features and neighbours come from
// the host in FP32 (features.h); the graph is what an accelerator runs: embedding of the edges,
// encoder, decoder, head. Activations are channels first: a node tensor is [1, C, 1, places], an
// edge tensor has one more extent, the neighbour slots, on the axis that its gather makes:
// [1, C, k, places] from the texture unit or the host, [k, C, 1, places] from a one-hot product.
// A batch of proteins lies side by side in `places`, so that every protein's columns, and so its
// bits, are those it has alone.
//
// Where the graph differs from the original in form, not in function:
// - the messages' 1/30 is 1/32, exact in binary16, with W3 and its bias times 32/30 beforehand;
// - hV is 0 before the first encoder layer, so its part of W1 is left out there;
// - masks on a masked place's own row are left out: its hV is set to 0 behind every layer;
// - slots that stand for no residue count nothing in the decoder either (Padding::exact).
#pragma once
#include <map>
#include <string>
#include <vector>

#include "workloads/graph/evaluate.h"
#include "workloads/graph/graph.h"
#include "workloads/mpnn/structure/features.h"

namespace ane::workloads::mpnn {

// How a residue's neighbours are fetched.
enum class Gather {
  texture,  // the chip's texture unit reads columns at run-time indices
  one_hot,  // a product with a matrix of zeros and ones: O(L^2 k) more work, no gather unit needed
  host,     // the CPU gathers: the tensor leaves the accelerator and comes back
};
std::string_view name(Gather gather);
Gather gather_named(std::string_view name);  // InputError with the nearest name

enum class Pass {
  score,          // teacher forced, one pass
  unconditional,  // no place sees a type, one pass
  encode,         // the encoder only: what the steps of sampling start from
  step,           // one step of sampling: one place of each protein of the batch
  decode,         // as score, from what encode gave: for many orders over one encoded protein
};

// Where hV becomes log-probabilities.
enum class Head {
  log_probs,  // on the accelerator, log-softmax included
  logits,     // the product there, log-softmax on the host
  host,       // both on the host in FP32: 0.02 % of the work, and no rounding of logits to FP16,
              // whose step at 8 is 1/128: what decides between types that are nearly as likely
};
std::string_view name(Head head);
Head head_named(std::string_view name);  // InputError with the nearest name

struct GraphOptions {
  Pass pass = Pass::score;
  std::int64_t length = 128;  // places of one protein: its length, or a bucket
  std::int64_t batch = 1;
  Gather gather = Gather::texture;
  bool factored = true;  // W1 split by source: 39 % fewer MACs, no wide concatenations
  bool masked = true;    // false: no place is masked and none is padding; the same bits then
  Head head = Head::host;
  bool with_values = true;                              // false: shapes only, for timing
  isa::KernelFormat weights = isa::KernelFormat::fp16;  // of every layer, as stored
  isa::KernelFormat codes = isa::KernelFormat::i8;      // of layers with INT8 products
  // W8A8: the largest input magnitude of layers by name ("encoder_layers.0.W2"), from calibration;
  // layers that are not named keep `weights`.
  std::map<std::string, float> ranges = {};
};

// InputError for a length or batch of less than 1. Inputs and outputs by name:
//   edges        [1, 416, k, P] or [k, 416, 1, P]   (score, unconditional, encode)
//   index        i32 [1, 1, k, P], or one_hot / one_hot.B [k, L, 1, L] a protein
//   mask         [1, 1, 1, P]; pair_mask, valid: slots                  (where masked)
//   type         i32 slots, or as a product [k, 21, 1, P]               (score, decode, step)
//   select       as index over 2L columns (factored), or seen, unseen: slots
//   hV, hE       what encode gave                                       (decode, step)
//   table.N      the same and rows of earlier steps                     (step)
// and out: log_probs or logits [1, 21, 1, P] or decoded [1, hidden, 1, P], by the head; encode: hV,
// hE, table.N; step also row.N.
Graph build_graph(const Weights& weights, const GraphOptions& options);
// The same without values, for timing alone.
Graph build_graph(const ModelSpec& spec, GraphOptions options);

// One protein of a batch: padded to options.length; sequence and ranks for score.
struct Example {
  Input input;
  std::vector<std::int32_t> sequence;  // [length]; score, decode
  std::vector<std::int32_t> rank;      // [length]: when each place is decoded; score, decode
};
// The inputs of every graph but step's, float32 and i32, shapes [n, c, h, w]; hV and hE of decode
// are the caller's to add.
Tensors graph_inputs(const Weights& weights, const GraphOptions& options,
                     const std::vector<Example>& examples);

// Log-probabilities [real, 21] of one protein out of the outputs of a score or unconditional graph,
// with what its head leaves to the host.
std::vector<float> answer_of(const Weights& weights, const GraphOptions& options,
                             const Tensors& outputs, std::int64_t protein, std::int64_t real);

}  // namespace ane::workloads::mpnn
