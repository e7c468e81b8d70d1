// Autoregressive decoding: places one after another, each seeing what was chosen before it.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

#include "isa/error.h"
#include "workloads/mpnn/graph/decoder.h"

namespace ane::workloads::mpnn {
namespace {

std::size_t at(std::int64_t i) {
  return static_cast<std::size_t>(i);
}

// The n-th number of stream `seed`, uniform in [0, 1): a counter, not a state, so that a residue's
// draw does not depend on how many were made before it or elsewhere in a batch.
double uniform(std::uint64_t seed, std::uint64_t n) {
  std::uint64_t z = seed + (n + 1) * 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return static_cast<double>((z ^ (z >> 31)) >> 11) * 0x1p-53;
}

bool omitted(const SampleOptions& o, int type) {
  return o.omit.find(alphabet[at(type)]) != std::string_view::npos;
}

// What is drawn from at one place: softmax of (logits + biases) / temperature without the omitted.
void probabilities(const SampleOptions& o, std::int64_t place, std::span<const float> logits,
                   std::span<float> out) {
  std::vector<float> scaled(vocabulary, -INFINITY);
  for (int t = 0; t < vocabulary; ++t) {
    if (omitted(o, t)) continue;
    float v = logits[at(t)] / o.temperature;
    if (!o.bias.empty()) v += o.bias[at(t)] / o.temperature;
    if (!o.bias_by_residue.empty())
      v += o.bias_by_residue[at(place * vocabulary + t)] / o.temperature;
    scaled[at(t)] = v;
  }
  const float most = *std::max_element(scaled.begin(), scaled.end());
  double sum = 0;
  for (const float v : scaled) sum += std::exp(static_cast<double>(v - most));
  for (int t = 0; t < vocabulary; ++t)
    out[at(t)] = static_cast<float>(std::exp(static_cast<double>(scaled[at(t)] - most)) / sum);
}

std::int32_t draw(std::span<const float> p, double u) {
  double sum = 0;
  std::int32_t last = 0;
  for (std::int32_t t = 0; t < vocabulary; ++t) {
    if (p[at(t)] <= 0) continue;
    last = t;
    sum += static_cast<double>(p[at(t)]);
    if (u < sum) return t;
  }
  return last;  // rounding left the sum just below u
}

}  // namespace

void check(const SampleOptions& o, const Input& input) {
  if (!(o.temperature > 0) || !std::isfinite(o.temperature))
    throw InputError("", fmt::format("temperature {}", o.temperature),
                     "it must be above 0; for the most likely residues choose greedy");
  for (const char c : o.omit)
    if (alphabet.find(c) == std::string_view::npos)
      throw InputError("", fmt::format("'{}' is no residue type", c),
                       fmt::format("types are {}", alphabet));
  int left = 0;
  for (int t = 0; t < vocabulary; ++t) left += !omitted(o, t);
  if (left == 0) throw InputError("", "all residue types are omitted");
  if (!o.bias.empty() && o.bias.size() != vocabulary)
    throw InputError("", fmt::format("{} biases for {} types", o.bias.size(), vocabulary));
  if (!o.bias_by_residue.empty() && o.bias_by_residue.size() != at(input.length()) * vocabulary)
    throw InputError("", fmt::format("{} biases by residue for {} residues of {} types",
                                     o.bias_by_residue.size(), input.length(), vocabulary));
}

bool is_chosen(const Input& input, std::int64_t place) {
  return input.mask[at(place)] != 0.0f && input.designed[at(place)] != 0.0f;
}

std::int32_t choose(const SampleOptions& options, std::int64_t place, std::span<const float> logits,
                    std::span<float> p) {
  probabilities(options, place, logits, p);
  if (options.greedy)
    return static_cast<std::int32_t>(std::max_element(p.begin(), p.end()) - p.begin());
  return draw(p, uniform(options.seed, static_cast<std::uint64_t>(place)));
}

Sample Decoder::sample(const Encoded& e, const SampleOptions& options) const {
  check(options, e.input);
  const std::int64_t length = e.input.length(), h = weights_.spec.hidden;
  Sample out;
  out.order = options.order.empty() ? decoding_order(e.input, options.seed) : options.order;
  out.sequence = e.input.sequence;
  out.probabilities.assign(at(length * vocabulary), 0.0f);
  out.log_probs.assign(at(length * vocabulary), 0.0f);
  const std::vector<std::int32_t> rank = ranks_of(out.order, length);
  Gathered gathered = gather(e);
  std::vector<std::vector<float>> hV(layers_.size() + 1, std::vector<float>(e.hV.size(), 0.0f));
  hV[0] = e.hV;
  for (const std::int32_t place : out.order) {
    if (e.input.mask[at(place)] != 0.0f)  // hV of a masked place is 0 at every layer
      for (std::size_t n = 0; n < layers_.size(); ++n) {
        layer(n, e, gathered, out.sequence, rank, {&place, 1}, hV[n], hV[n + 1]);
        gather_rows(n + 1, {&place, 1}, hV[n + 1], gathered);
      }
    const std::vector<float> row = logits(std::span(hV.back()).subspan(at(place * h), at(h)), 1);
    const std::span<float> log_probs =
        std::span(out.log_probs).subspan(at(place * vocabulary), vocabulary);
    std::copy(row.begin(), row.end(), log_probs.begin());
    log_softmax(log_probs, vocabulary);
    if (is_chosen(e.input, place))
      out.sequence[at(place)] =
          choose(options, place, row,
                 std::span(out.probabilities).subspan(at(place * vocabulary), vocabulary));
  }
  return out;
}

std::vector<std::int32_t> decoding_order(const Input& input, std::uint64_t seed) {
  std::vector<double> key(at(input.length()), HUGE_VAL);
  for (std::int64_t i = 0; i < input.real; ++i) {
    // A normal number by Box and Muller from this place's two numbers of a stream of its own.
    const auto n = static_cast<std::uint64_t>(i) * 2;
    const double radius = std::sqrt(-2 * std::log(1 - uniform(~seed, n)));
    const double normal = radius * std::cos(2 * std::numbers::pi * uniform(~seed, n + 1));
    const float chosen = input.designed[at(i)] * input.mask[at(i)];
    key[at(i)] = (static_cast<double>(chosen) + 0.0001) * std::abs(normal);
  }
  std::vector<std::int32_t> order(key.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](std::int32_t a, std::int32_t b) { return key[at(a)] < key[at(b)]; });
  return order;
}

double mean_score(std::span<const float> log_probs, std::span<const std::int32_t> sequence,
                  std::span<const float> weight) {
  double sum = 0, count = 0;
  for (std::size_t i = 0; i < weight.size(); ++i) {
    if (weight[i] == 0.0f) continue;
    sum -= static_cast<double>(weight[i]) *
           static_cast<double>(log_probs[i * vocabulary + at(sequence[i])]);
    count += static_cast<double>(weight[i]);
  }
  return count > 0 ? sum / count : 0;
}

}  // namespace ane::workloads::mpnn
