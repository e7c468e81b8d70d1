// Initial weights: He et al., arXiv 1502.01852, uniform.
// A minibatch is always cut into the same two shards, added in order, so that two threads give the
// bits of one.
#include "workloads/readqc/train.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <future>
#include <numbers>
#include <numeric>

#include "isa/error.h"
#include "workloads/readqc/network.h"

namespace ane::workloads::readqc {
namespace {

constexpr std::size_t shards = 2;
// Squared errors of fractions are small beside a cross entropy; this brings them to one size.
constexpr float regression_weight = 25.0F;

struct Shard {
  Network network;
  std::vector<float> gradient, output_gradient;
  double loss = 0;
};

void initialise(Model& model, std::uint64_t seed) {
  Random random(seed);
  for (const Layer& l : model.layers) {
    if (l.kind == LayerKind::mean_pool) continue;
    const bool embedding = l.kind == LayerKind::embedding;
    const float fan_in = static_cast<float>(l.in * l.kernel);
    const float bound = embedding ? 0.5F : std::sqrt((l.relu ? 6.0F : 3.0F) / fan_in);
    for (float& w : model.parameters.at(l.name + ".weight").as<float>())
      w = bound * (2.0F * random.uniform() - 1.0F);
  }
}

// Loss of one read and its derivative by each output, divided by `reads`.
double loss_and_gradient(const Model& model, std::span<const float> outputs,
                         std::span<const float> wanted, std::int64_t reads,
                         std::span<float> gradient) {
  const float share = 1.0F / static_cast<float>(reads);
  double loss = 0;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const float y = outputs[i], t = wanted[i];
    if (model.heads[i % model.heads.size()] == Head::quality) {
      loss += static_cast<double>(std::max(y, 0.0F) - y * t + std::log1p(std::exp(-std::abs(y))));
      gradient[i] = share * (1.0F / (1.0F + std::exp(-y)) - t);
    } else {
      loss += static_cast<double>(regression_weight * (y - t) * (y - t));
      gradient[i] = share * 2.0F * regression_weight * (y - t);
    }
  }
  return loss;
}

class Trainer {
 public:
  Trainer(Model& model, const ReadBatch& reads, const TrainOptions& options)
      : model_(model),
        reads_(reads),
        options_(options),
        parameters_(flatten(model)),
        adam_(decay_mask()) {
    for (std::size_t s = 0; s < shards; ++s)
      shards_.push_back({Network(model), std::vector<float>(parameters_.size()), {}, 0});
    wanted_.resize(static_cast<std::size_t>(reads.size()) * model.heads.size());
    for (std::size_t h = 0; h < model.heads.size(); ++h) {
      const std::vector<float> column = targets(reads, model.heads[h], model.spec.rule);
      for (std::size_t i = 0; i < column.size(); ++i)
        wanted_[i * model.heads.size() + h] = column[i];
    }
  }

  // One pass over `order`; the mean loss a read.
  double epoch(std::span<const std::int64_t> order) {
    double loss = 0;
    const auto batch = static_cast<std::size_t>(options_.batch);
    for (std::size_t at = 0; at < order.size(); at += batch) {
      const auto part = order.subspan(at, std::min(batch, order.size() - at));
      loss += run(part, true);
      step();
    }
    return loss / static_cast<double>(order.size());
  }

  double loss_of(std::span<const std::int64_t> indices) {
    double loss = 0;
    constexpr std::size_t batch = 1024;
    for (std::size_t at = 0; at < indices.size(); at += batch)
      loss += run(indices.subspan(at, std::min(batch, indices.size() - at)), false);
    return loss / static_cast<double>(indices.size());
  }

  void plan(std::int64_t steps) { planned_steps_ = steps; }
  const std::vector<float>& parameters() const { return parameters_; }

 private:
  // Weights decay, biases do not.
  std::vector<float> decay_mask() const {
    Model marks = model_;
    for (auto& [name, tensor] : marks.parameters)
      std::ranges::fill(tensor.as<float>(), name.ends_with(".weight") ? 1.0F : 0.0F);
    return flatten(marks);
  }

  double run(std::span<const std::int64_t> indices, bool with_gradient) {
    const std::size_t half = (indices.size() + shards - 1) / shards;
    const auto run_half = [&](std::size_t s) {
      const std::size_t at = std::min(s * half, indices.size());
      run_shard(shards_[s], indices.subspan(at, std::min(half, indices.size() - at)),
                static_cast<std::int64_t>(indices.size()), with_gradient);
    };
    // A future brings what its thread throws, as out of memory, and needs no thread where the
    // system gives none.
    std::array<std::future<void>, shards> others;
    for (std::size_t s = 0; s + 1 < shards; ++s) others[s] = std::async(run_half, s);
    run_half(shards - 1);
    for (std::size_t s = 0; s + 1 < shards; ++s) others[s].get();
    double loss = 0;
    for (const Shard& s : shards_) loss += s.loss;
    return loss;
  }

  void run_shard(Shard& shard, std::span<const std::int64_t> part, std::int64_t reads,
                 bool with_gradient) const {
    std::ranges::fill(shard.gradient, 0.0F);
    shard.loss = 0;
    if (part.empty()) return;
    const std::size_t heads = model_.heads.size();
    std::vector<float> wanted(part.size() * heads);
    for (std::size_t i = 0; i < part.size(); ++i)
      std::copy_n(wanted_.begin() + part[i] * static_cast<std::int64_t>(heads), heads,
                  wanted.begin() + static_cast<std::ptrdiff_t>(i * heads));
    const auto outputs =
        shard.network.forward(parameters_, encode(reads_.select(part), model_.encoding));
    shard.output_gradient.resize(outputs.size());
    shard.loss = loss_and_gradient(model_, outputs, wanted, reads, shard.output_gradient);
    if (with_gradient) shard.network.backward(parameters_, shard.output_gradient, shard.gradient);
  }

