#include "workloads/mpnn/graph/decoder.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "isa/error.h"

namespace ane::workloads::mpnn {
namespace {

std::size_t at(std::int64_t i) {
  return static_cast<std::size_t>(i);
}

}  // namespace

Message::Message(const Linear& w1, const Linear& w2, const Linear& w3, std::int64_t h,
                 const FrameworkNumbers& numbers, const std::string& prefix, int first)
    : whole(w1, numbers, fmt::format("{}{}", prefix, first)),
      own(w1, 0, h, true, numbers, fmt::format("{}{}.own", prefix, first)),
      edge(w1, h, h, false, numbers, fmt::format("{}{}.edge", prefix, first)),
      other(w1, w1.in - h, h, false, numbers, fmt::format("{}{}.other", prefix, first)),
      W2(w2, numbers, fmt::format("{}{}", prefix, first + 1)),
      W3(w3, numbers, fmt::format("{}{}", prefix, first + 2)),
      storage(numbers.storage) {
  if (w1.in == 4 * h) type = Product(w1, 2 * h, h, false, numbers);
}

void Message::rest(std::vector<float>& y, std::int64_t rows,
                   const std::function<void(int, std::span<const float>)>& observe) const {
  std::vector<float> z(y.size());
  gelu(y, storage);
  if (observe) observe(2, y);
  W2(y.data(), rows, z.data());
  gelu(z, storage);
  if (observe) observe(3, z);
  W3(z.data(), rows, y.data());
}

void FeedForward::add(std::span<float> x, std::int64_t rows,
                      const std::function<void(std::span<const float>)>& observe) const {
  std::vector<float> wide(at(rows * in.out())), back(x.size());
  in(x.data(), rows, wide.data());
  gelu(wide, storage);
  if (observe) observe(wide);
  out(wide.data(), rows, back.data());
  for (std::size_t i = 0; i < x.size(); ++i)
    x[i] = kernels::arith::to_storage(storage, x[i] + back[i]);
}

Decoder::Decoder(const Weights& w, const ReferenceOptions& options)
    : weights_(w),
      options_(options),
      factored_(options.factored),
      storage_(options.numbers.storage),
      types_(w.W_s),
      head_(w.W_out, options.numbers, "W_out") {
  kernels::arith::store(storage_, types_);
  for (const DecoderLayer& l : w.decoder) {
    const std::string name = fmt::format("decoder_layers.{}.", layers_.size());
    layers_.push_back({Message(l.W1, l.W2, l.W3, w.spec.hidden, options.numbers, name + "W"),
                       FeedForward(l.ff_in, l.ff_out, options.numbers, name + "dense."),
                       {}});
    std::vector<float>& typed = layers_.back().typed;
    typed.resize(types_.size());
    layers_.back().message.type(types_.data(), vocabulary, typed.data());
  }
}

void Decoder::observe(std::size_t n, const char* layer, std::span<const float> values) const {
  if (options_.observe_inputs)
    options_.observe_inputs(fmt::format("decoder_layers.{}.{}", n, layer), values);
}

Decoder::Gathered Decoder::gather(const Encoded& e) const {
  Gathered gathered;
  if (!factored_) return gathered;
  for (const Layer& l : layers_) {
    std::vector<float>& of = gathered.of_encoder.emplace_back(e.hV.size());
    l.message.other(e.hV.data(), e.input.length(), of.data());
  }
  gathered.of_layer = gathered.of_encoder;
  return gathered;
}

void Decoder::gather_rows(std::size_t n, std::span<const std::int32_t> places,
                          const std::vector<float>& before, Gathered& gathered) const {
  if (!factored_ || n >= layers_.size()) return;
  const std::int64_t h = weights_.spec.hidden;
  for (const std::int32_t i : places)
    layers_[n].message.other(before.data() + i * h, 1, gathered.of_layer[n].data() + i * h);
}

void Decoder::first_product(std::size_t n, const Encoded& e, const Gathered& gathered,
                            std::span<const std::int32_t> sequence,
                            std::span<const std::int32_t> rank,
                            std::span<const std::int32_t> places, const std::vector<float>& before,
                            std::vector<float>& y) const {
  const Layer& l = layers_[n];
  const std::int64_t k = e.neighbours.k, h = weights_.spec.hidden;
  std::vector<float> x(factored_ ? 0 : y.size() * 4), own(at(h));
  observe(n, "W1.own", before);
  observe(n, "W1.other", before);
  observe(n, "W1.encoder", e.hV);
  observe(n, "W1.edge", e.hE);
  for (std::int64_t p = 0; p < std::ssize(places); ++p) {
    const std::int64_t i = places[at(p)];
    const bool masked = e.input.mask[at(i)] == 0.0f;  // then all but its own hV is 0
    if (factored_) {
      l.message.own(before.data() + i * h, 1, own.data());
      if (!masked) l.message.edge(e.hE.data() + i * k * h, k, y.data() + p * k * h);
    }
    for (std::int64_t s = 0; s < k; ++s) {
      const std::int64_t j = e.neighbours.index[at(i * k + s)];
      const bool seen = rank[at(j)] < rank[at(i)];
      const std::int64_t type = sequence[at(j)];
      if (!factored_) {
        float* to = x.data() + (p * k + s) * 4 * h;
        std::copy_n(before.data() + i * h, h, to);
        if (masked) continue;
        std::copy_n(e.hE.data() + (i * k + s) * h, h, to + h);
        if (seen) std::copy_n(types_.data() + type * h, h, to + 2 * h);
        std::copy_n((seen ? before : e.hV).data() + j * h, h, to + 3 * h);
        continue;
      }
      float* to = y.data() + (p * k + s) * h;
      const float* typed = l.typed.data() + type * h;
      const float* other = (seen ? gathered.of_layer : gathered.of_encoder)[n].data() + j * h;
      for (std::int64_t c = 0; c < h; ++c) {
        to[c] = kept(own[at(c)] + to[c]);
        if (!masked) to[c] = kept((seen ? kept(to[c] + typed[c]) : to[c]) + other[c]);
      }
    }
  }
  if (factored_) return;
  observe(n, "W1", x);
  l.message.whole(x.data(), std::ssize(places) * k, y.data());
}

void Decoder::layer(std::size_t n, const Encoded& e, const Gathered& gathered,
                    std::span<const std::int32_t> sequence, std::span<const std::int32_t> rank,
                    std::span<const std::int32_t> places, const std::vector<float>& before,
                    std::vector<float>& after) const {
  const DecoderLayer& parameters = weights_.decoder[n];
  const std::int64_t k = e.neighbours.k, h = weights_.spec.hidden;
  const std::int64_t group = std::max<std::int64_t>(1, 288 / k);
  std::vector<float> y, out;
  for (std::int64_t first = 0; first < std::ssize(places); first += group) {
    const std::int64_t count = std::min<std::int64_t>(group, std::ssize(places) - first);
    const std::span<const std::int32_t> some = places.subspan(at(first), at(count));
    y.assign(at(count * k * h), 0.0f);
    first_product(n, e, gathered, sequence, rank, some, before, y);
    layers_[n].message.rest(y, count * k, [&](int w, std::span<const float> values) {
      observe(n, w == 2 ? "W2" : "W3", values);
    });
    // The sum over neighbours has no mask in the original; slots that stand for no residue count
    // nothing, so that padding cannot be seen.
    out.assign(at(count * h), 0.0f);
    for (std::int64_t p = 0; p < count; ++p) {
      const std::int64_t i = some[at(p)];
      float* row = out.data() + p * h;
      for (std::int64_t s = 0; s < k; ++s)
        for (std::int64_t c = 0; c < h; ++c)
          row[c] += e.neighbours.valid[at(i * k + s)] * y[at((p * k + s) * h + c)];
      for (std::int64_t c = 0; c < h; ++c)
        row[c] = kept(before[at(i * h + c)] + kept(kept(row[c]) / message_scale));
    }
    layer_norm(out, parameters.norm1, storage_);
    observe(n, "dense.W_in", out);
    layers_[n].feed_forward.add(
        out, count, [&](std::span<const float> values) { observe(n, "dense.W_out", values); });
    layer_norm(out, parameters.norm2, storage_);
    for (std::int64_t p = 0; p < count; ++p)
      for (std::int64_t c = 0; c < h; ++c)
        after[at(some[at(p)] * h + c)] = out[at(p * h + c)] * e.input.mask[at(some[at(p)])];
  }
}

std::vector<float> Decoder::logits(std::span<const float> hV, std::int64_t rows) const {
  if (options_.observe_inputs) options_.observe_inputs("W_out", hV);
  std::vector<float> out(at(rows * vocabulary));
  head_(hV.data(), rows, out.data());
  return out;
}

std::vector<float> Decoder::all(const Encoded& e, std::span<const std::int32_t> sequence,
                                std::span<const std::int32_t> rank) const {
  std::vector<std::int32_t> places(rank.size());
  std::iota(places.begin(), places.end(), 0);
  Gathered gathered = gather(e);
  std::vector<float> before = e.hV, after(e.hV.size());
  for (std::size_t n = 0; n < layers_.size(); ++n) {
    layer(n, e, gathered, sequence, rank, places, before, after);
    gather_rows(n + 1, places, after, gathered);
    std::swap(before, after);
  }
  std::vector<float> out = logits(before, e.input.length());
  log_softmax(out, vocabulary);
  return out;
}

std::vector<float> Decoder::one(const Encoded& e, std::span<const std::int32_t> sequence,
                                std::span<const std::int32_t> rank, std::int64_t place) const {
  // Backwards: the last layer is wanted at the place, each earlier one also at the neighbours of
  // what the later wants.
  std::vector<std::vector<std::int32_t>> wanted(layers_.size());
  std::vector<bool> want(rank.size(), false);
  want[at(place)] = true;
  for (std::size_t n = layers_.size(); n-- > 0;) {
    for (std::size_t i = 0; i < want.size(); ++i)
      if (want[i]) wanted[n].push_back(static_cast<std::int32_t>(i));
    for (const std::int32_t i : wanted[n])
      for (std::int64_t s = 0; s < e.neighbours.k; ++s) {
        const std::int32_t j = e.neighbours.index[at(i * e.neighbours.k + s)];
        if (rank[at(j)] < rank[at(i)]) want[at(j)] = true;
      }
  }
  Gathered gathered = gather(e);
  std::vector<float> before = e.hV, after(e.hV.size());
  for (std::size_t n = 0; n < layers_.size(); ++n) {
    layer(n, e, gathered, sequence, rank, wanted[n], before, after);
    gather_rows(n + 1, wanted[n], after, gathered);
    std::swap(before, after);
  }
  const std::int64_t h = weights_.spec.hidden;
  std::vector<float> out = logits(std::span(before).subspan(at(place * h), at(h)), 1);
  log_softmax(out, vocabulary);
  return out;
}

std::vector<std::int32_t> ranks_of(std::span<const std::int32_t> order, std::int64_t length) {
  if (std::ssize(order) != length)
    throw InputError(
        "", fmt::format("decoding order of {} places for a protein of {}", order.size(), length));
  std::vector<std::int32_t> rank(order.size(), -1);
  for (std::size_t t = 0; t < order.size(); ++t) {
    const std::int32_t i = order[t];
    if (i < 0 || i >= length || rank[at(i)] >= 0)
      throw InputError("", fmt::format("decoding order: entry {} is {}, {}", t, i,
                                       i < 0 || i >= length ? "no place" : "a second time"));
    rank[at(i)] = static_cast<std::int32_t>(t);
  }
  return rank;
}

}  // namespace ane::workloads::mpnn
