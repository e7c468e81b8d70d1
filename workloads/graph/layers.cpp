#include "workloads/graph/layers.h"

#include <algorithm>
#include <cmath>

#include "workloads/graph/quantise.h"

namespace ane::workloads {
namespace {

// Every tensor of an INT8 network has one scale here: time does not depend on it, and seeded
// values keep about unit size, so that few of them clip at 4.
constexpr double code_scale = 1.0 / 32;

Attributes window_attributes(const Layers::Window& w) {
  Attributes a;
  a.stride_w = a.stride_h = w.stride;
  a.dilation_w = a.dilation_h = w.dilation;
  a.pad_left = a.pad_right = w.pad < 0 ? (w.kw - 1) / 2 * w.dilation : w.pad;
  a.pad_top = a.pad_bottom = w.pad < 0 ? (w.kh - 1) / 2 * w.dilation : w.pad;
  a.groups = w.groups;
  a.activation = w.activation;
  return a;
}

}  // namespace

std::shared_ptr<const Parameters> Layers::parameters(std::int64_t cout, std::int64_t cin, int kh,
                                                     int kw, double gain) {
  auto p = std::make_shared<Parameters>();
  p->cout = cout;
  p->cin = cin;
  p->kh = kh;
  p->kw = kw;
  p->format = numbers_.int8_activations ? numbers_.codes : format_;
  p->zero_share = numbers_.zeros;
  p->has_bias = true;
  if (!numbers_.seed) return p;
  const auto g = static_cast<float>(gain);
  const float span = g * std::sqrt(3.0F / static_cast<float>(cin * kh * kw));
  p->weights = values_.uniform(p->count(), 0, span, numbers_.zeros);
  p->bias = values_.uniform(cout, 0, 0.1F * g);
  if (isa::is_integer(p->format))
    return std::make_shared<Parameters>(
        quantise_layer(*p, static_cast<float>(127 * code_scale), p->format).parameters);
  return p;
}

ValueId Layers::conv_with(ValueId x, std::shared_ptr<const Parameters> p, const Window& window,
                          bool as_codes) {
  return conv_padded(x, std::move(p), window_attributes(window), as_codes);
}

ValueId Layers::conv_padded(ValueId x, std::shared_ptr<const Parameters> p, Attributes a,
                            bool as_codes) {
  const bool integer = isa::is_integer(p->format);
  if (integer && as_codes) a.scale = code_scale;
  const ValueId source = integer ? codes(x) : fp16(x);
  return graph_.conv(next("conv"), source, std::move(p), std::move(a));
}

ValueId Layers::conv(ValueId x, std::int64_t cout, const Window& w, bool as_codes) {
  return conv_with(x, parameters(cout, extents(x).c / w.groups, w.kh, w.kw), w, as_codes);
}

ValueId Layers::linear(ValueId x, std::int64_t cout, const std::string& activation, bool as_codes) {
  return conv(x, cout, {.activation = activation}, as_codes);
}

ValueId Layers::fp16(ValueId x) {
  if (graph_.type(x).format != Format::i8) return x;
  const auto known = as_fp16_.find(x);
  if (known != as_fp16_.end()) return known->second;
  Attributes a;
  a.scale = code_scale;
  return as_fp16_[x] = graph_.node("dequantise", next("dequantise"), {x}, a);
}

ValueId Layers::codes(ValueId x) {
  if (graph_.type(x).format == Format::i8) return x;
  const auto known = as_codes_.find(x);
  if (known != as_codes_.end()) return known->second;
  Attributes a;
  a.scale = code_scale;
  return as_codes_[x] = graph_.node("quantise", next("quantise"), {x}, a);
}

ValueId Layers::max_pool(ValueId x, int kernel, int stride, int pad) {
  Attributes a;
  a.operation = "max";
  a.kernel_w = a.kernel_h = kernel;
  a.stride_w = a.stride_h = stride;
  a.pad_left = a.pad_right = a.pad_top = a.pad_bottom = pad;
  return graph_.node("pool", next("pool"), {fp16(x)}, a);
}

ValueId Layers::average_pool(ValueId x, int kernel, int stride, int pad) {
  Attributes a;
  a.operation = "avg";
  a.kernel_w = a.kernel_h = kernel;
  a.stride_w = a.stride_h = stride;
  a.pad_left = a.pad_right = a.pad_top = a.pad_bottom = pad;
  return graph_.node("pool", next("pool"), {fp16(x)}, a);
}

ValueId Layers::global_average(ValueId x) {
  return graph_.reduce(next("mean"), "mean", kernels::axis_w | kernels::axis_h, fp16(x));
}

ValueId Layers::add(ValueId a, ValueId b, const std::string& activation) {
  return graph_.elementwise(next("add"), "add", fp16(a), fp16(b), activation);
}

ValueId Layers::multiply(ValueId a, ValueId b) {
  return graph_.elementwise(next("mul"), "mul", fp16(a), fp16(b));
}

ValueId Layers::unary(ValueId x, const std::string& function) {
  return graph_.unary(next(function.c_str()), function, fp16(x));
}

ValueId Layers::softmax(ValueId x, unsigned axes) {
  Attributes a;
  a.axes = axes;
  return graph_.node("softmax", next("softmax"), {fp16(x)}, a);
}

ValueId Layers::seeded(const std::string& name, const Extents& e, float middle, float span) {
  if (!numbers_.seed) return graph_.shape_only(name, {Format::fp16, e});
  Tensor t(Format::fp32, {e.n, e.c, e.h, e.w});
  std::ranges::copy(values_.uniform(e.count(), middle, span), t.as<float>().begin());
  return graph_.constant(name, std::move(t));
}

ValueId Layers::constant(const std::string& name, const Extents& e, const ValueAt& value) {
  if (!numbers_.seed) return graph_.shape_only(name, {Format::fp16, e});
  ANE_CHECK(e.n == 1 && e.h == 1, "one matrix");
  Tensor t(Format::fp32, {1, e.c, 1, e.w});
  std::size_t at = 0;
  for (std::int64_t c = 0; c < e.c; ++c)
    for (std::int64_t w = 0; w < e.w; ++w) t.as<float>()[at++] = value(c, w);
  return graph_.constant(name, std::move(t));
}

ValueId Layers::channel_scale(const Extents& e) {
  return seeded(next("constant"), {.w = 1, .h = 1, .c = e.c, .n = 1}, 1, 0.1F);
}

ValueId Layers::channel_shift(const Extents& e) {
  return seeded(next("constant"), {.w = 1, .h = 1, .c = e.c, .n = 1}, 0, 0.1F);
}

ValueId Layers::layer_norm(ValueId x, kernels::Axis axis) {
  Attributes a;
  a.axes = axis;
  a.epsilon = 1e-5;
  Extents one{.w = 1, .h = 1, .c = 1, .n = 1};
  (axis == kernels::axis_w ? one.w : one.c) = axis == kernels::axis_w ? extents(x).w : extents(x).c;
  const ValueId source = fp16(x), scale = seeded(next("constant"), one, 1, 0.1F),
                shift = seeded(next("constant"), one, 0, 0.1F);
  return graph_.node("layer_norm", next("layer_norm"), {source, scale, shift}, a);
}

ValueId Layers::rms_norm(ValueId x) {
  const ValueId source = fp16(x), scale = channel_scale(extents(x));
  Attributes a;
  a.operation = "mean_squares";
  a.axes = kernels::axis_c;
  a.add = 1e-5;
  a.activation = "rsqrt";
  const ValueId inverse = graph_.node("reduce", next("rms"), {source}, a);
  return multiply(multiply(source, inverse), scale);
}

ValueId Layers::group_norm(ValueId x, std::int64_t groups) {
  const Extents e = extents(x);
  // Channels of a group become rows, so that one reduction covers them.
  const ValueId grouped = reshape(x, {.w = e.w, .h = e.h * (e.c / groups), .c = groups, .n = e.n});
  Attributes a;
  a.axes = kernels::axis_w | kernels::axis_h;
  a.epsilon = 1e-5;
  const ValueId normal = graph_.node("layer_norm", next("group_norm"), {grouped}, a);
  const ValueId back = reshape(normal, e);
  const ValueId scaled = multiply(back, channel_scale(e));
  return add(scaled, channel_shift(e));
}

ValueId Layers::concat(const std::vector<ValueId>& parts, unsigned axis) {
  Attributes a;
  a.axis = static_cast<int>(axis);
  std::vector<ValueId> sources;
  for (const ValueId p : parts) sources.push_back(fp16(p));
  return graph_.node("concat", next("concat"), std::move(sources), a);
}

ValueId Layers::reshape(ValueId x, const Extents& to) {
  if (extents(x) == to) return fp16(x);
  Attributes a;
  a.extents = to;
  return graph_.node("reshape", next("reshape"), {fp16(x)}, a);
}

ValueId Layers::slice_channels(ValueId x, std::int64_t begin, std::int64_t count) {
  Attributes a;
  a.begin.c = begin;
  a.extents = extents(x);
  a.extents.c = count;
  return graph_.node("slice", next("slice"), {x}, a);
}

ValueId Layers::permute(ValueId x, const std::array<int, 4>& permutation) {
  Attributes a;
  a.permutation = permutation;
  return graph_.node("transpose", next("transpose"), {fp16(x)}, a);
}

ValueId Layers::product(ValueId a, ValueId b) {
  return graph_.node("matmul", next("matmul"), {fp16(a), fp16(b)});
}

ValueId Layers::upsample(ValueId x) {
  const Extents e = extents(x);
  if (!numbers_.texture_unit) {
    // Columns side by side, where a resize has them interleaved: the same traffic.
    const ValueId wide = concat({x, x}, kernels::axis_w);
    return concat({wide, wide}, kernels::axis_h);
  }
  // The texture unit reads one row of all positions, as long as the shortest of the chips' limits.
  constexpr std::int64_t longest_row = 16384;
  if (e.w * e.h > longest_row && e.h > 1) {
    const auto rows = [&](std::int64_t begin, std::int64_t count) {
      Attributes a;
      a.begin.h = begin;
      a.extents = e;
      a.extents.h = count;
      return upsample(graph_.node("slice", next("slice"), {fp16(x)}, a));
    };
    const ValueId top = rows(0, e.h / 2);
    return concat({top, rows(e.h / 2, e.h - e.h / 2)}, kernels::axis_h);
  }
  const ValueId flat = reshape(x, {.w = e.w * e.h, .h = 1, .c = e.c * e.n, .n = 1});
  ValueId index = 0;
  if (numbers_.seed) {
    Tensor t(Format::i32, {1, 1, 2 * e.h, 2 * e.w});
    std::size_t at = 0;
    for (std::int64_t h = 0; h < 2 * e.h; ++h)
      for (std::int64_t w = 0; w < 2 * e.w; ++w)
        t.as<std::int32_t>()[at++] = static_cast<std::int32_t>(h / 2 * e.w + w / 2);
    index = graph_.constant(next("index"), std::move(t));
  } else {
    index = graph_.shape_only(next("index"),
                              {Format::i32, {.w = 2 * e.w, .h = 2 * e.h, .c = 1, .n = 1}});
  }
  const ValueId large = graph_.node("gather", next("resize"), {flat, index});
  return reshape(large, {.w = 2 * e.w, .h = 2 * e.h, .c = e.c, .n = e.n});
}

ValueId Layers::attention(ValueId q, ValueId k, ValueId v, std::int64_t heads,
                          std::int64_t kv_heads, ValueId mask) {
  const Extents qe = extents(q), ke = extents(k);
  const std::int64_t size = qe.c / heads;
  const ValueId queries = reshape(q, {.w = qe.w, .h = 1, .c = size, .n = qe.n * heads});
  const ValueId keys = reshape(k, {.w = ke.w, .h = 1, .c = size, .n = ke.n * kv_heads});
  const ValueId values = reshape(v, {.w = ke.w, .h = 1, .c = size, .n = ke.n * kv_heads});
  ValueId scores = product(queries, keys);  // [heads, keys, 1, queries]
  if (mask >= 0) scores = add(scores, mask);
  scores = softmax(scores, kernels::axis_c);
  const ValueId mixed = product(scores, permute(values, {0, 3, 2, 1}));
  return reshape(mixed, {.w = qe.w, .h = 1, .c = qe.c, .n = qe.n});
}

double attention_gain(std::int64_t head_size) {
  return 1 / std::sqrt(static_cast<double>(head_size));
}

}  // namespace ane::workloads
