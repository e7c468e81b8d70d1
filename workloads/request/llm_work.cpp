// Language models of the LLaMA form, one call: either the next token (decode) or a prompt.
//
// Counted from the source of llama.cpp's graph (build_llama): per layer 7 products with weights,
// 2 norms with their scale, 2 rotary embeddings, 2 stores into the key-value cache, the attention's
// two products with softmax, a layout copy, 2 residual additions and the gated activation; then the
// last norm and the vocabulary's product, for one position of each sequence.
#include <fmt/format.h>

#include <cmath>

#include "isa/error.h"
#include "workloads/networks/networks.h"
#include "workloads/request/spec_work.h"

namespace ane::workloads {

using kernels::Work;
using kernels::WorkKind;

WorkList llm_work(const Spec& given) {
  Spec s = given;
  if (s.layers < 1 || s.hidden < 1 || s.heads < 1 || s.vocab < 1) {
    const LanguageModel m = language_model(given);
    s.params = m.params, s.layers = m.layers, s.hidden = m.hidden, s.ffn = m.ffn;
    s.heads = m.heads, s.kv_heads = m.kv_heads, s.head_dim = m.head_dim, s.vocab = m.vocab;
    s.tied_embeddings = m.tied_embeddings;
  }
  if (s.phase != "decode" && s.phase != "prefill")
    throw InputError("spec", fmt::format("phase={}: unknown", s.phase), "decode, prefill");
  const double a = s.has("activations") ? bytes_of(s.activations) : 2;
  const double wb = bytes_of(s.weights);
  const std::int64_t kv_heads = s.kv_heads > 0 ? s.kv_heads : s.heads;
  const std::int64_t size = s.head_dim > 0 ? s.head_dim : s.hidden / s.heads;
  const std::int64_t ffn = s.ffn > 0 ? s.ffn : 4 * s.hidden;
  const std::int64_t rows = s.batch * s.tokens, kv = kv_heads * size, width = s.heads * size;

  // A gated feed-forward has three matrices, a plain one two: told by the parameter count.
  const double layer_params = static_cast<double>(s.hidden * (2 * width + 2 * kv));
  const double embeddings = static_cast<double>(s.vocab * s.hidden) * (s.tied_embeddings ? 1 : 2);
  const double ffn_params =
      s.params > 0 ? (static_cast<double>(s.params) - embeddings) / static_cast<double>(s.layers) -
                         layer_params
                   : 3.0 * static_cast<double>(s.hidden * ffn);
  const bool gated = ffn_params > 2.5 * static_cast<double>(s.hidden * ffn);

  const auto weights = [&](std::int64_t n, std::int64_t k, std::string_view name) {
    Work w = product(rows, n, k, a, wb);
    w.compressed = wb < 2;
    w.name = name;
    return w;
  };
  const auto small = [&](std::int64_t elements, int operands, std::string_view name) {
    Work w = pointwise(elements, a, operands);
    w.name = name;
    return w;
  };
  Work norm{.kind = WorkKind::normalisation,
            .other_flops = 4 * rows * s.hidden,
            .read = Bytes{static_cast<std::int64_t>(static_cast<double>(rows * s.hidden) * a)},
            .written = Bytes{static_cast<std::int64_t>(static_cast<double>(rows * s.hidden) * a)},
            .name = "norm"};
  // Keys each token attends to: all before it, half of the call's own on average.
  const std::int64_t keys = s.context + (s.tokens + 1) / 2;
  Work attention =
      product(s.tokens * (s.heads / kv_heads), keys, size, a, a, s.batch * kv_heads, true);
  attention.name = "attention";

  WorkList layer = {
      norm,
      weights(width, s.hidden, "query"),
      weights(kv, s.hidden, "key"),
      weights(kv, s.hidden, "value"),
      small(rows * width, 1, "rotary"),
      small(rows * kv, 1, "rotary"),
      small(rows * kv, 1, "store"),
      small(rows * kv, 1, "store"),
      attention,
      Work{.kind = WorkKind::softmax,
           .other_flops = 5 * s.heads * rows * keys,
           .read = Bytes{static_cast<std::int64_t>(static_cast<double>(s.heads * rows * keys) * a)},
           .written =
               Bytes{static_cast<std::int64_t>(static_cast<double>(s.heads * rows * keys) * a)},
           .name = "softmax"},
      attention,
      small(rows * width, 1, "layout"),
      weights(s.hidden, width, "output"),
      small(rows * s.hidden, 2, "residual"),
      norm,
      weights(ffn, s.hidden, "up"),
      small(rows * ffn, gated ? 2 : 1, "activation"),
      weights(s.hidden, ffn, "down"),
      small(rows * s.hidden, 2, "residual")};
  if (gated) layer.push_back(weights(ffn, s.hidden, "gate"));
  for (Work& w : layer) w.count = s.layers;
  layer.push_back(norm);
  // Logits of the last position only, in a prompt as in decode.
  Work head = product(s.batch, s.vocab, s.hidden, a, wb);
  head.compressed = wb < 2;
  head.name = "vocabulary";
  layer.push_back(head);
  return layer;
}

}  // namespace ane::workloads
