#include "workloads/readqc/encoding.h"

#include <algorithm>
#include <array>
#include <span>

#include "isa/error.h"

namespace ane::workloads::readqc {
namespace {

constexpr std::array<float, 6> ordinal_of_base{0.0F, 0.25F, 0.5F, 0.75F, 1.0F, 0.0F};

std::array<float, 256> quality_scale(float divisor) {
  std::array<float, 256> t{};
  for (std::size_t q = 0; q < t.size(); ++q) t[q] = static_cast<float>(q) / divisor;
  return t;
}

using Bytes150 = std::span<const std::uint8_t, static_cast<std::size_t>(window)>;

void encode_ordinal(Bytes150 bases, Bytes150 qualities, std::span<float> out) {
  static const std::array<float, 256> scaled = quality_scale(93.0F);
  for (std::size_t i = 0; i < bases.size(); ++i) out[i] = ordinal_of_base[bases[i]];
  for (std::size_t i = 0; i < bases.size(); ++i) out[bases.size() + i] = scaled[qualities[i]];
}

void encode_one_hot(Bytes150 bases, Bytes150 qualities, std::span<float> out) {
  static const std::array<float, 256> scaled = quality_scale(40.0F);
  for (std::size_t i = 0; i < bases.size(); ++i)
    if (bases[i] != base_padding) out[bases[i] * bases.size() + i] = 1.0F;
  for (std::size_t i = 0; i < bases.size(); ++i) out[5 * bases.size() + i] = scaled[qualities[i]];
}

void encode_kmers(Bytes150 bases, const Encoding& e, std::span<std::int32_t> out) {
  const auto k = static_cast<std::size_t>(e.k);
  const auto unknown = static_cast<std::int32_t>(1) << (2 * e.k);
  const std::size_t step = e.overlapping ? 1 : k;
  for (std::size_t t = 0; t < out.size(); ++t) {
    std::int32_t token = 0;
    std::uint8_t worst = 0;
    for (std::size_t i = t * step; i < t * step + k; ++i) {
      token = 4 * token + (bases[i] & 3);
      worst = std::max(worst, bases[i]);
    }
    out[t] = worst <= base_t ? token : worst == base_unknown ? unknown : unknown + 1;
  }
}

}  // namespace

kernels::Shape input_shape(const Encoding& e) {
  switch (e.kind) {
    case EncodingKind::ordinal:
      return {ordinal_features};
    case EncodingKind::one_hot:
      return {one_hot_channels, window};
    case EncodingKind::kmers:
      return {kmer_tokens(e.k, e.overlapping)};
  }
  ANE_CHECK(false, "an encoding of the list");
}

kernels::Tensor encode(const ReadBatch& reads, const Encoding& e, std::int64_t first,
                       std::int64_t count) {
  ANE_CHECK(first >= 0 && count >= 0 && first + count <= reads.size(), "reads of the batch");
  kernels::Shape shape = input_shape(e);
  const auto width = static_cast<std::size_t>(kernels::elements(shape));
  shape.insert(shape.begin(), count);
  const bool tokens = e.kind == EncodingKind::kmers;
  kernels::Tensor out(tokens ? isa::Format::i32 : isa::Format::fp32, shape);
  for (std::int64_t i = 0; i < count; ++i) {
    const auto row = static_cast<std::size_t>((first + i) * window);
    const Bytes150 bases(reads.bases.data() + row, static_cast<std::size_t>(window));
    const Bytes150 qualities(reads.qualities.data() + row, static_cast<std::size_t>(window));
    const std::size_t at = static_cast<std::size_t>(i) * width;
    switch (e.kind) {
      case EncodingKind::ordinal:
        encode_ordinal(bases, qualities, out.as<float>().subspan(at, width));
        break;
      case EncodingKind::one_hot:
        encode_one_hot(bases, qualities, out.as<float>().subspan(at, width));
        break;
      case EncodingKind::kmers:
        encode_kmers(bases, e, out.as<std::int32_t>().subspan(at, width));
        break;
    }
  }
  return out;
}

}  // namespace ane::workloads::readqc
