// The workloads' entry points, one line each.
#pragma once
#include <string_view>

#include "sim/cli/commands.h"

namespace ane::sim {

int run_mpnn(const Arguments& arguments);
int compare_mpnn(const Arguments& arguments);
bool is_structure(std::string_view start);
int run_readqc(const Arguments& arguments);
int compare_readqc(const Arguments& arguments);
bool is_fastq(std::string_view start);
int run_onnx(const Arguments& arguments);
int compare_onnx(const Arguments& arguments);
bool is_onnx_file(std::string_view start);
std::string onnx_request(const std::string& path);
int run_vision_language(const Arguments& arguments);
int compare_vision_language(const Arguments& arguments);
// Of requests, for whatever is no workload of its own: names and key=value among the arguments.
int run_spec(const Arguments& arguments);
int compare_spec(const Arguments& arguments);

}  // namespace ane::sim
