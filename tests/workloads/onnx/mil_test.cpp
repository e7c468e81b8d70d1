// A model's file as the operators that Core ML's planner sees.
#include <gmock/gmock.h>

#include "isa/error.h"
#include "tests/onnx_writer.h"
#include "workloads/mil/program.h"
#include "workloads/onnx/onnx.h"

namespace ane::workloads {
namespace {

using onnx_writer::attribute;
using onnx_writer::node;
using onnx_writer::tensor;
using onnx_writer::value;
using testing::ElementsAre;

mil::Program program_of(const onnx_writer::Graph& g) {
  return mil::program_of(
      model::bind(onnx::parse_onnx(onnx_writer::model(g), "test"), model::Binding{}));
}
std::vector<std::string> operators(const mil::Program& p) {
  std::vector<std::string> all;
  for (const mil::Op& op : p.ops) all.push_back(mil::to_text(op));
  return all;
}
std::vector<float> ones(std::size_t n) {
  return std::vector<float>(n, 1.0F);
}

TEST(Mil, AConvolutionTakesItsBiasAndNormalisationAlong) {
  onnx_writer::Graph g;
  g.inputs = {value("x", {1, 4, 8, 8})};
  g.outputs = {value("y", {1, 2, 8, 8})};
  g.constants = {tensor("w", {2, 4, 1, 1}, ones(8)), tensor("s", {2}, ones(2))};
  g.nodes = {node("Conv", "c", {"x", "w"}, {"z"}),
             node("BatchNormalization", "n", {"z", "s", "s", "s", "s"}, {"y"})};
  const mil::Program p = program_of(g);
  EXPECT_THAT(operators(p), ElementsAre("conv fp16[1,4,8,8] const:fp16[2,4,1,1] -> fp16[1,2,8,8]"));
  EXPECT_THAT(p.ops[0].names, ElementsAre("c", "n"));
}

TEST(Mil, OnlyAConstantAlongTheChannelsIsABias) {
  for (const bool bias : {true, false}) {
    onnx_writer::Graph g;
    g.inputs = {value("x", {1, 3, 4})};
    g.outputs = {value("y", {1, 3, 2})};
    g.constants = {tensor("w", {4, 2}, ones(8)),
                   bias ? tensor("b", {2}, ones(2)) : tensor("b", {1, 3, 2}, ones(6))};
    g.nodes = {node("MatMul", "m", {"x", "w"}, {"z"}), node("Add", "a", {"z", "b"}, {"y"})};
    const mil::Program p = program_of(g);
    if (bias)
      EXPECT_THAT(operators(p), ElementsAre("linear fp16[1,3,4] const:fp16[2,4] const:fp16[2] -> "
                                            "fp16[1,3,2]"));
    else
      EXPECT_EQ(p.ops.size(), 2U);
  }
}

TEST(Mil, ATransposedGemmHasItsOwnInnerExtent) {
  onnx_writer::Graph g;
  g.inputs = {value("x", {64, 40})};
  g.outputs = {value("y", {40, 8})};
  g.constants = {tensor("w", {64, 8}, ones(512))};
  g.nodes = {node("Gemm", "g", {"x", "w"}, {"y"}, {attribute("transA", std::int64_t{1})})};
  EXPECT_THAT(operators(program_of(g)),
              ElementsAre("linear fp16[40,64] const:fp16[8,64] -> fp16[40,8]"));
}

TEST(Mil, ResultsThatNothingReadsAreLeftOut) {
  onnx_writer::Graph g;
  g.inputs = {value("x", {1, 16})};
  g.outputs = {value("y", {1, 3})};
  g.constants = {onnx_writer::whole("k", {3})};
  g.nodes = {node("TopK", "t", {"x", "k"}, {"y", "i"})};
  EXPECT_THAT(operators(program_of(g)), ElementsAre("topk fp16[1,16] const:int32[1] -> fp16[1,3]"));
}

TEST(Mil, AnOperatorsTextReadsBackAsItself) {
  for (const char* text :
       {"conv fp16[1,64,32,32] const:fp16[64,64,3,3] -> fp16[1,64,32,32] dilations=2x2",
        "max_pool fp16[1,64,32,32] -> fp16[1,64,16,16] kernel=2x2",
        "sub x:fp16[4] const:fp16[1] -> fp16[4]"})
    EXPECT_EQ(mil::to_text(mil::parse_op(text, "test")), text);
  for (const char* text : {"", "relu", "relu fp16[1", "relu fp16[1] -> fp16[0]",
                           "relu fp17[1] -> fp16[1]", "relu fp16[1] -> fp16[1] size=3"})
    EXPECT_THROW(mil::parse_op(text, "test"), InputError) << text;
}

}  // namespace
}  // namespace ane::workloads
