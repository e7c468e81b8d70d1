// The multipliers' part of a task: products with a weight stream, and of two sources.
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <type_traits>

#include "isa/error.h"
#include "kernels/arith/gemm.h"
#include "kernels/arith/weights.h"
#include "kernels/weight_stream.h"
#include "sim/ane/execute/execute.h"
#include "sim/ane/execute/operands.h"

namespace ane::sim {

using isa::Extents;
using isa::Format;
using isa::PeMode;
using isa::Task;
using kernels::arith::FunctionTable;
using kernels::arith::MacProduct;
using kernels::arith::MacProduct8;
using kernels::arith::PackedWeights;
using kernels::arith::PackedWeights8;

struct Executor::Kernel {
  std::vector<kernels::arith::PackedWeights> fp16;  // one a group
  std::vector<kernels::arith::PackedWeights8> int8;
  std::vector<Half> bias, scale;
  std::vector<std::int32_t> bias8;
};

Executor::Executor(AneMemory& memory, const kernels::arith::Profile& profile)
    : memory_(memory), profile_(profile) {}
Executor::~Executor() = default;

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

namespace {

// What a range of a product that one thread takes has at least: some ten microseconds.
constexpr double least_macs = 1 << 18;
// Ranges of pixels are of whole tiles, whatever the host's vectors (kernels/arith/gemm_path.h).
constexpr std::int64_t whole_tile = 32;
// The rows of windows that are made at once stay in a second-level cache, and where a tile of them
// does not, in this much memory, or in one pixel's.
constexpr std::int64_t near_window_elements = std::int64_t{1} << 17;
constexpr std::int64_t most_window_elements = std::int64_t{1} << 25;

// Some pixels and row panels of a product.
struct Piece {
  std::int64_t first = 0, pixels = 0;
  kernels::arith::PanelRange panels{};
};

// How many of `count` equal shares of these products a thread takes at least.
std::int64_t least_shares(std::int64_t count, double macs) {
  return static_cast<std::int64_t>(static_cast<double>(count) * std::min(1.0, least_macs / macs)) +
         1;
}

// All of a product in pieces: of pixels, or where there are few of these, of rows.
template <class Run>
void spread_product(Workers& workers, std::int64_t pixels, std::int64_t panels, double macs,
                    const Run& run) {
  const std::int64_t tiles = (pixels + whole_tile - 1) / whole_tile;
  if (tiles >= 2 * workers.threads())
    workers.spread(tiles, least_shares(tiles, macs), [&](std::int64_t begin, std::int64_t end) {
      const std::int64_t first = begin * whole_tile;
      run(Piece{.first = first, .pixels = std::min(pixels, end * whole_tile) - first});
    });
  else
    workers.spread(panels, least_shares(panels, macs), [&](std::int64_t begin, std::int64_t end) {
      run(Piece{.first = 0, .pixels = pixels, .panels = {.begin = begin, .end = end}});
    });
}

std::int64_t window_block(std::int64_t k, std::int64_t pixels) {
  const std::int64_t row = std::max<std::int64_t>(1, k);
  const std::int64_t whole =
      std::max(whole_tile, near_window_elements / row / whole_tile * whole_tile);
  return std::clamp<std::int64_t>(std::min(whole, most_window_elements / row), 1,
                                  std::max<std::int64_t>(1, pixels));
}

// The windows of a convolution as rows of a product: kh, kw, cin ascending [N4].
struct Windows {
  const Task& t;
  std::int64_t cin;
  bool in_place;  // a 1x1 kernel of stride 1: L2 holds the rows as they are

  Windows(const Task& task, std::int64_t channels) : t(task), cin(channels) {
    const std::int64_t size = isa::byte_size(t.l2_in1.format);
    in_place = t.kw == 1 && t.kh == 1 && t.sx == 1 && t.sy == 1 && t.pad_left == 0 &&
               t.pad_top == 0 && t.out.w == t.in1.w && t.out.h == t.in1.h &&
               (t.in1.h == 1 || t.l2_in1.sh == t.in1.w * size);
  }