  void step() {
    ++steps_;
    const double progress =
        static_cast<double>(steps_) / static_cast<double>(std::max(planned_steps_, steps_));
    const float rate =
        options_.rate * static_cast<float>(0.5 * (1.0 + std::cos(std::numbers::pi * progress)));
    for (std::size_t s = 1; s < shards; ++s) accumulate(shards_[s].gradient, shards_[0].gradient);
    adam_.step(rate, options_.decay, shards_[0].gradient, parameters_);
  }

  const Model& model_;
  const ReadBatch& reads_;
  const TrainOptions& options_;
  std::vector<float> parameters_, wanted_;
  Adam adam_;
  std::vector<Shard> shards_;
  std::int64_t steps_ = 0, planned_steps_ = 1;
};

// A class with no member cannot be learned.
void check_classes(const Model& model, const ReadBatch& reads,
                   std::span<const std::int64_t> train_reads) {
  if (std::ranges::find(model.heads, Head::quality) == model.heads.end()) return;
  const auto passing = std::ranges::count_if(
      train_reads, [&](std::int64_t i) { return passes(reads[i], model.spec.rule); });
  const auto all = static_cast<std::ptrdiff_t>(train_reads.size());
  if (passing == 0 || passing == all)
    throw InputError("",
                     fmt::format("all {} training reads {} the rule '{}': nothing to learn", all,
                                 passing == 0 ? "fail" : "pass", info(model.spec.rule).name),
                     "give other reads or another --rule");
}

}  // namespace

std::int64_t default_epochs(ModelKind kind, std::int64_t train_reads) {
  switch (kind) {
    case ModelKind::mlp:
      return 12;
    case ModelKind::kmer:
      return 8;
    case ModelKind::cnn:
    case ModelKind::gc:
    case ModelKind::multitask: {
      constexpr std::int64_t least = 6, most = 60, enough_reads = 28'000;
      const std::int64_t reads = std::max<std::int64_t>(1, train_reads);
      return std::clamp((least * enough_reads + reads - 1) / reads, least, most);
    }
    case ModelKind::biometal:
      return 0;
  }
  ANE_CHECK(false, "a model of the list");
}

Model train(const ModelSpec& spec, const ReadBatch& reads, const TrainOptions& options) {
  Model model = make_model(spec);
  if (spec.kind == ModelKind::biometal) return model;
  ANE_CHECK(options.batch >= 1 && options.epochs >= 0 && options.rate > 0, "options in range");
  std::vector<std::int64_t> order = indices_of(reads, Part::train);
  const std::vector<std::int64_t> validation = indices_of(reads, Part::validation);
  if (order.size() < 100 || validation.empty())
    throw InputError("", fmt::format("{} reads are too few to train on", reads.size()),
                     "give 200 or more");
  check_classes(model, reads, order);

  initialise(model, options.seed);
  Trainer trainer(model, reads, options);
  const std::int64_t epochs =
      options.epochs > 0 ? options.epochs : default_epochs(spec.kind, std::ssize(order));
  const auto batches =
      (static_cast<std::int64_t>(order.size()) + options.batch - 1) / options.batch;
  trainer.plan(epochs * batches);
  Random random(options.seed ^ 0x5eed5eed5eed5eedU);
  std::vector<float> best;
  double best_loss = 0;
  for (std::int64_t e = 1; e <= epochs; ++e) {
    for (std::size_t i = order.size(); i > 1; --i)  // Fisher-Yates
      std::swap(order[i - 1], order[random.below(i)]);
    const double train_loss = trainer.epoch(order);
    const double loss = trainer.loss_of(validation);
    if (!std::isfinite(loss))
      throw InputError("--rate", fmt::format("training diverges in epoch {}", e),
                       "give a smaller rate");
    if (best.empty() || loss < best_loss) best = trainer.parameters(), best_loss = loss;
    if (options.progress) options.progress({e, epochs, train_loss, loss});
  }
  unflatten(best, model);
  model.training.seed = options.seed;
  model.training.epochs = epochs;
  model.training.train_reads = static_cast<std::int64_t>(order.size());
  const auto length_of = [&](std::int64_t i) { return reads.lengths[static_cast<std::size_t>(i)]; };
  model.training.shortest = length_of(*std::ranges::min_element(order, {}, length_of));
  model.training.longest = length_of(*std::ranges::max_element(order, {}, length_of));
  return model;
}

Evaluation evaluate(const Model& model, const ReadBatch& reads) {
  return evaluate(model, reads, forward(model, reads));
}

Evaluation evaluate(const Model& model, const ReadBatch& reads, const kernels::Tensor& outputs) {
  Evaluation e;
  e.reads = reads.size();
  for (std::size_t h = 0; h < model.heads.size(); ++h) {
    const std::vector<float> y = column(outputs, static_cast<std::int64_t>(h));
    const Head head = model.heads[h];
    if (head == Head::quality)
      e.quality = evaluate(y, labels(reads, model.spec.rule));
    else
      (head == Head::gc ? e.gc : e.complexity) =
          evaluate_regression(y, targets(reads, head, model.spec.rule));
  }
  return e;
}

}  // namespace ane::workloads::readqc
