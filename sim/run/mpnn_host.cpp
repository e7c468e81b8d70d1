#include "sim/run/mpnn_host.h"

#include "sim/devices/estimate.h"
#include "sim/price/graph_run.h"
#include "workloads/mpnn/structure/features.h"

namespace ane::sim {

namespace mp = workloads::mpnn;

// Features of all pairs and the selection of neighbours, on the host: 25 distances of 9 operations
// and 400 radial basis functions of 5 a pair, 9 operations a distance of the selection.
kernels::Work feature_work(std::int64_t length, std::int64_t k) {
  return {.kind = kernels::WorkKind::elementwise,
          .other_flops = length * k * (25 * 9 + 25 * 16 * 5) + length * length * 9,
          .read = {length * 48 + length * length * 4},
          .written = {length * k * mp::edge_inputs * 2}};
}

void add_host(results::Record& record, const char* cause, const kernels::Work& work,
              const Target& target, double count) {
  if (!target.chip.has_cpu()) return;
  const DeviceEstimate e = price_cpu({&work, 1}, target.chip, load_runtime("accelerate"),
                                     {.precision = Precision::fp32});
  results::Record part;
  part.totals.causes = {{cause, e.seconds()}};
  part.totals.energy_parts = {{"cpu", e.joules()}};
  part.totals.dram_bytes = work.read.count + work.written.count;
  append_calls(record, part, count);
}

kernels::Work head_work(std::int64_t places, std::int64_t hidden) {
  return {.kind = kernels::WorkKind::gemm,
          .macs = {places * hidden * 21},
          .other_flops = places * 21 * 10,
          .read = {places * hidden * 4},
          .written = {places * 21 * 4},
          .weights = {hidden * 21 * 4},
          .m = places,
          .n = 21,
          .k = hidden};
}

}  // namespace ane::sim
