// The numeric regression: what the machine computes today against what a stored file says it did.
// Inputs and models are seeded (seeded.h), so that nothing but the arithmetic can differ.
//
// A file is text, one line an entry:
//
//   case readqc mlp fp16 ane16
//   input 0f3a...                              digest of the inputs
//   weights dense1 77ab...                     digest of a layer's weights as the multipliers see
//                                              them
//   tensor dense1 128,2 9c01... 3c00 0000 ...  digest, and the bits of every element, or, of large
//                                              tensors, 16-bit sums of blocks
//   metric accuracy 0.515625
#pragma once
#include <algorithm>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "kernels/arith/profile.h"
#include "results/record.h"
#include "workloads/graph/evaluate.h"

namespace ane::sim {

// Tensors of up to this many elements are kept bit by bit, larger ones as 16-bit sums of blocks of
// at least 64 elements, 256 blocks at most.
inline constexpr std::int64_t kept_elements = 512, least_block = 64, most_blocks = 256;

struct CheckTensor {
  std::string name;
  std::int64_t elements = 0;
  std::string digest;
  std::vector<std::uint16_t> bits;  // elements, or one sum a block
  bool whole() const { return elements <= kept_elements; }
  std::int64_t block() const {
    return std::max(least_block, (elements + most_blocks - 1) / most_blocks);
  }
  friend bool operator==(const CheckTensor&, const CheckTensor&) = default;
};

struct CheckCase {
  std::string name;  // "readqc mlp fp16 ane16"
  std::string input;
  std::vector<std::pair<std::string, std::string>> weights;  // layer, digest
  std::vector<CheckTensor> tensors;                          // in the order of execution
  results::Parts metrics;
};

// How a graph is computed: all its nodes' results by name. Empty: the simulated machine.
using Evaluator = std::function<workloads::Tensors(
    const workloads::Graph&, const kernels::arith::Profile&, const workloads::Tensors&)>;
// Changes a model's parameters before they are used, for tests.
using ChangeWeights = std::function<void(const std::string& name, std::span<float> values)>;
struct CheckOptions {
  Evaluator evaluate{};
  ChangeWeights change{};
};

std::vector<std::string> check_names();  // of all cases
// InputError with the nearest for an unknown name.
CheckCase recompute(const std::string& name, const CheckOptions& options = {});

std::string to_text(const std::vector<CheckCase>& cases);
// InputError "place:line" for what does not read.
std::vector<CheckCase> parse_check(std::string_view text, const std::string& place);
std::string_view built_in_check();  // tests/golden/check.txt, as the program carries it

// Distances in units in the last place of binary16, over the elements that are kept bit by bit.
struct UlpHistogram {
  std::int64_t equal = 0, one = 0, two_three = 0, four_fifteen = 0, more = 0;
};

struct CheckDifference {
  std::string name;
  bool same_input = true;
  std::vector<std::string> weights;    // layers whose weights differ
  std::string tensor;                  // the first that differs, in the order of execution
  std::int64_t first = -1, last = -1;  // the first differing element lies in first..last
  std::string was, is;                 // its bits, where they are kept
  std::int64_t tensors_differing = 0, tensors = 0;
  UlpHistogram ulps;
  std::vector<std::string> metrics;  // "accuracy 0.9 -> 0.8"
  std::string shape;                 // what is not there on one side
  bool equal() const {
    return same_input && weights.empty() && tensor.empty() && metrics.empty() && shape.empty();
  }
};
// Metrics rest on host functions: equal within a relative 1e-5. All else by its bits.
CheckDifference compare_case(const CheckCase& stored, const CheckCase& now);

}  // namespace ane::sim
