// The answers of a read-QC model: scores of every read on the simulated machine, their distance
// from the float32 model and from the rule.
#pragma once
#include <functional>
#include <span>
#include <vector>

#include "kernels/arith/profile.h"
#include "results/record.h"
#include "sim/price/target.h"
#include "workloads/readqc/fastq/fastq.h"
#include "workloads/readqc/graph.h"
#include "workloads/readqc/train.h"

namespace ane::sim {

struct ReadQcPlan {
  workloads::readqc::Model model;
  workloads::Formats formats;
  std::vector<float> ranges;  // of activations, for w8a8
  std::int64_t batch = 100;
  int threads = 1;
};

// How the plan's numbers are held on this machine: INT8 activations only where it multiplies them.
workloads::readqc::Precision value_precision(const workloads::Formats& formats,
                                             const isa::Machine& machine);
workloads::Graph value_graph(const ReadQcPlan& plan, const isa::Machine& machine);

// The request for one call of the plan's model.
workloads::Request request_of(const ReadQcPlan& plan);

// The source of reads: up to n more, empty at the end.
using ReadSource = std::function<workloads::readqc::ReadBatch(std::int64_t)>;

// Who takes the answers as they come: reads in their order, and of each head of the model a value a
// read.
using AnswerSink =
    std::function<void(const workloads::readqc::ReadBatch&, std::span<const std::vector<float>>)>;

struct ReadQcAnswers {
  results::Parts accuracy;
  std::string digest;         // of the scores' bits
  std::string inputs_digest;  // of parameters, ranges and reads
  std::int64_t reads = 0;
};
// Of all reads of the source; on CPU and GPU as a framework computes them in these formats [H1].
// Float32 has no distance from itself: its errors are unknown. InputError when there is no read.
ReadQcAnswers answer_reads(const ReadQcPlan& plan, const Target& target,
                           const kernels::arith::Profile& profile, const ReadSource& source,
                           const AnswerSink& sink = {});

}  // namespace ane::sim
