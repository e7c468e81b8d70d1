// A runtime as data: what the software between a program and a device adds (sim/runtimes/*.json).
// Values in base units.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/chips/description.h"

namespace ane::sim {

struct RuntimeParameters {
  // s of host time per inference call on each unit, on top of the device's own floor
  // (ane.dispatch.*) or host wait (gpu.sync_time).
  double call_ane = 0, call_gpu = 0, call_cpu = 0;
  bool coreml_floor = false;  // the ANE's floor is ane.dispatch.coreml, else ane.dispatch.direct
  double op_dispatch = 0;     // s of host time to encode or launch one operator
  std::optional<double> op_dispatch_plain;  // the same for elementwise operators and copies
  double kernel_time = 0;  // s on the device per operator with no work; 0: the chip's own
  double host_wait = 0;    // s per host wait on a result; 0: the chip's own
  double waits_per_call = 1;
  std::optional<double> answer_waits;  // the same of a token of an answer; absent: waits_per_call
  double copy_bandwidth =
      0;              // B/s of host copies in and out of the device's buffers; 0: the chip's own
  double copies = 0;  // how often each input and output byte is copied by the host
  bool fuses_elementwise = false;  // bias, activation and elementwise chains join their producer
  bool compiles_graph = false;     // one launch runs many operators
  double gemm_utilisation = 1;  // share of the unit's GEMM rate (the chip's utilisation) it reaches
  double bandwidth_utilisation = 1;
  double softmax_passes = 1;  // times softmax reads or writes its tensor, over the least possible
  double elementwise_passes = 1;
  // What only some runtimes do; absent: 1 for shares, 0 for the rest.
  std::optional<double> quantised_utilisation;    // of the GEMM rate, weights decoded on the way
  std::optional<double> convolution_utilisation;  // of the GPU's peak; absent: as products
  std::optional<double> attention_utilisation;    // of the peak, attention as one operator
  std::optional<double> gpu_matrix_unit;          // 1: fp16 and int8 products on gpu.matrix
  std::optional<double> gpu_tf32;                 // 1: fp32 products there too, rounded
  std::optional<double> large_output_passes;      // further passes over outputs above 2 GiB
  // Bytes of an activation between operators over those asked for, where FP16 is: 2 for float32.
  std::optional<double> activation_passes;
  std::optional<double> im2col;       // 1: the windows of a convolution are written out and read
  std::optional<double> bias_passes;  // passes over the output to add a bias, GPU
  std::optional<double> cpu_bias_passes;            // the same on the CPU
  std::optional<double> cpu_elementwise_bandwidth;  // B/s of elementwise passes; absent: the CPU's
  // B/s of reductions and of the operands of products in a batch; absent: the CPU's
  std::optional<double> cpu_reduce_bandwidth;
  std::optional<double> cpu_output_passes;  // times a product's output is written
  std::optional<double> cpu_first_touch;    // B/s at which the system hands out fresh pages
  std::optional<double> cpu_product_call;   // s of one product inside a batch
  std::optional<double> cpu_matrix_unit;    // 0: its products stay on the vector units; absent: 1
  // FLOP that each thread takes at least of such a product, which is split evenly; absent: any.
  std::optional<double> cpu_split;
  std::optional<double> cpu_handoff;           // s for each thread and product that is split so
  std::optional<double> cpu_operator_threads;  // of reductions, copies, elementwise; absent: all
  std::optional<double> cpu_efficiency_cores;  // 0: its threads are as many as the P cores
  // Rows from which a product of weights goes to the matrix unit; absent: 2.
  std::optional<double> cpu_matrix_rows;
  // 0: products of two activations stay on the vector units; absent: 1.
  std::optional<double> cpu_matrix_activations;
  // 1: the matrix unit is given float32, of which weights in fewer bits are made each time.
  std::optional<double> cpu_matrix_fp32;
  std::optional<double> cpu_one_unit;     // 1: products of any size stay on one matrix unit
  std::optional<double> cpu_vector;       // share of the vector units' peak; absent: the chip's
  std::optional<double> cpu_serial;       // share of products on vector units that one thread does
  std::optional<double> cpu_dot;          // cycles of each element of a product on vector units
  std::optional<double> cpu_op_dispatch;  // s of an operator on the CPU; absent: op_dispatch
  std::optional<double> cpu_convolution;  // the same of convolutions; absent: as products
  std::optional<double> cpu_utilisation;  // of the rate of products there; absent: utilisation.gemm
  bool fp16 = true, int8 = false;  // precisions it computes in; fp32 always where the unit can
  std::optional<double> bf16;      // absent: not
  bool ane = false, gpu = false, cpu = false;  // units it can drive
};

class Runtime {
 public:
  explicit Runtime(Description description);
  const std::string& name() const { return description_->name; }
  const Description& description() const { return *description_; }
  double get(std::string_view path) const { return parameter(path).value; }
  const Parameter& parameter(std::string_view path) const { return description_->at(path); }
  const RuntimeParameters& costs() const { return costs_; }

 private:
  std::shared_ptr<const Description> description_;  // copies of one share it
  RuntimeParameters costs_;
};

Runtime load_runtime(std::string_view name, const std::vector<std::string>& overrides = {});
std::vector<std::string> runtime_names();

}  // namespace ane::sim
