// A node takes over what follows it only where nothing else reads what it made.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/onnx_writer.h"
#include "tests/workloads/onnx/mapped.h"
#include "workloads/onnx/onnx.h"

namespace ane::workloads {
namespace {

using namespace onnx_writer;

std::vector<float> some(std::size_t count) {
  std::vector<float> v(count);
  for (std::size_t k = 0; k < count; ++k)
    v[k] = static_cast<float>(static_cast<int>(k * 29 % 41) - 20) / 40;
  return v;
}

// The accelerator's graph and the model's reference agree on inputs of their own.
cases::Outcome outcome(const std::string& bytes) {
  const model::Source source = onnx::parse_onnx(bytes, "joins.onnx");
  model::Binding given;
  for (const model::Declared& d : source.graph->inputs) {
    model::Shape shape;
    for (const model::Dimension& x : d.dims) shape.push_back(x.extent);
    auto a = std::make_shared<model::Array>(d.dtype, shape);
    if (a->real())
      a->f = some(a->f.size());
    else
      for (std::size_t k = 0; k < a->i.size(); ++k)
        a->i[k] = static_cast<std::int64_t>(k * 7 % 100);
    given.inputs[d.name] = std::move(a);
  }
  return cases::outcome_of(model::bind(source, {}), given, model::evaluate(source, given));
}

std::string recurrent(const std::string& op, std::int64_t gates, std::int64_t steps,
                      const std::vector<std::string>& results,
                      const std::vector<std::string>& behind,
                      const std::vector<std::string>& outputs) {
  onnx_writer::Graph g{
      .nodes = {node(op, "layer", {"x", "w", "r"}, results,
                     {attribute("hidden_size", std::int64_t{4})})},
      .constants = {tensor("w", {1, gates * 4, 3}, some(static_cast<std::size_t>(gates) * 12)),
                    tensor("r", {1, gates * 4, 4}, some(static_cast<std::size_t>(gates) * 16)),
                    tensor("three", {}, {3})},
      .inputs = {value("x", {steps, 2, 3})},
      .outputs = {}};
  g.nodes.insert(g.nodes.end(), behind.begin(), behind.end());
  for (const std::string& o : outputs) g.outputs.push_back(text(1, o));
  return onnx_writer::model(g);
}

// Of one step the states of all steps and the last are one value, with two readers.
TEST(OnnxJoins, ResultsThatAreOneValueHaveTheReadersOfBoth) {
  for (const auto& [op, gates] :
       {std::pair<std::string, std::int64_t>{"GRU", 3}, {"LSTM", 4}, {"RNN", 1}})
    for (const char* behind : {"Mul", "Add"}) {
      const cases::Outcome o = outcome(recurrent(
          op, gates, 1, {"y", "h"},
          {node(behind, "a", {"y", "three"}, {"a"}), node("Sub", "b", {"h", "three"}, {"b"})},
          {"a", "b"}));
      EXPECT_EQ(o.fault, "") << op << " " << behind;
      EXPECT_EQ(o.host, 0) << op;
    }
}

TEST(OnnxJoins, RecurrentLayersOfWhichOneResultIsWantedAreMapped) {
  for (const auto& [op, gates] :
       {std::pair<std::string, std::int64_t>{"GRU", 3}, {"LSTM", 4}, {"RNN", 1}})
    for (const std::vector<std::string>& results :
         {std::vector<std::string>{"y"}, {"", "y"}, {"other", "y"}}) {
      const cases::Outcome o = outcome(recurrent(op, gates, 3, results, {}, {"y"}));
      EXPECT_EQ(o.fault, "") << op;
      EXPECT_EQ(o.host, 0) << op << " of " << results.size();
    }
}

TEST(OnnxJoins, AValueWithAnotherReaderKeepsItsOwnNumbers) {
  const auto with = [&](const std::vector<std::string>& nodes,
                        const std::vector<std::string>& outputs) {
    onnx_writer::Graph g{.nodes = nodes,
                         .constants = {tensor("three", {}, {3}), tensor("w", {4, 4}, some(16)),
                                       whole("shape", {4, 2})},
                         .inputs = {value("x", {2, 4}), value("z", {2, 4})},
                         .outputs = {}};
    for (const std::string& o : outputs) g.outputs.push_back(text(1, o));
    return outcome(onnx_writer::model(g));
  };
  // Read again, an output, or read through a view.
  for (const auto& [nodes, outputs] :
       std::vector<std::pair<std::vector<std::string>, std::vector<std::string>>>{
           {{node("Add", "s", {"x", "z"}, {"s"}), node("Mul", "m", {"s", "three"}, {"m"}),
             node("Sub", "d", {"s", "m"}, {"d"})},
            {"d"}},
           {{node("Add", "s", {"x", "z"}, {"s"}), node("Relu", "r", {"s"}, {"r"})}, {"s", "r"}},
           {{node("Add", "s", {"x", "z"}, {"s"}), node("Reshape", "v", {"s", "shape"}, {"v"}),
             node("Add", "m", {"v", "three"}, {"m"}), node("Exp", "e", {"s"}, {"e"})},
            {"m", "e"}},
           {{node("MatMul", "p", {"x", "w"}, {"p"}), node("Tanh", "t", {"p"}, {"t"}),
             node("Add", "d", {"p", "t"}, {"d"})},
            {"d"}}}) {
    const cases::Outcome o = with(nodes, outputs);
    EXPECT_EQ(o.fault, "");
    EXPECT_EQ(o.host, 0);
  }
}

}  // namespace
}  // namespace ane::workloads
