#include "workloads/mpnn/graph/sampling.h"

#include <fmt/format.h>

#include <algorithm>

#include "isa/error.h"
#include "kernels/arithmetic.h"
#include "workloads/mpnn/graph/decoder.h"
#include "workloads/mpnn/graph/slot_tensor.h"

namespace ane::workloads::mpnn {
namespace {

std::size_t at(std::int64_t i) {
  return static_cast<std::size_t>(i);
}

// The state of a batch between its steps.
class Sampler {
 public:
  Sampler(const Weights& weights, const GraphOptions& options, const std::vector<Input>& inputs,
          const std::vector<SampleOptions>& samples)
      : weights_(weights),
        o_(options),
        h_(weights.spec.hidden),
        k_(std::min<std::int64_t>(weights.spec.neighbours, options.length)),
        columns_(options.length * options.batch),
        shared_(inputs.size() == 1),
        samples_(samples) {
    for (const Input& input : inputs) {
      inputs_.push_back(padded(input, o_.length));
      neighbours_.push_back(nearest(inputs_.back(), weights.spec.neighbours));
    }
    for (std::size_t b = 0; b < samples.size(); ++b) {
      const Input& in = input_of(b);
      check(samples[b], in);
      SampleOptions& s = samples_[b];
      if (s.order.empty()) s.order = decoding_order(in, s.seed);
      // An order of the protein's own places goes on with the padding behind it.
      for (auto i = std::ssize(s.order); i < o_.length; ++i)
        s.order.push_back(static_cast<std::int32_t>(i));
      ranks_.push_back(ranks_of(s.order, o_.length));
      out_.push_back({in.sequence, std::vector<float>(at(o_.length * vocabulary), 0.0f),
                      std::vector<float>(at(o_.length * vocabulary), 0.0f), s.order});
    }
  }

  void take_encoded(Tensors encoded) {
    hV_ = encoded.at("hV");
    hE_ = encoded.at("hE");
    for (int n = 0; n < weights_.spec.decoder_layers; ++n) {
      const std::string name = fmt::format("table.{}", n);
      const Tensor& of_encoder = o_.factored ? encoded.at(name) : hV_;
      const std::int64_t halves = n == 0 ? 1 : 2;
      Tensor table(Format::fp32, {1, h_, 1, halves * columns_});
      for (std::int64_t c = 0; c < h_; ++c)
        for (std::int64_t p = 0; p < columns_; ++p)
          table.as<float>()[at((c * halves + halves - 1) * columns_ + p)] =
              value(of_encoder, c * encoded_columns() + encoded_column(p));
      tables_.push_back(std::move(table));
    }
  }

  std::int64_t steps() const {
    std::int64_t most = 0;
    for (const Input& in : inputs_) most = std::max(most, in.real);
    return most;
  }

  Tensors step_inputs(std::int64_t step) const {
    const bool one_hot = o_.gather == Gather::one_hot;
    SlotTensor hE(o_, Format::fp32, h_, k_, o_.batch), valid(o_, Format::fp32, 1, k_, o_.batch);
    SlotTensor index(o_, Format::i32, 1, k_, o_.batch), select(o_, Format::i32, 1, k_, o_.batch);
    SlotTensor type_index(o_, Format::i32, 1, k_, o_.batch);
    SlotTensor types(o_, Format::fp32, one_hot ? vocabulary : 1, k_, o_.batch);
    Tensor hV(Format::fp32, {1, h_, 1, o_.batch}), mask(Format::fp32, {1, 1, 1, o_.batch});
    Tensors in;
    for (std::int64_t b = 0; b < o_.batch; ++b) {
      const std::int64_t i = place(step, b), own = encoded_column(b * o_.length + i);
      const Neighbours& near = neighbours_[shared_ ? 0 : at(b)];
      mask.as<float>()[at(b)] = input_of(at(b)).mask[at(i)];
      for (std::int64_t c = 0; c < h_; ++c) {
        hV.as<float>()[at(c * o_.batch + b)] = value(hV_, c * encoded_columns() + own);
        for (std::int64_t s = 0; s < k_; ++s) hE.set(s, c, b, value(hE_, slot_at(s, c, own)));
      }
      SlotTensor matrix(o_, Format::fp32, one_hot ? o_.length : 1, k_, 1);
      SlotTensor selection(o_, Format::fp32, one_hot ? 2 * o_.length : 1, k_, 1);
      for (std::int64_t s = 0; s < k_; ++s) {
        const std::int32_t j = near.index[at(i * k_ + s)];
        const bool seen = ranks_[at(b)][at(j)] < ranks_[at(b)][at(i)];
        const std::int32_t type = out_[at(b)].sequence[at(j)];
        valid.set(s, 0, b, near.valid[at(i * k_ + s)]);
        if (one_hot) {
          matrix.set(s, j, 0, 1.0f);
          selection.set(s, seen ? j : o_.length + j, 0, 1.0f);
          if (seen) types.set(s, type, b, 1.0f);
          continue;
        }
        const auto column = static_cast<std::int32_t>(b * o_.length + j);
        index.set(s, 0, b, column);
        select.set(s, 0, b, seen ? column : static_cast<std::int32_t>(columns_) + column);
        type_index.set(s, 0, b, seen ? type : vocabulary);
      }
      if (!one_hot) continue;
      in.emplace(fmt::format("index.{}", b), matrix.take());
      if (tables_.size() > 1) in.emplace(fmt::format("select.{}", b), selection.take());
    }
    in.emplace("hV", std::move(hV));
    in.emplace("hE", hE.take());
    in.emplace("type", one_hot ? types.take() : type_index.take());
    if (!one_hot) in.emplace("index", index.take());
    if (!one_hot && tables_.size() > 1) in.emplace("select", select.take());
    if (o_.masked) {
      in.emplace("mask", std::move(mask));
      in.emplace("valid", valid.take());
    }
    for (std::size_t n = 0; n < tables_.size(); ++n)
      in.emplace(fmt::format("table.{}", n), tables_[n]);
    return in;
  }

