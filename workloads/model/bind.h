// From a model as a file tells it to one of static shapes: constants folded, functions and branches
// taken apart, loops unrolled, what nothing reads left out.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "workloads/model/operator.h"

namespace ane::workloads::model {

// A value of a bound model.
struct Value {
  std::string name;
  Type type;
  Data data;                             // known, as its values
  std::shared_ptr<const Packed> packed;  // known, as its file's bytes
  std::shared_ptr<const Coded> coded;    // known, and dequantised from this
  bool known() const { return data != nullptr || packed != nullptr; }
};

struct BoundNode {
  Node node;  // names of the file; attributes without references
  const Operator* op = nullptr;
  std::vector<int> inputs, outputs;  // values; below 0: left out
};

struct Model {
  std::string name;
  std::vector<Value> values;
  std::vector<BoundNode> nodes;  // in an order of execution
  std::vector<int> inputs, outputs;
  std::vector<std::string> input_names, output_names;
  std::vector<std::string> notes;  // for people: what was assumed

  // The use of a node with what is known of its tensors.
  Use use(const BoundNode& node) const;
};

// Names of which none is given twice.
class Names {
 public:
  // The name, or with "#1" behind it and so on.
  std::string fresh(const std::string& name);
  // Back to what was taken before: all since mark() are free again.
  std::size_t mark() const { return order_.size(); }
  void forget(std::size_t mark);

 private:
  int take(const std::string& name);
  std::map<std::string, int> taken_;  // how often each was asked for
  std::vector<std::string> order_;
};

// A name of each node for people: its own, else that of its first result, else its operator's; of
// several alike the later ones with a number.
std::vector<std::string> names_of_nodes(const Model& model);

struct Binding {
  std::map<std::string, Shape> shapes;       // of inputs, by name
  std::map<std::string, std::int64_t> dims;  // open extents, by symbol
  std::map<std::string, Data> inputs;        // given values: constants from here on
};

// InputError where an extent stays open (with what there is to say), for what no operator knows
// (node, version, nearest), for shapes that do not fit, for branches that are not decided, and
// where it would take more than `most_nodes` nodes or too much memory.
inline constexpr std::size_t most_nodes = 200'000;
Model bind(const Source& source, const Binding& binding);

// The values of the outputs, in float32 and 64-bit integers, by the operators' references.
// All inputs must be given.
std::vector<std::pair<std::string, Data>> evaluate(const Source& source, const Binding& binding);

}  // namespace ane::workloads::model
