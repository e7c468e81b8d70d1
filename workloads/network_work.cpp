// Networks and encoders as lists of operators. ResNet (He et al. 2016, table 1; stride in the 3x3
// of a bottleneck, as torchvision), ViT (Dosovitskiy et al. 2021, table 1) and the encoders of
// sequences are written here as a framework runs them: attention is one operator, a norm is one.
// The others follow their graphs (networks.h). Batch normalisation is folded; each convolution
// writes once and its activation is an operator.
#include <fmt/format.h>

#include "isa/error.h"
#include "workloads/networks.h"
#include "workloads/spec_work.h"

namespace ane::workloads {
namespace {

using kernels::Work;
using kernels::WorkKind;

struct Net {
  double a, wb;
  std::int64_t batch, h, w, c;
  WorkList out;

  void conv(std::int64_t cout, std::int64_t kernel, std::int64_t stride, bool relu = true) {
    const std::int64_t oh = (h + stride - 1) / stride, ow = (w + stride - 1) / stride;
    Work x = product(batch * oh * ow, cout, c * kernel * kernel, a, wb);
    x.kind = WorkKind::conv;
    x.read = pointwise(batch * h * w * c, a).written;
    x.bias = true;
    x.name = "conv";
    out.push_back(x);
    h = oh, w = ow, c = cout;
    if (relu) each(1);
  }
  void each(int operands) { out.push_back(pointwise(batch * h * w * c, a, operands)); }
  void pool(std::int64_t kernel, std::int64_t stride) {
    Work x = pointwise(batch * h * w * c, a, 1, 1);
    x.kind = WorkKind::pool;
    h = (h + stride - 1) / stride, w = (w + stride - 1) / stride;
    x.other_flops = batch * h * w * c * kernel * kernel;
    x.written = pointwise(batch * h * w * c, a).written;
    x.name = "pool";
    out.push_back(x);
  }
  void block(std::int64_t width, std::int64_t stride, bool bottleneck) {
    const std::int64_t ih = h, iw = w, ic = c, cout = bottleneck ? 4 * width : width;
    if (bottleneck) {
      conv(width, 1, 1);
      conv(width, 3, stride);
      conv(cout, 1, 1, false);
    } else {
      conv(width, 3, stride);
      conv(cout, 3, 1, false);
    }
    if (stride != 1 || ic != cout) {
      const std::int64_t oh = h, ow = w;
      h = ih, w = iw, c = ic;
      conv(cout, 1, stride, false);
      h = oh, w = ow, c = cout;
    }
    each(2);
    each(1);
  }
};

WorkList resnet(Net net, const std::vector<std::int64_t>& blocks, bool bottleneck) {
  net.conv(64, 7, 2);
  net.pool(3, 2);
  std::int64_t width = 64;
  for (std::size_t stage = 0; stage < blocks.size(); ++stage, width *= 2)
    for (std::int64_t i = 0; i < blocks[stage]; ++i)
      net.block(width, stage > 0 && i == 0 ? 2 : 1, bottleneck);
  net.pool(net.h, net.h);
  net.out.push_back(product(net.batch, 1000, net.c, net.a, net.wb));
  return net.out;
}

// Blocks of a transformer on `rows` = batch x length vectors of `width`.
struct Blocks {
  double a, wb;
  std::int64_t batch, length, width, heads, ffn;
  WorkList out;

