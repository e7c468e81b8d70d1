// kind=launch: a call with no work, or, of software that has operators, with the least there is:
// one operator on one element, which nothing can fuse.
#include "workloads/request/kind.h"

namespace ane::workloads {
namespace {

struct Launch : Work {
  static constexpr std::span<const Key> keys{};

  Job job(const Request& r, const JobFor& target) const override {
    if (target.programs) return {.stages = {{.work = NoWork{}}}};
    kernels::Work w = pointwise(1, 4);
    w.kind = kernels::WorkKind::copy;
    // An operator in a stream that nobody waits for costs what the slower of host and device takes;
    // else the round trip is what is measured.
    return {.stages = {{.work = WorkList{w},
                        .operator_dispatch = r.conditions.api != Api::metal,
                        .waits = r.conditions.overlap ? 0.0 : 1.0}}};
  }
};

}  // namespace

namespace kind {
extern const Kind launch;
constinit const Kind launch =
    kind_of<Launch>("launch", "a call with the least work", "call", takes_state);
}  // namespace kind

}  // namespace ane::workloads
