// A model as its file tells it: operators over tensors that are known by name, subgraphs and all.
// Shapes may be open; bind.h closes them.
#pragma once
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "workloads/model/array.h"

namespace ane::workloads::model {

struct Graph;
struct Operator;

struct Attribute {
  enum class Is { none, integer, real, text, integers, reals, texts, tensor, graph };
  Is is = Is::none;
  std::int64_t integer = 0;
  float real = 0;
  std::string text;
  std::vector<std::int64_t> integers;
  std::vector<float> reals;
  std::vector<std::string> texts;
  Data tensor;
  std::shared_ptr<const Graph> graph;
  std::string of_function;  // stands for that attribute of the function that the node is part of
};

struct Node {
  std::string op, domain;  // "Conv", "" or "com.microsoft"
  int version = 0;         // of the domain, as the file (or the function) imports it
  std::string name;
  std::string overload{};  // of the function that it calls, where there are several of a name
  std::vector<std::string> inputs, outputs;  // empty: left out
  std::map<std::string, Attribute> attributes;
};

struct Dimension {
  std::int64_t extent = -1;  // below 0: open
  std::string symbol;        // "batch"; may be empty
};
struct Declared {
  std::string name;
  Dtype dtype = Dtype::f32;
  bool typed = false;   // the file gives that type
  bool shaped = false;  // the file gives a shape
  std::vector<Dimension> dims;
};

struct FunctionName {
  std::string domain, name, overload;
  friend auto operator<=>(const FunctionName&, const FunctionName&) = default;
};
struct Function {
  std::vector<std::string> inputs, outputs;
  std::set<std::string> attributes;  // that a node which calls it may have
  std::map<std::string, Attribute> defaults;
  std::shared_ptr<const Graph> body;
};

struct Graph {
  std::string name;
  std::vector<Declared> inputs, outputs;
  std::map<std::string, std::shared_ptr<const Packed>> constants;
  std::vector<Node> nodes;
};

// A whole file.
struct Source {
  std::string name;    // the file's, without folder and ending
  std::string digest;  // of all bytes that were read, also of other files
  std::shared_ptr<const Graph> graph;
  std::map<FunctionName, Function> functions;
  std::map<std::string, int> versions;  // by domain
  double parameters = 0;                // elements of real constants
};

}  // namespace ane::workloads::model
