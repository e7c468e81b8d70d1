// Decoder-only language models, one call. Decode: `tokens` (usually 1) against a cache of
// `capacity` (else context + tokens) keys; prefill: `tokens` against themselves and the context,
// each position against those up to itself. Gated blocks (LLaMA: RMS norm, rotary positions, SiLU
// gate) or plain ones (GPT-2: layer norm, GELU). The vocabulary's product is for the last position,
// cut to the accelerator's channels.
//
// Without values the call's `state` says where keys and values stay. A program is compiled for
// fixed shapes: it attends to `capacity` keys whatever the context is, and computes `positions`
// positions although only `tokens` of them count. With values a program, which has no addresses at
// run time, writes the cache of before and its own columns behind it as the state that the next
// call takes: outputs are keys and values of each layer in order, then the logits.
#include <algorithm>
#include <cmath>

#include "isa/error.h"
#include "workloads/networks/networks.h"
#include "workloads/networks/op_names.h"

namespace ane::workloads {
namespace {

// Far below every score, and what exp makes exactly 0 of; finite, so that no profile makes it a
// NaN.
constexpr float masked = -20000;
// Seeded logits spread like those of trained models, so that the likeliest token is one.
constexpr double head_gain = 3;

struct Block {
  Layers& l;
  const LanguageModel& m;
  std::int64_t tokens, context, keys, batch;
  bool cached;  // keys and values of before are inputs
  bool handed;  // and whole caches are outputs, for the next call
  bool copied;  // by the host

  std::int64_t size() const { return m.head_size(); }

  ValueId norm(ValueId x) const { return m.gated ? l.rms_norm(x) : l.layer_norm(x); }

  // x cos + turned(x) sin, where turned swaps the halves of each head and sin carries the sign of
  // the first (Su et al. 2021, base 10,000; halves as LLaMA's published code has them).
  ValueId rotate(ValueId x, std::int64_t heads, ValueId cos, ValueId sin) const {
    const Extents e = l.extents(x);
    const Extents apart{.w = e.w, .h = 1, .c = size(), .n = e.n * heads};
    const ValueId h = l.reshape(x, apart);
    const ValueId turned =
        l.concat({l.slice_channels(h, size() / 2, size() / 2), l.slice_channels(h, 0, size() / 2)},
                 kernels::axis_c);
    const ValueId across = l.multiply(turned, sin), along = l.multiply(h, cos);
    return l.reshape(l.add(along, across), e);
  }
  ValueId turn(const std::string& name, bool sine) const {
    const std::int64_t half = size() / 2, first = context;
    return l.constant(name, {.w = tokens, .h = 1, .c = size(), .n = 1},
                      [half, first, sine](std::int64_t c, std::int64_t w) {
                        const double angle = static_cast<double>(first + w) *
                                             std::pow(10000.0, -static_cast<double>(c % half) /
                                                                   static_cast<double>(half));
                        if (!sine) return static_cast<float>(std::cos(angle));
                        return static_cast<float>(c < half ? -std::sin(angle) : std::sin(angle));
                      });
  }
  // Position i of the call sees the context and positions up to i.
  ValueId mask(const std::string& name) const {
    if (tokens == 1) return -1;
    const std::int64_t first = context;
    return l.constant(
        name, {.w = tokens, .h = 1, .c = keys, .n = 1},
        [first](std::int64_t key, std::int64_t i) { return key <= first + i ? 0 : masked; });
  }

  // All heads against these keys and values.
  ValueId attend(const std::string& tag, ValueId q, ValueId key, ValueId value) const {
    const ValueId heads = l.reshape(q, {.w = tokens, .h = 1, .c = size(), .n = batch * m.heads});
    ValueId scores = l.product(heads, key);
    if (const ValueId add = mask(tag + " mask"); add >= 0) scores = l.add(scores, add);
    scores = l.softmax(scores, kernels::axis_c);
    return l.reshape(l.product(scores, value),
                     {.w = tokens, .h = 1, .c = m.heads * size(), .n = batch});
  }

  // Against a cache that lies where it is.
  ValueId attend_in_place(const std::string& tag, ValueId q, ValueId k, ValueId v) const {
    GraphBuilder& g = l.graph();
    g.output(k);
    g.output(v);
    const ValueId past_k = g.input(
        tag + " keys", {Format::fp16, {.w = keys, .h = 1, .c = size(), .n = batch * m.kv_heads}});
    const ValueId past_v = g.input(
        tag + " values", {Format::fp16, {.w = size(), .h = 1, .c = keys, .n = batch * m.kv_heads}});
    for (const ValueId x : {k, v, past_k, past_v}) g.keep_as_state(x);
    return attend(tag, q, past_k, past_v);
  }

