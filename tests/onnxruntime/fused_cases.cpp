// Random uses of what ONNX Runtime's optimisers and exporters join (com.microsoft), and of products
// of codes.
#include <algorithm>

#include "tests/onnxruntime/case.h"

namespace ane::onnxruntime {
namespace {

struct Width {
  std::int64_t batch, length, heads, size, wide;
};
Width width(Maker& m) {
  Width w{m.whole(1, 2), m.whole(1, 6), m.whole(1, 3), 8 * m.whole(1, 2), 0};
  w.wide = w.heads * w.size;
  return w;
}

// Ones with some zeros behind, as padded batches have them.
void mask(Maker& m, Case& c, const std::string& name, const Width& w) {
  Input in{.type = i32, .dims = {w.batch, w.length}, .values = {}};
  for (std::int64_t b = 0; b < w.batch; ++b) {
    const std::int64_t seen = m.whole(1, w.length);
    for (std::int64_t j = 0; j < w.length; ++j) in.values.push_back(j < seen ? 1 : 0);
  }
  c.operands.push_back(name);
  c.inputs[name] = std::move(in);
}

Case attention(Maker& m) {
  Case c{.op = "Attention", .domain = "com.microsoft", .tolerance = 1e-3};
  const Width w = width(m);
  const std::int64_t d = m.whole(1, 12);
  m.give(c, "x", {w.batch, w.length, d}, -1, 1);
  m.give(c, "w", {d, 3 * w.wide}, -1, 1);
  m.give(c, "b", {3 * w.wide}, -1, 1);
  if (m.coin()) mask(m, c, "mask", w);
  c.attributes = {attribute("num_heads", w.heads),
                  attribute("unidirectional", std::int64_t{m.coin() ? 1 : 0})};
  return c;
}

// Weights of seven bits: without VNNI ONNX Runtime adds two products of uint8 and int8 in 16 bits,
// which saturate.
Case quantised_attention(Maker& m) {
  Case c{.op = "QAttention", .domain = "com.microsoft", .tolerance = 1e-3};
  const Width w = width(m);
  const std::int64_t d = m.whole(1, 12);
  m.give(c, "x", {w.batch, w.length, d}, 0, 255, u8);
  m.give(c, "w", {d, 3 * w.wide}, -63, 63, i8);
  m.give(c, "b", {3 * w.wide}, -1, 1);
  m.give(c, "xs", {}, 0.005, 0.02);
  m.give(c, "ws", {}, 0.005, 0.02);
  c.operands.emplace_back("");
  m.give(c, "xz", {}, 0, 255, u8);
  m.give(c, "wz", {}, 0, 0, i8);
  c.attributes = {attribute("num_heads", w.heads)};
  return c;
}

Case multi_head(Maker& m) {
  Case c{.op = "MultiHeadAttention", .domain = "com.microsoft", .tolerance = 1e-3};
  const Width w = width(m);
  const std::int64_t keys = m.whole(1, 6);
  m.give(c, "q", {w.batch, w.length, w.wide});
  m.give(c, "k", {w.batch, keys, w.wide});
  m.give(c, "v", {w.batch, keys, w.wide});
  if (m.coin()) m.give(c, "b", {3 * w.wide});
  c.attributes = {attribute("num_heads", w.heads)};
  return c;
}

// One step behind a cache that may be longer than what is in it, or a prompt without one.
Case grouped(Maker& m) {
  Case c{.op = "GroupQueryAttention", .domain = "com.microsoft", .tolerance = 1e-3};
  const std::int64_t kv = m.whole(1, 2), heads = kv * m.whole(1, 3), size = 16;
  const bool prompt = m.coin(), turned = m.coin();
  const std::int64_t batch = m.whole(1, 2), length = prompt ? m.whole(2, 5) : 1,
                     kept = prompt ? 0 : m.whole(1, 6);
  m.give(c, "q", {batch, length, heads * size});
  m.give(c, "k", {batch, length, kv * size});
  m.give(c, "v", {batch, length, kv * size});
  m.give(c, "pk", {batch, kv, kept, size});
  m.give(c, "pv", {batch, kv, kept, size});
  const std::int64_t total = kept + length;
  Input ends{.type = i32, .dims = {batch}, .values = {}};
  for (std::int64_t b = 0; b < batch; ++b) ends.values.push_back(static_cast<double>(total - 1));
  c.operands.emplace_back("ends");
  c.inputs["ends"] = std::move(ends);
  c.operands.emplace_back("total");
  c.inputs["total"] = {.type = i32, .dims = {}, .values = {static_cast<double>(total)}};
  if (turned) {
    m.give(c, "cos", {16, size / 2}, -1, 1);
    m.give(c, "sin", {16, size / 2}, -1, 1);
  }
  c.attributes = {attribute("num_heads", heads), attribute("kv_num_heads", kv),
                  attribute("do_rotary", std::int64_t{turned ? 1 : 0})};
  c.outputs = {{"y", real}, {"present_k", real}, {"present_v", real}};
  return c;
}

Case skip_norm(Maker& m, const std::string& op) {
  Case c{.op = op, .domain = "com.microsoft", .tolerance = 1e-3};
  const std::int64_t d = m.whole(2, 8);
  const Dims shape{m.whole(1, 2), m.whole(1, 4), d};
  m.give(c, "x", shape);
  m.give(c, "skip", shape);
  m.give(c, "gamma", {d});
  if (op == "SkipLayerNormalization") m.give(c, "beta", {d});
  if (m.coin()) m.give(c, "b", {d});
  return c;
}

Case fused_matmul(Maker& m) {
  Case c{.op = "FusedMatMul", .domain = "com.microsoft"};
  const std::int64_t a = m.whole(1, 6), k = m.whole(1, 6), b = m.whole(1, 6);
  const bool ta = m.coin(), tb = m.coin();
  m.give(c, "a", ta ? Dims{k, a} : Dims{a, k});
  m.give(c, "b", tb ? Dims{b, k} : Dims{k, b});
  c.attributes = {attribute("transA", std::int64_t{ta ? 1 : 0}),
                  attribute("transB", std::int64_t{tb ? 1 : 0}),
                  attribute("alpha", static_cast<float>(m.number(0.25, 2)))};
  return c;
}

Case function(Maker& m, const std::string& op) {
  Case c{.op = op, .domain = "com.microsoft"};
  const Dims d = m.dims(1, 4);
  m.give(c, "x", d);
  if (op == "BiasGelu") m.give(c, "b", {d.back()});
  if (op == "QuickGelu") c.attributes = {attribute("alpha", static_cast<float>(m.number(0.5, 2)))};
  return c;
}

Case quantised_product(Maker& m) {
  Case c{.op = "QLinearMatMul"};
  const std::int64_t k = m.whole(1, 8);
  m.give(c, "a", {m.whole(1, 5), k}, 0, 255, u8);
  m.give(c, "as", {}, 0.01, 0.1);
  m.give(c, "az", {}, 0, 255, u8);
  m.give(c, "b", {k, m.whole(1, 5)}, -63, 63, i8);
  m.give(c, "bs", {}, 0.01, 0.1);
  m.give(c, "bz", {}, 0, 0, i8);
  m.give(c, "ys", {}, 1, 3);
  m.give(c, "yz", {}, 0, 255, u8);
  c.outputs = {{"y", u8}};
  return c;
}

Case quantised_conv(Maker& m) {
  Case c{.op = "QLinearConv"};
  const std::int64_t cin = m.whole(1, 3), cout = m.whole(1, 4), kernel = m.whole(1, 3);
  m.give(c, "x", {m.whole(1, 2), cin, m.whole(3, 6), m.whole(3, 6)}, 0, 255, u8);
  m.give(c, "xs", {}, 0.01, 0.1);
  m.give(c, "xz", {}, 0, 255, u8);
  m.give(c, "w", {cout, cin, kernel, kernel}, -63, 63, i8);
  m.give(c, "ws", {cout}, 0.01, 0.1);
  m.give(c, "wz", {cout}, 0, 0, i8);
  m.give(c, "ys", {}, 1, 3);
  m.give(c, "yz", {}, 0, 255, u8);
  if (m.coin()) m.give(c, "b", {cout}, -1000, 1000, i32);
  c.attributes = {attribute("pads", Dims(4, m.whole(0, kernel - 1)))};
  c.outputs = {{"y", u8}};
  return c;
}

}  // namespace

Generators fused_cases() {
  Generators all{{"Attention", attention},           {"QAttention", quantised_attention},
                 {"MultiHeadAttention", multi_head}, {"GroupQueryAttention", grouped},
                 {"FusedMatMul", fused_matmul},      {"QLinearMatMul", quantised_product},
                 {"QLinearConv", quantised_conv}};
  for (const char* op : {"SkipLayerNormalization", "SkipSimplifiedLayerNormalization"})
    all.emplace_back(op, [op](Maker& m) { return skip_norm(m, op); });
  for (const char* op : {"Gelu", "FastGelu", "QuickGelu", "BiasGelu"})
    all.emplace_back(op, [op](Maker& m) { return function(m, op); });
  return all;
}

}  // namespace ane::onnxruntime
