// A host tensor over the neighbour slots of places, in the layout that the graph's gather makes.
#pragma once
#include "workloads/mpnn/graph/graph.h"

namespace ane::workloads::mpnn {

// Writes per-slot values into [1, C, k, P] or [k, C, 1, P].
class SlotTensor {
 public:
  SlotTensor(const GraphOptions& o, Format format, std::int64_t channels, std::int64_t slots,
             std::int64_t places)
      : one_hot_(o.gather == Gather::one_hot),
        channels_(channels),
        slots_(slots),
        places_(places),
        tensor_(format, one_hot_ ? kernels::Shape{slots, channels, 1, places}
                                 : kernels::Shape{1, channels, slots, places}) {}

  std::size_t at(std::int64_t slot, std::int64_t channel, std::int64_t place) const {
    return static_cast<std::size_t>(
        (one_hot_ ? slot * channels_ + channel : channel * slots_ + slot) * places_ + place);
  }
  template <class T>
  void set(std::int64_t slot, std::int64_t channel, std::int64_t place, T value) {
    tensor_.as<T>()[at(slot, channel, place)] = value;
  }
  Tensor take() { return std::move(tensor_); }

 private:
  bool one_hot_;
  std::int64_t channels_, slots_, places_;
  Tensor tensor_;
};

}  // namespace ane::workloads::mpnn
