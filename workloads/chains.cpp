#include "workloads/chains.h"

#include <algorithm>
#include <array>
#include <optional>

#include "isa/error.h"
#include "kernels/ops/ops.h"
#include "workloads/storage.h"

namespace ane::workloads {
namespace {

using kernels::Axis;
using kernels::axis_c;
using kernels::axis_h;
using kernels::axis_n;
using kernels::axis_w;
using kernels::Operator;
using kernels::View;

constexpr std::array<Axis, 3> positions{axis_n, axis_h, axis_w};

// Along one axis: what a window (convolution, pool) reads of input 0.
struct Window {
  std::int64_t kernel = 1, stride = 1, pad = 0;
  bool operator==(const Window&) const = default;
};

// Axes along which a node's positions are independent but for a window, and which of them each
// input follows. No axes: the node mixes positions.
struct Rule {
  unsigned axes = 0;
  std::vector<unsigned> follow;
  Window h{}, w{};

  bool window() const { return !(h == Window{} && w == Window{}); }
};

Rule rule_of(const Graph& g, const Node& n) {
  const Attributes& a = n.attributes;
  constexpr unsigned all = axis_n | axis_h | axis_w;
  const Operator* op = n.op;
  const auto same = [&] { return Rule{all, std::vector<unsigned>(n.inputs.size(), all)}; };
  const auto windowed = [&](std::int64_t kh, std::int64_t kw) {
    Rule r = same();
    r.h = {kh, a.stride_h, a.pad_top};
    r.w = {kw, a.stride_w, a.pad_left};
    return r;
  };
  if (op == &kernels::conv_operator || op == &kernels::linear_operator) {
    const kernels::Parameters& p = *n.parameters;
    return windowed(a.dilation_h * (p.kh - 1) + 1, a.dilation_w * (p.kw - 1) + 1);
  }
  if (op == &kernels::pool_operator) return windowed(a.kernel_h, a.kernel_w);
  if (op == &kernels::unary_operator || op == &kernels::quantise_operator ||
      op == &kernels::dequantise_operator)
    return same();
  if (op == &kernels::gather_operator && a.operation != "host")
    return {axis_h | axis_w, {0, axis_h | axis_w}};
  if (op == &kernels::reduce_operator) return {all & ~a.axes, {all & ~a.axes}};
  const bool over_channels = a.axes == unsigned{axis_c};
  if (op == &kernels::elementwise_operator ||
      (over_channels && (op == &kernels::softmax_operator || op == &kernels::log_softmax_operator ||
                         op == &kernels::layer_norm_operator))) {
    Rule r{all, {}};
    for (const ValueId v : n.inputs) {
      unsigned follow = 0;
      for (const Axis axis : positions)
        if (kernels::extent(g.type(v).e, axis) > 1) follow |= axis;
      r.follow.push_back(follow);
    }
    return r;
  }
  if (op == &kernels::matmul_operator) {
    const std::int64_t items = g.type(n.inputs[0]).e.n, matrices = g.type(n.inputs[1]).e.n;
    if (matrices == 1) return {axis_n | axis_w, {axis_n | axis_w, 0}};
    if (matrices == items) return {axis_n | axis_w, {axis_n | axis_w, axis_n}};
    return {axis_w, {axis_w, 0}};
  }
  return {};
}

const Node& node(const Graph& g, const Chain& chain, std::size_t k) {
  return g.nodes[static_cast<std::size_t>(chain.nodes[k])];
}

// What the result of a node has of an axis in one tile.
struct Span {
  std::int64_t begin = 0, count = 0;
};
// Of the input, for `out` of the result; what lies outside the input is padding.
Span span_read(const Window& w, const Span& out, std::int64_t extent) {
  const std::int64_t top = out.begin * w.stride - w.pad;
  const std::int64_t begin = std::clamp<std::int64_t>(top, 0, extent - 1);
  const std::int64_t end = std::min(extent, top + (out.count - 1) * w.stride + w.kernel);
  return {begin, std::max<std::int64_t>(1, end - begin)};
}

// The place in the chain of the node that makes a value; nothing where it comes from outside.
std::optional<std::size_t> maker(const Graph& g, const Chain& chain, ValueId v) {
  for (std::size_t k = 0; k < chain.nodes.size(); ++k)
    if (node(g, chain, k).output == v) return k;
  return std::nullopt;
}

// By node: the place of the one that reads its result; of the last one, behind the chain.
std::vector<std::size_t> readers(const Graph& g, const Chain& chain) {
  std::vector<std::size_t> list(chain.nodes.size(), chain.nodes.size());
  for (std::size_t k = 0; k < list.size(); ++k)
    for (const ValueId v : node(g, chain, k).inputs)
      if (const auto from = maker(g, chain, v)) list[*from] = k;
  return list;
}

// By node, from the last one backwards, along `axis` (h or w).
std::vector<Span> spans(const Graph& g, const Chain& chain, Axis axis, const Span& last) {
  const std::vector<std::size_t> reader = readers(g, chain);
  std::vector<Span> list(chain.nodes.size());
  list.back() = last;
  for (std::size_t k = chain.nodes.size() - 1; k-- > 0;) {
    const std::int64_t extent = kernels::extent(g.type(node(g, chain, k).output).e, axis);
    const Rule r = rule_of(g, node(g, chain, reader[k]));
    list[k] = (chain.axes & axis) != 0
                  ? span_read(axis == axis_h ? r.h : r.w, list[reader[k]], extent)
                  : Span{0, extent};
  }
  return list;
}

Extents cut(Extents e, unsigned axes, std::int64_t n, std::int64_t h, std::int64_t w) {
  if (axes & axis_n) e.n = std::min(e.n, n);
  if (axes & axis_h) e.h = std::min(e.h, h);
  if (axes & axis_w) e.w = std::min(e.w, w);
  return e;
}

std::int64_t reach(const Window& w, std::int64_t count) {
  return (count - 1) * w.stride + w.kernel;
}

std::int64_t tile_bytes(const Chain& chain, const TensorType& t, unsigned axes, std::int64_t h,
                        std::int64_t w) {
  return aligned(TensorType{t.format, cut(t.e, chain.axes & axes, chain.tile.n, h, w)}.bytes());
}

// L2 of one node on one tile that makes h rows of w columns. An operand that no tile cuts (a
// matrix, a table) is cut by its operator's own lowering.
std::int64_t need(const Graph& g, const Node& n, const Chain& chain, std::int64_t h, std::int64_t w,
                  std::int64_t room) {
  const Rule r = rule_of(g, n);
  std::int64_t bytes = tile_bytes(chain, g.type(n.output), ~0U, h, w) * (n.op->temporaries ? 8 : 1);
  for (std::size_t i = 0; i < n.inputs.size(); ++i) {
    const std::int64_t read = tile_bytes(chain, g.type(n.inputs[i]), r.follow[i],
                                         i == 0 ? reach(r.h, h) : h, i == 0 ? reach(r.w, w) : w);
    const bool whole = (n.op == &kernels::matmul_operator && i == 1) ||
                       (n.op == &kernels::gather_operator && i == 0);
    bytes += whole ? std::min(read, room / 4) : read;
  }
  return bytes;
}

// Where the intermediates of one tile lie in the chain's part of L2: by turns at its lower and at
// its upper end, so that what is free between stays in one piece.
class Buffers {
 public:
  explicit Buffers(std::int64_t room) : room_(room / 64 * 64) {}

