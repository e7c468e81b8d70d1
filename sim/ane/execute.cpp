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
#include "sim/ane/operands.h"

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

constexpr std::int64_t most_window_elements = std::int64_t{1} << 25;

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

// The scale that quantises a result or dequantises a source.
Half scale_of(const Task& t, const std::string& who, const char* what) {
  const Half scale{t.pe_scale};
  if (t.pe_scale == 0) throw InputError(who, fmt::format("{} needs `pe scale`", what));
  if (kernels::arith::is_negative(scale) || t.pe_scale >= kernels::arith::half_infinity.bits)
    throw InputError(who, fmt::format("`pe scale={:#06x}` is not finite and above 0", t.pe_scale));
  return scale;
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

// Decodes the streams.
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
  const std::int64_t k = t.in1.c / groups * t.kh * t.kw, streams = isa::stream_count,
                     group = cout / groups;
  const bool integer = isa::is_integer(t.kernel.format);
  if (integer != (t.l2_in1.format == Format::i8))
    throw InputError(who, "integer weights go with an i8 source and no other");
  // Before the rows are made: what they need and the stream has not got is no reason to make them.
  const std::int64_t rows_of_first = (cout + streams - 1) / streams;
  const std::int64_t block = std::int64_t{1} << t.kernel.block_log2;
  if (const std::int64_t least =
          kernels::arith::encoded_bytes(t.kernel.format, block, rows_of_first, k, 0);
      t.kernel.length < least)
    throw InputError(who, fmt::format("`kld len={}`, where {} rows of {} weights need {} bytes",
                                      t.kernel.length, rows_of_first, k, least));
  auto built = std::make_unique<Kernel>();
  std::vector<Half> w(integer ? 0 : static_cast<std::size_t>(cout * k));
  std::vector<std::int8_t> w8(integer ? static_cast<std::size_t>(cout * k) : 0);
  for (std::int64_t e = 0; e < std::min(streams, cout); ++e) {
    const std::int64_t channels = (cout - e + streams - 1) / streams;
    // The last streams may be shorter than the longest, which `len` gives.
    const Saturated begin =
        Saturated(t.kernel.offset) + t.kernel.streams[static_cast<std::size_t>(e)];
    const Saturated left = memory_.section_size(t.kernel.bar) - begin;
    const auto bytes =
        memory_.section(t.kernel.bar, begin.value(), std::min(t.kernel.length, left.value()), who);
    if (integer) {
      const auto rows = kernels::arith::decode_codes(t.kernel.format, bytes, channels, k);
      for (std::int64_t i = 0; i < channels; ++i)
        std::copy_n(rows.data() + i * k, k, w8.data() + (e + i * streams) * k);
    } else {
      const auto rows =
          kernels::arith::decode_weights(t.kernel.format, block, bytes, channels, k, profile_);
      for (std::int64_t i = 0; i < channels; ++i)
        std::copy_n(rows.data() + i * k, k, w.data() + (e + i * streams) * k);
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
    const auto bytes =
        memory_.section(t.kernel.bar, (Saturated(t.kernel.offset) + (offset_plus_1 - 1)).value(),
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
// ascending [N4]); a 1x1 kernel of stride 1 reads L2 in place. Pixels are independent: large
// products are made in blocks of them, so that the rows never take more than
// `most_window_elements`, or one pixel's.
void Executor::multiply(const Task& t, const Kernel& kernel, const std::string& who) {
  const Source x = source_of(memory_, t.in1, t.l2_in1, who);
  const bool integer = t.l2_in1.format == Format::i8;
  const std::int64_t groups = std::max<std::int64_t>(1, t.groups), cin = t.in1.c / groups;
  const bool reduced = t.pe == PeMode::red || t.pe == PeMode::pool;
  if (reduced)
    throw InputError(who, "a reduction or pool follows a convolution in a task of its own");
  const Extents& o = t.out;
  if (o.n != t.in1.n) throw InputError(who, "a convolution keeps the images");
  made_extents_ = o;
  const std::int64_t pixels = o.h * o.w, k = cin * t.kh * t.kw, cout_group = o.c / groups;
  made_.resize(static_cast<std::size_t>(o.count()));
  const std::int64_t size = integer ? 1 : 2;
  const bool in_place = t.kw == 1 && t.kh == 1 && t.sx == 1 && t.sy == 1 && t.pad_left == 0 &&
                        t.pad_top == 0 && o.w == t.in1.w && o.h == t.in1.h &&
                        (t.in1.h == 1 || t.l2_in1.sh == t.in1.w * size);
  const std::int64_t block =
      in_place ? pixels
               : std::clamp<std::int64_t>(most_window_elements / std::max<std::int64_t>(1, k), 1,
                                          pixels);
  if (!in_place) {
    if (integer)
      scratch8_.resize(static_cast<std::size_t>(k * block));
    else
      scratch_.resize(static_cast<std::size_t>(k * block));
  }
  const Half pad{t.pad_value};
  const auto pad8 = static_cast<std::int8_t>(t.zero_in);
  // The windows of `count` pixels from the pixel `first` on.
  const auto window_rows = [&](auto* to, auto padding, std::int64_t first, std::int64_t count,
                               auto row_of) {
    for (int ky = 0; ky < t.kh; ++ky)
      for (int kx = 0; kx < t.kw; ++kx)
        for (std::int64_t c = 0; c < cin; ++c)
          for (std::int64_t left = count, oy = first / o.w, begin = first % o.w; left > 0;
               ++oy, begin = 0) {
            const std::int64_t end = std::min(o.w, begin + left);
            left -= end - begin;
            const std::int64_t iy = oy * t.sy + ky - t.pad_top;
            if (iy < 0 || iy >= t.in1.h) {
              to = std::fill_n(to, end - begin, padding);
              continue;
            }
            const auto* from = row_of(c, iy);
            const std::int64_t shift = kx - t.pad_left;
            for (std::int64_t ox = begin; ox < end; ++ox, ++to) {
              const std::int64_t ix = ox * t.sx + shift;
              *to = ix >= 0 && ix < t.in1.w ? from[ix] : padding;
            }
          }
  };
  for (std::int64_t n = 0; n < o.n; ++n)
    for (std::int64_t g = 0; g < groups; ++g) {
      const auto group = static_cast<std::size_t>(g);
      const auto first = static_cast<std::size_t>(g * cout_group);
      Half* const y = made_.data() + (n * o.c + g * cout_group) * pixels;
      const Half* scale = !kernel.scale.empty() ? kernel.scale.data() + first
                          : t.post_scale != 0   ? reinterpret_cast<const Half*>(&t.post_scale)
                                                : nullptr;
      const std::ptrdiff_t scale_stride = kernel.scale.empty() ? 0 : 1;
      if (integer && scale == nullptr) throw InputError(who, "an INT8 product needs a post-scale");
      for (std::int64_t pixel = 0; pixel < pixels; pixel += block) {
        const std::int64_t count = std::min(block, pixels - pixel);
        if (integer) {
          const std::int8_t* from = nullptr;
          std::ptrdiff_t stride = 0;
          if (in_place) {
            from = x.row8(n, g * cin, 0);
            stride = t.l2_in1.sc;
          } else {
            window_rows(scratch8_.data(), pad8, pixel, count, [&](std::int64_t c, std::int64_t iy) {
              return x.row8(n, g * cin + c, iy);
            });
            from = scratch8_.data();
            stride = count;
          }
          kernels::arith::mac8(
              kernel.int8[group],
              {.pixels = count,
               .x = from,
               .x_stride = stride,
               .x_zero = t.zero_in,
               .bias = kernel.bias8.empty() ? nullptr : kernel.bias8.data() + first,
               .scale = scale,
               .scale_stride = scale_stride,
               .y = y + pixel,
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
            window_rows(scratch_.data(), pad, pixel, count,
                        [&](std::int64_t c, std::int64_t iy) { return x.row(n, g * cin + c, iy); });
            from = scratch_.data();
            stride = count;
          }
          kernels::arith::mac(kernel.fp16[group],
                              {.pixels = count,
                               .x = from,
                               .x_stride = stride,
                               .bias = kernel.bias.empty() ? nullptr : kernel.bias.data() + first,
                               .scale = scale,
                               .scale_stride = scale_stride,
                               .y = y + pixel,
                               .y_stride = pixels});
        }
      }
    }
  apply(profile_, t.activation, t.alpha, t.beta, made_);
}

// Room for what the neural engines make: unless the planar engine makes something else of it, no
// more than the result takes.
void Executor::make(const Task& t, const Extents& extents, const std::string& who) {
  if (t.pe == PeMode::off && !(extents == t.out))
    throw InputError(who, "the operation's extents are not those of the result");
  made_extents_ = extents;
  made_.resize(static_cast<std::size_t>(extents.count()));
}

void Executor::multiply_sources(const Task& t, const std::string& who) {
  const Source x = source_of(memory_, t.in1, t.l2_in1, who);
  const Source w = source_of(memory_, t.in2, t.l2_in2, who);
  if (t.in1.c != t.in2.c || t.in1.h != 1 || t.in2.h != 1 || t.l2_in1.format != Format::fp16 ||
      t.l2_in2.format != Format::fp16)
    throw InputError(who, "`ne op=mm` takes two fp16 sources of one row and equal channels");
  if (t.in2.n != 1 && t.in2.n != t.in1.n)
    throw InputError(who, "`ne op=mm` takes one second source, or one for each image");
  make(t, {.w = t.in1.w, .h = 1, .c = t.in2.w, .n = t.in1.n}, who);
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
    // finish() copies the codes.
    if (t.l2_out.format == Format::i8 && t.pe == PeMode::off && t.activation == 0) return;
    const Half scale = scale_of(t, who, "an i8 source");
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
    if (t.pe != PeMode::off || t.activation != 0)
      throw InputError(who, fmt::format("a source of format {} is only copied",
                                        isa::info(t.l2_in1.format).name));
    if (t.l2_out.format != t.l2_in1.format)
      throw InputError(who,
                       fmt::format("a copy of {} to {}", isa::info(t.l2_in1.format).name,
                                   isa::info(t.l2_out.format).name),
                       "the format of a copy is that of its source");
    return;  // finish() moves it
  }
  apply(profile_, t.activation, t.alpha, t.beta, made_);
}

void Executor::gather(const Task& t, const std::string& who) {
  const Source table = source_of(memory_, t.in1, t.l2_in1, who);
  const Source index = source_of(memory_, t.in2, t.l2_in2, who);
  if (t.l2_in2.format != Format::i32 || t.l2_in1.format != Format::fp16 || t.in1.h != 1 ||
      t.in1.n != 1)
    throw InputError(who, "`ne op=tex` takes an fp16 table of one row and i32 indices");
  make(t, {.w = t.in2.w, .h = t.in2.h, .c = t.in1.c, .n = 1}, who);
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

// Source 1 to the result as it is. All of it is read before any of it is written, as by the other
// operations: where the two share bytes, by way of a dense copy.
void Executor::move(const Task& t, const std::uint8_t* in, std::uint8_t* out,
                    const std::string& who) {
  const isa::L2Operand &from = t.l2_in1, &to = t.l2_out;
  const Extents& e = t.out;
  const std::int64_t size = isa::byte_size(to.format);
  const std::array<std::int64_t, 4> si{from.sn, from.sc, from.sh, size},
      so{to.sn, to.sc, to.sh, size};
  const ByteRange read = touched(e, from), written = touched(e, to);
  if (read.end <= written.begin || written.end <= read.begin)
    return copy_strided(e, to.format, in, si, to.format, out, so, who);
  bytes_.resize(static_cast<std::size_t>(e.count() * size));
  const std::array<std::int64_t, 4> dense{e.c * e.h * e.w * size, e.h * e.w * size, e.w * size,
                                          size};
  copy_strided(e, to.format, in, si, to.format, bytes_.data(), dense, who);
  copy_strided(e, to.format, bytes_.data(), dense, to.format, out, so, who);
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
    move(t, source_of(memory_, t.in1, t.l2_in1, who).base, base, who);
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
    const Half scale = scale_of(t, who, "an i8 result");
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
