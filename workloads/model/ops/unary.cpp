// Functions of one element: a line each.
#include <algorithm>
#include <cmath>
#include <vector>

#include "workloads/model/mapping.h"
#include "workloads/model/ops/families.h"

namespace ane::workloads::model::ops {
namespace {

struct Function {
  std::string_view name;
  int since;
  double flops;  // about as many operations an element
  float (*real)(float x, float a, float b);
  std::int64_t (*integer)(std::int64_t x) = nullptr;  // of whole numbers; none: refused
  std::string_view a = "", b = "";                    // attributes
  float a_default = 0, b_default = 0;
  bool truth = false;  // the result is a truth value
};

// The accelerator's function of the same values (isa/functions.h). `parameters`: how many of a and
// b it takes.
struct Same {
  std::string_view name, function;
  int parameters = 0;
};
constexpr Same same[] = {
    {"Abs", "abs"},
    {"Neg", "negate"},
    {"Sign", "sign"},
    {"Floor", "floor"},
    {"Ceil", "ceil"},
    {"Round", "round"},
    {"Sqrt", "sqrt"},
    {"Reciprocal", "reciprocal"},
    {"Exp", "exp"},
    {"Log", "log"},
    {"Erf", "erf"},
    {"Sin", "sin"},
    {"Cos", "cos"},
    {"Tanh", "tanh"},
    {"Sigmoid", "sigmoid"},
    {"Softplus", "softplus"},
    {"HardSwish", "hard_swish"},
    {"Relu", "relu"},
    {"LeakyRelu", "leaky_relu", 1},
    {"Elu", "elu", 1},
    {"HardSigmoid", "hard_sigmoid", 2},
    {"com.microsoft.Gelu", "gelu"},
};

float sigmoid(float x) {
  return 1 / (1 + std::exp(-x));
}
float erf_gelu(float x) {
  return 0.5F * x * (1 + std::erf(x * 0.70710678118654752F));
}
float softplus(float x) {
  return x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x));
}
float hard_sigmoid(float x, float a, float b) {
  return std::max(0.0F, std::min(1.0F, a * x + b));
}

