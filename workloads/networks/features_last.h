// Transformer blocks as PyTorch writes them: features last, [n, 1, tokens, width]. The multipliers
// want features as channels, so each product stands between two transpositions, and heads are split
// and joined by copies: what Apple's ml-ane-transformers calls the reason to change the layout. A
// transposition behind its inverse is left out. Weights and order of sums are those of the other
// form.
#pragma once
#include "workloads/graph/layers.h"

namespace ane::workloads {

class FeaturesLast {
 public:
  FeaturesLast(Layers& l, std::int64_t heads) : l_(l), heads_(heads) {}

  ValueId from_channels(ValueId x) { return l_.permute(x, {0, 2, 3, 1}); }
  ValueId to_channels(ValueId x) { return l_.permute(x, {0, 3, 1, 2}); }
  ValueId norm(ValueId x) { return l_.layer_norm(x, kernels::axis_w); }
  ValueId projection(ValueId x, std::int64_t width, double gain = 1) {
    return from_channels(l_.projection(to_channels(x), width, gain));
  }
  // Attention without the product behind it: of x to itself, or of `x` to keys and values from
  // elsewhere.
  ValueId mixed(ValueId x) { return mixed(x, x, x); }
  ValueId mixed(ValueId x, ValueId from_keys, ValueId from_values) {
    const ValueId channels = to_channels(x);
    const ValueId key_channels = from_keys == x ? channels : to_channels(from_keys);
    const ValueId value_channels =
        from_values == from_keys ? key_channels : to_channels(from_values);
    const Extents e = l_.extents(channels);  // a copy: the graph's types move as it grows
    const std::int64_t width = e.c, size = width / heads_;
    const ValueId q = from_channels(l_.projection(channels, width, attention_gain(size)));
    const ValueId k = from_channels(l_.projection(key_channels, width));
    const ValueId v = from_channels(l_.projection(value_channels, width));
    // [n, tokens, heads, size] to matrices of one head each.
    const auto matrices = [&](ValueId y, const std::array<int, 4>& order) {
      const Extents apart{.w = size, .h = heads_, .c = l_.extents(y).h, .n = e.n};
      const ValueId turned = l_.permute(l_.reshape(y, apart), order);
      const Extents t = l_.extents(turned);
      return l_.reshape(turned, {.w = t.w, .h = 1, .c = t.h, .n = e.n * heads_});
    };
    const ValueId queries = matrices(q, {0, 2, 3, 1}), keys = matrices(k, {0, 2, 3, 1});
    const ValueId values = matrices(v, {0, 2, 1, 3});
    const ValueId shares = l_.softmax(l_.product(queries, keys), kernels::axis_c);
    ValueId y = l_.product(shares, values);  // [n heads, size, 1, tokens]
    y = l_.reshape(y, {.w = e.w, .h = size, .c = heads_, .n = e.n});
    return l_.reshape(l_.permute(y, {0, 3, 1, 2}), l_.extents(x));
  }
  ValueId attention(ValueId x) {
    const ValueId y = mixed(x);
    return projection(y, l_.extents(y).w);
  }
  ValueId feed_forward(ValueId x, std::int64_t ffn, const char* activation = "gelu") {
    const ValueId channels = to_channels(x);
    const std::int64_t width = l_.extents(channels).c;
    return from_channels(l_.projection(l_.linear(channels, ffn, activation), width));
  }
  // Norms before the branches (ViT, Whisper).
  ValueId block(ValueId x, std::int64_t ffn) {
    x = l_.add(attention(norm(x)), x);
    return l_.add(feed_forward(norm(x), ffn), x);
  }
  // Norms behind the sums (BERT).
  ValueId block_of_norms_last(ValueId x, std::int64_t ffn) {
    x = norm(l_.add(attention(x), x));
    return norm(l_.add(feed_forward(x, ffn), x));
  }

 private:
  Layers& l_;
  std::int64_t heads_;
};

}  // namespace ane::workloads
