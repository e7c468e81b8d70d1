#include "sim/runtimes/runtime.h"

#include "sim/chips/bind.h"
#include "sim/runtimes/generation.h"

namespace ane::sim {
namespace {

using R = RuntimeParameters;
constexpr Field<R> fields[] = {
    {"call.ane", "s", &R::call_ane, 0, 10},
    {"call.gpu", "s", &R::call_gpu, 0, 10},
    {"call.cpu", "s", &R::call_cpu, 0, 10},
    {"coreml_floor", "1", &R::coreml_floor, 0, 1},
    {"op_dispatch", "s", &R::op_dispatch, 0, 1},
    {"op_dispatch_plain", "s", &R::op_dispatch_plain, 0, 1},
    {"kernel_time", "s", &R::kernel_time, 0, 1},
    {"host_wait", "s", &R::host_wait, 0, 1},
    {"waits_per_call", "1", &R::waits_per_call, 0, 1000},
    {"answer_waits", "1", &R::answer_waits, 0, 1000},
    {"copy.bandwidth", "B/s", &R::copy_bandwidth, 0, 1e13},
    {"copy.times", "1", &R::copies, 0, 100},
    {"fusion.elementwise", "1", &R::fuses_elementwise, 0, 1},
    {"fusion.graph", "1", &R::compiles_graph, 0, 1},
    {"utilisation.gemm", "1", &R::gemm_utilisation, 0.001, 2},
    {"utilisation.bandwidth", "1", &R::bandwidth_utilisation, 0.001, 2},
    {"passes.softmax", "1", &R::softmax_passes, 0.5, 100},
    {"passes.elementwise", "1", &R::elementwise_passes, 0.5, 100},
    {"utilisation.quantised", "1", &R::quantised_utilisation, 0.01, 2},
    {"utilisation.convolution", "1", &R::convolution_utilisation, 0.01, 2},
    {"utilisation.attention", "1", &R::attention_utilisation, 0.01, 2},
    {"gpu.matrix_unit", "1", &R::gpu_matrix_unit, 0, 1},
    {"gpu.tf32", "1", &R::gpu_tf32, 0, 1},
    {"passes.large_output", "1", &R::large_output_passes, 0, 100},
    {"passes.activations", "1", &R::activation_passes, 1, 4},
    {"passes.im2col", "1", &R::im2col, 0, 1},
    {"passes.bias", "1", &R::bias_passes, 0, 100},
    {"cpu.bias_passes", "1", &R::cpu_bias_passes, 0, 100},
    {"cpu.elementwise_bandwidth", "B/s", &R::cpu_elementwise_bandwidth, 1e6, 1e14},
    {"cpu.reduce_bandwidth", "B/s", &R::cpu_reduce_bandwidth, 1e6, 1e14},
    {"cpu.output_passes", "1", &R::cpu_output_passes, 1, 100},
    {"cpu.first_touch", "B/s", &R::cpu_first_touch, 1e6, 1e14},
    {"cpu.product_call", "s", &R::cpu_product_call, 0, 1},
    {"cpu.matrix_unit", "1", &R::cpu_matrix_unit, 0, 1},
    {"cpu.split", "FLOP", &R::cpu_split, 0, 1e15},
    {"cpu.handoff", "s", &R::cpu_handoff, 0, 1},
    {"cpu.operator_threads", "1", &R::cpu_operator_threads, 1, 1024},
    {"cpu.efficiency_cores", "1", &R::cpu_efficiency_cores, 0, 1},
    {"cpu.matrix_rows", "1", &R::cpu_matrix_rows, 1, 1e6},
    {"cpu.matrix_activations", "1", &R::cpu_matrix_activations, 0, 1},
    {"cpu.matrix_fp32", "1", &R::cpu_matrix_fp32, 0, 1},
    {"cpu.one_unit", "1", &R::cpu_one_unit, 0, 1},
    {"cpu.vector", "1", &R::cpu_vector, 0.001, 1},
    {"cpu.serial", "1", &R::cpu_serial, 0, 1},
    {"cpu.dot", "cycle", &R::cpu_dot, 0, 1e6},
    {"cpu.op_dispatch", "s", &R::cpu_op_dispatch, 0, 1},
    {"cpu.convolution", "1", &R::cpu_convolution, 0.001, 2},
    {"cpu.utilisation", "1", &R::cpu_utilisation, 0.001, 2},
    {"precision.fp16", "1", &R::fp16, 0, 1},
    {"precision.bf16", "1", &R::bf16, 0, 1},
    {"precision.int8", "1", &R::int8, 0, 1},
    {"units.ane", "1", &R::ane, 0, 1},
    {"units.gpu", "1", &R::gpu, 0, 1},
    {"units.cpu", "1", &R::cpu, 0, 1},
};

constexpr Field<AneGeneration> generation_fields[] = {
    {"ane.keeps_in_l2", "1", &AneGeneration::keeps_in_l2, 0, 1},
    {"ane.absorbs_transposes", "1", &AneGeneration::absorbs_transposes, 0, 1},
    {"ane.norm_detour", "s", &AneGeneration::norm_detour, 0, 1},
};

}  // namespace

AneGeneration generation_of(const Runtime& runtime) {
  AneGeneration g;
  KnownPaths known;
  bind<AneGeneration>(runtime.description(), generation_fields, g, known);
  return g;
}

Runtime::Runtime(Description description)
    : description_(std::make_shared<const Description>(std::move(description))) {
  KnownPaths known;
  bind<R>(*description_, fields, costs_, known);
  AneGeneration generation;
  bind<AneGeneration>(*description_, generation_fields, generation, known);
  refuse_unknown(*description_, known);
}

Runtime load_runtime(std::string_view name, const std::vector<std::string>& overrides) {
  Description d = load_description("runtimes", "runtime", name);
  for (const std::string& o : overrides) apply_override(d, o);
  return Runtime(std::move(d));
}

std::vector<std::string> runtime_names() {
  return description_names("runtimes");
}

}  // namespace ane::sim
