// Functions of two elements and more, with NumPy's broadcasting (and that of before version 7).
#include <algorithm>
#include <cmath>
#include <vector>

#include "workloads/model/mapping.h"
#include "workloads/model/ops/broadcast.h"
#include "workloads/model/ops/families.h"

namespace ane::workloads::model::ops {
namespace {

struct Function {
  std::string_view name;
  int since;
  double flops;
  float (*real)(float a, float b);
  std::int64_t (*integer)(std::int64_t a, std::int64_t b);
  bool truth = false;
  bool any_number = false;  // takes any number of operands, one after the other
};

std::int64_t power(std::int64_t base, std::int64_t exponent) {
  if (exponent < 0) return base == 1 ? 1 : base == -1 ? (exponent % 2 != 0 ? -1 : 1) : 0;
  std::uint64_t result = 1, factor = static_cast<std::uint64_t>(base);
  for (auto e = static_cast<std::uint64_t>(exponent); e != 0; e >>= 1, factor *= factor)
    if ((e & 1) != 0) result *= factor;
  return static_cast<std::int64_t>(result);
}
std::int64_t wrapped(std::int64_t a, std::int64_t b, int op) {
  const auto x = static_cast<std::uint64_t>(a), y = static_cast<std::uint64_t>(b);
  return static_cast<std::int64_t>(op == 0 ? x + y : op == 1 ? x - y : x * y);
}
float nan_or(float a, float b, float otherwise) {
  return std::isnan(a) ? a : std::isnan(b) ? b : otherwise;
}

using I = std::int64_t;
constexpr Function functions[] = {
    {"Add", 1, 1, [](float a, float b) { return a + b; },
     [](I a, I b) { return wrapped(a, b, 0); }},
    {"Sub", 1, 1, [](float a, float b) { return a - b; },
     [](I a, I b) { return wrapped(a, b, 1); }},
    {"Mul", 1, 1, [](float a, float b) { return a * b; },
     [](I a, I b) { return wrapped(a, b, 2); }},
    {"Div", 1, 1, [](float a, float b) { return a / b; },
     [](I a, I b) { return b == 0    ? I{0}
                           : b == -1 ? wrapped(0, a, 1)
                                     : a / b; }},
    {"Pow", 1, 10, [](float a, float b) { return std::pow(a, b); }, power},
    {"Max", 1, 1, [](float a, float b) { return nan_or(a, b, std::max(a, b)); },
     [](I a, I b) { return std::max(a, b); }, false, true},
    {"Min", 1, 1, [](float a, float b) { return nan_or(a, b, std::min(a, b)); },
     [](I a, I b) { return std::min(a, b); }, false, true},
    {"Sum", 1, 1, [](float a, float b) { return a + b; }, [](I a, I b) { return wrapped(a, b, 0); },
     false, true},
    {"Mean", 1, 1, [](float a, float b) { return a + b; }, nullptr, false, true},
    {"Equal", 1, 1, [](float a, float b) { return a == b ? 1.0F : 0.0F; },
     [](I a, I b) -> I { return a == b; }, true},
    {"Less", 1, 1, [](float a, float b) { return a < b ? 1.0F : 0.0F; },
     [](I a, I b) -> I { return a < b; }, true},
    {"Greater", 1, 1, [](float a, float b) { return a > b ? 1.0F : 0.0F; },
     [](I a, I b) -> I { return a > b; }, true},
    {"LessOrEqual", 12, 1, [](float a, float b) { return a <= b ? 1.0F : 0.0F; },
     [](I a, I b) -> I { return a <= b; }, true},
    {"GreaterOrEqual", 12, 1, [](float a, float b) { return a >= b ? 1.0F : 0.0F; },
     [](I a, I b) -> I { return a >= b; }, true},
    {"And", 1, 1, nullptr, [](I a, I b) -> I { return a != 0 && b != 0; }, true},
    {"Or", 1, 1, nullptr, [](I a, I b) -> I { return a != 0 || b != 0; }, true},
    {"Xor", 1, 1, nullptr, [](I a, I b) -> I { return (a != 0) != (b != 0); }, true},
    {"BitwiseAnd", 18, 1, nullptr, [](I a, I b) { return a & b; }},
    {"BitwiseOr", 18, 1, nullptr, [](I a, I b) { return a | b; }},
    {"BitwiseXor", 18, 1, nullptr, [](I a, I b) { return a ^ b; }},
    {"PRelu", 1, 2, [](float x, float slope) { return x < 0 ? slope * x : x; },
     [](I x, I slope) { return x < 0 ? wrapped(x, slope, 2) : x; }},
};

// Before version 7 the second operand is laid along the first from `axis` on.
Shape second_shape(const Use& u) {
  Shape b = u.shape(1);
  if (u.node.op == "PRelu" && u.node.version < 7 && b.size() == 1 && u.rank(0) > 2)
    b.resize(u.rank(0) - 1, 1);  // a slope a channel
  if (u.node.version >= 7 || u.integer("broadcast", 0) == 0 || !u.says("axis")) return b;
  const std::size_t axis = u.axis("axis", 0, u.rank(0));
  u.require(axis + b.size() <= u.rank(0), "operands do not broadcast");
  b.resize(u.rank(0) - axis, 1);
  return b;
}

template <class F>
void fold(const Use& u, const Array& a, const Array& b, const Shape& b_shape, Array& y,
          F function) {
  const Shape& out = y.type.shape;
  const auto kind = [](const Array& t, auto& to) { to = t.real() ? 1 : 0; };
  int a_real = 0, b_real = 0;
  kind(a, a_real), kind(b, b_real);
  if (a_real != b_real) {  // Pow takes both
    walk(out, strides_as(a.type.shape, out), strides_as(b_shape, out),
         [&](I at, I i, I j) { y.set(at, std::pow(a.number(i), b.number(j))); });
    return;
  }
  const auto each = [&](const auto& from_a, const auto& from_b, auto call) {
    walk(out, strides_as(a.type.shape, out), strides_as(b_shape, out), [&](I at, I i, I j) {
      const auto value =
          call(from_a[static_cast<std::size_t>(i)], from_b[static_cast<std::size_t>(j)]);
      if (y.real())
        y.f[static_cast<std::size_t>(at)] = static_cast<float>(value);
      else
        y.i[static_cast<std::size_t>(at)] = static_cast<I>(value);
    });
  };
  if (a.real()) {
    u.require(function.real != nullptr, "takes whole numbers or truth values");
    each(a.f, b.f, function.real);
  } else {
    u.require(function.integer != nullptr, "takes real numbers");
    each(a.i, b.i, function.integer);
  }
}

void run(Use& u) {
  const Function& f = *std::ranges::find(functions, u.node.op, &Function::name);
  if (u.size() == 1 && f.any_number) return u.same(0, 0);
  Shape shape = u.size() == 2 ? broadcast(u.shape(0), second_shape(u), u.place()) : u.shape(0);
  for (std::size_t k = 2; f.any_number && k < u.size(); ++k)
    shape = broadcast(k == 2 ? broadcast(u.shape(0), u.shape(1), u.place()) : shape, u.shape(k),
                      u.place());
  Array* y = u.out(0, f.truth ? Dtype::boolean : u.dtype(0), shape);
  if (y == nullptr) return;
  fold(u, u.data(0), u.data(1), second_shape(u), *y, f);
  for (std::size_t k = 2; k < u.size(); ++k) {
    const Array so_far = *y;
    fold(u, so_far, u.data(k), u.shape(k), *y, f);
  }
  if (f.name == "Mean")
    for (float& v : y->f) v /= static_cast<float>(u.size());
}

struct Same {
  std::string_view name, operation;
};
constexpr Same same[] = {{"Add", "add"},
                         {"Sub", "sub"},
                         {"Mul", "mul"},
                         {"Div", "div"},
                         {"Max", "max"},
                         {"Min", "min"},
                         {"Sum", "add"},
                         {"Mean", "add"},
                         {"Equal", "equal"},
                         {"Less", "less"},
                         {"Greater", "greater"},
                         {"LessOrEqual", "less_equal"},
                         {"GreaterOrEqual", "greater_equal"},
                         {"And", "mul"},
                         {"Or", "max"},
                         {"Xor", "not_equal"}};

// The one value of a known operand, where it has one.
std::optional<double> one_value(const Use& u, std::size_t k) {
  if (!u.known(k) || kernels::elements(u.shape(k)) != 1) return std::nullopt;
  return values_of(u.in(k))->number(0);
}

// A value a channel, of a constant that varies along the axis which stands there alone.
std::optional<std::vector<float>> by_channel(const Use& u, std::size_t k, const Layout& layout,
                                             std::size_t rank) {
  if (!u.known(k) || layout.of[Layout::c].size() != 1) return std::nullopt;
  const Shape& s = u.shape(k);
  const auto axis = static_cast<std::size_t>(layout.of[Layout::c][0]);
  if (s.size() > rank) return std::nullopt;
  for (std::size_t d = 0; d < s.size(); ++d)
    if (s[d] != 1 && d + rank - s.size() != axis) return std::nullopt;
  if (kernels::elements(s) == 1) return std::nullopt;
  const Data v = values_of(u.in(k));
  return v->f;
}

std::optional<Why> map_power(const Use& u, Mapper& m) {
  const auto exponent = one_value(u, 1);
  const Layout layout = m.layout_or_natural(0);
  const auto by = [&](const char* function) {
    m.result(0, m.unary(function, m.operand(0, layout)), layout);
    return std::nullopt;
  };
  if (exponent == 2.0) return by("square");
  if (exponent == 0.5) return by("sqrt");
  if (exponent == -0.5) return by("rsqrt");
  if (exponent == -1.0) return by("reciprocal");
  if (exponent == 1.0) {
    m.same(0, 0, layout);
    return std::nullopt;
  }
  if (exponent == 3.0) {
    const ValueId x = m.operand(0, layout);
    m.result(0, m.elementwise("mul", m.elementwise("mul", x, x), x), layout);
    return std::nullopt;
  }
  return Why{"F1", "the accelerator has powers of 2, 3, 1, 1/2, -1/2 and -1 alone",
             "isa/functions.h", "products, or exp(y log x)"};
}

std::optional<Why> map(const Use& u, Mapper& m) {
  if (u.node.op == "Pow") return map_power(u, m);
  const Shape& out = m.result_shape();
  if (u.node.op == "PRelu") {
    if (second_shape(u) != u.shape(1))
      return Why{"V2", "a slope laid along the channels as before version 7", "",
                 "version 7 or later"};
    // max(x, 0) + slope min(x, 0)
    const Broadcast b(m, {0, 1}, out);
    const ValueId x = b.operand(0), zero = m.scalar(0);
    const ValueId below = m.elementwise("mul", m.elementwise("min", x, zero), b.operand(1));
    m.result(0, m.elementwise("add", m.elementwise("max", x, zero), below), b.layout());
    return std::nullopt;
  }
  if (u.node.op == "Add")
    for (const std::size_t k : {std::size_t{0}, std::size_t{1}})
      if (!u.known(k) && u.known(1 - k) && u.shape(k) == out)
        if (const auto layout = m.layout(k))
          if (auto bias = by_channel(u, 1 - k, *layout, out.size()))
            if (const auto v = m.with_bias(k, std::move(*bias))) {
              m.result(0, *v, *layout);
              return std::nullopt;
            }
  // One number is a constant of the node that makes the other operand.
  for (std::size_t k = 0; k < 2 && u.size() == 2; ++k) {
    const auto number = one_value(u, 1 - k);
    if (!number || u.known(k) || u.shape(k) != out || !m.layout(k)) continue;
    const std::string& op = u.node.op;
    if (op == "Mul"   ? m.takes_factor(k, *number)
        : op == "Add" ? m.takes_term(k, *number)
                      : op == "Sub" && k == 0 && m.takes_term(k, -*number)) {
      m.same(0, k, *m.layout(k));
      return std::nullopt;
    }
  }
  std::vector<std::size_t> all;
  for (std::size_t k = 0; k < u.size(); ++k) all.push_back(k);
  const Broadcast b(m, all, out);
  const auto* row = std::ranges::find(same, u.node.op, &Same::name);
  if (row == std::end(same))
    return Why{"F1", "the planar engine has no such operation", "isa/functions.h",
               "sums, products, extremes and comparisons"};
  ValueId y = b.operand(0);
  for (std::size_t k = 1; k < u.size(); ++k)
    y = m.elementwise(std::string(row->operation), y, b.operand(k));
  if (u.node.op == "Mean") y = m.elementwise("mul", y, m.scalar(1 / static_cast<float>(u.size())));
  m.result(0, y, b.layout());
  return std::nullopt;
}

std::optional<Why> map_bias_gelu(const Use& u, Mapper& m) {
  if (u.node.op == "FastGelu")
    return Why{"F1", "the accelerator's gelu is that of erf", "isa/functions.h", "Gelu"};
  const Layout layout = m.layout_or_natural(0);
  ValueId x = m.operand(0, layout);
  if (u.has(1)) {
    const Broadcast b(m, {0, 1}, m.result_shape());
    m.result(0, m.unary("gelu", m.elementwise("add", b.operand(0), b.operand(1))), b.layout());
    return std::nullopt;
  }
  m.result(0, m.unary("gelu", x), layout);
  return std::nullopt;
}

// fmod 1: the sign of the dividend; 0: that of the divisor.
void mod(Use& u) {
  Array* y = u.out(0, u.dtype(0), broadcast(u.shape(0), u.shape(1), u.place()));
  if (y == nullptr) return;
  const bool c = u.integer("fmod", 0) != 0;
  const Array &a = u.data(0), &b = u.data(1);
  const Shape& out = y->type.shape;
  walk(out, strides_as(u.shape(0), out), strides_as(u.shape(1), out), [&](I at, I i, I j) {
    const auto k = static_cast<std::size_t>(at);
    if (a.real()) {
      const float x = a.f[static_cast<std::size_t>(i)], m = b.f[static_cast<std::size_t>(j)];
      float r = std::fmod(x, m);
      if (!c && r != 0 && (r < 0) != (m < 0)) r += m;
      y->f[k] = r;
    } else {
      const I x = a.i[static_cast<std::size_t>(i)], m = b.i[static_cast<std::size_t>(j)];
      I r = m == 0 || m == -1 ? 0 : x % m;
      if (!c && r != 0 && (r < 0) != (m < 0)) r += m;
      y->i[k] = r;
    }
  });
}

void bit_shift(Use& u) {
  Array* y = u.out(0, u.dtype(0), broadcast(u.shape(0), u.shape(1), u.place()));
  if (y == nullptr) return;
  const bool left = u.text("direction", "") == "LEFT";
  const Array &a = u.data(0), &b = u.data(1);
  u.require(!a.real() && !b.real(), "takes whole numbers");
  const Shape& out = y->type.shape;
  walk(out, strides_as(u.shape(0), out), strides_as(u.shape(1), out), [&](I at, I i, I j) {
    const auto x = static_cast<std::uint64_t>(a.i[static_cast<std::size_t>(i)]);
    const I by = b.i[static_cast<std::size_t>(j)];
    y->i[static_cast<std::size_t>(at)] =
        by < 0 || by > 63 ? 0 : static_cast<I>(left ? x << by : x >> by);
  });
}

// Scale of before version 7 and of com.microsoft: gelu(x + bias) and gelu(x), both by erf or tanh.
void bias_gelu(Use& u) {
  const bool biased = u.has(1);
  Array* y = u.out(0, u.dtype(0), u.shape(0));
  if (y == nullptr) return;
  const bool fast = u.node.op == "FastGelu";
  const Reals& x = u.reals(0);
  const std::size_t width = biased ? u.reals(1).size() : 1;
  u.require(width > 0 && x.size() % width == 0, "the bias does not fit");
  for (std::size_t k = 0; k < x.size(); ++k) {
    const float v = x[k] + (biased ? u.reals(1)[k % width] : 0);
    y->f[k] = fast ? 0.5F * v * (1 + std::tanh(0.7978845608028654F * (v + 0.044715F * v * v * v)))
                   : 0.5F * v * (1 + std::erf(v * 0.70710678118654752F));
  }
}

}  // namespace

Family binary() {
  const std::vector<Rule> laid_along{whole("axis").until(6), flag("broadcast").until(6)};
  static const std::vector<Operator> all = [&] {
    std::vector<Operator> rows;
    for (const Function& f : functions)
      rows.push_back({.name = f.name,
                      .since = f.since,
                      .run = run,
                      .takes = f.any_number        ? takes(1, any_number)
                               : f.name == "PRelu" ? takes(2)
                                                   : takes(2).with(laid_along),
                      .cost = {.flops = f.flops},
                      .map = map});
    rows.push_back({.name = "Mod",
                    .since = 10,
                    .run = mod,
                    .takes = takes(2).with({flag("fmod")}),
                    .cost = {.flops = 2}});
    rows.push_back({.name = "BitShift",
                    .since = 11,
                    .run = bit_shift,
                    .takes = takes(2).with({text("direction", "LEFT RIGHT")})});
    rows.push_back({.name = "com.microsoft.BiasGelu",
                    .run = bias_gelu,
                    .takes = takes(2),
                    .cost = {.flops = 12},
                    .map = map_bias_gelu});
    rows.push_back({.name = "com.microsoft.FastGelu",
                    .run = bias_gelu,
                    .takes = takes(1, 2),
                    .cost = {.flops = 12},
                    .map = map_bias_gelu});
    return rows;
  }();
  return all;
}

}  // namespace ane::workloads::model::ops
