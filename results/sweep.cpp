#include "results/sweep.h"

#include "isa/error.h"

namespace ane::results {

double SweepPoint::objective(std::string_view name) const {
  if (!refused.empty()) return unknown;
  if (name == "latency") return latency_s;
  if (name == "energy") return energy_j;
  if (name == "energy_per_item") return energy_j / (throughput_items_per_s * latency_s);
  if (name == "edp") return energy_j * latency_s;
  if (name == "power") return energy_j / latency_s;
  if (name == "memory")
    return peak_memory_bytes == 0 ? unknown : static_cast<double>(peak_memory_bytes);
  if (name == "throughput") return throughput_items_per_s;
  if (name == "agreement") return agreement;
  ANE_CHECK(false, "an objective of the list");
}

}  // namespace ane::results
