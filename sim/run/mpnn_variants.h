// Named configurations of the ProteinMPNN workload, and what two of them make together.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "workloads/mpnn/model.h"

namespace ane::sim {

// What it changes of the plain one. Adding one is a line in mpnn_variants.cpp.
struct MpnnVariant {
  std::string_view name, summary;
  workloads::mpnn::ModelSpec spec{};
  bool bucketed = false;
  std::int64_t batch = 1;
  std::string_view unit = "", runtime = "", precision = "";
  bool adaptive = false;
  bool host_features = false;       // of a GPU: neighbours and features on the CPU
  bool fused = true;                // intermediates stay in L2 where they fit
  std::optional<bool> attention{};  // over all residues: in tiles, or whole matrices
};

std::span<const MpnnVariant> mpnn_variants();

// One variant, or several joined by '+' ("minimal+batched"): what each changes, together.
// InputError for an unknown name, and for two that change the same thing in two ways.
MpnnVariant mpnn_variant(const std::string& names);

}  // namespace ane::sim
