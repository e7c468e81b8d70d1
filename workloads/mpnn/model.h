// ProteinMPNN's parameters: shapes, names and values, for the published network and every variant
// of its size. Names and their order are those of the original's state_dict
// (dauparas/ProteinMPNN @8907e66, protein_mpnn_utils.py).
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "kernels/tensor.h"

namespace ane::workloads::mpnn {

inline constexpr int vocabulary = 21;          // `alphabet` of structure.h
inline constexpr int backbone_atoms = 4;       // N, CA, C, O
inline constexpr int rbf_count = 16;           // radial basis functions a distance
inline constexpr int atom_pairs = 25;          // of N, CA, C, O and the virtual CB
inline constexpr int positional_width = 16;    // of the encoding of i - j
inline constexpr int positional_classes = 66;  // i - j clipped to [-32, 32], and "other chain"
inline constexpr int edge_inputs = positional_width + atom_pairs * rbf_count;  // 416
inline constexpr float message_scale = 30.0f;  // the sum over neighbours is divided by it
inline constexpr float norm_epsilon = 1e-5f;

struct ModelSpec {
  int hidden = 128;
  int encoder_layers = 3, decoder_layers = 3;
  int neighbours = 48;  // at most; a shorter protein has as many as it has residues
  int feed_forward() const { return 4 * hidden; }
  bool operator==(const ModelSpec&) const = default;
};
void check(const ModelSpec& spec);  // InputError for a size of less than 1 or beyond any sense

struct Linear {
  std::int64_t out = 0, in = 0;
  std::vector<float> weight;  // [out, in]
  std::vector<float> bias;    // [out], or empty
};
struct Norm {
  std::vector<float> weight, bias;  // [hidden]
};
struct EncoderLayer {
  Norm norm1, norm2, norm3;
  Linear W1, W2, W3;     // node message: [hV_i; hE_ij; hV_j] -> hidden
  Linear W11, W12, W13;  // edge update, same inputs
  Linear ff_in, ff_out;
};
struct DecoderLayer {
  Norm norm1, norm2;
  Linear W1, W2, W3;  // [hV_i; hE_ij; hS_j; hV_j] -> hidden
  Linear ff_in, ff_out;
};
struct Weights {
  ModelSpec spec;
  std::string origin;              // "seeded 20261121", or the file
  std::vector<std::string> notes;  // what of the file was renamed or left out, one sentence each
  Linear positional;               // [16, 66] with bias
  Linear edge_embedding;           // [hidden, 416], no bias
  Norm norm_edges;
  Linear W_e;              // [hidden, hidden]
  std::vector<float> W_s;  // [21, hidden], the embedding of a residue type
  std::vector<EncoderLayer> encoder;
  std::vector<DecoderLayer> decoder;
  Linear W_out;  // [21, hidden]
};

// Calls visit(name, shape, values) for every parameter tensor in state_dict order.
using VisitTensor =
    std::function<void(const std::string&, const kernels::Shape&, std::vector<float>&)>;
void for_each_tensor(Weights& weights, const VisitTensor& visit);
std::int64_t parameter_count(const ModelSpec& spec);  // 1,660,485 for the default

// A network of these shapes without values, for timing alone.
Weights shapes_of(const ModelSpec& spec);

// Weights of the right scale that need no file: per tensor a splitmix64 stream seeded with
// fnv1a64(name) + seed; u = (z >> 40) / 2^24; matrices (2u-1) sqrt(6 / (rows + columns)),
// norm weights 1 + 0.1 (2u-1), norm biases 0.1 (2u-1), other biases 0.05 (2u-1); in float64, then
// rounded. With them the network is untrained: its sequences mean nothing, its cost is the same.
inline constexpr std::uint64_t default_weight_seed = 20261121;
Weights seeded_weights(const ModelSpec& spec, std::uint64_t seed = default_weight_seed);

// A checkpoint of the original (.pt), or its tensors as .safetensors. Sizes come from the shapes,
// the number of neighbours from `num_edges` (48 without it). Names may stand below others
// ("model_state_dict.", "state_dict.", "model.") and hold what training wraps around a module
// ("module.", "_orig_mod."); what is read so or left out is told in `notes`. InputError for a
// missing, surplus or wrongly shaped tensor, and for a relative of ProteinMPNN by its own name
// (CA-only, LigandMPNN, membrane, side chains).
Weights load_weights(const std::string& path);

// Named tensors (fp32 or fp16; single integers, which count something, are left out) to weights;
// `place` for errors.
struct NamedTensor {
  std::string name;
  const kernels::Tensor* tensor = nullptr;
};
Weights assemble_weights(const std::vector<NamedTensor>& tensors, int neighbours,
                         const std::string& place);

}  // namespace ane::workloads::mpnn
