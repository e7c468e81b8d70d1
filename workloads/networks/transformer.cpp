// Transformer encoders: ViT (Dosovitskiy et al. 2021, table 1; tiny and small of Touvron et al.
// 2021), BERT and DistilBERT, Whisper's audio encoder (Radford et al. 2023, table 1).
#include "isa/error.h"
#include "workloads/networks/families.h"
#include "workloads/networks/features_last.h"
#include "workloads/networks/networks.h"
#include "workloads/networks/op_names.h"

namespace ane::workloads {
namespace families {
namespace {

// `written`: as timm exports it, features last.
Outputs vit(Layers& l, ValueId x, std::int64_t width, int layers, std::int64_t heads,
            bool written = false) {
  x = l.linear(patches(l, x, 16), width, "none", false);
  const Extents e = l.extents(x);
  const ValueId token = l.seeded("class token", {.w = 1, .h = 1, .c = width, .n = e.n}, 0, 1);
  x = l.concat({token, x}, kernels::axis_w);
  const ValueId places = l.seeded("positions", {.w = e.w + 1, .h = 1, .c = width, .n = 1}, 0, 1);
  x = l.add(x, places);
  if (written) {
    FeaturesLast blocks(l, heads);
    x = blocks.from_channels(x);
    for (int i = 0; i < layers; ++i) x = blocks.block(x, 4 * width);
    x = blocks.to_channels(blocks.norm(x));
  } else {
    for (int i = 0; i < layers; ++i) x = encoder_block(l, x, heads, 4 * width);
    x = l.layer_norm(x);
  }
  Attributes first;
  first.extents = l.extents(x);
  first.begin = {.w = 0, .h = 0, .c = 0, .n = 0};
  first.extents.w = 1;
  x = l.graph().node("slice", "class", {x}, first);
  return {l.linear(x, 1000, "none", false)};
}

}  // namespace

ValueId patches(Layers& l, ValueId x, std::int64_t p) {
  const Extents e = l.extents(x);
  std::vector<ValueId> items;
  for (std::int64_t n = 0; n < e.n; ++n) {
    std::vector<ValueId> channels;
    for (std::int64_t c = 0; c < e.c; ++c) {
      Attributes a;
      a.begin = {.w = 0, .h = 0, .c = c, .n = n};
      a.extents = {.w = e.w, .h = e.h, .c = 1, .n = 1};
      ValueId one = l.graph().node("slice", "patch" + std::to_string(n * e.c + c), {x}, a);
      one = l.reshape(one, {.w = p, .h = e.w / p, .c = p, .n = e.h / p});
      one = l.permute(one, {1, 3, 0, 2});  // [row in patch, column in patch, patch row, column]
      channels.push_back(l.reshape(one, {.w = e.h / p * (e.w / p), .h = 1, .c = p * p, .n = 1}));
    }
    items.push_back(l.concat(channels, kernels::axis_c));
  }
  return items.size() == 1 ? items[0] : l.concat(items, kernels::axis_n);
}

ValueId encoder_block(Layers& l, ValueId x, std::int64_t heads, std::int64_t ffn) {
  const std::int64_t width = l.extents(x).c;
  ValueId y = l.layer_norm(x);
  const ValueId q = l.projection(y, width, attention_gain(width / heads)),
                k = l.projection(y, width), v = l.projection(y, width);
  y = l.attention(q, k, v, heads, heads);
  x = l.add(l.projection(y, width), x);
  y = l.layer_norm(x);
  y = l.projection(l.linear(y, ffn, "gelu"), width);
  return l.add(y, x);
}

Outputs vit_t_16(Layers& l, ValueId x) {
  return vit(l, x, 192, 12, 3);
}
Outputs vit_s_16(Layers& l, ValueId x) {
  return vit(l, x, 384, 12, 6);
}
Outputs vit_b_16(Layers& l, ValueId x) {
  return vit(l, x, 768, 12, 12);
}
Outputs vit_l_16(Layers& l, ValueId x) {
  return vit(l, x, 1024, 24, 16);
}
Outputs deit_tiny(Layers& l, ValueId x) {
  return vit(l, x, 192, 12, 3, true);
}
Outputs deit_small(Layers& l, ValueId x) {
  return vit(l, x, 384, 12, 6, true);
}
Outputs deit_base(Layers& l, ValueId x) {
  return vit(l, x, 768, 12, 12, true);
}

}  // namespace families

namespace {

// Heads one after the other, each a matrix of its own: no batch extent, as Apple's
// ml-ane-transformers writes it.
ValueId apart(Layers& l, ValueId x, std::int64_t heads, std::int64_t ffn) {
  const Extents e = l.extents(x);
  const std::int64_t size = e.c / heads;
  const ValueId q = l.projection(x, e.c, attention_gain(size)), k = l.projection(x, e.c),
                v = l.projection(x, e.c);
  std::vector<ValueId> parts;
  for (std::int64_t h = 0; h < heads; ++h) {
    // One statement each: arguments of a call are made in the order that the compiler likes.
    const ValueId value = l.slice_channels(v, h * size, size);
    const ValueId key = l.slice_channels(k, h * size, size);
    const ValueId query = l.slice_channels(q, h * size, size);
    parts.push_back(l.attention(query, key, value, 1, 1));
  }
  x = l.layer_norm(l.add(l.projection(l.concat(parts, kernels::axis_c), e.c), x));
  const ValueId y = l.projection(l.linear(x, ffn, "gelu"), e.c);
  return l.layer_norm(l.add(y, x));
}

}  // namespace

std::span<const Encoder> encoders() {
  static constexpr Encoder table[] = {
      {"distilbert", "6 layers, features last", 6, 768, 3072, 12, 128, false, false},
      {"distilbert-ane", "6 layers, channels first, heads apart", 6, 768, 3072, 12, 128, true,
       false},
      {"bert-base", "12 layers, features last", 12, 768, 3072, 12, 128, false, false},
      {"bert-base-ane", "12 layers, channels first, heads apart", 12, 768, 3072, 12, 128, true,
       false},
      {"bert-large", "24 layers, features last", 24, 1024, 4096, 16, 128, false, false},
      {"minilm-l6", "6 layers of 384, features last", 6, 384, 1536, 12, 128, false, false},
      {"minilm-l12", "12 layers of 384, features last", 12, 384, 1536, 12, 128, false, false},
      {"bert-large-ane", "24 layers, channels first, heads apart", 24, 1024, 4096, 16, 128, true,
       false},
      {"minilm-l6-ane", "6 layers of 384, channels first, heads apart", 6, 384, 1536, 12, 128, true,
       false},
      {"minilm-l12-ane", "12 layers of 384, channels first, heads apart", 12, 384, 1536, 12, 128,
       true, false},
      // DNA: Ji et al. 2021 (BERT-base on k-mers), Dalla-Torre et al. 2024 (configurations of
      // InstaDeepAI's 500m-1000g and 2.5b-multi-species: 1000 6-mers of 6 kb), Mokoatle et al. 2025
      // (SimCSE of BERT-base's shape on k-mers).
      {"dnabert", "DNABERT: 12 layers on 512 k-mers of DNA", 12, 768, 3072, 12, 512, false, false},
      {"nucleotide-transformer-500m", "24 layers of 1280 on 1000 6-mers of DNA", 24, 1280, 5120, 20,
       1000, false, false},
      {"nucleotide-transformer-2.5b", "32 layers of 2560 on 1000 6-mers of DNA", 32, 2560, 10240,
       20, 1000, false, false},
      {"simcse-dna", "a sentence transformer for DNA: 12 layers on k-mers", 12, 768, 3072, 12, 128,
       false, false},
      {"whisper-tiny", "audio encoder, features last", 4, 384, 1536, 6, 1500, false, true},
      {"whisper-base", "audio encoder, features last", 6, 512, 2048, 8, 1500, false, true},
      {"whisper-small", "audio encoder, features last", 12, 768, 3072, 12, 1500, false, true},
      {"whisper-medium", "audio encoder, features last", 24, 1024, 4096, 16, 1500, false, true},
      {"whisper-large", "audio encoder, features last", 32, 1280, 5120, 20, 1500, false, true},
      {"whisper-tiny-ane", "audio encoder, channels first", 4, 384, 1536, 6, 1500, true, true},
      {"whisper-base-ane", "audio encoder, channels first", 6, 512, 2048, 8, 1500, true, true},
      {"whisper-small-ane", "audio encoder, channels first", 12, 768, 3072, 12, 1500, true, true},
      {"whisper-medium-ane", "audio encoder, channels first", 24, 1024, 4096, 16, 1500, true, true},
      {"whisper-large-ane", "audio encoder, channels first", 32, 1280, 5120, 20, 1500, true, true},
  };
  return table;
}

const Encoder* find_encoder(std::string_view name) {
  for (const Encoder& e : encoders())
    if (plain_name(e.name) == plain_name(name)) return &e;
  return nullptr;
}

const Encoder& encoder_named(std::string_view name) {
  if (const Encoder* e = find_encoder(name)) return *e;
  std::vector<std::string> names;
  for (const Encoder& e : encoders()) names.emplace_back(e.name);
  throw InputError("", "unknown encoder '" + std::string(name) + "'", choice_note(name, names));
}

Graph build_encoder(const Encoder& encoder, std::int64_t batch, const Numbers& numbers) {
  Layers l(std::string(encoder.name), numbers);
  const std::int64_t tokens = encoder.tokens;
  ValueId x = 0;
  if (encoder.audio) {
    x = l.graph().input("mel", {Format::fp16, {.w = 2 * tokens, .h = 1, .c = 80, .n = batch}});
    x = l.conv(x, encoder.hidden, {.kw = 3, .activation = "gelu"});
    Attributes a;
    a.stride_w = 2;
    a.pad_left = a.pad_right = 1;
    a.activation = "gelu";
    x = l.conv_padded(x, l.parameters(encoder.hidden, encoder.hidden, 1, 3), a, false);
    x = l.add(x, l.seeded("positions", {.w = tokens, .h = 1, .c = encoder.hidden}, 0, 1));
    if (encoder.ane_shaped) {
      for (std::int64_t i = 0; i < encoder.layers; ++i)
        x = families::encoder_block(l, x, encoder.heads, encoder.ffn);
      x = l.layer_norm(x);
    } else {
      FeaturesLast written(l, encoder.heads);
      x = written.from_channels(x);
      for (std::int64_t i = 0; i < encoder.layers; ++i) x = written.block(x, encoder.ffn);
      x = written.to_channels(written.norm(x));
    }
  } else {
    x = l.graph().input("x",
                        {Format::fp16, {.w = tokens, .h = 1, .c = encoder.hidden, .n = batch}});
    if (encoder.ane_shaped) {
      x = l.layer_norm(x);
      for (std::int64_t i = 0; i < encoder.layers; ++i) x = apart(l, x, encoder.heads, encoder.ffn);
    } else {
      // Both forms take and give channels, so that they can be compared: one transposition more at
      // each end.
      FeaturesLast written(l, encoder.heads);
      x = written.norm(written.from_channels(x));
      for (std::int64_t i = 0; i < encoder.layers; ++i)
        x = written.block_of_norms_last(x, encoder.ffn);
      x = written.to_channels(x);
    }
  }
  l.graph().output(x);
  return l.graph().finish();
}

}  // namespace ane::workloads
