// What ONNX Runtime's optimiser joins into one node of com.microsoft, as its exporters write it
// [ContribOperators.md of ONNX Runtime].
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "isa/error.h"
#include "workloads/model/ops/families.h"
#include "workloads/model/ops/gemm.h"

namespace ane::workloads::model::ops {
namespace {

using I = std::int64_t;
using Floats = Reals;

// Heads of [batch, length, heads * size] tensors, softmax(q k' scale + bias) v.
struct Heads {
  I batch, queries, keys, heads, kv_heads, size, value_size;
  double scale;
};
template <class Allowed>
void attend(const Heads& h, const Floats& q, const Floats& k, const Floats& v, Array& y,
            Allowed allowed) {
  std::vector<double> score(static_cast<std::size_t>(h.keys));
  for (I b = 0; b < h.batch; ++b)
    for (I head = 0; head < h.heads; ++head) {
      const I kv = head / (h.heads / h.kv_heads);
      for (I i = 0; i < h.queries; ++i) {
        double top = -std::numeric_limits<double>::infinity(), sum = 0;
        for (I j = 0; j < h.keys; ++j) {
          double s = 0;
          for (I d = 0; d < h.size; ++d)
            s +=
                static_cast<double>(q[static_cast<std::size_t>(
                    ((b * h.queries + i) * h.heads + head) * h.size + d)]) *
                static_cast<double>(
                    k[static_cast<std::size_t>(((b * h.keys + j) * h.kv_heads + kv) * h.size + d)]);
          s = s * h.scale + allowed(b, head, i, j);
          score[static_cast<std::size_t>(j)] = s;
          top = std::max(top, s);
        }
        for (double& s : score) s = std::isfinite(top) ? std::exp(s - top) : 0, sum += s;
        for (I d = 0; d < h.value_size; ++d) {
          double out = 0;
          for (I j = 0; j < h.keys; ++j)
            out += score[static_cast<std::size_t>(j)] *
                   static_cast<double>(v[static_cast<std::size_t>(
                       ((b * h.keys + j) * h.kv_heads + kv) * h.value_size + d)]);
          y.set(((b * h.queries + i) * h.heads + head) * h.value_size + d, sum > 0 ? out / sum : 0);
        }
      }
    }
}

// An optional mask of int32 in one of the forms that Attention takes, as what is added to a score.
auto mask_of(Use& u, std::size_t operand, I batch, I keys, bool causal, I past) {
  const bool has = u.has(operand);
  Wholes mask = has ? u.integers(operand) : Wholes{};
  const Shape shape = has ? u.shape(operand) : Shape{};
  const bool lengths = has && shape.size() == 1;
  u.require(!has || (lengths && shape[0] == batch) ||
                (shape.size() == 2 && shape[0] == batch && shape[1] == keys) ||
                (shape.size() == 3 && shape[0] == batch && shape[2] == keys),
            "a mask of lengths, [batch, keys] or [batch, queries, keys]");
  const auto off = static_cast<double>(u.real("mask_filter_value", -10000));
  return [mask = std::move(mask), shape, has, lengths, causal, past, keys, off](I b, I i,
                                                                                I j) -> double {
    if (causal && j > i + past) return -std::numeric_limits<double>::infinity();
    if (!has) return 0;
    const bool on = lengths ? j < mask[static_cast<std::size_t>(b)]
                    : shape.size() == 2
                        ? mask[static_cast<std::size_t>(b * keys + j)] != 0
                        : mask[static_cast<std::size_t>((b * shape[1] + i) * keys + j)] != 0;
    return on ? 0 : off;
  };
}

// input [b, s, d], weights [d, 3 h], bias, mask, past, added
void attention(Use& u) {
  u.require(u.rank(0) == 3 && u.rank(1) == 2, "takes [batch, length, width]");
  if (u.has(4) || u.wants(1)) u.refuse("a past is not known", "the model without its cache");
  const I b = u.shape(0)[0], s = u.shape(0)[1], d = u.shape(0)[2],
          heads = u.integer("num_heads", 1);
  std::vector<I> sizes = u.list("qkv_hidden_sizes");
  const I all = u.shape(1)[1];
  if (sizes.empty()) sizes = {all / 3, all / 3, all / 3};
  u.require(sizes.size() == 3 && sizes[0] + sizes[1] + sizes[2] == all && u.shape(1)[0] == d &&
                heads >= 1 && sizes[0] == sizes[1] && sizes[0] % heads == 0 &&
                sizes[2] % heads == 0,
            "weights that do not fit");
  Array* y = u.out(0, u.dtype(0), {b, s, sizes[2]});
  if (y == nullptr) return;
  Floats qkv(static_cast<std::size_t>(b * s * all), 0);
  gemm(u.reals(0).data(), u.reals(1).data(), qkv.data(), b * s, all, d);
  if (u.has(2))
    for (std::size_t k = 0; k < qkv.size(); ++k)
      qkv[k] += u.reals(2).at(k % static_cast<std::size_t>(all));
  const auto part = [&](I from, I width) {
    Floats p;
    for (I r = 0; r < b * s; ++r)
      p.insert(p.end(), qkv.begin() + r * all + from, qkv.begin() + r * all + from + width);
    return p;
  };
  const float said = u.real("scale", 0);
  const Heads h{
      b,
      s,
      s,
      heads,
      heads,
      sizes[0] / heads,
      sizes[2] / heads,
      said != 0 ? static_cast<double>(said) : 1 / std::sqrt(static_cast<double>(sizes[0] / heads))};
  const auto mask = mask_of(u, 3, b, s, u.integer("unidirectional", 0) != 0, 0);
  const bool added = u.has(5);
  const Shape bias = added ? u.shape(5) : Shape{};
  u.require(!added || (bias.size() == 4 && bias[2] == s && bias[3] == s &&
                       (bias[0] == 1 || bias[0] == b) && (bias[1] == 1 || bias[1] == heads)),
            "scores to add of another shape");
  attend(h, part(0, sizes[0]), part(sizes[0], sizes[1]), part(sizes[0] + sizes[1], sizes[2]), *y,
         [&](I bi, I hi, I i, I j) {
           const double more =
               added ? u.data(5).number(
                           ((bias[0] == 1 ? 0 : bi) * bias[1] + (bias[1] == 1 ? 0 : hi)) * s * s +
                           i * s + j)
                     : 0;
           return mask(bi, i, j) + more;
         });
}

// query, key, value [b, s, h], bias, mask, added
void multi_head_attention(Use& u) {
  if (u.has(6) || u.has(7) || u.wants(1))
    u.refuse("a past is not known", "the model without its cache");
  u.require(u.rank(0) == 3 && u.has(1) && u.has(2) && u.rank(1) == 3 && u.rank(2) == 3,
            "takes query, key and value [batch, length, width]");
  const I b = u.shape(0)[0], s = u.shape(0)[1], t = u.shape(1)[1],
          heads = u.integer("num_heads", 1), width = u.shape(0)[2], values = u.shape(2)[2];
  u.require(heads >= 1 && width % heads == 0 && values % heads == 0 && u.shape(1)[2] == width &&
                u.shape(2)[1] == t,
            "heads that do not fit");
  Array* y = u.out(0, u.dtype(0), {b, s, values});
  if (y == nullptr) return;
  Floats q = u.reals(0), k = u.reals(1), v = u.reals(2);
  if (u.has(3)) {
    const Floats& bias = u.reals(3);
    u.require(static_cast<I>(bias.size()) == 2 * width + values, "a bias of another size");
    for (std::size_t i = 0; i < q.size(); ++i) q[i] += bias[i % static_cast<std::size_t>(width)];
    for (std::size_t i = 0; i < k.size(); ++i)
      k[i] += bias[static_cast<std::size_t>(width) + i % static_cast<std::size_t>(width)];
    for (std::size_t i = 0; i < v.size(); ++i)
      v[i] += bias[static_cast<std::size_t>(2 * width) + i % static_cast<std::size_t>(values)];
  }
  const float said = u.real("scale", 0);
  const auto mask = mask_of(u, 4, b, t, u.integer("unidirectional", 0) != 0, 0);
  attend(
      {b, s, t, heads, heads, width / heads, values / heads,
       said != 0 ? static_cast<double>(said) : 1 / std::sqrt(static_cast<double>(width / heads))},
      q, k, v, *y, [&](I bi, I hi, I i, I j) {
        double more = 0;
        if (u.has(5)) {
          const Shape& e = u.shape(5);
          more = u.data(5).number(
              ((e.at(0) == 1 ? 0 : bi) * e.at(1) + (e.at(1) == 1 ? 0 : hi)) * s * t + i * t + j);
        }
        return mask(bi, i, j) + more;
      });
}

// x [b, s, h] or [b, n, s, d], positions, cosines, sines [p, d / 2]
void rotary(Use& u) {
  const Shape& x = u.shape(0);
  u.require(x.size() == 3 || x.size() == 4, "takes three axes or four");
  const I half = u.shape(2).back(), said = u.integer("num_heads", 0);
  const I size = x.size() == 4 ? x[3] : said > 0 ? x[2] / said : 2 * half;
  const bool pairs = u.integer("interleaved", 0) != 0;
  const I turned = u.integer("rotary_embedding_dim", 0);
  u.require((turned == 0 || turned == 2 * half) && size > 0 && 2 * half <= size &&
                u.shape(2) == u.shape(3) && x.back() % size == 0,
            "angles that do not fit");
  Array* y = u.out(0, u.dtype(0), x);
  if (y == nullptr) return;
  const Floats& in = u.reals(0);
  const Wholes at = u.integers(1);
  const I batch = x[0], length = x.size() == 4 ? x[2] : x[1],
          heads = x.size() == 4 ? x[1] : x[2] / size;
  for (I b = 0; b < batch; ++b)
    for (I s = 0; s < length; ++s)
      for (I h = 0; h < heads; ++h) {
        const I base = x.size() == 4 ? ((b * heads + h) * length + s) * size
                                     : ((b * length + s) * heads + h) * size;
        const I p = at.size() == 1 ? at[0] + s : at.at(static_cast<std::size_t>(b * length + s));
        u.require(p >= 0 && p < u.shape(2)[0], "a position without angles");
        for (I k = 0; k < size; ++k)
          y->f[static_cast<std::size_t>(base + k)] = in[static_cast<std::size_t>(base + k)];
        for (I k = 0; k < half; ++k) {
          const auto i = static_cast<std::size_t>(base + (pairs ? 2 * k : k)),
                     j = static_cast<std::size_t>(base + (pairs ? 2 * k + 1 : k + half));
          const auto angle = static_cast<std::size_t>(p * half + k);
          const float c = u.reals(2)[angle], sn = u.reals(3)[angle];
          y->f[i] = in[i] * c - in[j] * sn;
          y->f[j] = in[j] * c + in[i] * sn;
        }
      }
}

// ids, segments, words, positions, segment table, scale, shift, mask
void embed_layer_norm(Use& u) {
  u.require(u.rank(0) == 2 && u.rank(2) == 2 && u.rank(3) == 2 && u.shape(3)[1] == u.shape(2)[1] &&
                (!u.has(1) || (u.has(4) && u.rank(4) == 2 && u.shape(4)[1] == u.shape(2)[1])),
            "takes ids [batch, length] and tables of one width");
  const I b = u.shape(0)[0], s = u.shape(0)[1], d = u.shape(2)[1];
  Array *y = u.out(0, u.dtype(2), {b, s, d}),
        *lengths = u.wants(1) ? u.out(1, Dtype::i32, {b}) : nullptr,
        *sums = u.wants(2) ? u.out(2, u.dtype(2), {b, s, d}) : nullptr;
  if (y == nullptr) return;
  const Wholes ids = u.integers(0), segments = u.has(1) ? u.integers(1) : Wholes{},
               mask = u.has(7) ? u.integers(7) : Wholes{};
  const Floats &words = u.reals(2), &places = u.reals(3);
  const auto row = [&](const Floats& table, I at, I rows) {
    u.require(at >= 0 && at < rows, "an id that the table lacks");
    return table.data() + at * d;
  };
  const auto epsilon = static_cast<double>(u.real("epsilon", 1e-12F));
  Floats x(static_cast<std::size_t>(d));
  for (I r = 0; r < b * s; ++r) {
    const auto i = static_cast<std::size_t>(r);
    const float *w = row(words, ids[i], u.shape(2)[0]),
                *p = row(places, u.has(8) ? u.integers(8).at(i) : r % s, u.shape(3)[0]);
    const float* seg = segments.empty() ? nullptr : row(u.reals(4), segments[i], u.shape(4)[0]);
    double mean = 0, var = 0;
    for (I k = 0; k < d; ++k)
      x[static_cast<std::size_t>(k)] = w[k] + p[k] + (seg != nullptr ? seg[k] : 0),
      mean += static_cast<double>(x[static_cast<std::size_t>(k)]);
    mean /= static_cast<double>(d);
    for (const float v : x)
      var += (static_cast<double>(v) - mean) * (static_cast<double>(v) - mean);
    const double scale = 1 / std::sqrt(var / static_cast<double>(d) + epsilon);
    for (I k = 0; k < d; ++k) {
      const auto c = static_cast<std::size_t>(k);
      y->set(r * d + k,
             (static_cast<double>(x[c]) - mean) * scale * static_cast<double>(u.reals(5).at(c)) +
                 static_cast<double>(u.reals(6).at(c)));
      if (sums != nullptr) sums->f[static_cast<std::size_t>(r * d + k)] = x[c];
    }
  }
  if (lengths != nullptr)
    for (I k = 0; k < b * s && !mask.empty(); ++k)
      lengths->i[static_cast<std::size_t>(k / s)] += mask[static_cast<std::size_t>(k)];
}

kernels::Work attention_work(const Use& u) {
  const bool fused = u.node.op == "Attention";
  const Shape& q = u.shape(0);
  const Shape& y = u.outputs().at(0).type.shape;
  const I s = q[1], t = fused ? s : u.shape(1)[1], b = q[0];
  const I width = fused ? y[2] : q[2];
  kernels::Work w{.kind = kernels::WorkKind::attention, .macs = Macs{b * s * t * (width + y[2])}};
  if (fused) {
    w.macs = Macs{w.macs.count + b * s * kernels::elements(u.shape(1))};
    w.weights = Bytes{kernels::elements(u.shape(1))};
  }
  w.other_flops = b * u.integer("num_heads", 1) * s * t * 14;
  w.read = Bytes{b * s * width + 2 * b * t * width};
  w.written = Bytes{kernels::elements(y)};
  w.m = s, w.n = t, w.k = width / std::max<I>(1, u.integer("num_heads", 1)),
  w.batch = b * std::max<I>(1, u.integer("num_heads", 1));
  return w;
}

}  // namespace

Family fused() {
  const std::vector<Rule> attends{real("mask_filter_value"), whole("num_heads", 1), real("scale"),
                                  flag("unidirectional")};
  static const std::vector<Operator> all{
      {.name = "com.microsoft.Attention",
       .run = attention,
       .takes = takes(2, 6).with(attends).with(
           {only("do_rotary", 0), only("past_present_share_buffer", 0), wholes("qkv_hidden_sizes"),
            only("rotary_embedding_dim", 0)}),
       .work = attention_work},
      {.name = "com.microsoft.MultiHeadAttention",
       .run = multi_head_attention,
       .takes = takes(3, 8).with(attends),
       .work = attention_work},
      {.name = "com.microsoft.RotaryEmbedding",
       .run = rotary,
       .takes =
           takes(4).with({flag("interleaved"), only("is_packed_batching", 0), whole("num_heads", 0),
                          whole("rotary_embedding_dim", 0), only_real("scale", 1)}),
       .cost = {.flops = 3}},
      {.name = "com.microsoft.EmbedLayerNormalization",
       .run = embed_layer_norm,
       .takes = takes(7, 9).with({real("epsilon"), flag("mask_index_type")}),
       .cost = {.kind = kernels::WorkKind::gather, .flops = 10}},
  };
  return all;
}

}  // namespace ane::workloads::model::ops
