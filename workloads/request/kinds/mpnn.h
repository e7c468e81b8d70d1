// kind=mpnn: ProteinMPNN, or one of its parts. The framework's form is the operators of the
// original's code; the accelerator's is the graph of workloads/mpnn with features, neighbours and
// the head on the host.
#pragma once
#include "workloads/mpnn/graph/flash.h"
#include "workloads/mpnn/graph/graph.h"
#include "workloads/request/kind.h"

namespace ane::workloads {

enum class MpnnPhase {
  forward,      // teacher forced log-probabilities
  uncond,       // no place sees a type
  conditional,  // each place behind all others
  sample,       // the encoder once, then a step a residue
  encode,
  decode_step,
  attention  // another network: attention over all residues
};
enum class GatherBy { automatic, texture, one_hot, host };
std::span<const std::string_view> names_of(MpnnPhase);
std::span<const std::string_view> names_of(GatherBy);

struct MpnnWork : Work {
  std::int64_t residues = 0, k = 48, hidden = 128, encoder = 3, decoder = 3, context_layers = 0;
  std::int64_t bucket = 0;
  MpnnPhase phase = MpnnPhase::forward;
  GatherBy gather = GatherBy::automatic;
  bool featurise = true, flash_attention = false, literal = false, fused = true;

  static constexpr Key keys[] = {
      needed<&MpnnWork::residues>("residues", "of one protein", 1, 1e6),
      key<&MpnnWork::k>("k", "neighbours of a residue", 1, 1e6),
      key<&MpnnWork::hidden>("hidden", "width", 1, 1e6),
      key<&MpnnWork::encoder>("encoder", "encoder layers", 0, 1e4),
      key<&MpnnWork::decoder>("decoder", "decoder layers", 0, 1e4),
      key<&MpnnWork::phase>("phase",
                            "forward, uncond, conditional, sample, encode, decode_step, attention"),
      key<&MpnnWork::context_layers>("context_layers", "of LigandMPNN's encoder (framework)", 0,
                                     1e4),
      key<&MpnnWork::featurise>("featurise", "0: distances and features are there already"),
      key<&MpnnWork::flash_attention>("flash_attention", "attention in tiles (phase=attention)"),
      lowering<&MpnnWork::bucket>("bucket", "places that the protein is padded to", 0, 1e6),
      lowering<&MpnnWork::gather>(
          "gather",
          "neighbours by texture unit, one_hot product or host; automatic: what "
          "the chip has (accelerator)"),
      lowering<&MpnnWork::literal>("literal", "the first layer as written, unsplit (accelerator)"),
      lowering<&MpnnWork::fused>("fused",
                                 "0: every intermediate goes through memory (accelerator)"),
  };

  mpnn::ModelSpec model() const;
  std::int64_t places() const { return bucket > 0 ? bucket : residues; }
  bool samples() const { return phase == MpnnPhase::sample; }
  bool one_protein() const { return samples() || phase == MpnnPhase::conditional; }
  // The options of the graph of a whole pass (or of the encoder where a job has several calls).
  mpnn::GraphOptions graph_options(const Request& r, const isa::Machine& machine) const;
  mpnn::FlashOptions flash_options() const;

  void check(const Request& r, const std::string& place) const override;
  double items(const Request& r) const override {
    return static_cast<double>(residues) * static_cast<double>(r.batch);
  }
  double parameters() const override;
  Job job(const Request& r, const JobFor& target) const override;
};

// ProteinMPNN as a framework on a CPU or GPU runs it, operator by operator and unfused, as its own
// code is written (dauparas/ProteinMPNN @8907e66).
WorkList mpnn_operators(const MpnnWork& work, const Request& r);
// Its feature stage alone: 25 atom-pair distances over all residue pairs, gathered and expanded.
WorkList mpnn_feature_operators(const MpnnWork& work, std::int64_t batch, double bytes);

}  // namespace ane::workloads
