// kind=idle: a second without a call, for power figures.
#include "workloads/request/kind.h"

namespace ane::workloads {
namespace {

struct IdleSecond : Work {
  static constexpr std::span<const Key> keys{};
  Job job(const Request&, const JobFor&) const override { return {.stages = {{.work = Idle{}}}}; }
};

}  // namespace

namespace kind {
extern const Kind idle;
constinit const Kind idle =
    kind_of<IdleSecond>("idle", "a second without a call", "second", takes_nothing);
}  // namespace kind

}  // namespace ane::workloads
