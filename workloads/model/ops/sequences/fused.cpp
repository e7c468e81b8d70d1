// What ONNX Runtime's optimiser joins into one node of com.microsoft, as its exporters write it
// [ContribOperators.md of ONNX Runtime].
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "isa/error.h"
#include "workloads/model/ops/codes/codes.h"
#include "workloads/model/ops/families.h"
#include "workloads/model/ops/gemm.h"
#include "workloads/model/ops/rows.h"
#include "workloads/model/ops/sequences/attend.h"

namespace ane::workloads::model::ops {
namespace {

using I = std::int64_t;
using Floats = Reals;

// What Attention and QAttention have in common: x [b, s, d] times weights [d, q + k + v].
struct Joint {
  Heads h;
  I width = 0, sizes[3] = {0, 0, 0};
  I all() const { return sizes[0] + sizes[1] + sizes[2]; }
};
Joint joint_of(const Use& u) {
  u.require(u.rank(0) == 3 && u.rank(1) == 2, "takes [batch, length, width]");
  Joint j;
  const I heads = u.integer("num_heads", 1), all = u.shape(1)[1];
  const Wholes said = u.list("qkv_hidden_sizes");
  u.require(said.empty() || said.size() == 3, "three widths of query, key and value");
  for (std::size_t k = 0; k < 3; ++k) j.sizes[k] = said.empty() ? all / 3 : said[k];
  j.width = u.shape(0)[2];
  u.require(j.sizes[0] >= 1 && j.sizes[2] >= 1 && j.all() == all && u.shape(1)[0] == j.width &&
                heads >= 1 && j.sizes[0] == j.sizes[1] && j.sizes[0] % heads == 0 &&
                j.sizes[2] % heads == 0,
            "weights that do not fit");
  const I s = u.shape(0)[1];
  j.h = {.batch = u.shape(0)[0],
         .queries = s,
         .keys = s,
         .heads = heads,
         .kv_heads = heads,
         .size = j.sizes[0] / heads,
         .value_size = j.sizes[2] / heads,
         .scale = scale_of(u, j.sizes[0] / heads)};
  return j;
}

void attend_jointly(Use& u, const Joint& j, const Floats& x, const Floats& w, std::size_t mask,
                    std::size_t more, Array& y) {
  const I rows = j.h.batch * j.h.queries, all = j.all(), s = j.h.queries;
  Floats qkv(static_cast<std::size_t>(rows * all), 0);
  gemm(x.data(), w.data(), qkv.data(), rows, all, j.width);
  if (u.has(2))
    for (std::size_t k = 0; k < qkv.size(); ++k)
      qkv[k] += u.reals(2).at(k % static_cast<std::size_t>(all));
  const auto part = [&](I from, I width) {
    Floats p;
    for (I r = 0; r < rows; ++r)
      p.insert(p.end(), qkv.begin() + r * all + from, qkv.begin() + r * all + from + width);
    return p;
  };
  const Allowed allowed = mask_of(u, mask, j.h);
  const bool added = u.has(more);
  const Shape bias = added ? u.shape(more) : Shape{};
  u.require(
      !added || (bias.size() == 4 && bias[2] == s && bias[3] == s &&
                 (bias[0] == 1 || bias[0] == j.h.batch) && (bias[1] == 1 || bias[1] == j.h.heads)),
      "scores to add of another shape");
  attend(j.h, part(0, j.sizes[0]), part(j.sizes[0], j.sizes[1]),
         part(j.sizes[0] + j.sizes[1], j.sizes[2]), y, [&](I b, I head, I i, I key) {
           const double sum =
               added ? u.data(more).number(
                           ((bias[0] == 1 ? 0 : b) * bias[1] + (bias[1] == 1 ? 0 : head)) * s * s +
                           i * s + key)
                     : 0;
           return allowed(b, head, i, key) + sum;
         });
}

void refuse_past(const Use& u, std::size_t past) {
  if (u.has(past) || u.wants(1)) u.refuse("a past is not known", "the model without its cache");
}

// input [b, s, d], weights [d, 3 h], bias, mask, past, added
void attention(Use& u) {
  refuse_past(u, 4);
  const Joint j = joint_of(u);
  Array* y = u.out(0, u.dtype(0), {j.h.batch, j.h.queries, j.sizes[2]});
  if (y != nullptr) attend_jointly(u, j, u.reals(0), u.reals(1), 3, 5, *y);
}

constexpr std::size_t none = 99;  // an operand that an operator does not have

// codes [b, s, d], weights [d, 3 h], bias, scale, weights' scale, mask, zero, weights' zero, past
void quantised_attention(Use& u) {
  refuse_past(u, 8);
  const Joint j = joint_of(u);
  Array* y = u.out(0, u.dtype(2), {j.h.batch, j.h.queries, j.sizes[2]});
  if (y == nullptr) return;
  u.require(u.data(4).size() == 1 || u.data(4).size() == j.all(), "a scale a column of weights");
  const auto reals = [&](std::size_t codes, std::size_t scale, std::size_t zero) {
    return dequantised_values({.codes = u.in(codes),
                               .scales = values_of(u.in(scale)),
                               .zeros = u.has(zero) ? values_of(u.in(zero)) : nullptr,
                               .axis = 1});
  };
  attend_jointly(u, j, reals(0, 3, 6), reals(1, 4, 7), 5, none, *y);
}

// query, key, value [b, s, h], bias, mask, added
Heads heads_of(const Use& u) {
  u.require(u.rank(0) == 3 && u.has(1) && u.has(2) && u.rank(1) == 3 && u.rank(2) == 3,
            "takes query, key and value [batch, length, width]");
  const I heads = u.integer("num_heads", 1), width = u.shape(0)[2], values = u.shape(2)[2];
  u.require(heads >= 1 && width % heads == 0 && values % heads == 0 && u.shape(1)[2] == width &&
                u.shape(2)[1] == u.shape(1)[1],
            "heads that do not fit");
  return {.batch = u.shape(0)[0],
          .queries = u.shape(0)[1],
          .keys = u.shape(1)[1],
          .heads = heads,
          .kv_heads = heads,
          .size = width / heads,
          .value_size = values / heads,
          .scale = scale_of(u, width / heads)};
}
void multi_head_attention(Use& u) {
  if (u.has(6) || u.has(7) || u.wants(1))
    u.refuse("a past is not known", "the model without its cache");
  const Heads h = heads_of(u);
  const I width = h.heads * h.size, values = h.heads * h.value_size;
  Array* y = u.out(0, u.dtype(0), {h.batch, h.queries, values});
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
  const Allowed allowed = mask_of(u, 4, h);
  attend(h, q, k, v, *y, [&](I b, I head, I i, I j) {
    double more = 0;
    if (u.has(5)) {
      const Shape& e = u.shape(5);
      more = u.data(5).number(((e.at(0) == 1 ? 0 : b) * e.at(1) + (e.at(1) == 1 ? 0 : head)) *
                                  h.queries * h.keys +
                              i * h.keys + j);
    }
    return allowed(b, head, i, j) + more;
  });
}

// query (or all three side by side), key, value [b, s, h], past keys and values [b, kv, p, d],
// lengths less one [b], the longest, cosines and sines [p, d / 2]: each sequence goes on behind
// what is kept of it.
void grouped_attention(Use& u) {
  u.require(u.rank(0) == 3 && u.has(1) == u.has(2), "takes query, key and value");
  const I heads = u.integer("num_heads", 1), kv = u.integer("kv_num_heads", 1), b = u.shape(0)[0],
          s = u.shape(0)[1], wide = u.shape(0)[2];
  u.require(heads >= 1 && kv >= 1 && heads % kv == 0, "heads that do not fit");
  const bool packed = !u.has(1);
  const I size = packed ? wide / (heads + 2 * kv) : wide / heads;
  u.require(size >= 1 && wide == size * (packed ? heads + 2 * kv : heads) &&
                (packed || (u.shape(1) == Shape{b, s, kv * size} && u.shape(2) == u.shape(1))),
            "heads that do not fit");
  u.require(u.has(3) == u.has(4) &&
                (!u.has(3) || (u.shape(3) == u.shape(4) && u.rank(3) == 4 && u.shape(3)[0] == b &&
                               u.shape(3)[1] == kv && u.shape(3)[3] == size)),
            "a past of another shape");
  const I kept = u.has(3) ? u.shape(3)[2] : 0;
  I room = kept + s;
  if (u.known(6)) {
    const double longest = values_of(u.in(6))->number(0);
    u.require(longest >= 1 && longest < 1 << 24, "a longest sequence below 1");
    room = std::max(kept, static_cast<I>(longest));
  } else {
    u.at_most();
  }
  Array *y = u.out(0, u.dtype(0), {b, s, heads * size}),
        *keys = u.out(1, u.dtype(0), {b, kv, room, size}),
        *values = u.out(2, u.dtype(0), {b, kv, room, size});
  if (y == nullptr) return;
  const bool turned = u.integer("do_rotary", 0) != 0,
             pairs = u.integer("rotary_interleaved", 0) != 0;
  const I half = turned ? u.shape(7).back() : 0, window = u.integer("local_window_size", -1);
  u.require(!turned || (u.shape(7) == u.shape(8) && 2 * half <= size), "angles that do not fit");
  const auto softcap = static_cast<double>(u.real("softcap", 0));
  const double scale = scale_of(u, size);
  const Wholes ends = u.integers(5);
  u.require(static_cast<I>(ends.size()) == b, "a length for each sequence");
  // Head `head` of row `row` among `all` heads of a matrix, turned to its place.
  const auto row_of = [&](std::size_t k, I row, I head, I all, I offset, I place, bool angle) {
    const Floats& x = u.reals(k);
    const I columns = u.shape(k)[2], base = row * columns + (offset + head) * size;
    u.require(head < all, "a head that is not there");
    std::vector<double> r(static_cast<std::size_t>(size));
    for (I d = 0; d < size; ++d)
      r[static_cast<std::size_t>(d)] = static_cast<double>(x[static_cast<std::size_t>(base + d)]);
    if (!angle || !turned) return r;
    u.require(place < u.shape(7)[0], "a position without angles");
    for (I d = 0; d < half; ++d) {
      const auto at = static_cast<std::size_t>(place * half + d),
                 i = static_cast<std::size_t>(pairs ? 2 * d : d),
                 o = static_cast<std::size_t>(pairs ? 2 * d + 1 : d + half);
      const auto c = static_cast<double>(u.reals(7)[at]), n = static_cast<double>(u.reals(8)[at]);
      const double p = r[i], q = r[o];
      r[i] = p * c - q * n, r[o] = q * c + p * n;
    }
    return r;
  };
  for (I i = 0; i < b; ++i) {
    const I total = ends[static_cast<std::size_t>(i)] + 1, past = std::max<I>(0, total - s);
    u.require(total >= 1 && total <= room && past <= kept, "a length beyond what is kept");
    const auto cell = [&](I head, I place) { return ((i * kv + head) * room + place) * size; };
    for (I head = 0; head < kv; ++head) {
      for (I p = 0; p < past; ++p)
        for (I d = 0; d < size; ++d) {
          const I from = ((i * kv + head) * kept + p) * size + d;
          keys->set(cell(head, p) + d, u.data(3).number(from));
          values->set(cell(head, p) + d, u.data(4).number(from));
        }
      for (I n = 0; n < s && past + n < room; ++n) {
        const auto key = row_of(packed ? 0 : 1, i * s + n, head, kv, packed ? heads : 0, past + n,
                                true),
                   value = row_of(packed ? 0 : 2, i * s + n, head, kv, packed ? heads + kv : 0,
                                  past + n, false);
        for (I d = 0; d < size; ++d) {
          keys->set(cell(head, past + n) + d, key[static_cast<std::size_t>(d)]);
          values->set(cell(head, past + n) + d, value[static_cast<std::size_t>(d)]);
        }
      }
    }
    for (I head = 0; head < heads; ++head)
      for (I n = 0; n < s; ++n) {
        const I own = head / (heads / kv), place = past + n;
        const auto q = row_of(0, i * s + n, head, heads, 0, place, true);
        std::vector<double> score;
        const I last = std::min(place, room - 1),
                first = window > 0 ? std::max<I>(0, place - window + 1) : 0;
        double top = -std::numeric_limits<double>::infinity(), sum = 0;
        for (I p = first; p <= last; ++p) {
          double v = 0;
          for (I d = 0; d < size; ++d)
            v += q[static_cast<std::size_t>(d)] * keys->number(cell(own, p) + d);
          v *= scale;
          if (softcap > 0) v = softcap * std::tanh(v / softcap);
          score.push_back(v);
          top = std::max(top, v);
        }
        for (double& v : score) v = std::exp(v - top), sum += v;
        for (I d = 0; d < size; ++d) {
          double out = 0;
          for (I p = first; p <= last; ++p)
            out += score[static_cast<std::size_t>(p - first)] * values->number(cell(own, p) + d);
          y->set(((i * s + n) * heads + head) * size + d, out / sum);
        }
      }
  }
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

kernels::Work work_of_heads(const Heads& h, bool bias) {
  const I pairs = h.batch * h.heads * h.queries * h.keys;
  kernels::Work w{.kind = kernels::WorkKind::attention,
                  .macs = Macs{pairs * (h.size + h.value_size)}};
  w.other_flops = pairs * 14;
  w.read = Bytes{h.batch *
                 (h.queries * h.heads * h.size + h.keys * h.kv_heads * (h.size + h.value_size))};
  w.written = Bytes{h.batch * h.queries * h.heads * h.value_size};
  w.m = h.queries, w.n = h.keys, w.k = h.size, w.batch = h.batch * h.heads;
  w.bias = bias;
  return w;
}
kernels::Work separate_work(const Use& u) {
  return work_of_heads(heads_of(u), u.has(3));
}
kernels::Work joint_work(const Use& u) {
  const Joint j = joint_of(u);
  kernels::Work w = work_of_heads(j.h, u.has(2));
  const I weights = kernels::elements(u.shape(1));
  w.macs = Macs{w.macs.count + j.h.batch * j.h.queries * weights};
  w.weights = Bytes{weights};
  return w;
}
kernels::Work grouped_work(const Use& u) {
  const Shape &y = u.outputs().at(0).type.shape, &x = u.shape(0);
  const I heads = u.integer("num_heads", 1), kv = u.integer("kv_num_heads", 1);
  const I size = y[2] / std::max<I>(1, heads), kept = u.has(3) ? u.shape(3)[2] : 0;
  return work_of_heads({.batch = x[0],
                        .queries = x[1],
                        .keys = kept + x[1],
                        .heads = heads,
                        .kv_heads = kv,
                        .size = size,
                        .value_size = size},
                       false);
}

// ---- on the accelerator

Layout sequence(const Shape& s) {  // [batch, length, width]
  Layout l;
  if (s[0] != 1) l.of[Layout::n] = {0};
  if (s[1] != 1) l.of[Layout::w] = {1};
  if (s[2] != 1) l.of[Layout::c] = {2};
  return l;
}

constexpr Why computed_weights{
    "C7", "weights that are computed: the engines stream what is known before the call", "",
    "constant weights"};

// The product is there; query, key and value are channels of it.
std::optional<Why> map_joint(const Use& u, Mapper& m, const Joint& j, ValueId qkv, std::size_t mask,
                             std::size_t more) {
  const auto part = [&](I from, I width) { return m.slice(qkv, Layout::c, from, width); };
  const ValueId q = part(0, j.sizes[0]), k = part(j.sizes[0], j.sizes[1]),
                v = part(j.sizes[0] + j.sizes[1], j.sizes[2]);
  m.result(0, map_attend(m, j.h, q, k, v, map_masks(u, m, mask, more, j.h)),
           sequence(m.result_shape()));
  return std::nullopt;
}

std::optional<Why> map_attention(const Use& u, Mapper& m) {
  const Joint j = joint_of(u);
  if (!u.known(1) || (u.has(2) && !u.known(2))) return computed_weights;
  auto p = m.parameters(j.all(), j.width, 1, 1, u.has(2));
  if (m.values()) {
    p->weights = as_rows(values_of(u.in(1))->f, j.all(), j.width, false, 1);
    if (u.has(2)) p->bias = values_of(u.in(2))->f;
  }
  return map_joint(u, m, j, m.node("linear", {m.operand(0, sequence(u.shape(0)))}, {}, p), 3, 5);
}

std::optional<Why> map_quantised_attention(const Use& u, Mapper& m) {
  const Joint j = joint_of(u);
  for (const std::size_t k : {1, 2, 4, 7})
    if (u.has(k) && !u.known(k)) return computed_weights;
  Coding x;
  if (const auto why = coding_of(u, 3, 6, u.dtype(0), x)) return why;
  const Coded coded{.codes = u.in(1),
                    .scales = values_of(u.in(4)),
                    .zeros = u.has(7) ? values_of(u.in(7)) : nullptr,
                    .axis = 1};
  auto p = m.parameters(j.all(), j.width, 1, 1, u.has(2));
  const Data bias = u.has(2) ? values_of(u.in(2)) : nullptr;
  ValueId codes = m.operand(0, sequence(u.shape(0)));
  if (const auto weights = code_weights(coded, 1); weights && m.machine().int8_macs) {
    take_codes(*p, *weights, x, true, bias != nullptr ? &bias->f : nullptr, m.values());
  } else {
    codes = m.dequantised(codes, x.scale, x.zero);
    p->format = m.format_of_codes(true);
    if (m.values()) {
      p->weights = as_rows(dequantised_values(coded), j.all(), j.width, false, 1);
      if (bias != nullptr) p->bias = bias->f;
    }
  }
  return map_joint(u, m, j, m.node("linear", {codes}, {}, p), 5, none);
}

std::optional<Why> map_heads(const Use& u, Mapper& m) {
  const Heads h = heads_of(u);
  if (u.has(3) && !u.known(3)) return computed_weights;
  const I width = h.heads * h.size, values = h.heads * h.value_size;
  const auto placed = [&](std::size_t k, I from, I columns) {
    const ValueId x = m.operand(k, sequence(u.shape(k)));
    if (!u.has(3)) return x;
    std::vector<float> bias;
    if (m.values()) {
      const Data all = values_of(u.in(3));
      bias.assign(all->f.begin() + from, all->f.begin() + from + columns);
    }
    return m.elementwise(
        "add", x, m.constant("bias", {.w = 1, .h = 1, .c = columns, .n = 1}, std::move(bias)));
  };
  const ValueId q = placed(0, 0, width), k = placed(1, width, width),
                v = placed(2, 2 * width, values);
  m.result(0, map_attend(m, h, q, k, v, map_masks(u, m, 4, 5, h)), sequence(m.result_shape()));
  return std::nullopt;
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
       .work = joint_work,
       .map = map_attention,
       .mapped_wholes = WholeNumbers::all},
      {.name = "com.microsoft.QAttention",
       .run = quantised_attention,
       .takes = takes(5, 9).with(attends).with(
           {only("do_rotary", 0), only("past_present_share_buffer", 0)}),
       .work = joint_work,
       .map = map_quantised_attention,
       .mapped_wholes = WholeNumbers::all},
      {.name = "com.microsoft.GroupQueryAttention",
       .run = grouped_attention,
       .takes = takes(7, 9).with({whole("num_heads", 1), whole("kv_num_heads", 1), real("scale"),
                                  flag("do_rotary"), flag("rotary_interleaved"), real("softcap"),
                                  whole("local_window_size"), only("smooth_softmax", 0),
                                  only("qk_output", 0)}),
       .work = grouped_work,
       .why = {"K1",
               "a cache whose length is computed: the accelerator's programs have fixed "
               "extents",
               "", "attention over a cache of fixed length, masked"}},
      {.name = "com.microsoft.MultiHeadAttention",
       .run = multi_head_attention,
       .takes = takes(3, 8).with(attends),
       .work = separate_work,
       .map = map_heads,
       .mapped_wholes = WholeNumbers::all},
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
