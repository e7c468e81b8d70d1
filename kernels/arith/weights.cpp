#include "kernels/arith/weights.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "isa/error.h"
#include "kernels/arith/palette.h"
#include "kernels/arith/quantise.h"
#include "kernels/arith/round.h"

namespace ane::kernels::arith {
namespace {

class Writer {
 public:
  explicit Writer(std::int64_t size) { bytes_.reserve(static_cast<std::size_t>(size)); }
  void half(Half h) {
    bytes_.push_back(static_cast<std::uint8_t>(h.bits & 255));
    bytes_.push_back(static_cast<std::uint8_t>(h.bits >> 8));
  }
  void bits(unsigned value, int count) {
    pending_ |= value << filled_;
    filled_ += count;
    for (; filled_ >= 8; filled_ -= 8, pending_ >>= 8)
      bytes_.push_back(static_cast<std::uint8_t>(pending_ & 255));
  }
  void flush() {
    if (filled_ > 0) bits(0, 8 - filled_);
  }
  std::vector<std::uint8_t> take() { return std::move(bytes_); }

 private:
  std::vector<std::uint8_t> bytes_;
  unsigned pending_ = 0;
  int filled_ = 0;
};

// Its user has checked the stream's length, except for sparse values.
class Reader {
 public:
  explicit Reader(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}
  unsigned byte() {
    if (at_ == bytes_.size())
      throw InputError("weight stream", fmt::format("ends after {} bytes, too early", at_));
    return bytes_[at_++];
  }
  Half half() {
    const unsigned low = byte();
    return {static_cast<std::uint16_t>(low | byte() << 8)};
  }
  unsigned bits(int count) {
    while (filled_ < count) pending_ |= byte() << filled_, filled_ += 8;
    const unsigned value = pending_ & ((1u << count) - 1);
    pending_ >>= count, filled_ -= count;
    return value;
  }