  std::int64_t rows() const { return batch * length; }
  void linear(std::int64_t n, std::int64_t k) {
    Work x = product(rows(), n, k, a, wb);
    x.bias = true;
    out.push_back(x);
  }
  void norm() {
    Work x = pointwise(rows() * width, a, 1, 8);
    x.kind = WorkKind::normalisation;
    x.name = "norm";
    out.push_back(x);
  }
  void block() {
    norm();
    linear(3 * width, width);
    Work x{.kind = WorkKind::attention, .macs = Macs{2 * batch * length * length * width}};
    x.read = pointwise(3 * rows() * width, a).written;
    x.written = pointwise(rows() * width, a).written;
    x.m = length, x.n = length, x.k = width / heads, x.batch = batch * heads;
    x.name = "attention";
    out.push_back(x);
    linear(width, width);
    out.push_back(pointwise(rows() * width, a, 2));
    norm();
    linear(ffn, width);
    out.push_back(pointwise(rows() * ffn, a, 1, 8));
    linear(width, ffn);
    out.push_back(pointwise(rows() * width, a, 2));
  }
};

WorkList vit(Net net, std::int64_t width, std::int64_t layers, std::int64_t heads) {
  net.conv(width, 16, 16, false);
  Blocks b{.a = net.a,
           .wb = net.wb,
           .batch = net.batch,
           .length = net.h * net.w + 1,
           .width = width,
           .heads = heads,
           .ffn = 4 * width,
           .out = net.out};
  for (std::int64_t i = 0; i < layers; ++i) b.block();
  b.norm();
  b.out.push_back(product(net.batch, 1000, width, net.a, net.wb));
  return b.out;
}

// A graph's nodes, each an operator; the activation behind a convolution is one more.
WorkList graph_work(const Graph& graph, double a, double wb) {
  const auto scaled = [](Bytes b, double factor) {
    return Bytes{static_cast<std::int64_t>(static_cast<double>(b.count) * factor)};
  };
  WorkList out;
  for (const Node& n : graph.nodes) {
    Work w = n.op->work(graph.call(n));
    // The graph is one of FP16.
    w.read = scaled(w.read, a / 2);
    w.written = scaled(w.written, a / 2);
    w.weights = scaled(w.weights, wb / 2);
    w.compressed = wb < 2;
    if (w.name.empty()) w.name = n.op->name;
    out.push_back(w);
    if (!n.attributes.activation.empty() && n.attributes.activation != "none")
      out.push_back(pointwise(graph.type(n.output).e.count(), a));
  }
  return out;
}

}  // namespace

WorkList encoder_work(const Spec& s) {
  const Encoder e = encoder_of(s);
  Blocks b{.a = bytes_of(s.activations),
           .wb = bytes_of(s.weights),
           .batch = s.batch,
           .length = e.tokens,
           .width = e.hidden,
           .heads = e.heads,
           .ffn = e.ffn,
           .out = {}};
  if (e.audio) {
    // 80 mel bands at twice the positions; the second convolution halves them.
    const std::int64_t frames = 2 * b.rows();
    b.out.push_back(product(frames, e.hidden, 80 * 3, b.a, b.wb));
    b.out.push_back(pointwise(frames * e.hidden, b.a, 1, 8));
    b.out.push_back(product(b.rows(), e.hidden, e.hidden * 3, b.a, b.wb));
    b.out.push_back(pointwise(b.rows() * e.hidden, b.a, 1, 8));
  }
  for (std::int64_t i = 0; i < e.layers; ++i) b.block();
  b.norm();
  return b.out;
}

WorkList network_work(const Spec& s) {
  const Extents in = input_of(s);
  const Net net{.a = bytes_of(s.activations),
                .wb = bytes_of(s.weights),
                .batch = in.n,
                .h = in.h,
                .w = in.w,
                .c = in.c,
                .out = {}};
  const auto settled = [&] {
    if (s.name == "resnet18") return resnet(net, {2, 2, 2, 2}, false);
    if (s.name == "resnet34") return resnet(net, {3, 4, 6, 3}, false);
    if (s.name == "resnet50") return resnet(net, {3, 4, 6, 3}, true);
    if (s.name == "resnet101") return resnet(net, {3, 4, 23, 3}, true);
    if (s.name == "vit_t_16") return vit(net, 192, 12, 3);
    if (s.name == "vit_s_16") return vit(net, 384, 12, 6);
    if (s.name == "vit_b_16") return vit(net, 768, 12, 12);
    if (s.name == "vit_l_16") return vit(net, 1024, 24, 16);
    return WorkList{};
  };
  if (WorkList list = settled(); !list.empty()) return list;
  return graph_work(build_network(network_named(s.name), in, {}), net.a, net.wb);
}

}  // namespace ane::workloads
