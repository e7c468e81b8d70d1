// Conditional probabilities by graphs (graph_sampling.h).
#include <algorithm>
#include <cstring>

#include "workloads/mpnn/graph/decoder.h"
#include "workloads/mpnn/graph/sampling.h"

namespace ane::workloads::mpnn {
namespace {

// The same protein `batch` times side by side: every row of `length` values repeated.
Tensor repeated(const Tensor& one, std::int64_t batch) {
  kernels::Shape shape = one.shape;
  const auto row = static_cast<std::size_t>(shape.back() * isa::byte_size(one.format));
  shape.back() *= batch;
  Tensor all(one.format, shape);
  std::byte* to = all.bytes.data();
  for (std::size_t from = 0; from < one.bytes.size(); from += row)
    for (std::int64_t b = 0; b < batch; ++b, to += row)
      std::memcpy(to, one.bytes.data() + from, row);
  return all;
}

}  // namespace

GraphOptions decode_options(GraphOptions options) {
  options.pass = Pass::decode;
  return options;
}

std::vector<float> conditional(const Weights& weights, const GraphOptions& options,
                               const Input& input, std::span<const std::int32_t> sequence,
                               std::span<const std::int32_t> order, const RunGraph& run) {
  const std::int64_t real = input.length();
  const std::vector<std::int32_t> base = ranks_of(order, real);
  const GraphOptions encode = encode_options(options, 1), decode = decode_options(options);
  const Tensors encoded =
      run(Pass::encode, graph_inputs(weights, encode, {Example{input, {}, {}}}));
  const Tensor hV = repeated(encoded.at("hV"), options.batch);
  const Tensor hE = repeated(encoded.at("hE"), options.batch);
  std::vector<float> answer;
  for (std::int64_t first = 0; first < real; first += options.batch) {
    std::vector<Example> examples;
    for (std::int64_t b = 0; b < options.batch; ++b) {
      Example e{input, {sequence.begin(), sequence.end()}, base};
      // What is left of the last call repeats its last place.
      e.rank[static_cast<std::size_t>(std::min(first + b, real - 1))] =
          static_cast<std::int32_t>(real);
      examples.push_back(std::move(e));
    }
    Tensors in = graph_inputs(weights, decode, examples);
    in.emplace("hV", hV);
    in.emplace("hE", hE);
    const Tensors out = run(Pass::decode, in);
    for (std::int64_t b = 0; b < options.batch && first + b < real; ++b) {
      const std::vector<float> all = answer_of(weights, decode, out, b, real);
      const auto row = all.begin() + (first + b) * vocabulary;
      answer.insert(answer.end(), row, row + vocabulary);
    }
  }
  return answer;
}

}  // namespace ane::workloads::mpnn
