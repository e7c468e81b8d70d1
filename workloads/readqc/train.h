// Training of the read-QC models: float32, Adam, minibatches, on the host. The same spec, reads and
// options give the same parameters bit for bit, whatever the number of processors.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "workloads/readqc/metrics.h"
#include "workloads/readqc/model.h"

namespace ane::workloads::readqc {

struct Epoch {
  std::int64_t number = 0, of = 0;  // from 1
  double train_loss = 0, validation_loss = 0;
};

struct TrainOptions {
  std::int64_t epochs = 0;  // 0: default_epochs of the model and the reads
  std::int64_t batch = 128;
  float rate = 2e-3F;   // of Adam; falls to 0 along a cosine over all epochs
  float decay = 1e-4F;  // weight decay, decoupled (AdamW), biases excepted
  std::uint64_t seed = 1;
  std::function<void(const Epoch&)> progress;  // called after every epoch
};
// 12 for mlp, 8 for kmer. The convolutions learn slowly: of few reads as many passes as make the
// steps of 6 passes over 28,000, at most 60.
std::int64_t default_epochs(ModelKind kind, std::int64_t train_reads);

// Trains on the reads of Part::train and keeps the epoch with the least loss on Part::validation;
// reads of Part::test are never looked at. biometal is returned as it is. Throws InputError when
// there is nothing to learn: under 100 training reads, or a quality head with one class only.
Model train(const ModelSpec& spec, const ReadBatch& reads, const TrainOptions& options);

// A model on reads that it has not seen.
struct Evaluation {
  std::int64_t reads = 0;
  std::optional<Metrics> quality;
  std::optional<RegressionMetrics> gc, complexity;
};
// All reads given: pass only those of Part::test for held-out figures.
Evaluation evaluate(const Model& model, const ReadBatch& reads);
Evaluation evaluate(const Model& model, const ReadBatch& reads, const kernels::Tensor& outputs);

}  // namespace ane::workloads::readqc
