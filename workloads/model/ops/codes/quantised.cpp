// Whole numbers for real ones: scales, zero points, and products of codes.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "isa/error.h"
#include "workloads/model/mapping.h"
#include "workloads/model/ops/broadcast.h"
#include "workloads/model/ops/codes/codes.h"
#include "workloads/model/ops/families.h"
#include "workloads/model/ops/rows.h"
#include "workloads/model/ops/spatial/windows.h"

namespace ane::workloads::model::ops {
namespace {

using I = std::int64_t;
using List = Wholes;

struct Range {
  double low, high;
};
Range range_of(const Use& u, Dtype t) {
  switch (t) {
    case Dtype::u8:
      return {0, 255};
    case Dtype::i8:
      return {-128, 127};
    case Dtype::u16:
      return {0, 65535};
    case Dtype::i16:
      return {-32768, 32767};
    case Dtype::i32:
      return {-2147483648.0, 2147483647.0};
    default:
      u.refuse(fmt::format("codes of {}", info(t).name), "int8, uint8, int16, uint16, int32");
  }
}

// Which scale belongs to an element: one for all, one a position of an axis, one a block of it.
class Scales {
 public:
  Scales(const Use& u, std::size_t operand) {
    const Shape &x = u.shape(0), &s = u.shape(operand);
    if (s.empty() || kernels::elements(s) == 1) return;
    const std::size_t axis = u.axis("axis", 1, x.size());
    around_ = around(x, axis);
    const I block = u.integer("block_size", 0);
    if (block > 0) {
      u.require(s.size() == x.size() && s[axis] == (x[axis] + block - 1) / block,
                "scales that do not fit its blocks");
      block_ = block, blocks_ = s[axis];
    } else {
      u.require(s.size() == 1 && s[0] == x[axis], "a scale for each position of its axis");
    }
    many_ = true;
  }
  std::size_t of(I at) const {
    if (!many_) return 0;
    const I k = at / around_.after % around_.extent;
    if (block_ == 0) return static_cast<std::size_t>(k);
    return static_cast<std::size_t>((at / (around_.after * around_.extent) * blocks_ + k / block_) *
                                        around_.after +
                                    at % around_.after);
  }

