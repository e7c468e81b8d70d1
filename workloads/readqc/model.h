// The read-QC models as plain parameters and a list of layers, apart from any graph: what a model
// file holds, what training makes, and what a graph is built from.
#pragma once
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "isa/units.h"
#include "kernels/tensor.h"
#include "workloads/readqc/encoding.h"
#include "workloads/readqc/rules.h"

namespace ane::workloads::readqc {

enum class ModelKind : std::uint8_t {
  mlp,        // 300-128-64-1 on the ordinal encoding: quality
  cnn,        // three 1-D convolutions on one-hot bases and quality, mean pool, two dense: quality
  kmer,       // embedding of k-mers, mean pool, two dense: GC and complexity (it sees no quality)
  gc,         // the CNN with one head: GC
  multitask,  // the CNN with three heads: quality, GC, complexity
  biometal,   // biometal's own linear model 300-1, not trained: quality
};

struct ModelKindInfo {
  ModelKind kind;
  std::string_view name, summary;
};
std::span<const ModelKindInfo> model_kinds();
const ModelKindInfo& info(ModelKind kind);
ModelKind model_kind_named(std::string_view name);  // InputError with the nearest name

// What one output of a model means.
enum class Head : std::uint8_t {
  quality,     // logit of "passes": the probability is its sigmoid, the decision its sign
  gc,          // GC fraction, linear output
  complexity,  // fastp's complexity, linear output
};
std::string_view to_string(Head head);

// Which model: everything that fixes its shape and its label.
struct ModelSpec {
  ModelKind kind = ModelKind::mlp;
  Rule rule = Rule::fastp;  // of the quality head
  std::int64_t k = 3;       // kmer: 3 to 6
  std::int64_t dim = 64;    // kmer: embedding width, 64 or 128
  bool overlapping = true;  // kmer
};

enum class LayerKind : std::uint8_t {
  dense,      // y[n, out] = x[n, in] weight[out, in]^T + bias[out]
  conv1d,     // x[n, in, positions_in] -> [n, out, positions_out], weight[out, in, kernel],
              // bias[out], no padding
  embedding,  // tokens[n, positions_in] -> [n, positions_in, out], weight[in, out]
  mean_pool,  // the mean over all positions_in: -> [n, out], in == out, no parameters
};

struct Layer {
  LayerKind kind = LayerKind::dense;
  std::string name;  // parameters are "<name>.weight" and "<name>.bias"
  std::int64_t in = 0, out = 0;
  std::int64_t kernel = 1, stride = 1;
  std::int64_t positions_in = 1, positions_out = 1;
  bool relu = false;  // after the bias

  Macs macs() const;  // of one read
};

// Where the parameters come from.
struct Training {
  std::uint64_t seed = 0;
  std::int64_t epochs = 0;  // 0: not trained here
  std::int64_t train_reads = 0;
  // Bases of the shortest and the longest training read, inside the window; 0: not said.
  std::int64_t shortest = 0, longest = 0;
  std::string source;  // the files' names, for people
  std::string phred;   // their quality offsets: "33", "64" or "33 64"
};

struct Model {
  ModelSpec spec;
  Encoding encoding;
  std::vector<Head> heads;
  std::vector<Layer> layers;  // each feeds the next; the last has one output a head
  std::map<std::string, kernels::Tensor> parameters;  // fp32
  Training training;

  const kernels::Tensor& parameter(const std::string& name) const;  // must exist
  Macs macs() const;                                                // of one read
  std::int64_t parameter_count() const;
};

// The model of a spec with all parameters 0, except biometal, whose parameters are fixed. Throws
// InputError for k or dim outside their lists.
Model make_model(const ModelSpec& spec);

// float32 reference: the logits and regression values [count, heads] of reads [first, first +
// count).
kernels::Tensor forward(const Model& model, const ReadBatch& reads, std::int64_t first,
                        std::int64_t count);
kernels::Tensor forward(const Model& model, const ReadBatch& reads);
// The same for inputs that are encoded already, as `encode` gives them.
kernels::Tensor forward(const Model& model, const kernels::Tensor& input);

// What a head should say of each read: 1 or 0 for quality, the fraction for the others.
std::vector<float> targets(const ReadBatch& reads, Head head, Rule rule);
// One column of [n, heads].
std::vector<float> column(const kernels::Tensor& outputs, std::int64_t head);

// Safetensors with the spec, window, encoding and training in the metadata. load_model accepts
// nothing but what save_model writes: a missing, surplus or misshapen tensor, an unknown spec or
// version is an InputError.
void save_model(const Model& model, const std::string& path);
Model load_model(const std::string& path);

// ---- deterministic reads and models that need no file, for the numeric regression and for figures
// about read-QC models; the same on every host

// `count` reads of 40 to 150 bases. Each has its own mean quality, 8 to 38, from which qualities
// fall along the read and scatter, and a few unknown bases: about as many pass the rules as fail.
ReadBatch seeded_reads(std::int64_t count, std::uint64_t seed);

// The model of a kind with seeded parameters instead of trained ones: uniform in +-sqrt(6 / (in x
// kernel + out)), biases in +-0.1. Untrained: its decisions mean nothing, its arithmetic is the
// same.
Model seeded_model(ModelKind kind, std::uint64_t seed);

}  // namespace ane::workloads::readqc
