// The pieces that ProteinMPNN's graphs are made of (graph.h): layers with their parameters, the
// ways to gather, masks, sums over slots.
#pragma once
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "workloads/mpnn/graph/graph.h"

namespace ane::workloads::mpnn {

// Which columns each slot reads: one i32 input, or a matrix of zeros and ones a protein.
struct Columns {
  std::vector<ValueId> inputs;
  int halves = 1;  // tables side by side that the index runs over
};

class Parts {
 public:
  Parts(const Weights& weights, const GraphOptions& options);

  GraphBuilder& builder() { return builder_; }
  const Weights& weights() const { return weights_; }
  const GraphOptions& options() const { return options_; }
  Graph finish();
  void output(const std::string& name, ValueId value);  // under this name

  // Types of tensors with `channels` channels.
  TensorType nodes(std::int64_t channels) const;  // one column a place
  TensorType slots(std::int64_t channels) const;  // and one row (or batch item) a slot
  static TensorType column_type(std::int64_t channels, std::int64_t columns);

  // Layers. `name` is the parameter's; products by source are named after it.
  ValueId linear(const std::string& name, const Linear& l, ValueId x,
                 const std::string& activation = "none", bool bias = true);
  ValueId linear_part(const std::string& name, const Linear& l, std::int64_t first,
                      std::int64_t count, ValueId x, bool bias,
                      const std::string& activation = "none");
  // Without the columns [first, first + count), whose input is 0.
  ValueId linear_without(const std::string& name, const Linear& l, std::int64_t first,
                         std::int64_t count, ValueId x, const std::string& activation);
  ValueId message(const std::string& name, const Linear& W3, ValueId x);  // times 32/30
  ValueId norm(const std::string& name, const Norm& n, ValueId x);
  ValueId feed_forward(const std::string& name, const Linear& in, const Linear& out, ValueId x);

  // gelu(W1 [hV_i; hE_ij; hV_j]) of an encoder layer, whole or by source.
  ValueId pair(const std::string& name, const Linear& W1, ValueId hV, ValueId hE,
               const Columns& columns);
  ValueId edge_only(const std::string& name, const Linear& W1, ValueId hE);

  ValueId expand(const std::string& name, ValueId x);  // a node tensor in every slot
  ValueId concat(const std::string& name, const std::vector<ValueId>& parts, int axis);
  ValueId beside(const std::string& name, ValueId a, ValueId b);  // columns of b behind those of a
  // Once for each table and columns: a second wish gets the first answer.
  ValueId gather(const std::string& name, ValueId table, const Columns& columns);
  Columns columns(const std::string& input);  // "index", or "select" over two tables
  ValueId types();                            // hS_j, 0 where it is not seen
  ValueId type_part(const std::string& name, const Linear& W1);         // W1's part of it
  ValueId sum_slots(const std::string& name, ValueId x, ValueId mask);  // of masked x, over 32
  ValueId masked(const std::string& name, ValueId x);                   // node tensor times mask
  ValueId pair_mask();  // -1 where nothing is masked
  ValueId valid();

 private:
  ValueId input(const std::string& name, const TensorType& type);  // made once
  ValueId layer(const std::string& name, ValueId x, kernels::Parameters parameters,
                const std::string& activation);
  kernels::Parameters parameters(const Linear& l, const std::vector<std::int64_t>& columns,
                                 bool bias, double scale = 1) const;
  ValueId vector(const std::string& name, const std::vector<float>& values);
  ValueId type_table(const std::string& name, const std::vector<float>& by_type);
  ValueId gather_once(const std::string& name, ValueId table, const Columns& columns);
  std::int64_t places() const;  // columns of a node tensor

  const Weights& weights_;
  const GraphOptions& options_;
  std::int64_t slots_ = 0;
  GraphBuilder builder_;
  std::map<std::string, ValueId> inputs_;
  std::vector<std::pair<ValueId, std::string>> outputs_;
  std::map<std::pair<ValueId, ValueId>, ValueId> gathered_;
  ValueId types_ = -1;
};

}  // namespace ane::workloads::mpnn
