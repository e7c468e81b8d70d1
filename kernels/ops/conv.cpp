// Convolution (2-D, and 1-D as one row) and linear, its 1x1 case: the operators that the MAC array
// exists for. Reads stride, dilation, pad, groups, activation and alpha; parameters hold the
// kernel. A second input of the result's extents is added before the activation, in the same task:
// the planar engine takes what the neural engines make ("one addition joins its producer" [S1,
// S2]).
//
// With attribute `scale` (and `zero`) the result is INT8 codes: quantised on the way out, as the
// next layer of an integer chain reads it [Q3].
//
// A dilated kernel is expanded with zeros (as Apple's compiler does: docs/isa/ne.md), which the
// sparse stream or the chip's zero skipping may leave out.
#include <array>
#include <cmath>

#include "kernels/arith/weights.h"
#include "kernels/lowering.h"
#include "kernels/ops/ops.h"

namespace ane::kernels {
namespace {

std::int64_t positions(std::int64_t extent, int before, int after, int kernel, int stride,
                       int dilation) {
  return (extent + before + after - (dilation * (kernel - 1) + 1)) / stride + 1;
}

TensorType shape(const Call& call) {
  const Extents& x = call.inputs[0].e;
  const Attributes& a = call.attributes;
  require(call.parameters != nullptr, call, "a convolution needs parameters");
  const Parameters& p = *call.parameters;
  require(a.groups >= 1 && x.c == p.cin * a.groups, call,
          "input has " + std::to_string(x.c) + " channels, the kernel takes " +
              std::to_string(p.cin * a.groups));
  require(p.cout % a.groups == 0, call, "output channels are no multiple of the groups");
  require((call.inputs[0].format == Format::i8) == (isa::is_integer(p.format)), call,
          "integer weights go with an int8 input and no other");
  const TensorType out{
      quantised_format(call),
      {.w = positions(x.w, a.pad_left, a.pad_right, p.kw, a.stride_w, a.dilation_w),
       .h = positions(x.h, a.pad_top, a.pad_bottom, p.kh, a.stride_h, a.dilation_h),
       .c = p.cout,
       .n = x.n}};
  require(out.e.w >= 1 && out.e.h >= 1, call, "the kernel is larger than the padded input");
  if (call.inputs.size() > 1)
    require(call.inputs[1] == TensorType{Format::fp16, out.e}, call,
            "what is added must be " + to_string(TensorType{Format::fp16, out.e}) + ", not " +
                to_string(call.inputs[1]));
  return out;
}

std::optional<Refusal> refuse(const Call& call, const isa::Machine& m) {
  if (const auto r = refuse_extents(call, m)) return r;
  const Parameters& p = *call.parameters;
  const Attributes& a = call.attributes;
  const int kw = a.dilation_w * (p.kw - 1) + 1, kh = a.dilation_h * (p.kh - 1) + 1;
  if (kw > m.max_kernel_width)
    return Refusal{"C1", "the kernel is " + std::to_string(kw) + " columns wide; the limit is " +
                             std::to_string(m.max_kernel_width)};
  if (kh > m.max_kernel_height)
    return Refusal{"C2", "the kernel is " + std::to_string(kh) + " rows high; the limit is " +
                             std::to_string(m.max_kernel_height)};
  if (a.stride_w > 15 || a.stride_h > 15) return Refusal{"C3", "a stride above 15"};
  // The kernel memory holds the stream: taps, not the zeros that dilation puts between them.
  if (p.cin * p.kh * p.kw * 2 > m.kernel_memory.count)
    return Refusal{"C4", "one output channel's weights (" +
                             std::to_string(p.cin * p.kh * p.kw * 2) +
                             " B) exceed a kernel memory"};
  if (isa::is_integer(p.format) && !m.int8_macs)
    return Refusal{"C5", "this chip has no INT8 multiply-accumulate"};
  // A task's source is the part of the input that its windows see.
  const Extents &x = call.inputs[0].e, &o = call.output.e;
  if (a.pad_left >= kw || a.pad_top >= kh || (o.w - 1) * a.stride_w - a.pad_left >= x.w ||
      (o.h - 1) * a.stride_h - a.pad_top >= x.h)
    return Refusal{"C6", "padding as large as the kernel: some of its windows see nothing else"};
  return std::nullopt;
}

Work work(const Call& call) {
  const Parameters& p = *call.parameters;
  const Extents& o = call.output.e;
  const std::int64_t k = p.cin * p.kh * p.kw;
  return {.kind = p.kh * p.kw == 1 && call.attributes.groups == 1 ? WorkKind::gemm : WorkKind::conv,
          .macs = {o.count() * k},
          .other_flops = (call.attributes.activation == "none" ? 0 : o.count()) +
                         (call.inputs.size() > 1 ? o.count() : 0),
          .read = input_bytes(call),
          .written = {call.output.bytes()},
          .weights = {p.count() * 2},
          .m = o.n * o.h * o.w,
          .n = p.cout,
          .k = k};
}

// The scalar reference: one output at a time, products in the order kh, kw, cin [N4].
void reference(const Call& call, const Arithmetic& arithmetic,
               std::span<const Tensor* const> inputs, Tensor& output) {
  const Attributes& a = call.attributes;
  const Parameters& p = *call.parameters;
  const Extents &x = call.inputs[0].e, &o = call.output.e;
  const bool integer = isa::is_integer(p.format);
  const arith::Activation act = activation_of(call);
  const int add = function_index(isa::elementwise_operations, "add", call.name);
  // A dilated kernel has zeros between its taps, and they count: times an infinity they make a NaN
  // in `ieee`. Codes know no infinities.
  const std::vector<double> w =
      integer ? std::vector<double>{} : arithmetic.weights(p, a.dilation_w, a.dilation_h);
  const int step_h = integer ? a.dilation_h : 1, step_w = integer ? a.dilation_w : 1;
  const int kh = integer ? p.kh : a.dilation_h * (p.kh - 1) + 1;
  const int kw = integer ? p.kw : a.dilation_w * (p.kw - 1) + 1;
  const std::int64_t k = p.cin * kh * kw;
  const std::int64_t group_out = p.cout / a.groups;
  std::vector<double> window(static_cast<std::size_t>(k));
  std::vector<std::int8_t> codes(static_cast<std::size_t>(k)), kernel(static_cast<std::size_t>(k));
  const auto source = integer ? inputs[0]->as<const std::int8_t>() : std::span<const std::int8_t>{};
  for (std::int64_t n = 0; n < o.n; ++n)
    for (std::int64_t g = 0; g < a.groups; ++g)
      for (std::int64_t oy = 0; oy < o.h; ++oy)
        for (std::int64_t ox = 0; ox < o.w; ++ox) {
          std::size_t at = 0;
          for (int ky = 0; ky < kh; ++ky)
            for (int kx = 0; kx < kw; ++kx)
              for (std::int64_t c = 0; c < p.cin; ++c, ++at) {
                const std::int64_t iy = oy * a.stride_h + ky * step_h - a.pad_top;
                const std::int64_t ix = ox * a.stride_w + kx * step_w - a.pad_left;
                const bool inside = iy >= 0 && iy < x.h && ix >= 0 && ix < x.w;
                const std::int64_t from = inside ? position(x, n, g * p.cin + c, iy, ix) : 0;
                if (integer)
                  codes[at] = inside ? source[static_cast<std::size_t>(from)]
                                     : static_cast<std::int8_t>(p.zero_in);
                else
                  window[at] = inside ? element(*inputs[0], from) : 0;
              }
          for (std::int64_t c = g * group_out; c < (g + 1) * group_out; ++c) {
            const auto channel = static_cast<std::size_t>(c);
            double y = 0;
            if (integer) {
              std::size_t i = 0;  // codes are [cout, cin, kh, kw]
              for (int ky = 0; ky < p.kh; ++ky)
                for (int kx = 0; kx < p.kw; ++kx)
                  for (std::int64_t ci = 0; ci < p.cin; ++ci, ++i)
                    kernel[i] = p.codes[static_cast<std::size_t>(
                        ((c * p.cin + ci) * p.kh + ky) * p.kw + kx)];
              const arith::Half s = p.scale[p.scale.size() == 1 ? 0 : channel];
              y = arithmetic.dot8(codes, kernel, p.zero_in, p.bias8.empty() ? 0 : p.bias8[channel],
                                  s);
            } else {
              const double bias = p.bias.empty() ? 0 : arithmetic.constant(p.bias[channel]);
              y = arithmetic.dot(window,
                                 std::span(w).subspan(channel * static_cast<std::size_t>(k),
                                                      static_cast<std::size_t>(k)),
                                 p.bias.empty() ? nullptr : &bias, nullptr);
            }
            const std::int64_t here = position(o, n, c, oy, ox);
            if (inputs.size() > 1) y = arithmetic.elementwise(add, y, element(*inputs[1], here));
            set_result(call, arithmetic, output, here, arithmetic.unary(act, y));
          }
        }
}

// How many rows and columns of the result, and how many output channels, one task makes.
struct Tile {
  std::int64_t n, h, w, cout;
};

struct Geometry {
  const Attributes& a;
  const Parameters& p;
  Extents x, o;
  std::int64_t in_size, out_size;  // bytes of an element; 0 where the operand already lies in L2
  int kw, kh;                      // dilated
  std::int64_t add_size;           // bytes of an element of what is added; 0: nothing, or in L2

