#include "workloads/request/fp16_layers.h"

#include <fmt/format.h>

#include <vector>

#include "isa/error.h"

namespace ane::workloads {
namespace {

bool matches(std::string_view pattern, std::string_view text) {
  if (pattern.empty()) return text.empty();
  if (pattern[0] == '*') {
    for (std::size_t from = 0; from <= text.size(); ++from)
      if (matches(pattern.substr(1), text.substr(from))) return true;
    return false;
  }
  return !text.empty() && pattern[0] == text[0] && matches(pattern.substr(1), text.substr(1));
}

std::vector<std::string_view> split(std::string_view names) {
  std::vector<std::string_view> out;
  while (!names.empty()) {
    const std::size_t comma = std::min(names.find(','), names.size());
    if (comma > 0) out.push_back(names.substr(0, comma));
    names.remove_prefix(std::min(comma + 1, names.size()));
  }
  return out;
}

}  // namespace

bool names_layer(std::string_view names, std::string_view layer) {
  for (const std::string_view name : split(names))
    if (matches(name, layer)) return true;
  return false;
}

void keep_fp16(Graph& graph, std::string_view names) {
  if (names.empty()) return;
  for (Node& n : graph.nodes) {
    if (!n.parameters || !names_layer(names, n.name)) continue;
    if (isa::is_integer(n.parameters->format))
      throw InputError(n.name, "a layer of INT8 products keeps its codes in this kind of network",
                       "weights alone in fewer bits (int8w, lut4), or kind=readqc, kind=mpnn");
    auto p = std::make_shared<Parameters>(*n.parameters);
    p->format = isa::KernelFormat::fp16;
    n.parameters = std::move(p);
  }
}

void keep_fp16(Job& job, std::string_view names) {
  if (names.empty()) return;
  std::vector<std::string> layers;
  for (Stage& s : job.stages)
    if (auto* graph = std::get_if<Graph>(&s.work)) {
      for (const Node& n : graph->nodes)
        if (n.parameters) layers.push_back(n.name);
      keep_fp16(*graph, names);
    }
  for (const std::string_view name : split(names)) {
    bool found = false;
    for (const std::string& layer : layers) found = found || matches(name, layer);
    if (!found)
      throw InputError(
          "fp16_layers", fmt::format("no layer with weights is '{}'", name),
          layers.empty() ? "this work has no layers" : choice_note(std::string(name), layers));
  }
}

}  // namespace ane::workloads