  // `reader`: the node behind which the bytes are free again.
  std::optional<std::int64_t> place(std::int64_t bytes, std::size_t reader, bool low) {
    bytes = aligned(bytes);
    std::int64_t at = low ? 0 : room_ - bytes;
    const auto hit = [&] {
      return std::ranges::find_if(
          held_, [&](const Held& h) { return h.begin < at + bytes && at < h.end; });
    };
    for (auto h = hit(); h != held_.end(); h = hit()) at = low ? h->end : h->begin - bytes;
    if (at < 0 || at + bytes > room_) return std::nullopt;
    held_.push_back({at, at + bytes, reader});
    return at;
  }
  void release(std::size_t node) {
    std::erase_if(held_, [&](const Held& h) { return h.reader == node; });
  }
  std::vector<std::pair<std::int64_t, std::int64_t>> held() const {
    std::vector<std::pair<std::int64_t, std::int64_t>> list;
    for (const Held& h : held_) list.emplace_back(h.begin, h.end);
    return list;
  }

 private:
  struct Held {
    std::int64_t begin, end;
    std::size_t reader;
  };
  std::int64_t room_;
  std::vector<Held> held_;
};

// Whether every node's operands, and what waits meanwhile for a later node, fit together.
bool tile_fits(const Graph& g, const Chain& chain, std::int64_t room) {
  const std::vector<std::size_t> reader = readers(g, chain);
  const std::size_t count = chain.nodes.size();
  std::vector<std::int64_t> high(count), wide(count), bytes(count);
  for (std::size_t k = count; k-- > 0;) {
    const Node& n = node(g, chain, k);
    // In the middle of the tensors, where no padding saves any.
    const Rule r = k + 1 == count ? Rule{} : rule_of(g, node(g, chain, reader[k]));
    high[k] =
        std::min(k + 1 == count ? chain.tile.h : reach(r.h, high[reader[k]]), g.type(n.output).e.h);
    wide[k] =
        std::min(k + 1 == count ? chain.tile.w : reach(r.w, wide[reader[k]]), g.type(n.output).e.w);
    bytes[k] = tile_bytes(chain, g.type(n.output), ~0U, high[k], wide[k]);
  }
  Buffers buffers(room);
  for (std::size_t k = 0; k < count; ++k) {
    std::int64_t all = need(g, node(g, chain, k), chain, high[k], wide[k], room);
    for (std::size_t j = 0; j < k; ++j)
      if (reader[j] > k) all += bytes[j];
    if (all > room) return false;
    if (k + 1 < count && !buffers.place(bytes[k], reader[k], k % 2 == 0)) return false;
    buffers.release(k);
  }
  return true;
}

// The largest tile of which every node fits: batch items are cut first, then rows to no fewer than
// 16, then columns in whole lines, then what is left of both; rows and columns in even parts.
bool choose_tile(const Graph& g, Chain& chain, std::int64_t room) {
  const Extents whole = g.type(node(g, chain, chain.nodes.size() - 1).output).e;
  Extents& t = chain.tile;
  t = whole;
  t.c = 1;
  const auto fits = [&] { return tile_fits(g, chain, room); };
  const auto shrink = [&](std::int64_t& x, std::int64_t extent, Axis axis, std::int64_t least,
                          std::int64_t line) {
    if ((chain.axes & axis) == 0) return;
    for (std::int64_t parts = 2; x > least && !fits(); ++parts)
      x = std::max(least, ((extent + parts - 1) / parts + line - 1) / line * line);
  };
  shrink(t.n, whole.n, axis_n, 1, 1);
  shrink(t.h, whole.h, axis_h, std::min<std::int64_t>(16, whole.h), 1);
  shrink(t.w, whole.w, axis_w, std::min<std::int64_t>(128, whole.w), 32);
  shrink(t.h, whole.h, axis_h, 1, 1);
  shrink(t.w, whole.w, axis_w, std::min<std::int64_t>(32, whole.w), 32);
  return fits();
}

std::int64_t tiles(const Graph& g, const Chain& c) {
  const Extents e = g.type(node(g, c, c.nodes.size() - 1).output).e;
  const auto parts = [](std::int64_t a, std::int64_t b) { return (a + b - 1) / b; };
  return parts(e.n, c.tile.n) * parts(e.h, c.tile.h) * parts(e.w, c.tile.w);
}

// Work of all tiles over work of the whole: windows of neighbouring tiles overlap.
double repeated(const Graph& g, const Chain& chain) {
  double whole = 0, all = 0;
  std::vector<double> cost(chain.nodes.size());
  for (std::size_t k = 0; k < cost.size(); ++k) {
    const Node& n = node(g, chain, k);
    const TensorType& t = g.type(n.output);
    // Operations of one row: products, else one an element.
    const double window = n.parameters ? static_cast<double>(n.parameters->count()) /
                                             static_cast<double>(n.parameters->cout)
                                       : 64.0;
    cost[k] = window * static_cast<double>(t.e.w * t.e.c);
    whole += cost[k] * static_cast<double>(t.e.h);
  }
  const Extents e = g.type(node(g, chain, cost.size() - 1).output).e;
  const auto processed = [&](Axis axis, std::int64_t extent, std::int64_t tile) {
    std::vector<double> sum(cost.size(), 0);
    for (std::int64_t at = 0; at < extent; at += tile) {
      const std::vector<Span> list = spans(g, chain, axis, {at, std::min(tile, extent - at)});
      for (std::size_t k = 0; k < list.size(); ++k) sum[k] += static_cast<double>(list[k].count);
    }
    return sum;
  };
  const std::vector<double> h = processed(axis_h, e.h, chain.tile.h),
                            w = processed(axis_w, e.w, chain.tile.w);
  for (std::size_t k = 0; k < cost.size(); ++k)
    all += cost[k] * h[k] * w[k] / static_cast<double>(g.type(node(g, chain, k).output).e.w);
  return all / whole;
}

// What it saves, in bytes of activations; 0 where it does not pay.
std::int64_t gain(const Graph& g, const Chain& chain, const isa::Machine& m) {
  const std::int64_t kernel = m.cores * m.kernel_memory.count, again_times = tiles(g, chain) - 1;
  const std::vector<std::size_t> reader = readers(g, chain);
  std::int64_t saved = 0, again = 0;
  int layers = 0;
  bool large = false;
  if (repeated(g, chain) > 1.2) return 0;
  for (std::size_t k = 0; k < chain.nodes.size(); ++k) {
    const Node& n = node(g, chain, k);
    const std::int64_t in = g.type(n.inputs[0]).bytes(), out = g.type(n.output).bytes();
    large = large || in + out > m.l2.count * 3 / 4;
    // What is small stays in L2 by itself.
    if (k + 1 < chain.nodes.size() && out > m.l2.count / 16) saved += 2 * out;
    if (n.op->temporaries && 8 * out > m.l2.count / 2) saved += 8 * out;
    large = large || (n.op->temporaries && 8 * out > m.l2.count);
    // A gather on the side reads its table for every tile.
    if (n.op == &kernels::gather_operator && reader[k] < chain.nodes.size())
      saved -= again_times * in;
    if (!n.parameters) continue;
    ++layers;
    // Larger ones are read again for each tile anyway.
    const std::int64_t weights = n.parameters->count() * 2;
    if (weights <= kernel) again += weights;
  }
  if (layers == 1) again = 0;  // they stay in the kernel memories
  // Starting a task takes about as long as moving so much (half a microsecond of 32 KiB on M4).
  const std::int64_t start = m.l2.count / 64;
  saved -= again_times * (again / 2 + start * std::ssize(chain.nodes));
  return large ? std::max<std::int64_t>(0, saved) : 0;
}

}  // namespace

std::int64_t chain_room(const isa::Machine& machine) {
  return machine.l2.count * 3 / 4;
}

std::vector<Chain> find_chains(const Graph& g, const std::vector<ValueId>& storage,
                               const isa::Machine& machine) {
  std::vector<int> uses(g.values.size(), 0), reader(g.values.size(), -1);
  std::vector<bool> taken(g.nodes.size(), false), fixed(g.values.size(), false);
  for (std::size_t i = 0; i < g.nodes.size(); ++i)
    for (const ValueId v : g.nodes[i].inputs) {
      ++uses[static_cast<std::size_t>(v)];
      reader[static_cast<std::size_t>(v)] = static_cast<int>(i);
    }
  for (const ValueId v : g.outputs) fixed[static_cast<std::size_t>(v)] = true;
  for (std::size_t v = 0; v < storage.size(); ++v)
    if (storage[v] != static_cast<ValueId>(v))
      fixed[v] = fixed[static_cast<std::size_t>(storage[v])] = true;
  const auto alone = [&](ValueId v) {
    return uses[static_cast<std::size_t>(v)] == 1 && !fixed[static_cast<std::size_t>(v)];
  };
  // What makes another operand of `next` position by position, for next to read it from L2.
  const auto side_of = [&](const Chain& chain, const Node& next, ValueId v) {
    const int from = g.values[static_cast<std::size_t>(v)].producer;
    const bool free = from >= 0 && alone(v) && !taken[static_cast<std::size_t>(from)] &&
                      g.type(v).format != Format::fp32 && !maker(g, chain, v);
    if (!free) return -1;
    const Extents &made = g.type(v).e, &read = g.type(next.output).e;
    const Rule r = rule_of(g, g.nodes[static_cast<std::size_t>(from)]);
    bool fits = !r.window() && made.n == read.n && made.h == read.h && made.w == read.w;
    for (const Axis axis : positions)
      fits = fits && ((chain.axes & ~r.axes & axis) == 0 || kernels::extent(made, axis) == 1);
    return fits ? from : -1;
  };
  std::vector<Chain> chains;
  for (std::size_t i = 0; i < g.nodes.size(); ++i) {
    if (taken[i] || storage[static_cast<std::size_t>(g.nodes[i].output)] != g.nodes[i].output)
      continue;
    const unsigned allowed = machine.chains_tiles ? ~0U : unsigned{axis_n};
    Chain best, chain{.nodes = {}, .axes = rule_of(g, g.nodes[i]).axes & allowed, .tile = {}};
    std::int64_t most = 0;
    std::vector<int> sides;
    const auto gain_of = [&](Chain& c) {
      return choose_tile(g, c, chain_room(machine)) ? gain(g, c, machine) : 0;
    };
    for (int next = static_cast<int>(i); chain.axes != 0;) {
      const auto at = static_cast<std::size_t>(next);
      if (!chain.nodes.empty())
        for (const ValueId v : g.nodes[at].inputs)
          if (const int side = side_of(chain, g.nodes[at], v); side >= 0) {
            chain.nodes.push_back(side);
            sides.push_back(side);
          }
      chain.nodes.push_back(next);
      // With all operands on the side, and without those that are not worth it.
      Chain now = chain;
      std::int64_t saved = gain_of(now);
      for (const int side : sides) {
        Chain without = now;
        std::erase(without.nodes, side);
        if (const std::int64_t more = gain_of(without); more > saved) now = without, saved = more;
      }
      if (saved > most) best = now, most = saved;
      const ValueId made = g.nodes[at].output;
      if (!alone(made)) break;
      next = reader[static_cast<std::size_t>(made)];
      const Node& n = g.nodes[static_cast<std::size_t>(next)];
      if (taken[static_cast<std::size_t>(next)] ||
          storage[static_cast<std::size_t>(n.output)] != n.output ||
          g.type(n.output).format == Format::fp32)
        break;
      // The result must follow the chain's tiles and the next node's alike; axes that the next node
      // sums over are cut no more.
      const Rule r = rule_of(g, n);
      const auto place =
          static_cast<std::size_t>(std::ranges::find(n.inputs, made) - n.inputs.begin());
      const Extents &from = g.type(made).e, &to = g.type(n.output).e;
      const bool spreads = from.n < to.n || from.h < to.h || from.w < to.w;
      if (r.axes == 0 || (r.window() ? place != 0 : spreads)) break;
      for (const Axis axis : positions)
        if ((r.axes & axis) == 0 ||
            (kernels::extent(from, axis) > 1 && (r.follow[place] & axis) == 0))
          chain.axes &= ~unsigned{axis};
    }
    if (best.nodes.empty()) continue;
    for (const int n : best.nodes) taken[static_cast<std::size_t>(n)] = true;
    chains.push_back(std::move(best));
  }
  return chains;
}

void lower_chain(const Graph& g, const Chain& chain, const std::vector<View>& views,
                 std::int64_t block,
                 const std::vector<std::pair<std::int64_t, std::int64_t>>& in_use,
                 kernels::Lowering& lowering, std::vector<int>& tasks) {
  const std::size_t last = chain.nodes.size() - 1;
  const Extents whole = g.type(node(g, chain, last).output).e;
  const Extents& t = chain.tile;
  const std::vector<std::size_t> reader = readers(g, chain);
  for (std::int64_t n = 0; n < whole.n; n += t.n)
    for (std::int64_t h = 0; h < whole.h; h += t.h)
      for (std::int64_t w = 0; w < whole.w; w += t.w) {
        const std::vector<Span> rows = spans(g, chain, axis_h, {h, std::min(t.h, whole.h - h)}),
                                columns = spans(g, chain, axis_w, {w, std::min(t.w, whole.w - w)});
        const auto part = [&](View v, unsigned follow, const Span& r, const Span& c) {
          const auto slice = [&](Axis axis, std::int64_t begin, std::int64_t count) {
            if (chain.axes & follow & axis)
              v = v.slice(axis, begin, std::min(count, kernels::extent(v.e, axis) - begin));
          };
          slice(axis_n, n, t.n);
          slice(axis_h, r.begin, r.count);
          slice(axis_w, c.begin, c.count);
          return v;
        };
        std::vector<View> made(last + 1);
        Buffers buffers(chain_room(lowering.machine()));
        for (std::size_t k = 0; k <= last; ++k) {
          const Node& x = node(g, chain, k);
          const Rule rule = rule_of(g, x);
          kernels::Call call = g.call(x);
          std::vector<View> inputs;
          for (std::size_t i = 0; i < x.inputs.size(); ++i) {
            const auto inside = maker(g, chain, x.inputs[i]);
            Span high = rows[k], wide = columns[k];
            if (i == 0 && (chain.axes & axis_h) != 0) {
              high = span_read(rule.h, rows[k], call.inputs[0].e.h);
              call.attributes.pad_top =
                  static_cast<int>(high.begin - (rows[k].begin * rule.h.stride - rule.h.pad));
            }
            if (i == 0 && (chain.axes & axis_w) != 0) {
              wide = span_read(rule.w, columns[k], call.inputs[0].e.w);
              call.attributes.pad_left =
                  static_cast<int>(wide.begin - (columns[k].begin * rule.w.stride - rule.w.pad));
            }
            inputs.push_back(inside ? made[*inside]
                                    : part(views[static_cast<std::size_t>(x.inputs[i])],
                                           rule.follow[i], high, wide));
            call.inputs[i].e = inputs.back().e;
          }
          View& out = made[k];
          if (k == last) {
            out = part(views[static_cast<std::size_t>(x.output)], ~0U, rows[k], columns[k]);
          } else {
            out = part(View{.format = call.output.format, .e = call.output.e}, ~0U, rows[k],
                       columns[k]);
            const std::int64_t size = isa::byte_size(out.format);
            const auto at = buffers.place(out.bytes(), reader[k], k % 2 == 0);
            ANE_CHECK(at.has_value(), "a chain's intermediates exceed its part of L2");
            out = {.where = kernels::Where::l2,
                   .bar = 0,
                   .address = block + *at,
                   .format = out.format,
                   .e = out.e,
                   .sw = size,
                   .sh = out.e.w * size,
                   .sc = out.e.h * out.e.w * size,
                   .sn = out.e.c * out.e.h * out.e.w * size};
          }
          auto used = in_use;
          for (const auto& [begin, end] : buffers.held())
            used.emplace_back(block + begin, block + end);
          call.output.e = out.e;
          lowering.begin_call(chain.nodes[k], std::move(inputs), out, std::move(used));
          const int before = lowering.task_count();
          x.op->lower(call, lowering);
          tasks[static_cast<std::size_t>(chain.nodes[k])] += lowering.task_count() - before;
          buffers.release(k);
        }
      }
}

}  // namespace ane::workloads
