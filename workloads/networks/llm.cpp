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
// Of linear attention: keys and values of a head.
constexpr std::int64_t linear_head_size = 128;

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

  // Gated delta rule: what a state of 128 x 128 a head answers to the key is taken from the value,
  // the rest is added to the state, which then answers to the query (signs are the weights').
  // Tokens of a prompt are taken as one block of columns.
  ValueId linear_attention(const std::string& tag, ValueId y) const {
    GraphBuilder& g = l.graph();
    const std::int64_t width = m.linear_heads * linear_head_size, items = batch * m.linear_heads;
    const auto heads_of = [&](ValueId x) {
      return l.reshape(x, {.w = tokens, .h = 1, .c = linear_head_size, .n = items});
    };
    const auto paired = [&](ValueId x) { return heads_of(l.concat({x, x}, kernels::axis_c)); };
    const ValueId q = paired(l.projection(y, width / 2)), k = paired(l.projection(y, width / 2));
    const ValueId v = heads_of(l.projection(y, width)), z = l.linear(y, width, "silu", false);
    const ValueId rates = l.linear(y, 2 * m.linear_heads, "sigmoid", false);
    const auto rate = [&](std::int64_t first, std::int64_t columns) {
      return l.reshape(l.slice_channels(rates, first, m.linear_heads),
                       {.w = columns, .h = 1, .c = 1, .n = items});
    };
    const ValueId before =
        g.input(tag + " state",
                {Format::fp16, {.w = linear_head_size, .h = 1, .c = linear_head_size, .n = items}});
    const ValueId missing = l.multiply(l.add(v, l.product(k, before)), rate(0, tokens));
    const ValueId added = l.product(l.permute(missing, {0, 3, 2, 1}), l.permute(k, {0, 3, 2, 1}));
    const ValueId kept = tokens == 1 ? l.multiply(before, rate(m.linear_heads, 1)) : before;
    const ValueId after = l.add(kept, added);
    g.output(after);
    g.keep_as_state(before);
    g.keep_as_state(after);
    const ValueId out =
        l.reshape(l.product(q, after), {.w = tokens, .h = 1, .c = width, .n = batch});
    return l.multiply(norm(out), z);
  }

  // `windowed`: as many keys as this layer sees.
  Block windowed(std::int64_t layer) const {
    Block b = *this;
    if (!l.numbers().seed) b.keys = std::max(tokens, m.keys_of(layer, keys));
    return b;
  }

  ValueId add_to(ValueId x, int index) const {
    const std::string tag = "layer" + std::to_string(index);
    const std::int64_t width = m.heads * size(), kv = m.kv_heads * size();
    ValueId y = norm(x);
    // With values all layers attend to all keys.
    if (m.linear_heads > 0 && !m.full_attention(index) && !l.numbers().seed)
      return feed(l.add(l.projection(linear_attention(tag, y), m.hidden), x));
    const bool gates = m.linear_heads > 0 && !l.numbers().seed;
    const ValueId gate = gates ? l.linear(y, width, "sigmoid", false) : -1;
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
    if (gates) y = l.multiply(y, gate);
    return feed(l.add(l.projection(y, m.hidden), x));
  }

  // Of experts a program has those that a token uses; which ones is the host's choice.
  ValueId feed(ValueId x) const {
    const ValueId y = norm(x);
    for (std::int64_t e = 0; e < std::max<std::int64_t>(1, m.experts_used); ++e) {
      ValueId wide = 0;
      if (m.gated) {
        const ValueId up = l.projection(y, m.ffn), gate = l.linear(y, m.ffn, "silu", false);
        wide = l.multiply(gate, up);
      } else {
        wide = l.linear(y, m.ffn, "gelu");
      }
      x = l.add(l.projection(wide, m.hidden), x);
    }
    return x;
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
  // Queries come with a gate where the other layers are linear.
  const std::int64_t projections = (linear_heads > 0 ? 3 : 2) * heads + 2 * kv_heads;
  return hidden * head_size() * projections + hidden * experts +
         std::max<std::int64_t>(1, experts) * (gated ? 3 : 2) * hidden * ffn;
}

// Queries, keys, values and a gate of heads of 128, two numbers a head, and the output.
std::int64_t LanguageModel::linear_attention_weights() const {
  const std::int64_t width = linear_heads * linear_head_size;
  return hidden * (width + 2 * width + 2 * linear_heads) + width * hidden;
}

std::int64_t LanguageModel::weights() const {
  std::int64_t all = layers * layer_weights() + (tied_embeddings ? 1 : 2) * vocab * hidden;
  if (linear_heads > 0)
    all += (layers - full_layers()) *
           (linear_attention_weights() - hidden * head_size() * (3 * heads + 2 * kv_heads));
  return all;
}