  void take_step(std::int64_t step, const Tensors& outputs) {
    GraphOptions one = o_;
    one.length = 1;  // a step's answer has one place a protein
    for (std::int64_t b = 0; b < o_.batch; ++b) {
      const Input& in = input_of(at(b));
      if (step >= in.real) continue;
      const std::int64_t i = place(step, b);
      for (std::size_t n = 1; n < tables_.size(); ++n) {
        const Tensor& row = outputs.at(fmt::format("row.{}", n));
        for (std::int64_t c = 0; c < h_; ++c)
          tables_[n].as<float>()[at(c * 2 * columns_ + b * o_.length + i)] =
              value(row, c * o_.batch + b);
      }
      Sample& s = out_[at(b)];
      const std::vector<float> log_probs = answer_of(weights_, one, outputs, b, 1);
      std::ranges::copy(log_probs, s.log_probs.begin() + i * vocabulary);
      if (is_chosen(in, i))
        s.sequence[at(i)] =
            choose(samples_[at(b)], i, log_probs,
                   std::span(s.probabilities).subspan(at(i * vocabulary), vocabulary));
    }
  }

  std::vector<Sample> finish() {
    for (std::size_t b = 0; b < out_.size(); ++b) {
      const auto real = at(input_of(b).real);
      std::erase_if(out_[b].order, [&](std::int32_t i) { return at(i) >= real; });
      out_[b].sequence.resize(real);
      out_[b].probabilities.resize(real * vocabulary);
      out_[b].log_probs.resize(real * vocabulary);
    }
    return std::move(out_);
  }

 private:
  static float value(const Tensor& t, std::int64_t index) {
    return static_cast<float>(kernels::element(t, index));
  }
  const Input& input_of(std::size_t b) const { return inputs_[shared_ ? 0 : b]; }
  // The place of protein b at this step; one that is done idles at its first.
  std::int64_t place(std::int64_t step, std::int64_t b) const {
    return step < input_of(at(b)).real ? samples_[at(b)].order[at(step)] : 0;
  }
  // Columns of what encode gave, which knows one protein only where all share it.
  std::int64_t encoded_columns() const { return shared_ ? o_.length : columns_; }
  std::int64_t encoded_column(std::int64_t column) const {
    return shared_ ? column % o_.length : column;
  }
  std::int64_t slot_at(std::int64_t s, std::int64_t c, std::int64_t column) const {
    const std::int64_t row = o_.gather == Gather::one_hot ? s * h_ + c : c * k_ + s;
    return row * encoded_columns() + column;
  }

  const Weights& weights_;
  const GraphOptions& o_;
  std::int64_t h_, k_, columns_;
  bool shared_;
  std::vector<SampleOptions> samples_;
  std::vector<Input> inputs_;
  std::vector<Neighbours> neighbours_;
  std::vector<std::vector<std::int32_t>> ranks_;
  Tensor hV_, hE_;
  std::vector<Tensor> tables_;
  std::vector<Sample> out_;
};

}  // namespace

GraphOptions encode_options(GraphOptions options, std::size_t proteins) {
  options.pass = Pass::encode;
  if (proteins == 1) options.batch = 1;
  return options;
}

GraphOptions step_options(GraphOptions options) {
  options.pass = Pass::step;
  return options;
}

std::vector<Sample> sample(const Weights& weights, const GraphOptions& options,
                           const std::vector<Input>& inputs,
                           const std::vector<SampleOptions>& samples, const RunGraph& run) {
  if (std::ssize(samples) != options.batch ||
      (inputs.size() != 1 && inputs.size() != samples.size()))
    throw InputError("", fmt::format("{} samples of {} proteins in a batch of {}", samples.size(),
                                     inputs.size(), options.batch));
  std::vector<Example> examples;
  for (const Input& in : inputs) examples.push_back({in, {}, {}});
  const GraphOptions encode = encode_options(options, inputs.size());
  Sampler sampler(weights, options, inputs, samples);
  sampler.take_encoded(run(Pass::encode, graph_inputs(weights, encode, examples)));
  for (std::int64_t step = 0; step < sampler.steps(); ++step)
    sampler.take_step(step, run(Pass::step, sampler.step_inputs(step)));
  return sampler.finish();
}

}  // namespace ane::workloads::mpnn