 private:
  std::span<const std::uint8_t> bytes_;
  std::size_t at_ = 0;
  unsigned pending_ = 0;
  int filled_ = 0;
};

Half scale_for(std::span<const float> w, int largest_code) {
  float largest = 0;
  for (const float v : w) largest = std::max(largest, std::fabs(v));
  return symmetric_scale(static_cast<double>(largest), largest_code);
}

int code_of(float w, Half scale, int largest_code) {
  const double code = std::round(static_cast<double>(w) / static_cast<double>(to_float(scale)));
  return static_cast<int>(std::clamp<double>(code, -largest_code, largest_code));
}

Half half_of(float w) {
  return to_half(static_cast<double>(w));
}

Half product(int code, Half scale, const Profile& profile) {
  const HalfParts s = parts(scale);
  const std::int64_t factor = s.negative ? -s.significand : s.significand;
  return round_to_half(code * factor, s.exponent - 10, profile.rounding);
}

std::int64_t blocks_of(std::int64_t row_length, std::int64_t block) {
  return (row_length + block - 1) / block;
}

// Signed scales and codes of one group of weights.
void write_codes(Writer& to, std::span<const float> w, Half scale, int bits) {
  const int largest = (1 << (bits - 1)) - 1;
  for (const float v : w)
    to.bits(static_cast<unsigned>(code_of(v, scale, largest)) & ((1u << bits) - 1), bits);
}

unsigned code_bits(float w) {
  return static_cast<unsigned>(code_of(w, half_of(1), 127)) & 255;
}

void check_length(KernelFormat format, std::int64_t block, std::span<const std::uint8_t> stream,
                  std::int64_t channels, std::int64_t row_length) {
  ANE_CHECK(channels >= 0 && row_length > 0 && block > 0, "the shape of a weight stream");
  if (const std::int64_t least = encoded_bytes(format, block, channels, row_length, 0);
      std::ssize(stream) < least)
    throw InputError("weight stream", fmt::format("{} bytes, where {} rows of {} weights need {}",
                                                  stream.size(), channels, row_length, least));
}

int read_code(Reader& from, int bits) {
  const auto raw = static_cast<int>(from.bits(bits));
  return raw >= 1 << (bits - 1) ? raw - (1 << bits) : raw;
}

}  // namespace

WeightCoding fit_weights(KernelFormat format, std::span<const float> weights, std::int64_t block,
                         PaletteFit fit) {
  ANE_CHECK(block > 0, "a block of weights");
  for (std::size_t i = 0; i < weights.size(); ++i)
    if (const Half h = half_of(weights[i]); is_nan(h) || is_infinite(h))
      throw InputError("weights", fmt::format("weight {} is {}, beyond binary16", i, weights[i]),
                       "scale the layer so that its weights lie within 65504");
  WeightCoding coding{format, block, {}};
  if (format == KernelFormat::int8) coding.table = {scale_for(weights, 127)};
  if (const int bits = palette_bits(format); bits > 0)
    coding.table = fit_palette(weights, bits, fit);
  return coding;
}

std::vector<std::uint8_t> encode_weights(const WeightCoding& coding, std::span<const float> rows,
                                         std::int64_t row_length) {
  ANE_CHECK(row_length > 0 && std::ssize(rows) % row_length == 0, "whole rows of weights");
  const auto length = static_cast<std::size_t>(row_length);
  const std::size_t channels = rows.size() / length;
  const auto row = [&](std::size_t c) { return rows.subspan(c * length, length); };
  Writer to(std::ssize(rows) * 2 + 512);
  switch (coding.format) {
    case KernelFormat::fp16:
      for (const float w : rows) to.half(half_of(w));
      break;
    case KernelFormat::int8:
      to.half(coding.table.at(0));
      write_codes(to, rows, coding.table[0], 8);
      break;
    case KernelFormat::int8c:
      for (std::size_t c = 0; c < channels; ++c) to.half(scale_for(row(c), 127));
      for (std::size_t c = 0; c < channels; ++c) write_codes(to, row(c), scale_for(row(c), 127), 8);
      break;
    case KernelFormat::pal1:
    case KernelFormat::pal2:
    case KernelFormat::pal4:
    case KernelFormat::pal6:
    case KernelFormat::pal8: {
      const int bits = palette_bits(coding.format);
      for (const Half h : coding.table) to.half(h);
      for (const float w : rows) to.bits(nearest_in_palette(coding.table, w), bits);
      break;
    }
    case KernelFormat::int4b: {
      const auto block = static_cast<std::size_t>(coding.block);
      const auto each = [&](auto&& use) {
        for (std::size_t c = 0; c < channels; ++c)
          for (std::size_t i = 0; i < length; i += block) {
            const auto w = row(c).subspan(i, std::min(block, length - i));
            use(w, scale_for(w, 7));
          }
      };
      each([&](auto, Half scale) { to.half(scale); });
      each([&](auto w, Half scale) { write_codes(to, w, scale, 4); });
      break;
    }
    case KernelFormat::sparse:
      for (const float w : rows) to.bits(is_zero(half_of(w)) ? 0 : 1, 1);
      to.flush();
      for (const float w : rows)
        if (const Half h = half_of(w); !is_zero(h)) to.half(h);
      break;
    case KernelFormat::i8:
      for (const float w : rows) to.bits(code_bits(w), 8);
      break;
    case KernelFormat::i8p1:
    case KernelFormat::i8p2:
    case KernelFormat::i8p4:
    case KernelFormat::i8p6:
      for (const Half h : coding.table) to.bits(code_bits(to_float(h)), 8);
      for (const float w : rows)
        to.bits(nearest_in_palette(coding.table, w), palette_bits(coding.format));
      break;
  }
  to.flush();
  return to.take();
}

std::int64_t encoded_bytes(KernelFormat format, std::int64_t block, std::int64_t channels,
                           std::int64_t row_length, std::int64_t nonzero) {
  const std::int64_t n = channels * row_length;
  switch (format) {
    case KernelFormat::fp16:
      return 2 * n;
    case KernelFormat::int8:
      return 2 + n;
    case KernelFormat::int8c:
      return 2 * channels + n;
    case KernelFormat::pal1:
    case KernelFormat::pal2:
    case KernelFormat::pal4:
    case KernelFormat::pal6:
    case KernelFormat::pal8: {
      const int bits = palette_bits(format);
      return (std::int64_t{2} << bits) + (n * bits + 7) / 8;
    }
    case KernelFormat::int4b:
      return 2 * channels * blocks_of(row_length, block) + (n + 1) / 2;
    case KernelFormat::sparse:
      return (n + 7) / 8 + 2 * nonzero;
    case KernelFormat::i8:
      return n;
    case KernelFormat::i8p1:
    case KernelFormat::i8p2:
    case KernelFormat::i8p4:
    case KernelFormat::i8p6: {
      const int bits = palette_bits(format);
      return (std::int64_t{1} << bits) + (n * bits + 7) / 8;
    }
  }
  ANE_CHECK(false, "weight format");
}

std::vector<std::int8_t> decode_codes(KernelFormat format, std::span<const std::uint8_t> stream,
                                      std::int64_t channels, std::int64_t row_length) {
  ANE_CHECK(isa::is_integer(format), "a stream of codes");
  check_length(format, 1, stream, channels, row_length);
  Reader from(stream);
  const int bits = palette_bits(format);
  std::vector<std::int8_t> table(bits == 0 ? 0 : std::size_t{1} << bits);
  for (std::int8_t& c : table) c = static_cast<std::int8_t>(from.bits(8));
  std::vector<std::int8_t> out(static_cast<std::size_t>(channels * row_length));
  for (std::int8_t& c : out)
    c = bits == 0 ? static_cast<std::int8_t>(from.bits(8)) : table[from.bits(bits)];
  return out;
}

std::vector<Half> decode_weights(KernelFormat format, std::int64_t block,
                                 std::span<const std::uint8_t> stream, std::int64_t channels,
                                 std::int64_t row_length, const Profile& profile) {
  ANE_CHECK(!isa::is_integer(format), "INT8 codes are not decoded to FP16");
  check_length(format, block, stream, channels, row_length);
  Reader from(stream);
  std::vector<Half> out(static_cast<std::size_t>(channels * row_length));
  const auto length = static_cast<std::size_t>(row_length);
  const auto read_halves = [&](std::int64_t count) {
    std::vector<Half> halves(static_cast<std::size_t>(count));
    for (Half& h : halves) h = from.half();
    return halves;
  };
  switch (format) {
    case KernelFormat::fp16:
      for (Half& h : out) h = from.half();
      break;
    case KernelFormat::int8: {
      const Half scale = from.half();
      for (Half& h : out) h = product(read_code(from, 8), scale, profile);
      break;
    }
    case KernelFormat::int8c: {
      const std::vector<Half> scale = read_halves(channels);
      for (std::size_t i = 0; i < out.size(); ++i)
        out[i] = product(read_code(from, 8), scale[i / length], profile);
      break;
    }
    case KernelFormat::int4b: {
      const std::int64_t blocks = blocks_of(row_length, block);
      const std::vector<Half> scale = read_halves(channels * blocks);
      for (std::size_t i = 0; i < out.size(); ++i) {
        const std::size_t in_row = i % length / static_cast<std::size_t>(block);
        out[i] = product(read_code(from, 4),
                         scale[i / length * static_cast<std::size_t>(blocks) + in_row], profile);
      }
      break;
    }
    case KernelFormat::sparse: {
      std::vector<bool> kept(out.size());
      for (std::size_t i = 0; i < out.size(); ++i) kept[i] = from.bits(1) != 0;
      for (std::size_t i = 0; i < out.size(); ++i)
        if (kept[i]) out[i] = from.half();
      break;
    }
    default: {
      const int bits = palette_bits(format);
      const std::vector<Half> table = read_halves(std::int64_t{1} << bits);
      for (Half& h : out) h = table[from.bits(bits)];
    }
  }
  return out;
}

void prune(std::span<float> weights, double fraction) {
  ANE_CHECK(fraction >= 0 && fraction <= 1, "a fraction of the weights");
  std::vector<std::size_t> order(weights.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto smaller = [&](std::size_t a, std::size_t b) {
    const float x = std::fabs(weights[a]), y = std::fabs(weights[b]);
    return x < y || (x == y && a < b);
  };
  const auto count = static_cast<std::ptrdiff_t>(fraction * static_cast<double>(weights.size()));
  std::ranges::nth_element(order, order.begin() + count, smaller);
  for (std::ptrdiff_t i = 0; i < count; ++i) weights[order[static_cast<std::size_t>(i)]] = 0;
}

}  // namespace ane::kernels::arith
