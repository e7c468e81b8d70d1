// Models of one operator with random shapes, attributes and values, and what this program's
// references give for them, a line of JSON each; compare.mjs asks ONNX Runtime the same.
//
//   onnxruntime_cases COUNT [SEED] >cases.jsonl
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "isa/error.h"
#include "tests/onnxruntime/case.h"
#include "workloads/model/bind.h"
#include "workloads/onnx/onnx.h"

namespace {

using namespace ane;
using namespace ane::onnxruntime;
namespace md = workloads::model;

std::string base64(const std::string& bytes) {
  constexpr std::string_view letters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t k = 0; k < bytes.size(); k += 3) {
    std::uint32_t three = 0;
    for (std::size_t b = 0; b < 3; ++b)
      three = three << 8 | (k + b < bytes.size() ? static_cast<unsigned char>(bytes[k + b]) : 0U);
    for (std::size_t b = 0; b < 4; ++b)
      text += k + b <= bytes.size() ? letters[three >> (18 - 6 * b) & 63] : '=';
  }
  return text;
}

std::string untyped_shape(const std::string& name, Type type) {
  using onnx_writer::number;
  using onnx_writer::text;
  return text(1, name) + text(2, text(1, number(1, type)));
}

std::string bytes_of(const Case& c) {
  onnx_writer::Graph g;
  for (const auto& [name, in] : c.inputs)
    g.inputs.push_back(onnx_writer::value(name, in.dims, "", in.type));
  std::vector<std::string> outputs;
  for (const auto& [name, type] : c.outputs) {
    g.outputs.push_back(untyped_shape(name, type));
    outputs.push_back(name);
  }
  g.constants = c.constants;
  g.nodes = {onnx_writer::node(c.op, "asked", c.operands, outputs, c.attributes, c.domain)};
  onnx_writer::Imports imports{.opset = c.opset, .domains = {}, .functions = {}};
  if (!c.domain.empty()) imports.domains = {c.domain};
  return onnx_writer::model(g, imports);
}

md::Dtype dtype_of(Type t) {
  switch (t) {
    case u8:
      return md::Dtype::u8;
    case i8:
      return md::Dtype::i8;
    case i32:
      return md::Dtype::i32;
    case i64:
      return md::Dtype::i64;
    case boolean:
      return md::Dtype::boolean;
    default:
      return md::Dtype::f32;
  }
}

nlohmann::json numbers(const md::Array& a) {
  nlohmann::json all = nlohmann::json::array();
  for (std::int64_t k = 0; k < a.size(); ++k) {
    const double v = a.number(k);
    if (std::isfinite(v))
      all.push_back(v);
    else
      all.push_back(fmt::format("{}", v));
  }
  return all;
}

nlohmann::json line_of(const std::string& name, const Case& c) {
  const std::string bytes = bytes_of(c);
  nlohmann::json line{{"op", name}, {"tolerance", c.tolerance}, {"model", base64(bytes)}};
  for (const auto& [input, in] : c.inputs)
    line["inputs"][input] = {{"type", in.type}, {"dims", in.dims}, {"data", in.values}};
  try {
    const md::Source source = workloads::onnx::parse_onnx(bytes, name);
    md::Binding binding;
    for (const auto& [input, in] : c.inputs) {
      auto a = std::make_shared<md::Array>(dtype_of(in.type), md::Shape(in.dims));
      for (std::size_t k = 0; k < in.values.size(); ++k)
        a->set(static_cast<std::int64_t>(k), in.values[k]);
      binding.inputs[input] = std::move(a);
    }
    for (const auto& [output, data] : md::evaluate(source, binding))
      line["outputs"][output] = {{"dims", data->type.shape}, {"data", numbers(*data)}};
  } catch (const InputError& e) {
    line["refused"] = e.what();
  }
  return line;
}

}  // namespace

int main(int argc, char** argv) {
  const std::int64_t count = argc > 1 ? std::atoll(argv[1]) : 0;
  if (count < 1) {
    fmt::print(stderr, "usage: onnxruntime_cases COUNT [SEED]\n");
    return 2;
  }
  Maker maker(argc > 2 ? static_cast<std::uint64_t>(std::atoll(argv[2])) : 1);
  auto all = ane::onnxruntime::tensor_cases();
  for (auto& one : ane::onnxruntime::network_cases()) all.push_back(std::move(one));
  for (auto& one : ane::onnxruntime::fused_cases()) all.push_back(std::move(one));
  for (std::int64_t k = 0; k < count; ++k) {
    const auto& [name, generator] = all[static_cast<std::size_t>(k) % all.size()];
    fmt::print("{}\n", line_of(name, generator(maker)).dump());
  }
}