  // Against the cache with this call's keys and values behind it.
  ValueId attend_behind(const std::string& tag, ValueId q, ValueId k, ValueId v) const {
    GraphBuilder& g = l.graph();
    const std::int64_t items = batch * m.kv_heads;
    const Extents own{.w = tokens, .h = 1, .c = size(), .n = items};
    ValueId key = l.reshape(k, own), value = l.permute(l.reshape(v, own), {0, 3, 2, 1});
    if (cached) {
      const ValueId past_k =
          g.input(tag + " keys", {Format::fp16, {.w = context, .h = 1, .c = size(), .n = items}});
      const ValueId past_v =
          g.input(tag + " values", {Format::fp16, {.w = size(), .h = 1, .c = context, .n = items}});
      key = l.concat({past_k, key}, kernels::axis_w);
      value = l.concat({past_v, value}, kernels::axis_c);
    }
    g.output(key);
    g.output(value);
    return attend(tag, q, key, value);
  }

  // Against a cache that was handed in, with this call's columns put behind it; the window of as
  // many columns that ends one token later is handed out.
  ValueId attend_handed(const std::string& tag, ValueId q, ValueId k, ValueId v) const {
    GraphBuilder& g = l.graph();
    const std::int64_t items = batch * m.kv_heads, past = keys - tokens;
    const Extents own{.w = tokens, .h = 1, .c = size(), .n = items};
    ValueId key = l.reshape(k, own), value = l.permute(l.reshape(v, own), {0, 3, 2, 1});
    if (past > 0) {
      const ValueId past_k =
          g.input(tag + " keys", {Format::fp16, {.w = past, .h = 1, .c = size(), .n = items}});
      const ValueId past_v =
          g.input(tag + " values", {Format::fp16, {.w = size(), .h = 1, .c = past, .n = items}});
      key = l.concat({past_k, key}, kernels::axis_w);
      value = l.concat({past_v, value}, kernels::axis_c);
      Attributes window;
      window.begin = {.w = 1, .h = 0, .c = 0, .n = 0};
      window.extents = {.w = past, .h = 1, .c = size(), .n = items};
      const ValueId next_k = g.node("slice", tag + " next keys", {key}, window);
      window.begin = {.w = 0, .h = 0, .c = 1, .n = 0};
      window.extents = {.w = size(), .h = 1, .c = past, .n = items};
      const ValueId next_v = g.node("slice", tag + " next values", {value}, window);
      g.output(next_k);
      g.output(next_v);
      if (!copied)
        for (const ValueId x : {past_k, past_v, next_k, next_v}) g.keep_as_state(x);
    }
    return attend(tag, q, key, value);
  }

