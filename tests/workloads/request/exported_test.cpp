// Read-QC models and ProteinMPNN as ONNX files: read again they give the same bits.
#include <gtest/gtest.h>

#include "tests/workloads/onnx/read_again.h"
#include "workloads/mpnn/graph/graph.h"
#include "workloads/mpnn/seeded.h"
#include "workloads/readqc/graph.h"

namespace ane::workloads {
namespace {

TEST(ExportedReadQc, GivesTheSameBits) {
  namespace qc = readqc;
  const qc::ReadBatch reads = qc::seeded_reads(6, 3);
  for (const qc::ModelKind kind :
       {qc::ModelKind::mlp, qc::ModelKind::cnn, qc::ModelKind::kmer, qc::ModelKind::multitask}) {
    const qc::Model model = qc::seeded_model(kind, 5);
    const kernels::Tensor input = qc::graph_input(qc::encode(reads, model.encoding), 6);
    cases::expect_same_bits(qc::build_graph(model, 6), {{"reads", input}});
  }
}

TEST(ExportedMpnn, GivesTheSameBits) {
  namespace mp = mpnn;
  const mp::Weights weights =
      mp::seeded_weights({.hidden = 16, .encoder_layers = 1, .decoder_layers = 1, .neighbours = 6});
  mp::Example example{.input = mp::seeded_helix(10), .sequence = {}, .rank = {}};
  for (std::int32_t i = 0; i < 10; ++i)
    example.sequence.push_back(i * 7 % 20), example.rank.push_back(9 - i);
  for (const mp::Pass pass : {mp::Pass::score, mp::Pass::unconditional, mp::Pass::encode})
    for (const mp::Gather gather : {mp::Gather::texture, mp::Gather::one_hot}) {
      const mp::GraphOptions options{
          .pass = pass, .length = 10, .gather = gather, .head = mp::Head::log_probs};
      cases::expect_same_bits(mp::build_graph(weights, options),
                              mp::graph_inputs(weights, options, {example}));
    }
}

}  // namespace
}  // namespace ane::workloads
