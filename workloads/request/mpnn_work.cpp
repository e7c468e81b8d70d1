// ProteinMPNN as a framework on a CPU or GPU runs it, operator by operator and unfused, as its own
// code is written (dauparas/ProteinMPNN @8907e66). Shapes: E = residues * k edges, hidden H.
//
// A message layer's operators and the feature stage follow the operator list of that code: per
// encoder layer two message networks (gather, expand and concat, three products, two GELU), one
// masked sum, two residual norms, a feed-forward and an edge norm; per decoder layer one message
// network on 4H inputs. The feature stage builds 25 atom-pair distances, each over all residue
// pairs, then gathered and expanded in 16 radial functions.
#include <fmt/format.h>

#include <algorithm>

#include "isa/error.h"
#include "workloads/request/spec_work.h"

namespace ane::workloads {
namespace {

using kernels::Work;
using kernels::WorkKind;

class Builder {
 public:
  Builder(std::int64_t rows_, double activation_, double weight_)
      : rows(rows_), a(activation_), wb(weight_) {}

  void linear(std::int64_t m, std::int64_t n, std::int64_t k, bool bias = true) {
    Work w = product(m, n, k, a, wb);
    w.bias = bias;
    add(w);
  }
  void each(std::int64_t elements, int operands, std::int64_t count, double flops,
            std::string_view name) {
    Work w = pointwise(elements, a, operands, flops);
    w.count = count;
    w.name = name;
    add(w);
  }
  void move(WorkKind kind, std::int64_t elements, std::string_view name, std::int64_t count = 1) {
    Work w = pointwise(elements, a, 1, 0);
    w.kind = kind;
    w.count = count;
    w.name = name;
    add(w);
  }
  void norm(std::int64_t m, std::int64_t width) {
    Work w = pointwise(m * width, a, 1, 8);
    w.kind = WorkKind::normalisation;
    w.name = "norm";
    add(w);
  }
  void sum(std::int64_t elements, std::int64_t result) {
    Work w{.kind = WorkKind::reduction, .other_flops = elements, .name = "sum"};
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
    const std::int64_t pairs = rows * rows, edges = rows * k;
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

  void add(const Work& w) { out.push_back(w); }
  std::int64_t rows;
  double a, wb;
  WorkList out;
};

}  // namespace

WorkList mpnn_work(const Spec& s) {
  const std::int64_t length = s.residues, k = std::min(s.k, s.residues), h = s.hidden;
  const std::int64_t edges = length * k;
  Builder b(length, bytes_of(s.activations), bytes_of(s.weights));
  const bool step = s.phase == "decode_step";
  if (!step && s.phase != "encode" && s.phase != "forward" && s.phase != "uncond" &&
      s.phase != "sample")
    throw InputError("spec", fmt::format("phase={}: unknown", s.phase),
                     "forward, uncond, encode, decode_step, sample");

  if (!step) {
    b.features(k);
    b.linear(edges, h, 416, false);
    b.norm(edges, h);
    b.linear(edges, h, h);
    for (std::int64_t i = 0; i < s.encoder; ++i) b.encoder(edges, h);
    for (std::int64_t i = 0; i < s.context_layers; ++i) b.decoder(edges, h);
  }
  if (s.phase == "forward" || s.phase == "uncond") {
    // Embedded sequence, its gathers, the order's mask, and both contexts mixed by it.
    b.move(WorkKind::gather, edges * h, "gather", 3);
    b.move(WorkKind::copy, edges * 3 * h, "concat", 3);
    b.each(length * length, 2, 8, 1, "order");
    for (std::int64_t i = 0; i < s.decoder; ++i) {
      b.each(edges * 3 * h, 2, 2, 1, "mix");
      b.decoder(edges, h);
    }
    b.linear(length, 21, h);
  }
  if (step || s.phase == "sample") {
    Builder one(1, b.a, b.wb);
    for (std::int64_t i = 0; i < s.decoder; ++i) {
      one.move(WorkKind::gather, k * h, "gather", 4);
      one.move(WorkKind::copy, k * 3 * h, "concat", 2);
      one.each(k * 3 * h, 2, 2, 1, "mix");
      one.decoder(k, h);
      one.move(WorkKind::gather, h, "store", 2);
    }
    one.linear(1, 21, h);
    one.each(21, 2, 8, 1, "sampling");
    for (Work& w : one.out) w.count *= step ? 1 : length;
    b.out.insert(b.out.end(), one.out.begin(), one.out.end());
  }
  return b.out;
}

}  // namespace ane::workloads
