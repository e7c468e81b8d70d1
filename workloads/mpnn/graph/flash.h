// A small network of attention over all residues, for structures in which messages from the
// nearest neighbours are not enough: a model of its own, not ProteinMPNN, whose attention has no
// N x N matrix to begin with. Per layer x = LN(x + Wo attention(Wq x, Wk x, Wv x)),
// x = LN(x + FF(x)); a residue's input is the mean of its edges' 416 features. Its parameters are
// those of ProteinMPNN's encoder layers, taken as Wq = W2, Wk = W12, Wv = W13, Wo = W3, so that any
// weights of model.h serve; nobody has trained it.
//
// Attention is computed in one of two ways over the same scores s = q k / sqrt(d):
//   standard   softmax over a whole N x N matrix a head
//   tiled      blocks of `block` queries and keys with a running maximum m, sum l and answer o
//              (online softmax): m' = max(m, s), a = exp(m - m'), p = exp(s - m'),
//              l = a l + sum p, o = a o + p v, in the end o / l; memory grows with N, not N^2
#pragma once
#include "workloads/mpnn/graph/graph.h"

namespace ane::workloads::mpnn {

struct FlashOptions {
  std::int64_t length = 128;
  std::int64_t block = 256;  // queries and keys a tile; 0: standard
  int heads = 4;             // divides the hidden size
  bool with_values = true;
};

// Input "residues" [1, 416, 1, N], output "decoded" [1, hidden, 1, N]. InputError for a length
// below 1, a negative block, heads that do not divide the hidden size.
Graph flash_graph(const Weights& weights, const FlashOptions& options);
// Attention alone: inputs q, k, v [1, hidden, 1, N] (q is not scaled), output "attention".
Graph attention_graph(int hidden, const FlashOptions& options);

// The network's input of a protein whose residues are all complete, and its answer [N, 21] from
// "decoded", head on the host.
Tensors flash_inputs(const Weights& weights, const Input& input);
std::vector<float> flash_answer(const Weights& weights, const Tensors& outputs);
// The residues with all backbone atoms; the others take no part.
Input complete_residues(const Input& input);

// How a profile's attention errs: relative error of a rounding and of exp and reciprocal (over all
// binary16 arguments that occur), absolute error of exp where its result is subnormal or 0, and of
// one product inside a sum.
struct AttentionErrors {
  double rounding = 0, exp = 0, exp_floor = 0, reciprocal = 0, product = 0;
};
AttentionErrors attention_errors(const kernels::arith::Profile& profile);

// The most that one element of attention may differ from exact attention over the same binary16
// scores of one query, computed in `tiles` tiles (1: standard), with values of at most `value`.
// With x_j = max s - s_j, every weight exp(-x_j) is a product of exponentials of differences that
// sum to x_j, each rounded, so it errs by a factor within exp(u x_j) ((1 + e)(1 + u)^3)^(tiles + 1)
// and by exp_floor absolutely for each of them; numerator and denominator inherit the sum over j.
// Infinite where the bound says nothing.
double attention_bound(std::span<const double> scores, double value, int tiles,
                       const AttentionErrors& errors);

}  // namespace ane::workloads::mpnn