std::span<const LanguageModel> language_models() {
  // Shapes of the published configurations: layers, hidden, ffn, heads, kv_heads, vocab, head_dim,
  // gated, tied_embeddings; experts, experts_used; window, full_every, linear_heads.
  static const LanguageModel table[] = {
      {"gpt2", 124439808, 12, 768, 3072, 12, 12, 50257, 64, false, true},
      {"gpt2-medium", 354823168, 24, 1024, 4096, 16, 16, 50257, 64, false, true},
      {"gpt2-large", 774030080, 36, 1280, 5120, 20, 20, 50257, 64, false, true},
      {"gpt2-xl", 1557611200, 48, 1600, 6400, 25, 25, 50257, 64, false, true},
      {"opt-125m", 125239296, 12, 768, 3072, 12, 12, 50272, 64, false, true},
      {"opt-1.3b", 1315758080, 24, 2048, 8192, 32, 32, 50272, 64, false, true},
      {"opt-2.7b", 2651596800, 32, 2560, 10240, 32, 32, 50272, 80, false, true},
      {"opt-6.7b", 6658473984, 32, 4096, 16384, 32, 32, 50272, 128, false, true},
      {"tinyllama-1.1b", 1100048384, 22, 2048, 5632, 32, 4, 32000, 64, true, false},
      {"llama-2-7b", 6738415616, 32, 4096, 11008, 32, 32, 32000, 128, true, false},
      {"llama-2-13b", 13015864320, 40, 5120, 13824, 40, 40, 32000, 128, true, false},
      {"llama-2-70b", 68976648192, 80, 8192, 28672, 64, 8, 32000, 128, true, false},
      {"llama-3-8b", 8030261248, 32, 4096, 14336, 32, 8, 128256, 128, true, false},
      {"llama-3.2-1b", 1235814400, 16, 2048, 8192, 32, 8, 128256, 64, true, true},
      {"llama-3.2-3b", 3212749824, 28, 3072, 8192, 24, 8, 128256, 128, true, true},
      {"llama-3.1-8b", 8030261248, 32, 4096, 14336, 32, 8, 128256, 128, true, false},
      {"llama-3.1-70b", 70553706496, 80, 8192, 28672, 64, 8, 128256, 128, true, false},
      {"llama-3.3-70b", 70553706496, 80, 8192, 28672, 64, 8, 128256, 128, true, false},
      {"llama-3.1-405b", 405853388800, 126, 16384, 53248, 128, 8, 128256, 128, true, false},
      {"mistral-7b", 7241732096, 32, 4096, 14336, 32, 8, 32000, 128, true, false},
      {"mixtral-8x7b", 46702792704, 32, 4096, 14336, 32, 8, 32000, 128, true, false, 8, 2},
      {"smollm2-135m", 134515008, 30, 576, 1536, 9, 3, 49152, 64, true, true},
      {"smollm2-360m", 361821120, 32, 960, 2560, 15, 5, 49152, 64, true, true},
      {"smollm2-1.7b", 1711376384, 24, 2048, 8192, 32, 32, 49152, 64, true, true},
      {"phi-2", 2779683840, 32, 2560, 10240, 32, 32, 51200, 80, false, false},
      {"phi-3-mini", 3821079552, 32, 3072, 8192, 32, 32, 32064, 96, true, false},
      {"phi-3.5-mini", 3821079552, 32, 3072, 8192, 32, 32, 32064, 96, true, false},
      {"phi-4", 14659507200, 40, 5120, 17920, 40, 10, 100352, 128, true, false},
      {"phi-4-mini", 3836021760, 32, 3072, 8192, 24, 8, 200064, 128, true, true},
      {"gemma-2-2b", 2614341888, 26, 2304, 9216, 8, 4, 256000, 256, true, true, 0, 0, 4096, 2},
      {"gemma-2-9b", 9241705984, 42, 3584, 14336, 16, 8, 256000, 256, true, true, 0, 0, 4096, 2},
      {"gemma-2-27b", 27227128320, 46, 4608, 36864, 32, 16, 256000, 128, true, true, 0, 0, 4096, 2},
      // The text part; the larger ones have a picture's encoder of 0.42 billion beside it.
      {"gemma-3-270m", 268098176, 18, 640, 2048, 4, 1, 262144, 256, true, true, 0, 0, 512, 6},
      {"gemma-3-1b", 999885952, 26, 1152, 6912, 4, 1, 262144, 256, true, true, 0, 0, 512, 6},
      {"gemma-3-4b", 3880263168, 34, 2560, 10240, 8, 4, 262208, 256, true, true, 0, 0, 1024, 6},
      {"gemma-3-12b", 11766034176, 48, 3840, 15360, 16, 8, 262208, 256, true, true, 0, 0, 1024, 6},
      {"gemma-3-27b", 27009346304, 62, 5376, 21504, 32, 16, 262208, 128, true, true, 0, 0, 1024, 6},
      {"gpt-oss-20b", 20914757184, 24, 2880, 2880, 64, 8, 201088, 64, true, false, 32, 4, 128, 2},
      {"gpt-oss-120b", 116829156672, 36, 2880, 2880, 64, 8, 201088, 64, true, false, 128, 4, 128,
       2},
      {"qwen2.5-0.5b", 494032768, 24, 896, 4864, 14, 2, 151936, 64, true, true},
      {"qwen2.5-1.5b", 1543714304, 28, 1536, 8960, 12, 2, 151936, 128, true, true},
      {"qwen2.5-3b", 3085938688, 36, 2048, 11008, 16, 2, 151936, 128, true, true},
      {"qwen2.5-7b", 7615616512, 28, 3584, 18944, 28, 4, 152064, 128, true, false},
      {"qwen2.5-14b", 14770033664, 48, 5120, 13824, 40, 8, 152064, 128, true, false},
      {"qwen2.5-32b", 32763876352, 64, 5120, 27648, 40, 8, 152064, 128, true, false},
      {"qwen2.5-72b", 72706203648, 80, 8192, 29568, 64, 8, 152064, 128, true, false},
      {"qwen3-0.6b", 596049920, 28, 1024, 3072, 16, 8, 151936, 128, true, true},
      {"qwen3-1.7b", 1720574976, 28, 2048, 6144, 16, 8, 151936, 128, true, true},
      {"qwen3-4b", 4022468096, 36, 2560, 9728, 32, 8, 151936, 128, true, true},
      {"qwen3-8b", 8190735360, 36, 4096, 12288, 32, 8, 151936, 128, true, false},
      {"qwen3-14b", 14768307200, 40, 5120, 17408, 40, 8, 151936, 128, true, false},
      {"qwen3-32b", 32762123264, 64, 5120, 25600, 64, 8, 151936, 128, true, false},
      {"qwen3-30b-a3b", 30532122624, 48, 2048, 768, 32, 4, 151936, 128, true, false, 128, 8},
      // Three layers of four are linear.
      {"qwen3.5-4b", 4205751296, 32, 2560, 9216, 16, 4, 248320, 256, true, true, 0, 0, 0, 4, 32},
  };
  return table;
}

