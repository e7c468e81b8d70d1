#include "sim/cli/workloads.h"

#include "sim/cli/workload.h"

namespace ane::sim {

std::span<const Workload> workloads() {
  static constexpr Workload table[] = {
      {"mpnn", "ProteinMPNN on a structure", run_mpnn, compare_mpnn},
      {"readqc", "read quality models on FASTQ", run_readqc, compare_readqc},
      {"vision_language", "a picture and a question to an answer", run_vision_language,
       compare_vision_language},
  };
  return table;
}

}  // namespace ane::sim