  ValueId add_to(ValueId x, int index) const {
    const std::string tag = "layer" + std::to_string(index);
    const std::int64_t width = m.heads * size(), kv = m.kv_heads * size();
    ValueId y = norm(x);
    ValueId q = l.projection(y, width, attention_gain(size())), k = l.projection(y, kv);
    const ValueId v = l.projection(y, kv);
    if (m.gated) {
      const ValueId cos = turn(tag + " cos", false), sin = turn(tag + " sin", true);
      q = rotate(q, m.heads, cos, sin);
      k = rotate(k, m.kv_heads, cos, sin);
    }
    if (l.numbers().seed)
      y = attend_behind(tag, q, k, v);
    else if (cached && handed)
      y = attend_handed(tag, q, k, v);
    else if (cached)
      y = attend_in_place(tag, q, k, v);
    else
      y = l.attention(q, k, v, m.heads, m.kv_heads, mask(tag + " mask"));
    x = l.add(l.projection(y, m.hidden), x);
    y = norm(x);
    if (m.gated) {
      const ValueId up = l.projection(y, m.ffn), gate = l.linear(y, m.ffn, "silu", false);
      y = l.multiply(gate, up);
    } else {
      y = l.linear(y, m.ffn, "gelu");
    }
    return l.add(l.projection(y, m.hidden), x);
  }
};

// Bits a weight of the compressed formats, for a mixture that hits a stated size.
double bits(isa::KernelFormat f) {
  switch (f) {
    case isa::KernelFormat::pal4:
    case isa::KernelFormat::int4b:
      return 4;
    case isa::KernelFormat::pal6:
      return 6;
    case isa::KernelFormat::int8c:
      return 8;
    default:
      return 16;
  }
}

// Formats for the layers such that the whole has `weight_bytes`: a share of the layers in the next
// larger format.
std::vector<isa::KernelFormat> mixture(const LanguageModel& m, double weight_bytes) {
  const double weights = static_cast<double>(m.layers * m.layer_weights() + m.vocab * m.hidden);
  const double wanted = 8 * weight_bytes / weights;
  using F = isa::KernelFormat;
  const std::vector<F> ladder{F::pal4, F::pal6, F::int8c, F::fp16};
  std::size_t lower = 0;
  while (lower + 2 < ladder.size() && bits(ladder[lower + 1]) <= wanted) ++lower;
  const double a = bits(ladder[lower]), b = bits(ladder[lower + 1]);
  const double share = std::clamp((wanted - a) / (b - a), 0.0, 1.0);
  std::vector<F> formats;
  for (std::int64_t i = 0; i < m.layers; ++i)
    formats.push_back(static_cast<double>(i) < share * static_cast<double>(m.layers)
                          ? ladder[lower + 1]
                          : ladder[lower]);
  return formats;
}

}  // namespace

std::int64_t LanguageModel::layer_weights() const {
  return hidden * head_size() * (2 * heads + 2 * kv_heads) + (gated ? 3 : 2) * hidden * ffn;
}

std::span<const LanguageModel> language_models() {
  // Shapes of the published configurations.
  static const LanguageModel table[] = {
      {"gpt2", 124439808, 12, 768, 3072, 12, 12, 50257, 64, false, true},
      {"gpt2-medium", 354823168, 24, 1024, 4096, 16, 16, 50257, 64, false, true},
      {"gpt2-large", 774030080, 36, 1280, 5120, 20, 20, 50257, 64, false, true},
      {"gpt2-xl", 1557611200, 48, 1600, 6400, 25, 25, 50257, 64, false, true},
      {"tinyllama-1.1b", 1100048384, 22, 2048, 5632, 32, 4, 32000, 64, true, false},
      {"llama-2-7b", 6738415616, 32, 4096, 11008, 32, 32, 32000, 128, true, false},
      {"llama-2-13b", 13015864320, 40, 5120, 13824, 40, 40, 32000, 128, true, false},
      {"llama-2-70b", 68976648192, 80, 8192, 28672, 64, 8, 32000, 128, true, false},
      {"llama-3.2-1b", 1235814400, 16, 2048, 8192, 32, 8, 128256, 64, true, true},
      {"llama-3.2-3b", 3212749824, 28, 3072, 8192, 24, 8, 128256, 128, true, true},
      {"llama-3.1-8b", 8030261248, 32, 4096, 14336, 32, 8, 128256, 128, true, false},
      {"llama-3.1-70b", 70553706496, 80, 8192, 28672, 64, 8, 128256, 128, true, false},
      {"llama-3.1-405b", 405853388800, 126, 16384, 53248, 128, 8, 128256, 128, true, false},
      {"mistral-7b", 7241732096, 32, 4096, 14336, 32, 8, 32000, 128, true, false},
      {"qwen2.5-0.5b", 494032768, 24, 896, 4864, 14, 2, 151936, 64, true, true},
      {"qwen2.5-1.5b", 1543714304, 28, 1536, 8960, 12, 2, 151936, 128, true, true},
      {"qwen2.5-3b", 3085938688, 36, 2048, 11008, 16, 2, 151936, 128, true, true},
      {"qwen2.5-7b", 7615616512, 28, 3584, 18944, 28, 4, 152064, 128, true, false},
      {"qwen3-0.6b", 596049920, 28, 1024, 3072, 16, 8, 151936, 128, true, true},
      {"qwen3-1.7b", 1720574976, 28, 2048, 6144, 16, 8, 151936, 128, true, true},
      {"qwen3-4b", 4022468096, 36, 2560, 9728, 32, 8, 151936, 128, true, true},
      {"qwen3-8b", 8190735360, 36, 4096, 12288, 32, 8, 151936, 128, true, false},
      // Hybrid of linear and full attention; here as if all attention were full.
      {"qwen3.5-4b", 4205751296, 32, 2560, 9216, 16, 4, 248320, 256, true, true},
  };
  return table;
}

const LanguageModel* find_language_model(std::string_view name) {
  for (const LanguageModel& m : language_models())
    if (plain_name(m.name) == plain_name(name)) return &m;
  return nullptr;
}

LanguageModel language_model(const LanguageModel& asked, std::optional<bool> tied_embeddings) {
  LanguageModel m;
  m.name = asked.name;
  std::vector<std::string> names;
  for (const LanguageModel& t : language_models()) names.push_back(t.name);
  const LanguageModel* const known = find_language_model(asked.name);
  if (known != nullptr) m = *known;
  for (std::int64_t LanguageModel::*member :
       {&LanguageModel::params, &LanguageModel::layers, &LanguageModel::hidden, &LanguageModel::ffn,
        &LanguageModel::heads, &LanguageModel::kv_heads, &LanguageModel::vocab,
        &LanguageModel::head_dim})
    if (asked.*member > 0) m.*member = asked.*member;
  if (tied_embeddings) m.tied_embeddings = *tied_embeddings;
  if (m.layers < 1 || m.hidden < 1 || m.heads < 1 || m.vocab < 1)
    throw InputError("", "llm '" + asked.name + "' without its shape",
                     "give layers, hidden, ffn, heads, kv_heads and vocab, or a known name; " +
                         choice_note(asked.name, names));
  if (m.kv_heads < 1) m.kv_heads = m.heads;
  if (m.ffn < 1) m.ffn = 4 * m.hidden;
  if (m.heads % m.kv_heads != 0 || (m.head_dim < 1 && m.hidden % m.heads != 0))
    throw InputError("", "llm '" + m.name + "': heads do not divide");
  if (known == nullptr && m.params > 0) {
    // A gated feed-forward has three matrices, a plain one two: told by the parameter count.
    const auto real = [](std::int64_t v) { return static_cast<double>(v); };
    const double embeddings = real(m.vocab * m.hidden) * (m.tied_embeddings ? 1 : 2);
    LanguageModel plain = m;
    plain.gated = false;
    const double layer = (real(m.params) - embeddings) / real(m.layers);
    m.gated = layer > real(plain.layer_weights()) + 0.5 * real(m.hidden * m.ffn);
  }
  return m;
}

std::span<const std::string_view> names_of(Phase) {
  static constexpr std::string_view names[] = {"decode", "prefill"};
  return names;
}
std::span<const std::string_view> names_of(KeyValueState) {
  static constexpr std::string_view names[] = {"device", "buffers", "host"};
  return names;
}

Graph build_llm(const LanguageModel& m, const LanguageCallShape& s, std::int64_t most_channels,
                const Numbers& numbers) {
  Layers l(m.name + (s.phase == Phase::decode ? " decode" : " prefill"), numbers);
  const bool values = numbers.seed.has_value();
  const std::int64_t called = s.call_tokens > 0 ? s.call_tokens : s.tokens;
  const std::int64_t tokens = values ? called : std::max(called, s.positions);
  // A prompt in several calls lies in a cache of its whole length.
  const std::int64_t all = s.context + (values ? tokens : std::max(called, s.tokens));
  const bool cached =
      s.phase == Phase::decode || s.context > 0 || called < s.tokens || s.capacity > tokens;
  // With values there are as many keys as there are positions.
  const std::int64_t fixed = s.capacity >= s.context && s.capacity > 0 ? s.capacity : all;
  const std::int64_t keys = values ? all : std::max(fixed, tokens);
  const Block block{.l = l,
                    .m = m,
                    .tokens = tokens,
                    .context = s.context,
                    .keys = keys,
                    .batch = s.batch,
                    .cached = values ? s.context > 0 : cached,
                    .handed = s.state != KeyValueState::device,
                    .copied = s.state == KeyValueState::host};
  ValueId x =
      l.graph().input("x", {Format::fp16, {.w = tokens, .h = 1, .c = m.hidden, .n = s.batch}});
  std::vector<isa::KernelFormat> formats;
  if (s.weight_bytes > 0) formats = mixture(m, s.weight_bytes);
  for (std::int64_t i = 0; i < m.layers; ++i) {
    if (!formats.empty()) l.set_format(formats[static_cast<std::size_t>(i)]);
    x = block.add_to(x, static_cast<int>(i));
  }
  x = block.norm(x);
  if (tokens > 1 && (s.phase == Phase::prefill || tokens > called)) {
    Attributes last;
    last.begin = {.w = tokens - 1, .h = 0, .c = 0, .n = 0};
    last.extents = {.w = 1, .h = 1, .c = m.hidden, .n = s.batch};
    x = l.graph().node("slice", "last position", {x}, last);
  }
  for (std::int64_t c = 0; c < m.vocab; c += most_channels)
    l.graph().output(l.projection(x, std::min(most_channels, m.vocab - c), head_gain));
  return l.graph().finish();
}

}  // namespace ane::workloads