const LanguageModel* find_language_model(std::string_view name) {
  for (const LanguageModel& m : language_models())
    if (plain_name(m.name) == plain_name(name)) return &m;
  return nullptr;
}

LanguageModel language_model(const LanguageModel& asked, std::optional<bool> tied_embeddings,
                             std::optional<bool> gated) {
  LanguageModel m;
  m.name = asked.name;
  std::vector<std::string> names;
  for (const LanguageModel& t : language_models()) names.push_back(t.name);
  const LanguageModel* const known = find_language_model(asked.name);
  if (known != nullptr) m = *known;
  for (std::int64_t LanguageModel::*member :
       {&LanguageModel::params, &LanguageModel::layers, &LanguageModel::hidden, &LanguageModel::ffn,
        &LanguageModel::heads, &LanguageModel::kv_heads, &LanguageModel::vocab,
        &LanguageModel::head_dim, &LanguageModel::experts, &LanguageModel::experts_used,
        &LanguageModel::window, &LanguageModel::full_every})
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
  if ((m.experts > 0) != (m.experts_used > 0) || m.experts_used > m.experts)
    throw InputError("", "llm '" + m.name + "': experts and experts_used belong together",
                     "experts_used of at most experts");
  if (m.full_every > 0 && m.window < 1 && m.linear_heads < 1)
    throw InputError("", "llm '" + m.name + "': full_every without a window changes nothing",
                     "window=N: the keys that the other layers see");
  if (gated) {
    m.gated = *gated;
  } else if (known == nullptr && m.params > 0) {
    // A gated feed-forward has three matrices, a plain one two: told by the parameter count.
    const auto real = [](std::int64_t v) { return static_cast<double>(v); };
    const double embeddings = real(m.vocab * m.hidden) * (m.tied_embeddings ? 1 : 2);
    LanguageModel plain = m;
    plain.gated = false;
    const double layer = (real(m.params) - embeddings) / real(m.layers);
    m.gated = layer > real(plain.layer_weights()) +
                          0.5 * real(std::max<std::int64_t>(1, m.experts) * m.hidden * m.ffn);
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
    x = block.windowed(i).add_to(x, static_cast<int>(i));
  }
  x = block.norm(x);
  const std::int64_t logits = std::clamp<std::int64_t>(s.logits, 1, tokens);
  if (tokens > logits && (s.phase == Phase::prefill || tokens > called || s.logits > 1)) {
    Attributes last;
    last.begin = {.w = tokens - logits, .h = 0, .c = 0, .n = 0};
    last.extents = {.w = logits, .h = 1, .c = m.hidden, .n = s.batch};
    x = l.graph().node("slice", "last position", {x}, last);
  }
  for (std::int64_t c = 0; c < m.vocab; c += most_channels)
    l.graph().output(l.projection(x, std::min(most_channels, m.vocab - c), head_gain));
  return l.graph().finish();
}

}  // namespace ane::workloads
