#include "sim/cli/workloads.h"

#include "sim/cli/workload.h"

namespace ane::sim {

std::span<const Workload> workloads() {
  static constexpr Workload table[] = {
      {"mpnn", "ProteinMPNN on a structure", run_mpnn, compare_mpnn, "kind=mpnn residues=100",
       is_structure, "1ubq.pdb"},
      {"readqc", "read quality models on FASTQ", run_readqc, compare_readqc, "kind=readqc name=mlp",
       is_fastq, "reads.fastq.gz"},
      {"onnx", "a model in an ONNX file", run_onnx, compare_onnx, "", is_onnx_file, "model.onnx",
       onnx_request},
      {"vision_language", "a picture and a question to an answer", run_vision_language,
       compare_vision_language, "kind=vision_language"},
  };
  return table;
}

}  // namespace ane::sim
