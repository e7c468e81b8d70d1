// A bound model as a graph of the machine's operators, computed by their scalar references in
// float32 beside the model's own reference.
#pragma once
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "kernels/arithmetic.h"
#include "workloads/graph/evaluate.h"
#include "workloads/graph/join.h"
#include "workloads/model/mapping.h"

namespace ane::workloads::cases {

// Values of a port in its layout, as a graph takes them.
inline kernels::Tensor laid(const model::Array& a, const model::Port& port) {
  const kernels::Extents e = model::extents_of(port.type.shape, port.layout);
  const model::Dtype type = port.type.dtype;
  const kernels::Format format = model::is_real(type) || type == model::Dtype::boolean
                                     ? kernels::Format::fp32
                                 : model::info(type).bytes == 1 ? kernels::Format::i8
                                                                : kernels::Format::i32;
  kernels::Tensor t(format, {e.n, e.c, e.h, e.w});
  kernels::Shape shape;
  std::vector<std::int64_t> strides;
  const auto own = model::strides_of(port.type.shape);
  for (const int d : port.layout.order()) {
    shape.push_back(port.type.shape[static_cast<std::size_t>(d)]);
    strides.push_back(own[static_cast<std::size_t>(d)]);
  }
  model::walk(shape, strides, [&](std::int64_t at, std::int64_t from) {
    kernels::set_element(t, at, a.number(from) - model::code_shift(type));
  });
  return t;
}

struct Outcome {
  std::string fault;         // empty: equal
  int mapped = 0, host = 0;  // nodes of the graph
};

inline Outcome outcome_of(const model::Model& m, const model::Binding& given,
                          const std::vector<std::pair<std::string, model::Data>>& wanted) {
  Outcome o;
  const isa::Machine machine;
  const model::Mapped mapped = model::map_model(m, {.machine = machine, .values = true});
  for (const Node& n : mapped.graph.nodes) ++(model::host_reason(n) != nullptr ? o.host : o.mapped);
  Tensors inputs;
  for (const model::Port& p : mapped.inputs) inputs[p.name] = laid(*given.inputs.at(p.given), p);
  const Tensors outputs = evaluate(joined(mapped.graph), kernels::float_arithmetic(), inputs);
  for (const model::Port& p : mapped.outputs) {
    const auto at = std::ranges::find(wanted, p.given, &std::pair<std::string, model::Data>::first);
    const kernels::Tensor want = laid(*at->second, p), &got = outputs.at(p.name);
    for (std::int64_t i = 0; i < want.size(); ++i) {
      const double a = kernels::element(got, i), b = kernels::element(want, i);
      if (a == b || (std::isnan(a) && std::isnan(b)) ||
          std::fabs(a - b) <= 1e-4 + 2e-3 * std::fabs(b))
        continue;
      // Halves of a code are rounded to even there.
      if (want.format == kernels::Format::i8 && std::fabs(a - b) <= 1) continue;
      o.fault = fmt::format("{}: element {} is {:g} in place of {:g}", p.given, i, a, b);
      return o;
    }
  }
  return o;
}

}  // namespace ane::workloads::cases
