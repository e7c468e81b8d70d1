#include "workloads/request/plain.h"

#include <fmt/format.h>

#include <algorithm>

#include "isa/error.h"
#include "isa/functions.h"
#include "workloads/networks/op_names.h"

namespace ane::workloads {
namespace {

bool contains(const auto& list, std::string_view name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

// CPU and GPU take the graph's shapes with formats of their own: no codes between layers.
Numbers numbers_for(const Request& r, const JobFor& target) {
  Numbers n = target.programs ? numbers_of(r.formats, target.machine) : Numbers{};
  n.seed = target.seed;
  return n;
}

}  // namespace

Plain::Plain(const Request& r, const JobFor& target)
    : layers(to_text(r), numbers_for(r, target)), request_(r), machine_(target.machine) {}

ValueId Plain::input(const std::string& name, const Extents& e) {
  if (request_.conditions.io != HostTensors::fp32)
    return layers.graph().input(name, {Format::fp16, e});
  const ValueId host = layers.graph().input(name, {Format::fp32, e});
  return layers.graph().node("cast", name + " fp16", {host});
}

void Plain::output(ValueId x) {
  x = layers.fp16(x);
  if (request_.conditions.io == HostTensors::fp32)
    x = layers.graph().node("cast", fmt::format("result {}", outputs_++), {x});
  layers.graph().output(x);
}

Graph Plain::finish(ValueId x) {
  output(x);
  return layers.graph().finish();
}

Extents Plain::plane(std::int64_t elements, const std::string& shape) const {
  Extents e{.w = 1, .h = 1, .c = 1, .n = request_.batch};
  if (!shape.empty()) {
    const std::vector<std::int64_t> x = extents(shape);
    e.w = x.back();
    for (std::size_t i = 0; i + 1 < x.size(); ++i) e.c *= x[i];
  } else {
    e.w = elements;
    for (const std::int64_t columns : {4096, 1024, 256, 64, 32})
      if (elements % columns == 0) {
        e.w = columns;
        break;
      }
    // A count with no such divisor ends in a row that is not full.
    if (e.w > machine_.max_extent) e.w = 1024;
    e.c = (elements + e.w - 1) / e.w;
  }
  split_columns(e);
  if (e.c > machine_.max_channels) {
    e.h = (e.c + machine_.max_channels - 1) / machine_.max_channels * e.h;
    e.c = (e.c + e.h - 1) / e.h;
  }
  return e;
}

void Plain::split_columns(Extents& e) const {
  const std::int64_t most = machine_.max_extent;
  while (e.w > most && e.w % 2 == 0) e.w /= 2, e.h *= 2;
  if (e.w > most) e.h *= (e.w + most - 1) / most, e.w = most;
}

ValueId Plain::apply(const std::string& op, ValueId x) {
  if (contains(isa::unary_functions, op)) return layers.unary(x, op);
  if (is_move(op)) return layers.unary(x, "none");
  if (contains(isa::elementwise_operations, op)) {
    const ValueId y = input(fmt::format("y{}", operands_++), layers.extents(x));
    return layers.graph().elementwise(fmt::format("op{}", operands_), op, x, y);
  }
  std::vector<std::string> known{"softmax", "layer_norm", "rms_norm",  "mha",
                                 "sdpa",    "transpose",  "reduce_sum"};
  for (const auto name : isa::unary_functions) known.emplace_back(name);
  for (const auto name : isa::elementwise_operations) known.emplace_back(name);
  throw InputError("request", fmt::format("op '{}' has no graph", op), choice_note(op, known));
}

void check_elements(std::string_view what, double elements, const std::string& place) {
  constexpr double most = 1e15;
  if (!(elements <= most))
    throw InputError(place, fmt::format("{} has {:.3g} elements", what, elements),
                     fmt::format("at most {:g}", most));
}

void check_shape(std::string_view shape, std::int64_t batch, const std::string& place) {
  auto elements = static_cast<double>(batch);
  for (const std::int64_t e : extents(shape)) elements *= static_cast<double>(e);
  check_elements(fmt::format("shape={}", shape), elements, place);
}

}  // namespace ane::workloads
