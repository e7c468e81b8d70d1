// Does a model mapped to the accelerator's operators compute what the model says? Each backend test
// as a graph, by the operators' scalar references in float32, beside the model's own reference.
#include "workloads/model/mapping.h"

#include <gtest/gtest.h>

#include <iostream>

#include "isa/error.h"
#include "tests/workloads/onnx/cases.h"
#include "tests/workloads/onnx/mapped.h"

namespace ane::workloads {
namespace {

using namespace cases;

// Which inputs are not known before the call: all that no shape depends on, or the first alone, so
// that weights and scales are constants.
enum class Open { all, first };

Outcome run_case(const fs::path& folder, Open open) {
  Outcome o;
  try {
    const model::Source source = onnx::read_onnx((folder / "model.onnx").string());
    const model::Binding given = inputs_of(source, folder / "test_data_set_0");
    const auto wanted = model::evaluate(source, given);
    model::Binding shapes;
    const std::string first =
        source.graph->inputs.empty() ? std::string() : source.graph->inputs[0].name;
    for (const auto& [name, data] : given.inputs) {
      // What decides shapes is given.
      const bool decides = open == Open::first
                               ? name != first
                               : !model::is_real(data->type.dtype) || data->type.shape.empty();
      if (decides)
        shapes.inputs[name] = data;
      else
        shapes.shapes[name] = data->type.shape;
    }
    const model::Model m = model::bind(source, shapes);
    if (!m.notes.empty()) return o;
    o = outcome_of(m, given, wanted);
  } catch (const InputError& e) {
    if (std::string(e.what()).find("nothing") == std::string::npos &&
        folder.string().find("none") == std::string::npos)
      o.fault = fmt::format("refused {}: {}", e.place(), e.what());
  }
  return o;
}

void expect_the_models_values(Open open, int least_compared, int least_on_engine) {
  int compared = 0, on_engine = 0;
  for (const char* group : {"node", "pytorch-converted", "pytorch-operator"})
    for (const fs::path& f : folders_of(group)) {
      const Outcome o = run_case(f, open);
      if (o.fault.starts_with("refused")) continue;  // OnnxBackend holds those
      EXPECT_EQ(o.fault, "") << f.filename();
      compared += o.mapped + o.host > 0 ? 1 : 0;
      on_engine += o.mapped > 0 && o.host == 0 ? 1 : 0;
    }
  std::cout << compared << " models compared, " << on_engine << " of them all on the accelerator\n";
  EXPECT_GE(compared, least_compared);
  EXPECT_GE(on_engine, least_on_engine);
}

TEST(OnnxMapping, GivesTheModelsValues) {
  if (!fs::exists(package)) GTEST_SKIP() << "Debian's libonnx-testdata is not installed";
  expect_the_models_values(Open::all, 500, 300);
}

TEST(OnnxMapping, GivesTheModelsValuesOfConstantWeightsAndScales) {
  if (!fs::exists(package)) GTEST_SKIP() << "Debian's libonnx-testdata is not installed";
  expect_the_models_values(Open::first, 500, 300);
}

}  // namespace
}  // namespace ane::workloads