  // Of `count` pixels from the pixel `first` on.
  template <class Element, class RowOf>
  void make(Element* to, Element padding, std::int64_t first, std::int64_t count,
            const RowOf& row_of) const {
    const std::int64_t first_row = first / t.out.w, first_column = first % t.out.w;
    for (int ky = 0; ky < t.kh; ++ky)
      for (int kx = 0; kx < t.kw; ++kx) {
        // The pixels of a row whose windows have column kx in the input: [inside, beyond).
        const std::int64_t shift = kx - t.pad_left;
        const std::int64_t inside = std::max<std::int64_t>(0, steps_to(-shift));
        const std::int64_t beyond = std::max(inside, steps_to(t.in1.w - shift));
        for (std::int64_t c = 0; c < cin; ++c)
          for (std::int64_t left = count, oy = first_row, begin = first_column; left > 0;
               ++oy, begin = 0) {
            const std::int64_t end = std::min(t.out.w, begin + left);
            left -= end - begin;
            const std::int64_t iy = oy * t.sy + ky - t.pad_top;
            if (iy < 0 || iy >= t.in1.h) {
              to = std::fill_n(to, end - begin, padding);
              continue;
            }
            const std::int64_t from = std::clamp(inside, begin, end),
                               until = std::clamp(beyond, begin, end);
            to = std::fill_n(to, from - begin, padding);
            const Element* element = row_of(c, iy) + from * t.sx + shift;
            if (t.sx == 1)
              to = std::copy_n(element, until - from, to);
            else
              for (std::int64_t ox = from; ox < until; ++ox, element += t.sx) *to++ = *element;
            to = std::fill_n(to, end - until, padding);
          }
      }
  }