constexpr Function functions[] = {
    {"Abs", 1, 1, [](float x, float, float) { return std::fabs(x); },
     [](std::int64_t x) { return x < 0 ? -x : x; }},
    {"Neg", 1, 1, [](float x, float, float) { return -x; }, [](std::int64_t x) { return -x; }},
    {"Sign", 9, 1, [](float x, float, float) { return x > 0   ? 1.0F
                                                      : x < 0 ? -1.0F
                                                              : x; },
     [](std::int64_t x) -> std::int64_t { return x > 0   ? 1
                                                 : x < 0 ? -1
                                                         : 0; }},
    {"Floor", 1, 1, [](float x, float, float) { return std::floor(x); }},
    {"Ceil", 1, 1, [](float x, float, float) { return std::ceil(x); }},
    {"Round", 11, 1, [](float x, float, float) { return std::nearbyint(x); }},
    {"Sqrt", 1, 1, [](float x, float, float) { return std::sqrt(x); }},
    {"Reciprocal", 1, 1, [](float x, float, float) { return 1 / x; }},
    {"Exp", 1, 10, [](float x, float, float) { return std::exp(x); }},
    {"Log", 1, 10, [](float x, float, float) { return std::log(x); }},
    {"Erf", 9, 10, [](float x, float, float) { return std::erf(x); }},
    {"Sin", 7, 10, [](float x, float, float) { return std::sin(x); }},
    {"Cos", 7, 10, [](float x, float, float) { return std::cos(x); }},
    {"Tan", 7, 10, [](float x, float, float) { return std::tan(x); }},
    {"Asin", 7, 10, [](float x, float, float) { return std::asin(x); }},
    {"Acos", 7, 10, [](float x, float, float) { return std::acos(x); }},
    {"Atan", 7, 10, [](float x, float, float) { return std::atan(x); }},
    {"Sinh", 9, 10, [](float x, float, float) { return std::sinh(x); }},
    {"Cosh", 9, 10, [](float x, float, float) { return std::cosh(x); }},
    {"Asinh", 9, 10, [](float x, float, float) { return std::asinh(x); }},
    {"Acosh", 9, 10, [](float x, float, float) { return std::acosh(x); }},
    {"Atanh", 9, 10, [](float x, float, float) { return std::atanh(x); }},
    {"Tanh", 1, 10, [](float x, float, float) { return std::tanh(x); }},
    {"Sigmoid", 1, 10, [](float x, float, float) { return sigmoid(x); }},
    {"Softplus", 1, 12, [](float x, float, float) { return softplus(x); }},
    {"Softsign", 1, 3, [](float x, float, float) { return x / (1 + std::fabs(x)); }},
    {"Mish", 18, 20, [](float x, float, float) { return x * std::tanh(softplus(x)); }},
    {"HardSwish", 14, 4, [](float x, float, float) { return x * hard_sigmoid(x, 1.0F / 6, 0.5F); }},
    {"Relu", 1, 1, [](float x, float, float) { return std::isnan(x) ? x : std::max(x, 0.0F); },
     [](std::int64_t x) { return x < 0 ? std::int64_t{0} : x; }},
    {"LeakyRelu", 1, 2, [](float x, float a, float) { return x < 0 ? a * x : x; }, nullptr, "alpha",
     "", 0.01F},
    {"ThresholdedRelu", 10, 1, [](float x, float a, float) { return x > a ? x : 0.0F; }, nullptr,
     "alpha", "", 1},
    {"Elu", 1, 10, [](float x, float a, float) { return x < 0 ? a * (std::exp(x) - 1) : x; },
     nullptr, "alpha", "", 1},
    {"Celu", 12, 10,
     [](float x, float a, float) {
       return std::max(0.0F, x) + std::min(0.0F, a * (std::exp(x / a) - 1));
     },
     nullptr, "alpha", "", 1},
    {"Selu", 1, 10,
     [](float x, float a, float g) { return g * (x > 0 ? x : a * (std::exp(x) - 1)); }, nullptr,
     "alpha", "gamma", 1.67326319217681884765625F, 1.05070102214813232421875F},
    {"HardSigmoid", 1, 3, [](float x, float a, float b) { return hard_sigmoid(x, a, b); }, nullptr,
     "alpha", "beta", 0.2F, 0.5F},
    {"Shrink", 9, 2,
     [](float x, float bias, float l) { return x < -l  ? x + bias
                                               : x > l ? x - bias
                                                       : 0.0F; },
     [](std::int64_t x) { return x; }, "bias", "lambd", 0, 0.5F},
    {"com.microsoft.QuickGelu", 1, 12, [](float x, float a, float) { return x * sigmoid(a * x); },
     nullptr, "alpha", "", 1.702F},
    {"com.microsoft.Gelu", 1, 12, [](float x, float, float) { return erf_gelu(x); }},
    {"IsNaN", 9, 1, [](float x, float, float) { return std::isnan(x) ? 1.0F : 0.0F; }, nullptr, "",
     "", 0, 0, true},
    {"Not", 1, 1, nullptr, [](std::int64_t x) -> std::int64_t { return x == 0 ? 1 : 0; }, "", "", 0,
     0, true},
    {"BitwiseNot", 18, 1, nullptr, [](std::int64_t x) { return ~x; }},
};

Takes takes_of(const Function& f) {
  Takes t = takes(1);
  for (const std::string_view name : {f.a, f.b})
    if (!name.empty()) t.attributes.push_back(real(name));
  return t;
}

const Function& function_of(const Use& u) {
  const std::string name = u.node.domain.empty() ? u.node.op : u.node.domain + "." + u.node.op;
  return *std::ranges::find(functions, name, &Function::name);
}

void run(Use& u) {
  const Function& f = function_of(u);
  Array* y = u.out(0, f.truth ? Dtype::boolean : u.dtype(0), u.shape(0));
  if (y == nullptr) return;
  const Array& x = u.data(0);
  if (x.real()) {
    u.require(f.real != nullptr, "takes whole numbers");
    const float a = f.a.empty() ? 0 : u.real(f.a, f.a_default);
    const float b = f.b.empty() ? 0 : u.real(f.b, f.b_default);
    for (std::size_t k = 0; k < x.f.size(); ++k)
      if (f.truth)
        y->i[k] = static_cast<std::int64_t>(f.real(x.f[k], a, b));
      else
        y->f[k] = f.real(x.f[k], a, b);
    return;
  }
  if (f.integer == nullptr || !f.a.empty()) {  // by way of reals
    u.require(f.real != nullptr, "takes truth values");
    const float a = f.a.empty() ? 0 : u.real(f.a, f.a_default);
    const float b = f.b.empty() ? 0 : u.real(f.b, f.b_default);
    for (std::int64_t k = 0; k < x.size(); ++k)
      y->set(k, static_cast<double>(f.real(static_cast<float>(x.number(k)), a, b)));
    return;
  }
  for (std::size_t k = 0; k < x.i.size(); ++k) y->i[k] = f.integer(x.i[k]);
}

