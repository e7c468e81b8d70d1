// kind=elementwise: a function of every element, or of two tensors' elements, `depth` times.
#include <fmt/format.h>

#include <algorithm>

#include "isa/error.h"
#include "isa/functions.h"
#include "workloads/networks/op_names.h"
#include "workloads/request/kind.h"
#include "workloads/request/plain.h"

namespace ane::workloads {
namespace {

bool known(const auto& names, std::string_view name) {
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

struct Elementwise : Work {
  std::string op, shape;
  std::int64_t elements = 0, depth_ = 1;

  static constexpr Key keys[] = {
      needed<&Elementwise::op>("op", "relu, add, ..."),
      needed<&Elementwise::elements>("elements", "of the tensor"),
      key<&Elementwise::shape>("shape", "of the tensor, as 64x128x128"),
      key<&Elementwise::depth_>("depth", "operators in a chain", 1, 1e5),
  };

  void check(const Request& r, const std::string& place) const override {
    if (!shape.empty()) check_shape(shape, r.batch, place);
  }
  double nominal_flop(const Request& r) const override {
    const auto d = [](std::int64_t v) { return static_cast<double>(v); };
    return d(elements) * d(r.batch) * d(depth_);
  }
  std::int64_t depth() const override { return depth_; }
  std::string label() const override { return op; }
  bool is_one_operator() const override { return true; }

  Job job(const Request& r, const JobFor& target) const override {
    const std::string plain = plain_op(op);
    if (target.form == Form::framework && !target.programs) {
      if (!known(isa::unary_functions, plain) && !known(isa::elementwise_operations, plain) &&
          operands_elsewhere(plain) == 0) {
        std::vector<std::string> names;
        for (const auto n : isa::unary_functions) names.emplace_back(n);
        for (const auto n : isa::elementwise_operations) names.emplace_back(n);
        throw InputError("request", fmt::format("unknown op '{}'", op), choice_note(op, names));
      }
      const bool two = known(isa::elementwise_operations, plain) || operands_elsewhere(plain) == 2;
      kernels::Work w = pointwise(elements * r.batch, bytes_of(r.formats.activations), two ? 2 : 1);
      w.count = depth_;
      return {.stages = {{.work = WorkList{w}}}};
    }
    if (target.seed) refuse_values_of_stand_in(op);
    Plain graph(r, target);
    ValueId x = graph.input("x", graph.plane(elements, shape));
    for (std::int64_t i = 0; i < depth_; ++i) x = graph.apply(plain, x);
    return {.stages = {{.work = graph.finish(x)}}};
  }
};

}  // namespace

namespace kind {
extern const Kind elementwise;
constinit const Kind elementwise =
    kind_of<Elementwise>("elementwise", "a function of each element", "item",
                         takes_activations | takes_batch | takes_state | takes_slope | takes_io);
}  // namespace kind

}  // namespace ane::workloads
