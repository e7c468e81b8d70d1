// Losses, as exported graphs of training keep them.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "isa/error.h"
#include "workloads/model/ops/families.h"

namespace ane::workloads::model::ops {
namespace {

using I = std::int64_t;

// -weight[target] * x[.., target, ..], one a position, then none, their sum or their mean.
void loss_of(Use& u, Array* y, const std::vector<double>& logs, std::size_t weights) {
  const Shape& x = u.shape(0);
  const I classes = x[1], plane = kernels::elements(x) / std::max<I>(1, x[0] * classes);
  const Wholes target = u.integers(1);
  const std::string how = u.text("reduction", "mean");
  const bool ignores = u.says("ignore_index");
  const I ignored = u.integer("ignore_index", 0);
  u.require(static_cast<I>(target.size()) == x[0] * plane, "a target for each position");
  double sum = 0, all = 0;
  for (I n = 0; n < x[0]; ++n)
    for (I p = 0; p < plane; ++p) {
      const I t = target[static_cast<std::size_t>(n * plane + p)];
      double loss = 0;
      if (!(ignores && t == ignored)) {
        u.require(t >= 0 && t < classes, "a target that is no class");
        const double w = u.has(weights) ? u.data(weights).number(t) : 1;
        loss = -w * logs[static_cast<std::size_t>((n * classes + t) * plane + p)];
        all += w;
      }
      sum += loss;
      if (how == "none") y->set(n * plane + p, loss);
    }
  if (how != "none") y->set(0, how == "sum" ? sum : sum / all);
}

Shape loss_shape(const Use& u) {
  u.require(u.rank(0) >= 2, "takes [n, classes, ...]");
  return u.text("reduction", "mean") == "none" ? u.shape(1) : Shape{};
}

void likelihood(Use& u) {
  Array* y = u.out(0, u.dtype(0), loss_shape(u));
  if (y == nullptr) return;
  std::vector<double> logs;
  for (const float v : u.reals(0)) logs.push_back(static_cast<double>(v));
  loss_of(u, y, logs, 2);
}

void cross_entropy(Use& u) {
  Array *y = u.out(0, u.dtype(0), loss_shape(u)), *log = u.out(1, u.dtype(0), u.shape(0));
  if (y == nullptr) return;
  const Around a = around(u.shape(0), 1);
  const Reals& x = u.reals(0);
  std::vector<double> logs(x.size());
  for (I b = 0; b < a.before; ++b)
    for (I c = 0; c < a.after; ++c) {
      const auto at = [&](I k) {
        return static_cast<std::size_t>((b * a.extent + k) * a.after + c);
      };
      double top = -1e300, sum = 0;
      for (I k = 0; k < a.extent; ++k) top = std::max(top, static_cast<double>(x[at(k)]));
      for (I k = 0; k < a.extent; ++k) sum += std::exp(static_cast<double>(x[at(k)]) - top);
      for (I k = 0; k < a.extent; ++k)
        logs[at(k)] = static_cast<double>(x[at(k)]) - top - std::log(sum);
    }
  if (log != nullptr)
    for (std::size_t k = 0; k < logs.size(); ++k) log->f[k] = static_cast<float>(logs[k]);
  loss_of(u, y, logs, 2);
}

}  // namespace

Family losses() {
  const std::vector<Rule> reduced{whole("ignore_index"), text("reduction", "none sum mean")};
  static const std::vector<Operator> all{
      {.name = "NegativeLogLikelihoodLoss",
       .since = 12,
       .run = likelihood,
       .takes = takes(2, 3).with(reduced),
       .cost = {.kind = kernels::WorkKind::gather, .flops = 2}},
      {.name = "SoftmaxCrossEntropyLoss",
       .since = 12,
       .run = cross_entropy,
       .takes = takes(2, 3).with(reduced),
       .cost = {.kind = kernels::WorkKind::softmax, .flops = 14}},
  };
  return all;
}

}  // namespace ane::workloads::model::ops