constexpr Why no_function{
    "F1", "the accelerator has no table of this function", "isa/functions.h",
    "the same by functions that it has: exp, log, sqrt, tanh, sigmoid, gelu, products and sums"};

std::optional<Why> map(const Use& u, Mapper& m) {
  const Function& f = function_of(u);
  const Layout layout = m.layout_or_natural(0);
  const ValueId x = m.operand(0, layout);
  if (f.name == "Not") {
    m.result(0, m.elementwise("equal", x, m.scalar(0)), layout);
    return std::nullopt;
  }
  if (f.name == "com.microsoft.QuickGelu" && u.real("alpha", 1.702F) == 1) {
    m.result(0, m.unary("silu", x), layout);
    return std::nullopt;
  }
  if (f.name == "Mish" || f.name == "com.microsoft.QuickGelu") {
    const ValueId inner =
        f.name == "Mish"
            ? m.unary("tanh", m.node("unary", {x},
                                     [] {
                                       Attributes a;
                                       a.activation = "softplus";
                                       return a;
                                     }()))
            : m.node("unary", {m.elementwise("mul", x, m.scalar(u.real("alpha", 1.702F)))}, [] {
                Attributes a;
                a.activation = "sigmoid";
                return a;
              }());
    m.result(0, m.elementwise("mul", x, inner), layout);
    return std::nullopt;
  }
  const auto* row = std::ranges::find(same, f.name, &Same::name);
  if (row == std::end(same)) return no_function;
  const double a = row->parameters > 0 ? static_cast<double>(u.real(f.a, f.a_default)) : 0;
  const double b = row->parameters > 1 ? static_cast<double>(u.real(f.b, f.b_default)) : 0;
  if (row->parameters > 0 && a == 0 && b == 0) {  // which would mean the defaults
    if (f.name != "LeakyRelu") return no_function;
    m.result(0, m.unary("relu", x), layout);
    return std::nullopt;
  }
  m.result(0, m.unary(std::string(row->function), x, a, b), layout);
  return std::nullopt;
}

std::optional<Why> map_gelu(const Use& u, Mapper& m) {
  if (u.text("approximate", "none") == "tanh") return no_function;
  m.result(0, m.unary("gelu", m.placed(0)), m.layout_or_natural(0));
  return std::nullopt;
}

std::optional<Why> map_swish(const Use& u, Mapper& m) {
  if (u.real("alpha", 1) != 1) return no_function;
  m.result(0, m.unary("silu", m.placed(0)), m.layout_or_natural(0));
  return std::nullopt;
}

// Real numbers are fp16 on the accelerator whatever they were, truth values 0 and 1.
std::optional<Why> map_cast(const Use& u, Mapper& m) {
  const Layout layout = m.layout_or_natural(0);
  const Dtype from = u.dtype(0), to = u.outputs().at(0).type.dtype;
  const auto whole = [](Dtype t) { return !is_real(t) && t != Dtype::boolean; };
  if (whole(to))
    return Why{"I1", "its result is whole numbers, which are the host's", "",
               "QuantizeLinear where codes are meant"};
  if (whole(from)) {  // codes of scale 1
    if (!is_real(to)) return Why{"I1", "whole numbers are compared by the host", "", ""};
    m.result(0, m.dequantised(m.operand(0, layout), 1, -code_shift(from)), layout);
    return std::nullopt;
  }
  if (to == Dtype::boolean && u.dtype(0) != Dtype::boolean)
    m.result(0, m.elementwise("not_equal", m.operand(0, layout), m.scalar(0)), layout);
  else
    m.same(0, 0, layout);
  return std::nullopt;
}

