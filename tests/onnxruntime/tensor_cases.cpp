// Random functions of elements, reductions and moves of tensors.
#include <fmt/format.h>

#include <algorithm>

#include "tests/onnxruntime/case.h"

namespace ane::onnxruntime {
namespace {

Case unary(Maker& m, const std::string& op, double least, double most, std::int64_t opset = 17) {
  Case c{.op = op, .opset = opset};
  m.give(c, "x", m.dims(0, 5), least, most);
  return c;
}

Case binary(Maker& m, const std::string& op, Type result, double least = -2, double most = 2) {
  Case c{.op = op};
  const Dims d = m.dims(1, 5);
  const bool first = m.coin();
  m.give(c, "a", first ? d : m.broadcast(d), least, most);
  m.give(c, "b", first ? m.broadcast(d) : d, least, most);
  c.outputs = {{"y", result}};
  return c;
}

Case reduce(Maker& m, const std::string& op, double least, double most) {
  Case c{.op = op, .opset = op == "ReduceSum" ? 17 : m.coin() ? 13 : 18};
  const Dims d = m.dims(1, 5);
  m.give(c, "x", d, least, most);
  Dims axes;
  for (std::int64_t a = 0; a < std::ssize(d); ++a)
    if (m.coin()) axes.push_back(m.coin() ? a : a - std::ssize(d));
  if (!axes.empty()) {
    if (op == "ReduceSum" || c.opset == 18)
      Maker::fixed(c, "axes", axes);
    else
      c.attributes.push_back(attribute("axes", axes));
  }
  c.attributes.push_back(attribute("keepdims", m.whole(0, 1)));
  return c;
}

Case arg(Maker& m, const std::string& op) {
  Case c{.op = op};
  const Dims d = m.dims(1, 4);
  m.give(c, "x", d);
  // Ties, too.
  for (double& v : c.inputs["x"].values) v = std::round(2 * v);
  c.attributes = {attribute("axis", m.axis(std::ssize(d))), attribute("keepdims", m.whole(0, 1)),
                  attribute("select_last_index", m.whole(0, 1))};
  c.outputs = {{"y", i64}};
  return c;
}

Case transpose(Maker& m) {
  Case c{.op = "Transpose"};
  const Dims d = m.dims(1, 5);
  Dims order(d.size());
  for (std::size_t k = 0; k < d.size(); ++k) order[k] = static_cast<std::int64_t>(k);
  for (std::size_t k = d.size(); k > 1; --k)
    std::swap(order[k - 1],
              order[static_cast<std::size_t>(m.whole(0, static_cast<std::int64_t>(k) - 1))]);
  m.give(c, "x", d);
  c.attributes = {attribute("perm", order)};
  return c;
}

Case reshape(Maker& m) {
  Case c{.op = "Reshape"};
  const Dims d = m.dims(1, 4);
  m.give(c, "x", d);
  Dims to = d;
  std::ranges::reverse(to);
  if (m.coin()) to[static_cast<std::size_t>(m.whole(0, std::ssize(to) - 1))] = -1;
  if (to[0] == d[0] && m.coin()) to[0] = 0;
  if (std::ranges::count(to, -1) == 0 && m.coin()) to.push_back(-1);
  Maker::fixed(c, "shape", to);
  return c;
}

Case slice(Maker& m) {
  Case c{.op = "Slice"};
  const Dims d = m.dims(1, 4);
  m.give(c, "x", d);
  Dims begin, end, axes, step;
  for (std::int64_t a = 0; a < std::ssize(d); ++a) {
    if (!m.coin()) continue;
    const std::int64_t e = d[static_cast<std::size_t>(a)], by = m.whole(1, 3);
    const std::int64_t from = m.whole(0, e - 1), to = m.whole(from + 1, e);
    axes.push_back(m.coin() ? a : a - std::ssize(d));
    if (m.whole(0, 3) == 0) {
      begin.push_back(to - 1);
      end.push_back(from == 0 ? -e - 1 : from - 1);
      step.push_back(-by);
    } else {
      begin.push_back(m.coin() ? from : from - e);
      end.push_back(m.coin() ? to : to + 1000);
      step.push_back(by);
    }
  }
  if (axes.empty()) begin = {0}, end = {1}, axes = {0}, step = {1};
  Maker::fixed(c, "begin", begin);
  Maker::fixed(c, "end", end);
  Maker::fixed(c, "axes", axes);
  Maker::fixed(c, "step", step);
  return c;
}

Case concat(Maker& m) {
  Case c{.op = "Concat"};
  Dims d = m.dims(1, 4);
  const std::int64_t a = m.axis(std::ssize(d));
  const auto at = static_cast<std::size_t>(a < 0 ? a + std::ssize(d) : a);
  for (int k = 0; k < m.whole(1, 4); ++k) {
    d[at] = m.whole(1, 4);
    m.give(c, fmt::format("x{}", k), d);
  }
  c.attributes = {attribute("axis", a)};
  return c;
}

Case split(Maker& m) {
  Case c{.op = "Split", .outputs = {}};
  Dims d = m.dims(1, 4);
  const std::int64_t a = m.axis(std::ssize(d));
  const auto at = static_cast<std::size_t>(a < 0 ? a + std::ssize(d) : a);
  Dims parts(static_cast<std::size_t>(m.whole(1, 3)));
  d[at] = 0;
  for (std::size_t k = 0; k < parts.size(); ++k) {
    d[at] += parts[k] = m.whole(1, 3);
    c.outputs.emplace_back(fmt::format("y{}", k), real);
  }
  m.give(c, "x", d);
  Maker::fixed(c, "parts", parts);
  c.attributes = {attribute("axis", a)};
  return c;
}

Case gather(Maker& m, const std::string& op) {
  Case c{.op = op};
  const Dims d = m.dims(1, 4);
  const std::int64_t a = m.axis(std::ssize(d));
  const std::int64_t e = d[static_cast<std::size_t>(a < 0 ? a + std::ssize(d) : a)];
  m.give(c, "x", d);
  Dims places = op == "Gather" ? m.dims(0, 2, 4) : d;
  if (op != "Gather")
    for (std::size_t k = 0; k < d.size(); ++k)
      places[k] =
          std::ssize(d) == 1 || static_cast<std::int64_t>(k) == (a < 0 ? a + std::ssize(d) : a)
              ? m.whole(1, 4)
              : m.whole(1, d[k]);
  m.give(c, "i", places, static_cast<double>(-e), static_cast<double>(e - 1), i64);
  c.attributes = {attribute("axis", a)};
  if (op == "ScatterElements") {
    // Each place once: the order of writes is nobody's promise.
    Dims one = d;
    one[static_cast<std::size_t>(a < 0 ? a + std::ssize(d) : a)] = 1;
    c.inputs["i"].dims = one;
    c.inputs["i"].values.resize(static_cast<std::size_t>(count(one)), 0);
    m.give(c, "u", one);
  }
  return c;
}

Case pad(Maker& m) {
  const std::string mode = m.one_of<std::string>({"constant", "reflect", "edge"});
  Case c{.op = "Pad"};
  const Dims d = m.dims(1, 4);
  m.give(c, "x", d);
  Dims pads(2 * d.size());
  for (std::size_t k = 0; k < pads.size(); ++k)
    pads[k] = m.whole(0, mode == "reflect" ? std::min<std::int64_t>(2, d[k % d.size()] - 1) : 2);
  Maker::fixed(c, "pads", pads);
  if (mode == "constant" && m.coin()) m.give(c, "v", {});
  c.attributes = {attribute("mode", mode)};
  return c;
}

Case along(Maker& m, const std::string& op) {
  Case c{.op = op};
  const Dims d = m.dims(1, 4);
  m.give(c, "x", d);
  c.attributes = {attribute("axis", m.axis(std::ssize(d)))};
  return c;
}

Case cumsum(Maker& m) {
  Case c{.op = "CumSum"};
  const Dims d = m.dims(1, 4);
  m.give(c, "x", d);
  const auto a = static_cast<double>(m.axis(std::ssize(d)));
  m.give(c, "axis", {}, a, a, i64);
  c.attributes = {attribute("exclusive", m.whole(0, 1)), attribute("reverse", m.whole(0, 1))};
  return c;
}

Case topk(Maker& m) {
  Case c{.op = "TopK", .outputs = {{"y", real}, {"i", i64}}};
  const Dims d = m.dims(1, 3);
  const std::int64_t a = m.axis(std::ssize(d));
  m.give(c, "x", d);
  Maker::fixed(c, "k", {m.whole(1, d[static_cast<std::size_t>(a < 0 ? a + std::ssize(d) : a)])});
  c.attributes = {attribute("axis", a), attribute("largest", m.whole(0, 1))};
  return c;
}

Case where(Maker& m) {
  Case c{.op = "Where"};
  const Dims d = m.dims(1, 4);
  m.give(c, "c", m.broadcast(d), 0, 1, boolean);
  m.give(c, "a", d);
  m.give(c, "b", m.broadcast(d));
  return c;
}

Case clip(Maker& m) {
  Case c{.op = "Clip"};
  m.give(c, "x", m.dims(0, 4));
  const bool low = m.coin();
  if (low)
    m.give(c, "low", {}, -1, 0);
  else
    c.operands.emplace_back();
  if (!low || m.coin()) m.give(c, "high", {}, 0, 1);
  return c;
}

Case expand(Maker& m, const std::string& op) {
  Case c{.op = op};
  const Dims d = m.dims(1, 4);
  m.give(c, "x", op == "Expand" ? m.broadcast(d) : d);
  Dims to = d;
  if (op == "Tile")
    for (std::int64_t& e : to) e = m.whole(1, 3);
  Maker::fixed(c, "to", to);
  return c;
}

Case axes_of_one(Maker& m, const std::string& op) {
  Case c{.op = op};
  Dims d = m.dims(1, 3);
  if (op == "Squeeze") {
    const auto at = m.whole(0, std::ssize(d) - 1);
    d[static_cast<std::size_t>(at)] = 1;
    m.give(c, "x", d);
    Maker::fixed(c, "axes", {m.coin() ? at : at - std::ssize(d)});
  } else {
    m.give(c, "x", d);
    Maker::fixed(c, "axes", {m.axis(std::ssize(d) + 1)});
  }
  return c;
}

Case trilu(Maker& m) {
  Case c{.op = "Trilu"};
  m.give(c, "x", m.dims(2, 4));
  const auto k = static_cast<double>(m.whole(-3, 3));
  m.give(c, "k", {}, k, k, i64);
  c.attributes = {attribute("upper", m.whole(0, 1))};
  return c;
}

}  // namespace

Generators tensor_cases() {
  Generators all;
  const auto add = [&](const std::string& name, Generator g) {
    all.emplace_back(name, std::move(g));
  };
  struct Range {
    const char* op;
    double least, most;
    std::int64_t opset = 17;
  };
  for (const Range r :
       {Range{"Abs", -2, 2}, {"Acos", -1, 1},    {"Acosh", 1, 4},        {"Asin", -1, 1},
        {"Asinh", -3, 3},    {"Atan", -3, 3},    {"Atanh", -0.95, 0.95}, {"Ceil", -4, 4},
        {"Cos", -6, 6},      {"Cosh", -3, 3},    {"Erf", -3, 3},         {"Exp", -5, 3},
        {"Floor", -4, 4},    {"Log", 0.01, 9},   {"Neg", -2, 2},         {"Reciprocal", 0.2, 4},
        {"Relu", -2, 2},     {"Round", -4, 4},   {"Sigmoid", -8, 8},     {"Sign", -2, 2},
        {"Sin", -6, 6},      {"Sinh", -3, 3},    {"Softplus", -9, 9},    {"Softsign", -3, 3},
        {"Sqrt", 0, 9},      {"Tan", -1.2, 1.2}, {"Tanh", -4, 4},        {"HardSwish", -5, 5},
        {"Mish", -4, 4, 18}, {"Identity", -2, 2}})
    add(r.op, [r](Maker& m) { return unary(m, r.op, r.least, r.most, r.opset); });
  for (const char* op : {"Elu", "LeakyRelu", "Celu", "ThresholdedRelu"})
    add(op, [op](Maker& m) {
      Case c = unary(m, op, -3, 3);
      c.attributes = {attribute("alpha", static_cast<float>(m.number(0.1, 1.5)))};
      return c;
    });
  add("Selu", [](Maker& m) {
    Case c = unary(m, "Selu", -3, 3);
    c.attributes = {attribute("alpha", static_cast<float>(m.number(0.5, 2))),
                    attribute("gamma", static_cast<float>(m.number(0.5, 2)))};
    return c;
  });
  add("HardSigmoid", [](Maker& m) {
    Case c = unary(m, "HardSigmoid", -4, 4);
    c.attributes = {attribute("alpha", static_cast<float>(m.number(0.1, 0.5))),
                    attribute("beta", static_cast<float>(m.number(0.2, 0.8)))};
    return c;
  });
  add("Shrink", [](Maker& m) {
    Case c = unary(m, "Shrink", -2, 2);
    c.attributes = {attribute("lambd", static_cast<float>(m.number(0.2, 1))),
                    attribute("bias", static_cast<float>(m.number(0, 0.5)))};
    return c;
  });
  add("Gelu", [](Maker& m) {
    Case c = unary(m, "Gelu", -4, 4, 20);
    c.attributes = {attribute("approximate", m.coin() ? "tanh" : "none")};
    return c;
  });
  for (const char* op : {"Add", "Sub", "Mul", "Max", "Min", "Sum", "Mean"})
    add(op, [op](Maker& m) { return binary(m, op, real); });
  for (const char* op : {"Div", "Pow"})
    add(op, [op](Maker& m) { return binary(m, op, real, 0.3, 3); });
  for (const char* op : {"Equal", "Less", "LessOrEqual", "Greater", "GreaterOrEqual"})
    add(op, [op](Maker& m) {
      Case c = binary(m, op, boolean);
      for (auto& [name, in] : c.inputs)
        for (double& v : in.values) v = std::round(v);
      return c;
    });
  add("PRelu", [](Maker& m) {
    Case c{.op = "PRelu"};
    const Dims d = m.dims(1, 4);
    m.give(c, "x", d);
    m.give(c, "slope", m.broadcast(d));
    return c;
  });
  for (const char* op : {"ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin", "ReduceProd",
                         "ReduceL1", "ReduceL2", "ReduceSumSquare", "ReduceLogSumExp"})
    add(op, [op](Maker& m) { return reduce(m, op, -2, 2); });
  add("ReduceLogSum", [](Maker& m) { return reduce(m, "ReduceLogSum", 0.1, 2); });
  for (const char* op : {"ArgMax", "ArgMin"}) add(op, [op](Maker& m) { return arg(m, op); });
  for (const char* op : {"Softmax", "LogSoftmax", "Hardmax", "Flatten"})
    add(op, [op](Maker& m) { return along(m, op); });
  for (const char* op : {"Gather", "GatherElements", "ScatterElements"})
    add(op, [op](Maker& m) { return gather(m, op); });
  for (const char* op : {"Expand", "Tile"}) add(op, [op](Maker& m) { return expand(m, op); });
  for (const char* op : {"Squeeze", "Unsqueeze"})
    add(op, [op](Maker& m) { return axes_of_one(m, op); });
  add("Transpose", transpose);
  add("Reshape", reshape);
  add("Slice", slice);
  add("Concat", concat);
  add("Split", split);
  add("Pad", pad);
  add("CumSum", cumsum);
  add("TopK", topk);
  add("Where", where);
  add("Clip", clip);
  add("Trilu", trilu);

  return all;
}

}  // namespace ane::onnxruntime
