#include "sim/workloads.h"

#include "sim/workload.h"

namespace ane::sim {

std::span<const Workload> workloads() {
  static constexpr Workload table[] = {
      {"mpnn", "ProteinMPNN on a structure", run_mpnn, compare_mpnn},
      {"readqc", "read quality models on FASTQ", run_readqc, compare_readqc},
  };
  return table;
}

}  // namespace ane::sim
