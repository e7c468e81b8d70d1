// The framework's operators of one call, in the form of LLaMA.
//
// Counted from the source of llama.cpp's graph (build_llama): per layer 7 products with weights,
// 2 norms with their scale, 2 rotary embeddings, 2 stores into the key-value cache, the attention's
// two products with softmax, a layout copy, 2 residual additions and the gated activation; then the
// last norm and the vocabulary's product, for one position of each sequence.
#include "workloads/request/kinds/llm.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "isa/error.h"

namespace ane::workloads {
namespace {

using kernels::Work;
using kernels::WorkKind;

double real(std::int64_t v) {
  return static_cast<double>(v);
}

// Each token goes through `experts_used` of them; of many tokens a random choice meets most.
std::int64_t experts_met(const LanguageModel& m, std::int64_t rows) {
  const double all = real(m.experts), used = real(m.experts_used);
  return std::llround(std::max(used, all * (1 - std::pow(1 - used / all, real(rows)))));
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
  // Those that some token meets are read once, and share the rows evenly.
  const auto expert = [&](std::int64_t n, std::int64_t k, std::string_view name) {
    if (m.experts < 1) return weights(n, k, name);
    const std::int64_t met = experts_met(m, rows);
    Work w = product((rows * m.experts_used + met - 1) / met, n, k, a, wb, met, true);
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
  WorkList all;
  const auto add = [&all](WorkList list, std::int64_t count) {
    for (Work& w : list) {
      w.count = count;
      if (count > 0) all.push_back(w);
    }
  };
  const auto attend = [&](std::int64_t keys) {
    Work attention =
        product(s.tokens * (m.heads / m.kv_heads), keys, size, a, a, r.batch * m.kv_heads, true);
    attention.name = "attention";
    return WorkList{norm,
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
                    small(rows * m.hidden, 2, "residual")};
  };
  // Keys each token attends to: all before it, half of the call's own on average.
  const std::int64_t keys = s.context + (s.tokens + 1) / 2;
  const std::int64_t full = m.full_layers();
  add(attend(keys), full);
  if (m.linear_heads > 0) {
    // The state of each head is read and written once a call, and a token multiplies it three
    // times: by its key, by what is to change, by its query.
    const std::int64_t head = 128, wide = m.linear_heads * head;
    Work state{.kind = WorkKind::attention,
               .macs = Macs{3 * rows * wide * head},
               .read = whole_bytes(real(r.batch * wide * head) * 4),
               .written = whole_bytes(real(r.batch * wide * head) * 4),
               .name = "state"};
    add({norm, weights(3 * wide, m.hidden, "query, key, value, gate"),
         weights(2 * m.linear_heads, m.hidden, "decay"), small(rows * 2 * wide, 1, "convolution"),
         small(rows * wide, 1, "norm"), state, small(rows * wide, 2, "gate"),
         weights(m.hidden, wide, "output"), small(rows * m.hidden, 2, "residual")},
        m.layers - full);
    add({weights(width, m.hidden, "query gate"), small(rows * width, 2, "gate")}, full);
  } else {
    add(attend(m.window > 0 ? std::min(keys, m.window) : keys), m.layers - full);
  }
  const std::int64_t fed = rows * std::max<std::int64_t>(1, m.experts_used);
  add({norm, expert(m.ffn, m.hidden, "up"), small(fed * m.ffn, m.gated ? 2 : 1, "activation"),
       expert(m.hidden, m.ffn, "down"), small(rows * m.hidden, 2, "residual")},
      m.layers);
  if (m.gated) add({expert(m.ffn, m.hidden, "gate")}, m.layers);
  if (m.experts > 0)
    add({weights(m.experts, m.hidden, "router"),
         pass(WorkKind::softmax, rows * m.experts, 5, "choice"),
         small(fed * m.hidden, 1, "weighted sum")},
        m.layers);
  all.push_back(norm);
  // Logits of the last position only, in a prompt as in decode, unless more are asked for.
  Work head = product(r.batch * std::max<std::int64_t>(1, s.logits), m.vocab, m.hidden, a, wb);
  head.compressed = wb < 2;
  head.name = "vocabulary";
  all.push_back(head);
  return all;
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
  unsay(experts, own->experts);
  unsay(experts_used, own->experts_used);
  unsay(window, own->window);
  unsay(full_every, own->full_every);
  if (tied_embeddings == own->tied_embeddings) tied_embeddings.reset();
  if (gated == own->gated) gated.reset();
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
                         .head_dim = head_dim,
                         .experts = experts,
                         .experts_used = experts_used,
                         .window = window,
                         .full_every = full_every},
                        tied_embeddings, gated);
}

LanguageCallShape LlmWork::call(const Request& r) const {
  return {.phase = phase,
          // An answer is written token by token unless a call checks several.
          .tokens = phase == Phase::decode && call_tokens == 0 ? 1 : tokens,
          .context = context,
          .capacity = capacity,
          .call_tokens = call_tokens,
          .positions = positions,
          .logits = logits,
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
  if (logits > tokens)
    throw InputError(place, fmt::format("logits={}: the call has {} tokens", logits, tokens),
                     "logits of at most all");
}

double LlmWork::nominal_flop(const Request& r) const {
  return 2 * real(params) * real(tokens) * real(r.batch);
}

double LlmWork::parameters() const {
  if (params > 0) return real(params);
  const LanguageModel m = shape();
  return real(m.params > 0 ? m.params : m.weights());
}

// Keys and values of all positions: those before the call and its own.
double LlmWork::cache_bytes(const LanguageModel& m, const Request& r) const {
  const std::int64_t kept = std::max(capacity, context + (phase == Phase::decode ? 1 : tokens));
  double positions_kept = 0;
  for (std::int64_t i = 0; i < m.layers; ++i)
    if (m.linear_heads == 0 || m.full_attention(i)) positions_kept += real(m.keys_of(i, kept));
  return 2 * real(m.kv_heads) * real(m.head_size()) * positions_kept * real(r.batch) *
         bytes_of(r.formats.activations);
}

Job LlmWork::job(const Request& r, const JobFor& target) const {
  const LanguageModel model = shape();
  // Experts that no token of this call meets lie in memory as well.
  double unread = 0;
  if (model.experts > 0)
    unread = real(model.layers * (model.experts - experts_met(model, r.batch * tokens)) *
                  (model.gated ? 3 : 2) * model.hidden * model.ffn) *
             bytes_of(r.formats.weights);
  if (target.form == Form::framework && !target.programs)
    return {.stages = {{.work = operators(model, *this, r),
                        .programs = std::max<std::int64_t>(1, dispatches),
                        .token = phase == Phase::decode}},
            .cache = cache_bytes(model, r) + unread};
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
