#include "sim/ane/rectified.h"

#include <iterator>

#include "isa/functions.h"

namespace ane::sim {
namespace {

constexpr int l2 = -1;

// Zero for all that is not positive.
bool is_relu(int function) {
  const auto name = isa::unary_functions[static_cast<std::size_t>(function)];
  return name == "relu" || name == "relu6";
}

}  // namespace

bool Rectified::at(Place place) const {
  auto after = known_.upper_bound(place);
  if (after == known_.begin()) return false;
  const auto& [from, stretch] = *std::prev(after);
  return from.first == place.first && place.second < stretch.end && stretch.rectified;
}

void Rectified::write(int region, ByteRange bytes, bool rectified) {
  const Place from{region, bytes.begin};
  const std::int64_t end = bytes.end;
  auto next = known_.lower_bound(from);
  if (next != known_.begin()) {
    const auto before = std::prev(next);
    if (before->first.first == from.first && before->second.end > from.second) {
      if (before->second.end > end) known_[{from.first, end}] = before->second;
      before->second.end = from.second;
    }
  }
  next = known_.lower_bound(from);
  while (next != known_.end() && next->first.first == from.first && next->first.second < end) {
    if (next->second.end > end) known_[{from.first, end}] = next->second;
    next = known_.erase(next);
  }
  known_[from] = {.end = end, .rectified = rectified};
}

bool Rectified::take(const isa::Task& t) {
  const Place held{l2, t.l2_in1.address};
  const bool input = at(t.load1.enable ? Place{t.load1.bar, t.load1.offset} : held);
  if (t.load1.enable) write(l2, touched(t.in1, t.l2_in1), input);
  // Moved as it is, the tensor keeps its zeros; what else is done to it is seen in the function
  // that comes last. A maximum over a window is seldom zero.
  const bool moved = t.ne == isa::NeOp::copy && t.pe == isa::PeMode::off && t.activation == 0;
  const bool output =
      t.pe == isa::PeMode::off ? is_relu(t.activation) || (moved && input) : is_relu(t.pe_post);
  write(l2, touched(t.out, t.l2_out), output);
  if (t.store.enable) write(t.store.bar, touched(t.out, t.store), output);
  return input;
}

}  // namespace ane::sim
