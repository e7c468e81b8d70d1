// Models of one operator with random shapes, attributes and values, and what this program's
// references give for them, a line of JSON each; compare.mjs asks ONNX Runtime the same.
//
//   onnxruntime_cases COUNT [SEED] >cases.jsonl
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <random>

#include "isa/error.h"
#include "tests/onnx_writer.h"
#include "workloads/model/bind.h"
#include "workloads/onnx/onnx.h"

namespace {

using namespace ane;
using onnx_writer::attribute;
using Dims = std::vector<std::int64_t>;
namespace md = workloads::model;

// Codes of TensorProto.
enum Type { real = 1, u8 = 2, i8 = 3, i32 = 6, i64 = 7, boolean = 9 };

struct Input {
  Type type = real;
  Dims dims{};
  std::vector<double> values{};
};

std::int64_t count(const Dims& d) {
  std::int64_t n = 1;
  for (const std::int64_t e : d) n *= e;
  return n;
}

struct Case {
  std::string op{}, domain{};
  std::int64_t opset = 17;
  std::vector<std::string> attributes{};
  std::vector<std::string> operands{};  // by name; empty: left out
  std::map<std::string, Input> inputs{};
  std::vector<std::pair<std::string, Type>> outputs{{"y", real}};
  std::vector<std::string> constants{};
  double tolerance = 1e-4;  // of |y| + 1
};

class Maker {
 public:
  explicit Maker(std::uint64_t seed) : random_(seed) {}

  std::int64_t whole(std::int64_t least, std::int64_t most) {
    return std::uniform_int_distribution<std::int64_t>(least, most)(random_);
  }
  bool coin() { return whole(0, 1) == 1; }
  double number(double least, double most) {
    // As float32, which is what both sides get.
    return static_cast<double>(
        static_cast<float>(std::uniform_real_distribution<double>(least, most)(random_)));
  }
  template <class T>
  const T& one_of(const std::vector<T>& all) {
    return all[static_cast<std::size_t>(whole(0, std::ssize(all) - 1))];
  }
  Dims dims(std::int64_t least_rank, std::int64_t most_rank, std::int64_t most = 6) {
    Dims d(static_cast<std::size_t>(whole(least_rank, most_rank)));
    for (std::int64_t& e : d) e = whole(1, most);
    return d;
  }
  // What broadcasts against d.
  Dims broadcast(Dims d) {
    for (std::int64_t& e : d)
      if (whole(0, 3) == 0) e = 1;
    const auto from = whole(0, std::ssize(d) - 1);
    return coin() ? d : Dims(d.begin() + from, d.end());
  }
  std::int64_t axis(std::int64_t rank) { return whole(-rank, rank - 1); }

  void give(Case& c, const std::string& name, Dims d, double least = -2, double most = 2,
            Type type = real) {
    Input in{.type = type, .dims = std::move(d), .values = {}};
    for (std::int64_t k = 0; k < count(in.dims); ++k)
      in.values.push_back(type == real
                              ? number(least, most)
                              : static_cast<double>(whole(static_cast<std::int64_t>(least),
                                                          static_cast<std::int64_t>(most))));
    c.operands.push_back(name);
    c.inputs[name] = std::move(in);
  }
  // Whole numbers that shapes may depend on.
  static void fixed(Case& c, const std::string& name, const Dims& values) {
    c.constants.push_back(onnx_writer::whole(name, values));
    c.operands.push_back(name);
  }

