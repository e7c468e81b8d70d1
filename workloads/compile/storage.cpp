#include "workloads/compile/storage.h"

#include <algorithm>
#include <iterator>

#include "kernels/ops/ops.h"

namespace ane::workloads {
namespace {

using kernels::View;

// What a task with operands in memory needs of L2 to be cut into pieces of a useful size.
constexpr std::int64_t passage = 384 * 1024;

// A node that moves no data: its result is its input's storage seen with other extents. Slices, and
// reshapes that keep the rows whole: of equal width, or of rows without padding. In a storage with
// gaps (`sliced`) only channels and batch items regroup, and only of one batch item.
bool is_view(const Graph& g, const Node& n, bool sliced, const isa::Machine& machine) {
  if (n.op == &kernels::slice_operator) return true;
  if (n.op != &kernels::reshape_operator) return false;
  const TensorType &from = g.type(n.inputs[0]), &to = g.type(n.output);
  if (sliced) return from.e.w == to.e.w && from.e.h == to.e.h && from.e.n == 1;
  const auto whole = [&](const TensorType& t) {
    return t.e.w * isa::byte_size(t.format) % machine.row_alignment == 0;
  };
  return from.e.w == to.e.w || (whole(from) && whole(to));
}

}  // namespace

std::int64_t aligned(std::int64_t bytes) {
  constexpr std::int64_t line = 64;
  return (bytes + line - 1) / line * line;
}

std::vector<Life> lives(const Graph& g) {
  const int last = static_cast<int>(g.nodes.size());
  std::vector<Life> life(g.values.size());
  for (std::size_t v = 0; v < life.size(); ++v)
    life[v] = {.begin = std::max(0, g.values[v].producer),
               .end = std::max(0, g.values[v].producer)};
  for (int i = 0; i < last; ++i)
    for (const ValueId v : g.nodes[static_cast<std::size_t>(i)].inputs)
      life[static_cast<std::size_t>(v)].end = i;
  for (const ValueId v : g.inputs) life[static_cast<std::size_t>(v)].begin = 0;
  for (const ValueId v : g.outputs) life[static_cast<std::size_t>(v)].end = last;
  return life;
}

namespace {
constexpr std::size_t most_stretches = 16;
std::size_t stretch_of(int node, int stretch) {
  return static_cast<std::size_t>(std::max(0, node) / stretch);
}
}  // namespace

std::optional<std::int64_t> Arena::place(std::int64_t bytes, const Life& life, std::int64_t limit) {
  std::vector<const Block*> others;
  for (const std::size_t k : alive(life.begin, life.end)) others.push_back(&blocks_[k]);
  std::ranges::sort(others, {}, &Block::begin);
  std::int64_t at = 0;
  for (const Block* b : others) {
    if (at + bytes <= b->begin) break;
    at = std::max(at, aligned(b->end));
  }
  if (at > limit - bytes) return std::nullopt;
  const std::size_t first = stretch_of(life.begin, stretch), last = stretch_of(life.end, stretch);
  if (last - first > most_stretches) {
    long_lived_.push_back(blocks_.size());
  } else {
    by_stretch_.resize(std::max(by_stretch_.size(), last + 1));
    for (std::size_t s = first; s <= last; ++s) by_stretch_[s].push_back(blocks_.size());
  }
  blocks_.push_back({at, at + bytes, life});
  return at;
}

std::vector<std::size_t> Arena::alive(int from, int to) const {
  std::vector<std::size_t> found;
  const auto meets = [&](std::size_t k) {
    return blocks_[k].life.begin <= to && from <= blocks_[k].life.end;
  };
  std::ranges::copy_if(long_lived_, std::back_inserter(found), meets);
  const std::size_t first = stretch_of(from, stretch);
  const std::size_t last = std::min(stretch_of(to, stretch) + 1, by_stretch_.size());
  for (std::size_t s = first; s < last; ++s)
    for (const std::size_t k : by_stretch_[s])  // each where it is met first
      if (meets(k) && s == std::max(first, stretch_of(blocks_[k].life.begin, stretch)))
        found.push_back(k);
  std::ranges::sort(found);
  return found;
}

std::vector<std::pair<std::int64_t, std::int64_t>> Arena::alive_at(int node) const {
  std::vector<std::pair<std::int64_t, std::int64_t>> list;
  for (const std::size_t k : alive(node, node)) list.emplace_back(blocks_[k].begin, blocks_[k].end);
  return list;
}

Residency::Residency(const Graph& g, const std::vector<Life>& life, const isa::Machine& machine)
    : g_(g),
      life_(life),
      l2_(machine.l2.count),
      kernel_(machine.rates.kernel_memory.count),
      held_(g.nodes.size(), 0),
      resident_(g.values.size(), false) {}

bool Residency::offer(ValueId v) {
  const auto index = static_cast<std::size_t>(v);
  const std::int64_t bytes = aligned(g_.type(v).bytes());
  const Life& life = life_[index];
  resident_[index] = true;
  bool fits = true;
  for (int i = life.begin; fits && i <= life.end && i < static_cast<int>(g_.nodes.size()); ++i)
    fits = held_[static_cast<std::size_t>(i)] + bytes + passing(i) <= l2_;
  resident_[index] = fits;
  if (fits)
    for (int i = life.begin; i <= life.end && i < static_cast<int>(g_.nodes.size()); ++i)
      held_[static_cast<std::size_t>(i)] += bytes;
  return fits;
}

void Residency::withdraw(ValueId v) {
  const auto index = static_cast<std::size_t>(v);
  resident_[index] = false;
  const Life& life = life_[index];
  for (int i = life.begin; i <= life.end && i < static_cast<int>(g_.nodes.size()); ++i)
    held_[static_cast<std::size_t>(i)] -= aligned(g_.type(v).bytes());
}

// L2 that operands of this node in memory (as far as decided) need to pass through.
std::int64_t Residency::passing(int node) const {
  const Node& n = g_.nodes[static_cast<std::size_t>(node)];
  std::int64_t bytes = 0;
  const auto count = [&](ValueId v) {
    if (!resident_[static_cast<std::size_t>(v)]) bytes += aligned(g_.type(v).bytes());
  };
  for (const ValueId v : n.inputs) count(v);
  count(n.output);
  if (n.op->temporaries) bytes += 4 * aligned(g_.type(n.output).bytes());
  // A window's rows are read again by each piece, and so are weights that the kernel memories do
  // not hold: such a convolution gets large pieces.
  const bool again = n.parameters && (n.parameters->kh > 1 || 2 * n.parameters->count() > kernel_);
  // What is reduced to one number is read in one piece, beside the numbers of other pieces.
  std::int64_t least = 0;
  if (n.attributes.axes != 0) {
    const TensorType& x = g_.type(n.inputs[0]);
    constexpr std::int64_t results = 4096;
    least = isa::byte_size(x.format);
    for (const kernels::Axis axis :
         {kernels::axis_n, kernels::axis_c, kernels::axis_h, kernels::axis_w})
      if ((n.attributes.axes & axis) != 0) least *= kernels::extent(x.e, axis);
    least = least > passage / 2 ? std::min(l2_, aligned(least) + results) : 0;
  }
  return std::max(least, std::min(bytes, again ? l2_ * 3 / 4 : passage));
}

View seen_as(const Graph& g, const Node& n, View v) {
  if (n.op == &kernels::slice_operator) {
    const Attributes& a = n.attributes;
    for (const kernels::Axis axis :
         {kernels::axis_n, kernels::axis_c, kernels::axis_h, kernels::axis_w})
      v = v.slice(axis, kernels::extent(a.begin, axis), kernels::extent(a.extents, axis));
    return v;
  }
  const Extents from = v.e;
  v.e = g.type(n.output).e;
  if (v.e.w != from.w) v.sh = v.e.w * isa::byte_size(v.format);
  if (v.e.w != from.w || v.e.h != from.h) v.sc = v.e.h * v.sh;
  v.sn = v.e.c * v.sc;
  return v;
}

std::vector<ValueId> storage_of(const Graph& g, std::vector<Life>& life,
                                const isa::Machine& machine) {
  std::vector<ValueId> storage(g.values.size());
  std::vector<bool> sliced(g.values.size(), false);
  for (std::size_t v = 0; v < storage.size(); ++v) storage[v] = static_cast<ValueId>(v);
  for (const Node& n : g.nodes) {
    const auto in = static_cast<std::size_t>(n.inputs[0]), out = static_cast<std::size_t>(n.output);
    if (!is_view(g, n, sliced[in], machine) ||
        std::ranges::find(g.outputs, n.output) != g.outputs.end())
      continue;
    storage[out] = storage[in];
    sliced[out] = sliced[in] || n.op == &kernels::slice_operator;
    Life& held = life[static_cast<std::size_t>(storage[in])];
    held.end = std::max(held.end, life[out].end);
  }
  return storage;
}

std::vector<Home> homes_of(const Graph& g, const std::vector<ValueId>& storage,
                           std::vector<Life>& life) {
  std::vector<Home> homes(g.values.size());
  // Parts that concatenations read; others may read them where they are, but not as other extents.
  std::vector<int> uses(g.values.size(), 0);
  for (const Node& n : g.nodes)
    for (const ValueId v : n.inputs)
      uses[static_cast<std::size_t>(v)] += n.op == &kernels::concat_operator    ? 1
                                           : n.op == &kernels::reshape_operator ? 2
                                                                                : 0;
  for (const ValueId v : g.outputs) uses[static_cast<std::size_t>(v)] += 2;
  // Later concatenations first: a home inside a home begins with its first part.
  for (std::size_t i = g.nodes.size(); i-- > 0;) {
    const Node& n = g.nodes[i];
    if (n.op != &kernels::concat_operator) continue;
    const auto axis = static_cast<kernels::Axis>(n.attributes.axis);
    std::int64_t at = 0;
    for (const ValueId v : n.inputs) {
      const auto index = static_cast<std::size_t>(v);
      const std::int64_t count = kernels::extent(g.type(v).e, axis);
      if (g.values[index].producer >= 0 && storage[index] == v && uses[index] == 1)
        homes[index] = {.in = n.output, .axis = axis, .begin = at};
      at += count;
    }
  }
  for (const Node& n : g.nodes)
    if (homes[static_cast<std::size_t>(n.output)].in >= 0)
      for (ValueId v = n.output; homes[static_cast<std::size_t>(v)].in >= 0;) {
        v = homes[static_cast<std::size_t>(v)].in;
        Life& home = life[static_cast<std::size_t>(v)];
        const Life& part = life[static_cast<std::size_t>(n.output)];
        home.begin = std::min(home.begin, part.begin);
        home.end = std::max(home.end, part.end);
      }
  return homes;
}

}  // namespace ane::workloads
