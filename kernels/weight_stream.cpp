#include "kernels/weight_stream.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "isa/error.h"
#include "kernels/arith/palette.h"
#include "kernels/arith/round.h"

namespace ane::kernels {
namespace {

// The codes of a layer whose codes are of a palette, ascending, the last repeated to its size; of
// any other none.
std::vector<arith::Half> code_table(const Parameters& p) {
  const int bits = arith::palette_bits(p.format);
  if (bits == 0) return {};
  const std::set<std::int8_t> used(p.codes.begin(), p.codes.end());
  const std::size_t size = std::size_t{1} << bits;
  ANE_CHECK(used.size() <= size, "no more codes than the palette holds");
  std::vector<arith::Half> table;
  for (const std::int8_t c : used) table.push_back(arith::to_half(c));
  table.resize(size, table.back());
  return table;
}

}  // namespace

WeightRows::WeightRows(const Parameters& p, int dilation_w, int dilation_h)
    : p_(p),
      dilation_w_(dilation_w),
      dilation_h_(dilation_h),
      kw_(dilation_w * (p.kw - 1) + 1),
      kh_(dilation_h * (p.kh - 1) + 1) {
  const auto total = static_cast<double>(p.cout * row_length());
  const auto taps = static_cast<double>(p.count());
  double zeros = p.zero_share * taps;
  if (!p.weights.empty()) zeros = static_cast<double>(std::ranges::count(p.weights, 0.0F));
  if (!p.codes.empty()) zeros = static_cast<double>(std::ranges::count(p.codes, std::int8_t{0}));
  zero_share_ = (zeros + total - taps) / total;
  // A dilated kernel is stored with a mask in place of the zeros between its taps (Apple's compiler
  // does so above one padding zero in seven).
  const bool spread = (total - taps) / total > 1.0 / 7;
  coding_.format =
      p.format == isa::KernelFormat::fp16 && spread ? isa::KernelFormat::sparse : p.format;
  if (!p.weights.empty() && !isa::is_integer(p.format))
    coding_ = arith::fit_weights(coding_.format, p.weights);
  if (!p.codes.empty()) coding_.table = code_table(p);
  // Between its taps a dilated kernel is zero, so its palette holds a zero.
  if (std::vector<arith::Half>& table = coding_.table;
      total > taps && !table.empty() && arith::palette_bits(coding_.format) > 0) {
    *std::ranges::min_element(table, {}, [](arith::Half h) { return h.bits & 0x7fff; }) = {0};
    std::ranges::sort(table, {}, [](arith::Half h) { return arith::to_float(h); });
  }
}

std::vector<float> WeightRows::rows(std::span<const std::int64_t> channels) const {
  std::vector<float> all(channels.size() * static_cast<std::size_t>(row_length()));
  float* row = all.data();
  for (const std::int64_t c : channels) {
    for (std::int64_t i = 0; i < p_.cin; ++i)
      for (int y = 0; y < p_.kh; ++y)
        for (int x = 0; x < p_.kw; ++x) {
          const auto from = static_cast<std::size_t>(((c * p_.cin + i) * p_.kh + y) * p_.kw + x);
          row[(y * dilation_h_ * kw_ + x * dilation_w_) * p_.cin + i] =
              p_.codes.empty() ? p_.weights[from] : static_cast<float>(p_.codes[from]);
        }
    row += row_length();
  }
  return all;
}

std::vector<std::uint8_t> WeightRows::encode(std::span<const std::int64_t> channels) const {
  const std::vector<float> all = rows(channels);
  return arith::encode_weights(coding_, all, row_length());
}

std::int64_t WeightRows::encoded_bytes(std::int64_t channels) const {
  const auto nonzero = static_cast<std::int64_t>(
      std::llround((1 - zero_share_) * static_cast<double>(channels * row_length())));
  return arith::encoded_bytes(coding_.format, coding_.block, channels, row_length(), nonzero);
}

std::vector<arith::Half> decoded_weights(const Parameters& p, const arith::Profile& profile,
                                         int dilation_w, int dilation_h) {
  const WeightRows rows(p, dilation_w, dilation_h);
  const std::int64_t k = rows.row_length(), streams = isa::stream_count;
  std::vector<arith::Half> all(static_cast<std::size_t>(p.cout * k));
  for (std::int64_t e = 0; e < std::min(streams, p.cout); ++e) {
    std::vector<std::int64_t> channels;
    for (std::int64_t c = e; c < p.cout; c += streams) channels.push_back(c);
    const auto part =
        arith::decode_weights(rows.format(), arith::WeightCoding{}.block, rows.encode(channels),
                              std::ssize(channels), k, profile);
    for (std::size_t i = 0; i < channels.size(); ++i)
      std::copy_n(part.data() + static_cast<std::int64_t>(i) * k, k, all.data() + channels[i] * k);
  }
  return all;
}

}  // namespace ane::kernels
