// Where the values of a graph live while it runs: when each is alive, which share one storage,
// which stay in L2. Parts of compile.cpp.
#pragma once
#include <optional>
#include <utility>
#include <vector>

#include "isa/machine.h"
#include "kernels/view.h"
#include "workloads/graph/graph.h"

namespace ane::workloads {

// Bytes, rounded up to the line that tensors start on.
std::int64_t aligned(std::int64_t bytes);

struct Life {
  int begin = 0, end = 0;  // first and last node that touches the value
};
std::vector<Life> lives(const Graph& graph);

// First fit of intervals that live at the same time.
class Arena {
 public:
  // The lowest offset free over the whole life, or nothing when it would end beyond `limit`.
  std::optional<std::int64_t> place(std::int64_t bytes, const Life& life,
                                    std::int64_t limit = INT64_MAX);
  std::vector<std::pair<std::int64_t, std::int64_t>> alive_at(int node) const;

 private:
  struct Block {
    std::int64_t begin, end;
    Life life;
  };
  // Those whose lives meet nodes [first, last], in the order in which they were placed.
  std::vector<std::size_t> alive(int first, int last) const;

  std::vector<Block> blocks_;
  // Blocks by stretches of nodes that their lives meet; those of many stretches in a list.
  static constexpr int stretch = 64;
  std::vector<std::vector<std::size_t>> by_stretch_;
  std::vector<std::size_t> long_lived_;
};

// Chooses the intermediates that stay in L2: in order of production, as long as at every node of
// their life the residents leave room for the operands that pass through.
class Residency {
 public:
  Residency(const Graph& graph, const std::vector<Life>& life, const isa::Machine& machine);

  bool offer(ValueId v);
  void withdraw(ValueId v);
  // Room that a node needs beside its operands.
  void reserve(int node, std::int64_t bytes) { held_[static_cast<std::size_t>(node)] += bytes; }
  // A value that shares another's storage takes no room of its own.
  void share(ValueId v) { resident_[static_cast<std::size_t>(v)] = true; }

 private:
  std::int64_t passing(int node) const;

  const Graph& g_;
  const std::vector<Life>& life_;
  std::int64_t l2_, kernel_;  // bytes; of all kernel memories
  std::vector<std::int64_t> held_;
  std::vector<bool> resident_;
};

// By value: the value whose storage it shares; itself where it has its own. Lives of the shared
// storage are lengthened.
std::vector<ValueId> storage_of(const Graph& graph, std::vector<Life>& life,
                                const isa::Machine& machine);
// A value that is made where a concatenation has it: part of another value's storage.
struct Home {
  ValueId in = -1;  // -1: it has its own
  kernels::Axis axis{};
  std::int64_t begin = 0;
};
// By value. What one concatenation reads, once, has a home there: it copies nothing then. Lives of
// the homes begin when the first part is made and end no earlier than their parts'.
std::vector<Home> homes_of(const Graph& graph, const std::vector<ValueId>& storage,
                           std::vector<Life>& life);
// The result of a node that shares its input's storage, seen in the input's view.
kernels::View seen_as(const Graph& graph, const Node& node, kernels::View input);

}  // namespace ane::workloads
