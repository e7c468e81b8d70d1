// A read-QC model as a graph for the accelerator, and its inputs in the graph's layout. The batch
// runs along columns for dense models ([1, features, 1, batch]) and along rows for windows and
// k-mers
// ([1, channels, batch, positions]), so that one task serves many reads.
#pragma once
#include <functional>

#include "workloads/graph/graph.h"
#include "workloads/readqc/model.h"

namespace ane::workloads::readqc {

// How the layers' numbers are held. W8A8 needs activation ranges from calibration reads.
enum class Precision { fp16, int8_weights, w8a8 };

// A layer's parameters as operators take them; shapes alone of a model that has no values.
std::shared_ptr<Parameters> layer_parameters(const Model& model, const Layer& layer);

// Largest magnitude that each layer's input takes over the first `calibration_reads` of the batch,
// in float32, layer by layer.
inline constexpr std::int64_t calibration_reads = 256;
std::vector<float> activation_ranges(const Model& model, const ReadBatch& reads);

// Outputs: "logits" [1, heads, .., ..] and, for a quality head alone, "probability". `ranges`: for
// w8a8. `format`: the weights' stream format for fp16 precision (palettes, sparse, ...); for w8a8
// that of the codes where it is one. Layers that `in_fp16` names are FP16 in any precision.
Graph build_graph(const Model& model, std::int64_t batch, Precision precision = Precision::fp16,
                  const std::vector<float>& ranges = {},
                  isa::KernelFormat format = isa::KernelFormat::fp16,
                  const std::function<bool(const std::string& layer)>& in_fp16 = {});

// `encoded` ([n, features], [n, channels, positions] or i32 [n, tokens]) as the graph's input;
// reads behind the last are zero.
kernels::Tensor graph_input(const kernels::Tensor& encoded, std::int64_t batch);
// Column `head` of the graph's logits, in read order, as float32.
std::vector<float> graph_scores(const kernels::Tensor& logits, std::int64_t head,
                                std::int64_t reads);

}  // namespace ane::workloads::readqc
