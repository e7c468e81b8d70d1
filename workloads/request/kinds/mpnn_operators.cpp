// ProteinMPNN's own code, operator by operator. Shapes: E = residues * k edges, hidden H.
//
// A message layer's operators and the feature stage follow the operator list of that code: per
// encoder layer two message networks (gather, expand and concat, three products, two GELU), one
// masked sum, two residual norms, a feed-forward and an edge norm; per decoder layer one message
// network on 4H inputs. The feature stage builds 25 atom-pair distances, each over all residue
// pairs, then gathered and expanded in 16 radial functions.
#include <algorithm>

#include "workloads/request/kinds/mpnn.h"

namespace ane::workloads {
namespace {

using kernels::WorkKind;

class Builder {
 public:
  // `batch` proteins of `length` residues each.
  Builder(std::int64_t length_, std::int64_t batch, double activation_, double weight_)
      : length(length_), rows(length_ * batch), a(activation_), wb(weight_) {}

  void linear(std::int64_t m, std::int64_t n, std::int64_t k, bool bias = true) {
    kernels::Work w = product(m, n, k, a, wb);
    w.bias = bias;
    add(w);
  }
  void each(std::int64_t elements, int operands, std::int64_t count, double flops,
            std::string_view name) {
    kernels::Work w = pointwise(elements, a, operands, flops);
    w.count = count;
    w.name = name;
    add(w);
  }
  void move(WorkKind kind, std::int64_t elements, std::string_view name, std::int64_t count = 1) {
    kernels::Work w = pointwise(elements, a, 1, 0);
    w.kind = kind;
    w.count = count;
    w.name = name;
    add(w);
  }
  void norm(std::int64_t m, std::int64_t width) {
    kernels::Work w = pointwise(m * width, a, 1, 8);
    w.kind = WorkKind::normalisation;
    w.name = "norm";
    add(w);
  }
  void sum(std::int64_t elements, std::int64_t result) {
    kernels::Work w{.kind = WorkKind::reduction, .other_flops = elements, .name = "sum"};
    w.read = pointwise(elements, a).written;
    w.written = pointwise(result, a).written;
    add(w);
  }
  // [h_i; h_ij; h_j] -> three products: `inputs` is the width of the concatenation.
  void message(std::int64_t edges, std::int64_t hidden, std::int64_t inputs) {
    move(WorkKind::gather, edges * hidden, "gather");
    move(WorkKind::copy, edges * inputs, "concat", 2);
    linear(edges, hidden, inputs);
    linear(edges, hidden, hidden);
    linear(edges, hidden, hidden);
    each(edges * hidden, 1, 2, 8, "gelu");
  }
  void feed_forward(std::int64_t hidden) {
    linear(rows, 4 * hidden, hidden);
    each(rows * 4 * hidden, 1, 1, 8, "gelu");
    linear(rows, hidden, 4 * hidden);
  }
  // Masked mean over the neighbours, residual and norm, feed-forward, residual and norm, mask.
  void update(std::int64_t edges, std::int64_t hidden) {
    each(edges * hidden, 1, 1, 1, "mask");
    sum(edges * hidden, rows * hidden);
    each(rows * hidden, 2, 2, 1, "residual");
    norm(rows, hidden);
    feed_forward(hidden);
    each(rows * hidden, 2, 1, 1, "residual");
    norm(rows, hidden);
    each(rows * hidden, 1, 1, 1, "mask");
  }
  void encoder(std::int64_t edges, std::int64_t hidden) {
    message(edges, hidden, 3 * hidden);
    update(edges, hidden);
    message(edges, hidden, 3 * hidden);
    each(edges * hidden, 2, 1, 1, "residual");
    norm(edges, hidden);
  }
  void decoder(std::int64_t edges, std::int64_t hidden) {
    message(edges, hidden, 4 * hidden);
    update(edges, hidden);
  }
  void features(std::int64_t k) {
    const std::int64_t pairs = rows * length, edges = rows * k;
    each(rows * 3, 2, 12, 1, "virtual atom");
    each(pairs * 3, 1, 25 * 2, 1, "distance");  // difference, square
    sum(pairs * 3, pairs);
    out.back().count = 25;
    each(pairs, 1, 25 * 2, 1, "distance");  // offset, square root
    move(WorkKind::gather, edges, "gather", 24);
    move(WorkKind::gather, pairs, "top-k", 1);
    each(edges * 16, 1, 25 * 5, 1, "radial");  // difference, scale, square, negate, exponent
    each(edges, 2, 6, 1, "offset");
    linear(edges, 16, 66);
    move(WorkKind::copy, edges * 416, "concat", 2);
  }

