// Image networks as lists of operators, layer by layer from their papers: ResNet (He et al. 2016,
// table 1; stride in the 3x3 of a bottleneck, as torchvision) and ViT-B/16 (Dosovitskiy et al.
// 2021, table 1). Batch normalisation is folded; each convolution writes once and its ReLU is an
// operator.
#include <fmt/format.h>

#include "isa/error.h"
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

WorkList vit(Net net, std::int64_t width, std::int64_t layers, std::int64_t heads,
             std::int64_t patch) {
  net.conv(width, patch, patch, false);
  const std::int64_t length = net.h * net.w + 1, rows = net.batch * length, size = width / heads;
  WorkList& out = net.out;
  const auto linear = [&](std::int64_t n, std::int64_t k) {
    Work x = product(rows, n, k, net.a, net.wb);
    x.bias = true;
    out.push_back(x);
  };
  const auto norm = [&] {
    Work x = pointwise(rows * width, net.a, 1, 8);
    x.kind = WorkKind::normalisation;
    x.name = "norm";
    out.push_back(x);
  };
  for (std::int64_t i = 0; i < layers; ++i) {
    norm();
    linear(3 * width, width);
    Work x{.kind = WorkKind::attention,
           .macs = Macs{2 * net.batch * heads * length * length * size}};
    x.read = pointwise(3 * rows * width, net.a).written;
    x.written = pointwise(rows * width, net.a).written;
    x.m = length, x.n = length, x.k = size, x.batch = net.batch * heads;
    x.name = "attention";
    out.push_back(x);
    linear(width, width);
    out.push_back(pointwise(rows * width, net.a, 2));
    norm();
    linear(4 * width, width);
    out.push_back(pointwise(rows * 4 * width, net.a, 1, 8));
    linear(width, 4 * width);
    out.push_back(pointwise(rows * width, net.a, 2));
  }
  norm();
  out.push_back(product(net.batch, 1000, width, net.a, net.wb));
  return out;
}

}  // namespace

WorkList network_work(const Spec& s) {
  const std::vector<std::int64_t> in =
      extents(s.input.empty() ? fmt::format("{}x3x224x224", s.batch) : s.input);
  if (in.size() != 4) throw InputError("spec", fmt::format("input={}: not NxCxHxW", s.input));
  const Net net{.a = bytes_of(s.activations),
                .wb = bytes_of(s.weights),
                .batch = in[0],
                .h = in[2],
                .w = in[3],
                .c = in[1],
                .out = {}};
  if (s.name == "resnet18") return resnet(net, {2, 2, 2, 2}, false);
  if (s.name == "resnet34") return resnet(net, {3, 4, 6, 3}, false);
  if (s.name == "resnet50") return resnet(net, {3, 4, 6, 3}, true);
  if (s.name == "vit_b_16") return vit(net, 768, 12, 12, 16);
  throw InputError("spec",
                   fmt::format("network '{}' has no operator list for a CPU or GPU", s.name),
                   "resnet18, resnet34, resnet50, vit_b_16");
}

}  // namespace ane::workloads