  std::int64_t in_rows(std::int64_t rows) const {
    return std::min(x.h, (rows - 1) * a.stride_h + kh);
  }
  std::int64_t in_columns(std::int64_t columns) const {
    return columns == o.w ? x.w : std::min(x.w, (columns - 1) * a.stride_w + kw);
  }
  std::int64_t bytes(const Tile& t) const {
    const std::int64_t cin = a.groups == 1 ? x.c : p.cin * t.cout / (p.cout / a.groups);
    // Operands that lie in L2 need none; each of the others starts on a line of 64 bytes.
    if (in_size == 0 && out_size == 0 && add_size == 0) return 0;
    return 320 + t.n * (in_size * cin * in_rows(t.h) * in_columns(t.w) +
                        (out_size + add_size) * t.cout * t.h * t.w);
  }
};

// The largest tile of `cout` channels that fits: batch items are cut first, then rows, then columns
// in multiples of 128, as Apple's compiler has them [S1], then of 32; in even parts. 0 columns when
// none fits.
Tile tile_of(const Geometry& g, std::int64_t room, std::int64_t cout) {
  Tile t{g.o.n, g.o.h, g.o.w, cout};
  const auto shrink = [&](std::int64_t& x, std::int64_t extent, std::int64_t step) {
    for (std::int64_t parts = 2; g.bytes(t) > room && x > step; ++parts)
      x = std::max(step, ((extent + parts - 1) / parts + step - 1) / step * step);
  };
  shrink(t.n, g.o.n, 1);
  shrink(t.h, g.o.h, 1);
  for (const std::int64_t step : {128, 32, 1})
    if (g.o.w > step) shrink(t.w, g.o.w, step);
  if (g.bytes(t) > room) t.w = 0;
  return t;
}

// One layer on its way to tasks: which part of it each makes.
class ConvLowering {
 public:
  ConvLowering(const Call& call, Lowering& lowering)
      : call_(call),
        lowering_(lowering),
        adds_(call.inputs.size() > 1),
        x_(lowering.input(0)),
        y_(lowering.output()),
        z_(adds_ ? lowering.input(1) : View{}),
        g_{call.attributes,
           *call.parameters,
           x_.e,
           y_.e,
           x_.where == Where::l2 ? 0 : isa::byte_size(x_.format),
           y_.where == Where::l2 ? 0 : isa::byte_size(y_.format),
           call.attributes.dilation_w * (call.parameters->kw - 1) + 1,
           call.attributes.dilation_h * (call.parameters->kh - 1) + 1,
           adds_ && z_.where == Where::memory ? isa::byte_size(z_.format) : 0} {}

