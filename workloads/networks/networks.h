// The built-in networks by shape: layers in the order of their papers, batch normalisation folded
// into the convolutions, weights without values. One file a family in networks/, one line a network
// in networks.cpp.
#pragma once
#include <array>
#include <span>

#include "workloads/graph/layers.h"
#include "workloads/networks/spec.h"

namespace ane::workloads {

struct Network {
  std::string_view name, summary;
  Extents input;  // of one item, when none is given
  // Published counts: the authors' papers, torchvision's model pages and S63. There multiplications
  // outside of products are counted by some, so a network that only they list has none to hold.
  double macs;    // multiply-accumulates of that input; 0: none to hold against
  double params;  // in millions; 0: none to hold against
  // Adds the network's layers; returns its outputs.
  std::vector<ValueId> (*build)(Layers& layers, ValueId x);
};
std::span<const Network> networks();
// InputError with the nearest name.
const Network& network_named(std::string_view name);

// `input`: extents with the batch in n; of Extents{} the network's own with batch 1.
Graph build_network(const Network& network, const Extents& input, const Numbers& numbers);

// What a spec asks of its network: `input`, or the network's own extents; `batch` items where the
// input names one.
Extents input_of(const Spec& spec);

// Encoders of sequences (kind=encoder): input [batch, hidden, 1, tokens] behind the embeddings.
struct Encoder {
  std::string_view name, summary;
  std::int64_t layers, hidden, ffn, heads, tokens;
  // Channels first, 1x1 convolutions and heads apart, as Apple advises; else features last, as
  // PyTorch has them.
  bool ane_shaped;
  bool audio;  // two convolutions over 80 mel bands in front
};
std::span<const Encoder> encoders();
const Encoder& encoder_named(std::string_view name);
// The named encoder in the size that the spec's layers, hidden, ffn, heads and tokens give.
Encoder encoder_of(const Spec& spec);
Graph build_encoder(const Encoder& encoder, std::int64_t tokens, std::int64_t batch,
                    const Numbers& numbers);

// Decoder-only language models (kind=llm): one call of phase decode or prefill. Shape from the
// spec's keys, else from the built-in table by name; InputError when neither has it.
struct LanguageModel {
  std::string name;
  std::int64_t params = 0, layers = 0, hidden = 0, ffn = 0, heads = 0, kv_heads = 0, vocab = 0;
  std::int64_t head_dim = 0;
  bool gated = true, tied_embeddings = false;

  std::int64_t layer_weights() const;  // of one block
};
std::span<const LanguageModel> language_models();
LanguageModel language_model(const Spec& spec);
Graph build_llm(const LanguageModel& model, const Spec& spec, const Numbers& numbers);

// Multiply-accumulates of all products and convolutions of a graph.
double graph_macs(const Graph& graph);

}  // namespace ane::workloads
