// Do the trained models survive the machine's numbers? The dense layers run through the FP16
// multiply-accumulate of both profiles; decisions are compared with float32.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "kernels/arith/gemm.h"
#include "kernels/arith/round.h"
#include "readqc_data.h"
#include "workloads/readqc/fastq/fastq.h"
#include "workloads/readqc/train.h"

namespace ane::workloads::readqc {
namespace {

using kernels::arith::Half;
using kernels::arith::Profile;

std::vector<Half> halves(const kernels::Tensor& t, const Profile& profile) {
  std::vector<Half> out;
  for (const float v : t.as<float>())
    out.push_back(kernels::arith::round_to_half(static_cast<double>(v), profile.rounding));
  return out;
}

// Logits of a model of dense layers; activations are [features, reads].
std::vector<float> half_logits(const Model& model, const ReadBatch& reads, const Profile& profile) {
  const std::int64_t n = reads.size();
  const std::vector<Half> rows = halves(encode(reads, model.encoding), profile);
  const auto width = static_cast<std::int64_t>(rows.size()) / n;
  std::vector<Half> x(rows.size());
  for (std::int64_t r = 0; r < n; ++r)
    for (std::int64_t f = 0; f < width; ++f)
      x[static_cast<std::size_t>(f * n + r)] = rows[static_cast<std::size_t>(r * width + f)];
  for (const Layer& l : model.layers) {
    const std::vector<Half> w = halves(model.parameter(l.name + ".weight"), profile);
    const std::vector<Half> b = halves(model.parameter(l.name + ".bias"), profile);
    std::vector<Half> y(static_cast<std::size_t>(l.out * n));
    kernels::arith::mac(kernels::arith::PackedWeights(profile, w.data(), l.out, l.in, l.in, 1),
                        {.pixels = n,
                         .x = x.data(),
                         .x_stride = n,
                         .bias = b.data(),
                         .y = y.data(),
                         .y_stride = n});
    if (l.relu)
      for (Half& h : y) h = is_negative(h) ? Half{} : h;
    x = y;
  }
  std::vector<float> out;
  for (const Half h : x) out.push_back(to_float(h));
  return out;
}

TEST(HalfPrecision, FlipsNextToNoDecisionOfAModelTrainedOnRealReads) {
  const std::string first = fetched_path("ERR127302_1_subset.fastq.gz");
  SKIP_WITHOUT(first);
  const ReadBatch reads = read_files({first}).reads;
  const ReadBatch held_out = reads.select(indices_of(reads, Part::test));
  for (const RuleInfo& r : rules()) {
    const Model model = train({.rule = r.rule}, reads, {.epochs = 3, .progress = {}});
    const std::vector<float> exact = column(forward(model, held_out), 0);
    for (const Profile& p : kernels::arith::profiles()) {
      const std::vector<float> half = half_logits(model, held_out, p);
      const std::int64_t flipped = flips(exact, half);
      EXPECT_LE(flipped, held_out.size() / 1000) << r.name << " " << p.name;
      RecordProperty(fmt::format("flips_{}_{}", r.name, p.name), static_cast<int>(flipped));
      double largest = 0;
      for (std::size_t i = 0; i < half.size(); ++i)
        largest = std::max(largest, static_cast<double>(std::abs(half[i] - exact[i])));
      EXPECT_LT(largest, 0.2) << r.name << " " << p.name;
    }
  }
}

}  // namespace
}  // namespace ane::workloads::readqc
