// The message networks and the decoder of the reference (reference.h has the equations).
#pragma once
#include <functional>
#include <span>
#include <vector>

#include "workloads/mpnn/dense.h"
#include "workloads/mpnn/reference.h"

namespace ane::workloads::mpnn {

// W3 gelu(W2 gelu(W1 x)), with W1 whole or as its parts by source: the residue itself, the edge,
// and what is gathered from the neighbour.
struct Message {
  Product whole;             // W1
  Product own, edge, other;  // W1 by source; the bias is in `own`; `other` is the last part
  Product type;              // the decoder's third source, hS_j; empty in the encoder
  Product W2, W3;
  Storage storage;

  // h: hidden size; sources: 3 in the encoder, 4 in the decoder. The layers are named `prefix` and
  // a number, from `first` on.
  Message(const Linear& w1, const Linear& w2, const Linear& w3, std::int64_t h,
          const FrameworkNumbers& numbers, const std::string& prefix, int first = 1);
  // The answer to W1 in `y` becomes the message, in place. `observe(n, values)`: what enters Wn.
  void rest(std::vector<float>& y, std::int64_t rows,
            const std::function<void(int, std::span<const float>)>& observe = {}) const;
};

struct FeedForward {
  Product in, out;
  Storage storage;
  FeedForward(const Linear& in_, const Linear& out_, const FrameworkNumbers& numbers,
              const std::string& prefix)
      : in(in_, numbers, prefix + "W_in"),
        out(out_, numbers, prefix + "W_out"),
        storage(numbers.storage) {}
  // x += out(gelu(in(x))); `observe`: what enters `out`.
  void add(std::span<float> x, std::int64_t rows,
           const std::function<void(std::span<const float>)>& observe = {}) const;
};

class Decoder {
 public:
  Decoder(const Weights& weights, const ReferenceOptions& options);

  // rank: when each place is decoded; j is seen by i where rank[j] < rank[i].
  std::vector<float> all(const Encoded& e, std::span<const std::int32_t> sequence,
                         std::span<const std::int32_t> rank) const;
  // Log-probabilities of one place, computing only what it depends on.
  std::vector<float> one(const Encoded& e, std::span<const std::int32_t> sequence,
                         std::span<const std::int32_t> rank, std::int64_t place) const;
  Sample sample(const Encoded& e, const SampleOptions& options) const;

 private:
  struct Layer {
    Message message;
    FeedForward feed_forward;
    std::vector<float> typed;  // [21, hidden]: each type's part of W1, where factored
  };
  // Where W1 is factored: each place's part in its neighbours' messages, per layer [length,
  // hidden], of the encoder's hV and of the hV that the layer starts from. Empty otherwise.
  struct Gathered {
    std::vector<std::vector<float>> of_encoder, of_layer;
  };
  Gathered gather(const Encoded& e) const;
  void gather_rows(std::size_t n, std::span<const std::int32_t> places,
                   const std::vector<float>& before, Gathered& gathered) const;
  // hV of `places` after layer n from hV before it; other rows of `after` stay.
  void layer(std::size_t n, const Encoded& e, const Gathered& gathered,
             std::span<const std::int32_t> sequence, std::span<const std::int32_t> rank,
             std::span<const std::int32_t> places, const std::vector<float>& before,
             std::vector<float>& after) const;
  void first_product(std::size_t n, const Encoded& e, const Gathered& gathered,
                     std::span<const std::int32_t> sequence, std::span<const std::int32_t> rank,
                     std::span<const std::int32_t> places, const std::vector<float>& before,
                     std::vector<float>& y) const;
  std::vector<float> logits(std::span<const float> hV, std::int64_t rows) const;

  void observe(std::size_t n, const char* layer, std::span<const float> values) const;
  float kept(float v) const { return kernels::arith::to_storage(storage_, v); }

  const Weights& weights_;
  const ReferenceOptions& options_;  // of the Reference that this is part of
  bool factored_;
  Storage storage_;
  std::vector<float> types_;  // W_s as stored
  std::vector<Layer> layers_;
  Product head_;
};

// rank[place] for an order of places; InputError unless it is a permutation of 0 .. length - 1.
std::vector<std::int32_t> ranks_of(std::span<const std::int32_t> order, std::int64_t length);

// InputError for a temperature, omissions or biases that make no sense for the protein.
void check(const SampleOptions& options, const Input& input);
// The type chosen at a place from its logits (or log-probabilities), and what it was drawn from.
std::int32_t choose(const SampleOptions& options, std::int64_t place, std::span<const float> logits,
                    std::span<float> probabilities);
// Whether a place is to be chosen: designed and complete.
bool is_chosen(const Input& input, std::int64_t place);

}  // namespace ane::workloads::mpnn
