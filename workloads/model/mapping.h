// A model of any rank as a graph of the accelerator's four-dimensional operators, and of what the
// host does in between.
//
// A tensor lies in the machine's four axes (n, c, h, w) by a layout: which of its axes stand in
// which of those, outermost first. A permutation of a model is another layout of the same data, and
// a reshape another grouping; data move only where an operator wants its operand laid out
// otherwise.
#pragma once
#include <array>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "isa/machine.h"
#include "workloads/graph/graph.h"
#include "workloads/model/bind.h"

namespace ane::workloads::model {

// Axes of extents above 1 by machine axis n, c, h, w.
struct Layout {
  std::array<std::vector<int>, 4> of;
  enum : std::size_t { n = 0, c = 1, h = 2, w = 3 };
  std::vector<int> order() const;  // all of them, as the data run
  friend bool operator==(const Layout&, const Layout&) = default;
};
// Row-major: the last axis along columns, the one before along rows, then channels, the rest batch.
Layout natural_layout(const Shape& shape);
Extents extents_of(const Shape& shape, const Layout& layout);
int machine_axis(std::size_t group);  // kernels::Axis of a group
// Numbers of eight bits lie as the accelerator's codes, which have a sign: those of another type
// less this.
int code_shift(Dtype dtype);

struct MapOptions {
  const isa::Machine& machine;
  isa::KernelFormat weights = isa::KernelFormat::fp16;
  bool values = false;  // of weights and constants; else shapes alone
};

// Where a model's input or output lies in the graph.
struct Port {
  std::string name;   // of the graph's value
  std::string given;  // the model's
  Type type;
  Layout layout;
};

struct Mapped {
  workloads::Graph graph;
  std::vector<Port> inputs, outputs;
  // The model's node of each node of the graph, or of what moves data for it.
  std::vector<int> node_of;
};

// InputError where nothing is left to run.
Mapped map_model(const Model& model, const MapOptions& options);

// A node of the graph that the host runs (its operator's name is the model's): why, with source and
// rewrite.
struct HostReason {
  std::string label, reason, source, rewrite;
};
const HostReason* host_reason(const workloads::Node& node);

// What an operator's `map` works with: operands of one use, nodes of the graph, results.
class Mapper {
 public:
  Mapper(const Model& model, const MapOptions& options) : model_(model), options_(options) {}
  Mapped run();

  // ---- of the node that is mapped now
  const Shape& shape(std::size_t k) const { return use_->shape(k); }
  const Shape& result_shape(std::size_t k = 0) const { return use_->outputs().at(k).type.shape; }
  const isa::Machine& machine() const { return options_.machine; }
  // Where operand k lies; nothing for constants and inputs that nobody has placed yet. These and
  // what follows: InputError for an operand that is left out.
  std::optional<Layout> layout(std::size_t k) const;
  // The layout it has, or else the natural one.
  Layout layout_or_natural(std::size_t k) const;
  // Operand k in that layout, moved there where it lies otherwise. InputError for one that nothing
  // before this node makes; unmapped, as the node then is, where it cannot move (R1, I1) or is
  // nowhere (V1).
  ValueId operand(std::size_t k, const Layout& layout);
  // A known operand, broadcast to `as` first (the extents of what it meets; layout is of these).
  // InputError, where values are asked for, of an operand that is not known.
  ValueId constant(std::size_t k, const Shape& as, const Layout& layout);
  // Operand k, whole numbers of any type, as reals: the host casts it.
  ValueId as_real(std::size_t k, const Layout& layout);
  ValueId constant(const std::string& what, const Extents& e, std::vector<float> values);
  ValueId scalar(float value);
  // A layout of operand k in which `axes` fill whole machine axes, with nothing else. InputError
  // for an axis that the operand lacks.
  Layout layout_with(std::size_t k, const std::vector<int>& axes) const;

