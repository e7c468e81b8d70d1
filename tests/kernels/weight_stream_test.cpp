// A layer's streams: how long they are, with values and without, and what dilation makes of them.
#include "kernels/weight_stream.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>

namespace ane::kernels {
namespace {

using isa::KernelFormat;

Parameters layer(std::int64_t cout, std::int64_t cin, int kh, int kw, KernelFormat format) {
  Parameters p;
  p.cout = cout, p.cin = cin, p.kh = kh, p.kw = kw;
  p.format = format;
  return p;
}

TEST(WeightStream, AKernelIsSparseWhereMoreThanOneInSevenIsBetweenItsTaps) {
  const auto format = [](int kw, int dilation) {
    return WeightRows(layer(16, 4, 1, kw, KernelFormat::fp16), dilation, 1).format();
  };
  EXPECT_EQ(format(3, 1), KernelFormat::fp16);
  EXPECT_EQ(format(2, 2), KernelFormat::sparse);  // one in three
  EXPECT_EQ(format(4, 2), KernelFormat::sparse);  // three in seven
  EXPECT_EQ(WeightRows(layer(16, 4, 1, 3, KernelFormat::pal4), 3, 1).format(), KernelFormat::pal4);
}

TEST(WeightStream, IsAsLongWithoutValuesAsWithThem) {
  std::mt19937 rng(3);
  for (const auto format :
       {KernelFormat::fp16, KernelFormat::int8, KernelFormat::int8c, KernelFormat::pal1,
        KernelFormat::pal6, KernelFormat::int4b, KernelFormat::sparse})
    for (const int dilation : {1, 2})
      for (const std::int64_t cin : {1, 7, 33}) {
        Parameters p = layer(5, cin, 1, 3, format);
        for (std::int64_t i = 0; i < p.count(); ++i)
          p.weights.push_back(i % 4 == 0 ? 0.0F : static_cast<float>(1 + rng() % 100) / 64);
        const double zeros = static_cast<double>(std::ranges::count(p.weights, 0.0F)) /
                             static_cast<double>(p.count());
        std::vector<std::int64_t> all(5);
        std::iota(all.begin(), all.end(), 0);
        const auto written = std::ssize(WeightRows(p, dilation, 1).encode(all));
        p.weights.clear();
        p.zero_share = zeros;
        EXPECT_EQ(WeightRows(p, dilation, 1).encoded_bytes(5), written)
            << static_cast<int>(format) << " " << dilation << " " << cin;
      }
}

TEST(WeightStream, ZeroShareCountsWhatDilationPutsBetweenTheTaps) {
  Parameters p = layer(2, 3, 1, 2, KernelFormat::fp16);
  p.zero_share = 0.25;
  EXPECT_DOUBLE_EQ(WeightRows(p, 1, 1).zero_share(), 0.25);
  EXPECT_DOUBLE_EQ(WeightRows(p, 2, 1).zero_share(), (1 + 0.25 * 2) / 3);
}

}  // namespace
}  // namespace ane::kernels