  void add(const kernels::Work& w) { out.push_back(w); }
  std::int64_t length, rows;
  double a, wb;
  WorkList out;
};

}  // namespace

WorkList mpnn_feature_operators(const MpnnWork& s, std::int64_t batch, double bytes) {
  Builder b(s.places(), batch, bytes, bytes);
  b.features(std::min(s.k, s.places()));
  return b.out;
}

WorkList mpnn_decoder_operators(const MpnnWork& s, const Request& r) {
  const std::int64_t length = s.places(), h = s.hidden;
  const std::int64_t all = r.batch * length * std::min(s.k, length);
  Builder d(length, r.batch, bytes_of(r.formats.activations), bytes_of(r.formats.weights));
  // Embedded sequence, its gathers, the order's mask, and both contexts mixed by it.
  d.move(WorkKind::gather, all * h, "gather", 3);
  d.move(WorkKind::copy, all * 3 * h, "concat", 3);
  d.each(r.batch * length * length, 2, 8, 1, "order");
  for (std::int64_t i = 0; i < s.decoder; ++i) {
    d.each(all * 3 * h, 2, 2, 1, "mix");
    d.decoder(all, h);
  }
  d.linear(r.batch * length, mpnn::vocabulary, h);
  return d.out;
}

WorkList mpnn_operators(const MpnnWork& s, const Request& r) {
  const std::int64_t length = s.places(), k = std::min(s.k, length), h = s.hidden;
  // Samples and the orders of conditional probabilities share one encoded protein.
  const std::int64_t encoded = s.one_protein() ? 1 : r.batch, edges = length * k;
  const double a = bytes_of(r.formats.activations), wb = bytes_of(r.formats.weights);
  Builder b(length, encoded, a, wb);
  const bool step = s.phase == MpnnPhase::decode_step;
  if (!step) {
    if (s.featurise) b.features(k);
    b.linear(encoded * edges, h, mpnn::edge_inputs, false);
    b.norm(encoded * edges, h);
    b.linear(encoded * edges, h, h);
    for (std::int64_t i = 0; i < s.encoder; ++i) b.encoder(encoded * edges, h);
    for (std::int64_t i = 0; i < s.context_layers; ++i) b.decoder(encoded * edges, h);
  }
  if (s.phase == MpnnPhase::forward || s.phase == MpnnPhase::uncond ||
      s.phase == MpnnPhase::conditional) {
    WorkList pass = mpnn_decoder_operators(s, r);
    // The original decodes once for each place, with it at the end of the order.
    if (s.phase == MpnnPhase::conditional)
      for (kernels::Work& w : pass) w.count *= (s.residues + r.batch - 1) / r.batch;
    b.out.insert(b.out.end(), pass.begin(), pass.end());
  }
  if (step || s.samples()) {
    Builder one(1, r.batch, a, wb);
    const std::int64_t near = r.batch * k;
    for (std::int64_t i = 0; i < s.decoder; ++i) {
      one.move(WorkKind::gather, near * h, "gather", 4);
      one.move(WorkKind::copy, near * 3 * h, "concat", 2);
      one.each(near * 3 * h, 2, 2, 1, "mix");
      one.decoder(near, h);
      one.move(WorkKind::gather, r.batch * h, "store", 2);
    }
    one.linear(r.batch, mpnn::vocabulary, h);
    one.each(r.batch * mpnn::vocabulary, 2, 8, 1, "sampling");
    for (kernels::Work& w : one.out) w.count *= step ? 1 : s.residues;
    b.out.insert(b.out.end(), one.out.begin(), one.out.end());
  }
  return b.out;
}

}  // namespace ane::workloads