void is_infinite(Use& u) {
  Array* y = u.out(0, Dtype::boolean, u.shape(0));
  if (y == nullptr) return;
  const bool above = u.integer("detect_positive", 1) != 0;
  const bool below = u.integer("detect_negative", 1) != 0;
  const Reals& x = u.reals(0);
  for (std::size_t k = 0; k < x.size(); ++k)
    y->i[k] = std::isinf(x[k]) && ((x[k] > 0 && above) || (x[k] < 0 && below)) ? 1 : 0;
}

void gelu(Use& u) {
  Array* y = u.out(0, u.dtype(0), u.shape(0));
  if (y == nullptr) return;
  const bool tanh = u.text("approximate", "none") == "tanh";
  const Reals& x = u.reals(0);
  for (std::size_t k = 0; k < x.size(); ++k)
    y->f[k] =
        tanh ? 0.5F * x[k] *
                   (1 + std::tanh(0.7978845608028654F * (x[k] + 0.044715F * x[k] * x[k] * x[k])))
             : erf_gelu(x[k]);
}

void swish(Use& u) {
  Array* y = u.out(0, u.dtype(0), u.shape(0));
  if (y == nullptr) return;
  const float a = u.real("alpha", 1);
  const Reals& x = u.reals(0);
  for (std::size_t k = 0; k < x.size(); ++k) y->f[k] = x[k] * sigmoid(a * x[k]);
}

// alpha * x + beta
void scaled(Use& u) {
  Array* y = u.out(0, u.dtype(0), u.shape(0));
  if (y == nullptr) return;
  const float a = u.real("alpha", 1), b = u.real("beta", 0);
  const Reals& x = u.reals(0);
  for (std::size_t k = 0; k < x.size(); ++k) y->f[k] = a * x[k] + b;
}

// By way of the number itself, rounded towards zero from real to whole.
void cast_to(Use& u, Dtype to) {
  if (to == u.dtype(0)) return u.same(0, 0);
  Array* y = u.out(0, to, u.shape(0));
  if (y == nullptr) return;
  const Array& x = u.data(0);
  if (!x.real() && !y->real()) {
    y->i = x.i;
    return;
  }
  if (x.real() && y->real()) {
    y->f = x.f;
    return;
  }
  const bool truth = to == Dtype::boolean;
  for (std::int64_t k = 0; k < x.size(); ++k) y->set(k, truth ? x.number(k) != 0 : x.number(k));
}

void cast(Use& u) {
  u.require(u.says("to"), "names no type to cast to");
  cast_to(u, u.dtype_said("to", Dtype::f32));
}

void cast_like(Use& u) {
  cast_to(u, u.dtype(1));
}

}  // namespace

Family unary() {
  static const std::vector<Operator> all = [] {
    std::vector<Operator> rows;
    for (const Function& f : functions)
      rows.push_back({.name = f.name,
                      .since = f.since,
                      .run = run,
                      .takes = takes_of(f),
                      .cost = {.flops = f.flops},
                      .map = map});
    rows.push_back({.name = "IsInf",
                    .since = 10,
                    .run = is_infinite,
                    .takes = takes(1).with({flag("detect_negative"), flag("detect_positive")})});
    rows.push_back({.name = "Gelu",
                    .since = 20,
                    .run = gelu,
                    .takes = takes(1).with({text("approximate", "none tanh")}),
                    .cost = {.flops = 12},
                    .map = map_gelu});
    rows.push_back({.name = "Swish",
                    .since = 24,
                    .run = swish,
                    .takes = takes(1).with({real("alpha")}),
                    .cost = {.flops = 12},
                    .map = map_swish});
    rows.push_back({.name = "Affine",
                    .run = scaled,
                    .takes = takes(1).with({real("alpha"), real("beta")}),
                    .cost = {.flops = 2}});
    // Saturation and its rounding are of eight-bit reals, which are not read.
    rows.push_back({.name = "Cast",
                    .run = cast,
                    .takes = takes(1).with({whole("to").from(6), flag("saturate").from(19),
                                            text("round_mode", "up down nearest").from(24)}),
                    .map = map_cast,
                    .mapped_wholes = WholeNumbers::of_8_bits});
    rows.push_back({.name = "CastLike",
                    .since = 15,
                    .run = cast_like,
                    .takes = takes(2).with({flag("saturate").from(19),
                                            text("round_mode", "up down nearest").from(24)}),
                    .map = map_cast,
                    .mapped_wholes = WholeNumbers::of_8_bits});
    return rows;
  }();
  return all;
}

}  // namespace ane::workloads::model::ops
