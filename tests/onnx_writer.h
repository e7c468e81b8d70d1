// ONNX files that tests make: the few messages of the format that small models need, written byte
// by byte (https://protobuf.dev/programming-guides/encoding).
#pragma once
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace ane::onnx_writer {

inline std::string varint(std::uint64_t v) {
  std::string bytes;
  for (; v >= 128; v >>= 7) bytes += static_cast<char>(v | 128);
  return bytes + static_cast<char>(v);
}
inline std::string number(int field, std::int64_t v) {
  return varint(static_cast<std::uint64_t>(field) << 3) + varint(static_cast<std::uint64_t>(v));
}
inline std::string text(int field, const std::string& v) {
  return varint(static_cast<std::uint64_t>(field) << 3 | 2) + varint(v.size()) + v;
}

// AttributeProto: FLOAT = 1, INT = 2, STRING = 3, INTS = 7.
inline std::string attribute(const std::string& name, float v) {
  std::string four(sizeof(float), '\0');
  std::memcpy(four.data(), &v, sizeof(float));
  return text(1, name) + varint(2 << 3 | 5) + four + number(20, 1);
}
inline std::string attribute(const std::string& name, const std::string& v) {
  return text(1, name) + text(4, v) + number(20, 3);
}
inline std::string attribute(const std::string& name, const char* v) {
  return attribute(name, std::string(v));
}
// One that stands for that of the function; its kind.
inline std::string reference(const std::string& name, const std::string& of, int kind) {
  return text(1, name) + number(20, kind) + text(21, of);
}
inline std::string attribute(const std::string& name, std::int64_t v) {
  return text(1, name) + number(3, v) + number(20, 2);
}
inline std::string attribute(const std::string& name, const std::vector<std::int64_t>& list) {
  std::string bytes = text(1, name);
  for (const std::int64_t v : list) bytes += number(8, v);
  return bytes + number(20, 7);
}

inline std::string node(const std::string& op, const std::string& name,
                        const std::vector<std::string>& inputs,
                        const std::vector<std::string>& outputs,
                        const std::vector<std::string>& attributes = {},
                        const std::string& domain = "") {
  std::string bytes;
  for (const std::string& i : inputs) bytes += text(1, i);
  for (const std::string& o : outputs) bytes += text(2, o);
  bytes += text(3, name) + text(4, op);
  for (const std::string& a : attributes) bytes += text(5, a);
  return domain.empty() ? bytes : bytes + text(7, domain);
}

// TensorProto of float32: type 1, raw data.
inline std::string tensor(const std::string& name, const std::vector<std::int64_t>& dims,
                          const std::vector<float>& values) {
  std::string bytes, raw(values.size() * sizeof(float), '\0');
  for (const std::int64_t d : dims) bytes += number(1, d);
  if (!values.empty()) std::memcpy(raw.data(), values.data(), raw.size());
  return bytes + number(2, 1) + text(8, name) + text(9, raw);
}
// Of int64: type 7; of one axis.
inline std::string whole(const std::string& name, const std::vector<std::int64_t>& values) {
  std::string bytes = number(1, static_cast<std::int64_t>(values.size())) + number(2, 7);
  for (const std::int64_t v : values) bytes += number(7, v);
  return bytes + text(8, name);
}

// ValueInfoProto; an extent below 0 is open, under that name.
inline std::string value(const std::string& name, const std::vector<std::int64_t>& dims,
                         const std::string& open = "batch", int type = 1) {
  std::string shape;
  for (const std::int64_t d : dims) shape += text(1, d >= 0 ? number(1, d) : text(2, open));
  return text(1, name) + text(2, text(1, number(1, type) + text(2, shape)));
}

struct Graph {
  std::vector<std::string> nodes, constants, inputs, outputs;
};
inline std::string graph(const Graph& g, const std::string& name) {
  std::string bytes;
  for (const std::string& n : g.nodes) bytes += text(1, n);
  bytes += text(2, name);
  for (const std::string& c : g.constants) bytes += text(5, c);
  for (const std::string& i : g.inputs) bytes += text(11, i);
  for (const std::string& o : g.outputs) bytes += text(12, o);
  return bytes;
}
struct Imports {
  std::int64_t opset = 17, ir = 8;
  std::vector<std::string> domains;    // beside the operators of ONNX, each of version 1
  std::vector<std::string> functions;  // as function() makes them
};
inline std::string model(const Graph& g, const Imports& imports) {
  std::string bytes = number(1, imports.ir) + text(2, "tests") + text(7, graph(g, "g")) +
                      text(8, number(2, imports.opset));
  for (const std::string& d : imports.domains) bytes += text(8, text(1, d) + number(2, 1));
  for (const std::string& f : imports.functions) bytes += text(25, f);
  return bytes;
}
inline std::string model(const Graph& g, std::int64_t opset = 17) {
  return model(g, Imports{.opset = opset, .domains = {}, .functions = {}});
}
// FunctionProto; defaults and overload as ONNX writes them from 1.13 and 1.16 on.
inline std::string function(const std::string& domain, const std::string& name,
                            const std::vector<std::string>& inputs,
                            const std::vector<std::string>& outputs,
                            const std::vector<std::string>& nodes,
                            const std::vector<std::string>& defaults = {},
                            const std::string& overload = "") {
  std::string bytes = text(1, name);
  for (const std::string& i : inputs) bytes += text(4, i);
  for (const std::string& o : outputs) bytes += text(5, o);
  for (const std::string& n : nodes) bytes += text(7, n);
  bytes += text(9, number(2, 17)) + text(10, domain);
  for (const std::string& d : defaults) bytes += text(11, d);
  return overload.empty() ? bytes : bytes + text(13, overload);
}
// A node that calls one of several functions of a name.
inline std::string overloaded(const std::string& node, const std::string& overload) {
  return node + text(8, overload);
}
// TensorProto of float32 whose data are `count` numbers of a file beside the model.
inline std::string external(const std::string& name, std::int64_t count, const std::string& file,
                            std::int64_t offset = 0) {
  const auto entry = [](const std::string& key, const std::string& value) {
    return text(13, text(1, key) + text(2, value));
  };
  return number(1, count) + number(2, 1) + text(8, name) + entry("location", file) +
         entry("offset", std::to_string(offset)) + entry("length", std::to_string(4 * count)) +
         number(14, 1);
}

// A convolution, its activation, a mean and a classifier over an open batch; and with `sorts` the
// three likeliest classes, which the accelerator does not take.
inline std::string classifier(bool sorts) {
  const auto values = [](std::size_t count, float step) {
    std::vector<float> v(count);
    for (std::size_t k = 0; k < count; ++k)
      v[k] = step * static_cast<float>(static_cast<int>(k % 7) - 3);
    return v;
  };
  Graph g;
  g.inputs = {value("image", {-1, 3, 16, 16})};
  g.constants = {tensor("kernel", {8, 3, 3, 3}, values(216, 0.1F)),
                 tensor("bias", {8}, values(8, 0.2F)),
                 tensor("classes", {8, 10}, values(80, 0.3F))};
  g.nodes = {node("Conv", "conv", {"image", "kernel", "bias"}, {"c"},
                  {attribute("pads", std::vector<std::int64_t>{1, 1, 1, 1})}),
             node("Relu", "relu", {"c"}, {"r"}),
             node("GlobalAveragePool", "mean", {"r"}, {"m"}),
             node("Flatten", "flat", {"m"}, {"f"}),
             node("MatMul", "classify", {"f", "classes"}, {"logits"}),
             node("Softmax", "softmax", {"logits"}, {"probabilities"})};
  g.outputs = {value("probabilities", {-1, 10})};
  if (sorts) {
    g.constants.push_back(whole("three", {3}));
    g.nodes.push_back(
        node("TopK", "best", {"probabilities", "three"}, {"best_values", "best_places"}));
    g.outputs = {value("best_values", {-1, 3}), value("best_places", {-1, 3}, "batch", 7)};
  }
  return model(g);
}

// That model as a file which stays as long as the process; its path.
inline std::string classifier_file(bool sorts) {
  static const std::string folder = [] {
    const auto f =
        std::filesystem::temp_directory_path() / ("anesim_onnx_" + std::to_string(::getpid()));
    std::filesystem::create_directories(f);
    return f.string();
  }();
  const std::string path = folder + (sorts ? "/sorted.onnx" : "/classifier.onnx");
  if (!std::filesystem::exists(path)) std::ofstream(path, std::ios::binary) << classifier(sorts);
  return path;
}

}  // namespace ane::onnx_writer