  ValueId node(const std::string& op, std::vector<ValueId> inputs, Attributes attributes = {},
               std::shared_ptr<const kernels::Parameters> parameters = {});
  ValueId unary(const std::string& function, ValueId x, double alpha = 0, double beta = 0);
  ValueId elementwise(const std::string& operation, ValueId a, ValueId b);
  ValueId reshape(ValueId x, const Extents& e);
  ValueId transpose(ValueId x, const std::array<int, 4>& order);
  ValueId slice(ValueId x, std::size_t group, std::int64_t begin, std::int64_t count);
  ValueId concat(std::vector<ValueId> parts, std::size_t group);
  const Extents& extents(ValueId v) const { return graph_.type(v).e; }
  // Parameters of a product with `values` [cout, cin, kh, kw], and a bias where there is one.
  std::shared_ptr<kernels::Parameters> parameters(std::int64_t cout, std::int64_t cin, int kh,
                                                  int kw, bool bias) const;
  bool values() const { return options_.values; }
  // The stream of weights that the file has as codes of eight bits, where nothing else is asked
  // for: as short as they are. Chips that fold weights of eight bits do not where activations have
  // as many [S64].
  isa::KernelFormat format_of_codes(bool activations) const {
    const bool streams = activations || options_.machine.streams_int8_weights;
    return options_.weights == isa::KernelFormat::fp16 && streams ? isa::KernelFormat::int8c
                                                                  : options_.weights;
  }
  // Whether this node alone reads operand k; operand k with a bias a channel, where what makes it
  // is a product without one that this node alone reads.
  bool only_reader(std::size_t k) const;
  std::optional<ValueId> with_bias(std::size_t k, std::vector<float> bias);
  // Whether the node that makes operand k, where this one alone reads it, multiplies its result by
  // that (before it adds one) or adds it; then that is done.
  bool takes_factor(std::size_t k, double factor);
  bool takes_term(std::size_t k, double term);
  // What x is the square of, where this node alone reads x.
  std::optional<ValueId> root_of(ValueId x) const;
  // Operand k in the layout that it has, as codes: by the node that makes it, where this one alone
  // reads it and that one can quantise what it makes, else by a node of its own.
  ValueId quantised(std::size_t k, double scale, int zero);
  // Codes of the layout that they have, as reals.
  ValueId dequantised(ValueId codes, double scale, int zero);
  // Takes a factor and a term a channel (axis 1) into the product that makes operand k, where
  // with_bias would and these are the product's channels.
  bool scaled_product(std::size_t k, const std::vector<float>& factor,
                      const std::vector<float>& term);
  const Use& use() const { return *use_; }

  // Where result k lies. InputError where the value's extents are not the result's in that layout.
  void result(std::size_t k, ValueId v, Layout layout);
  // Result k is operand `in` with its axes renamed: layout is in the result's axes.
  void same(std::size_t k, std::size_t in, Layout layout) {
    result(k, placed(in), std::move(layout));
  }
  // Where the operand lies now, placing an input naturally.
  ValueId placed(std::size_t k);

  // A value of this use on its way from operand to result, brought from the layout that it was said
  // to be in last (operand's, relaid's or laid's) to another.
  ValueId relaid(ValueId x, const Shape& shape, const Layout& to);
  void laid(Layout layout) { laid_ = std::move(layout); }

  // The node that makes operand k, where one of this model does, and operand `of` of that one in a
  // layout: what joins two nodes.
  const BoundNode* maker(std::size_t k) const;
  Use use_of(const BoundNode& node) const { return model_.use(node); }
  ValueId operand_of(const BoundNode& node, std::size_t of, const Layout& layout);

 private:
  struct Place {
    ValueId id = -1;
    Layout layout;
  };
  ValueId value(const std::string& name, const kernels::TensorType& type, int producer);
  ValueId value_in(int model_value, const Layout& layout);
  ValueId moved(ValueId x, const Layout& from, const Layout& to, const Shape& shape);
  ValueId known(const Value& v, const Layout& layout);
  // The convolution or linear layer of reals that makes operand k, where this node alone reads it.
  workloads::Node* own_product(std::size_t k);
  // Whether this node is the only reader of a value of the graph.
  bool read_by_this_alone(ValueId x) const;
  // The node that makes it, where that is so.
  workloads::Node* own_maker(ValueId x);
  // That of operand k, one that takes constants.
  workloads::Node* own_arithmetic(std::size_t k);
  bool along_channels(std::size_t k) const;
  void host(const BoundNode& n, const HostReason& why);
  // One of the host's operators beside those of the model, from a value in the natural layout to
  // another.
  ValueId of_the_host(const Tensor& from, ValueId x, const char* op, const char* attribute,
                      Attribute value, const std::string& what, const Type& to, HostReason why);
  // In the natural layout, which the host reads; moved by the host where the accelerator cannot.
  ValueId natural(const Tensor& t);
  bool all_placed(const BoundNode& n) const;
  void set_place(int model_value, Place place);
  void move_place(int model_value, Place place);
  void drop_unread();
  Format format_of(Dtype dtype) const;

  const Model& model_;
  const MapOptions& options_;
  workloads::Graph graph_;
  Mapped out_;
  std::vector<Place> places_;
  std::vector<std::vector<int>> placed_at_;  // the model's values by the graph's
  std::vector<int> makers_, readers_;        // of model values
  Names names_;                          // of the graph's values: segments exchange them by name
  std::vector<std::string> node_names_;  // by the model's nodes
  std::vector<std::pair<int, Place>> journal_;
  std::map<std::pair<int, std::vector<int>>, ValueId> moved_;
  std::map<int, ValueId> real_;  // whole numbers that the host has cast, in the natural layout
  Layout laid_;
  const Use* use_ = nullptr;
  int now_ = 0;
};

}  // namespace ane::workloads::model
