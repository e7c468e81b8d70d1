// Normalisations and softmax.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "isa/error.h"
#include "workloads/model/mapping.h"
#include "workloads/model/ops/families.h"

namespace ane::workloads::model::ops {
namespace {

using I = std::int64_t;
using List = Wholes;

// Before values are: operands `first` to `last`, those that are there, hold a number each of
// `count`.
void require_each(const Use& u, std::size_t first, std::size_t last, I count, const char* what) {
  for (std::size_t k = first; k <= last; ++k)
    u.require(!u.has(k) || kernels::elements(u.shape(k)) == count,
              fmt::format("a value for each {}: operand {} has {} in place of {}", what, k,
                          u.has(k) ? kernels::elements(u.shape(k)) : 0, count));
}

void batch_norm(Use& u) {
  u.require(u.rank(0) >= 2, "takes [n, c, ...]");
  const bool training = u.integer("training_mode", 0) != 0;
  u.require(u.node.version >= 9 || u.integer("is_test", 1) != 0 || u.results() == 1,
            "is of training");
  const I channels = u.shape(0)[1];
  require_each(u, 1, 4, channels, "channel");
  Array* y = u.out(0, u.dtype(0), u.shape(0));
  Array *mean_out = nullptr, *var_out = nullptr;
  if (training) {
    mean_out = u.out(1, u.dtype(3), {channels});
    var_out = u.out(2, u.dtype(4), {channels});
  }
  if (y == nullptr) return;
  const Reals &x = u.reals(0), &scale = u.reals(1), &shift = u.reals(2), &mean = u.reals(3),
              &var = u.reals(4);
  const double epsilon = static_cast<double>(u.real("epsilon", 1e-5F));
  const double momentum = static_cast<double>(u.real("momentum", 0.9F));
  const I items = u.shape(0)[0],
          plane = items * channels > 0 ? static_cast<I>(x.size()) / (items * channels) : 0;
  for (I c = 0; c < channels; ++c) {
    const auto ch = static_cast<std::size_t>(c);
    double m = static_cast<double>(mean[ch]), v = static_cast<double>(var[ch]);
    if (training) {
      double sum = 0, squares = 0;
      const double count = static_cast<double>(items * plane);
      for (I n = 0; n < items; ++n)
        for (I k = 0; k < plane; ++k)
          sum += static_cast<double>(x[static_cast<std::size_t>((n * channels + c) * plane + k)]);
      for (I n = 0; n < items; ++n)
        for (I k = 0; k < plane; ++k) {
          const double d =
              static_cast<double>(x[static_cast<std::size_t>((n * channels + c) * plane + k)]) -
              sum / count;
          squares += d * d;
        }
      mean_out->set(c, m * momentum + sum / count * (1 - momentum));
      var_out->set(c, v * momentum + squares / count * (1 - momentum));
      m = sum / count, v = squares / count;
    }
    const double factor = static_cast<double>(scale[ch]) / std::sqrt(v + epsilon);
    for (I n = 0; n < items; ++n)
      for (I k = 0; k < plane; ++k) {
        const auto at = static_cast<std::size_t>((n * channels + c) * plane + k);
        y->f[at] = static_cast<float>((static_cast<double>(x[at]) - m) * factor +
                                      static_cast<double>(shift[ch]));
      }
  }
}

// (x - mean) / sqrt(variance + epsilon) over runs of `size` elements, one after the other.
struct Moments {
  double mean = 0, scale = 1;
};
Moments moments_of(const float* x, I size, double epsilon, bool centred = true) {
  double sum = 0, squares = 0;
  for (I k = 0; k < size; ++k) sum += static_cast<double>(x[k]);
  const double mean = centred ? sum / static_cast<double>(size) : 0;
  for (I k = 0; k < size; ++k)
    squares += (static_cast<double>(x[k]) - mean) * (static_cast<double>(x[k]) - mean);
  return {mean, 1 / std::sqrt(squares / static_cast<double>(size) + epsilon)};
}

void instance_norm(Use& u) {
  u.require(u.rank(0) >= 2, "takes [n, c, ...]");
  require_each(u, 1, 2, u.shape(0)[1], "channel");
  Array* y = u.out(0, u.dtype(0), u.shape(0));
  if (y == nullptr || y->size() == 0) return;
  const Reals &x = u.reals(0), &scale = u.reals(1), &shift = u.reals(2);
  const I channels = u.shape(0)[1], rows = u.shape(0)[0] * channels, plane = y->size() / rows;
  const auto epsilon = static_cast<double>(u.real("epsilon", 1e-5F));
  for (I r = 0; r < rows; ++r) {
    const Moments m = moments_of(x.data() + r * plane, plane, epsilon);
    const auto c = static_cast<std::size_t>(r % channels);
    for (I k = r * plane; k < (r + 1) * plane; ++k)
      y->set(k, (static_cast<double>(x[static_cast<std::size_t>(k)]) - m.mean) * m.scale *
                        static_cast<double>(scale[c]) +
                    static_cast<double>(shift[c]));
  }
}

void group_norm(Use& u) {
  u.require(u.rank(0) >= 2, "takes [n, c, ...]");
  const I groups = u.integer("num_groups", 1), channels = u.shape(0)[1];
  u.require(groups >= 1 && channels % groups == 0, "groups that do not fit");
  const bool a_group = kernels::elements(u.shape(1)) == groups;
  require_each(u, 1, 2, a_group ? groups : channels, a_group ? "group" : "channel");
  Array* y = u.out(0, u.dtype(0), u.shape(0));
  if (y == nullptr || y->size() == 0) return;
  const Reals &x = u.reals(0), &scale = u.reals(1), &shift = u.reals(2);
  const I rows = u.shape(0)[0] * groups, run = y->size() / rows,
          plane = y->size() / (u.shape(0)[0] * channels);
  const auto epsilon = static_cast<double>(u.real("epsilon", 1e-5F));
  for (I r = 0; r < rows; ++r) {
    const Moments m = moments_of(x.data() + r * run, run, epsilon);
    for (I k = r * run; k < (r + 1) * run; ++k) {
      const I channel = k / plane % channels;
      const auto c =
          static_cast<std::size_t>(static_cast<I>(scale.size()) == channels ? channel : r % groups);
      y->set(k, (static_cast<double>(x[static_cast<std::size_t>(k)]) - m.mean) * m.scale *
                        static_cast<double>(scale[c]) +
                    static_cast<double>(shift[c]));
    }
  }
}

// Over the axes from `axis` on; results 1 and 2 are mean and 1 / deviation.
void layer_norm(Use& u) {
  const std::size_t axis = u.axis("axis", -1, u.rank(0));
  const bool centred = u.node.op == "LayerNormalization";
  Shape kept = u.shape(0);
  I run = 1;
  for (std::size_t d = axis; d < kept.size(); ++d) run *= kept[d], kept[d] = 1;
  const Shape inner(u.shape(0).begin() + static_cast<std::ptrdiff_t>(axis), u.shape(0).end());
  for (std::size_t k = 1; k < 3; ++k)
    if (u.has(k))
      u.require(broadcast(inner, u.shape(k), u.place()) == inner,
                "a scale or shift that does not fit");
  Array *y = u.out(0, u.dtype(0), u.shape(0)), *mean = nullptr, *deviation = nullptr;
  if (centred) mean = u.out(1, Dtype::f32, kept), deviation = u.out(2, Dtype::f32, kept);
  if (y == nullptr || run == 0) return;
  const Reals& x = u.reals(0);
  const auto laid = [&](std::size_t k) {
    std::vector<float> v(static_cast<std::size_t>(run));
    walk(inner, strides_as(u.shape(k), inner), [&](I at, I from) {
      v[static_cast<std::size_t>(at)] = u.reals(k)[static_cast<std::size_t>(from)];
    });
    return v;
  };
  const std::vector<float> scale = laid(1),
                           shift = u.has(2) ? laid(2)
                                            : std::vector<float>(static_cast<std::size_t>(run), 0);
  const auto epsilon = static_cast<double>(u.real("epsilon", 1e-5F));
  for (I r = 0; r < y->size() / run; ++r) {
    const Moments m = moments_of(x.data() + r * run, run, epsilon, centred);
    if (mean != nullptr) mean->set(r, m.mean);
    if (deviation != nullptr) deviation->set(r, m.scale);
    for (I k = 0; k < run; ++k) {
      const auto i = static_cast<std::size_t>(k);
      y->set(r * run + k, (static_cast<double>(x[static_cast<std::size_t>(r * run + k)]) - m.mean) *
                                  m.scale * static_cast<double>(scale[i]) +
                              static_cast<double>(shift[i]));
    }
  }
}

// x + skip (+ bias), normalised over the last axis; result 3 is that sum.
void skip_layer_norm(Use& u) {
  const bool centred = u.node.op == "SkipLayerNormalization";
  const std::size_t bias = centred ? 4 : 3, beta = 3;
  u.require(u.rank(0) >= 1 && u.shape(0).back() > 0 && kernels::elements(u.shape(1)) > 0 &&
                kernels::elements(u.shape(0)) % kernels::elements(u.shape(1)) == 0,
            "operands that do not fit");
  require_each(u, 2, bias, u.shape(0).back(), "position of the last axis");
  Array* y = u.out(0, u.dtype(0), u.shape(0));
  Array* sum = u.wants(3) ? u.out(3, u.dtype(0), u.shape(0)) : nullptr;
  if (u.wants(1) || u.wants(2))
    u.refuse("its mean and deviation are not given", "leave these results out");
  if (y == nullptr) return;
  std::vector<float> x = u.reals(0);
  const Reals& skip = u.reals(1);
  const I run = u.shape(0).back();
  for (std::size_t k = 0; k < x.size(); ++k)
    x[k] += skip[k % skip.size()] +
            (u.has(bias) ? u.reals(bias).at(k % static_cast<std::size_t>(run)) : 0);
  if (sum != nullptr) sum->f = x;
  const auto epsilon = static_cast<double>(u.real("epsilon", centred ? 1e-12F : 1e-5F));
  for (I r = 0; r < y->size() / run; ++r) {
    const Moments m = moments_of(x.data() + r * run, run, epsilon, centred);
    for (I k = 0; k < run; ++k) {
      const auto at = static_cast<std::size_t>(r * run + k), i = static_cast<std::size_t>(k);
      y->f[at] = static_cast<float>(
          (static_cast<double>(x[at]) - m.mean) * m.scale * static_cast<double>(u.reals(2)[i]) +
          (centred && u.has(beta) ? static_cast<double>(u.reals(beta).at(i)) : 0));
    }
  }
}

// Across neighbouring channels.
void local_response(Use& u) {
  u.require(u.rank(0) >= 3, "takes [n, c, ...]");
  Array* y = u.out(0, u.dtype(0), u.shape(0));
  if (y == nullptr || y->size() == 0) return;
  const Reals& x = u.reals(0);
  const I size = u.integer("size", 1), channels = u.shape(0)[1];
  u.require(size >= 1 && size < 1 << 20, "a size below 1");
  const double alpha = static_cast<double>(u.real("alpha", 1e-4F)),
               beta = static_cast<double>(u.real("beta", 0.75F)),
               bias = static_cast<double>(u.real("bias", 1));
  const I plane = y->size() / (u.shape(0)[0] * channels);
  for (I at = 0; at < y->size(); ++at) {
    const I c = at / plane % channels;
    double sum = 0;
    for (I k = std::max<I>(0, c - (size - 1) / 2); k <= std::min(channels - 1, c + size / 2); ++k) {
      const auto v = static_cast<double>(x[static_cast<std::size_t>(at + (k - c) * plane)]);
      sum += v * v;
    }
    y->set(at, static_cast<double>(x[static_cast<std::size_t>(at)]) /
                   std::pow(bias + alpha / static_cast<double>(size) * sum, beta));
  }
}

void lp_norm(Use& u) {
  const std::size_t axis = u.axis("axis", -1, u.rank(0));
  Array* y = u.out(0, u.dtype(0), u.shape(0));
  if (y == nullptr) return;
  const auto p = static_cast<double>(u.integer("p", 2));
  const Around a = around(u.shape(0), axis);
  const Reals& x = u.reals(0);
  for (I b = 0; b < a.before; ++b)
    for (I c = 0; c < a.after; ++c) {
      double sum = 0;
      const auto at = [&](I k) {
        return static_cast<std::size_t>((b * a.extent + k) * a.after + c);
      };
      for (I k = 0; k < a.extent; ++k) sum += std::pow(std::fabs(static_cast<double>(x[at(k)])), p);
      const double norm = std::pow(sum, 1 / p);
      for (I k = 0; k < a.extent; ++k)
        y->f[at(k)] = norm == 0 ? 0 : static_cast<float>(static_cast<double>(x[at(k)]) / norm);
    }
}

void mean_variance(Use& u) {
  Array* y = u.out(0, u.dtype(0), u.shape(0));
  if (y == nullptr) return;
  List axes = u.list("axes");
  if (!u.says("axes")) axes = {0, 2, 3};
  Shape kept = u.shape(0);
  for (const I a : axes) kept[axis_of(a, kept.size(), u.place())] = 1;
  const List to = strides_as(kept, u.shape(0));
  const auto groups = static_cast<std::size_t>(kernels::elements(kept));
  const Reals& x = u.reals(0);
  std::vector<double> sum(groups, 0), squares(groups, 0);
  const double count =
      static_cast<double>(x.size()) / static_cast<double>(std::max<std::size_t>(1, groups));
  walk(u.shape(0), to, [&](I at, I g) {
    const auto v = static_cast<double>(x[static_cast<std::size_t>(at)]);
    sum[static_cast<std::size_t>(g)] += v, squares[static_cast<std::size_t>(g)] += v * v;
  });
  walk(u.shape(0), to, [&](I at, I g) {
    const auto k = static_cast<std::size_t>(g);
    const double mean = sum[k] / count,
                 deviation = std::sqrt(std::max(0.0, squares[k] / count - mean * mean));
    y->set(at, (static_cast<double>(x[static_cast<std::size_t>(at)]) - mean) / (deviation + 1e-9));
  });
}

// Before version 13 over all axes from `axis` on, which is 1 where it is not said; from then on
// over one axis, the last.
void softmax(Use& u) {
  const bool old = u.node.version < 13;
  Around a;
  if (u.rank(0) > 0) {
    const auto rank = static_cast<I>(u.rank(0));
    I said = u.integer("axis", old ? 1 : -1);
    if (said < 0) said += rank;
    u.require(said >= 0 && said < rank + (old ? 1 : 0), "its axis is none of the operand's");
    const auto axis = static_cast<std::size_t>(said);
    if (old) {
      for (std::size_t d = 0; d < u.rank(0); ++d) (d < axis ? a.before : a.extent) *= u.shape(0)[d];
    } else {
      a = around(u.shape(0), axis);
    }
  }
  Array* y = u.out(0, u.dtype(0), u.shape(0));
  if (y == nullptr || y->size() == 0) return;
  const Reals& x = u.reals(0);
  const bool log = u.node.op == "LogSoftmax", hard = u.node.op == "Hardmax";
  for (I b = 0; b < a.before; ++b)
    for (I c = 0; c < a.after; ++c) {
      const auto at = [&](I k) {
        return static_cast<std::size_t>((b * a.extent + k) * a.after + c);
      };
      I best = 0;
      for (I k = 1; k < a.extent; ++k)
        if (x[at(k)] > x[at(best)]) best = k;
      if (hard) {
        y->f[at(best)] = 1;
        continue;
      }
      double sum = 0;
      const auto top = static_cast<double>(x[at(best)]);
      for (I k = 0; k < a.extent; ++k) sum += std::exp(static_cast<double>(x[at(k)]) - top);
      for (I k = 0; k < a.extent; ++k) {
        const double v = static_cast<double>(x[at(k)]) - top;
        y->f[at(k)] = static_cast<float>(log ? v - std::log(sum) : std::exp(v) / sum);
      }
    }
}

// ---- on the accelerator

// A constant of one value a channel (axis 1), as it meets the operand in its layout.
ValueId channels(Mapper& m, const Use& u, const Layout& layout, const std::vector<float>& values,
                 const char* what) {
  Layout own;
  for (std::size_t g = 0; g < 4; ++g)
    if (layout.of[g] == std::vector<int>{1}) own.of[g] = {1};
  if (own.order().empty() && u.shape(0)[1] != 1)
    throw InputError(u.place(), "its channels lie with other axes");
  return m.constant(what, extents_of(u.shape(0), own), m.values() ? values : std::vector<float>{});
}

// y * scale + shift a channel, where these change anything.
ValueId by_channel(Mapper& m, const Use& u, ValueId y, const Layout& layout) {
  const Data scale = values_of(u.in(1)), shift = values_of(u.in(2));
  const auto all = [](const Reals& v, float one) {
    return std::ranges::all_of(v, [one](float x) { return x == one; });
  };
  if (!all(scale->f, 1)) y = m.elementwise("mul", y, channels(m, u, layout, scale->f, "scale"));
  if (!all(shift->f, 0)) y = m.elementwise("add", y, channels(m, u, layout, shift->f, "shift"));
  return y;
}

std::optional<Why> map_batch_norm(const Use& u, Mapper& m) {
  if (u.integer("training_mode", 0) != 0 || u.wants(1))
    return Why{"T2", "statistics of training", "", "the model for inference"};
  for (std::size_t k = 1; k < 5; ++k)
    if (!u.known(k)) return Why{"T2", "statistics that are computed", "", "constants"};
  const Data scale = values_of(u.in(1)), shift = values_of(u.in(2)), mean = values_of(u.in(3)),
             var = values_of(u.in(4));
  std::vector<float> factor, term;
  for (std::size_t c = 0; c < scale->f.size(); ++c) {
    const double f =
        static_cast<double>(scale->f[c]) / std::sqrt(static_cast<double>(var->f.at(c)) +
                                                     static_cast<double>(u.real("epsilon", 1e-5F)));
    factor.push_back(static_cast<float>(f));
    term.push_back(static_cast<float>(static_cast<double>(shift->f.at(c)) -
                                      static_cast<double>(mean->f.at(c)) * f));
  }
  // What a convolution alone feeds is its own scale and bias.
  if (m.scaled_product(0, factor, term)) {
    m.same(0, 0, *m.layout(0));
    return std::nullopt;
  }
  const Layout layout = m.layout_with(0, {1});
  const ValueId x = m.operand(0, layout);
  m.result(0,
           m.elementwise("add", m.elementwise("mul", x, channels(m, u, layout, factor, "scale")),
                         channels(m, u, layout, term, "shift")),
           layout);
  return std::nullopt;
}

std::optional<Why> map_instance_norm(const Use& u, Mapper& m) {
  if (!u.known(1) || !u.known(2)) return Why{"T2", "scales that are computed", "", "constants"};
  std::vector<int> gone;
  for (std::size_t d = 2; d < u.rank(0); ++d) gone.push_back(static_cast<int>(d));
  const Layout layout = m.layout_with(0, gone);
  const ValueId x = m.operand(0, layout);
  Attributes a;
  a.epsilon = static_cast<double>(u.real("epsilon", 1e-5F));
  for (std::size_t g = 0; g < 4; ++g)
    if (!layout.of[g].empty() && layout.of[g].front() >= 2)
      a.axes |= static_cast<unsigned>(machine_axis(g));
  if (a.axes == 0) return Why{"T3", "a norm over one element", "", ""};
  m.result(0, by_channel(m, u, m.node("layer_norm", {x}, a), layout), layout);
  return std::nullopt;
}

std::optional<Why> map_group_norm(const Use& u, Mapper& m) {
  if (!u.known(1) || !u.known(2)) return Why{"T2", "scales that are computed", "", "constants"};
  const Shape& s = u.shape(0);
  const I groups = u.integer("num_groups", 1);
  if (kernels::elements(u.shape(1)) != s[1])
    return Why{"T4", "a scale a group", "", "a scale a channel (version 21)"};
  const Layout layout = natural_layout(s);
  ValueId x = m.operand(0, layout);
  const Extents whole = extents_of(s, layout);
  // Channels of a group with their planes as rows, so that one reduction covers them.
  const I plane = kernels::elements(s) / (s[0] * s[1]);
  x = m.reshape(x, {.w = plane, .h = s[1] / groups, .c = groups, .n = s[0]});
  Attributes a;
  a.axes = kernels::axis_w | kernels::axis_h;
  a.epsilon = static_cast<double>(u.real("epsilon", 1e-5F));
  const ValueId y = m.reshape(m.node("layer_norm", {x}, a), whole);
  m.result(0, by_channel(m, u, y, layout), layout);
  return std::nullopt;
}

// A scale or shift over the last axes, in the operand's layout; written out where a machine axis
// holds others too.
ValueId trailing(Mapper& m, const Use& u, std::size_t k, const Layout& layout) {
  const auto first = static_cast<int>(u.rank(0) - u.rank(k));
  Layout own;
  for (std::size_t g = 0; g < 4; ++g)
    if (std::ranges::any_of(layout.of[g], [&](int d) {
          return d >= first && u.shape(k)[static_cast<std::size_t>(d - first)] != 1;
        }))
      own.of[g] = layout.of[g];
  return m.constant(k, u.shape(0), own);
}

std::optional<Why> map_layer_norm(const Use& u, Mapper& m) {
  if (u.wants(1) || u.wants(2))
    return Why{"T2", "its mean and deviation are asked for", "", "the result alone"};
  if (!u.known(1) || (u.has(2) && !u.known(2)))
    return Why{"T2", "scales that are computed", "", "constants"};
  std::vector<int> gone;
  for (std::size_t d = u.axis("axis", -1, u.rank(0)); d < u.rank(0); ++d)
    gone.push_back(static_cast<int>(d));
  const Layout layout = m.layout_with(0, gone);
  const ValueId x = m.operand(0, layout);
  Attributes a;
  for (std::size_t g = 0; g < 4; ++g)
    if (!layout.of[g].empty() && layout.of[g].front() >= gone.front())
      a.axes |= static_cast<unsigned>(machine_axis(g));
  if (a.axes == 0) return Why{"T3", "a norm over one element", "", ""};
  const auto epsilon = static_cast<double>(u.real("epsilon", 1e-5F));
  if (u.node.op == "LayerNormalization") {
    a.epsilon = epsilon;
    std::vector<ValueId> inputs{x};
    const Reals scale = values_of(u.in(1))->f;
    if (u.has(2) || std::ranges::any_of(scale, [](float v) { return v != 1; }))
      inputs.push_back(trailing(m, u, 1, layout));
    if (u.has(2)) inputs.push_back(trailing(m, u, 2, layout));
    m.result(0, m.node("layer_norm", inputs, a), layout);
    return std::nullopt;
  }
  a.operation = "mean_squares";
  a.add = epsilon;
  a.activation = "rsqrt";
  m.result(0,
           m.elementwise("mul", m.elementwise("mul", x, m.node("reduce", {x}, a)),
                         trailing(m, u, 1, layout)),
           layout);
  return std::nullopt;
}

std::optional<Why> map_softmax(const Use& u, Mapper& m) {
  const bool old = u.node.version < 13;
  const auto rank = static_cast<I>(u.rank(0));
  I axis = u.integer("axis", old ? 1 : -1);
  if (axis < 0) axis += rank;
  std::vector<int> gone;
  for (I d = axis; d < (old ? rank : axis + 1); ++d) gone.push_back(static_cast<int>(d));
  const Layout layout = m.layout_with(0, gone);
  const ValueId x = m.operand(0, layout);
  Attributes a;
  for (std::size_t g = 0; g < 4; ++g)
    if (!layout.of[g].empty() && std::ranges::find(gone, layout.of[g].front()) != gone.end())
      a.axes |= static_cast<unsigned>(machine_axis(g));
  if (a.axes == 0) return Why{"T3", "a softmax over one element", "", ""};
  m.result(0, m.node(u.node.op == "Softmax" ? "softmax" : "log_softmax", {x}, a), layout);
  return std::nullopt;
}

std::optional<Why> map_skip_layer_norm(const Use& u, Mapper& m) {
  const bool centred = u.node.op == "SkipLayerNormalization";
  const std::size_t bias = centred ? 4 : 3;
  if (!u.known(2) || (centred && u.has(3) && !u.known(3)) || (u.has(bias) && !u.known(bias)) ||
      u.known(0) || u.known(1) || u.shape(0) != u.shape(1))
    return Why{"T2", "scales that are computed", "", "constants"};
  const auto last = static_cast<int>(u.rank(0)) - 1;
  const Layout layout = m.layout_with(0, {last});
  ValueId x = m.elementwise("add", m.operand(0, layout), m.operand(1, layout));
  if (u.has(bias)) x = m.elementwise("add", x, trailing(m, u, bias, layout));
  if (u.wants(3)) m.result(3, x, layout);
  Attributes a;
  for (std::size_t g = 0; g < 4; ++g)
    if (layout.of[g] == std::vector<int>{last}) a.axes = static_cast<unsigned>(machine_axis(g));
  if (a.axes == 0) return Why{"T3", "a norm over one element", "", ""};
  const auto epsilon = static_cast<double>(u.real("epsilon", centred ? 1e-12F : 1e-5F));
  if (centred) {
    a.epsilon = std::max(epsilon, 1e-7);  // fp16 has none smaller
    std::vector<ValueId> inputs{x, trailing(m, u, 2, layout)};
    if (u.has(3)) inputs.push_back(trailing(m, u, 3, layout));
    m.result(0, m.node("layer_norm", inputs, a), layout);
    return std::nullopt;
  }
  a.operation = "mean_squares";
  a.add = epsilon;
  a.activation = "rsqrt";
  m.result(0,
           m.elementwise("mul", m.elementwise("mul", x, m.node("reduce", {x}, a)),
                         trailing(m, u, 2, layout)),
           layout);
  return std::nullopt;
}

constexpr Cost norm{.kind = kernels::WorkKind::normalisation, .flops = 8};
constexpr Cost soft{.kind = kernels::WorkKind::softmax, .flops = 14};

}  // namespace

Family norms() {
  const auto layer = [](std::string_view name, int since, int most) -> Operator {
    return {.name = name,
            .since = since,
            .run = layer_norm,
            .takes = takes(2, most).with({whole("axis"), real("epsilon"), only("stash_type", 1)}),
            .cost = norm,
            .map = map_layer_norm};
  };
  static const std::vector<Operator> all{
      {.name = "BatchNormalization",
       .run = batch_norm,
       .takes = takes(5).with({real("epsilon"), flag("is_test").until(6), real("momentum"),
                               only("spatial", 1).until(8), flag("training_mode").from(14)}),
       .cost = {.flops = 2},
       .map = map_batch_norm},
      {.name = "InstanceNormalization",
       .run = instance_norm,
       .takes = takes(3).with({real("epsilon")}),
       .cost = norm,
       .map = map_instance_norm},
      {.name = "GroupNormalization",
       .since = 18,
       .run = group_norm,
       .takes =
           takes(3).with({real("epsilon"), whole("num_groups", 1), only("stash_type", 1).from(21)}),
       .cost = norm,
       .map = map_group_norm},
      layer("LayerNormalization", 1, 3),
      layer("RMSNormalization", 23, 2),
      layer("SimplifiedLayerNormalization", 1, 2),
      layer("com.microsoft.SimplifiedLayerNormalization", 1, 2),
      {.name = "com.microsoft.SkipLayerNormalization",
       .run = skip_layer_norm,
       .takes = takes(3, 5).with({real("epsilon")}),
       .cost = norm,
       .map = map_skip_layer_norm},
      {.name = "com.microsoft.SkipSimplifiedLayerNormalization",
       .run = skip_layer_norm,
       .takes = takes(3, 4).with({real("epsilon")}),
       .cost = norm,
       .map = map_skip_layer_norm},
      {.name = "LRN",
       .run = local_response,
       .takes = takes(1).with({real("alpha"), real("beta"), real("bias"), whole("size", 1)}),
       .cost = {.kind = kernels::WorkKind::normalisation, .flops = 20}},
      {.name = "LpNormalization",
       .run = lp_norm,
       .takes = takes(1).with({whole("axis"), whole("p", 1, 2)}),
       .cost = norm},
      {.name = "MeanVarianceNormalization",
       .since = 9,
       .run = mean_variance,
       .takes = takes(1).with({wholes("axes")}),
       .cost = norm},
      {.name = "Softmax",
       .run = softmax,
       .takes = takes(1).with({whole("axis")}),
       .cost = soft,
       .map = map_softmax},
      {.name = "LogSoftmax",
       .run = softmax,
       .takes = takes(1).with({whole("axis")}),
       .cost = soft,
       .map = map_softmax},
      {.name = "Hardmax",
       .run = softmax,
       .takes = takes(1).with({whole("axis")}),
       .cost = {.kind = kernels::WorkKind::reduction, .flops = 2}},
  };
  return all;
}

}  // namespace ane::workloads::model::ops
