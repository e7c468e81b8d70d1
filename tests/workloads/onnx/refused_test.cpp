// Nothing that a file says is passed over: what no operator computes, what contradicts itself and
// what is of another version is refused, with what there is.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "isa/error.h"
#include "tests/onnx_writer.h"
#include "workloads/model/bind.h"
#include "workloads/onnx/onnx.h"

namespace ane::workloads {
namespace {

using onnx_writer::attribute;
using onnx_writer::node;
using onnx_writer::tensor;
using onnx_writer::value;
using testing::HasSubstr;
using List = std::vector<std::int64_t>;

// "place: what (note)", empty where it is taken.
std::string fault_of(const std::string& bytes) {
  try {
    model::bind(onnx::parse_onnx(bytes, "f.onnx"), {});
    return "";
  } catch (const InputError& e) {
    return e.place() + ": " + e.what() + " (" + e.note() + ")";
  }
}
std::string fault_of(const onnx_writer::Graph& g, std::int64_t opset = 17) {
  return fault_of(
      onnx_writer::model(g, {.opset = opset, .domains = {"com.microsoft"}, .functions = {}}));
}

// One node on inputs `x` and what constants there are; its result of no declared shape.
struct One {
  std::string op;
  std::vector<std::string> attributes;
  std::vector<List> inputs = {{1, 8, 16, 16}};
  std::vector<std::string> constants = {};
  std::vector<std::string> names = {};  // of constants, behind the inputs
  std::int64_t opset = 17;
  std::string domain = "";
};
onnx_writer::Graph graph_of(const One& one) {
  onnx_writer::Graph g;
  std::vector<std::string> operands;
  for (std::size_t k = 0; k < one.inputs.size(); ++k) {
    operands.push_back("x" + std::to_string(k));
    g.inputs.push_back(value(operands.back(), one.inputs[k]));
  }
  operands.insert(operands.end(), one.names.begin(), one.names.end());
  g.constants = one.constants;
  g.nodes = {node(one.op, "n", operands, {"y"}, one.attributes, one.domain)};
  g.outputs = {onnx_writer::text(1, "y")};
  return g;
}
void expect(const One& one, const std::string& fault) {
  const std::string got = fault_of(graph_of(one), one.opset);
  if (fault.empty())
    EXPECT_EQ(got, "") << one.op;
  else
    EXPECT_THAT(got, HasSubstr(fault)) << one.op;
}

const std::string kernel = tensor("w", {8, 8, 3, 3}, std::vector<float>(576, 0.1F));

TEST(Refused, AttributesThatNobodyReads) {
  const One conv{.op = "Conv", .attributes = {}, .constants = {kernel}, .names = {"w"}};
  const auto with = [](One one, const std::string& a) {
    one.attributes.push_back(a);
    return one;
  };
  expect(conv, "");
  expect(with(conv, attribute("strides", List{2, 2})), "");
  expect(with(conv, attribute("stride", List{2, 2})), "did you mean 'strides'");
  expect(with(conv, attribute("padding", List{1, 1, 1, 1})), "attribute padding is not known");
  expect(with(conv, attribute("kernel_shape", List{3, 3})), "");
  expect(with(conv, attribute("kernel_shape", List{5, 5})), "kernel_shape [5, 5]");
  expect(with(conv, attribute("auto_pad", "SAME")), "did you mean 'SAME_UPPER' or 'SAME_LOWER'");
  expect(with(with(conv, attribute("auto_pad", "VALID")), attribute("pads", List{1, 1, 1, 1})),
         "pads beside auto_pad VALID");
  expect(with(conv, attribute("group", "two")), "attribute group is a text, not a whole number");
  expect(with(conv, attribute("group", std::int64_t{0})), "group 0 is not known (1 or more)");
  expect({.op = "Relu", .attributes = {attribute("alpha", 1.0F)}}, "it takes none");
}

TEST(Refused, TextsThatMeanNothing) {
  expect({.op = "DepthToSpace",
          .attributes = {attribute("blocksize", std::int64_t{2}), attribute("mode", "XYZ")}},
         "mode 'XYZ' is not known");
  const std::string scales = tensor("s", {4}, {1, 1, 2, 2});
  for (const auto& [key, text] : std::vector<std::pair<const char*, const char*>>{
           {"mode", "lineer"}, {"coordinate_transformation_mode", "half"}, {"nearest_mode", "zzz"}})
    expect({.op = "Resize",
            .attributes = {attribute(key, text)},
            .constants = {scales},
            .names = {"", "s"}},
           std::string(key) + " '" + text + "' is not known");
  expect({.op = "GridSample",
          .attributes = {attribute("mode", "quintic")},
          .inputs = {{1, 1, 4, 4}, {1, 2, 2, 2}}},
         "mode 'quintic'");
  expect({.op = "GridSample",
          .attributes = {attribute("padding_mode", "foo")},
          .inputs = {{1, 1, 4, 4}, {1, 2, 2, 2}}},
         "padding_mode 'foo'");
  expect({.op = "LSTM",
          .attributes = {attribute("hidden_size", std::int64_t{4}),
                         attribute("direction", "backward")},
          .inputs = {{3, 1, 4}, {1, 16, 4}, {1, 16, 4}}},
         "direction 'backward'");
}

TEST(Refused, ValuesThatAreNotComputed) {
  const std::vector<std::string> four{tensor("a", {2, 2, 2}, std::vector<float>(8, 1))};
  expect({.op = "BatchNormalization",
          .attributes = {attribute("spatial", std::int64_t{0})},
          .inputs = {{1, 2, 2, 2}},
          .constants = four,
          .names = {"a", "a", "a", "a"},
          .opset = 7},
         "spatial 0 is not known (spatial 1 alone)");
  expect({.op = "Attention",
          .attributes = {attribute("num_heads", std::int64_t{2}),
                         attribute("do_rotary", std::int64_t{1})},
          .inputs = {{1, 4, 16}, {16, 48}, {48}},
          .domain = "com.microsoft"},
         "do_rotary 1 is not known");
  expect({.op = "RotaryEmbedding",
          .attributes = {attribute("scale", 2.0F)},
          .inputs = {{1, 4, 16}, {1}, {8, 8}, {8, 8}},
          .domain = "com.microsoft"},
         "scale 2 is not known");
  const std::string step = tensor("s", {}, {0.1F});
  expect({.op = "QuantizeLinear",
          .attributes = {attribute("output_dtype", std::int64_t{5})},
          .constants = {step},
          .names = {"s"},
          .opset = 21},
         "");
  expect({.op = "QuantizeLinear",
          .attributes = {attribute("output_dtype", std::int64_t{17})},
          .constants = {step},
          .names = {"s"},
          .opset = 21},
         "no element type");
}

TEST(Refused, WhatIsOfAnotherVersion) {
  expect({.op = "ReduceSum", .attributes = {attribute("axes", List{1})}, .opset = 11}, "");
  expect({.op = "ReduceSum", .attributes = {attribute("axes", List{1})}},
         "attribute axes is of versions up to 12, the file imports version 17");
  expect({.op = "Resize",
          .attributes = {attribute("antialias", std::int64_t{1})},
          .constants = {tensor("s", {4}, {1, 1, 2, 2})},
          .names = {"", "s"}},
         "attribute antialias is of versions from 18");
  onnx_writer::Graph g = graph_of({.op = "Relu", .attributes = {}});
  EXPECT_EQ(
      fault_of(onnx_writer::model(g, {.opset = 24, .ir = 10, .domains = {}, .functions = {}})), "");
  EXPECT_THAT(fault_of(onnx_writer::model(g, std::int64_t{900})),
              HasSubstr("imports version 900 of the operators"));
  EXPECT_THAT(
      fault_of(onnx_writer::model(g, {.opset = 17, .ir = 99, .domains = {}, .functions = {}})),
      HasSubstr("version 99 of the format (IR)"));
  EXPECT_THAT(
      fault_of(onnx_writer::model(g, {.opset = 17, .ir = 2, .domains = {}, .functions = {}})),
      HasSubstr("3 to 12"));
  g.nodes = {node("Gelu", "n", {"x0"}, {"y"}, {}, "com.microsoft")};
  EXPECT_THAT(fault_of(onnx_writer::model(g)), HasSubstr("'com.microsoft', of which the file"));
}

TEST(Refused, OperandsThatNobodyReads) {
  expect({.op = "Relu", .attributes = {}, .inputs = {{4}, {4}}}, "takes 1 operands, not 2");
  expect({.op = "Relu", .attributes = {}, .inputs = {{4}}, .names = {"", ""}}, "");
  expect({.op = "Add", .attributes = {}, .inputs = {{4}}}, "takes 2 operands, not 1");
}

TEST(Refused, ANameThatIsMadeTwice) {
  onnx_writer::Graph g;
  g.inputs = {value("x", {4})};
  g.outputs = {value("y", {4})};
  g.nodes = {node("Relu", "a", {"x"}, {"y"}), node("Neg", "b", {"x"}, {"y"})};
  EXPECT_THAT(fault_of(g), HasSubstr("makes 'y', which is there already"));
  g.nodes = {node("Relu", "a", {"x"}, {"x"}), node("Neg", "b", {"x"}, {"y"})};
  EXPECT_THAT(fault_of(g), HasSubstr("makes 'x', which is there already"));
  g.constants = {tensor("c", {4}, {1, 2, 3, 4}), tensor("c", {4}, {1, 2, 3, 4})};
  EXPECT_THAT(fault_of(g), HasSubstr("two constants 'c'"));
}

TEST(Refused, AnOutputThatIsDeclaredOtherwise) {
  onnx_writer::Graph g;
  g.inputs = {value("x", {1, 16})};
  g.nodes = {node("Relu", "n", {"x"}, {"y"})};
  g.outputs = {value("y", {1, 16})};
  EXPECT_EQ(fault_of(g), "");
  g.outputs = {value("y", {3, 7})};
  EXPECT_THAT(fault_of(g), HasSubstr("is float32 [1, 16]; the file declares float32 [3, 7]"));
  g.outputs = {value("y", {1, 16}, "batch", 7)};
  EXPECT_THAT(fault_of(g), HasSubstr("the file declares int64 [1, 16]"));
  // With an open input the shape may be that of the exporter's: it is told of.
  g.inputs = {value("x", {-1, 16})};
  g.outputs = {value("y", {1, 16})};
  const model::Source source = onnx::parse_onnx(onnx_writer::model(g), "f.onnx");
  model::Binding eight;
  eight.shapes["x"] = {8, 16};
  EXPECT_THAT(model::bind(source, eight).notes, testing::ElementsAre(HasSubstr("[1, 16]")));
}

TEST(Refused, ANormOfOtherChannelsBeforeItsValues) {
  const auto n = [](const char* name, std::int64_t count) {
    return tensor(name, {count}, std::vector<float>(static_cast<std::size_t>(count), 1));
  };
  expect({.op = "BatchNormalization",
          .attributes = {},
          .constants = {n("a", 8), n("b", 4)},
          .names = {"a", "a", "a", "b"}},
         "a value for each channel");
  expect({.op = "InstanceNormalization",
          .attributes = {},
          .constants = {n("a", 8), n("b", 4)},
          .names = {"a", "b"}},
         "a value for each channel");
  expect({.op = "Conv", .attributes = {}, .constants = {kernel, n("b", 3)}, .names = {"w", "b"}},
         "a bias for each of 8 channels");
}

std::vector<float> values_of(const std::string& bytes, const std::vector<float>& x) {
  const model::Source source = onnx::parse_onnx(bytes, "f.onnx");
  model::Binding given;
  given.inputs["x"] = model::of_numbers({static_cast<std::int64_t>(x.size())}, x);
  return model::evaluate(source, given).at(0).second->f;
}

TEST(Functions, DefaultsAndOverloadsAreRead) {
  onnx_writer::Graph g;
  g.inputs = {value("x", {2})};
  g.outputs = {value("y", {2})};
  onnx_writer::Imports imports{.domains = {"loc"}, .functions = {}};
  imports.functions = {onnx_writer::function(
      "loc", "F", {"x"}, {"y"},
      {node("LeakyRelu", "leaky", {"x"}, {"y"}, {onnx_writer::reference("alpha", "slope", 1)})},
      {attribute("slope", 0.5F)})};
  g.nodes = {node("F", "f", {"x"}, {"y"}, {}, "loc")};
  EXPECT_EQ(values_of(onnx_writer::model(g, imports), {-2, 2}), (std::vector<float>{-1, 2}));
  g.nodes = {node("F", "f", {"x"}, {"y"}, {attribute("slope", 0.25F)}, "loc")};
  EXPECT_EQ(values_of(onnx_writer::model(g, imports), {-2, 2}), (std::vector<float>{-0.5F, 2}));
  g.nodes = {node("F", "f", {"x"}, {"y"}, {attribute("slop", 0.25F)}, "loc")};
  EXPECT_THAT(fault_of(onnx_writer::model(g, imports)), HasSubstr("did you mean 'slope'"));
  const auto named = [](const char* overload, const char* op) {
    return onnx_writer::function("loc", "G", {"x"}, {"y"}, {node(op, "n", {"x"}, {"y"})}, {},
                                 overload);
  };
  imports.functions = {named("a", "Relu"), named("b", "Neg")};
  for (const auto& [overload, wanted] : {std::pair{"a", 0.0F}, {"b", 2.0F}}) {
    g.nodes = {onnx_writer::overloaded(node("G", "g", {"x"}, {"y"}, {}, "loc"), overload)};
    EXPECT_EQ(values_of(onnx_writer::model(g, imports), {-2, -2})[0], wanted);
  }
  imports.functions.push_back(named("b", "Abs"));
  EXPECT_THAT(fault_of(onnx_writer::model(g, imports)), HasSubstr("two functions 'G'"));
}

TEST(FusedOperators, AMaskedScoreIsWhatTheFileSays) {
  const auto first = [](const std::vector<std::string>& more) {
    onnx_writer::Graph g;
    g.inputs = {value("x", {16})};
    g.outputs = {value("y", {1, 4, 4})};
    std::vector<std::string> attributes{attribute("num_heads", std::int64_t{1})};
    attributes.insert(attributes.end(), more.begin(), more.end());
    g.constants = {onnx_writer::whole("shape", {1, 4, 4}), onnx_writer::whole("lengths", {2})};
    g.nodes = {node("Reshape", "r", {"x", "shape"}, {"q"}),
               node("Cast", "c", {"lengths"}, {"l"}, {attribute("to", std::int64_t{6})}),
               node("MultiHeadAttention", "m", {"q", "q", "q", "", "l"}, {"y"}, attributes,
                    "com.microsoft")};
    std::vector<float> x(16);
    for (std::size_t k = 0; k < x.size(); ++k) x[k] = static_cast<float>(k) / 8;
    return values_of(onnx_writer::model(g, {.domains = {"com.microsoft"}, .functions = {}}), x)[0];
  };
  // With -10000 what is masked weighs nothing, with 0 as much as the rest.
  EXPECT_EQ(first({}), first({attribute("mask_filter_value", -10000.0F)}));
  EXPECT_GT(first({attribute("mask_filter_value", 0.0F)}), first({}) * 1.5F);
}

TEST(Bounds, ConstantsDoNotFoldForHours) {
  onnx_writer::Graph g;
  g.inputs = {value("x", {2000, 2000})};
  g.outputs = {value("y", {2000, 2000})};
  g.constants = {onnx_writer::whole("s", {2000, 2000})};
  g.nodes = {node("ConstantOfShape", "ones", {"s"}, {"c0"})};
  for (int k = 0; k < 40; ++k)
    g.nodes.push_back(node("MatMul", "m" + std::to_string(k), {"c" + std::to_string(k), "c0"},
                           {"c" + std::to_string(k + 1)}));
  g.nodes.push_back(node("Add", "add", {"x", "c40"}, {"y"}));
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(fault_of(g), "");
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(20));
}

TEST(Bounds, AWindowIsWorthWhatIsInsideIt) {
  onnx_writer::Graph g;
  g.inputs = {value("x", {1, 1, 1, 1})};
  g.outputs = {value("y", {1, 1, 1, 1})};
  g.constants = {tensor("c", {1, 1, 1, 1}, {3})};
  const List wide{8000000, 8000000}, pads(4, 7999999), strides{16000000, 16000000};
  g.nodes = {node("MaxPool", "p", {"c"}, {"p"},
                  {attribute("kernel_shape", wide), attribute("pads", pads),
                   attribute("strides", strides)}),
             node("Add", "a", {"x", "p"}, {"y"})};
  EXPECT_EQ(fault_of(g), "");
}

class ExternalData : public testing::Test {
 protected:
  ExternalData() { std::filesystem::create_directories(folder_); }
  ~ExternalData() override { std::filesystem::remove_all(folder_); }
  std::string write(const std::string& name, const std::string& bytes) const {
    std::ofstream(folder_ + "/" + name, std::ios::binary) << bytes;
    return folder_ + "/" + name;
  }
  static onnx_writer::Graph adding(const std::vector<std::string>& constants) {
    onnx_writer::Graph g;
    g.inputs = {value("x", {16})};
    g.outputs = {value("y", {16})};
    g.constants = constants;
    g.nodes = {node("Add", "add", {"x", "w"}, {"y"})};
    return g;
  }
  const std::string folder_ = testing::TempDir() + "/onnx_external_" + std::to_string(getpid());
};

TEST_F(ExternalData, IsReadByRangesAndIsPartOfTheDigest) {
  std::string numbers(128, '\0');
  const float two = 2;
  std::memcpy(numbers.data() + 64, &two, sizeof(two));
  write("w.bin", numbers);
  const std::string file =
      write("m.onnx", onnx_writer::model(adding({onnx_writer::external("w", 16, "w.bin", 64)})));
  const model::Source a = onnx::read_onnx(file);
  EXPECT_EQ(model::unpack(*a.graph->constants.at("w")).f[0], 2);
  EXPECT_EQ(onnx::read_onnx(file).digest, a.digest);
  numbers[70] = 1;
  write("w.bin", numbers);
  EXPECT_NE(onnx::read_onnx(file).digest, a.digest);
  write("w.bin", numbers.substr(0, 100));
  EXPECT_THROW(onnx::read_onnx(file), InputError);
}

TEST_F(ExternalData, ASmallFileDoesNotUnfoldToALargeModel) {
  write("w.bin", std::string(64, '\0'));
  std::vector<std::string> constants{onnx_writer::external("w", 16, "w.bin"),
                                     onnx_writer::external("v", 16, "w.bin")};
  EXPECT_NO_THROW(onnx::read_onnx(write("two.onnx", onnx_writer::model(adding(constants)))));
  constants.push_back(onnx_writer::external("u", 16, "w.bin"));
  EXPECT_THROW(onnx::read_onnx(write("three.onnx", onnx_writer::model(adding(constants)))),
               InputError);
}

}  // namespace
}  // namespace ane::workloads
