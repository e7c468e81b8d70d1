// How the operators of a chain read positions of one another: what a tile of the last result needs
// of every node before it.
#pragma once
#include <array>
#include <optional>
#include <vector>

#include "workloads/compile/chains.h"

namespace ane::workloads {

inline constexpr std::array<kernels::Axis, 3> positions{kernels::axis_n, kernels::axis_h,
                                                        kernels::axis_w};

// Along one axis: what a window (convolution, pool) reads of input 0.
struct Window {
  std::int64_t kernel = 1, stride = 1, pad = 0;
  bool operator==(const Window&) const = default;
};

// Axes along which a node's positions are independent but for a window, and which of them each
// input follows. No axes: the node mixes positions.
struct Rule {
  unsigned axes = 0;
  std::array<unsigned, 8> follow{};
  Window h{}, w{};

  bool window() const { return !(h == Window{} && w == Window{}); }
};

Rule rule_of(const Graph& g, const Node& n);

inline const Node& node(const Graph& g, const Chain& chain, std::size_t k) {
  return g.nodes[static_cast<std::size_t>(chain.nodes[k])];
}

// What the result of a node has of an axis in one tile.
struct Span {
  std::int64_t begin = 0, count = 0;
};
// Of the input, for `out` of the result; what lies outside the input is padding.
Span span_read(const Window& w, const Span& out, std::int64_t extent);

// The place, before `end`, of the node in the chain that makes a value; nothing where it comes from
// outside.
std::optional<std::size_t> maker(const Graph& g, const Chain& chain, ValueId v, std::size_t end);

// What the choice of tiles asks again and again of a chain's nodes, by their places in it.
struct Members {
  std::vector<Rule> rules;
  std::vector<std::size_t> reader;  // of the result; of the last one, behind the chain
};
Members members_of(const Graph& g, const Chain& chain);

// By node, from the last one backwards, along `axis` (h or w).
std::vector<Span> spans(const Graph& g, const Chain& chain, const Members& members,
                        kernels::Axis axis, const Span& last);

}  // namespace ane::workloads