 private:
  // How many strides reach at least this far, for distances of any sign.
  std::int64_t steps_to(std::int64_t distance) const {
    return distance <= 0 ? distance / t.sx : (distance + t.sx - 1) / t.sx;
  }
};

}  // namespace

// Convolution: every image and group is a product of its own, and pixels and rows of it are
// independent. Pixels are made in blocks, so that rows of windows stay small.
void Executor::multiply(const Task& t, const Kernel& kernel, const std::string& who) {
  const Source x = source_of(memory_, t.in1, t.l2_in1, who);
  const bool integer = t.l2_in1.format == Format::i8;
  const std::int64_t groups = std::max<std::int64_t>(1, t.groups), cin = t.in1.c / groups;
  if (t.pe == PeMode::red || t.pe == PeMode::pool)
    throw InputError(who, "a reduction or pool follows a convolution in a task of its own");
  const Extents& o = t.out;
  if (o.n != t.in1.n) throw InputError(who, "a convolution keeps the images");
  const std::int64_t pixels = o.h * o.w, k = cin * t.kh * t.kw, cout_group = o.c / groups;
  Values y = room_for(t, o, t.pe == PeMode::off, {{.e = t.in1, .l = t.l2_in1}}, who);
  // The pixels of a channel follow each other.
  if (o.h != 1 && y.strides[2] != o.w) y = own_room(o);
  const FunctionTable function = function_table(profile_, t.activation, t.alpha, t.beta);
  const Windows windows(t, cin);
  const Half* const post_scale =
      t.post_scale != 0 ? reinterpret_cast<const Half*>(&t.post_scale) : nullptr;
  if (integer && kernel.scale.empty() && post_scale == nullptr)
    throw InputError(who, "an INT8 product needs a post-scale");

  // One piece of one group of one image, in either format.
  const auto multiply_piece = [&]<class Product, class Element>(
                                  std::int64_t n, std::int64_t g, const Piece& piece,
                                  const auto& bias, Element padding, const auto& run) {
    const auto first = static_cast<std::size_t>(g * cout_group);
    const auto row_of = [&](std::int64_t c, std::int64_t iy) {
      if constexpr (std::is_same_v<Element, Half>)
        return x.row(n, g * cin + c, iy);
      else
        return x.row8(n, g * cin + c, iy);
    };
    Product product;
    product.bias = bias.empty() ? nullptr : bias.data() + first;
    product.scale = kernel.scale.empty() ? post_scale : kernel.scale.data() + first;
    product.scale_stride = kernel.scale.empty() ? 0 : 1;
    product.function = function;
    product.y_stride = y.strides[1];
    product.panels = piece.panels;
    thread_local std::vector<Element> rows;
    const std::int64_t block = windows.in_place ? piece.pixels : window_block(k, piece.pixels);
    for (std::int64_t at = piece.first; at < piece.first + piece.pixels; at += block) {
      product.pixels = std::min(block, piece.first + piece.pixels - at);
      if (windows.in_place) {
        product.x = row_of(0, 0) + at;
        product.x_stride = t.l2_in1.sc / static_cast<std::int64_t>(sizeof(Element));
      } else {
        rows.resize(static_cast<std::size_t>(k * product.pixels));
        windows.make(rows.data(), padding, at, product.pixels, row_of);
        product.x = rows.data();
        product.x_stride = product.pixels;
      }
      product.y = y.row(n, g * cout_group, 0) + at;
      run(product);
    }
  };
  const auto piece_of = [&](std::int64_t unit, const Piece& piece) {
    const std::int64_t n = unit / groups, g = unit % groups;
    const auto group = static_cast<std::size_t>(g);
    if (integer)
      multiply_piece.template operator()<MacProduct8>(
          n, g, piece, kernel.bias8, static_cast<std::int8_t>(t.zero_in), [&](MacProduct8& p) {
            p.x_zero = t.zero_in;
            kernels::arith::mac8(kernel.int8[group], p, profile_);
          });
    else
      multiply_piece.template operator()<MacProduct>(
          n, g, piece, kernel.bias, Half{t.pad_value},
          [&](const MacProduct& p) { kernels::arith::mac(kernel.fp16[group], p); });
  };
  const std::int64_t units = o.n * groups;
  const double macs =
      static_cast<double>(pixels) * static_cast<double>(k) * static_cast<double>(cout_group);
  if (units >= 2 * workers_->threads()) {
    workers_->spread(units, least_shares(units, macs * static_cast<double>(units)),
                     [&](std::int64_t begin, std::int64_t end) {
                       for (std::int64_t unit = begin; unit < end; ++unit)
                         piece_of(unit, {.first = 0, .pixels = pixels});
                     });
  } else {
    for (std::int64_t unit = 0; unit < units; ++unit) {
      const auto group = static_cast<std::size_t>(unit % groups);
      const std::int64_t panels =
          integer ? kernel.int8[group].panels() : kernel.fp16[group].panels();
      spread_product(*workers_, pixels, panels, macs,
                     [&](const Piece& piece) { piece_of(unit, piece); });
    }
  }
  made_ = y;
}

void Executor::multiply_sources(const Task& t, const std::string& who) {
  const Source x = source_of(memory_, t.in1, t.l2_in1, who);
  const Source w = source_of(memory_, t.in2, t.l2_in2, who);
  if (t.in1.c != t.in2.c || t.in1.h != 1 || t.in2.h != 1 || t.l2_in1.format != Format::fp16 ||
      t.l2_in2.format != Format::fp16)
    throw InputError(who, "`ne op=mm` takes two fp16 sources of one row and equal channels");
  if (t.in2.n != 1 && t.in2.n != t.in1.n)
    throw InputError(who, "`ne op=mm` takes one second source, or one for each image");
  const Extents e{.w = t.in1.w, .h = 1, .c = t.in2.w, .n = t.in1.n};
  const bool last = t.pe == PeMode::off;
  if (last && !(e == t.out))
    throw InputError(who, "the operation's extents are not those of the result");
  const Values y =
      room_for(t, e, last, {{.e = t.in1, .l = t.l2_in1}, {.e = t.in2, .l = t.l2_in2}}, who);
  const FunctionTable function = function_table(profile_, t.activation, t.alpha, t.beta);
  const auto packed = [&](std::int64_t n) {
    return PackedWeights(profile_, w.row(n, 0, 0), t.in2.w, t.in2.c, 1, t.l2_in2.sc / 2);
  };
  const auto product = [&](const PackedWeights& weights, std::int64_t n, const Piece& piece) {
    kernels::arith::mac(
        weights,
        {.pixels = piece.pixels,
         .x = x.row(n, 0, 0) + piece.first,
         .x_stride = t.l2_in1.sc / 2,
         .bias = nullptr,
         .scale = t.post_scale != 0 ? reinterpret_cast<const Half*>(&t.post_scale) : nullptr,
         .scale_stride = 0,
         .function = function,
         .y = y.row(n, 0, 0) + piece.first,
         .y_stride = y.strides[1],
         .panels = piece.panels});
  };
  const double macs = static_cast<double>(t.in1.w * t.in2.w) * static_cast<double>(t.in2.c);
  if (t.in2.n != 1 && t.in1.n >= workers_->threads()) {
    workers_->spread(t.in1.n, least_shares(t.in1.n, macs * static_cast<double>(t.in1.n)),
                     [&](std::int64_t begin, std::int64_t end) {
                       for (std::int64_t n = begin; n < end; ++n)
                         product(packed(n), n, {.pixels = t.in1.w});
                     });
  } else {
    std::optional<PackedWeights> weights;
    for (std::int64_t n = 0; n < t.in1.n; ++n) {
      if (!weights || t.in2.n != 1) weights.emplace(packed(n));
      spread_product(*workers_, t.in1.w, weights->panels(), macs,
                     [&](const Piece& piece) { product(*weights, n, piece); });
    }
  }
  made_ = y;
}

}  // namespace ane::sim
