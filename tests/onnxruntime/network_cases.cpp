// Random convolutions, pools, products, norms, recurrent layers and quantised operators.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "tests/onnxruntime/case.h"

namespace ane::onnxruntime {
namespace {

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
    // Taps that are further apart than the input is long may all see padding; what the maximum of
    // nothing is the standard leaves open.
    if (spatial[k] < dilations[k]) return false;
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

// Whether places of the output lie on a border between two of the input's, exactly, where the scale
// has no exact float32: ONNX Runtime divides in float32 and comes out on either side.
bool on_borders(std::int64_t in, std::int64_t out, const std::string& how) {
  const double scale = static_cast<double>(out) / static_cast<double>(in);
  if (std::exp2(std::round(std::log2(scale))) == scale) return false;
  const auto last = static_cast<double>(std::max<std::int64_t>(1, out - 1));
  for (std::int64_t k = 0; k < out; ++k) {
    const auto x = static_cast<double>(k);
    const double at = how == "asymmetric"      ? x / scale
                      : how == "align_corners" ? x * static_cast<double>(in - 1) / last
                                               : (x + 0.5) / scale - 0.5;
    if (at != 0 && std::abs(2 * at - std::round(2 * at)) < 1e-4) return true;
  }
  return false;
}

Case resize(Maker& m) {
  Case c{.op = "Resize", .tolerance = 1e-3};
  const std::string mode = m.one_of<std::string>({"nearest", "linear"});
  const std::string how =
      m.one_of<std::string>({"half_pixel", "asymmetric", "align_corners", "pytorch_half_pixel"});
  for (;;) {
    const Dims from = m.dims(2, 2, 7), to = m.dims(2, 2, 12);
    if (mode == "nearest" && (on_borders(from[0], to[0], how) || on_borders(from[1], to[1], how)))
      continue;
    const std::int64_t channels = m.whole(1, 3);
    m.give(c, "x", joined({1, channels}, from));
    c.operands.insert(c.operands.end(), {"", ""});
    Maker::fixed(c, "sizes", joined({1, channels}, to));
    break;
  }
  c.attributes = {attribute("mode", mode), attribute("coordinate_transformation_mode", how)};
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

}  // namespace

Generators network_cases() {
  Generators all;
  const auto add = [&](const std::string& name, Generator g) {
    all.emplace_back(name, std::move(g));
  };
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
  for (const char* op : {"DepthToSpace", "SpaceToDepth"})
    add(op, [op](Maker& m) { return blocks(m, op); });
  for (const char* op : {"LSTM", "GRU", "RNN"})
    add(op, [op](Maker& m) { return recurrent(m, op); });
  for (const char* op : {"QuantizeLinear", "DequantizeLinear", "MatMulInteger"})
    add(op, [op](Maker& m) { return quantised(m, op); });
  add("Conv", conv);
  add("ConvTranspose", conv_transpose);
  add("MatMul", matmul);
  add("Gemm", gemm);
  add("Einsum", einsum);
  add("Resize", resize);
  return all;
}

}  // namespace ane::onnxruntime