  void lower() {
    const Tile t = choose_tile();
    for (std::int64_t c = 0; c < g_.p.cout; c += t.cout) {
      const std::int64_t couts = std::min(t.cout, g_.p.cout - c);
      const PlacedWeights weights = lowering_.place_weights(call_, c, couts);
      for (std::int64_t n = 0; n < y_.e.n; n += t.n)
        for (std::int64_t h = 0; h < y_.e.h; h += t.h)
          for (std::int64_t w = 0; w < y_.e.w; w += t.w)
            lowering_.emit(spec({.w = w, .h = h, .c = c, .n = n},
                                {std::min(t.n, y_.e.n - n), std::min(t.h, y_.e.h - h),
                                 std::min(t.w, y_.e.w - w), couts},
                                weights));
    }
  }

 private:
  // The task of the tile at `at`.
  TaskSpec spec(const Extents& at, const Tile& t, const PlacedWeights& weights) const {
    const Attributes& a = g_.a;
    const std::int64_t group_out = g_.p.cout / a.groups;
    // The window of this tile, cut to the input; what is cut off is padding.
    const std::int64_t top = at.h * a.stride_h - a.pad_top, left = at.w * a.stride_w - a.pad_left;
    const std::int64_t y0 = std::max<std::int64_t>(0, top), x0 = std::max<std::int64_t>(0, left);
    const std::int64_t y1 = std::min(x_.e.h, top + (t.h - 1) * a.stride_h + g_.kh);
    const std::int64_t x1 = std::min(x_.e.w, left + (t.w - 1) * a.stride_w + g_.kw);
    View in = x_.slice(axis_n, at.n, t.n)
                  .slice(axis_h, std::min(y0, x_.e.h - 1), std::max<std::int64_t>(1, y1 - y0))
                  .slice(axis_w, std::min(x0, x_.e.w - 1), std::max<std::int64_t>(1, x1 - x0));
    if (a.groups > 1)
      in = in.slice(axis_c, at.c / group_out * g_.p.cin, t.cout / group_out * g_.p.cin);
    TaskSpec s;
    s.in1 = in;
    const auto tile = [&](const View& v) {
      return v.slice(axis_n, at.n, t.n)
          .slice(axis_c, at.c, t.cout)
          .slice(axis_h, at.h, t.h)
          .slice(axis_w, at.w, t.w);
    };
    s.out = tile(y_);
    isa::Task& f = s.fields;
    f.ne = isa::NeOp::mac;
    if (adds_) {
      s.in2 = tile(z_);
      f.pe = isa::PeMode::ew;
      f.ew = function_index(isa::elementwise_operations, "add", call_.name);
    }
    lowering_.set_activation(f, adds_ ? f.pe_post : f.activation, call_);
    f.kw = g_.kw;
    f.kh = g_.kh;
    f.sx = a.stride_w;
    f.sy = a.stride_h;
    f.pad_left = static_cast<int>(x0 - left);
    f.pad_top = static_cast<int>(y0 - top);
    f.groups = a.groups == 1 ? 1 : t.cout / group_out;
    f.zero_in = g_.p.zero_in;
    lowering_.set_quantised(f, call_);
    f.kernel = weights.stream;
    f.skip = weights.skip;
    f.winograd = g_.kw == 3 && g_.kh == 3 && a.stride_w == 1 && a.stride_h == 1 &&
                 a.dilation_w == 1 && a.dilation_h == 1 && a.groups == 1 &&
                 weights.stream.format != isa::KernelFormat::sparse &&
                 !isa::is_integer(g_.p.format);
    return s;
  }