 private:
  Around around_;
  I block_ = 0, blocks_ = 0;
  bool many_ = false;
};

// Divided in float32, as the operators say.
double code(double x, double scale, double zero, Range r) {
  const float steps = static_cast<float>(x) / static_cast<float>(scale);
  return std::clamp(static_cast<double>(std::nearbyint(steps)) + zero, r.low, r.high);
}

void quantise(Use& u) {
  const Scales scales(u, 1);
  const Dtype said = u.dtype_said("output_dtype", u.has(2) ? u.dtype(2) : Dtype::u8);
  u.require(!u.has(2) || u.dtype(2) == said, "a zero point of another type than its result");
  const Dtype to = said;
  const Range r = range_of(u, to);
  Array* y = u.out(0, to, u.shape(0));
  if (y == nullptr) return;
  const Array &x = u.data(0), &s = u.data(1);
  for (I k = 0; k < x.size(); ++k) {
    const auto at = static_cast<I>(scales.of(k));
    y->set(k, code(x.number(k), s.number(at), u.has(2) ? u.data(2).number(at) : 0, r));
  }
}

void dequantise(Use& u) {
  const Scales scales(u, 1);
  Array* y = u.out(0, u.dtype_said("output_dtype", u.dtype(1)), u.shape(0));
  if (y == nullptr) return;
  if (u.integer("block_size", 0) == 0) {
    Coded coded{.codes = u.in(0), .scales = values_of(u.in(1)), .zeros = nullptr};
    if (u.has(2)) coded.zeros = values_of(u.in(2));
    if (coded.scales->size() > 1) coded.axis = u.axis("axis", 1, u.rank(0));
    u.coded_result(0, std::move(coded));
  }
  const Array &x = u.data(0), &s = u.data(1);
  for (I k = 0; k < x.size(); ++k) {
    const auto at = static_cast<I>(scales.of(k));
    y->set(k, (x.number(k) - (u.has(2) ? u.data(2).number(at) : 0)) * s.number(at));
  }
}

// To uint8 over the range that is there, zero always in it.
void quantise_by_range(Use& u) {
  Array *y = u.out(0, Dtype::u8, u.shape(0)), *scale = u.out(1, Dtype::f32, {}),
        *zero = u.out(2, Dtype::u8, {});
  if (y == nullptr) return;
  const Reals& x = u.reals(0);
  float low = 0, high = 0;
  for (const float v : x) low = std::min(low, v), high = std::max(high, v);
  const float step = (high - low) / 255;
  const double z =
      step == 0 ? 0 : std::clamp(std::nearbyint(static_cast<double>(0 - low / step)), 0.0, 255.0);
  scale->f[0] = step;
  zero->set(0, z);
  for (std::size_t k = 0; k < x.size(); ++k)
    y->set(static_cast<I>(k),
           step == 0
               ? z
               : std::clamp(std::nearbyint(static_cast<double>(x[k] / step)) + z, 0.0, 255.0));
}

// a [.., m, k] b [.., k, n] of codes less their zero points; of rows in a, of columns in b.
struct Codes {
  List values;
  Shape shape;
};
Codes codes_of(Use& u, std::size_t operand, std::size_t zero, bool by_row) {
  Codes c{u.integers(operand), u.shape(operand)};
  if (!u.has(zero)) return c;
  const List z = u.integers(zero);
  const I columns = c.shape.back(), rows = c.shape.size() > 1 ? c.shape[c.shape.size() - 2] : 1;
  const bool many = z.size() > 1;
  const I groups = static_cast<I>(z.size());
  u.require(!many || groups == (by_row ? rows : columns) ||
                groups == static_cast<I>(c.values.size()) / (by_row ? columns : rows),
            "one zero point, or one a row or column");
  for (std::size_t k = 0; k < c.values.size(); ++k) {
    const I at = static_cast<I>(k), row = at / columns,
            column = at % columns + (at / (rows * columns)) * columns;
    c.values[k] -= z[many ? static_cast<std::size_t>((by_row ? row : column) % groups) : 0];
  }
  return c;
}

template <class Give>
void product(const Codes& a, const Codes& b, const Shape& batch, Give give) {
  const I m = a.shape[a.shape.size() - 2], k = a.shape.back(), n = b.shape.back();
  const Shape la(a.shape.begin(), a.shape.end() - 2), lb(b.shape.begin(), b.shape.end() - 2);
  walk(batch, strides_as(la, batch), strides_as(lb, batch), [&](I at, I i, I j) {
    for (I r = 0; r < m; ++r)
      for (I c = 0; c < n; ++c) {
        I sum = 0;
        for (I x = 0; x < k; ++x)
          sum += a.values[static_cast<std::size_t>((i * m + r) * k + x)] *
                 b.values[static_cast<std::size_t>((j * k + x) * n + c)];
        give((at * m + r) * n + c, r, c, sum);
      }
  });
}

Shape product_shape(const Use& u, std::size_t a, std::size_t b, Shape& batch) {
  const Shape &x = u.shape(a), &y = u.shape(b);
  u.require(x.size() >= 2 && y.size() >= 2 && x.back() == y[y.size() - 2],
            "matrices that do not fit each other");
  batch = broadcast(Shape(x.begin(), x.end() - 2), Shape(y.begin(), y.end() - 2), u.place());
  Shape out = batch;
  out.push_back(x[x.size() - 2]);
  out.push_back(y.back());
  return out;
}

void matmul_integer(Use& u) {
  Shape batch;
  Array* y = u.out(0, Dtype::i32, product_shape(u, 0, 1, batch));
  if (y == nullptr) return;
  product(codes_of(u, 0, 2, true), codes_of(u, 1, 3, false), batch,
          [&](I at, I, I, I sum) { y->i[static_cast<std::size_t>(at)] = sum; });
}

// a, scale, zero, b, scale, zero, scale, zero
void qlinear_matmul(Use& u) {
  Shape batch;
  Array* y = u.out(0, u.dtype(7), product_shape(u, 0, 3, batch));
  if (y == nullptr) return;
  const Range r = range_of(u, u.dtype(7));
  const Array &sa = u.data(1), &sb = u.data(4);
  u.require((sa.size() == 1 || sa.size() == u.shape(0)[u.rank(0) - 2]) &&
                (sb.size() == 1 || sb.size() == u.shape(3).back()),
            "one scale, or one a row or column");
  const double step = u.scalar(6), zero = u.scalar(7);
  product(
      codes_of(u, 0, 2, true), codes_of(u, 3, 5, false), batch, [&](I at, I row, I column, I sum) {
        const double scale =
            sa.number(sa.size() == 1 ? 0 : row) * sb.number(sb.size() == 1 ? 0 : column) / step;
        y->set(at,
               std::clamp(std::nearbyint(static_cast<double>(sum) * scale) + zero, r.low, r.high));
      });
}

// com.microsoft: a, scale, zero, b, scale, zero, scale, zero
void qlinear_binary(Use& u) {
  Array* y = u.out(0, u.dtype(0), broadcast(u.shape(0), u.shape(3), u.place()));
  if (y == nullptr) return;
  const Range r = range_of(u, u.dtype(0));
  const Array &a = u.data(0), &b = u.data(3);
  const double as = u.scalar(1), az = u.scalar_or(2, 0), bs = u.scalar(4), bz = u.scalar_or(5, 0),
               ys = u.scalar(6), yz = u.scalar_or(7, 0);
  const bool sum = u.node.op == "QLinearAdd";
  walk(y->type.shape, strides_as(u.shape(0), y->type.shape), strides_as(u.shape(3), y->type.shape),
       [&](I at, I i, I j) {
         const double p = (a.number(i) - az) * as, q = (b.number(j) - bz) * bs;
         y->set(at, code(sum ? p + q : p * q, ys, yz, r));
       });
}

// com.microsoft: x, scale, zero, scale, zero
void qlinear_unary(Use& u) {
  Array* y = u.out(0, u.dtype(0), u.shape(0));
  if (y == nullptr) return;
  const Range r = range_of(u, u.dtype(0));
  const double xs = u.scalar(1), xz = u.scalar_or(2, 0), ys = u.scalar(3), yz = u.scalar_or(4, 0),
               slope = static_cast<double>(u.real("alpha", 0.01F));
  const bool leaky = u.node.op == "QLinearLeakyRelu";
  for (I k = 0; k < y->size(); ++k) {
    const double v = (u.data(0).number(k) - xz) * xs;
    y->set(k, code(leaky ? (v < 0 ? slope * v : v) : 1 / (1 + std::exp(-v)), ys, yz, r));
  }
}

void qlinear_global_pool(Use& u) {
  u.require(u.rank(0) >= 3, "takes [n, c, ...]");
  Shape out = u.shape(0);
  I plane = 1;
  for (std::size_t d = 2; d < out.size(); ++d) plane *= out[d], out[d] = 1;
  Array* y = u.out(0, u.dtype(0), out);
  if (y == nullptr) return;
  const Range r = range_of(u, u.dtype(0));
  const double xs = u.scalar(1), xz = u.scalar_or(2, 0), ys = u.scalar(3), yz = u.scalar_or(4, 0);
  for (I c = 0; c < y->size(); ++c) {
    double sum = 0;
    for (I k = 0; k < plane; ++k) sum += u.data(0).number(c * plane + k) - xz;
    y->set(c, code(sum * xs / static_cast<double>(plane), ys, yz, r));
  }
}

// com.microsoft: real activations times codes, with scales, and a bias.
void dynamic_matmul(Use& u) {
  Shape batch;
  Array* y = u.out(0, Dtype::f32, product_shape(u, 0, 1, batch));
  if (y == nullptr) return;
  const bool integers = u.node.op == "MatMulIntegerToFloat";  // a, b, a scale, b scale, zeros, bias
  Codes a, b = codes_of(u, 1, integers ? 5 : 3, false);
  double a_scale = 1;
  const std::size_t b_scale = integers ? 3 : 2, bias = integers ? 6 : 4;
  if (integers) {
    a = codes_of(u, 0, 4, true);
    a_scale = u.scalar(2);
  } else {
    const Reals& x = u.reals(0);
    float low = 0, high = 0;
    for (const float v : x) low = std::min(low, v), high = std::max(high, v);
    const float step = high == low ? 1 : (high - low) / 255;
    const double zero = std::clamp(std::nearbyint(static_cast<double>(-low / step)), 0.0, 255.0);
    a.shape = u.shape(0);
    for (const float v : x)
      a.values.push_back(static_cast<I>(
          std::clamp(std::nearbyint(static_cast<double>(v / step)) + zero, 0.0, 255.0) - zero));
    a_scale = static_cast<double>(step);
  }
  const Array& sb = u.data(b_scale);
  u.require(sb.size() == 1 || sb.size() == u.shape(1).back(), "one scale, or one a column");
  product(a, b, batch, [&](I at, I, I column, I sum) {
    y->set(at, static_cast<double>(sum) * a_scale * sb.number(sb.size() == 1 ? 0 : column) +
                   (u.has(bias) ? u.data(bias).number(column) : 0));
  });
}

kernels::Work product_work(const Use& u, std::size_t right) {
  const Shape &a = u.shape(0), &b = u.shape(right), &y = u.outputs().at(0).type.shape;
  kernels::Work w{.kind = kernels::WorkKind::gemm, .macs = Macs{kernels::elements(y) * a.back()}};
  w.read = Bytes{kernels::elements(a)};
  w.weights = Bytes{kernels::elements(b)};
  w.written = Bytes{kernels::elements(y)};
  w.n = y.back(), w.k = a.back(), w.m = w.n > 0 ? kernels::elements(y) / w.n : 0;
  return w;
}
kernels::Work second(const Use& u) {
  return product_work(u, 1);
}
kernels::Work fourth(const Use& u) {
  return product_work(u, 3);
}

// ---- on the accelerator

std::optional<Why> map_quantise(const Use& u, Mapper& m) {
  Coding c;
  if (const auto why = coding_of(u, 1, 2, u.outputs().at(0).type.dtype, c)) return why;
  const Layout layout = m.layout_or_natural(0);
  m.result(0, m.quantised(0, c.scale, c.zero), layout);
  return std::nullopt;
}

std::optional<Why> map_dequantise(const Use& u, Mapper& m) {
  Coding c;
  if (const auto why = coding_of(u, 1, 2, u.dtype(0), c)) return why;
  const Layout layout = m.layout_or_natural(0);
  m.result(0, m.dequantised(m.operand(0, layout), c.scale, c.zero), layout);
  return std::nullopt;
}

constexpr Why computed_matrix{"M3", "a product of codes that are both computed", "",
                              "a constant matrix, or floats"};

// a, scale, zero, b, scale, zero, scale, zero
std::optional<Why> map_qlinear_matmul(const Use& u, Mapper& m) {
  for (const std::size_t k : {3, 4, 5})
    if (!u.known(k)) return computed_matrix;
  const Shape& b = u.shape(3);
  if (u.rank(0) < 2 || b.size() < 2 || kernels::elements(b) != b.back() * b[b.size() - 2])
    return computed_matrix;
  Coding x, y;
  if (const auto why = coding_of(u, 1, 2, u.dtype(0), x)) return why;
  if (const auto why = coding_of(u, 6, 7, u.dtype(7), y)) return why;
  const I n = b.back(), k = b[b.size() - 2];
  Rows rows{.p = m.parameters(n, k, 1, 1, false)};
  rows.attributes.scale = y.scale, rows.attributes.zero = y.zero;
  const Coded coded{.codes = u.in(3),
                    .scales = values_of(u.in(4)),
                    .zeros = values_of(u.in(5)),
                    .axis = b.size() - 1};
  if (const auto weights = code_weights(coded, b.size() - 1); weights && m.machine().int8_macs) {
    take_codes(*rows.p, *weights, x, true, nullptr, m.values());
  } else {
    rows.p->format = m.format_of_codes(true);
    if (m.values()) rows.p->weights = as_rows(dequantised_values(coded), n, k, false, 1);
    rows.placed = [&](const Layout& l) { return m.dequantised(m.operand(0, l), x.scale, x.zero); };
  }
  return map_rows(u, m, rows);
}

// Weights are codes, activations fp16: the accelerator has no scale that it finds by itself.
std::optional<Why> map_dynamic_matmul(const Use& u, Mapper& m) {  // a, b, b scale, b zero, bias
  for (std::size_t k = 1; k < u.size(); ++k)
    if (u.has(k) && !u.known(k)) return computed_matrix;
  if (u.rank(1) != 2) return computed_matrix;
  const I n = u.shape(1)[1], k = u.shape(1)[0];
  Rows rows{.p = m.parameters(n, k, 1, 1, u.has(4))};
  rows.p->format = m.format_of_codes(false);
  if (m.values()) {
    const Coded coded{.codes = u.in(1),
                      .scales = values_of(u.in(2)),
                      .zeros = u.has(3) ? values_of(u.in(3)) : nullptr,
                      .axis = 1};
    rows.p->weights = as_rows(dequantised_values(coded), n, k, false, 1);
    if (u.has(4)) rows.p->bias = values_of(u.in(4))->f;
  }
  return map_rows(u, m, rows);
}

// Result 0, of reals so far, as codes of operands `scale` and `zero`.
std::optional<Why> give_codes(Mapper& m, ValueId y, const Coding& c, const Layout& layout) {
  Attributes a;
  a.scale = c.scale, a.zero = c.zero;
  m.result(0, m.node("quantise", {y}, a), layout);
  return std::nullopt;
}

std::optional<Why> map_qlinear_binary(const Use& u, Mapper& m) {
  Coding a, b, y;
  if (const auto why = coding_of(u, 1, 2, u.dtype(0), a)) return why;
  if (const auto why = coding_of(u, 4, 5, u.dtype(3), b)) return why;
  if (const auto why = coding_of(u, 6, 7, u.dtype(0), y)) return why;
  const Broadcast both(m, {0, 3}, m.result_shape());
  // Constant codes are numbers to what places them.
  const auto real = [&](std::size_t k, const Coding& c) {
    if (!u.known(k)) return m.dequantised(both.operand(k), c.scale, c.zero);
    const ValueId less = m.elementwise(
        "sub", both.operand(k), m.scalar(static_cast<float>(c.zero + code_shift(u.dtype(k)))));
    return m.elementwise("mul", less, m.scalar(static_cast<float>(c.scale)));
  };
  const ValueId left = real(0, a), right = real(3, b);
  return give_codes(m, m.elementwise(u.node.op == "QLinearAdd" ? "add" : "mul", left, right), y,
                    both.layout());
}

std::optional<Why> map_qlinear_unary(const Use& u, Mapper& m) {
  Coding x, y;
  if (const auto why = coding_of(u, 1, 2, u.dtype(0), x)) return why;
  if (const auto why = coding_of(u, 3, 4, u.dtype(0), y)) return why;
  const bool leaky = u.node.op == "QLinearLeakyRelu";
  const auto slope = static_cast<double>(u.real("alpha", 0.01F));
  Attributes a;
  a.activation = !leaky ? "sigmoid" : slope == 0 ? "relu" : "leaky_relu";
  a.alpha = leaky ? slope : 0;
  const Layout layout = m.layout_or_natural(0);
  const ValueId real = m.dequantised(m.operand(0, layout), x.scale, x.zero);
  return give_codes(m, m.node("unary", {real}, a), y, layout);
}

std::optional<Why> map_qlinear_global_pool(const Use& u, Mapper& m) {
  if (u.rank(0) > 4) return Why{"R3", "windows over three axes", "", "a plane at a time"};
  Coding x, y;
  if (const auto why = coding_of(u, 1, 2, u.dtype(0), x)) return why;
  if (const auto why = coding_of(u, 3, 4, u.dtype(0), y)) return why;
  const ValueId real = m.dequantised(m.operand(0, planes(u.shape(0))), x.scale, x.zero);
  Attributes a;
  a.operation = "mean";
  a.axes = kernels::axis_w | kernels::axis_h;
  return give_codes(m, m.node("reduce", {real}, a), y, planes(m.result_shape()));
}

constexpr Cost codes{.kind = kernels::WorkKind::elementwise, .flops = 3};

}  // namespace

Family quantised() {
  static const std::vector<Operator> all{
      {.name = "QuantizeLinear",
       .since = 10,
       .run = quantise,
       .takes = takes(2, 3).with(
           {whole("axis").from(13), flag("saturate").from(19), whole("block_size", 0).from(21),
            whole("output_dtype", 0).from(21), whole("precision", 0, 1).from(23)}),
       .cost = codes,
       .map = map_quantise,
       .mapped_wholes = WholeNumbers::of_8_bits},
      {.name = "DequantizeLinear",
       .since = 10,
       .run = dequantise,
       .takes = takes(2, 3).with({whole("axis").from(13), whole("block_size", 0).from(21),
                                  whole("output_dtype", 0).from(23)}),
       .cost = codes,
       .map = map_dequantise,
       .mapped_wholes = WholeNumbers::all},
      {.name = "com.microsoft.QuantizeLinear",
       .run = quantise,
       .takes = takes(2, 3).with({whole("axis"), whole("block_size", 0)}),
       .cost = codes,
       .map = map_quantise,
       .mapped_wholes = WholeNumbers::of_8_bits},
      {.name = "com.microsoft.DequantizeLinear",
       .run = dequantise,
       .takes = takes(2, 3).with({whole("axis"), whole("block_size", 0)}),
       .cost = codes,
       .map = map_dequantise,
       .mapped_wholes = WholeNumbers::all},
      {.name = "DynamicQuantizeLinear",
       .since = 11,
       .run = quantise_by_range,
       .takes = takes(1),
       .cost = codes,
       .why = {"I3", "a scale that is computed: the accelerator's stand in its tasks", "",
               "static scales, calibrated before; or INT8 weights alone"}},
      {.name = "MatMulInteger",
       .since = 10,
       .run = matmul_integer,
       .takes = takes(2, 4),
       .work = second,
       .why = sums_of_codes},
      {.name = "QLinearMatMul",
       .since = 10,
       .run = qlinear_matmul,
       .takes = takes(8),
       .work = fourth,
       .map = map_qlinear_matmul,
       .mapped_wholes = WholeNumbers::of_8_bits},
      {.name = "com.microsoft.QLinearAdd",
       .run = qlinear_binary,
       .takes = takes(7, 8),
       .cost = codes,
       .map = map_qlinear_binary,
       .mapped_wholes = WholeNumbers::of_8_bits},
      {.name = "com.microsoft.QLinearMul",
       .run = qlinear_binary,
       .takes = takes(7, 8),
       .cost = codes,
       .map = map_qlinear_binary,
       .mapped_wholes = WholeNumbers::of_8_bits},
      {.name = "com.microsoft.QLinearLeakyRelu",
       .run = qlinear_unary,
       .takes = takes(4, 5).with({real("alpha")}),
       .cost = codes,
       .map = map_qlinear_unary,
       .mapped_wholes = WholeNumbers::of_8_bits},
      {.name = "com.microsoft.QLinearSigmoid",
       .run = qlinear_unary,
       .takes = takes(4, 5),
       .cost = codes,
       .map = map_qlinear_unary,
       .mapped_wholes = WholeNumbers::of_8_bits},
      {.name = "com.microsoft.QLinearGlobalAveragePool",
       .run = qlinear_global_pool,
       .takes = takes(4, 5).with({only("channels_last", 0)}),
       .cost = codes,
       .map = map_qlinear_global_pool,
       .mapped_wholes = WholeNumbers::of_8_bits},
      {.name = "com.microsoft.DynamicQuantizeMatMul",
       .run = dynamic_matmul,
       .takes = takes(3, 5),
       .work = second,
       .map = map_dynamic_matmul},
      {.name = "com.microsoft.MatMulIntegerToFloat",
       .run = dynamic_matmul,
       .takes = takes(4, 7),
       .work = second,
       .why = sums_of_codes},
  };
  return all;
}

}  // namespace ane::workloads::model::ops
