// The built-in networks by shape: layers in the order of their papers, batch normalisation folded
// into the convolutions, weights without values. One file a family in networks/, one line a network
// in networks.cpp.
#pragma once
#include <array>
#include <optional>
#include <span>
#include <string>

#include "workloads/graph/layers.h"

namespace ane::workloads {

struct Network {
  std::string_view name, summary;
  Extents input;  // of one item, when none is given
  // Published counts: the authors' papers and repositories, torchvision's model pages, Open Model
  // Zoo and S63. There multiplications outside of products are counted by some, so a network that
  // only they list has none to hold.
  double macs;    // multiply-accumulates of that input; 0: none to hold against
  double params;  // in millions; 0: none to hold against
  // Adds the network's layers; returns its outputs.
  std::vector<ValueId> (*build)(Layers& layers, ValueId x);
};
std::span<const Network> networks();
// In any spelling ("MobileNetV2") and by other names of the same shape; none: nullptr.
const Network* find_network(std::string_view name);
// InputError with the nearest name.
const Network& network_named(std::string_view name);

// `input`: extents with the batch in n; of Extents{} the network's own with batch 1.
Graph build_network(const Network& network, const Extents& input, const Numbers& numbers);

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
const Encoder* find_encoder(std::string_view name);
const Encoder& encoder_named(std::string_view name);
Graph build_encoder(const Encoder& encoder, std::int64_t batch, const Numbers& numbers);

// Decoder-only language models.
struct LanguageModel {
  std::string name;
  std::int64_t params = 0, layers = 0, hidden = 0, ffn = 0, heads = 0, kv_heads = 0, vocab = 0;
  std::int64_t head_dim = 0;
  bool gated = true, tied_embeddings = false;
  // A mixture of experts: feed-forwards of a block, and how many of them a token goes through.
  std::int64_t experts = 0, experts_used = 0;
  // One layer in `full_every` attends to all keys, none of them where there is but a window. The
  // others attend to the last `window`; or,
  // where `linear_heads` is given, keep a state of heads x 128 x 128 in place of keys and values
  // (gated delta rule, half as many heads of keys), and the full ones gate their output.
  std::int64_t window = 0, full_every = 0, linear_heads = 0;

  std::int64_t head_size() const { return head_dim > 0 ? head_dim : hidden / heads; }
  bool full_attention(std::int64_t layer) const {
    return full_every > 0 ? layer % full_every == full_every - 1 : window == 0;
  }
  std::int64_t full_layers() const {
    return full_every > 0 ? layers / full_every : window == 0 ? layers : 0;
  }
  // Keys that a layer attends to of those there are.
  std::int64_t keys_of(std::int64_t layer, std::int64_t keys) const {
    return full_attention(layer) || window == 0 || keys < window ? keys : window;
  }
  std::int64_t layer_weights() const;             // of one block, all its experts, full attention
  std::int64_t linear_attention_weights() const;  // of the attention of one that is not full
  std::int64_t weights() const;                   // of all blocks and of the embeddings
};
std::span<const LanguageModel> language_models();
const LanguageModel* find_language_model(std::string_view name);
// The shape that `asked` gives, its zeros filled from the built-in table by name; InputError when
// neither has it.
LanguageModel language_model(const LanguageModel& asked, std::optional<bool> tied_embeddings,
                             std::optional<bool> gated = std::nullopt);

enum class Phase { decode, prefill };
// Where keys and values stay between calls. device: the program reads them in place and writes this
// call's columns (Core ML states of macOS 15). buffers: a whole cache is an input and an output of
// each call, of which the host hands over only the buffer; host: and copies it.
enum class KeyValueState { device, buffers, host };
std::span<const std::string_view> names_of(Phase);
std::span<const std::string_view> names_of(KeyValueState);

// One call of a language model.
struct LanguageCallShape {
  Phase phase = Phase::decode;
  std::int64_t tokens = 1, context = 0, capacity = 0;  // capacity: keys of a fixed program; 0: any
  std::int64_t call_tokens = 0;  // of a prompt in several calls, or of an answer's checked tokens
  std::int64_t positions = 0;    // that a program computes although fewer count
  std::int64_t logits = 1;       // positions with logits, the last ones
  std::int64_t batch = 1;
  KeyValueState state = KeyValueState::device;
  double weight_bytes = 0;  // a mixture of formats that hits it; 0: numbers.weights
};
// The vocabulary's product is cut to `most_channels`, the accelerator's.
Graph build_llm(const LanguageModel& model, const LanguageCallShape& call,
                std::int64_t most_channels, const Numbers& numbers);

// Multiply-accumulates of all products and convolutions of a graph.
double graph_macs(const Graph& graph);

}  // namespace ane::workloads
