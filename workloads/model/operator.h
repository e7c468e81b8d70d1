// An operator of models: one row of a family's table in ops/, and one line a family in
// operators.cpp.
//
// `run` is its shape rule and its reference in one: it says the type of each result through
// Use::out, which returns an array to fill where values are asked for and nothing where only shapes
// are. `map` describes it to the accelerator (mapping.h); without one it is of the host, for `why`.
#pragma once
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/work.h"
#include "workloads/model/graph.h"
#include "workloads/model/takes.h"

namespace ane::workloads::model {

class Mapper;

struct Coded;

// A tensor at one use: its type, and its values where they are known.
struct Tensor {
  Type type;
  Data data;                             // null: not known, or packed
  std::shared_ptr<const Packed> packed;  // of a constant
  std::shared_ptr<const Coded> coded;    // of a constant that was dequantised: from what
  std::string name;
  int id = -1;        // of a bound model's value; below 0: none yet
  bool given = true;  // false: the operand is left out

  bool known() const { return data != nullptr || packed != nullptr; }
};
// Those of a known tensor; InputError for another.
Data values_of(const Tensor& tensor);

// Constants of few bits that stand for real ones: (code - zero) * scale.
struct Coded {
  Tensor codes;          // known
  Data scales, zeros;    // zeros: null where all are 0
  std::size_t axis = 0;  // along which scales and zeros are; of one of each: any
};

// One use of an operator, with the tensors that it is given.
class Use {
 public:
  Use(const Node& of, std::vector<Tensor> inputs, bool values)
      : node(of), inputs_(std::move(inputs)), outputs_(of.outputs.size()), values_(values) {}

  const Node& node;

  // ---- operands
  std::size_t size() const { return inputs_.size(); }
  bool has(std::size_t k) const { return k < inputs_.size() && inputs_[k].given; }
  const Tensor& in(std::size_t k) const;  // InputError where it is left out
  const Type& type(std::size_t k) const { return in(k).type; }
  const Shape& shape(std::size_t k) const { return in(k).type.shape; }
  Dtype dtype(std::size_t k) const { return in(k).type.dtype; }
  std::size_t rank(std::size_t k) const { return shape(k).size(); }
  bool known(std::size_t k) const { return has(k) && inputs_[k].known(); }
  // Values; InputError where they are not known: a shape depends on them.
  const Array& data(std::size_t k);
  const Reals& reals(std::size_t k);
  Wholes integers(std::size_t k);  // of any type that holds whole numbers
  double scalar(std::size_t k);
  double scalar_or(std::size_t k, double otherwise) { return has(k) ? scalar(k) : otherwise; }

  // ---- attributes
  const Attribute* attribute(std::string_view name) const;
  bool says(std::string_view name) const { return attribute(name) != nullptr; }
  std::int64_t integer(std::string_view name, std::int64_t otherwise) const;
  float real(std::string_view name, float otherwise) const;
  std::string text(std::string_view name, std::string_view otherwise) const;
  Wholes list(std::string_view name) const;
  // A list that is an attribute in old versions and an operand in new ones.
  Wholes list_or_input(std::string_view name, std::size_t operand);
  std::size_t axis(std::string_view name, std::int64_t otherwise, std::size_t rank) const;
  // The element type that an attribute names by its code; 0 and none: `otherwise`.
  Dtype dtype_said(std::string_view name, Dtype otherwise) const;

  // ---- results
  std::size_t results() const { return outputs_.size(); }
  bool wants(std::size_t k) const { return k < node.outputs.size() && !node.outputs[k].empty(); }
  // The array to fill, of zeros; null where only shapes are asked for, or nobody wants the result
  // (but of result 0 where values are asked for: never null then).
  Array* out(std::size_t k, Dtype dtype, Shape shape);
  // The result is operand `in` itself, under another shape perhaps.
  void same(std::size_t k, std::size_t in, std::optional<Shape> shape = {});
  void known_result(std::size_t k, Data data);
  // The known result was dequantised from this.
  void coded_result(std::size_t k, Coded coded);
  // A result whose extents depend on values that are not known: its shape is the largest it can be.
  void at_most() { at_most_ = true; }
  bool values() const { return values_; }

  // InputError at the node.
  [[noreturn]] void refuse(const std::string& what, const std::string& note = "") const;
  void require(bool holds, const std::string& what) const {
    if (!holds) refuse(what);
  }
  std::string place() const;

  std::vector<Tensor>& outputs() { return outputs_; }
  const std::vector<Tensor>& outputs() const { return outputs_; }
  bool bounded_only() const { return at_most_; }
  // Settles what was filled and makes it the results' data.
  void finish();

 private:
  std::vector<Tensor> inputs_, outputs_;
  std::vector<std::shared_ptr<Array>> filled_;
  bool values_ = false, at_most_ = false;
};

// What it costs where nothing better is said: the kind of pass over its operands, and operations an
// element of the larger side.
struct Cost {
  kernels::WorkKind kind = kernels::WorkKind::elementwise;
  double flops = 1;
  bool free = false;  // strides or constants: nothing moves
};

// Why an operator is no work of the accelerator: label and sentence, where that stands, and the
// nearest rewrite that would keep it there.
struct Why {
  std::string_view label, reason, source, rewrite;
};

// Which whole numbers a `map` takes; those of a use that has others are the host's.
enum class WholeNumbers { none, of_8_bits, all };

struct Operator {
  std::string_view name;  // "Conv", "com.microsoft.Gelu"
  int since = 1;          // the first version of the domain that has it
  void (*run)(Use& use);
  Takes takes{};
  Cost cost{};
  // The work of one use as a framework runs it; none: by `cost`.
  kernels::Work (*work)(const Use& use) = nullptr;
  // Nodes of the accelerator for it, or why not. `use` knows all shapes.
  std::optional<Why> (*map)(const Use& use, Mapper& mapper) = nullptr;
  Why why{};  // where there is no `map`
  WholeNumbers mapped_wholes = WholeNumbers::none;
};

// What an operator's `run` and `map` meet where operands are not checked one by one.
inline constexpr const char* operands_do_not_fit = "its operands do not fit";
inline constexpr const char* result_too_large = "its result is too large";

using Family = std::span<const Operator>;
// All of them, family by family.
std::span<const Family> families();
// Null where there is none of that name.
const Operator* find_operator(std::string_view domain, std::string_view op);
// "did you mean 'Conv'?"
std::string near_operators(std::string_view domain, std::string_view op);

// Bytes and operations of a use, an element being `bytes` in memory.
kernels::Work work_of(const Operator& op, const Use& use, double activation_bytes,
                      double weight_bytes);

}  // namespace ane::workloads::model
