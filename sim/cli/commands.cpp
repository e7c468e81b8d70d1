#include "sim/cli/commands.h"

namespace ane::sim {

std::span<const Command> commands() {
  static constexpr Command table[] = {
      {"asm", "assembles a program", run_asm},
      {"arith", "the numbers of a profile: multiply-accumulate, functions, codes", run_arith,
       arith_words},
      {"calibrate", "free parameters fitted to calibration rows", run_calibrate},
      {"check", "numeric regression: today's bits against a stored file", run_check},
      {"chips", "what is known of each chip, and where it comes from", run_chips},
      {"completion", "a shell's completion of commands, options and their values", run_completion,
       completion_words},
      {"diff", "two runs or questions side by side: what changed, and by how much", run_diff},
      {"doctor", "is this program in order? what a report of a fault should hold", run_doctor},
      {"disasm", "prints a program file as text", run_disasm},
      {"compare", "the same on chips, units and batches, side by side", run_compare, subject_words},
      {"exec", "run one program on a chip, for values and time", run_exec},
      {"export", "a network, a read-QC model or ProteinMPNN as an ONNX file", run_export,
       subject_words},
      {"merge", "results files of several computers as one", run_merge},
      {"models", "networks, language models and workloads: shape, work, weights", run_models},
      {"nearest", "nearest neighbours among vectors, by products on the accelerator", run_nearest},
      {"profile", "where each operator of a model runs, why, and what it costs", run_profile},
      {"report", "runs, sweeps, tables or a model drawn, as one HTML file", run_report},
      {"run", "time, energy and memory of a network, a file or any work", run_run, subject_words},
      {"runs", "what the results file holds", run_runs},
      {"show", "stored runs through a view: summary, layers, timeline, ...", run_show},
      {"sweep", "one request on many machines: what moves, where the knee is, what is best",
       run_sweep, subject_words},
      {"tables", "published figures beside simulated ones, with a verdict each", run_tables},
      {"train", "train a read-QC model on FASTQ and say how good it is", run_train},
      {"tune", "the best of what a user may choose for given work on a chip", run_tune,
       subject_words},
      {"validate", "measured rows of real chips against predictions", run_validate},
  };
  return table;
}

}  // namespace ane::sim
