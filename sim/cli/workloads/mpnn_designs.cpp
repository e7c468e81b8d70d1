#include "sim/cli/workloads/mpnn_designs.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "sim/price/version.h"

namespace ane::sim {

namespace mp = workloads::mpnn;

namespace {

// "['A', 'B']", as the original writes the names of chains.
std::string chains_text(const Protein& protein, bool designed) {
  std::string text;
  for (const mp::ChainSpan& chain : protein.chains)
    if (chain.designed == designed)
      text += fmt::format("{}'{}'", text.empty() ? "" : ", ", chain.name);
  return "[" + text + "]";
}

}  // namespace

std::vector<results::Design> designs_of(const Protein& protein, const MpnnAnswer& answer,
                                        const MpnnPlan& plan) {
  const double temperature = plan.greedy ? results::unknown : plan.temperature;
  std::vector<results::Design> designs;
  const auto add = [&](std::string_view letters, const MpnnScore& score, double recovery) {
    const auto sample = static_cast<std::int64_t>(designs.size());
    designs.push_back(
        {.name = protein.name,
         .sample = sample,
         .seed = static_cast<std::int64_t>(plan.seed) + std::max<std::int64_t>(sample - 1, 0),
         .temperature = sample == 0 ? results::unknown : temperature,
         .score = score.designed,
         .global_score = score.all,
         .recovery = recovery,
         .sequence = mp::designed_chains(protein.input, letters)});
  };
  std::string own;
  for (std::int64_t i = 0; i < protein.input.real; ++i)
    own +=
        mp::alphabet[static_cast<std::size_t>(protein.input.sequence[static_cast<std::size_t>(i)])];
  add(own, answer.native, results::unknown);
  for (std::size_t i = 0; i < answer.sequences.size(); ++i)
    add(answer.sequences[i], answer.scores[i], answer.recoveries[i]);
  return designs;
}

std::string fasta_of(const Protein& protein, std::span<const results::Design> designs,
                     const std::string& model) {
  std::string text;
  for (const results::Design& d : designs) {
    if (d.sample == 0)
      text += fmt::format(
          ">{}, score={:.4f}, global_score={:.4f}, fixed_chains={}, designed_chains={}, "
          "model_name={}, anesim={}, seed={}\n",
          d.name, d.score, d.global_score, chains_text(protein, false), chains_text(protein, true),
          model, code_version(), d.seed);
    else
      text +=
          fmt::format(">T={}, sample={}, score={:.4f}, global_score={:.4f}, seq_recovery={:.4f}\n",
                      d.temperature == d.temperature ? d.temperature : 0.0, d.sample, d.score,
                      d.global_score, d.recovery);
    text += d.sequence + "\n";
  }
  return text;
}

}  // namespace ane::sim
