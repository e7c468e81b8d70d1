// Does the fast path of the models on a CPU or GPU give the bits of their graphs' scalar reference
// [H1]-[H4], in every number format, beyond the limits of the formats too?
#include "workloads/readqc/framework.h"

#include <gtest/gtest.h>

#include "kernels/arith/gemm.h"
#include "workloads/graph/evaluate.h"

namespace ane::workloads::readqc {
namespace {

using kernels::arith::Storage;

// As seeded, its weights times `gain`, marked as a model with values.
Model scaled_model(ModelKind kind, float gain) {
  Model m = seeded_model(kind, 9);
  for (auto& [name, t] : m.parameters)
    for (float& v : t.as<float>()) v *= gain;
  m.training.epochs = 1;
  return m;
}

constexpr ModelKind kinds[] = {ModelKind::mlp, ModelKind::cnn,       ModelKind::kmer,
                               ModelKind::gc,  ModelKind::multitask, ModelKind::biometal};

void expect_reference(const Model& model, const FrameworkNumbers& numbers, const Graph& graph) {
  const ReadBatch reads = seeded_reads(7, 3);
  const Tensor encoded = encode(reads, model.encoding);
  const Tensor fast = FrameworkModel(model, numbers).forward(encoded);
  const Tensors slow = evaluate(graph, kernels::framework_arithmetic(numbers.storage),
                                {{"reads", graph_input(encoded, reads.size())}});
  for (std::size_t h = 0; h < model.heads.size(); ++h) {
    const auto head = static_cast<std::int64_t>(h);
    const std::vector<float> want = graph_scores(slow.at("logits"), head, reads.size());
    const std::vector<float> got = column(fast, head);
    for (std::size_t i = 0; i < want.size(); ++i)
      ASSERT_EQ(std::bit_cast<std::uint32_t>(got[i]), std::bit_cast<std::uint32_t>(want[i]))
          << info(model.spec.kind).name << " read " << i << ": " << got[i] << ", " << want[i];
  }
}

TEST(Framework, EveryModelAndFormatGivesTheScalarReferencesBits) {
  // 1e-4 brings subnormals of binary16, 300 infinities.
  for (const float gain : {1.0F, 1e-4F, 300.0F})
    for (const ModelKind kind : kinds) {
      const Model model = scaled_model(kind, gain);
      for (const Storage storage : {Storage::fp32, Storage::fp16, Storage::bf16})
        for (const auto format : {isa::KernelFormat::fp16, isa::KernelFormat::int8c,
                                  isa::KernelFormat::pal4, isa::KernelFormat::sparse})
          expect_reference(model, {.storage = storage, .weights = format, .ranges = {}},
                           build_graph(model, 7, Precision::fp16, {}, format));
    }
}

TEST(Framework, Int8ProductsGiveTheScalarReferencesBits) {
  for (const ModelKind kind : kinds) {
    const Model model = scaled_model(kind, 1);
    const std::vector<float> ranges = activation_ranges(model, seeded_reads(7, 3));
    expect_reference(model, {.storage = Storage::fp32, .ranges = ranges},
                     build_graph(model, 7, Precision::w8a8, ranges));
  }
}

TEST(Framework, TheBitsDependOnNoInstructionSet) {
  using kernels::arith::Simd;
  const Model model = scaled_model(ModelKind::cnn, 1);
  const Tensor encoded = encode(seeded_reads(33, 4), model.encoding);
  const Tensor best = FrameworkModel(model, {}).forward(encoded);
  kernels::arith::use_simd(Simd::scalar);
  const Tensor scalar = FrameworkModel(model, {}).forward(encoded);
  kernels::arith::use_simd(Simd::best);
  EXPECT_TRUE(best.bytes == scalar.bytes);
  // And binary16 is not float32.
  EXPECT_FALSE(best.bytes == forward(model, encoded).bytes);
}

}  // namespace
}  // namespace ane::workloads::readqc
