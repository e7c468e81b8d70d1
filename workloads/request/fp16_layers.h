// Precision by layer: layers of a network in shorter formats that keep FP16 weights and
// activations.
#pragma once
#include <string>
#include <string_view>

#include "workloads/graph/graph.h"
#include "workloads/request/job.h"

namespace ane::workloads {

// Whether one of these names, at commas, is the layer's; '*' stands for any letters.
bool names_layer(std::string_view names, std::string_view layer);

// Layers of `names` with float weights become FP16. InputError for one of INT8 products: its codes
// are no floats any more.
void keep_fp16(Graph& graph, std::string_view names);
// The same of a job's graphs. InputError for a name that no layer with weights has, with the
// nearest.
void keep_fp16(Job& job, std::string_view names);

}  // namespace ane::workloads
