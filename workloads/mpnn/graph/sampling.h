// Jobs of several calls. Autoregressive sampling by graphs: one pass of the encoder, then one call
// of the step graph a place, with the draw on the host between them. Whoever runs graphs (the
// scalar reference, the simulated machine) is a function here.
#pragma once
#include <functional>

#include "workloads/mpnn/graph/graph.h"
#include "workloads/mpnn/reference.h"

namespace ane::workloads::mpnn {

// Runs the encode or the step graph with the same options; gives its outputs by name.
using RunGraph = std::function<Tensors(Pass pass, const Tensors& inputs)>;

// The options of the graphs that sample() asks for: those given, with the pass. The encoder of one
// protein is run once for all its samples (batch 1); its steps take all samples side by side.
GraphOptions encode_options(GraphOptions options, std::size_t proteins);
GraphOptions step_options(GraphOptions options);

// One sample for each entry of `samples` (options.batch of them): of `inputs`[i] or, where there is
// one protein only, all of that one. Proteins may be shorter than options.length.
std::vector<Sample> sample(const Weights& weights, const GraphOptions& options,
                           const std::vector<Input>& inputs,
                           const std::vector<SampleOptions>& samples, const RunGraph& run);

// Conditional probabilities [real, 21], as Reference::conditional: the encoder once, then a pass of
// the decoder for each place, with the place moved to the end of `order`; options.batch places a
// call, side by side. sequence, order: of the protein's own places.
GraphOptions decode_options(GraphOptions options);
std::vector<float> conditional(const Weights& weights, const GraphOptions& options,
                               const Input& input, std::span<const std::int32_t> sequence,
                               std::span<const std::int32_t> order, const RunGraph& run);

}  // namespace ane::workloads::mpnn
