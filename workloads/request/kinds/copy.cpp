// kind=copy: a stream over memory.
#include "workloads/request/kind.h"
#include "workloads/request/plain.h"

namespace ane::workloads {

enum class Direction { copy, read, stream, triad, memcpy, d2d, h2d, d2h };
enum class StreamSize { one_call, asymptotic };
static std::span<const std::string_view> names_of(Direction) {
  static constexpr std::string_view names[] = {"copy",   "read", "stream", "triad",
                                               "memcpy", "d2d",  "h2d",    "d2h"};
  return names;
}
static std::span<const std::string_view> names_of(StreamSize) {
  static constexpr std::string_view names[] = {"one_call", "asymptotic"};
  return names;
}

namespace {

struct Copy : Work {
  std::int64_t bytes = 0, counted = 1;
  Direction direction = Direction::copy;
  StreamSize size = StreamSize::one_call;

  static constexpr Key keys[] = {
      needed<&Copy::bytes>("bytes", "that a bandwidth of counted=1 counts"),
      key<&Copy::direction>("direction",
                            "copy, read, stream, triad, memcpy; of cards d2d, h2d, d2h"),
      key<&Copy::counted>("counted", "how often a bandwidth counts each byte", 1, 16),
      key<&Copy::size>("size", "asymptotic: the rate of long streams, without a call's wait"),
  };

  double counted_bytes(const Request&) const override {
    return static_cast<double>(bytes) * static_cast<double>(counted);
  }
  std::string label() const override { return std::string(name(direction)); }

  Job job(const Request& r, const JobFor& target) const override {
    if (target.programs || target.form == Form::accelerator) {
      // The planar engine's plain copy from memory to memory.
      Plain plain(r, target);
      const ValueId x =
          plain.input("x", plain.plane(std::max<std::int64_t>(1, bytes / 2), std::string()));
      return {.stages = {{.work = plain.finish(plain.layers.unary(x, "none"))}}};
    }
    // A C library's memcpy is one thread; to or from a card it crosses PCIe.
    const bool crosses = direction == Direction::memcpy || direction == Direction::h2d ||
                         direction == Direction::d2h;
    const std::int64_t operands = direction == Direction::triad ? 2 : 1;
    Stage stage{.work = WorkList{{.kind = kernels::WorkKind::copy,
                                  .read = Bytes{bytes * operands},
                                  .written = Bytes{direction == Direction::read ? 0 : bytes},
                                  .name = "copy"}},
                .single_thread = crosses};
    stage.crosses = crosses;
    if (crosses) stage.in = Bytes{bytes};
    if (size == StreamSize::asymptotic) stage.waits = 0;
    return {.stages = {stage}};
  }
};

}  // namespace

namespace kind {
extern const Kind copy;
constinit const Kind copy = kind_of<Copy>("copy", "a stream over memory", "call", takes_state);
}  // namespace kind

}  // namespace ane::workloads
