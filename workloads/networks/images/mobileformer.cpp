// Mobile-Former (Chen et al. 2022, table 1 and its appendix; the authors' blocks): a mobile network
// beside six tokens, which read its features, attend to each other, set its activations and are
// read by its features.
#include <string>

#include "workloads/networks/families.h"

namespace ane::workloads::families {
namespace {

struct MobileFormer {
  Layers& l;
  std::int64_t width;  // of a token
  ValueId tokens;
  int count = 0;

  ValueId first_token() {
    Attributes a;
    a.extents = l.extents(tokens);
    a.extents.w = 1;
    return l.graph().node("slice", "token" + std::to_string(count++), {l.fp16(tokens)}, a);
  }

  // The larger of two multiples of x, both functions of the first token.
  ValueId dynamic_relu(ValueId x) {
    const std::int64_t c = l.extents(x).c;
    const ValueId hidden = l.linear(first_token(), width / 4, "relu", false);
    const ValueId factors = l.linear(hidden, 2 * c, "hard_sigmoid", false);
    const ValueId a = l.multiply(x, l.slice_channels(factors, 0, c));
    const ValueId b = l.multiply(x, l.slice_channels(factors, c, c));
    return l.graph().elementwise("larger" + std::to_string(count++), "max", a, b);
  }

  ValueId flat(ValueId x) {
    const Extents e = l.extents(x);
    return l.reshape(x, {.w = e.w * e.h, .h = 1, .c = e.c, .n = e.n});
  }

  // The features are keys and values as they are.
  void read(ValueId features) {
    const std::int64_t c = l.extents(features).c;
    const ValueId x = flat(features);
    const ValueId seen = l.attention(l.projection(tokens, c, attention_gain(c / 2)), x, x, 2, 2);
    const ValueId gated = l.multiply(seen, l.linear(tokens, c, "hard_sigmoid", false));
    tokens = l.layer_norm(l.add(l.projection(gated, width), tokens));
  }

  void talk() {
    const ValueId q = l.projection(tokens, width, attention_gain(width / 4));
    const ValueId heard = l.projection(l.attention(q, tokens, tokens, 4, 4), width);
    tokens = l.layer_norm(l.add(heard, tokens));
    const ValueId y = l.projection(l.linear(tokens, 2 * width, "gelu", false), width);
    tokens = l.layer_norm(l.add(y, tokens));
  }

  // The features are queries as they are.
  ValueId tell(ValueId features) {
    const std::int64_t c = l.extents(features).c;
    const ValueId v = l.projection(tokens, c);
    const ValueId k = l.projection(tokens, c, attention_gain(c / 2));
    const ValueId heard = l.attention(flat(features), k, v, 2, 2);
    return l.add(l.reshape(heard, l.extents(features)), features);
  }

  // A depthwise convolution that also widens, and a product.
  ValueId down(ValueId x, std::int64_t hidden, std::int64_t out, int stride) {
    x = l.conv(x, hidden, {.kh = 3, .kw = 3, .stride = stride, .groups = l.extents(x).c}, false);
    return l.linear(dynamic_relu(x), out, "none", false);
  }

  ValueId block(ValueId x, std::int64_t expansion, std::int64_t out, bool halves) {
    read(x);
    talk();
    const std::int64_t cin = l.extents(x).c, hidden = expansion * cin;
    if (halves) {
      const ValueId y = l.unary(down(x, hidden, out, 2), "relu");
      return tell(down(y, 4 * out, out, 1));
    }
    ValueId y = dynamic_relu(l.linear(x, hidden, "none", false));
    y = l.conv(y, hidden, {.kh = 3, .kw = 3, .groups = hidden}, false);
    y = l.linear(dynamic_relu(y), out, "none", false);
    return tell(cin == out ? l.add(y, x) : y);
  }
};

}  // namespace

Outputs mobileformer_508m(Layers& l, ValueId x) {
  constexpr std::int64_t width = 192;
  struct Stage {
    std::int64_t expansion, out;
    bool halves;
  };
  x = l.conv(x, 24, {.kh = 3, .kw = 3, .stride = 2, .activation = "relu6"}, false);
  x = l.conv(x, 48, {.kh = 3, .kw = 3, .groups = 24, .activation = "relu6"}, false);
  x = l.linear(x, 24, "none", false);
  const std::int64_t n = l.extents(x).n;
  MobileFormer both{l, width, l.seeded("tokens", {.w = 6, .h = 1, .c = width, .n = n}, 0, 1)};
  for (const Stage s : {Stage{6, 40, true},
                        {3, 40, false},
                        {6, 72, true},
                        {3, 72, false},
                        {6, 128, true},
                        {4, 128, false},
                        {6, 176, false},
                        {6, 176, false},
                        {6, 240, true},
                        {6, 240, false},
                        {6, 240, false}})
    x = both.block(x, s.expansion, s.out, s.halves);
  both.read(x);
  x = l.global_average(l.linear(x, 1440, "relu", false));
  x = l.linear(l.concat({x, both.first_token()}, kernels::axis_c), 1920, "hard_swish", false);
  return {l.linear(x, 1000, "none", false)};
}

}  // namespace ane::workloads::families
