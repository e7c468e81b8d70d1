// kind=mpnn: ProteinMPNN, or one of its parts. The framework's form is the operators of the
// original's code; the accelerator's is the graph of workloads/mpnn with features, neighbours and
// the head on the host.
#pragma once
#include <optional>

#include "workloads/mpnn/graph/flash.h"
#include "workloads/mpnn/graph/graph.h"
#include "workloads/request/kind.h"

namespace ane::workloads {

enum class MpnnPhase {
  forward,      // teacher forced log-probabilities
  uncond,       // no place sees a type
  conditional,  // each place behind all others
  sample,       // the encoder once, then a step a residue
  speculate,    // sampling by two networks: a small one drafts `ahead` residues step by step, one
                // pass of the decoder judges them, and a share `accept` of them stands
  diffuse,      // the encoder once, then `passes` passes of the decoder over all residues
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
  bool featurise = true, host_features = false, flash_attention = false, literal = false,
       fused = true;
  // phase=speculate: residues a draft, their chance to stand, and the network that drafts.
  std::int64_t ahead = 4, draft_hidden = 64, draft_encoder = 2, draft_decoder = 2;
  std::optional<double> accept{};
  std::optional<std::int64_t> passes{};  // phase=diffuse

  static constexpr Key keys[] = {
      needed<&MpnnWork::residues>("residues", "of one protein", 1, 1e6),
      key<&MpnnWork::k>("k", "neighbours of a residue", 1, 1e6),
      key<&MpnnWork::hidden>("hidden", "width", 1, 1e6),
      key<&MpnnWork::encoder>("encoder", "encoder layers", 0, 1e4),
      key<&MpnnWork::decoder>("decoder", "decoder layers", 0, 1e4),
      key<&MpnnWork::phase>("phase",
                            "forward, uncond, conditional, sample, speculate, diffuse, encode, "
                            "decode_step, attention"),
      key<&MpnnWork::ahead>("ahead", "residues that a draft proposes (speculate)", 1, 64),
      key<&MpnnWork::accept>("accept", "chance of a drafted residue to stand (speculate)", 0, 1),
      key<&MpnnWork::draft_hidden>("draft_hidden", "width of the drafting network (speculate)", 1,
                                   1e6),
      key<&MpnnWork::draft_encoder>("draft_encoder", "its encoder layers (speculate)", 0, 1e4),
      key<&MpnnWork::draft_decoder>("draft_decoder", "its decoder layers (speculate)", 1, 1e4),
      key<&MpnnWork::passes>("passes", "of the decoder over all residues (diffuse)", 1, 1e4),
      key<&MpnnWork::context_layers>("context_layers", "of LigandMPNN's encoder (framework)", 0,
                                     1e4),
      key<&MpnnWork::featurise>("featurise", "0: distances and features are there already"),
      choice<&MpnnWork::host_features>(
          "host_features", "1: distances, neighbours and features on the CPU (framework)"),
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
  bool one_protein() const {
    return samples() || phase == MpnnPhase::conditional || phase == MpnnPhase::speculate ||
           phase == MpnnPhase::diffuse;
  }
  // Rounds of drafting and judging until all residues stand. A round makes
  // (1 - accept^(ahead + 1)) / (1 - accept) of them on average, the one that the judge puts in the
  // place of the first that falls among them (Leviathan et al. 2023, eq. 1).
  double rounds() const;
  // The network that drafts, as work of its own.
  MpnnWork draft() const;
  // The options of the graph of a whole pass (or of the encoder where a job has several calls).
  mpnn::GraphOptions graph_options(const Request& r, const isa::Machine& machine) const;
  mpnn::FlashOptions flash_options() const;

  void check(const Request& r, const std::string& place) const override;
  double items(const Request& r) const override {
    return static_cast<double>(residues) * static_cast<double>(r.batch);
  }
  double parameters() const override;
  Job job(const Request& r, const JobFor& target) const override;

 private:
  Job framework_job(const Request& r) const;
};

// ProteinMPNN as a framework on a CPU or GPU runs it, operator by operator and unfused, as its own
// code is written (dauparas/ProteinMPNN @8907e66).
WorkList mpnn_operators(const MpnnWork& work, const Request& r);
// A pass of its decoder over all residues, behind an encoder that ran before.
WorkList mpnn_decoder_operators(const MpnnWork& work, const Request& r);
// Its feature stage alone: 25 atom-pair distances over all residue pairs, gathered and expanded.
WorkList mpnn_feature_operators(const MpnnWork& work, std::int64_t batch, double bytes);

}  // namespace ane::workloads
