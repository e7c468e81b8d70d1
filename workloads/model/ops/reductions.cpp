// Sums, extremes and their like over axes; running sums; places of extremes.
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "isa/error.h"
#include "workloads/model/mapping.h"
#include "workloads/model/ops/families.h"

namespace ane::workloads::model::ops {
namespace {

using I = std::int64_t;
using List = Wholes;

struct Reduction {
  std::string_view name;
  double start;
  double (*step)(double sum, double x);
  double (*end)(double sum, double count);
};

double as_is(double sum, double) {
  return sum;
}
constexpr double most = std::numeric_limits<double>::infinity();

constexpr Reduction table[] = {
    {"ReduceSum", 0, [](double s, double x) { return s + x; }, as_is},
    {"ReduceMean", 0, [](double s, double x) { return s + x; },
     [](double s, double n) { return s / n; }},
    {"ReduceMax", -most, [](double s, double x) { return std::max(s, x); }, as_is},
    {"ReduceMin", most, [](double s, double x) { return std::min(s, x); }, as_is},
    {"ReduceProd", 1, [](double s, double x) { return s * x; }, as_is},
    {"ReduceL1", 0, [](double s, double x) { return s + std::fabs(x); }, as_is},
    {"ReduceL2", 0, [](double s, double x) { return s + x * x; },
     [](double s, double) { return std::sqrt(s); }},
    {"ReduceSumSquare", 0, [](double s, double x) { return s + x * x; }, as_is},
    {"ReduceLogSum", 0, [](double s, double x) { return s + x; },
     [](double s, double) { return std::log(s); }},
    {"ReduceLogSumExp", 0, [](double s, double x) { return s + std::exp(x); },
     [](double s, double) { return std::log(s); }},
};

const Reduction& reduction_of(const Use& u) {
  return *std::ranges::find(table, u.node.op, &Reduction::name);
}

std::vector<bool> reduced_axes(Use& u, bool& none) {
  const List axes = u.list_or_input("axes", 1);
  none = axes.empty() && u.integer("noop_with_empty_axes", 0) != 0;
  std::vector<bool> gone(u.rank(0), axes.empty());
  for (const I a : axes) gone[axis_of(a, u.rank(0), u.place())] = true;
  return gone;
}

void reduce(Use& u) {
  const Reduction& r = reduction_of(u);
  bool none = false;
  const std::vector<bool> gone = reduced_axes(u, none);
  if (none) return u.same(0, 0);
  const bool keep = u.integer("keepdims", 1) != 0;
  Shape kept = u.shape(0), out;
  I count = 1;
  for (std::size_t d = 0; d < gone.size(); ++d) {
    if (gone[d]) count *= kept[d], kept[d] = 1;
    if (!gone[d] || keep) out.push_back(kept[d]);
  }
  Array* y = u.out(0, u.dtype(0), out);
  if (y == nullptr) return;
  const Array& x = u.data(0);
  const List to = strides_as(kept, u.shape(0));
  std::vector<double> sums(static_cast<std::size_t>(y->size()), r.start);
  // A sum of exponentials is taken from the largest on, so that none overflows.
  std::vector<double> highest;
  const bool exponentials = r.name == "ReduceLogSumExp";
  if (exponentials) {
    highest.assign(sums.size(), -most);
    walk(u.shape(0), to, [&](I at, I into) {
      double& h = highest[static_cast<std::size_t>(into)];
      h = std::max(h, x.number(at));
    });
    for (double& h : highest)
      if (!std::isfinite(h)) h = 0;
  }
  walk(u.shape(0), to, [&](I at, I into) {
    const auto k = static_cast<std::size_t>(into);
    sums[k] = r.step(sums[k], x.number(at) - (exponentials ? highest[k] : 0));
  });
  for (I k = 0; k < y->size(); ++k) {
    const auto i = static_cast<std::size_t>(k);
    y->set(k, r.end(sums[i], static_cast<double>(count)) + (exponentials ? highest[i] : 0));
  }
}

void arg_extreme(Use& u) {
  const std::size_t axis = u.axis("axis", 0, u.rank(0));
  const bool keep = u.integer("keepdims", 1) != 0;
  const bool largest = u.node.op == "ArgMax", last = u.integer("select_last_index", 0) != 0;
  Shape out = u.shape(0);
  if (keep)
    out[axis] = 1;
  else
    out.erase(out.begin() + static_cast<std::ptrdiff_t>(axis));
  Array* y = u.out(0, Dtype::i64, out);
  if (y == nullptr) return;
  const Array& x = u.data(0);
  const Around a = around(u.shape(0), axis);
  u.require(a.extent > 0 || y->size() == 0, "an extreme of nothing");
  for (I b = 0; b < a.before; ++b)
    for (I c = 0; c < a.after; ++c) {
      I best = 0;
      double value = x.number(b * a.extent * a.after + c);
      for (I k = 1; k < a.extent; ++k) {
        const double v = x.number((b * a.extent + k) * a.after + c);
        if (largest ? v > value || (last && v == value) : v < value || (last && v == value))
          best = k, value = v;
      }
      y->i[static_cast<std::size_t>(b * a.after + c)] = best;
    }
}

void running_sum(Use& u) {
  Array* y = u.out(0, u.dtype(0), u.shape(0));
  if (y == nullptr) return;
  const std::size_t axis = axis_of(u.integers(1).at(0), u.rank(0), u.place());
  const bool without = u.integer("exclusive", 0) != 0, backwards = u.integer("reverse", 0) != 0;
  const Array& x = u.data(0);
  const Around a = around(u.shape(0), axis);
  for (I b = 0; b < a.before; ++b)
    for (I c = 0; c < a.after; ++c) {
      double sum = 0;
      for (I k = 0; k < a.extent; ++k) {
        const I at = (b * a.extent + (backwards ? a.extent - 1 - k : k)) * a.after + c;
        if (!without) sum += x.number(at);
        y->set(at, sum);
        if (without) sum += x.number(at);
      }
    }
}

std::optional<Why> map(const Use& u, Mapper& m) {
  const std::string& op = u.node.op;
  static constexpr std::pair<std::string_view, std::string_view> same[] = {
      {"ReduceSum", "sum"},
      {"ReduceMean", "mean"},
      {"ReduceMax", "max"},
      {"ReduceMin", "min"},
      {"ReduceSumSquare", "sum_squares"},
      {"ReduceL2", "sum_squares"},
      {"ReduceL1", "sum"},
      {"ReduceLogSum", "sum"},
      {"ReduceLogSumExp", "sum"}};
  const auto* row =
      std::ranges::find(same, op, &std::pair<std::string_view, std::string_view>::first);
  if (row == std::end(same))
    return Why{"F1", "the planar engine has no such reduction", "isa/functions.h",
               "sums, means, extremes"};
  List axes = u.has(1) ? values_of(u.in(1))->i : u.list("axes");
  if (axes.empty())
    for (std::size_t d = 0; d < u.rank(0); ++d) axes.push_back(static_cast<I>(d));
  std::vector<int> gone;
  for (const I a : axes) gone.push_back(static_cast<int>(axis_of(a, u.rank(0), u.place())));
  const bool keep = u.integer("keepdims", 1) != 0;
  Layout layout = m.layout_with(0, gone);
  ValueId x = m.operand(0, layout);
  Attributes a;
  a.operation = row->second;
  Layout left;
  for (std::size_t g = 0; g < 4; ++g) {
    const auto& group = layout.of[g];
    if (!group.empty() && std::ranges::find(gone, group.front()) != gone.end())
      a.axes |= static_cast<unsigned>(machine_axis(g));
    else
      for (const int d : group)
        left.of[g].push_back(
            keep ? d
                 : d - static_cast<int>(std::ranges::count_if(gone, [&](int k) { return k < d; })));
  }
  if (a.axes == 0) {  // of extents of 1
    if (op == "ReduceL1" || op == "ReduceL2") x = m.unary("abs", x);
    if (op == "ReduceSumSquare") x = m.unary("square", x);
    if (op == "ReduceLogSum") x = m.unary("log", x);
    m.result(0, x, left);
    return std::nullopt;
  }
  if (op == "ReduceMean" || op == "ReduceSum")
    if (const auto root = m.root_of(x)) {
      x = *root;
      a.operation = op == "ReduceMean" ? "mean_squares" : "sum_squares";
    }
  if (op == "ReduceL1")
    x = m.node("unary", {x}, [] {
      Attributes f;
      f.activation = "abs";
      return f;
    }());
  if (op == "ReduceL2") a.activation = "sqrt";
  if (op == "ReduceLogSum") a.activation = "log";
  if (op == "ReduceLogSumExp") {
    Attributes top = a;
    top.operation = "max";
    const ValueId highest = m.node("reduce", {x}, top);
    x = m.node("unary", {m.elementwise("sub", x, highest)}, [] {
      Attributes f;
      f.activation = "exp";
      return f;
    }());
    a.activation = "log";
    m.result(0, m.elementwise("add", m.node("reduce", {x}, a), highest), left);
    return std::nullopt;
  }
  m.result(0, m.node("reduce", {x}, a), left);
  return std::nullopt;
}

// The version from which the axes are an operand.
int axes_given(std::string_view name) {
  return name == "ReduceSum" ? 13 : 18;
}

}  // namespace

Family reductions() {
  static const std::vector<Operator> all = [] {
    std::vector<Operator> rows;
    const Cost cost{.kind = kernels::WorkKind::reduction, .flops = 1};
    for (const Reduction& r : table)
      rows.push_back(
          {.name = r.name,
           .run = reduce,
           .takes = takes(1)
                        .from(axes_given(r.name), 1, 2)
                        .with({wholes("axes").until(axes_given(r.name) - 1), flag("keepdims"),
                               flag("noop_with_empty_axes").from(axes_given(r.name))}),
           .cost = cost,
           .map = map});
    const Why places{"I1", "its result is whole numbers, which are the host's", "",
                     "the values alone, and the place by the host"};
    for (const char* name : {"ArgMax", "ArgMin"})
      rows.push_back({.name = name,
                      .run = arg_extreme,
                      .takes = takes(1).with(
                          {whole("axis"), flag("keepdims"), flag("select_last_index").from(12)}),
                      .cost = cost,
                      .why = places});
    rows.push_back({.name = "CumSum",
                    .since = 11,
                    .run = running_sum,
                    .takes = takes(2).with({flag("exclusive"), flag("reverse")}),
                    .cost = cost});
    return rows;
  }();
  return all;
}

}  // namespace ane::workloads::model::ops
