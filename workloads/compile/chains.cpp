#include "workloads/compile/chains.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "isa/error.h"
#include "kernels/ops/ops.h"
#include "workloads/compile/chain_rules.h"
#include "workloads/compile/storage.h"

namespace ane::workloads {
namespace {

using kernels::Axis;
using kernels::axis_h;
using kernels::axis_n;
using kernels::axis_w;
using kernels::View;

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
std::int64_t need(const Graph& g, const Node& n, const Rule& r, const Chain& chain, std::int64_t h,
                  std::int64_t w, std::int64_t room) {
  // Temporaries take pieces of what is left (kernels/ops/composite.cpp): as much again is room for
  // pieces of a useful size.
  std::int64_t bytes = tile_bytes(chain, g.type(n.output), ~0U, h, w) * (n.op->temporaries ? 2 : 1);
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
bool tile_fits(const Graph& g, const Chain& chain, const Members& members, std::int64_t room) {
  const std::vector<std::size_t>& reader = members.reader;
  const std::size_t count = chain.nodes.size();
  static const Rule alone{};
  std::vector<std::int64_t> high(count), wide(count), bytes(count);
  for (std::size_t k = count; k-- > 0;) {
    const Node& n = node(g, chain, k);
    // In the middle of the tensors, where no padding saves any.
    const Rule& r = k + 1 == count ? alone : members.rules[reader[k]];
    high[k] =
        std::min(k + 1 == count ? chain.tile.h : reach(r.h, high[reader[k]]), g.type(n.output).e.h);
    wide[k] =
        std::min(k + 1 == count ? chain.tile.w : reach(r.w, wide[reader[k]]), g.type(n.output).e.w);
    bytes[k] = tile_bytes(chain, g.type(n.output), ~0U, high[k], wide[k]);
  }
  std::vector<std::int64_t> freed(count + 1);
  for (std::size_t k = 0; k < count; ++k) freed[reader[k]] += bytes[k];
  Buffers buffers(room);
  std::int64_t waiting = 0;  // of earlier nodes, for later ones
  for (std::size_t k = 0; k < count; ++k) {
    waiting -= freed[k];
    if (need(g, node(g, chain, k), members.rules[k], chain, high[k], wide[k], room) + waiting >
        room)
      return false;
    waiting += bytes[k];
    if (k + 1 < count && !buffers.place(bytes[k], reader[k], k % 2 == 0)) return false;
    buffers.release(k);
  }
  return true;
}

// The largest tile of which every node fits: batch items are cut first, then rows to no fewer than
// 16, then columns in whole lines, then what is left of both; rows and columns in even parts.
bool choose_tile(const Graph& g, Chain& chain, const Members& members, std::int64_t room) {
  const Extents whole = g.type(node(g, chain, chain.nodes.size() - 1).output).e;
  Extents& t = chain.tile;
  t = whole;
  t.c = 1;
  const auto fits = [&] { return tile_fits(g, chain, members, room); };
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

// By node: positions that all tiles process over those of the whole. Windows of neighbouring tiles
// overlap.
std::vector<double> repeated(const Graph& g, const Chain& chain, const Members& members) {
  const Extents e = g.type(node(g, chain, chain.nodes.size() - 1).output).e;
  std::vector<double> all(chain.nodes.size(), 1);
  const auto along = [&](Axis axis, std::int64_t extent, std::int64_t tile) {
    // Without windows, and where all are of one extent, each position is processed once.
    bool once = true;
    for (std::size_t k = 0; k < all.size(); ++k)
      once = once && (axis == axis_h ? members.rules[k].h : members.rules[k].w) == Window{} &&
             kernels::extent(g.type(node(g, chain, k).output).e, axis) == extent;
    if (once) return;
    std::vector<double> sum(all.size(), 0);
    for (std::int64_t at = 0; at < extent; at += tile) {
      const std::vector<Span> list =
          spans(g, chain, members, axis, {at, std::min(tile, extent - at)});
      for (std::size_t k = 0; k < list.size(); ++k) sum[k] += static_cast<double>(list[k].count);
    }
    for (std::size_t k = 0; k < all.size(); ++k)
      all[k] *=
          sum[k] / static_cast<double>(kernels::extent(g.type(node(g, chain, k).output).e, axis));
  };
  along(axis_h, e.h, chain.tile.h);
  along(axis_w, e.w, chain.tile.w);
  return all;
}

// Cycles of the operation itself.
double operation_cycles(const Graph& g, const Node& n, const isa::Machine& m) {
  const Extents& e = g.type(n.output).e;
  const auto out = static_cast<double>(e.count());
  if (n.parameters) {
    const bool integer = isa::is_integer(n.parameters->format);
    const double window =
        static_cast<double>(n.parameters->count()) / static_cast<double>(n.parameters->cout);
    return out * window / (integer ? m.rates.macs_int8 : m.rates.macs_fp16);
  }
  if (n.op == &kernels::matmul_operator)
    return out * static_cast<double>(g.type(n.inputs[0]).e.c) / m.rates.macs_fp16;
  const double passes = n.op->temporaries ? 4 : 1;
  return out * passes * n.attributes.kernel_w * n.attributes.kernel_h / m.rates.planar_elements;
}

// A node's time: its operation and its activations overlap but for their first and last steps (a
// quarter, with the few work units of a tile); weights stream beside both.
double node_cycles(double operation, double memory, double weights, const isa::Machine::Rates& r) {
  memory /= r.tile_bytes;
  return std::max(std::max(operation, memory) + std::min(operation, memory) / 4,
                  weights / r.weight_bytes);
}

// Larger than what stays in L2: its operands go through memory where it runs alone.
bool is_large(const Graph& g, const Node& n, const isa::Machine& m) {
  return !n.inputs.empty() &&
         g.type(n.inputs[0]).bytes() + g.type(n.output).bytes() > m.l2.count * 3 / 4;
}

// Cycles that the chain saves against its nodes one by one; 0 or less: it does not pay.
double gain(const Graph& g, const Chain& chain, const Members& members, const isa::Machine& m) {
  const std::int64_t kernel = m.rates.kernel_memory.count;
  const std::int64_t room = m.l2.count * 3 / 4;
  const auto count = static_cast<double>(tiles(g, chain));
  const std::vector<double> again = repeated(g, chain, members);
  const std::vector<std::size_t>& reader = members.reader;
  const auto layers = std::ranges::count_if(chain.nodes, [&](int i) {
    return g.nodes[static_cast<std::size_t>(i)].parameters != nullptr;
  });
  const auto bytes = [&](ValueId v) { return static_cast<double>(g.type(v).bytes()); };
  const auto large = [&](const Node& n) { return is_large(g, n, m); };
  double alone = 0, chained = 0;
  bool passes_memory = false;
  for (std::size_t k = 0; k < chain.nodes.size(); ++k) {
    const Node& n = node(g, chain, k);
    const Rule& rule = members.rules[k];
    const bool last = k + 1 == chain.nodes.size();
    const double cycles = operation_cycles(g, n, m);
    const double out = bytes(n.output);
    const double parts = std::ceil((bytes(n.inputs[0]) + out) / static_cast<double>(room));
    double memory = 0, memory_chained = 0;
    for (std::size_t i = 0; i < n.inputs.size(); ++i) {
      const double in = bytes(n.inputs[i]);
      if (const auto from = maker(g, chain, n.inputs[i], k)) {
        if (large(n) || large(node(g, chain, *from))) memory += in;
        continue;
      }
      // What no tile cuts (a matrix, a table) is read again by each.
      const bool cut = (rule.follow[i] & chain.axes) != 0;
      memory += in * (cut || i == 0 ? 1 : parts);
      memory_chained += in * (cut ? 1 : count);
    }
    if (last || large(n) || large(node(g, chain, reader[k]))) memory += out;
    if (last) memory_chained += out;
    passes_memory = passes_memory || memory > memory_chained;
    double weights = 0, weights_chained = 0;
    if (n.parameters) {
      const std::int64_t size = n.parameters->count() * 2;
      const auto stream = static_cast<double>(size);
      weights = stream * (size <= kernel ? 1 : parts);
      weights_chained = stream * (size <= kernel && layers == 1 ? 1 : count);
    }
    alone += m.rates.task_start * parts + node_cycles(cycles, memory, weights, m.rates);
    chained += m.rates.task_start * count +
               node_cycles(cycles * again[k], memory_chained, weights_chained, m.rates);
  }
  return passes_memory ? alone - chained : 0;
}

}  // namespace

std::int64_t chain_room(const isa::Machine& machine) {
  return machine.l2.count * 3 / 4;
}

std::vector<Chain> find_chains(const Graph& g, const std::vector<ValueId>& storage,
                               const std::vector<Home>& homes, const isa::Machine& machine) {
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
  for (std::size_t v = 0; v < homes.size(); ++v)
    if (homes[v].in >= 0) fixed[v] = fixed[static_cast<std::size_t>(homes[v].in)] = true;
  const auto alone = [&](ValueId v) {
    return uses[static_cast<std::size_t>(v)] == 1 && !fixed[static_cast<std::size_t>(v)];
  };
  // What makes another operand of `next` position by position, for next to read it from L2.
  const auto side_of = [&](const Chain& chain, const Node& next, ValueId v) {
    const int from = g.values[static_cast<std::size_t>(v)].producer;
    const bool free = from >= 0 && alone(v) && !taken[static_cast<std::size_t>(from)] &&
                      g.type(v).format != Format::fp32 && !maker(g, chain, v, chain.nodes.size());
    if (!free) return -1;
    const Extents &made = g.type(v).e, &read = g.type(next.output).e;
    const Rule r = rule_of(g, g.nodes[static_cast<std::size_t>(from)]);
    bool fits = !r.window() && made.n == read.n && made.h == read.h && made.w == read.w;
    for (const Axis axis : positions)
      fits = fits && ((chain.axes & ~r.axes & axis) == 0 || kernels::extent(made, axis) == 1);
    return fits ? from : -1;
  };
  std::vector<bool> large;
  for (const Node& n : g.nodes) large.push_back(is_large(g, n, machine));
  // Where every node's operands stay in L2 anyway, no chain saves memory's traffic: whether one
  // that begins here may come to a large node, on its way or beside it.
  std::vector<bool> ahead(g.nodes.size(), false);
  for (std::size_t i = g.nodes.size(); i-- > 0;) {
    const Node& n = g.nodes[i];
    ahead[i] = large[i] || std::ranges::any_of(n.inputs, [&](ValueId v) {
                 const int from = g.values[static_cast<std::size_t>(v)].producer;
                 return from >= 0 && large[static_cast<std::size_t>(from)];
               });
    if (const int next = reader[static_cast<std::size_t>(n.output)]; next >= 0 && alone(n.output))
      ahead[i] = ahead[i] || ahead[static_cast<std::size_t>(next)];
  }
  std::vector<Chain> chains;
  for (std::size_t i = 0; i < g.nodes.size(); ++i) {
    if (taken[i] || !ahead[i] ||
        storage[static_cast<std::size_t>(g.nodes[i].output)] != g.nodes[i].output)
      continue;
    const unsigned allowed = machine.chains_tiles ? ~0U : unsigned{axis_n};
    double most = 0;
    Chain best, chain{.nodes = {}, .axes = rule_of(g, g.nodes[i]).axes & allowed, .tile = {}};
    std::vector<int> sides;
    bool any_large = false;  // of the chain's nodes
    const auto gain_of = [&](Chain& c) {
      if (std::ranges::none_of(c.nodes, [&](int n) { return large[static_cast<std::size_t>(n)]; }))
        return 0.0;
      const Members members = members_of(g, c);
      return choose_tile(g, c, members, chain_room(machine)) ? gain(g, c, members, machine) : 0.0;
    };
    for (int next = static_cast<int>(i); chain.axes != 0;) {
      const auto at = static_cast<std::size_t>(next);
      if (!chain.nodes.empty())
        for (const ValueId v : g.nodes[at].inputs)
          if (const int side = side_of(chain, g.nodes[at], v); side >= 0) {
            chain.nodes.push_back(side);
            sides.push_back(side);
            any_large = any_large || large[static_cast<std::size_t>(side)];
          }
      chain.nodes.push_back(next);
      any_large = any_large || large[at];
      if (any_large) {
        // With all operands on the side, and without those that are not worth it.
        Chain now = chain;
        double saved = gain_of(now);
        for (const int side : sides) {
          Chain without = now;
          std::erase(without.nodes, side);
          if (const double more = gain_of(without); more > saved) now = without, saved = more;
        }
        if (saved > most) best = now, most = saved;
      }
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
  const Members members = members_of(g, chain);
  for (std::int64_t n = 0; n < whole.n; n += t.n)
    for (std::int64_t h = 0; h < whole.h; h += t.h)
      for (std::int64_t w = 0; w < whole.w; w += t.w) {
        const std::vector<Span> rows = spans(g, chain, members, axis_h,
                                             {h, std::min(t.h, whole.h - h)}),
                                columns = spans(g, chain, members, axis_w,
                                                {w, std::min(t.w, whole.w - w)});
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
          const Rule& rule = members.rules[k];
          kernels::Call call = g.call(x);
          std::vector<View> inputs;
          for (std::size_t i = 0; i < x.inputs.size(); ++i) {
            const auto inside = maker(g, chain, x.inputs[i], k);
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
            const auto at = buffers.place(out.bytes(), members.reader[k], k % 2 == 0);
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
