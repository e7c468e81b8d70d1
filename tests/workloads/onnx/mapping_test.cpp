// Does a model mapped to the accelerator's operators compute what the model says? Each backend test
// as a graph, by the operators' scalar references in float32, beside the model's own reference.
#include "workloads/model/mapping.h"

#include <gtest/gtest.h>

#include <cmath>
#include <iostream>

#include "isa/error.h"
#include "kernels/arithmetic.h"
#include "tests/workloads/onnx/cases.h"
#include "workloads/graph/evaluate.h"
#include "workloads/graph/join.h"

namespace ane::workloads {
namespace {

using namespace cases;

// Values of a port in its layout, as a graph takes them; and back.
kernels::Tensor laid(const model::Array& a, const model::Port& port) {
  const kernels::Extents e = model::extents_of(port.type.shape, port.layout);
  const bool real = model::is_real(port.type.dtype) || port.type.dtype == model::Dtype::boolean;
  kernels::Tensor t(real ? kernels::Format::fp32 : kernels::Format::i32, {e.n, e.c, e.h, e.w});
  kernels::Shape shape;
  std::vector<std::int64_t> strides;
  const auto own = model::strides_of(port.type.shape);
  for (const int d : port.layout.order()) {
    shape.push_back(port.type.shape[static_cast<std::size_t>(d)]);
    strides.push_back(own[static_cast<std::size_t>(d)]);
  }
  model::walk(shape, strides, [&](std::int64_t at, std::int64_t from) {
    kernels::set_element(t, at, a.number(from));
  });
  return t;
}

struct Outcome {
  std::string fault;  // empty: equal, or not comparable
  int mapped = 0, host = 0;
};

Outcome run_case(const fs::path& folder) {
  Outcome o;
  try {
    const model::Source source = onnx::read_onnx((folder / "model.onnx").string());
    const model::Binding given = inputs_of(source, folder / "test_data_set_0");
    const auto wanted = model::evaluate(source, given);
    model::Binding shapes;
    for (const auto& [name, data] : given.inputs) {
      // What decides shapes is given; all else is not known beforehand.
      const bool decides = !model::is_real(data->type.dtype) || data->type.shape.empty();
      if (decides)
        shapes.inputs[name] = data;
      else
        shapes.shapes[name] = data->type.shape;
    }
    const model::Model m = model::bind(source, shapes);
    if (!m.notes.empty()) return o;
    const isa::Machine machine;
    const model::Mapped mapped = model::map_model(m, {.machine = machine, .values = true});
    for (const Node& n : mapped.graph.nodes)
      ++(model::host_reason(n) != nullptr ? o.host : o.mapped);
    Tensors inputs;
    for (const model::Port& p : mapped.inputs) inputs[p.name] = laid(*given.inputs.at(p.given), p);
    const Tensors outputs = evaluate(joined(mapped.graph), kernels::float_arithmetic(), inputs);
    for (const model::Port& p : mapped.outputs) {
      const auto at = std::ranges::find(wanted, p.given, &std::pair<std::string, Data>::first);
      const kernels::Tensor want = laid(*at->second, p), &got = outputs.at(p.name);
      for (std::int64_t i = 0; i < want.size(); ++i) {
        const double a = kernels::element(got, i), b = kernels::element(want, i);
        if (a == b || (std::isnan(a) && std::isnan(b)) ||
            std::fabs(a - b) <= 1e-4 + 2e-3 * std::fabs(b))
          continue;
        o.fault = fmt::format("{}: element {} is {:g} in place of {:g}", p.given, i, a, b);
        return o;
      }
    }
  } catch (const InputError& e) {
    if (std::string(e.what()).find("nothing") == std::string::npos &&
        folder.string().find("none") == std::string::npos)
      o.fault = fmt::format("refused {}: {}", e.place(), e.what());
  }
  return o;
}

TEST(OnnxMapping, GivesTheModelsValues) {
  if (!fs::exists(package)) GTEST_SKIP() << "Debian's libonnx-testdata is not installed";
  int compared = 0, on_engine = 0;
  for (const char* group : {"node", "pytorch-converted", "pytorch-operator"})
    for (const fs::path& f : folders_of(group)) {
      const Outcome o = run_case(f);
      if (o.fault.starts_with("refused")) continue;  // OnnxBackend holds those
      EXPECT_EQ(o.fault, "") << f.filename();
      compared += o.mapped + o.host > 0 ? 1 : 0;
      on_engine += o.mapped > 0 && o.host == 0 ? 1 : 0;
    }
  std::cout << compared << " models compared, " << on_engine << " of them all on the accelerator\n";
  EXPECT_GE(compared, 500);
}

}  // namespace
}  // namespace ane::workloads