  // Of the tiles with all output channels and with fewer, the quickest by the law.
  Tile choose_tile() const {
    const std::int64_t room = lowering_.free_l2();
    // One engine's stream holds at most 16 MiB (research: streaming cap), counted decoded.
    const std::int64_t per_channel = g_.p.cin * g_.kh * g_.kw * 2;
    const std::int64_t most = std::max<std::int64_t>(1, (std::int64_t{16} << 20) / per_channel) *
                              lowering_.machine().cores;
    const std::int64_t group_out = g_.p.cout / g_.a.groups;
    const std::int64_t step = std::min(g_.p.cout, g_.a.groups == 1 ? 16 : group_out);
    std::int64_t cout = std::min(
        g_.p.cout, g_.a.groups == 1 ? most : std::max(group_out, most / group_out * group_out));
    std::vector<Tile> tiles;
    while (true) {
      if (const Tile t = tile_of(g_, room, cout); t.w > 0) tiles.push_back(t);
      if (cout <= step) break;
      cout = std::max(step, (cout / 2 + step - 1) / step * step);
    }
    const Tile best = tiles.empty() ? Tile{} : tiles[quickest(tiles)];
    if (best.w == 0)
      throw InputError(call_.name, "one row of one output channel does not fit in the free L2 (" +
                                       std::to_string(g_.bytes({1, 1, 1, step})) + " of " +
                                       std::to_string(room) + " B)");
    return best;
  }

  // The first of the quickest.
  static std::size_t least_of(const std::vector<double>& costs) {
    return static_cast<std::size_t>(std::ranges::min_element(costs) - costs.begin());
  }

  std::size_t quickest(const std::vector<Tile>& tiles) const {
    std::vector<double> costs;
    if (lowering_.law() == nullptr) {
      for (const Tile& t : tiles) costs.push_back(moved(t));
      return least_of(costs);
    }
    // One tile is no choice.
    if (tiles.size() == 1) return 0;
    for (const Tile& t : tiles) costs.push_back(seconds(t));
    return least_of(costs);
  }

