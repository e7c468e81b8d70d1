// Products of matrices.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <vector>

#include "isa/error.h"
#include "isa/saturated.h"
#include "workloads/model/mapping.h"
#include "workloads/model/ops/codes/codes.h"
#include "workloads/model/ops/families.h"
#include "workloads/model/ops/gemm.h"
#include "workloads/model/ops/pick.h"
#include "workloads/model/ops/rows.h"

namespace ane::workloads::model::ops {
namespace {
constexpr Why vector_product{"R2", "a product with a vector", "", "a matrix of one row or column"};
}  // namespace

Reals as_rows(const Reals& matrix, std::int64_t n, std::int64_t k, bool turned, float factor) {
  Reals w(static_cast<std::size_t>(n * k));
  for (std::int64_t i = 0; i < n; ++i)
    for (std::int64_t j = 0; j < k; ++j)
      w[static_cast<std::size_t>(i * k + j)] =
          factor * matrix[static_cast<std::size_t>(turned ? i * k + j : j * n + i)];
  return w;
}

std::optional<Why> map_rows(const Use& u, Mapper& m, const Rows& r) {
  const Shape &x = u.shape(r.x), &out = m.result_shape();
  const auto rank = static_cast<int>(x.size());
  if (rank < 2) return vector_product;
  const int inner = r.turned_left ? rank - 2 : rank - 1, row = r.turned_left ? rank - 1 : rank - 2;
  const std::int64_t k = x[static_cast<std::size_t>(inner)];
  Layout layout;
  const auto now = m.layout(r.x);
  const auto channels = [&](const Layout& l) {
    return k == 1 ? l.of[Layout::c].empty() : l.of[Layout::c] == std::vector<int>{inner};
  };
  if (now && channels(*now)) {
    layout = *now;
  } else {
    std::int64_t columns = 1;
    for (int d = 0; d < rank; ++d)
      if (d != inner) columns *= x[static_cast<std::size_t>(d)];
    if (k != 1) layout.of[Layout::c] = {inner};
    for (int d = 0; d < rank; ++d) {
      if (d == inner || x[static_cast<std::size_t>(d)] == 1) continue;
      layout.of[columns <= m.machine().max_extent || d == row ? Layout::w : Layout::n].push_back(d);
    }
  }
  const ValueId y =
      m.node("linear", {r.placed ? r.placed(layout) : m.operand(r.x, layout)}, r.attributes, r.p);
  // Axes of the operand as those of the result: matrices of more axes put more in front of them,
  // and rows stand before the columns.
  const auto last = static_cast<int>(out.size()) - 1;
  layout.of[Layout::c].clear();
  for (auto& g : layout.of)
    for (int& d : g) d = d == row ? last - 1 : d + last + 1 - rank;
  if (out.back() != 1) layout.of[Layout::c] = {last};
  m.result(0, y, layout);
  return std::nullopt;
}

namespace {

using I = std::int64_t;
using List = Wholes;

// Operands as stacks of matrices; a vector is a matrix of one row or column, and leaves no axis.
struct Stack {
  Shape a, b, batch, out;
  I m = 0, n = 0, k = 0;
};
Stack stack_of(const Use& u, Shape a, Shape b) {
  Stack s;
  u.require(!a.empty() && !b.empty(), "a product of scalars");
  const bool row = a.size() == 1, column = b.size() == 1;
  if (row) a.insert(a.begin(), 1);
  if (column) b.push_back(1);
  s.m = a[a.size() - 2], s.k = a.back(), s.n = b.back();
  u.require(b[b.size() - 2] == s.k,
            fmt::format("inner extents differ: {} and {}", s.k, b[b.size() - 2]));
  s.batch = broadcast(Shape(a.begin(), a.end() - 2), Shape(b.begin(), b.end() - 2), u.place());
  s.out = s.batch;
  if (!row) s.out.push_back(s.m);
  if (!column) s.out.push_back(s.n);
  s.a = a, s.b = b;
  return s;
}

// Calls one(a, b, y): offsets of the matrices of each product.
template <class One>
void each_product(const Stack& s, One one) {
  const auto leading = [](const Shape& x) { return Shape(x.begin(), x.end() - 2); };
  List sa = strides_as(leading(s.a), s.batch), sb = strides_as(leading(s.b), s.batch);
  walk(s.batch, sa, sb, [&](I at, I i, I j) { one(i * s.m * s.k, j * s.k * s.n, at * s.m * s.n); });
}

void multiply(Array& y, const Stack& s, const Array& a, const Array& b) {
  if (a.real() != b.real() || a.real() != y.real())
    throw InputError("", "a product of reals and whole numbers");
  if (a.real()) {
    each_product(s, [&](I i, I j, I at) {
      gemm(a.f.data() + i, b.f.data() + j, y.f.data() + at, s.m, s.n, s.k);
    });
    return;
  }
  each_product(s, [&](I i, I j, I at) {
    for (I r = 0; r < s.m; ++r)
      for (I k = 0; k < s.k; ++k)
        for (I c = 0; c < s.n; ++c)
          y.i[static_cast<std::size_t>(at + r * s.n + c)] +=
              a.i[static_cast<std::size_t>(i + r * s.k + k)] *
              b.i[static_cast<std::size_t>(j + k * s.n + c)];
  });
}

void matmul(Use& u) {
  const Stack s = stack_of(u, u.shape(0), u.shape(1));
  Array* y = u.out(0, u.dtype(0), s.out);
  if (y == nullptr) return;
  u.require(u.dtype(0) == u.dtype(1), "operands of different types");
  multiply(*y, s, u.data(0), u.data(1));
}

Array transposed(const Array& x, bool batch_first = false) {
  const std::size_t r = x.type.shape.size();
  Shape shape = x.type.shape;
  List strides = strides_of(shape);
  if (batch_first && r > 2) {  // the leading axis goes behind: [a, ..., b] as [..., a, b]
    std::rotate(shape.begin(), shape.begin() + 1, shape.end() - 1);
    std::rotate(strides.begin(), strides.begin() + 1, strides.end() - 1);
  } else {
    std::swap(shape[r - 1], shape[r - 2]);
    std::swap(strides[r - 1], strides[r - 2]);
  }
  Array y(x.type.dtype, shape);
  pick_strided(x, y, strides);
  return y;
}
Shape transposed(Shape s) {
  std::swap(s[s.size() - 1], s[s.size() - 2]);
  return s;
}

// alpha A' B' + beta C
void gemm_operator(Use& u) {
  u.require(u.rank(0) == 2 && u.rank(1) == 2, "takes matrices");
  const bool ta = u.integer("transA", 0) != 0, tb = u.integer("transB", 0) != 0;
  const Stack s = stack_of(u, ta ? transposed(u.shape(0)) : u.shape(0),
                           tb ? transposed(u.shape(1)) : u.shape(1));
  if (u.has(2))
    u.require(broadcast(s.out, u.shape(2), u.place()) == s.out, "C is larger than the product");
  Array* y = u.out(0, u.dtype(0), s.out);
  if (y == nullptr) return;
  const float alpha = u.real("alpha", 1), beta = u.real("beta", 1);
  multiply(*y, s, ta ? transposed(u.data(0)) : u.data(0), tb ? transposed(u.data(1)) : u.data(1));
  if (alpha != 1)
    for (I k = 0; k < y->size(); ++k) y->set(k, y->number(k) * static_cast<double>(alpha));
  if (!u.has(2) || beta == 0) return;
  const Array& c = u.data(2);
  walk(s.out, strides_as(u.shape(2), s.out), [&](I at, I from) {
    if (y->real())
      y->f[static_cast<std::size_t>(at)] += beta * c.f[static_cast<std::size_t>(from)];
    else
      y->set(at, y->number(at) + static_cast<double>(beta) * c.number(from));
  });
}

// com.microsoft: alpha A' B', and activations behind it.
void fused_matmul(Use& u) {
  const bool ta = u.integer("transA", 0) != 0 && u.rank(0) > 1;
  const bool tb = u.integer("transB", 0) != 0 && u.rank(1) > 1;
  const Stack s = stack_of(u, ta ? transposed(u.shape(0)) : u.shape(0),
                           tb ? transposed(u.shape(1)) : u.shape(1));
  Array* y = u.out(0, u.dtype(0), s.out);
  if (y == nullptr) return;
  multiply(*y, s, ta ? transposed(u.data(0)) : u.data(0), tb ? transposed(u.data(1)) : u.data(1));
  const float alpha = u.real("alpha", 1);
  for (float& v : y->f) v *= alpha;
}

// An equation, with what '...' stands for in letters that no term has.
struct Equation {
  std::vector<std::string> terms;  // a letter for each axis of each operand
  std::string result;
  std::map<char, I> extents;
  Shape shape_of(const std::string& letters) const {
    Shape s;
    for (const char c : letters) s.push_back(extents.at(c));
    return s;
  }
};
Equation equation_of(const Use& u) {
  Equation e;
  std::string text = u.text("equation", "");
  std::erase(text, ' ');
  const std::size_t arrow = text.find("->");
  const std::string left = text.substr(0, arrow);
  for (std::size_t at = 0; at <= left.size();) {
    const std::size_t end = std::min(left.find(',', at), left.size());
    e.terms.push_back(left.substr(at, end - at));
    at = end + 1;
  }
  u.require(e.terms.size() == u.size(), "a term for each operand");
  std::size_t open = 0;
  std::vector<std::size_t> dots(e.terms.size(), 0);  // axes that they stand for, right-aligned
  for (std::size_t k = 0; k < e.terms.size(); ++k) {
    if (e.terms[k].find("...") == std::string::npos) continue;
    u.require(u.rank(k) + 3 >= e.terms[k].size(), "a term that is longer than its operand");
    dots[k] = u.rank(k) + 3 - e.terms[k].size();
    open = std::max(open, dots[k]);
  }
  u.require(open <= 32, "too many axes");
  const auto letters = [](std::size_t first, std::size_t last) {
    std::string s;
    for (; first < last; ++first) s += static_cast<char>(1 + first);
    return s;
  };
  const auto spell = [&](std::string& term, std::size_t count) {
    const std::size_t at = term.find("...");
    if (at != std::string::npos) term.replace(at, 3, letters(open - count, open));
  };
  std::map<char, int> seen;
  for (std::size_t k = 0; k < e.terms.size(); ++k) {
    std::string& term = e.terms[k];
    spell(term, dots[k]);
    u.require(term.size() == u.rank(k), "a term that does not fit its operand");
    for (std::size_t d = 0; d < term.size(); ++d) {
      I& extent = e.extents.emplace(term[d], 1).first->second;
      const I x = u.shape(k)[d];
      u.require(extent == 1 || x == 1 || extent == x, "extents of one letter differ");
      extent = extent == 1 ? x : extent;
      ++seen[term[d]];
    }
  }
  if (arrow != std::string::npos) {
    e.result = text.substr(arrow + 2);
    spell(e.result, open);
  } else {
    e.result = letters(0, open);
    for (const auto& [c, times] : seen)
      if (times == 1 && c > 32) e.result += c;
  }
  for (const char c : e.result) u.require(e.extents.count(c) != 0, "a letter that no operand has");
  return e;
}

// An operand after the other joins what has been multiplied so far; letters that nothing behind it
// has are summed there. A single operand has one step, without a right side.
struct Step {
  std::string left, right, kept;
};
std::vector<Step> steps_of(const Equation& e) {
  std::vector<Step> steps;
  std::string so_far = e.terms[0];
  const std::size_t count = std::max<std::size_t>(2, e.terms.size());
  for (std::size_t k = 1; k < count; ++k) {
    Step s{so_far, k < e.terms.size() ? e.terms[k] : "", e.result};
    if (k + 1 < count) {
      std::string behind = e.result;
      for (std::size_t later = k + 1; later < count; ++later) behind += e.terms[later];
      s.kept.clear();
      for (const char c : s.left + s.right)
        if (behind.find(c) != std::string::npos && s.kept.find(c) == std::string::npos) s.kept += c;
    }
    so_far = s.kept;
    steps.push_back(std::move(s));
  }
  return steps;
}

// Of one operand or two (right: null).
Array contracted(const Step& step, const Array& left, const Array* right) {
  std::map<char, I> extents;
  const auto meet = [&](const std::string& letters, const Shape& shape) {
    for (std::size_t d = 0; d < letters.size(); ++d) {
      I& extent = extents.emplace(letters[d], 1).first->second;
      extent = extent == 1 ? shape[d] : extent;
    }
  };
  meet(step.left, left.type.shape);
  if (right != nullptr) meet(step.right, right->type.shape);
  std::string summed;
  Shape out, inner;
  for (const char c : step.kept) out.push_back(extents.at(c));
  for (const auto& [c, extent] : extents)
    if (step.kept.find(c) == std::string::npos) summed += c, inner.push_back(extent);
  const auto strides = [](const std::string& letters, const Shape& shape, const std::string& over) {
    const List own = strides_of(shape);
    List s;
    for (const char c : over) {
      I sum = 0;
      for (std::size_t d = 0; d < letters.size(); ++d)
        if (letters[d] == c && shape[d] != 1) sum += own[d];
      s.push_back(sum);
    }
    return s;
  };
  const Array& other = right != nullptr ? *right : left;
  const std::string& letters = right != nullptr ? step.right : step.left;
  const List left_inner = strides(step.left, left.type.shape, summed),
             right_inner = strides(letters, other.type.shape, summed);
  Array y(left.type.dtype, out);
  walk(out, strides(step.left, left.type.shape, step.kept),
       strides(letters, other.type.shape, step.kept), [&](I at, I i, I j) {
         double sum = 0;
         walk(inner, left_inner, right_inner, [&](I, I di, I dj) {
           sum += left.number(i + di) * (right != nullptr ? right->number(j + dj) : 1);
         });
         y.set(at, sum);
       });
  return y;
}

void einsum(Use& u) {
  const Equation e = equation_of(u);
  const std::vector<Step> steps = steps_of(e);
  for (const Step& s : steps) checked_elements(e.shape_of(s.kept), u.place());
  Array* y = u.out(0, u.dtype(0), e.shape_of(e.result));
  if (y == nullptr) return;
  Array so_far;
  for (std::size_t k = 0; k < steps.size(); ++k)
    so_far = contracted(steps[k], k == 0 ? u.data(0) : so_far,
                        k + 1 < u.size() ? &u.data(k + 1) : nullptr);
  y->f = std::move(so_far.f), y->i = std::move(so_far.i);
}

void determinant(Use& u) {
  u.require(u.rank(0) >= 2 && u.shape(0).back() == u.shape(0)[u.rank(0) - 2],
            "takes square matrices");
  Array* y = u.out(0, u.dtype(0), Shape(u.shape(0).begin(), u.shape(0).end() - 2));
  if (y == nullptr) return;
  const I n = u.shape(0).back();
  const Reals& x = u.reals(0);
  for (I b = 0; b < y->size(); ++b) {
    std::vector<double> m(x.begin() + b * n * n, x.begin() + (b + 1) * n * n);
    const auto at = [&](I r, I c) -> double& { return m[static_cast<std::size_t>(r * n + c)]; };
    double det = 1;
    for (I c = 0; c < n && det != 0; ++c) {
      I pivot = c;
      for (I r = c + 1; r < n; ++r)
        if (std::fabs(at(r, c)) > std::fabs(at(pivot, c))) pivot = r;
      if (pivot != c) {
        det = -det;
        for (I k = 0; k < n; ++k) std::swap(at(c, k), at(pivot, k));
      }
      det *= at(c, c);
      for (I r = c + 1; r < n && det != 0; ++r) {
        const double f = at(r, c) / at(c, c);
        for (I k = c; k < n; ++k) at(r, k) -= f * at(c, k);
      }
    }
    y->set(b, det);
  }
}

// Of constant matrices [.., k, n], with a bias a column where there is one.
std::optional<Why> map_constant(const Use& u, Mapper& m, bool turned_left, bool turned, float alpha,
                                const Reals* bias = nullptr) {
  const Shape& x = u.shape(0);
  if (x.size() < 2) return vector_product;
  const I n = m.result_shape().back(), k = x[x.size() - (turned_left ? 2 : 1)];
  Rows rows{.turned_left = turned_left, .p = m.parameters(n, k, 1, 1, bias != nullptr)};
  const Coded* coded = u.in(1).coded.get();
  const std::size_t channel = u.rank(1) - (turned ? 2 : 1);
  const auto weights = coded != nullptr ? code_weights(*coded, channel) : std::nullopt;
  const auto codes = coded_operand(u, m, 0);
  if (codes && weights && alpha == 1 && m.machine().int8_macs) {
    take_codes(*rows.p, *weights, codes->coding, !turned, bias, m.values());
    rows.placed = [&m, &codes](const Layout& l) { return m.operand_of(*codes->from, 0, l); };
    return map_rows(u, m, rows);
  }
  if (coded != nullptr) rows.p->format = m.format_of_codes(codes.has_value());
  if (m.values()) {
    rows.p->weights = as_rows(values_of(u.in(1))->f, n, k, turned, alpha);
    if (bias != nullptr) rows.p->bias = *bias;
  }
  return map_rows(u, m, rows);
}

// Of two activations: the inner axis is channels in both, rows of one and columns of the other run
// along columns, all else is batch.
std::optional<Why> map_both(const Use& u, Mapper& m, bool ta, bool tb, float alpha) {
  const Shape &a = u.shape(0), &b = u.shape(1), &out = m.result_shape();
  if (a.size() < 2 || b.size() < 2) return vector_product;
  const auto rank = static_cast<int>(out.size());
  const auto layout_of = [&](const Shape& s, int inner, int outer) {
    Layout l;
    for (int d = 0; d + 2 < static_cast<int>(s.size()); ++d)
      if (s[static_cast<std::size_t>(d)] != 1) l.of[Layout::n].push_back(d);
    if (s[static_cast<std::size_t>(inner)] != 1) l.of[Layout::c] = {inner};
    if (s[static_cast<std::size_t>(outer)] != 1) l.of[Layout::w] = {outer};
    return l;
  };
  const auto ra = static_cast<int>(a.size()), rb = static_cast<int>(b.size());
  const Layout la = layout_of(a, ta ? ra - 2 : ra - 1, ta ? ra - 1 : ra - 2),
               lb = layout_of(b, tb ? rb - 1 : rb - 2, tb ? rb - 2 : rb - 1);
  const I batch = kernels::elements(Shape(out.begin(), out.end() - 2));
  const auto batches = [&](const Shape& s) {
    return kernels::elements(Shape(s.begin(), s.end() - 2));
  };
  // Neighbours may share a matrix on the right: its last axes are repeated, not its first.
  const auto shared = [&] {
    std::size_t d = 0;
    const std::size_t lead = out.size() - b.size();
    while (d + 2 < out.size() && (d < lead ? 1 : b[d - lead]) == out[d]) ++d;
    for (; d + 2 < out.size(); ++d)
      if (d >= lead && b[d - lead] != 1) return false;
    return true;
  };
  if (batches(a) != batch || !shared())
    return Why{"M2", "matrices that are repeated against others", "", "Expand before the product"};
  const auto place = [&](std::size_t k, const Layout& l) {
    return u.known(k) ? m.constant(k, u.shape(k), l) : m.operand(k, l);
  };
  ValueId y = m.node("matmul", {place(0, la), place(1, lb)});
  Layout to;
  for (int d = 0; d + 2 < rank; ++d)
    if (out[static_cast<std::size_t>(d)] != 1) to.of[Layout::n].push_back(d);
  if (out.back() != 1) to.of[Layout::c] = {rank - 1};
  if (out[out.size() - 2] != 1) to.of[Layout::w] = {rank - 2};
  if (alpha != 1) y = m.elementwise("mul", y, m.scalar(alpha));
  m.result(0, y, to);
  return std::nullopt;
}

std::optional<Why> map_matmul(const Use& u, Mapper& m) {
  const bool ta = u.integer("transA", 0) != 0, tb = u.integer("transB", 0) != 0;
  const float alpha = u.real("alpha", 1);
  // A stack of constant matrices is an operand like any other.
  if (u.known(1) && !u.known(0) && u.rank(1) >= 2 &&
      kernels::elements(u.shape(1)) == u.shape(1).back() * u.shape(1)[u.rank(1) - 2])
    return map_constant(u, m, ta, tb, alpha);
  return map_both(u, m, ta, tb, alpha);
}

std::optional<Why> map_gemm(const Use& u, Mapper& m) {
  const I columns = m.result_shape().back();
  const auto a_column = [&](const Shape& c) {
    return kernels::elements(c) == columns && (columns == 1 || c.back() == columns);
  };
  if (u.has(2) && (!u.known(2) || u.real("beta", 1) != 1 || !a_column(u.shape(2))))
    return Why{"M3", "a sum that is no bias a column", "", "MatMul and Add"};
  if (!u.known(1)) return Why{"M3", "a Gemm of two activations", "", "MatMul and Add"};
  const Data bias = u.has(2) ? values_of(u.in(2)) : nullptr;
  return map_constant(u, m, u.integer("transA", 0) != 0, u.integer("transB", 0) != 0,
                      u.real("alpha", 1), bias != nullptr ? &bias->f : nullptr);
}

kernels::Work product_work(const Use& u) {
  const bool ta = u.integer("transA", 0) != 0;
  const Shape& a = u.shape(0);
  const Shape& out = u.outputs().at(0).type.shape;
  const I k = a.empty() ? 1 : ta && a.size() > 1 ? a[a.size() - 2] : a.back();
  const I all = kernels::elements(out), n = out.empty() ? 1 : out.back();
  const bool weights = u.known(1);
  kernels::Work w{.kind = kernels::WorkKind::gemm, .macs = Macs{all * k}};
  const I right = kernels::elements(u.shape(1));
  w.read = Bytes{kernels::elements(a) + (weights ? 0 : right)};
  w.weights = Bytes{weights ? right : 0};
  w.written = Bytes{all};
  // Matrices of their own on the right are products one after the other.
  const I stacked = k * n > 0 ? std::max<I>(1, right / (k * n)) : 1;
  w.n = n, w.k = k, w.batch = stacked;
  w.m = n > 0 ? std::max<I>(1, all / n / stacked) : 0;
  w.bias = u.has(2);
  return w;
}

// Letters of both sides and the result are batch, those that are summed are inner; the others are
// rows or columns, by the side that has them. Of several products the extents are the largest's.
kernels::Work einsum_work(const Use& u) {
  const Equation e = equation_of(u);
  const auto in = [](const std::string& letters, char c) {
    return letters.find(c) != std::string::npos;
  };
  kernels::Work w{.kind = kernels::WorkKind::elementwise};
  Saturated macs = 0, others = 0;
  I largest = -1;
  for (const Step& step : steps_of(e)) {
    I m = 1, n = 1, k = 1, batch = 1;
    for (const auto& [c, extent] : e.extents) {
      if (!in(step.left, c) && !in(step.right, c)) continue;
      I& part = !in(step.kept, c)                       ? k
                : in(step.left, c) && in(step.right, c) ? batch
                : in(step.left, c)                      ? m
                                                        : n;
      part = (Saturated(part) * extent).value();
    }
    const I all = (Saturated(batch) * m * n * k).value();
    const bool product = !step.right.empty() && (m != 1 || n != 1 || k != 1);
    (product ? macs : others) = (product ? macs : others) + all;
    if (product && all > largest) {
      largest = all;
      w.kind = kernels::WorkKind::gemm;
      w.m = m, w.n = n, w.k = k, w.batch = batch;
    }
  }
  // A sum, or elements in another order.
  if (u.size() == 1) w.kind = kernels::WorkKind::reduction;
  w.macs = Macs{macs.value()};
  w.other_flops = others.value();
  I read = 0, weights = 0;
  for (std::size_t k = 0; k < u.size(); ++k)
    (k > 0 && u.known(k) ? weights : read) += kernels::elements(u.shape(k));
  w.read = Bytes{read};
  w.weights = Bytes{weights};
  w.written = Bytes{kernels::elements(u.outputs().at(0).type.shape)};
  return w;
}

}  // namespace

Family products() {
  static const std::vector<Operator> all{
      {.name = "MatMul", .run = matmul, .takes = takes(2), .work = product_work, .map = map_matmul},
      {.name = "Gemm",
       .run = gemm_operator,
       .takes = takes(3).from(11, 2, 3).with({real("alpha"), real("beta"), flag("transA"),
                                              flag("transB"), flag("broadcast").until(6)}),
       .work = product_work,
       .map = map_gemm},
      {.name = "com.microsoft.FusedMatMul",
       .run = fused_matmul,
       .takes = takes(2).with({real("alpha"), flag("transA"), flag("transB"),
                               only("transBatchA", 0), only("transBatchB", 0)}),
       .work = product_work,
       .map = map_matmul},
      {.name = "Einsum",
       .since = 12,
       .run = einsum,
       .takes = takes(1, any_number).with({text("equation")}),
       .work = einsum_work},
      {.name = "Det", .since = 11, .run = determinant, .takes = takes(1), .cost = {.flops = 8}},
  };
  return all;
}

}  // namespace ane::workloads::model::ops
