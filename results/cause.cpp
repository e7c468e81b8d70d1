#include "results/cause.h"

namespace ane::results {
namespace {

constexpr std::array<CauseInfo, cause_count> table{{
    {Cause::compute, "compute",
     "arithmetic is the limit; fewer MACs, a narrower format or shapes that fill the lanes"},
    {Cause::memory, "memory",
     "tensors and weights move to and from memory; fewer bytes, fused operators or a larger batch"},
    {Cause::weights, "weights",
     "weights stream from DRAM; fewer bytes (int8, palette) or a larger batch"},
    {Cause::activations, "activations",
     "tiles move to and from memory; smaller tensors or more kept in L2"},
    {Cause::planar, "planar engine",
     "elementwise work is slow; fold it into the task that makes its input"},
    {Cause::bank_conflict, "bank conflict",
     "rows fall on the same L2 banks; pad the row to another stride"},
    {Cause::overhead, "overhead",
     "a fixed cost of each task or kernel; fewer, larger operators spread it"},
    {Cause::dispatch, "dispatch",
     "a fixed cost of each call; a larger batch or fewer, larger programs spread it"},
    {Cause::wait, "host wait",
     "the host waits for the device once a call; a larger batch, or calls that follow each other"},
    {Cause::copies, "host copies",
     "the host converts and copies tensors; hand over the device's own buffers and format"},
    {Cause::transfer, "transfer", "copies between units; keep neighbouring operators on one unit"},
    {Cause::fallback, "cpu fallback",
     "operators that the accelerator does not take run on the CPU; the layers view says why"},
    {Cause::host, "host work", "the job's own work on the CPU; a larger share on the device"},
    {Cause::idle, "idle", "the unit waits for the host or another unit; keep its queue filled"},
}};

}  // namespace

const CauseInfo& info(Cause cause) {
  return table[static_cast<std::size_t>(cause)];
}

std::optional<Cause> cause_named(std::string_view name) {
  for (const CauseInfo& c : table)
    if (c.name == name) return c.cause;
  return std::nullopt;
}

Parts cause_parts(const CauseSeconds& seconds) {
  Parts parts;
  for (const CauseInfo& c : table)
    if (const double s = seconds[static_cast<std::size_t>(c.cause)]; s > 0)
      parts.push_back({std::string(c.name), s});
  return parts;
}

}  // namespace ane::results