  // Without a law, by the bytes that are moved: weights are read again for each tile unless the
  // kernel memories hold them, the input for each block of channels.
  double moved(const Tile& t) const {
    const auto real = [](std::int64_t x) { return static_cast<double>(x); };
    const auto parts = [](std::int64_t all, std::int64_t one) { return (all + one - 1) / one; };
    const std::int64_t tiles = parts(g_.o.n, t.n) * parts(g_.o.h, t.h) * parts(g_.o.w, t.w);
    const isa::Machine& m = lowering_.machine();
    const bool held = t.cout * g_.p.cin * g_.kh * g_.kw * 2 <= m.rates.kernel_memory.count;
    const std::int64_t blocks = g_.a.groups == 1 ? parts(g_.p.cout, t.cout) : 1;
    return real(g_.p.count() * 2) / m.rates.weight_bytes * real(held ? 1 : tiles) +
           real(g_.in_size * g_.x.count() * blocks) / m.rates.tile_bytes;
  }

  // By the law: full tiles and the smaller ones at the ends of each axis. The first task of a block
  // of output channels reads its weights; the others do not where the kernel memories hold them.
  double seconds(const Tile& t) const {
    const auto ends = [](std::int64_t all, std::int64_t one) {
      std::array<std::pair<std::int64_t, std::int64_t>, 2> e{{{one, all / one}, {all % one, 1}}};
      if (e[1].first == 0) e[1].second = 0;
      return e;
    };
    double total = 0;
    for (const auto& [c, blocks] : ends(g_.p.cout, t.cout)) {
      if (blocks == 0) continue;
      PlacedWeights weights;
      weights.stream = stream_of(c);
      const auto times = static_cast<double>(blocks);
      bool first = true;
      for (const auto& [n, ns] : ends(g_.o.n, t.n))
        for (const auto& [h, hs] : ends(g_.o.h, t.h))
          for (const auto& [w, ws] : ends(g_.o.w, t.w)) {
            const std::int64_t count = ns * hs * ws;
            if (count == 0) continue;
            const TaskLaw::Time one =
                lowering_.law()->time(Lowering::shaped(spec({0, 0, 0, 0}, {n, h, w, c}, weights)));
            const double with = one.with_weights, again = one.kept ? one.engine : with;
            total += times * static_cast<double>(count) * again;
            if (first) total += times * (with - again);
            first = false;
          }
    }
    return total;
  }

  // The stream of `count` output channels, as long as it will be. Where it lies in memory is not
  // known yet: silicon's compiler does not avoid colliding streams either [T8].
  isa::KernelStream stream_of(std::int64_t count) const {
    const Parameters& p = g_.p;
    isa::KernelStream s;
    s.enable = true;
    s.format = p.format;
    const std::int64_t row = p.cin * p.kh * p.kw;
    const std::int64_t channels = (count + isa::stream_count - 1) / isa::stream_count;
    const auto live =
        static_cast<std::int64_t>((1 - p.zero_share) * static_cast<double>(channels * row));
    s.length = arith::encoded_bytes(p.format, arith::WeightCoding{}.block, channels, row, live);
    return s;
  }

  const Call& call_;
  Lowering& lowering_;
  const bool adds_;
  const View x_, y_, z_;
  const Geometry g_;
};

void lower(const Call& call, Lowering& lowering) {
  ConvLowering(call, lowering).lower();
}

TensorType linear_shape(const Call& call) {
  require(call.parameters != nullptr && call.parameters->kh == 1 && call.parameters->kw == 1, call,
          "a linear layer has a 1x1 kernel");
  return shape(call);
}

}  // namespace

const Operator conv_operator{.name = "conv",
                             .summary =
                                 "convolution with constant weights, bias, one addition "
                                 "and activation",
                             .min_inputs = 1,
                             .max_inputs = 2,
                             .shape = shape,
                             .refuse = refuse,
                             .work = work,
                             .reference = reference,
                             .lower = lower};

const Operator linear_operator{.name = "linear",
                               .summary =
                                   "product with constant weights, bias, one addition and "
                                   "activation",
                               .min_inputs = 1,
                               .max_inputs = 2,
                               .shape = linear_shape,
                               .refuse = refuse,
                               .work = work,
                               .reference = reference,
                               .lower = lower};

}  // namespace ane::kernels
