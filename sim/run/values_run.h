// The values of a request's graph: seeded weights and inputs, executed on the simulated machine,
// held against the scalar reference bit for bit [B1] and against float32 [B3]; on a CPU or GPU as a
// framework computes them in the request's formats [H1]. For sizes that fit: the scalar reference
// takes every product with exact integers.
#pragma once
#include <cstdint>

#include "kernels/arith/profile.h"
#include "results/record.h"
#include "sim/price/target.h"

namespace ane::sim {

struct ValuesPlan {
  workloads::Request request;
  std::uint64_t seed = 1;
  std::int64_t answer = 8;  // llm: tokens written after the prompt
  int threads = 1;          // of the host, for the accelerator's values
};

struct ValuesAnswer {
  // One call; of a language model the call that the request names. Accuracy:
  //   equal_bits             share of results whose bits are the scalar reference's: 1, or a fault;
  //                          unknown on a CPU or GPU
  //   errors                 ErrorMetrics against float32; unknown where that is asked for
  //   top1_agreement, mean_kl_to_fp32, equal_prefill
  //                          llm: the likeliest token is float32's, nats, and the share of steps
  //                          whose logits are bit for bit those of one longer prompt
  //   equal_bits_NAME        encoder: share of results equal to the network's other form's
  results::Record record;
  bool exact = false;  // all bits equal, as far as the whole graph runs on the accelerator
};

// InputError for a graph beyond most_macs multiply-accumulates, and for kinds without a graph.
inline constexpr double most_macs = 1e9;
ValuesAnswer run_values(const ValuesPlan& plan, const Target& target,
                        const kernels::arith::Profile& profile);

}  // namespace ane::sim
