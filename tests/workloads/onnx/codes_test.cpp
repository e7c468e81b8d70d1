// Quantised files on the accelerator: codes stay codes, and products of them are INT8 where the
// chip multiplies it.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/onnx_writer.h"
#include "tests/workloads/onnx/mapped.h"
#include "workloads/onnx/onnx.h"

namespace ane::workloads {
namespace {

using namespace onnx_writer;

std::string scalar(const std::string& name, float v) {
  return tensor(name, {}, {v});
}
// A zero point: TensorProto of int8 (3) or uint8 (2), in int32_data (field 5).
std::string zero(const std::string& name, int type, std::int64_t v) {
  return number(2, type) + number(5, v) + text(8, name);
}
std::string codes(const std::string& name, const std::vector<std::int64_t>& dims,
                  const std::vector<std::int64_t>& values, int type = 3) {
  std::string bytes;
  for (const std::int64_t d : dims) bytes += number(1, d);
  bytes += number(2, type);
  for (const std::int64_t v : values) bytes += number(5, v);
  return bytes + text(8, name);
}

std::vector<std::int64_t> some_codes(std::size_t count) {
  std::vector<std::int64_t> v(count);
  for (std::size_t k = 0; k < count; ++k) v[k] = static_cast<std::int64_t>(k * 37 % 200) - 100;
  return v;
}

// x -> codes -> [conv of codes, relu] -> codes -> reals, as quantisers write it.
std::string qdq(int type, std::int64_t zero_point) {
  return onnx_writer::model(
      {.nodes = {node("QuantizeLinear", "q0", {"x", "sx", "zx"}, {"xq"}),
                 node("DequantizeLinear", "d0", {"xq", "sx", "zx"}, {"xd"}),
                 node("DequantizeLinear", "dw", {"w", "sw", "zw"}, {"wd"},
                      {attribute("axis", std::int64_t{0})}),
                 node("Conv", "conv", {"xd", "wd", "b"}, {"c"},
                      {attribute("pads", std::vector<std::int64_t>{1, 1, 1, 1})}),
                 node("Relu", "relu", {"c"}, {"r"}),
                 node("QuantizeLinear", "q1", {"r", "sy", "zx"}, {"rq"}),
                 node("DequantizeLinear", "d1", {"rq", "sy", "zx"}, {"y"})},
       .constants = {scalar("sx", 1.0F / 32), scalar("sy", 1.0F / 16), zero("zx", type, zero_point),
                     codes("zw", {2}, {0, 0}), codes("w", {2, 3, 3, 3}, some_codes(54)),
                     tensor("sw", {2}, {1.0F / 64, 1.0F / 128}), tensor("b", {2}, {0.5F, -0.25F})},
       .inputs = {value("x", {1, 3, 5, 5})},
       .outputs = {value("y", {1, 2, 5, 5})}});
}

model::Mapped mapped_on(const std::string& bytes, bool int8_macs) {
  static isa::Machine machines[2];
  isa::Machine& m = machines[int8_macs ? 1 : 0];
  m.int8_macs = int8_macs;
  const model::Source source = onnx::parse_onnx(bytes, "qdq.onnx");
  return model::map_model(model::bind(source, {}), {.machine = m, .values = true});
}

std::vector<std::string> operators_of(const Graph& g) {
  std::vector<std::string> names;
  for (const Node& n : g.nodes) names.emplace_back(n.op->name);
  return names;
}

TEST(OnnxCodes, AConvolutionBetweenCodesIsOneProductOfThem) {
  for (const auto& [type, zero_point] : {std::pair{3, 0}, {2, 128}, {2, 3}}) {
    const model::Mapped m = mapped_on(qdq(type, zero_point), true);
    EXPECT_EQ(operators_of(m.graph), (std::vector<std::string>{"quantise", "conv", "dequantise"}));
    const Node& conv = m.graph.nodes[1];
    EXPECT_EQ(conv.parameters->format, isa::KernelFormat::i8);
    EXPECT_EQ(conv.attributes.activation, "relu");
    EXPECT_EQ(conv.attributes.scale, 1.0 / 16);
    EXPECT_EQ(conv.parameters->zero_in, zero_point - (type == 2 ? 128 : 0));
    // Scales that are powers of two: the codes are the file's.
    EXPECT_EQ(conv.parameters->codes[1], some_codes(54)[1]);
    EXPECT_EQ(conv.parameters->bias8[0], 1024);  // 0.5 * 32 * 64
  }
}

TEST(OnnxCodes, WithoutMultipliersOfThemTheyAreReadAsReals) {
  const model::Mapped m = mapped_on(qdq(3, 0), false);
  EXPECT_EQ(operators_of(m.graph),
            (std::vector<std::string>{"quantise", "dequantise", "conv", "dequantise"}));
  EXPECT_EQ(m.graph.nodes[2].parameters->format, isa::KernelFormat::int8c);
}

TEST(OnnxCodes, ValuesAreTheFilesWhicheverWay) {
  for (const auto& [type, zero_point] : {std::pair{3, 0}, {2, 128}}) {
    const model::Source source = onnx::parse_onnx(qdq(type, zero_point), "qdq.onnx");
    auto x = std::make_shared<model::Array>(model::Dtype::f32, model::Shape{1, 3, 5, 5});
    for (std::size_t k = 0; k < x->f.size(); ++k)
      x->f[k] = static_cast<float>(static_cast<int>(k * 29 % 64) - 32) / 32;
    model::Binding given;
    given.inputs["x"] = x;
    const auto wanted = model::evaluate(source, given);
    const cases::Outcome o = cases::outcome_of(model::bind(source, {}), given, wanted);
    EXPECT_EQ(o.fault, "");
    EXPECT_EQ(o.host, 0);
  }
}

// What names the reason stays with the operator that has it.
TEST(OnnxCodes, WhatTheMachineHasNoCodesForIsSaid) {
  const auto label_of = [](const std::string& op, const std::vector<std::string>& constants,
                           std::vector<std::string> inputs, int in, int out) {
    const model::Mapped m =
        mapped_on(onnx_writer::model({.nodes = {node(op, "n", inputs, {"y"})},
                                      .constants = constants,
                                      .inputs = {value("x", {2, 3}, "", in)},
                                      .outputs = {value("y", {2, 3}, "", out)}}),
                  true);
    const model::HostReason* why = model::host_reason(m.graph.nodes.at(0));
    return why == nullptr ? "" : why->label;
  };
  EXPECT_EQ(label_of("QuantizeLinear", {scalar("s", 0.5F), zero("z", 3, 0)}, {"x", "s", "z"}, 1, 3),
            "");
  EXPECT_EQ(label_of("QuantizeLinear", {tensor("s", {3}, {1, 2, 3}), codes("z", {3}, {0, 0, 0})},
                     {"x", "s", "z"}, 1, 3),
            "I4");
  EXPECT_EQ(
      label_of("QuantizeLinear", {scalar("s", 1e-9F), zero("z", 3, 0)}, {"x", "s", "z"}, 1, 3),
      "I5");
  EXPECT_EQ(label_of("DequantizeLinear", {scalar("s", 0.5F), codes("z", {}, {0}, 6)},
                     {"x", "s", "z"}, 6, 1),
            "I2");
}

}  // namespace
}  // namespace ane::workloads
