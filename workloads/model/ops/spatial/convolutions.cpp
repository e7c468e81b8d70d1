// Convolutions and transposed convolutions of any rank.
#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "isa/error.h"
#include "isa/saturated.h"
#include "workloads/model/mapping.h"
#include "workloads/model/ops/codes/codes.h"
#include "workloads/model/ops/families.h"
#include "workloads/model/ops/gemm.h"
#include "workloads/model/ops/spatial/windows.h"

namespace ane::workloads::model::ops {

using I = std::int64_t;
using List = Wholes;

List list_or(const Use& u, const char* name, std::size_t size, I otherwise) {
  List l = u.list(name);
  if (l.empty()) l.assign(size, otherwise);
  u.require(l.size() == size, fmt::format("{} of {} numbers in place of {}", name, l.size(), size));
  return l;
}

Layout planes(const Shape& s) {
  Layout l;
  if (s[0] != 1) l.of[Layout::n] = {0};
  if (s[1] != 1) l.of[Layout::c] = {1};
  const auto rank = static_cast<int>(s.size());
  if (rank == 4 && s[2] != 1) l.of[Layout::h] = {2};
  if (s.back() != 1) l.of[Layout::w] = {rank - 1};
  return l;
}

namespace {
// auto_pad, which stands in place of pads.
std::string automatic_of(const Use& u, const List& pads) {
  const std::string automatic = u.text("auto_pad", "NOTSET");
  u.require(automatic == "NOTSET" || std::ranges::all_of(pads, [](I p) { return p == 0; }),
            fmt::format("pads beside auto_pad {}", automatic));
  return automatic;
}

// What kernel_shape says, where it does, is what the kernel is.
void require_kernel(const Use& u, const Shape& kernel) {
  const List said = u.list("kernel_shape");
  u.require(said.empty() || std::equal(said.begin(), said.end(), kernel.begin() + 2, kernel.end()),
            fmt::format("a kernel of {}, and kernel_shape {}", kernels::to_string(kernel),
                        kernels::to_string(said)));
}
}  // namespace

Windows windows_of(const Use& u, std::vector<std::int64_t> kernel, const Shape& operand,
                   bool rounds_up) {
  u.require(operand.size() >= 3 && operand.size() == kernel.size() + 2,
            fmt::format("its window does not fit {}", kernels::to_string(operand)));
  const std::size_t n = kernel.size();
  Windows w;
  w.kernel = std::move(kernel);
  w.stride = list_or(u, "strides", n, 1);
  w.dilation = list_or(u, "dilations", n, 1);
  const List pads = list_or(u, "pads", 2 * n, 0);
  const std::string automatic = automatic_of(u, pads);
  for (std::size_t d = 0; d < n; ++d) {
    constexpr I most = 1 << 24;
    u.require(w.kernel[d] >= 1 && w.stride[d] >= 1 && w.dilation[d] >= 1 && w.kernel[d] < most &&
                  w.stride[d] < most && w.dilation[d] < most,
              "a window, stride or dilation below 1");
    const I in = operand[d + 2], wide = (w.kernel[d] - 1) * w.dilation[d] + 1;
    w.in.push_back(in);
    I before = pads[d], after = pads[d + n], out = 0;
    u.require(before > -most && after > -most && before < most && after < most,
              "padding out of range");
    if (automatic == "SAME_UPPER" || automatic == "SAME_LOWER") {
      out = (in + w.stride[d] - 1) / w.stride[d];
      const I all = std::max<I>(0, (out - 1) * w.stride[d] + wide - in);
      before = automatic == "SAME_UPPER" ? all / 2 : all - all / 2;
      after = all - before;
    } else {
      if (automatic == "VALID") before = after = 0;
      const I room = in + before + after - wide;
      u.require(room >= 0, fmt::format("its window of {} is larger than the padded operand", wide));
      out = (room + (rounds_up ? w.stride[d] - 1 : 0)) / w.stride[d] + 1;
      // A window that would begin in the padding behind is none.
      if (rounds_up && (out - 1) * w.stride[d] >= in + before) --out;
    }
    w.before.push_back(before);
    w.after.push_back(after);
    w.out.push_back(out);
  }
  return w;
}

namespace {

struct Conv {
  Windows w;
  I n = 0, cin = 0, cout = 0, groups = 1, taps = 1, plane_in = 1, plane_out = 1;
  Shape out;
};

Conv conv_of(const Use& u, std::size_t x, std::size_t k) {
  Conv c;
  const Shape &in = u.shape(x), &kernel = u.shape(k);
  u.require(kernel.size() >= 3, "a kernel of fewer axes than three");
  require_kernel(u, kernel);
  c.w = windows_of(u, List(kernel.begin() + 2, kernel.end()), in);
  c.groups = u.integer("group", 1);
  c.n = in[0], c.cin = in[1], c.cout = kernel[0];
  u.require(c.groups >= 1 && kernel[1] * c.groups == c.cin && c.cout % c.groups == 0,
            fmt::format("a kernel {} for {} channels in {} groups", kernels::to_string(kernel),
                        c.cin, c.groups));
  c.out = {c.n, c.cout};
  for (std::size_t d = 0; d < c.w.axes(); ++d) {
    c.out.push_back(c.w.out[d]);
    c.taps *= c.w.kernel[d], c.plane_in *= c.w.in[d], c.plane_out *= c.w.out[d];
  }
  return c;
}

// Windows as columns [cin/group * taps, positions] of one group of one item.
void columns_of(const Conv& c, const float* x, std::vector<float>& columns) {
  const I cin = c.cin / c.groups;
  columns.assign(static_cast<std::size_t>(cin * c.taps * c.plane_out), 0);
  List at(c.w.axes(), 0);
  I position = 0;
  do {
    each_tap(c.w, at, [&](I tap, I from) {
      for (I ch = 0; ch < cin; ++ch)
        columns[static_cast<std::size_t>((ch * c.taps + tap) * c.plane_out + position)] =
            x[ch * c.plane_in + from];
    });
    ++position;
  } while (next(at, c.w.out));
}

void convolve(const Conv& c, const float* x, const float* k, float* y) {
  const I cin = c.cin / c.groups, cout = c.cout / c.groups;
  if (c.plane_out == 0) return;
  std::vector<float> columns;
  for (I n = 0; n < c.n; ++n)
    for (I g = 0; g < c.groups; ++g) {
      columns_of(c, x + (n * c.cin + g * cin) * c.plane_in, columns);
      gemm(k + g * cout * cin * c.taps, columns.data(), y + (n * c.cout + g * cout) * c.plane_out,
           cout, c.plane_out, cin * c.taps);
    }
}

void add_bias(const Conv& c, const std::vector<float>& bias, std::vector<float>& y) {
  for (std::size_t k = 0; k < y.size(); ++k)
    y[k] += bias[k / static_cast<std::size_t>(c.plane_out) % bias.size()];
}

void require_bias(const Use& u, std::size_t operand, I channels) {
  u.require(!u.has(operand) || kernels::elements(u.shape(operand)) == channels,
            fmt::format("a bias for each of {} channels", channels));
}

void conv(Use& u) {
  const Conv c = conv_of(u, 0, 1);
  require_bias(u, 2, c.cout);
  Array* y = u.out(0, u.dtype(0), c.out);
  if (y == nullptr || y->size() == 0) return;
  convolve(c, u.reals(0).data(), u.reals(1).data(), y->f.data());
  if (u.has(2)) add_bias(c, u.reals(2), y->f);
}

// Whole numbers: one position at a time.
void convolve_integers(const Conv& c, const List& x, const List& k, List& y) {
  const I cin = c.cin / c.groups, cout = c.cout / c.groups;
  for (I n = 0; n < c.n; ++n)
    for (I o = 0; o < c.cout && c.plane_out > 0; ++o) {
      List at(c.w.axes(), 0);
      I position = 0;
      do {
        I sum = 0;
        each_tap(c.w, at, [&](I tap, I from) {
          for (I ch = 0; ch < cin; ++ch)
            sum +=
                x[static_cast<std::size_t>((n * c.cin + o / cout * cin + ch) * c.plane_in + from)] *
                k[static_cast<std::size_t>((o * cin + ch) * c.taps + tap)];
        });
        y[static_cast<std::size_t>((n * c.cout + o) * c.plane_out + position++)] = sum;
      } while (next(at, c.w.out));
    }
}

List less_zero(Use& u, std::size_t operand, std::size_t zero, I channels) {
  List v = u.integers(operand);
  if (!u.has(zero)) return v;
  const List z = u.integers(zero);
  u.require(z.size() == 1 || static_cast<I>(z.size()) == channels,
            "one zero point, or one a channel");
  const std::size_t run = v.size() / std::max<std::size_t>(1, z.size());
  for (std::size_t k = 0; k < v.size(); ++k)
    v[k] -= z[run == 0 ? 0 : std::min(k / run, z.size() - 1)];
  return v;
}

void conv_integer(Use& u) {
  const Conv c = conv_of(u, 0, 1);
  Array* y = u.out(0, Dtype::i32, c.out);
  if (y == nullptr) return;
  convolve_integers(c, less_zero(u, 0, 2, 1), less_zero(u, 1, 3, c.cout), y->i);
}

// x, scale, zero, w, scale, zero, scale, zero, bias
void qlinear_conv(Use& u) {
  const Conv c = conv_of(u, 0, 3);
  require_bias(u, 8, c.cout);
  Array* y = u.out(0, u.has(7) ? u.dtype(7) : u.dtype(0), c.out);
  if (y == nullptr) return;
  convolve_integers(c, less_zero(u, 0, 2, 1), less_zero(u, 3, 5, c.cout), y->i);
  const Array& scale = u.data(4);
  const List bias = u.has(8) ? u.integers(8) : List(static_cast<std::size_t>(c.cout), 0);
  u.require(scale.size() == 1 || scale.size() == c.cout, "a scale for each channel");
  const double step = u.scalar(1) / u.scalar(6), zero = u.scalar_or(7, 0);
  const double low = y->type.dtype == Dtype::u8 ? 0 : -128, high = low + 255;
  for (I k = 0; k < y->size(); ++k) {
    const I channel = k / c.plane_out % c.cout;
    const double sum = y->number(k) + static_cast<double>(bias[static_cast<std::size_t>(channel)]);
    const double q =
        std::nearbyint(sum * step * scale.number(scale.size() == 1 ? 0 : channel)) + zero;
    y->set(k, std::clamp(q, low, high));
  }
}

// The gradient of a convolution: each element of the operand adds a kernel to the result.
void conv_transpose(Use& u) {
  const Shape &in = u.shape(0), &kernel = u.shape(1);
  const std::size_t axes = kernel.size() < 3 ? 0 : kernel.size() - 2;
  u.require(axes >= 1 && in.size() == axes + 2, "a kernel that does not fit the operand");
  const I groups = u.integer("group", 1);
  u.require(groups >= 1 && kernel[0] == in[1] && in[1] % groups == 0,
            "a kernel for other channels");
  require_kernel(u, kernel);
  const List stride = list_or(u, "strides", axes, 1), dilation = list_or(u, "dilations", axes, 1),
             extra = list_or(u, "output_padding", axes, 0), said = u.list("output_shape");
  List pads = list_or(u, "pads", 2 * axes, 0);
  const std::string automatic = automatic_of(u, pads);
  Shape out{in[0], kernel[1] * groups};
  for (std::size_t d = 0; d < axes; ++d) {
    constexpr I most = 1 << 24;
    u.require(stride[d] >= 1 && dilation[d] >= 1 && stride[d] < most && dilation[d] < most &&
                  in[d + 2] >= 1 && extra[d] >= 0 && extra[d] < most,
              "a stride or dilation below 1");
    const I full =
        ((Saturated(in[d + 2]) - 1) * stride[d] + extra[d] + (kernel[d + 2] - 1) * dilation[d] + 1)
            .value();
    I extent = full - pads[d] - pads[d + axes];
    if (automatic.starts_with("SAME") && said.empty()) extent = in[d + 2] * stride[d];
    if (!said.empty()) extent = said.at(said.size() == axes ? d : d + 2);
    if (!said.empty() || automatic.starts_with("SAME")) {
      const I all = std::max<I>(0, full - extent);
      pads[d] = automatic == "SAME_UPPER" ? all / 2 : all - all / 2;
      pads[d + axes] = all - pads[d];
    }
    u.require(extent >= 1, "nothing is left of the result");
    out.push_back(extent);
  }
  require_bias(u, 2, out[1]);
  Array* y = u.out(0, u.dtype(0), out);
  if (y == nullptr) return;
  const Reals &x = u.reals(0), &k = u.reals(1);
  const I cin = in[1] / groups, cout = kernel[1];
  I plane_in = 1, plane_out = 1, taps = 1;
  for (std::size_t d = 0; d < axes; ++d)
    plane_in *= in[d + 2], plane_out *= out[d + 2], taps *= kernel[d + 2];
  // Products first, [taps * cout, positions] a group; then each lands where it belongs.
  std::vector<float> turned(static_cast<std::size_t>(cout * taps * cin)), products;
  const List inner(in.begin() + 2, in.end()), window(kernel.begin() + 2, kernel.end());
  for (I n = 0; n < in[0]; ++n)
    for (I g = 0; g < groups; ++g) {
      for (I i = 0; i < cin; ++i)
        for (I o = 0; o < cout * taps; ++o)
          turned[static_cast<std::size_t>(o * cin + i)] =
              k[static_cast<std::size_t>((g * cin + i) * cout * taps + o)];
      products.assign(static_cast<std::size_t>(cout * taps * plane_in), 0);
      gemm(turned.data(), x.data() + (n * in[1] + g * cin) * plane_in, products.data(), cout * taps,
           plane_in, cin);
      List at(axes, 0);
      I position = 0;
      do {
        List tap(axes, 0);
        I t = 0;
        do {
          I to = 0;
          bool inside = true;
          for (std::size_t d = 0; d < axes && inside; ++d) {
            const I p = at[d] * stride[d] + tap[d] * dilation[d] - pads[d];
            inside = p >= 0 && p < out[d + 2];
            to = to * out[d + 2] + p;
          }
          if (inside)
            for (I o = 0; o < cout; ++o)
              y->f[static_cast<std::size_t>((n * out[1] + g * cout + o) * plane_out + to)] +=
                  products[static_cast<std::size_t>((o * taps + t) * plane_in + position)];
          ++t;
        } while (next(tap, window));
        ++position;
      } while (next(at, inner));
    }
  if (!u.has(2)) return;
  const Reals& bias = u.reals(2);
  for (std::size_t i = 0; i < y->f.size(); ++i)
    y->f[i] += bias[i / static_cast<std::size_t>(plane_out) % bias.size()];
}

// ---- on the accelerator

constexpr Why three_axes{
    "R3", "windows over three axes: the accelerator's slide over rows and columns", "",
    "a convolution over two axes for each step of the third, and their sum"};

// Padding with zeros in front of the convolution is its own, where nothing else reads it.
struct Padded {
  ValueId x;
  List before, after;
};
std::optional<Padded> padding_before(Mapper& m, std::size_t axes) {
  const BoundNode* pad = m.maker(0);
  if (pad == nullptr || pad->op->name != "Pad") return std::nullopt;
  const Use u = m.use_of(*pad);
  const bool old = u.node.version < 11;
  if (u.has(3) || u.text("mode", "constant") != "constant") return std::nullopt;
  const double fill = old        ? static_cast<double>(u.real("value", 0))
                      : u.has(2) ? (u.known(2) ? values_of(u.in(2))->number(0) : 1)
                                 : 0;
  if (fill != 0 || (!old && !u.known(1))) return std::nullopt;
  const List given =
      old ? (u.says("pads") ? u.list("pads") : u.list("paddings")) : values_of(u.in(1))->i;
  const std::size_t rank = u.rank(0);
  if (given.size() != 2 * rank || rank != axes + 2) return std::nullopt;
  for (std::size_t d = 0; d < rank; ++d)
    if (given[d] < 0 || given[d + rank] < 0 || (d < 2 && (given[d] != 0 || given[d + rank] != 0)))
      return std::nullopt;
  Padded p{m.operand_of(*pad, 0, planes(u.shape(0))), {}, {}};
  for (std::size_t d = 2; d < rank; ++d)
    p.before.push_back(given[d]), p.after.push_back(given[d + rank]);
  return p;
}

int small(I v) {
  return static_cast<int>(std::clamp<I>(v, -(1 << 24), 1 << 24));
}

constexpr Why computed_kernel{
    "C7", "a kernel that is computed: the engines stream kernels that are known before the call",
    "", "a constant kernel, or MatMul"};

// A kernel without its numbers.
std::shared_ptr<kernels::Parameters> kernel_of(const Conv& c, const Mapper& m, bool bias) {
  const bool flat = c.w.axes() == 1;
  return m.parameters(c.cout, c.cin / c.groups, flat ? 1 : small(c.w.kernel[0]),
                      small(c.w.kernel[flat ? 0 : 1]), bias);
}

Attributes attributes_of(const Conv& c) {
  const bool flat = c.w.axes() == 1;
  const std::size_t col = flat ? 0 : 1;
  Attributes a;
  a.stride_w = small(c.w.stride[col]), a.dilation_w = small(c.w.dilation[col]);
  a.pad_left = small(c.w.before[col]), a.pad_right = small(c.w.after[col]);
  if (!flat) {
    a.stride_h = small(c.w.stride[0]), a.dilation_h = small(c.w.dilation[0]);
    a.pad_top = small(c.w.before[0]), a.pad_bottom = small(c.w.after[0]);
  }
  a.groups = c.groups;
  return a;
}

std::optional<Why> map_conv(const Use& u, Mapper& m) {
  Conv c = conv_of(u, 0, 1);
  if (c.w.axes() > 2) return three_axes;
  if (!u.known(1) || (u.has(2) && !u.known(2))) return computed_kernel;
  const Layout layout = planes(u.shape(0));
  auto p = kernel_of(c, m, u.has(2));
  const Coded* coded = u.in(1).coded.get();
  const auto weights = coded != nullptr ? code_weights(*coded, 0) : std::nullopt;
  const auto codes = coded_operand(u, m, 0);
  if (codes && weights && m.machine().int8_macs) {
    const Data bias = u.has(2) ? values_of(u.in(2)) : nullptr;
    take_codes(*p, *weights, codes->coding, false, bias != nullptr ? &bias->f : nullptr,
               m.values());
    m.result(0, m.node("conv", {m.operand_of(*codes->from, 0, layout)}, attributes_of(c), p),
             planes(c.out));
    return std::nullopt;
  }
  if (coded != nullptr) p->format = m.format_of_codes(codes.has_value());
  if (m.values()) {
    p->weights = values_of(u.in(1))->f;
    if (u.has(2)) p->bias = values_of(u.in(2))->f;
  }
  ValueId x = 0;
  if (auto padded = padding_before(m, c.w.axes())) {
    x = padded->x;
    for (std::size_t d = 0; d < c.w.axes(); ++d)
      c.w.before[d] += padded->before[d], c.w.after[d] += padded->after[d];
  } else {
    x = m.operand(0, layout);
  }
  m.result(0, m.node("conv", {x}, attributes_of(c), p), planes(c.out));
  return std::nullopt;
}

// Codes in, codes out; in fp16 between where the chip multiplies no INT8.
std::optional<Why> map_qlinear_conv(const Use& u, Mapper& m) {
  const Conv c = conv_of(u, 0, 3);
  if (c.w.axes() > 2) return three_axes;
  for (const std::size_t k : {3, 4, 5, 8})
    if (u.has(k) && !u.known(k)) return computed_kernel;
  Coding in, out;
  if (const auto why = coding_of(u, 1, 2, u.dtype(0), in)) return why;
  if (const auto why = coding_of(u, 6, 7, u.outputs().at(0).type.dtype, out)) return why;
  const Coded coded{.codes = u.in(3),
                    .scales = values_of(u.in(4)),
                    .zeros = u.has(5) ? values_of(u.in(5)) : nullptr,
                    .axis = 0};
  auto p = kernel_of(c, m, u.has(8));
  Reals bias;
  if (u.has(8)) {
    const Data sums = values_of(u.in(8));
    for (I o = 0; o < c.cout; ++o)
      bias.push_back(static_cast<float>(sums->number(o) * in.scale *
                                        coded.scales->number(coded.scales->size() == 1 ? 0 : o)));
  }
  ValueId x = m.operand(0, planes(u.shape(0)));
  Attributes a = attributes_of(c);
  a.scale = out.scale, a.zero = out.zero;
  const auto weights = code_weights(coded, 0);
  if (weights && m.machine().int8_macs) {
    take_codes(*p, *weights, in, false, u.has(8) ? &bias : nullptr, m.values());
  } else {
    x = m.dequantised(x, in.scale, in.zero);
    p->format = m.format_of_codes(true);
    if (m.values()) p->weights = dequantised_values(coded), p->bias = bias;
  }
  m.result(0, m.node("conv", {x}, a, p), planes(c.out));
  return std::nullopt;
}

// The phases of the result as channels of one convolution, then channels to space: out[q s + p] =
// sum over t of x[q - t] k[p + s t].
std::optional<Why> map_conv_transpose(const Use& u, Mapper& m) {
  const Shape &in = u.shape(0), &kernel = u.shape(1), &out = m.result_shape();
  const std::size_t axes = in.size() - 2;
  if (axes > 2) return three_axes;
  if (!u.known(1) || (u.has(2) && !u.known(2)))
    return Why{
        "C7",
        "a kernel that is computed: the engines stream kernels that are known before the call", "",
        "a constant kernel"};
  const List stride = list_or(u, "strides", axes, 1), dilation = list_or(u, "dilations", axes, 1),
             pads = list_or(u, "pads", 2 * axes, 0);
  for (const I d : dilation)
    if (d != 1)
      return Why{"C8", "a transposed convolution with dilation", "", "Resize and a convolution"};
  if (u.text("auto_pad", "NOTSET") != "NOTSET" || u.says("output_shape"))
    return Why{"C8", "a transposed convolution whose padding is derived from its result", "",
               "pads and output_padding"};
  const I groups = u.integer("group", 1), cin = in[1] / groups, cout = kernel[1];
  const bool flat = axes == 1;
  const I sh = flat ? 1 : stride[0], sw = stride[axes - 1], kh = flat ? 1 : kernel[2],
          kw = kernel.back();
  const I th = (kh + sh - 1) / sh, tw = (kw + sw - 1) / sw, h = flat ? 1 : in[2], w = in.back();
  const I qh = h + th - 1, qw = w + tw - 1, top = flat ? 0 : pads[0], left = pads[axes - 1];
  const I oh = flat ? 1 : out[2], ow = out.back();
  if (top + oh > qh * sh || left + ow > qw * sw || top < 0 || left < 0 || th > 1000 || tw > 1000)
    return Why{"C8", "a result larger than its windows reach", "", "no output_padding"};
  auto p =
      m.parameters(cout * groups * sh * sw, cin, static_cast<int>(th), static_cast<int>(tw), false);
  if (m.values()) {
    const Data k = values_of(u.in(1));
    p->weights.assign(static_cast<std::size_t>(p->count()), 0);
    for (I g = 0; g < groups; ++g)
      for (I o = 0; o < cout; ++o)
        for (I py = 0; py < sh; ++py)
          for (I px = 0; px < sw; ++px)
            for (I i = 0; i < cin; ++i)
              for (I ty = 0; ty < th; ++ty)
                for (I tx = 0; tx < tw; ++tx) {
                  const I ky = py + sh * (th - 1 - ty), kx = px + sw * (tw - 1 - tx);
                  if (ky >= kh || kx >= kw) continue;
                  const I channel = ((g * cout + o) * sh + py) * sw + px;
                  p->weights[static_cast<std::size_t>(((channel * cin + i) * th + ty) * tw + tx)] =
                      k->f[static_cast<std::size_t>((((g * cin + i) * cout + o) * kh + ky) * kw +
                                                    kx)];
                }
  }
  Attributes a;
  a.groups = groups;
  a.pad_left = a.pad_right = static_cast<int>(tw - 1),
  a.pad_top = a.pad_bottom = static_cast<int>(th - 1);
  ValueId y = m.node("conv", {m.operand(0, planes(in))}, a, p);
  const I c = in[0] * cout * groups;
  if (sw > 1) {  // [c sh, sw, qh, qw] -> [c sh, qh, qw, sw]
    y = m.reshape(y, {.w = qw, .h = qh, .c = sw, .n = c * sh});
    y = m.transpose(y, {0, 2, 3, 1});
  }
  if (sh > 1) {  // [c, sh, qh, qw sw] -> [c, qh, sh, qw sw]
    y = m.reshape(y, {.w = qw * sw, .h = qh, .c = sh, .n = c});
    y = m.transpose(y, {0, 2, 1, 3});
  }
  y = m.reshape(y, {.w = qw * sw, .h = qh * sh, .c = cout * groups, .n = in[0]});
  y = m.slice(m.slice(y, Layout::h, top, oh), Layout::w, left, ow);
  if (u.has(2))
    y = m.elementwise("add", y,
                      m.constant("bias", {.w = 1, .h = 1, .c = cout * groups, .n = 1},
                                 m.values() ? values_of(u.in(2))->f : Reals{}));
  m.result(0, y, planes(out));
  return std::nullopt;
}

kernels::Work work_with(const Use& u, std::size_t kernel, bool back) {
  const Shape &k = u.shape(kernel), &in = u.shape(0), &out = u.outputs().at(0).type.shape;
  I taps = 1, plane = 1;
  for (std::size_t d = 2; d < k.size(); ++d) taps *= k[d], plane *= (back ? in : out)[d];
  // Of the transposed one each element of the operand meets the whole kernel.
  const I inner = k[1] * taps, rows = in[0] * plane;
  kernels::Work w{.kind = kernels::WorkKind::conv,
                  .macs = Macs{rows * (back ? in[1] : out[1]) * inner}};
  w.read = Bytes{kernels::elements(in)};
  w.written = Bytes{kernels::elements(out)};
  w.weights = Bytes{kernels::elements(k)};
  w.m = rows, w.n = back ? k[1] * taps : out[1], w.k = back ? in[1] : inner;
  w.bias = u.has(2);
  return w;
}
kernels::Work conv_work(const Use& u) {
  return work_with(u, 1, false);
}
kernels::Work qlinear_work(const Use& u) {
  return work_with(u, 3, false);
}
kernels::Work transpose_work(const Use& u) {
  return work_with(u, 1, true);
}

}  // namespace

Family convolutions() {
  const std::vector<Rule> slid{text("auto_pad", automatic_padding), wholes("dilations"),
                               wholes("kernel_shape"), wholes("pads"), wholes("strides")};
  static const std::vector<Operator> all{
      {.name = "Conv",
       .run = conv,
       .takes = takes(2, 3).with(slid).with({whole("group", 1)}),
       .work = conv_work,
       .map = map_conv},
      {.name = "ConvTranspose",
       .run = conv_transpose,
       .takes = takes(2, 3).with(slid).with(
           {whole("group", 1), wholes("output_padding"), wholes("output_shape")}),
       .work = transpose_work,
       .map = map_conv_transpose},
      {.name = "ConvInteger",
       .since = 10,
       .run = conv_integer,
       .takes = takes(2, 4).with(slid).with({whole("group", 1)}),
       .work = conv_work,
       .why = sums_of_codes},
      {.name = "QLinearConv",
       .since = 10,
       .run = qlinear_conv,
       .takes = takes(8, 9).with(slid).with({whole("group", 1)}),
       .work = qlinear_work,
       .map = map_qlinear_conv,
       .mapped_wholes = WholeNumbers::of_8_bits},
  };
  return all;
}

}  // namespace ane::workloads::model::ops
