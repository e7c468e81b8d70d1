// Are the values right? The backend tests of the ONNX project, as Debian's libonnx-testdata has
// them: each is a model, its inputs and the outputs of the project's own reference.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <iostream>
#include <map>

#include "isa/error.h"
#include "tests/workloads/onnx/cases.h"

namespace ane::workloads {
namespace {

using namespace cases;

// The project's own tolerance (onnx/backend/test/runner: rtol 1e-3, atol 1e-7).
std::string difference(const model::Array& got, const model::Array& wanted) {
  if (got.type != wanted.type)
    return fmt::format("{} in place of {}", model::to_string(got.type),
                       model::to_string(wanted.type));
  for (std::int64_t k = 0; k < got.size(); ++k) {
    const double a = got.number(k), b = wanted.number(k);
    const bool same = a == b || (std::isnan(a) && std::isnan(b)) ||
                      std::fabs(a - b) <= 1e-7 + 1e-3 * std::fabs(b);
    if (!same) return fmt::format("element {} is {:g} in place of {:g}", k, a, b);
  }
  return "";
}

// Shapes by themselves must be those of the values, wherever they do not depend on them.
std::string shapes_differ(const model::Source& source, const model::Binding& given,
                          const std::vector<std::pair<std::string, Data>>& outputs) {
  model::Binding shapes;
  for (const auto& [name, data] : given.inputs) shapes.shapes[name] = data->type.shape;
  try {
    const model::Model m = model::bind(source, shapes);
    for (std::size_t k = 0; k < outputs.size() && m.notes.empty(); ++k)
      if (m.values[static_cast<std::size_t>(m.outputs[k])].type != outputs[k].second->type)
        return fmt::format("WRONG: bound to {}, computed as {}",
                           model::to_string(m.values[static_cast<std::size_t>(m.outputs[k])].type),
                           model::to_string(outputs[k].second->type));
  } catch (const InputError& e) {
    if (std::string(e.what()).find("depend") == std::string::npos)
      return fmt::format("WRONG: not bound: {}: {}", e.place(), e.what());
  }
  return "";
}

// "" where all data sets agree, else why not.
std::string run_case(const fs::path& folder) {
  try {
    const model::Source source = onnx::read_onnx((folder / "model.onnx").string());
    for (int set = 0;; ++set) {
      const fs::path data = folder / fmt::format("test_data_set_{}", set);
      if (!fs::exists(data)) return set == 0 ? "no data" : "";
      const model::Binding binding = inputs_of(source, data);
      const auto outputs = model::evaluate(source, binding);
      for (std::size_t k = 0; k < outputs.size(); ++k) {
        const Data wanted = as_declared(tensor(data, "output", k), outputs[k].second->type.dtype);
        if (wanted == nullptr) continue;
        const std::string off = difference(*outputs[k].second, *wanted);
        if (!off.empty()) return fmt::format("WRONG: {}: {}", outputs[k].first, off);
      }
      const std::string shapes = shapes_differ(source, binding, outputs);
      if (!shapes.empty()) return shapes;
    }
  } catch (const InputError& e) {
    return fmt::format("{}: {}", e.place(), e.what());
  }
}

struct Score {
  int passed = 0, all = 0;
  std::map<std::string, std::string> rest;  // why not, by name
};
Score run_folder(const std::string& name) {
  Score s;
  for (const fs::path& f : folders_of(name)) {
    ++s.all;
    const std::string why = run_case(f);
    if (why.empty())
      ++s.passed;
    else
      s.rest[f.filename().string()] = why;
  }
  std::cout << fmt::format("{}: {} of {} pass\n", name, s.passed, s.all);
  for (const auto& [test, why] : s.rest) std::cout << "  " << test << ": " << why << "\n";
  return s;
}

// Whatever is refused, no known operator gives a wrong value: names that are, each with its reason.
void expect_none_wrong(const Score& s, const std::map<std::string, std::string>& known) {
  for (const auto& [test, why] : s.rest)
    if (why.starts_with("WRONG") && known.count(test) == 0) ADD_FAILURE() << test << ": " << why;
  for (const auto& [test, why] : known)
    EXPECT_TRUE(s.rest.count(test) != 0) << test << " passes: take it off the list";
}

class OnnxBackend : public testing::Test {
 protected:
  void SetUp() override {
    if (!fs::exists(package)) GTEST_SKIP() << "Debian's libonnx-testdata is not installed";
  }
};

TEST_F(OnnxBackend, NodeTestsPass) {
  const Score s = run_folder("node");
  EXPECT_GE(s.passed, 867);
  const std::string random = "random numbers, which are not those of another program";
  expect_none_wrong(s, {{"test_bernoulli", random},
                        {"test_bernoulli_double", random},
                        {"test_bernoulli_double_expanded", random},
                        {"test_bernoulli_expanded", random},
                        {"test_bernoulli_seed", random},
                        {"test_bernoulli_seed_expanded", random},
                        {"test_cast_FLOAT_to_BFLOAT16",
                         "its data cut bits off; from ONNX 1.13 on they are rounded"}});
}

TEST_F(OnnxBackend, SimpleModelsPass) {
  const Score s = run_folder("simple");
  EXPECT_GE(s.passed, 7);
  expect_none_wrong(s, {});
}

TEST_F(OnnxBackend, LayersOfPytorchPass) {
  const Score layers = run_folder("pytorch-converted"), functions = run_folder("pytorch-operator");
  expect_none_wrong(layers, {});
  expect_none_wrong(functions, {});
  EXPECT_EQ(layers.passed, layers.all);
}

}  // namespace
}  // namespace ane::workloads
