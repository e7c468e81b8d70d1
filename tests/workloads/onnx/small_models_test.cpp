// Small models on which a mapping has been wrong: each as a graph of the accelerator's operators
// computes what the model's own reference does, or leaves the node to the host.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "isa/error.h"
#include "tests/onnx_writer.h"
#include "tests/workloads/onnx/cases.h"
#include "tests/workloads/onnx/mapped.h"
#include "workloads/graph/seeded_values.h"

namespace ane::workloads {
namespace {

using namespace cases;
using onnx_writer::attribute;
using onnx_writer::node;
using onnx_writer::tensor;
using onnx_writer::value;
using onnx_writer::whole;
using testing::HasSubstr;
using List = std::vector<std::int64_t>;

std::vector<float> seeded(std::size_t count, std::uint64_t seed, float low = -1, float high = 1) {
  SeededValues values(seed);
  return values.uniform(static_cast<std::int64_t>(count), (low + high) / 2, (high - low) / 2);
}

model::Source read(const onnx_writer::Graph& g, std::int64_t opset = 17) {
  return onnx::parse_onnx(
      onnx_writer::model(g, {.opset = opset, .domains = {"com.microsoft"}, .functions = {}}),
      "small.onnx");
}

// Inputs of reals are seeded; none of them is known beforehand.
Outcome mapped(const onnx_writer::Graph& g, std::int64_t opset = 17) {
  const model::Source source = read(g, opset);
  model::Binding given;
  for (const model::Declared& d : source.graph->inputs) {
    if (source.graph->constants.count(d.name) != 0) continue;
    model::Shape shape;
    for (const model::Dimension& x : d.dims) shape.push_back(x.extent);
    auto a = std::make_shared<model::Array>(d.dtype, shape);
    a->f = seeded(static_cast<std::size_t>(a->size()), 7 + given.inputs.size());
    given.inputs[d.name] = std::move(a);
  }
  return outcome_of(model::bind(source, {}), given, model::evaluate(source, given));
}
void expect_on_engine(const onnx_writer::Graph& g, std::int64_t opset = 17) {
  const Outcome o = mapped(g, opset);
  EXPECT_EQ(o.fault, "");
  EXPECT_EQ(o.host, 0);
  EXPECT_GT(o.mapped, 0);
}
void expect_on_host(const onnx_writer::Graph& g) {
  const Outcome o = mapped(g);
  EXPECT_EQ(o.fault, "");
  EXPECT_GT(o.host, 0);
}

std::vector<std::string> statistics(std::int64_t channels) {
  const auto n = static_cast<std::size_t>(channels);
  return {tensor("scale", {channels}, seeded(n, 1, 0.5F, 2)),
          tensor("shift", {channels}, seeded(n, 2)), tensor("mean", {channels}, seeded(n, 3)),
          tensor("var", {channels}, seeded(n, 4, 0.5F, 2))};
}
std::string batch_norm(const std::string& x) {
  return node("BatchNormalization", "norm", {x, "scale", "shift", "mean", "var"}, {"y"});
}

// The product's channels are the last axis, those of the norm the second; both have 8.
TEST(SmallModels, ANormBehindAProductOfOtherChannelsIsNotItsScale) {
  onnx_writer::Graph g;
  g.inputs = {value("x", {2, 8, 16})};
  g.outputs = {value("y", {2, 8, 8})};
  g.constants = statistics(8);
  g.constants.push_back(tensor("w", {16, 8}, seeded(128, 5)));
  g.nodes = {node("MatMul", "product", {"x", "w"}, {"r"}), batch_norm("r")};
  expect_on_engine(g);
}

TEST(SmallModels, ANormBehindAResizeToItsChannelsIsNotItsScale) {
  onnx_writer::Graph g;
  g.inputs = {value("x", {1, 8, 4, 4})};
  g.outputs = {value("y", {1, 8, 8, 8})};
  g.constants = statistics(8);
  g.constants.push_back(tensor("scales", {4}, {1, 1, 2, 2}));
  g.nodes = {node("Resize", "resize", {"x", "", "scales"}, {"r"}, {attribute("mode", "linear")}),
             batch_norm("r")};
  expect_on_engine(g);
}

TEST(SmallModels, ANormBehindAConvolutionIsItsScale) {
  onnx_writer::Graph g;
  g.inputs = {value("x", {1, 3, 6, 6})};
  g.outputs = {value("y", {1, 8, 6, 6})};
  g.constants = statistics(8);
  g.constants.push_back(tensor("w", {8, 3, 1, 1}, seeded(24, 5)));
  g.nodes = {node("Conv", "conv", {"x", "w"}, {"r"}), batch_norm("r")};
  EXPECT_EQ(mapped(g).fault, "");
  EXPECT_EQ(mapped(g).mapped, 1);
}

TEST(SmallModels, ATermARowOfAGemmIsNoBias) {
  for (const List& shape : {List{4, 1}, List{1, 4}, List{4}}) {
    onnx_writer::Graph g;
    g.inputs = {value("x", {4, 8})};
    g.outputs = {value("y", {4, 4})};
    g.constants = {tensor("w", {8, 4}, seeded(32, 5)), tensor("c", shape, {0, 10, 20, 30})};
    g.nodes = {node("Gemm", "gemm", {"x", "w", "c"}, {"y"})};
    if (shape == List{4, 1})
      expect_on_host(g);
    else
      expect_on_engine(g);
  }
}

TEST(SmallModels, PaddingWithAComputedValueIsOfTheHost) {
  onnx_writer::Graph g;
  g.inputs = {value("x", {1, 2, 4, 4}), value("v", {})};
  g.outputs = {value("y", {1, 2, 6, 6})};
  g.constants = {whole("pads", {0, 0, 1, 1, 0, 0, 1, 1})};
  g.nodes = {node("Pad", "pad", {"x", "pads", "v"}, {"y"})};
  expect_on_host(g);
}

TEST(SmallModels, BoundsOfAClipHoldWhereTheyLeaveOneValue) {
  for (const auto& [low, high] :
       {std::pair{0.0F, 0.0F}, {0.25F, 0.25F}, {0.5F, -0.5F}, {0.0F, 0.5F}, {-0.5F, 0.0F}}) {
    onnx_writer::Graph g;
    g.inputs = {value("x", {1, 16})};
    g.outputs = {value("y", {1, 16})};
    g.constants = {tensor("low", {}, {low}), tensor("high", {}, {high})};
    g.nodes = {node("Clip", "clip", {"x", "low", "high"}, {"y"})};
    expect_on_engine(g);
  }
}

// The norm's axes merge with others that the scale does not have.
TEST(SmallModels, AScaleOfFewerAxesThanItsNorm) {
  onnx_writer::Graph g;
  g.inputs = {value("x", {2, 3, 2, 2, 4})};
  g.outputs = {value("y", {2, 3, 2, 2, 4})};
  for (const List& shape : {List{3, 2, 2, 4}, List{2, 4}, List{4}, List{2, 1}}) {
    std::int64_t count = 1;
    for (const std::int64_t e : shape) count *= e;
    g.constants = {tensor("scale", shape, seeded(static_cast<std::size_t>(count), 5))};
    g.nodes = {node("LayerNormalization", "norm", {"x", "scale"}, {"y"},
                    {attribute("axis", std::int64_t{0})})};
    EXPECT_EQ(mapped(g).fault, "") << shape.size();
  }
}

TEST(SmallModels, IndicesFromTheEndAreIndices) {
  onnx_writer::Graph g;
  g.inputs = {value("x", {1, 8, 4, 4})};
  g.nodes = {node("Gather", "gather", {"x", "i"}, {"y"}, {attribute("axis", std::int64_t{1})})};
  for (const List& index : {List{-1, 0}, List{-2, -1}, List{2, 3}}) {
    g.outputs = {value("y", {1, 2, 4, 4})};
    g.constants = {whole("i", index)};
    if (index == List{-1, 0})
      expect_on_host(g);
    else
      expect_on_engine(g);
  }
  g.constants = {whole("i", {8, 9})};
  EXPECT_THROW(model::bind(read(g), {}), InputError);
}

// An attempt that places an input and then fails leaves nothing behind.
TEST(SmallModels, AnInputThatAFailedAttemptPlacedIsStillTheInput) {
  onnx_writer::Graph g;
  g.inputs = {value("x", {1, 8, 4, 4})};
  g.outputs = {value("y", {1, 8, 4, 4}), value("z", {1, 8, 4, 4})};
  g.nodes = {node("Tan", "tan", {"x"}, {"y"}), node("Relu", "relu", {"x"}, {"z"})};
  EXPECT_EQ(mapped(g).fault, "");
  EXPECT_EQ(mapped(g).host, 1);
  // The same where names of the model look like numbered ones.
  g.inputs = {value("a", {1, 4}), value("a#1", {1, 4})};
  g.outputs = {value("y", {1, 4})};
  g.nodes = {node("Tan", "t", {"a"}, {"s"}), node("Add", "t", {"s", "a#1"}, {"r"}),
             node("Add", "t", {"r", "a"}, {"y"})};
  EXPECT_EQ(mapped(g).fault, "");
}

TEST(SmallModels, AMatrixOfMoreAxesPutsThemInFront) {
  for (const auto& [x, y] :
       {std::pair{List{16, 8}, List{1, 1, 16, 6}}, std::pair{List{3, 16, 8}, List{1, 3, 16, 6}}}) {
    onnx_writer::Graph g;
    g.inputs = {value("x", x)};
    g.outputs = {value("y", y)};
    g.constants = {tensor("w", {1, 1, 8, 6}, seeded(48, 5))};
    g.nodes = {node("MatMul", "product", {"x", "w"}, {"y"})};
    expect_on_engine(g);
  }
}

// A bias that is computed cannot be folded; it was read as if it were there.
TEST(SmallModels, ASkipNormWithAComputedBiasIsOfTheHost) {
  onnx_writer::Graph g;
  g.inputs = {value("x", {1, 4, 8}), value("s", {1, 4, 8}), value("b", {8})};
  g.outputs = {value("y", {1, 4, 8})};
  g.constants = {tensor("scale", {8}, seeded(8, 1)), tensor("shift", {8}, seeded(8, 2))};
  g.nodes = {node("SkipLayerNormalization", "norm", {"x", "s", "scale", "shift", "b"}, {"y"}, {},
                  "com.microsoft")};
  expect_on_host(g);
}

TEST(SmallModels, AMaskOfADropoutIsOnesWithoutBeingHeld) {
  onnx_writer::Graph g;
  g.inputs = {value("x", {4, 8})};
  g.outputs = {value("y", {4, 8})};
  g.nodes = {node("Dropout", "drop", {"x"}, {"d", "mask"}),
             node("Cast", "cast", {"mask"}, {"m"}, {attribute("to", std::int64_t{1})}),
             node("Add", "add", {"d", "m"}, {"y"})};
  expect_on_engine(g);
  g.inputs = {value("x", {1 << 19, 1 << 20})};
  g.outputs = {value("y", {1 << 19, 1 << 20})};
  EXPECT_EQ(model::bind(read(g), {}).nodes.size(), 3U);
}

// Its weights would be as many as all pairs of positions.
TEST(SmallModels, AResizeBeyondTheAcceleratorsExtentsIsOfTheHostBeforeItsWeightsAre) {
  onnx_writer::Graph g;
  g.inputs = {value("x", {1, 1, 1, 1000})};
  g.outputs = {value("y", {1, 1, 1, 1000 * 50000LL})};
  g.constants = {tensor("s", {4}, {1, 1, 1, 50000})};
  g.nodes = {node("Resize", "resize", {"x", "", "s"}, {"y"}, {attribute("mode", "linear")})};
  const isa::Machine machine;
  const model::Model bound = model::bind(read(g), {});
  for (const bool with_values : {false, true}) {
    const model::Mapped m = model::map_model(bound, {.machine = machine, .values = with_values});
    ASSERT_EQ(m.graph.nodes.size(), 1U);
    ASSERT_NE(model::host_reason(m.graph.nodes[0]), nullptr);
    EXPECT_EQ(model::host_reason(m.graph.nodes[0])->label, "O2");
  }
}

std::vector<float> einsum(const std::string& equation, const std::vector<List>& shapes) {
  onnx_writer::Graph g;
  model::Binding given;
  std::vector<std::string> operands;
  for (std::size_t k = 0; k < shapes.size(); ++k) {
    operands.push_back("x" + std::to_string(k));
    g.inputs.push_back(value(operands.back(), shapes[k]));
    auto a = std::make_shared<model::Array>(model::Dtype::f32, shapes[k]);
    a->f = seeded(static_cast<std::size_t>(a->size()), k + 1);
    given.inputs[operands.back()] = std::move(a);
  }
  g.outputs = {onnx_writer::text(1, "y")};
  g.nodes = {node("Einsum", "e", operands, {"y"}, {attribute("equation", equation)})};
  return model::evaluate(read(g), given).at(0).second->f;
}

// Of several operands one joins after the other; held against the sum over all letters at once.
TEST(SmallModels, AnEinsumOfManyIsTheSumOverAllLetters) {
  const std::vector<float> a = seeded(3 * 4, 1), b = seeded(4 * 5, 2), c = seeded(5 * 3 * 2, 3);
  const std::vector<float> y = einsum("ij,jk,kim->mi", {{3, 4}, {4, 5}, {5, 3, 2}});
  ASSERT_EQ(y.size(), 6U);
  for (std::size_t m = 0; m < 2; ++m)
    for (std::size_t i = 0; i < 3; ++i) {
      double sum = 0;
      for (std::size_t j = 0; j < 4; ++j)
        for (std::size_t k = 0; k < 5; ++k)
          sum += static_cast<double>(a[i * 4 + j]) * static_cast<double>(b[j * 5 + k]) *
                 static_cast<double>(c[(k * 3 + i) * 2 + m]);
      EXPECT_NEAR(y[m * 3 + i], sum, 1e-5);
    }
  // A letter that repeats an extent of 1, and one operand's diagonal and sum.
  const std::vector<float> d = seeded(9, 1), one = seeded(3, 2);
  const std::vector<float> scaled = einsum("ii,ji->ij", {{3, 3}, {1, 3}});
  for (std::size_t i = 0; i < 3; ++i) EXPECT_FLOAT_EQ(scaled[i], d[i * 4] * one[i]);
  EXPECT_FLOAT_EQ(einsum("ii->", {{3, 3}})[0], d[0] + d[4] + d[8]);
}

// The product of all extents, as the same product by MatMul.
TEST(SmallModels, AnEinsumCostsItsLoops) {
  const auto work = [](const std::string& op, const std::vector<std::string>& attributes, List a,
                       List b, List y) {
    onnx_writer::Graph g;
    g.inputs = {value("a", a), value("b", b)};
    g.outputs = {value("y", y)};
    g.nodes = {node(op, "op", {"a", "b"}, {"y"}, attributes)};
    const model::Model m = model::bind(read(g), {});
    return model::work_of(*m.nodes[0].op, m.use(m.nodes[0]), 2, 2);
  };
  const kernels::Work by_letters = work("Einsum", {attribute("equation", "bik,bkj->bij")},
                                        {64, 128, 32}, {64, 32, 96}, {64, 128, 96});
  const kernels::Work matmul = work("MatMul", {}, {64, 128, 32}, {64, 32, 96}, {64, 128, 96});
  EXPECT_EQ(by_letters.macs.count, 64 * 128 * 32 * 96);
  EXPECT_EQ(by_letters.macs.count, matmul.macs.count);
  EXPECT_EQ(by_letters.read.count, matmul.read.count);
  EXPECT_EQ(by_letters.written.count, matmul.written.count);
  EXPECT_EQ(std::tie(by_letters.m, by_letters.n, by_letters.k, by_letters.batch),
            std::tie(matmul.m, matmul.n, matmul.k, matmul.batch));
  const kernels::Work each =
      work("Einsum", {attribute("equation", "ij,ij->ij")}, {32, 64}, {32, 64}, {32, 64});
  EXPECT_EQ(each.macs.count, 0);
  EXPECT_EQ(each.other_flops, 32 * 64);
  // Three operands are two products.
  onnx_writer::Graph g;
  g.inputs = {value("a", {8, 16}), value("b", {16, 32}), value("c", {32, 4})};
  g.outputs = {value("y", {8, 4})};
  g.nodes = {node("Einsum", "e", {"a", "b", "c"}, {"y"}, {attribute("equation", "ij,jk,kl->il")})};
  const model::Model m = model::bind(read(g), {});
  EXPECT_EQ(model::work_of(*m.nodes[0].op, m.use(m.nodes[0]), 2, 2).macs.count,
            8 * 16 * 32 + 8 * 32 * 4);
}

// Six axes change places in more pieces than the accelerator's tensors have axes: an output is
// taken as it lies, and what the host reads is turned by the host.
TEST(SmallModels, AxesThatCannotMoveAreTurnedByTheHost) {
  for (const bool read_by_host : {false, true}) {
    onnx_writer::Graph g;
    g.inputs = {value("x", {1, 8, 12, 10})};
    g.outputs = {value("y", {1, 2, 6, 4, 2, 10})};
    g.constants = {whole("six", {1, 4, 2, 6, 2, 10})};
    g.nodes = {node("Relu", "r", {"x"}, {"u"}), node("Reshape", "s", {"u", "six"}, {"v"}),
               node("Transpose", "t", {"v"}, {read_by_host ? "w" : "y"},
                    {attribute("perm", List{0, 2, 3, 1, 4, 5})})};
    if (read_by_host) g.nodes.push_back(node("Hardmax", "h", {"w"}, {"y"}));
    const Outcome o = mapped(g);
    EXPECT_EQ(o.fault, "");
    EXPECT_EQ(o.host > 0, read_by_host);
  }
  onnx_writer::Graph g;
  g.inputs = {value("x", {2, 3, 4, 5, 6, 7})};
  g.outputs = {value("y", {7, 5, 3, 6, 2, 4})};
  g.nodes = {node("Relu", "r", {"x"}, {"u"}),
             node("Transpose", "t", {"u"}, {"w"}, {attribute("perm", List{5, 3, 1, 4, 0, 2})}),
             node("Hardmax", "h", {"w"}, {"y"})};
  expect_on_host(g);
}

}  // namespace
}  // namespace ane::workloads
