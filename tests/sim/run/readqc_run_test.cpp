// Do the read-QC models give the scalar reference's bits in every precision, and one answer
// whatever the host does?
#include <gtest/gtest.h>

#include <random>
#include <utility>

#include "kernels/arith/gemm.h"
#include "sim/price/price.h"
#include "sim/run/machine_run.h"
#include "sim/run/readqc/run.h"
#include "workloads/compile/compile.h"

namespace ane::sim {
namespace {

namespace qc = workloads::readqc;
using kernels::Tensor;
using workloads::Graph;
using workloads::Tensors;

qc::ReadBatch made_up_reads(std::int64_t count) {
  qc::ReadBatch batch;
  std::mt19937 rng(11);
  for (std::int64_t i = 0; i < count; ++i) {
    std::string bases;
    std::vector<std::uint8_t> qualities;
    const std::size_t length = 40 + rng() % 130;
    for (std::size_t b = 0; b < length; ++b) {
      bases += "ACGTN"[rng() % 40 == 0 ? 4 : rng() % 4];
      qualities.push_back(static_cast<std::uint8_t>(2 + rng() % 39));
    }
    qc::append_read(batch, bases, qualities);
  }
  return batch;
}

// A model with values of the size that training gives.
qc::Model seeded_model(qc::ModelKind kind) {
  qc::Model model = qc::make_model({.kind = kind});
  if (kind == qc::ModelKind::biometal) return model;
  std::mt19937 rng(5);
  for (auto& [name, tensor] : model.parameters)
    for (float& x : tensor.as<float>()) x = static_cast<float>(rng() % 2001) / 5000.0F - 0.2F;
  model.training.epochs = 1;
  return model;
}

constexpr qc::ModelKind kinds[] = {qc::ModelKind::mlp,       qc::ModelKind::cnn,
                                   qc::ModelKind::kmer,      qc::ModelKind::gc,
                                   qc::ModelKind::multitask, qc::ModelKind::biometal};

TEST(ReadQcRun, EveryModelAndPrecisionGivesTheScalarReferencesBits) {
  constexpr std::int64_t batch = 6;
  const qc::ReadBatch reads = made_up_reads(batch);
  const Chip m4 = load_chip("M4");
  for (const qc::ModelKind kind : kinds) {
    const qc::Model model = seeded_model(kind);
    const auto ranges = qc::activation_ranges(model, reads);
    const Tensors inputs{{"reads", qc::graph_input(qc::encode(reads, model.encoding), batch)}};
    for (const auto precision :
         {qc::Precision::fp16, qc::Precision::int8_weights, qc::Precision::w8a8}) {
      const Graph graph = qc::build_graph(model, batch, precision, ranges);
      for (const char* name : {"ane16", "ieee"}) {
        const auto& profile = kernels::arith::profile_named(name);
        const Tensors want = workloads::evaluate(graph, kernels::bit_arithmetic(profile), inputs);
        MachineRun run(graph, m4, profile);
        EXPECT_EQ(run.segments(), 1);
        const Tensors got = run.run(inputs);
        for (const auto& [output, t] : want)
          EXPECT_TRUE(got.at(output).bytes == t.bytes)
              << graph.name << " " << static_cast<int>(precision) << " " << name << " " << output;
      }
    }
  }
}

ReadQcAnswers answered(int threads, kernels::arith::Simd simd, std::int64_t batch,
                       qc::ModelKind kind = qc::ModelKind::mlp, float nudge = 0,
                       const std::vector<std::string>& settings = {}) {
  kernels::arith::use_simd(simd);
  ReadQcPlan plan;
  plan.model = seeded_model(kind);
  plan.model.parameters.begin()->second.as<float>()[0] += nudge;
  plan.batch = batch;
  plan.threads = threads;
  const Target target = make_target("M4", Unit::ane, "", settings);
  qc::ReadBatch all = made_up_reads(203);
  std::int64_t at = 0;
  ReadQcAnswers a =
      answer_reads(plan, target, kernels::arith::profile_named("ane16"), [&](std::int64_t n) {
        std::vector<std::int64_t> indices;
        for (; n > 0 && at < all.size(); --n) indices.push_back(at++);
        return all.select(indices);
      });
  kernels::arith::use_simd(kernels::arith::Simd::best);
  return a;
}

TEST(ReadQcRun, DigestsDoNotDependOnThreadsInstructionSetsOrBatches) {
  using kernels::arith::Simd;
  const ReadQcAnswers one = answered(1, Simd::best, 50);
  EXPECT_EQ(one.reads, 203);
  EXPECT_EQ(one.digest, answered(2, Simd::best, 50).digest);
  EXPECT_EQ(one.digest, answered(1, Simd::scalar, 50).digest);
  // The last batch is padded; padding changes no read's answer.
  EXPECT_EQ(one.digest, answered(1, Simd::best, 64).digest);
  EXPECT_EQ(one.inputs_digest, answered(1, Simd::best, 64).inputs_digest);
  EXPECT_EQ(results::part(one.accuracy, "accuracy"),
            results::part(answered(1, Simd::best, 64).accuracy, "accuracy"));
  // A batch beyond the accelerator's extents is answered by the calls that are priced, not by a
  // CPU.
  EXPECT_EQ(one.digest,
            answered(1, Simd::best, 50, qc::ModelKind::mlp, 0, {"ane.limits.extent=40"}).digest);
  // Several heads, and a number of reads that fills no batch.
  constexpr auto three = qc::ModelKind::multitask;
  EXPECT_EQ(answered(1, Simd::best, 7, three).digest, answered(2, Simd::best, 50, three).digest);
}

TEST(ReadQcRun, TheSameReadsThroughAnotherModelAreAnotherQuestion) {
  using kernels::arith::Simd;
  const ReadQcAnswers one = answered(1, Simd::best, 50);
  const ReadQcAnswers other = answered(1, Simd::best, 50, qc::ModelKind::mlp, 1e-3F);
  EXPECT_NE(one.inputs_digest, other.inputs_digest);
}

TEST(ReadQcRun, ReadsThatDifferBehindTheWindowAreAnotherQuestionWithAnotherAccuracy) {
  const auto answered_of = [](std::size_t length, std::uint8_t behind) {
    ReadQcPlan plan;
    plan.model = seeded_model(qc::ModelKind::mlp);
    plan.formats = workloads::formats_named("fp32");
    const Target target = make_target("M4", Unit::cpu, "", {});
    std::vector<std::uint8_t> qualities(length, behind);
    std::fill(qualities.begin(), qualities.begin() + 150, std::uint8_t{40});
    qc::ReadBatch batch;
    qc::append_read(batch, std::string(length, 'A'), qualities);
    const auto once = [&](std::int64_t) { return std::exchange(batch, {}); };
    return answer_reads(plan, target, kernels::arith::profile_named("ane16"), once);
  };
  const ReadQcAnswers good = answered_of(300, 40), bad = answered_of(300, 2);
  EXPECT_EQ(good.digest, bad.digest);  // the model sees no difference
  EXPECT_NE(good.inputs_digest, bad.inputs_digest);
  EXPECT_EQ(results::part(good.accuracy, "accuracy") + results::part(bad.accuracy, "accuracy"), 1);
  EXPECT_NE(answered_of(150, 40).inputs_digest, good.inputs_digest);
}

TEST(ReadQcRun, AnOperatorWithoutATextureUnitFallsToTheCpuWithItsReason) {
  const qc::Model model = seeded_model(qc::ModelKind::kmer);
  const qc::ReadBatch reads = made_up_reads(4);
  const Graph graph = qc::build_graph(model, 4);
  const auto& profile = kernels::arith::profile_named("ane16");
  MachineRun on_m1(graph, load_chip("M1"), profile);
  EXPECT_EQ(on_m1.segments(), 2);
  const results::Cost cost = price(workloads::parse_request("kind=readqc name=kmer batch=4"),
                                   make_target("M1", Unit::ane, "", {}), Detail::operators);
  ASSERT_FALSE(cost.operators.empty());
  EXPECT_EQ(cost.operators[0].unit, "cpu");
  EXPECT_EQ(cost.operators[0].placement, "G1");
  // A gather moves bits: the answer is that of a chip that gathers on the accelerator.
  MachineRun on_m4(graph, load_chip("M4"), profile);
  const Tensors inputs{{"reads", qc::graph_input(qc::encode(reads, model.encoding), 4)}};
  EXPECT_TRUE(on_m1.run(inputs).at("logits").bytes == on_m4.run(inputs).at("logits").bytes);
}

TEST(ReadQcRun, CostsObeyArithmetic) {
  const auto timed = [&](std::int64_t batch, const std::vector<std::string>& set) {
    return price(workloads::parse_request("kind=readqc name=mlp batch=" + std::to_string(batch)),
                 make_target("M4", Unit::ane, "direct", set))
        .totals;
  };
  const results::Totals t = timed(1000, {});
  // One read's products: 300 x 128 + 128 x 64 + 64.
  EXPECT_EQ(t.macs, 1000 * (300 * 128 + 128 * 64 + 64));
  // Never faster than the array's peak, the memory or the dispatch floor allow.
  const Chip m4 = load_chip("M4");
  EXPECT_GE(t.latency_s,
            static_cast<double>(2 * t.macs) / m4.ane().peak_fp16() + m4.ane().dispatch_direct);
  EXPECT_GE(t.latency_s,
            static_cast<double>(t.dram_bytes) / m4.memory().bandwidth + m4.ane().dispatch_direct);
  // More of a resource never costs time.
  EXPECT_LE(timed(1000, {"ane.bandwidth.dram=500GB/s", "ane.bandwidth.weights=500GB/s"}).latency_s,
            t.latency_s);
  // The whole is the sum of its parts.
  EXPECT_NEAR(results::sum(t.causes), t.latency_s, 1e-12);
  EXPECT_NEAR(results::sum(t.energy_parts), t.energy_j, 1e-12);
  // Larger batches cost more time and less time an item.
  EXPECT_GT(timed(10000, {}).latency_s, t.latency_s);
  EXPECT_LT(timed(10000, {}).latency_s, 10 * t.latency_s);
}

}  // namespace
}  // namespace ane::sim
