// How a source becomes a model: names and their tensors scope by scope, node after node.
#pragma once
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "workloads/model/bind.h"

namespace ane::workloads::model {

class Binder {
 public:
  // values: the values of all, not shapes alone.
  Binder(const Source& source, const Binding& binding, bool values)
      : source_(source), binding_(binding), values_(values) {}

  // The outputs. InputError as bind and evaluate have it.
  std::vector<Tensor> run();
  // What has been bound, with these outputs.
  Model model(std::vector<Tensor> results);

 private:
  // ---- inputs

  void refuse_strangers(const Graph& g) const;
  Tensor input(const Declared& d);
  static std::string declared_text(const Declared& d);
  static std::string example(const Declared& d);
  static void check_input(const Declared& d, const Type& t);

  // An output that the file declares otherwise. Its extents may be those of the inputs that it was
  // written with, where these are open.
  void check_output(const Graph& g, const Declared& d, const Tensor& t);

  // ---- graphs

  const Tensor* find(const std::string& name) const;

  // Runs a graph in the innermost scope; its outputs.
  std::vector<Tensor> body(const Graph& g, bool outer);
  static void readers(const Graph& g, std::map<std::string, std::size_t>& last);
  void count_step(const Node& n);
  static std::string place_of(const Node& n);
  void node(const Node& n);

  // ---- operators

  std::vector<Tensor> plain(const Node& n, std::vector<Tensor> inputs);

  // Whatever does not fit is the file's fault, and told at the node.
  static void run_operator(const Operator& op, Use& use);

  // Known, or another name of an operand.
  static bool all_results_there(const Use& use);
  bool foldable(const Operator& op, const Use& use, const std::vector<Tensor>& inputs);
  int value_of(Tensor& t);
  std::vector<Tensor> emit(const Node& n, const Operator& op, Use& use, std::vector<Tensor> inputs);

  // ---- functions, branches, loops

  static void bind_references(Node& n, const std::map<std::string, Attribute>& given);
  std::vector<Tensor> call(const Node& n, const Function& f, std::vector<Tensor> inputs);

  // What runs graphs of its own.
  struct Control {
    std::string_view name;
    Takes takes;
    std::vector<Tensor> (Binder::*run)(const Node& n, std::vector<Tensor> inputs);
  };
  static const Control* control_named(const std::string& op);
  const Graph& graph_of(const Node& n, const std::string& attribute) const;
  std::vector<Tensor> inside(const Graph& g, std::vector<Tensor> inputs, const Node& n);

  // A truth value that must be known.
  bool decided(const Node& n, Tensor t, const char* what) const;
  std::vector<Tensor> branch(const Node& n, std::vector<Tensor> inputs);

  // What the iterations gave, along a new axis.
  Tensor stacked(const Node& n, std::vector<Tensor> parts, std::int64_t axis, const Declared& like);
  std::vector<Tensor> loop(const Node& n, std::vector<Tensor> inputs);

  // Element `k` of a sequence along an axis, without that axis.
  Tensor element(const Node& n, const Tensor& t, std::int64_t k, std::size_t axis);
  std::vector<Tensor> scan(const Node& n, std::vector<Tensor> inputs);
  std::vector<Tensor> scan_of(const Node& n, const Graph& g, std::size_t scans,
                              std::vector<Tensor> inputs);

  // Version 8: an operand of lengths in front, and a batch around everything.
  std::vector<Tensor> batched_scan(const Node& n, const Graph& g, std::size_t scans,
                                   std::vector<Tensor> inputs);

  // ---- what nothing reads

  void drop_unread();

  using Scope = std::map<std::string, Tensor>;

  const Source& source_;
  const Binding& binding_;
  bool values_;
  Model model_;
  std::vector<Scope> scopes_;
  std::size_t steps_ = 0;
  std::int64_t folded_ = 0;
  double operations_ = 0;  // of what was folded
  int depth_ = 0;
  bool bounded_ = false;  // a shape is the most that it can be
};

}  // namespace ane::workloads::model
