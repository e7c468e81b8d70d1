// The framework's operators of one call, in the form of LLaMA.
//
// Counted from the source of llama.cpp's graph (build_llama): per layer 7 products with weights,
// 2 norms with their scale, 2 rotary embeddings, 2 stores into the key-value cache, the attention's
// two products with softmax, a layout copy, 2 residual additions and the gated activation; then the
// last norm and the vocabulary's product, for one position of each sequence.
#include "workloads/request/kinds/llm.h"

#include <fmt/format.h>

#include <algorithm>

#include "isa/error.h"

namespace ane::workloads {
namespace {

using kernels::Work;
using kernels::WorkKind;

double real(std::int64_t v) {
  return static_cast<double>(v);
}

WorkList operators(const LanguageModel& m, const LlmWork& s, const Request& r) {
  const double a = bytes_of(r.formats.activations), wb = bytes_of(r.formats.weights);
  const std::int64_t size = m.head_size();
  const std::int64_t rows = r.batch * s.tokens, kv = m.kv_heads * size, width = m.heads * size;
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
  const auto pass = [&](WorkKind kind, std::int64_t elements, std::int64_t flops,
                        std::string_view name) {
    const Bytes bytes{static_cast<std::int64_t>(real(elements) * a)};
    return Work{.kind = kind,
                .other_flops = flops * elements,
                .read = bytes,
                .written = bytes,
                .name = name};
  };
  const Work norm = pass(WorkKind::normalisation, rows * m.hidden, 4, "norm");
  // Keys each token attends to: all before it, half of the call's own on average.
  const std::int64_t keys = s.context + (s.tokens + 1) / 2;
  Work attention =
      product(s.tokens * (m.heads / m.kv_heads), keys, size, a, a, r.batch * m.kv_heads, true);
  attention.name = "attention";
  WorkList layer = {norm,
                    weights(width, m.hidden, "query"),
                    weights(kv, m.hidden, "key"),
                    weights(kv, m.hidden, "value"),
                    small(rows * width, 1, "rotary"),
                    small(rows * kv, 1, "rotary"),
                    small(rows * kv, 1, "store"),
                    small(rows * kv, 1, "store"),
                    attention,
                    pass(WorkKind::softmax, m.heads * rows * keys, 5, "softmax"),
                    attention,
                    small(rows * width, 1, "layout"),
                    weights(m.hidden, width, "output"),
                    small(rows * m.hidden, 2, "residual"),
                    norm,
                    weights(m.ffn, m.hidden, "up"),
                    small(rows * m.ffn, m.gated ? 2 : 1, "activation"),
                    weights(m.hidden, m.ffn, "down"),
                    small(rows * m.hidden, 2, "residual")};
  if (m.gated) layer.push_back(weights(m.ffn, m.hidden, "gate"));
  for (Work& w : layer) w.count = m.layers;
  layer.push_back(norm);
  // Logits of the last position only, in a prompt as in decode.
  Work head = product(r.batch, m.vocab, m.hidden, a, wb);
  head.compressed = wb < 2;
  head.name = "vocabulary";
  layer.push_back(head);
  return layer;
}

}  // namespace

std::vector<Named> LlmWork::named() {
  std::vector<Named> all;
  for (const LanguageModel& m : language_models())
    all.push_back({m.name, fmt::format("{} layers of {}, {} of {} heads keep keys, {} words",
                                       m.layers, m.hidden, m.kv_heads, m.heads, m.vocab)});
  return all;
}

std::optional<std::string> LlmWork::spelt(std::string_view name) {
  const LanguageModel* m = find_language_model(name);
  return m == nullptr ? std::nullopt : std::optional<std::string>(m->name);
}

// What a reader waits for: the next token of an answer, or a prompt of some length.
std::string LlmWork::usual(std::string_view said) {
  return said.find("phase=prefill") != std::string_view::npos ? "tokens=512"
                                                              : "phase=decode context=512";
}

void LlmWork::settle() {
  const LanguageModel* own = find_language_model(name_);
  if (own == nullptr) return;
  unsay(layers, own->layers);
  unsay(hidden, own->hidden);
  unsay(ffn, own->ffn);
  unsay(heads, own->heads);
  unsay(kv_heads, own->kv_heads);
  unsay(vocab, own->vocab);
  unsay(head_dim, own->head_dim);
  if (tied_embeddings == own->tied_embeddings) tied_embeddings.reset();
}

LanguageModel LlmWork::shape() const {
  return language_model({.name = name_,
                         .params = params,
                         .layers = layers,
                         .hidden = hidden,
                         .ffn = ffn,
                         .heads = heads,
                         .kv_heads = kv_heads,
                         .vocab = vocab,
                         .head_dim = head_dim},
                        tied_embeddings);
}

LanguageCallShape LlmWork::call(const Request& r) const {
  return {.phase = phase,
          // An answer is written token by token unless a call checks several.
          .tokens = phase == Phase::decode && call_tokens == 0 ? 1 : tokens,
          .context = context,
          .capacity = capacity,
          .call_tokens = call_tokens,
          .positions = positions,
          .batch = r.batch,
          .state = state,
          .weight_bytes = r.formats.weights == "fp16" ? real(weight_bytes) : 0};
}

void LlmWork::check(const Request&, const std::string& place) const {
  if (layers > 0 && hidden > 0 && vocab > 0) {
    constexpr double most = 1e14;
    const double weights = real(layers) * 12 * real(hidden) * real(hidden);
    if (!(weights < most))
      throw InputError(place, fmt::format("{:.3g} parameters are too many", weights),
                       fmt::format("at most {:g}: smaller layers or hidden", most));
  }
}

double LlmWork::nominal_flop(const Request& r) const {
  return 2 * real(params) * real(tokens) * real(r.batch);
}

double LlmWork::parameters() const {
  if (params > 0) return real(params);
  const LanguageModel m = shape();
  return m.params > 0 ? real(m.params)
                      : real(m.layers) * real(m.layer_weights()) +
                            (m.tied_embeddings ? 1 : 2) * real(m.vocab) * real(m.hidden);
}

// Keys and values of all positions: those before the call and its own.
double LlmWork::cache_bytes(const LanguageModel& m, const Request& r) const {
  const std::int64_t kept = std::max(capacity, context + (phase == Phase::decode ? 1 : tokens));
  return 2 * real(m.layers) * real(m.kv_heads) * real(m.head_size()) * real(kept) * real(r.batch) *
         bytes_of(r.formats.activations);
}

Job LlmWork::job(const Request& r, const JobFor& target) const {
  const LanguageModel model = shape();
  if (target.form == Form::framework && !target.programs)
    return {.stages = {{.work = operators(model, *this, r),
                        .programs = std::max<std::int64_t>(1, dispatches)}},
            .cache = cache_bytes(model, r)};
  Numbers numbers = target.programs ? numbers_of(r.formats, target.machine) : Numbers{};
  numbers.seed = target.seed;
  // How often the model is gone through: a prompt in calls of `call_tokens`, an answer token by
  // token unless a call checks several.
  const std::int64_t called = call_tokens > 0 ? call_tokens : phase == Phase::decode ? 1 : tokens;
  // As many programs a pass as the source says (`calls`, `dispatches`); each operator left to the
  // CPU parts it where neither is given.
  std::int64_t programs = std::max({std::int64_t{1}, dispatches, calls});
  if (programs == 1) programs += cpu_ops;
  return {.stages = {{.work = build_llm(model, call(r), target.machine.max_channels, numbers),
                      .calls = real((tokens + called - 1) / called),
                      .programs = programs}}};
}

namespace kind {
extern const Kind llm;
constinit const Kind llm = kind_of<LlmWork>("llm", "a language model: prompt or answer", "token",
                                            takes_numbers | takes_zeros);
}  // namespace kind

}  // namespace ane::workloads