 private:
  std::mt19937_64 random_;
};

using Generator = std::function<Case(Maker&)>;

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

// Strides, dilations and padding of a window over `spatial`; true where a window fits.
bool window(Maker& m, Case& c, const Dims& spatial, const Dims& kernel, bool dilates,
            bool whole_pads) {
  const std::size_t n = spatial.size();
  Dims strides(n), dilations(n, 1), pads(2 * n, 0);
  for (std::size_t k = 0; k < n; ++k) {
    strides[k] = m.whole(1, 3);
    if (dilates) dilations[k] = m.whole(1, 2);
    const std::int64_t reach = dilations[k] * (kernel[k] - 1) + 1;
    const std::int64_t most = whole_pads ? reach - 1 : kernel[k] - 1;
    pads[k] = m.whole(0, std::max<std::int64_t>(0, most));
    pads[n + k] = m.whole(0, std::max<std::int64_t>(0, most));
    if (spatial[k] + pads[k] + pads[n + k] < reach) return false;
  }
  c.attributes.push_back(attribute("strides", strides));
  if (dilates) c.attributes.push_back(attribute("dilations", dilations));
  const std::int64_t how = m.whole(0, 5);
  if (how == 0 && !dilates)
    c.attributes.push_back(attribute("auto_pad", m.coin() ? "SAME_UPPER" : "SAME_LOWER"));
  else if (how == 1 && std::ranges::equal(spatial, kernel, std::greater_equal{}) && !dilates)
    c.attributes.push_back(attribute("auto_pad", "VALID"));
  else
    c.attributes.push_back(attribute("pads", pads));
  return true;
}

Dims spatial(Maker& m, std::int64_t n, std::int64_t most) {
  return m.dims(n, n, most);
}
Dims joined(std::initializer_list<std::int64_t> front, const Dims& back) {
  Dims d(front);
  d.insert(d.end(), back.begin(), back.end());
  return d;
}

Case conv(Maker& m) {
  for (;;) {
    Case c{.op = "Conv"};
    const std::int64_t n = m.whole(1, 3), groups = m.whole(1, 3), per = m.whole(1, 3);
    const Dims s = spatial(m, n, 8), k = spatial(m, n, 4);
    if (!window(m, c, s, k, m.coin(), true)) continue;
    m.give(c, "x", joined({m.whole(1, 2), groups * per}, s));
    m.give(c, "w", joined({groups * m.whole(1, 3), per}, k), -1, 1);
    if (m.coin()) m.give(c, "b", {c.inputs["w"].dims[0]});
    c.attributes.push_back(attribute("group", groups));
    c.attributes.push_back(attribute("kernel_shape", k));
    return c;
  }
}

Case conv_transpose(Maker& m) {
  Case c{.op = "ConvTranspose"};
  const std::int64_t n = m.whole(1, 2), groups = m.whole(1, 2), per = m.whole(1, 3);
  const Dims s = spatial(m, n, 6), k = spatial(m, n, 4);
  Dims strides(static_cast<std::size_t>(n)), pads(2 * static_cast<std::size_t>(n), 0),
      more(static_cast<std::size_t>(n), 0);
  for (std::size_t d = 0; d < s.size(); ++d) {
    strides[d] = m.whole(1, 3);
    more[d] = m.whole(0, strides[d] - 1);
    if ((s[d] - 1) * strides[d] + k[d] > 2) pads[d] = m.whole(0, 1);
  }
  m.give(c, "x", joined({m.whole(1, 2), groups * per}, s));
  m.give(c, "w", joined({groups * per, m.whole(1, 3)}, k), -1, 1);
  if (m.coin()) m.give(c, "b", {c.inputs["w"].dims[1] * groups});
  c.attributes = {attribute("strides", strides), attribute("pads", pads),
                  attribute("output_padding", more), attribute("group", groups),
                  attribute("kernel_shape", k)};
  return c;
}

Case pool(Maker& m, const std::string& op) {
  for (;;) {
    Case c{.op = op};
    const std::int64_t n = m.whole(1, 3);
    const Dims s = spatial(m, n, 8), k = spatial(m, n, 4);
    const bool dilates = op == "MaxPool" && m.coin();
    if (!window(m, c, s, k, dilates, false)) continue;
    m.give(c, "x", joined({m.whole(1, 2), m.whole(1, 3)}, s));
    c.attributes.push_back(attribute("kernel_shape", k));
    if (op == "AveragePool") c.attributes.push_back(attribute("count_include_pad", m.whole(0, 1)));
    return c;
  }
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

Case matmul(Maker& m) {
  Case c{.op = "MatMul"};
  const std::int64_t k = m.whole(1, 8);
  const Dims batch = m.dims(0, 2, 3);
  Dims a = batch, b = batch.empty() || m.coin() ? Dims{} : m.broadcast(batch);
  if (m.whole(0, 7) == 0 && batch.empty())
    a = {k};
  else
    a.push_back(m.whole(1, 6)), a.push_back(k);
  if (m.whole(0, 7) == 0)
    b = {k};
  else
    b.push_back(k), b.push_back(m.whole(1, 6));
  m.give(c, "a", a);
  m.give(c, "b", b);
  return c;
}

Case gemm(Maker& m) {
  Case c{.op = "Gemm"};
  const std::int64_t rows = m.whole(1, 6), cols = m.whole(1, 6), k = m.whole(1, 8);
  const bool ta = m.coin(), tb = m.coin();
  m.give(c, "a", ta ? Dims{k, rows} : Dims{rows, k});
  m.give(c, "b", tb ? Dims{cols, k} : Dims{k, cols});
  if (m.coin())
    m.give(c, "c", m.one_of<Dims>({{cols}, {1, cols}, {rows, 1}, {rows, cols}, {1}, {}}));
  c.attributes = {attribute("transA", static_cast<std::int64_t>(ta)),
                  attribute("transB", static_cast<std::int64_t>(tb)),
                  attribute("alpha", static_cast<float>(m.number(-2, 2))),
                  attribute("beta", static_cast<float>(m.number(-2, 2)))};
  return c;
}

Case einsum(Maker& m) {
  struct Form {
    std::string equation;
    std::vector<std::string> letters;
  };
  const Form f = m.one_of<Form>({{"ij,jk->ik", {"ij", "jk"}},
                                 {"bhqd,bhkd->bhqk", {"bhqd", "bhkd"}},
                                 {"bij,bjk->bik", {"bij", "bjk"}},
                                 {"ij->ji", {"ij"}},
                                 {"bij->bi", {"bij"}},
                                 {"i,j->ij", {"i", "j"}},
                                 {"bnd,hd->bhn", {"bnd", "hd"}}});
  Case c{.op = "Einsum"};
  std::map<char, std::int64_t> extents;
  for (std::size_t k = 0; k < f.letters.size(); ++k) {
    Dims d;
    for (const char letter : f.letters[k]) {
      if (extents[letter] == 0) extents[letter] = m.whole(1, 5);
      d.push_back(extents[letter]);
    }
    m.give(c, fmt::format("x{}", k), d);
  }
  c.attributes = {attribute("equation", f.equation)};
  return c;
}

Case norm(Maker& m, const std::string& op) {
  Case c{.op = op};
  Dims d = op == "LayerNormalization" ? m.dims(1, 4)
                                      : joined({m.whole(1, 2), m.whole(1, 4)}, m.dims(1, 3));
  m.give(c, "x", d);
  if (op == "LayerNormalization") {
    const std::int64_t a = m.axis(std::ssize(d));
    const auto from = a < 0 ? a + std::ssize(d) : a;
    m.give(c, "s", Dims(d.begin() + from, d.end()));
    if (m.coin()) m.give(c, "b", Dims(d.begin() + from, d.end()));
    c.attributes = {attribute("axis", a)};
  } else {
    m.give(c, "s", {d[1]});
    m.give(c, "b", {d[1]});
    if (op == "BatchNormalization") {
      m.give(c, "mean", {d[1]});
      m.give(c, "var", {d[1]}, 0.1, 2);
    }
  }
  c.attributes.push_back(attribute("epsilon", static_cast<float>(m.number(1e-5, 1e-2))));
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

Case resize(Maker& m) {
  Case c{.op = "Resize", .tolerance = 1e-3};
  const Dims d = joined({1, m.whole(1, 3)}, m.dims(2, 2, 7));
  m.give(c, "x", d);
  c.operands.insert(c.operands.end(), {"", ""});
  Maker::fixed(c, "sizes", joined({1, d[1]}, m.dims(2, 2, 12)));
  const std::string mode = m.one_of<std::string>({"nearest", "linear"});
  c.attributes = {attribute("mode", mode),
                  attribute("coordinate_transformation_mode",
                            m.one_of<std::string>({"half_pixel", "asymmetric", "align_corners",
                                                   "pytorch_half_pixel"}))};
  if (mode == "nearest")
    c.attributes.push_back(attribute(
        "nearest_mode",
        m.one_of<std::string>({"floor", "ceil", "round_prefer_floor", "round_prefer_ceil"})));
  return c;
}

Case blocks(Maker& m, const std::string& op) {
  Case c{.op = op};
  const std::int64_t b = m.whole(1, 3);
  m.give(c, "x",
         op == "DepthToSpace"
             ? Dims{m.whole(1, 2), b * b * m.whole(1, 2), m.whole(1, 4), m.whole(1, 4)}
             : Dims{m.whole(1, 2), m.whole(1, 3), b * m.whole(1, 3), b * m.whole(1, 3)});
  c.attributes = {attribute("blocksize", b)};
  if (op == "DepthToSpace") c.attributes.push_back(attribute("mode", m.coin() ? "DCR" : "CRD"));
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
  Maker::fixed(c, "k", {});
  c.operands.pop_back();
  c.constants.clear();
  const auto k = static_cast<double>(m.whole(-3, 3));
  m.give(c, "k", {}, k, k, i64);
  c.attributes = {attribute("upper", m.whole(0, 1))};
  return c;
}

Case recurrent(Maker& m, const std::string& op) {
  Case c{.op = op, .outputs = {{"y", real}, {"h", real}}};
  const std::int64_t gates = op == "LSTM" ? 4 : op == "GRU" ? 3 : 1;
  const std::string way = m.one_of<std::string>({"forward", "reverse", "bidirectional"});
  const std::int64_t ways = way == "bidirectional" ? 2 : 1;
  const std::int64_t steps = m.whole(1, 4), batch = m.whole(1, 3), in = m.whole(1, 4),
                     hidden = m.whole(1, 4);
  m.give(c, "x", {steps, batch, in});
  m.give(c, "w", {ways, gates * hidden, in}, -1, 1);
  m.give(c, "r", {ways, gates * hidden, hidden}, -1, 1);
  if (m.coin()) m.give(c, "b", {ways, 2 * gates * hidden}, -1, 1);
  c.attributes = {attribute("direction", way), attribute("hidden_size", hidden)};
  if (op == "GRU") c.attributes.push_back(attribute("linear_before_reset", m.whole(0, 1)));
  return c;
}

Case quantised(Maker& m, const std::string& op) {
  Case c{.op = op};
  if (op == "QuantizeLinear") {
    m.give(c, "x", m.dims(1, 4));
    m.give(c, "s", {}, 0.01, 0.1);
    const Type t = m.coin() ? u8 : i8;
    m.give(c, "z", {}, t == u8 ? 0 : -20, t == u8 ? 200 : 20, t);
    c.outputs = {{"y", t}};
  } else if (op == "DequantizeLinear") {
    const Type t = m.coin() ? u8 : i8;
    m.give(c, "x", m.dims(1, 4), t == u8 ? 0 : -128, t == u8 ? 255 : 127, t);
    m.give(c, "s", {}, 0.01, 0.1);
    m.give(c, "z", {}, t == u8 ? 0 : -20, t == u8 ? 200 : 20, t);
  } else {  // MatMulInteger
    const std::int64_t k = m.whole(1, 8);
    m.give(c, "a", {m.whole(1, 5), k}, 0, 255, u8);
    m.give(c, "b", {k, m.whole(1, 5)}, 0, 255, u8);
    if (m.coin()) {
      m.give(c, "az", {}, 0, 255, u8);
      m.give(c, "bz", {}, 0, 255, u8);
    }
    c.outputs = {{"y", i32}};
  }
  return c;
}

Case microsoft(Maker& m, const std::string& op) {
  Case c{.op = op, .domain = "com.microsoft"};
  if (op == "SkipLayerNormalization") {
    const Dims d = m.dims(3, 3);
    m.give(c, "x", d);
    m.give(c, "skip", d);
    m.give(c, "gamma", {d[2]});
    if (m.coin()) m.give(c, "beta", {d[2]});
  } else if (op == "BiasGelu") {
    const Dims d = m.dims(2, 4);
    m.give(c, "x", d);
    m.give(c, "b", {d.back()});
  } else if (op == "FusedMatMul") {
    const std::int64_t k = m.whole(1, 6);
    const bool ta = m.coin(), tb = m.coin();
    const std::int64_t rows = m.whole(1, 5), cols = m.whole(1, 5);
    m.give(c, "a", ta ? Dims{k, rows} : Dims{rows, k});
    m.give(c, "b", tb ? Dims{cols, k} : Dims{k, cols});
    c.attributes = {attribute("transA", static_cast<std::int64_t>(ta)),
                    attribute("transB", static_cast<std::int64_t>(tb)),
                    attribute("alpha", static_cast<float>(m.number(0.1, 2)))};
  } else {
    m.give(c, "x", m.dims(1, 4));
  }
  return c;
}

std::vector<std::pair<std::string, Generator>> generators() {
  std::vector<std::pair<std::string, Generator>> all;
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
  for (const char* op : {"MaxPool", "AveragePool", "LpPool"})
    add(op, [op](Maker& m) { return pool(m, op); });
  for (const char* op : {"GlobalAveragePool", "GlobalMaxPool"})
    add(op, [op](Maker& m) {
      Case c{.op = op};
      m.give(c, "x", m.dims(3, 5));
      return c;
    });
  for (const char* op : {"BatchNormalization", "InstanceNormalization", "LayerNormalization"})
    add(op, [op](Maker& m) { return norm(m, op); });
  for (const char* op : {"Gather", "GatherElements", "ScatterElements"})
    add(op, [op](Maker& m) { return gather(m, op); });
  for (const char* op : {"DepthToSpace", "SpaceToDepth"})
    add(op, [op](Maker& m) { return blocks(m, op); });
  for (const char* op : {"Expand", "Tile"}) add(op, [op](Maker& m) { return expand(m, op); });
  for (const char* op : {"Squeeze", "Unsqueeze"})
    add(op, [op](Maker& m) { return axes_of_one(m, op); });
  for (const char* op : {"LSTM", "GRU", "RNN"})
    add(op, [op](Maker& m) { return recurrent(m, op); });
  for (const char* op : {"QuantizeLinear", "DequantizeLinear", "MatMulInteger"})
    add(op, [op](Maker& m) { return quantised(m, op); });
  for (const char* op :
       {"Gelu", "FastGelu", "QuickGelu", "BiasGelu", "SkipLayerNormalization", "FusedMatMul"})
    add(std::string("com.microsoft.") + op, [op](Maker& m) { return microsoft(m, op); });
  add("Conv", conv);
  add("ConvTranspose", conv_transpose);
  add("Transpose", transpose);
  add("Reshape", reshape);
  add("Slice", slice);
  add("Concat", concat);
  add("Split", split);
  add("Pad", pad);
  add("MatMul", matmul);
  add("Gemm", gemm);
  add("Einsum", einsum);
  add("CumSum", cumsum);
  add("TopK", topk);
  add("Resize", resize);
  add("Where", where);
  add("Clip", clip);
  add("Trilu", trilu);
  return all;
}

std::string base64(const std::string& bytes) {
  constexpr std::string_view letters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t k = 0; k < bytes.size(); k += 3) {
    std::uint32_t three = 0;
    for (std::size_t b = 0; b < 3; ++b)
      three = three << 8 | (k + b < bytes.size() ? static_cast<unsigned char>(bytes[k + b]) : 0U);
    for (std::size_t b = 0; b < 4; ++b)
      text += k + b <= bytes.size() ? letters[three >> (18 - 6 * b) & 63] : '=';
  }
  return text;
}

std::string untyped_shape(const std::string& name, Type type) {
  using onnx_writer::number;
  using onnx_writer::text;
  return text(1, name) + text(2, text(1, number(1, type)));
}

std::string bytes_of(const Case& c) {
  onnx_writer::Graph g;
  for (const auto& [name, in] : c.inputs)
    g.inputs.push_back(onnx_writer::value(name, in.dims, "", in.type));
  std::vector<std::string> outputs;
  for (const auto& [name, type] : c.outputs) {
    g.outputs.push_back(untyped_shape(name, type));
    outputs.push_back(name);
  }
  g.constants = c.constants;
  g.nodes = {onnx_writer::node(c.op, "asked", c.operands, outputs, c.attributes, c.domain)};
  onnx_writer::Imports imports{.opset = c.opset, .domains = {}, .functions = {}};
  if (!c.domain.empty()) imports.domains = {c.domain};
  return onnx_writer::model(g, imports);
}

md::Dtype dtype_of(Type t) {
  switch (t) {
    case u8:
      return md::Dtype::u8;
    case i8:
      return md::Dtype::i8;
    case i32:
      return md::Dtype::i32;
    case i64:
      return md::Dtype::i64;
    case boolean:
      return md::Dtype::boolean;
    default:
      return md::Dtype::f32;
  }
}

nlohmann::json numbers(const md::Array& a) {
  nlohmann::json all = nlohmann::json::array();
  for (std::int64_t k = 0; k < a.size(); ++k) {
    const double v = a.number(k);
    if (std::isfinite(v))
      all.push_back(v);
    else
      all.push_back(fmt::format("{}", v));
  }
  return all;
}

nlohmann::json line_of(const std::string& name, const Case& c) {
  const std::string bytes = bytes_of(c);
  nlohmann::json line{{"op", name}, {"tolerance", c.tolerance}, {"model", base64(bytes)}};
  for (const auto& [input, in] : c.inputs)
    line["inputs"][input] = {{"type", in.type}, {"dims", in.dims}, {"data", in.values}};
  try {
    const md::Source source = workloads::onnx::parse_onnx(bytes, name);
    md::Binding binding;
    for (const auto& [input, in] : c.inputs) {
      auto a = std::make_shared<md::Array>(dtype_of(in.type), md::Shape(in.dims));
      for (std::size_t k = 0; k < in.values.size(); ++k)
        a->set(static_cast<std::int64_t>(k), in.values[k]);
      binding.inputs[input] = std::move(a);
    }
    for (const auto& [output, data] : md::evaluate(source, binding))
      line["outputs"][output] = {{"dims", data->type.shape}, {"data", numbers(*data)}};
  } catch (const InputError& e) {
    line["refused"] = e.what();
  }
  return line;
}

}  // namespace

int main(int argc, char** argv) {
  const std::int64_t count = argc > 1 ? std::atoll(argv[1]) : 0;
  if (count < 1) {
    fmt::print(stderr, "usage: onnxruntime_cases COUNT [SEED]\n");
    return 2;
  }
  Maker maker(argc > 2 ? static_cast<std::uint64_t>(std::atoll(argv[2])) : 1);
  const auto all = generators();
  for (std::int64_t k = 0; k < count; ++k) {
    const auto& [name, generator] = all[static_cast<std::size_t>(k) % all.size()];
    fmt::print("{}\n", line_of(name, generator(maker)).dump());
  }
}
