// Why a stretch of time passed: the one vocabulary of causes. Every second of a record has one; the
// bottleneck view says what each asks for.
#pragma once
#include <array>
#include <optional>
#include <string_view>

#include "results/record.h"

namespace ane::results {

enum class Cause {
  compute,        // multiplications, or the vector units
  memory,         // a CPU's or GPU's traffic with its memory
  weights,        // the accelerator's weight streams
  activations,    // its tiles, to and from memory
  planar,         // its planar engine
  bank_conflict,  // of its L2
  overhead,       // fixed cost of each task or kernel
  dispatch,       // host time that a call or operator takes
  wait,           // the host waits for the device
  copies,         // the host converts and copies tensors
  transfer,       // over PCIe
  fallback,       // operators that the accelerator does not take, on the CPU
  host,           // work that the job leaves to the CPU
  idle            // nothing is asked, or the engine wakes
};
inline constexpr int cause_count = 14;

struct CauseInfo {
  Cause cause;
  std::string_view name;    // "planar engine"
  std::string_view advice;  // what the bottleneck view says of it
};
const CauseInfo& info(Cause cause);
inline std::string_view name(Cause cause) {
  return info(cause).name;
}
// Whether it is a cost of the call, which no operator has, rather than of one.
constexpr bool is_of_call(Cause cause) {
  return cause == Cause::dispatch || cause == Cause::wait || cause == Cause::copies ||
         cause == Cause::transfer || cause == Cause::fallback || cause == Cause::host ||
         cause == Cause::idle;
}
std::optional<Cause> cause_named(std::string_view name);

// Seconds by cause, and as the parts of a record: those above 0, in the order of the causes.
using CauseSeconds = std::array<double, cause_count>;
inline double& of(CauseSeconds& seconds, Cause cause) {
  return seconds[static_cast<std::size_t>(cause)];
}
Parts cause_parts(const CauseSeconds& seconds);

}  // namespace ane::results
