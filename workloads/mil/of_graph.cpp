#include <algorithm>
#include <array>

#include "workloads/mil/program.h"

namespace ane::workloads::mil {
namespace {

// MIL's names of the accelerator's functions and operations, where they differ.
struct Renamed {
  std::string_view function, mil;
};
constexpr std::array renamed{
    Renamed{"hard_sigmoid", "sigmoid_hard"},
    Renamed{"hard_swish", "silu"},
    Renamed{"negate", "mul"},
    Renamed{"reciprocal", "inverse"},
    Renamed{"div", "real_div"},
    Renamed{"max", "maximum"},
    Renamed{"min", "minimum"},
};
std::string mil_name(std::string_view name) {
  const auto* at = std::ranges::find(renamed, name, &Renamed::function);
  return std::string(at == renamed.end() ? name : at->mil);
}

std::string reduction(std::string_view operation) {
  if (operation == "sum_squares") return "reduce_sum_square";
  if (operation == "mean_squares") return "reduce_mean";
  return "reduce_" + std::string(operation);
}

Tensor tensor_of(const Graph& g, ValueId v) {
  const Value& value = g.values[static_cast<std::size_t>(v)];
  const Extents& e = value.type.e;
  const Dtype d = value.type.format == Format::i32    ? Dtype::int32
                  : value.type.format == Format::i8   ? Dtype::int8
                  : value.type.format == Format::fp32 ? Dtype::fp32
                                                      : Dtype::fp16;
  bool input = value.producer >= 0;
  for (const ValueId i : g.inputs) input = input || i == v;
  return {.dtype = d, .shape = {e.n, e.c, e.h, e.w}, .constant = !input};
}

class Writer {
 public:
  explicit Writer(const Graph& g) : g_(g) { program_.name = g.name; }

  Program write() {
    for (const Node& n : g_.nodes) add(n);
    return std::move(program_);
  }

 private:
  void op(const Node& n, std::string mil, std::vector<Tensor> inputs) {
    Op one{.mil = std::move(mil), .inputs = std::move(inputs), .names = {n.name}};
    one.outputs = {tensor_of(g_, n.output)};
    program_.ops.push_back(std::move(one));
  }

  void add(const Node& n) {
    std::vector<Tensor> in;
    for (const ValueId v : n.inputs) in.push_back(tensor_of(g_, v));
    const Tensor out = tensor_of(g_, n.output);
    const std::string_view name = n.op->name;
    const Attributes& a = n.attributes;
    const bool window = n.parameters != nullptr;
    if (window) {
      const Parameters& p = *n.parameters;
      op(n, "conv", {in[0], Tensor{.shape = {p.cout, p.cin, p.kh, p.kw}, .constant = true}});
      program_.ops.back().groups = a.groups;
      if (a.dilation_h != 1 || a.dilation_w != 1)
        program_.ops.back().dilations = {a.dilation_h, a.dilation_w};
      if (in.size() > 1) op(n, "add", {out, in[1]});
    } else if (name == "elementwise") {
      op(n, mil_name(a.operation), in);
    } else if (name == "unary") {
      op(n, mil_name(a.activation), in);
    } else if (name == "reduce") {
      op(n, reduction(a.operation), in);
    } else if (name == "pool") {
      op(n, std::string(a.operation == "max" ? "max_pool" : "avg_pool"), in);
      program_.ops.back().kernel = {a.kernel_h, a.kernel_w};
    } else if (name == "slice") {
      op(n, "slice_by_index", in);
    } else if (name == "quantise" || name == "dequantise") {
      op(n, name == "quantise" ? "quantize" : "dequantize", in);
    } else {
      op(n, std::string(name), in);
    }
    if (name != "unary" && a.activation != "none" && !a.activation.empty())
      op(n, mil_name(a.activation), {out});
  }

  const Graph& g_;
  Program program_;
};

}  // namespace

Program program_of(const Graph& graph) {
  return Writer(graph).write();
}

}  // namespace ane::workloads::mil
