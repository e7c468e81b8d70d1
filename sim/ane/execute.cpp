#include "sim/ane/execute.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "isa/error.h"
#include "isa/functions.h"
#include "kernels/arith/activation.h"
#include "kernels/arith/planar.h"
#include "kernels/arith/quantise.h"
#include "kernels/arith/round.h"
#include "kernels/arith/weights.h"
#include "kernels/weight_stream.h"

namespace ane::sim {
namespace {

using isa::Extents;
using isa::Format;
using isa::NeOp;
using isa::PeMode;
using isa::Task;
using kernels::arith::Half;

using kernels::arith::PlanarOp;
using kernels::arith::Reduction;

// The fields' numbers are those of the arithmetic's lists; numbers_test holds the names together.
constexpr int argmax_reduction = 6;

void apply(const kernels::arith::Profile& profile, int function, std::uint16_t alpha,
           std::uint16_t beta, std::vector<Half>& values) {
  if (function != 0)
    kernels::arith::activate(profile,
                             {static_cast<kernels::arith::Function>(function), {alpha}, {beta}},
                             values, values);
}

// An operand in L2, checked once as a whole.
struct Source {
  std::uint8_t* base;
  const isa::L2Operand* l;
  const Half* row(std::int64_t n, std::int64_t c, std::int64_t h) const {
    return reinterpret_cast<const Half*>(base + n * l->sn + c * l->sc + h * l->sh);
  }
  const std::int8_t* row8(std::int64_t n, std::int64_t c, std::int64_t h) const {
    return reinterpret_cast<const std::int8_t*>(base + n * l->sn + c * l->sc + h * l->sh);
  }
};

Source source_of(AneMemory& memory, const Extents& e, const isa::L2Operand& l,
                 const std::string& who) {
  const ByteRange r = touched(e, l);
  if (isa::byte_size(l.format) == 2 && (l.address | l.sh | l.sc | l.sn) % 2 != 0)
    throw InputError(who, "an fp16 operand in L2 has an odd address or stride");
  return {memory.l2(r.begin, r.end - r.begin, who).data(), &l};
}

// Rows of one element each and other strides: the general walk over two strided operands.
template <class Visit>
void for_each_row(const Extents& e, Visit visit) {
  for (std::int64_t n = 0; n < e.n; ++n)
    for (std::int64_t c = 0; c < e.c; ++c)
      for (std::int64_t h = 0; h < e.h; ++h) visit(n, c, h);
}

void convert(Format from, const std::uint8_t* in, Format to, std::uint8_t* out,
             const std::string& who) {
  if (from == Format::fp32 && to == Format::fp16) {
    float x = 0;
    std::memcpy(&x, in, 4);
    const Half h = kernels::arith::to_half(static_cast<double>(x));
    std::memcpy(out, &h, 2);
  } else if (from == Format::fp16 && to == Format::fp32) {
    Half h;
    std::memcpy(&h, in, 2);
    const float x = kernels::arith::to_float(h);
    std::memcpy(out, &x, 4);
  } else {
    throw InputError(who,
                     fmt::format("the tile DMA does not convert {} to {}", isa::info(from).name,
                                 isa::info(to).name),
                     "it converts fp32 to fp16 on a load and fp16 to fp32 on a store");
  }
}

void copy_strided(const Extents& e, Format from, const std::uint8_t* in,
                  const std::array<std::int64_t, 4>& si, Format to, std::uint8_t* out,
                  const std::array<std::int64_t, 4>& so, const std::string& who) {
  const std::int64_t size = isa::byte_size(from);
  for_each_row(e, [&](std::int64_t n, std::int64_t c, std::int64_t h) {
    const std::uint8_t* a = in + n * si[0] + c * si[1] + h * si[2];
    std::uint8_t* b = out + n * so[0] + c * so[1] + h * so[2];
    if (from != to) {
      for (std::int64_t w = 0; w < e.w; ++w) convert(from, a + w * si[3], to, b + w * so[3], who);
    } else if (si[3] == size && so[3] == size) {
      std::memcpy(b, a, static_cast<std::size_t>(e.w * size));
    } else if (size == 2) {
      for (std::int64_t w = 0; w < e.w; ++w) std::memcpy(b + w * so[3], a + w * si[3], 2);
    } else {
      for (std::int64_t w = 0; w < e.w; ++w)
        std::memcpy(b + w * so[3], a + w * si[3], static_cast<std::size_t>(size));
    }
  });
}

}  // namespace

struct Executor::Kernel {
  std::vector<kernels::arith::PackedWeights> fp16;  // one a group
  std::vector<kernels::arith::PackedWeights8> int8;
  std::vector<Half> bias, scale;
  std::vector<std::int32_t> bias8;
};

Executor::Executor(AneMemory& memory, const kernels::arith::Profile& profile)
    : memory_(memory), profile_(profile) {}
Executor::~Executor() = default;

void Executor::execute(const Task& t, std::size_t slot) {
  const std::string who = fmt::format("task {}", t.id);
  if (t.load1.enable) load(t.in1, t.load1, t.l2_in1, who);
  if (t.load2.enable) load(t.in2, t.load2, t.l2_in2, who);
  made_extents_ = t.in1;
  switch (t.ne) {
    case NeOp::off:
      break;
    case NeOp::mac:
      multiply(t, kernel(t, slot, who), who);
      break;
    case NeOp::mm:
      multiply_sources(t, who);
      break;
    case NeOp::copy:
      pass_through(t, who);
      break;
    case NeOp::tex:
      gather(t, who);
      break;
  }
  if (t.pe != PeMode::off) planar(t, who);
  finish(t, who);
  if (t.store.enable) store(t, who);
}

void Executor::load(const Extents& e, const isa::MemoryOperand& m, const isa::L2Operand& l,
                    const std::string& who) {
  const ByteRange from = touched(e, m), to = touched(e, l);
  const auto in = memory_.section(m.bar, from.begin, from.end - from.begin, who);
  const auto out = memory_.l2(to.begin, to.end - to.begin, who);
  copy_strided(e, m.format, in.data(), {m.sn, m.sc, m.sh, m.sw}, l.format, out.data(),
               {l.sn, l.sc, l.sh, isa::byte_size(l.format)}, who);
}

void Executor::store(const Task& t, const std::string& who) {
  const ByteRange from = touched(t.out, t.l2_out), to = touched(t.out, t.store);
  const auto in = memory_.l2(from.begin, from.end - from.begin, who);
  const auto out = memory_.section(t.store.bar, to.begin, to.end - to.begin, who);
  const auto& l = t.l2_out;
  copy_strided(t.out, l.format, in.data(), {l.sn, l.sc, l.sh, isa::byte_size(l.format)},
               t.store.format, out.data(), {t.store.sn, t.store.sc, t.store.sh, t.store.sw}, who);
}

// Decodes the engines' streams: engine e holds the channels c with c mod 16 == e.
const Executor::Kernel& Executor::kernel(const Task& t, std::size_t slot, const std::string& who) {
  if (slot >= kernels_.size()) kernels_.resize(slot + 1);
  if (kernels_[slot]) return *kernels_[slot];
  if (!t.kernel.enable)
    throw InputError(who, "`ne op=mac` without a weight stream", "set kld enable=1");
  const Extents made = t.pe == PeMode::red || t.pe == PeMode::pool ? t.in1 : t.out;
  const std::int64_t cout = made.c, groups = std::max<std::int64_t>(1, t.groups);
  if (cout % groups != 0 || t.in1.c % groups != 0)
    throw InputError(
        who, fmt::format("{} groups do not divide {} and {} channels", groups, t.in1.c, cout));
  const std::int64_t k = t.in1.c / groups * t.kh * t.kw, engines = 16, group = cout / groups;
  const bool integer = t.kernel.format == isa::KernelFormat::i8;
  if (integer != (t.l2_in1.format == Format::i8))
    throw InputError(who, "integer weights go with an i8 source and no other");
  auto built = std::make_unique<Kernel>();
  std::vector<Half> w(integer ? 0 : static_cast<std::size_t>(cout * k));
  std::vector<std::int8_t> w8(integer ? static_cast<std::size_t>(cout * k) : 0);
  for (std::int64_t e = 0; e < std::min(engines, cout); ++e) {
    const std::int64_t channels = (cout - e + engines - 1) / engines;
    const auto bytes = memory_.section(
        t.kernel.bar, t.kernel.offset + t.kernel.streams[static_cast<std::size_t>(e)],
        std::min(t.kernel.length, memory_.section_size(t.kernel.bar) - t.kernel.offset -
                                      t.kernel.streams[static_cast<std::size_t>(e)]),
        who);
    if (integer) {
      const auto rows = kernels::decode_stream8(bytes, channels, k);
      for (std::int64_t i = 0; i < channels; ++i)
        std::copy_n(rows.data() + i * k, k, w8.data() + (e + i * engines) * k);
    } else {
      const auto rows =
          kernels::arith::decode_weights(
          t.kernel.format, std::int64_t{1} << t.kernel.block_log2, bytes, channels, k, profile_);
      for (std::int64_t i = 0; i < channels; ++i)
        std::copy_n(rows.data() + i * k, k, w.data() + (e + i * engines) * k);
    }
  }
  for (std::int64_t g = 0; g < groups; ++g) {
    if (integer)
      built->int8.emplace_back(w8.data() + g * group * k, group, k, k, 1);
    else
      built->fp16.emplace_back(profile_, w.data() + g * group * k, group, k, k, 1);
  }
  const auto side = [&](std::int64_t offset_plus_1, auto& list) {
    if (offset_plus_1 == 0) return;
    using T = std::remove_reference_t<decltype(list[0])>;
    const auto bytes = memory_.section(t.kernel.bar, t.kernel.offset + offset_plus_1 - 1,
                                       cout * static_cast<std::int64_t>(sizeof(T)), who);
    list.resize(static_cast<std::size_t>(cout));
    std::memcpy(list.data(), bytes.data(), bytes.size());
  };
  if (integer)
    side(t.kernel.bias, built->bias8);
  else
    side(t.kernel.bias, built->bias);
  side(t.kernel.scale, built->scale);
  kernels_[slot] = std::move(built);
  return *kernels_[slot];
}

// Convolution: for each batch item and group, the windows become the rows of a product (kh, kw, cin
// ascending [N4]); a 1x1 kernel of stride 1 reads L2 in place.
void Executor::multiply(const Task& t, const Kernel& kernel, const std::string& who) {
  const Source x = source_of(memory_, t.in1, t.l2_in1, who);
  const bool integer = t.l2_in1.format == Format::i8;
  const std::int64_t groups = std::max<std::int64_t>(1, t.groups), cin = t.in1.c / groups;
  const bool reduced = t.pe == PeMode::red || t.pe == PeMode::pool;
  if (reduced)
    throw InputError(who, "a reduction or pool follows a convolution in a task of its own");
  const Extents& o = t.out;
  made_extents_ = o;
  const std::int64_t pixels = o.h * o.w, k = cin * t.kh * t.kw, cout_group = o.c / groups;
  made_.resize(static_cast<std::size_t>(o.count()));
  const std::int64_t size = integer ? 1 : 2;
  const bool in_place = t.kw == 1 && t.kh == 1 && t.sx == 1 && t.sy == 1 && t.pad_left == 0 &&
                        t.pad_top == 0 && o.w == t.in1.w && o.h == t.in1.h &&
                        (t.in1.h == 1 || t.l2_in1.sh == t.in1.w * size);
  if (!in_place) {
    if (integer)
      scratch8_.resize(static_cast<std::size_t>(k * pixels));
    else
      scratch_.resize(static_cast<std::size_t>(k * pixels));
  }
  const Half pad{t.pad_value};
  const auto pad8 = static_cast<std::int8_t>(t.zero_in);
  const auto window_rows = [&](auto* to, auto padding, auto row_of) {
    for (int ky = 0; ky < t.kh; ++ky)
      for (int kx = 0; kx < t.kw; ++kx)
        for (std::int64_t c = 0; c < cin; ++c)
          for (std::int64_t oy = 0; oy < o.h; ++oy, to += o.w) {
            const std::int64_t iy = oy * t.sy + ky - t.pad_top;
            if (iy < 0 || iy >= t.in1.h) {
              std::fill_n(to, o.w, padding);
              continue;
            }
            const auto* from = row_of(c, iy);
            const std::int64_t shift = kx - t.pad_left;
            for (std::int64_t ox = 0; ox < o.w; ++ox) {
              const std::int64_t ix = ox * t.sx + shift;
              to[ox] = ix >= 0 && ix < t.in1.w ? from[ix] : padding;
            }
          }
  };
  for (std::int64_t n = 0; n < o.n; ++n)
    for (std::int64_t g = 0; g < groups; ++g) {
      const auto group = static_cast<std::size_t>(g);
      const auto first = static_cast<std::size_t>(g * cout_group);
      Half* y = made_.data() + (n * o.c + g * cout_group) * pixels;
      const Half* scale = !kernel.scale.empty() ? kernel.scale.data() + first
                          : t.post_scale != 0   ? reinterpret_cast<const Half*>(&t.post_scale)
                                                : nullptr;
      const std::ptrdiff_t scale_stride = kernel.scale.empty() ? 0 : 1;
      if (integer) {
        if (scale == nullptr) throw InputError(who, "an INT8 product needs a post-scale");
        const std::int8_t* from = nullptr;
        std::ptrdiff_t stride = 0;
        if (in_place) {
          from = x.row8(n, g * cin, 0);
          stride = t.l2_in1.sc;
        } else {
          window_rows(scratch8_.data(), pad8,
                      [&](std::int64_t c, std::int64_t iy) { return x.row8(n, g * cin + c, iy); });
          from = scratch8_.data();
          stride = pixels;
        }
        kernels::arith::mac8(kernel.int8[group],
                             {.pixels = pixels,
                              .x = from,
                              .x_stride = stride,
                              .x_zero = t.zero_in,
                              .bias = kernel.bias8.empty() ? nullptr : kernel.bias8.data() + first,
                              .scale = scale,
                              .scale_stride = scale_stride,
                              .y = y,
                              .y_stride = pixels,
                              .accumulators = nullptr},
                             profile_);
      } else {
        const Half* from = nullptr;
        std::ptrdiff_t stride = 0;
        if (in_place) {
          from = x.row(n, g * cin, 0);
          stride = t.l2_in1.sc / 2;
        } else {
          window_rows(scratch_.data(), pad,
                      [&](std::int64_t c, std::int64_t iy) { return x.row(n, g * cin + c, iy); });
          from = scratch_.data();
          stride = pixels;
        }
        kernels::arith::mac(kernel.fp16[group],
                            {.pixels = pixels,
                             .x = from,
                             .x_stride = stride,
                             .bias = kernel.bias.empty() ? nullptr : kernel.bias.data() + first,
                             .scale = scale,
                             .scale_stride = scale_stride,
                             .y = y,
                             .y_stride = pixels});
      }
    }
  apply(profile_, t.activation, t.alpha, t.beta, made_);
}

void Executor::multiply_sources(const Task& t, const std::string& who) {
  const Source x = source_of(memory_, t.in1, t.l2_in1, who);
  const Source w = source_of(memory_, t.in2, t.l2_in2, who);
  if (t.in1.c != t.in2.c || t.in1.h != 1 || t.in2.h != 1 || t.l2_in1.format != Format::fp16 ||
      t.l2_in2.format != Format::fp16)
    throw InputError(who, "`ne op=mm` takes two fp16 sources of one row and equal channels");
  made_extents_ = {.w = t.in1.w, .h = 1, .c = t.in2.w, .n = t.in1.n};
  made_.resize(static_cast<std::size_t>(made_extents_.count()));
  for (std::int64_t n = 0; n < t.in1.n; ++n) {
    const kernels::arith::PackedWeights packed(profile_, w.row(t.in2.n == 1 ? 0 : n, 0, 0), t.in2.w,
                                               t.in2.c, 1, t.l2_in2.sc / 2);
    kernels::arith::mac(
        packed,
        {.pixels = t.in1.w,
         .x = x.row(n, 0, 0),
         .x_stride = t.l2_in1.sc / 2,
         .bias = nullptr,
         .scale = t.post_scale != 0 ? reinterpret_cast<const Half*>(&t.post_scale) : nullptr,
         .scale_stride = 0,
         .y = made_.data() + n * t.in2.w * t.in1.w,
         .y_stride = t.in1.w});
  }
  apply(profile_, t.activation, t.alpha, t.beta, made_);
}

void Executor::pass_through(const Task& t, const std::string& who) {
  const Source x = source_of(memory_, t.in1, t.l2_in1, who);
  made_.resize(static_cast<std::size_t>(t.in1.count()));
  made_extents_ = t.in1;
  Half* to = made_.data();
  if (t.l2_in1.format == Format::i8) {
    if (t.l2_out.format == Format::i8) return;  // finish() copies the codes
    const Half scale{t.pe_scale};
    for_each_row(t.in1, [&](std::int64_t n, std::int64_t c, std::int64_t h) {
      const std::int8_t* from = x.row8(n, c, h);
      for (std::int64_t i = 0; i < t.in1.w; ++i)
        *to++ = kernels::arith::dequantise(from[i], scale, t.pe_zero, profile_);
    });
  } else if (isa::byte_size(t.l2_in1.format) == 2) {
    for_each_row(t.in1, [&](std::int64_t n, std::int64_t c, std::int64_t h) {
      std::copy_n(x.row(n, c, h), t.in1.w, to);
      to += t.in1.w;
    });
  } else {
    return;  // wider formats are only moved: finish()
  }
  apply(profile_, t.activation, t.alpha, t.beta, made_);
}

void Executor::gather(const Task& t, const std::string& who) {
  const Source table = source_of(memory_, t.in1, t.l2_in1, who);
  const Source index = source_of(memory_, t.in2, t.l2_in2, who);
  if (t.l2_in2.format != Format::i32 || t.l2_in1.format != Format::fp16 || t.in1.h != 1 ||
      t.in1.n != 1)
    throw InputError(who, "`ne op=tex` takes an fp16 table of one row and i32 indices");
  made_extents_ = {.w = t.in2.w, .h = t.in2.h, .c = t.in1.c, .n = 1};
  made_.resize(static_cast<std::size_t>(made_extents_.count()));
  std::vector<std::int32_t> at(static_cast<std::size_t>(t.in2.h * t.in2.w));
  for (std::int64_t h = 0; h < t.in2.h; ++h)
    std::memcpy(at.data() + h * t.in2.w, index.base + h * t.l2_in2.sh,
                static_cast<std::size_t>(t.in2.w * 4));
  for (std::size_t i = 0; i < at.size(); ++i)
    if (at[i] < 0 || at[i] >= t.in1.w)
      throw InputError(who, fmt::format("index {} at position {} is outside the table's 0 to {}",
                                        at[i], i, t.in1.w - 1));
  Half* to = made_.data();
  for (std::int64_t c = 0; c < t.in1.c; ++c) {
    const Half* row = table.row(0, c, 0);
    for (const std::int32_t i : at) *to++ = row[i];
  }
}

void Executor::planar(const Task& t, const std::string& who) {
  // First operand: what the neural engines made, or source 1.
  if (t.ne == NeOp::off) {
    if (t.l2_in1.format != Format::fp16)
      throw InputError(who, "the planar engine computes in fp16");
    pass_through(
        [&] {
          Task copy = t;
          copy.activation = 0;
          return copy;
        }(),
        who);
  }
  const Extents& x = made_extents_;
  const Extents& o = t.out;
  result_.resize(static_cast<std::size_t>(o.count()));
  const auto at = [](const Extents& e, std::int64_t n, std::int64_t c, std::int64_t h) {
    return ((((e.n == 1 ? 0 : n) * e.c + (e.c == 1 ? 0 : c)) * e.h) + (e.h == 1 ? 0 : h)) * e.w;
  };
  if (t.pe == PeMode::ew) {
    const Source second = source_of(memory_, t.in2, t.l2_in2, who);
    if (t.l2_in2.format != Format::fp16)
      throw InputError(who, "the planar engine computes in fp16");
    const auto fits = [&](std::int64_t a, std::int64_t b, std::int64_t out) {
      return (a == out || a == 1) && (b == out || b == 1);
    };
    if (!fits(x.w, t.in2.w, o.w) || !fits(x.h, t.in2.h, o.h) || !fits(x.c, t.in2.c, o.c) ||
        !fits(x.n, t.in2.n, o.n))
      throw InputError(who, "the sources' extents do not broadcast to the result's");
    const auto op = static_cast<PlanarOp>(t.ew);
    for_each_row(o, [&](std::int64_t n, std::int64_t c, std::int64_t h) {
      std::span<const Half> a(made_.data() + at(x, n, c, h), static_cast<std::size_t>(x.w));
      std::span<const Half> b(
          second.row(t.in2.n == 1 ? 0 : n, t.in2.c == 1 ? 0 : c, t.in2.h == 1 ? 0 : h),
          static_cast<std::size_t>(t.in2.w));
      if (t.swap) std::swap(a, b);
      const auto y = std::span(result_).subspan(
          static_cast<std::size_t>(((n * o.c + c) * o.h + h) * o.w), static_cast<std::size_t>(o.w));
      if (a.size() == b.size())
        kernels::arith::planar(op, profile_, a, b, y);
      else if (b.size() == 1)
        kernels::arith::planar(op, profile_, a, b[0], y);
      else
        kernels::arith::planar(op, profile_, a[0], b, y);
    });
  } else if (t.pe == PeMode::red) {
    reduce(t, who);
  } else {
    const bool maximum = t.pool == 0;
    std::vector<Half> window;
    std::size_t to = 0;
    for (std::int64_t n = 0; n < o.n; ++n)
      for (std::int64_t c = 0; c < o.c; ++c)
        for (std::int64_t oy = 0; oy < o.h; ++oy)
          for (std::int64_t ox = 0; ox < o.w; ++ox) {
            window.clear();
            for (int ky = 0; ky < t.kh; ++ky)
              for (int kx = 0; kx < t.kw; ++kx) {
                const std::int64_t iy = oy * t.sy + ky - t.pad_top,
                                   ix = ox * t.sx + kx - t.pad_left;
                if (iy >= 0 && iy < x.h && ix >= 0 && ix < x.w)
                  window.push_back(
                      made_[static_cast<std::size_t>(((n * x.c + c) * x.h + iy) * x.w + ix)]);
                else if (!maximum && t.count_pad)
                  window.push_back({});
              }
            if (window.empty()) throw InputError(who, "a pool window lies wholly in the padding");
            kernels::arith::reduce(
                maximum ? Reduction::max : Reduction::mean, profile_, window.data(),
                {.outer = 1, .count = std::ssize(window), .inner = 1}, &result_[to++]);
          }
  }
  std::swap(made_, result_);
  made_extents_ = o;
  if (t.pe_mul != 0) kernels::arith::planar(PlanarOp::mul, profile_, made_, Half{t.pe_mul}, made_);
  if (t.pe_add != 0) kernels::arith::planar(PlanarOp::add, profile_, made_, Half{t.pe_add}, made_);
  apply(profile_, t.pe_post, t.alpha, t.beta, made_);
}

// Axes that follow each other in n, c, h, w reduce in place; others line by line.
void Executor::reduce(const Task& t, const std::string& who) {
  const Extents& x = made_extents_;
  const Extents& o = t.out;
  const auto axes = static_cast<unsigned>(t.axes);
  const auto whole = [&](kernels::Axis axis) { return (axes & axis) != 0; };
  const Extents expected{.w = whole(kernels::axis_w) ? 1 : x.w,
                         .h = whole(kernels::axis_h) ? 1 : x.h,
                         .c = whole(kernels::axis_c) ? 1 : x.c,
                         .n = whole(kernels::axis_n) ? 1 : x.n};
  if (!(expected == o)) throw InputError(who, "the result's extents do not match the reduced axes");
  const std::array<std::int64_t, 4> extents{x.n, x.c, x.h, x.w};
  const std::array<bool, 4> reduced{whole(kernels::axis_n), whole(kernels::axis_c),
                                    whole(kernels::axis_h), whole(kernels::axis_w)};
  kernels::arith::ReduceShape shape{.outer = 1, .count = 1, .inner = 1};
  int phase = 0;  // 0: outer axes, 1: reduced, 2: inner
  bool in_place = t.red != argmax_reduction;
  for (std::size_t i = 0; i < 4; ++i) {
    if (extents[i] == 1) continue;
    if (reduced[i]) {
      in_place = in_place && phase <= 1;
      phase = 1;
      shape.count *= extents[i];
    } else if (phase == 0) {
      shape.outer *= extents[i];
    } else {
      phase = 2;
      shape.inner *= extents[i];
    }
  }
  if (in_place) {
    kernels::arith::reduce(static_cast<Reduction>(t.red), profile_, made_.data(), shape,
                           result_.data());
    return;
  }
  std::vector<Half> line;
  std::size_t to = 0;
  for (std::int64_t n = 0; n < o.n; ++n)
    for (std::int64_t c = 0; c < o.c; ++c)
      for (std::int64_t h = 0; h < o.h; ++h)
        for (std::int64_t w = 0; w < o.w; ++w, ++to) {
          line.clear();
          for (std::int64_t rn = n; rn < (reduced[0] ? x.n : n + 1); ++rn)
            for (std::int64_t rc = c; rc < (reduced[1] ? x.c : c + 1); ++rc)
              for (std::int64_t rh = h; rh < (reduced[2] ? x.h : h + 1); ++rh)
                for (std::int64_t rw = w; rw < (reduced[3] ? x.w : w + 1); ++rw)
                  line.push_back(
                      made_[static_cast<std::size_t>(((rn * x.c + rc) * x.h + rh) * x.w + rw)]);
          if (t.red == argmax_reduction)
            result_[to] = kernels::arith::to_half(static_cast<double>(
                kernels::arith::argmax(profile_, line.data(), std::ssize(line), 1)));
          else
            kernels::arith::reduce(static_cast<Reduction>(t.red), profile_, line.data(),
                                   {.outer = 1, .count = std::ssize(line), .inner = 1},
                                   &result_[to]);
        }
}

// The result in its format at its place in L2.
void Executor::finish(const Task& t, const std::string& who) {
  const Source out = source_of(memory_, t.out, t.l2_out, who);
  auto* base = out.base;
  const isa::L2Operand& l = t.l2_out;
  const auto place = [&](std::int64_t n, std::int64_t c, std::int64_t h) {
    return base + n * l.sn + c * l.sc + h * l.sh;
  };
  const bool moved =
      t.ne == NeOp::copy && t.pe == PeMode::off && t.activation == 0 && t.l2_in1.format == l.format;
  if (moved) {
    if (!(t.in1 == t.out)) throw InputError(who, "a copy keeps the extents");
    const Source in = source_of(memory_, t.in1, t.l2_in1, who);
    const std::int64_t size = isa::byte_size(l.format);
    copy_strided(t.out, l.format, in.base, {t.l2_in1.sn, t.l2_in1.sc, t.l2_in1.sh, size}, l.format,
                 base, {l.sn, l.sc, l.sh, size}, who);
    return;
  }
  if (t.ne == NeOp::off && t.pe == PeMode::off) throw InputError(who, "no stage is enabled");
  if (!(made_extents_ == t.out))
    throw InputError(who, "the operation's extents are not those of the result");
  const Half* from = made_.data();
  if (l.format == Format::fp16) {
    for_each_row(t.out, [&](std::int64_t n, std::int64_t c, std::int64_t h) {
      std::memcpy(place(n, c, h), from, static_cast<std::size_t>(t.out.w * 2));
      from += t.out.w;
    });
  } else if (l.format == Format::i8) {
    const Half scale{t.pe_scale};
    if (t.pe_scale == 0) throw InputError(who, "an i8 result needs `pe scale`");
    for_each_row(t.out, [&](std::int64_t n, std::int64_t c, std::int64_t h) {
      auto* to = reinterpret_cast<std::int8_t*>(place(n, c, h));
      for (std::int64_t w = 0; w < t.out.w; ++w)
        to[w] = kernels::arith::quantise(*from++, scale, t.pe_zero, profile_);
    });
  } else {
    throw InputError(who,
                     fmt::format("a result of format {} is only copied", isa::info(l.format).name));
  }
}

}  // namespace ane::sim
