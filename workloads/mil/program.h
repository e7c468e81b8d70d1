// A program as Core ML sees it before it places operators: MIL operators in file order over typed
// tensors, reals in fp16. MIL's names are those of coremltools' reference of operators.
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "workloads/graph/graph.h"
#include "workloads/model/bind.h"

namespace ane::workloads::mil {

enum class Dtype { fp16, fp32, int32, int16, int8, boolean };

struct Tensor {
  Dtype dtype = Dtype::fp16;
  std::vector<std::int64_t> shape{};  // outermost first
  bool constant = false;
  std::string name{};  // of what is one tensor; empty: unsaid
  double elements() const;
  double bytes() const;
  friend bool operator==(const Tensor&, const Tensor&) = default;
};

struct Op {
  std::string mil;                          // "conv"
  std::vector<Tensor> inputs{}, outputs{};  // outputs that nothing reads are left out
  std::vector<std::int64_t> kernel{};       // of a pool; of a convolution its weights say it
  std::vector<std::int64_t> dilations{};    // of a convolution; empty: 1
  std::int64_t groups = 1;                  // of a convolution
  std::vector<std::string> names{};         // the nodes that it comes from
};

struct Program {
  std::string name{};
  std::vector<Op> ops{};
};

// Extents of the window, rows before columns: of a pool's kernel or a convolution's weights. Empty
// where there is none.
std::vector<std::int64_t> window_of(const Op& op);
// Multiply-adds of convolutions, linear layers and products; 0 elsewhere.
double macs_of(const Op& op);

// One operator as data files write it: its name, operands ("const:" before what is constant, "x:"
// before what is one tensor in several places), "->", results, and kernel=, dilations=, groups=
// where they are not 1.
//
//   conv fp16[1,64,32,32] const:fp16[64,64,3,3] -> fp16[1,64,32,32] dilations=2x2
//
// InputError at `place` for anything else.
Op parse_op(std::string_view text, const std::string& place);
std::string to_text(const Op& op);
// Several of them, " ; " between.
std::vector<Op> parse_ops(std::string_view text, const std::string& place);

// A file's model: what coremltools' passes fold is gone (constants, identities, a batch
// normalisation or a bias behind a product), reals are fp16, indices int32. An operator that MIL
// has under another name or as several is given the name of the one that decides its placement.
Program program_of(const model::Model& model);
// A graph of the accelerator; its fused additions and activations are operators of their own. Names
// are those of nodes.
Program program_of(const workloads::Graph& graph);

}  // namespace ane::workloads::mil
