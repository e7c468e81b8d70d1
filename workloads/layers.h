// Layers by shape alone, for graphs that are only timed: parameters without values in one weight
// format, and, where activations are INT8, the scales and conversions that an integer network has.
#pragma once
#include <fmt/format.h>

#include <map>
#include <memory>
#include <string>

#include "workloads/graph.h"

namespace ane::workloads {

// The numbers of a network: format of its weights, share of exact zeros among them, and whether
// activations between layers are INT8 codes (weights then are too).
struct Numbers {
  isa::KernelFormat weights = isa::KernelFormat::fp16;
  double zeros = 0;  // 0 to 1
  bool int8_activations = false;
  bool texture_unit = true;  // the chip resizes with it; else copies write every column twice
};

class Layers {
 public:
  Layers(std::string name, const Numbers& numbers)
      : graph_(std::move(name)), numbers_(numbers), format_(numbers.weights) {}

  struct Window {
    int kh = 1, kw = 1;
    int stride = 1, dilation = 1;
    int pad = -1;  // on every side; below 0: (kernel - 1) / 2 * dilation
    std::int64_t groups = 1;
    std::string activation = "none";
  };

  // Convolution with bias. `codes`: in an INT8 network the result leaves as codes (for another
  // layer with weights); else it is fp16.
  ValueId conv(ValueId x, std::int64_t cout, const Window& window, bool codes = true);
  ValueId linear(ValueId x, std::int64_t cout, const std::string& activation = "none",
                 bool codes = true);
  // The same parameters in several layers: conv with parameters made once by `parameters`.
  std::shared_ptr<const Parameters> parameters(std::int64_t cout, std::int64_t cin, int kh = 1,
                                               int kw = 1);
  ValueId conv_with(ValueId x, std::shared_ptr<const Parameters> parameters, const Window& window,
                    bool codes = true);
  // With its own padding on each side.
  ValueId conv_padded(ValueId x, std::shared_ptr<const Parameters> parameters, Attributes window,
                      bool codes = true);

  ValueId max_pool(ValueId x, int kernel, int stride, int pad);
  ValueId average_pool(ValueId x, int kernel, int stride, int pad);
  ValueId global_average(ValueId x);
  ValueId add(ValueId a, ValueId b, const std::string& activation = "none");
  ValueId multiply(ValueId a, ValueId b);
  ValueId unary(ValueId x, const std::string& function);
  ValueId softmax(ValueId x, unsigned axes);
  // Over channels, with scale and shift.
  ValueId layer_norm(ValueId x);
  // Over channels, with scale: mean of squares, product, product.
  ValueId rms_norm(ValueId x);
  // Per group of channels over all positions, with scale and shift.
  ValueId group_norm(ValueId x, std::int64_t groups);
  ValueId concat(const std::vector<ValueId>& parts, unsigned axis);
  ValueId reshape(ValueId x, const Extents& extents);
  ValueId slice_channels(ValueId x, std::int64_t begin, std::int64_t count);
  ValueId permute(ValueId x, const std::array<int, 4>& permutation);
  ValueId product(ValueId a, ValueId b);
  // Twice as many rows and columns, each repeated.
  ValueId upsample(ValueId x);

  // Attention of `heads` over [n, width, 1, length] queries and keys; values are given as keys.
  // kv_heads divides heads.
  ValueId attention(ValueId q, ValueId k, ValueId v, std::int64_t heads, std::int64_t kv_heads);

  ValueId fp16(ValueId x);   // codes to fp16, once a value
  ValueId codes(ValueId x);  // fp16 to codes, once a value
  const Extents& extents(ValueId x) const { return graph_.type(x).e; }
  GraphBuilder& graph() { return graph_; }
  const Numbers& numbers() const { return numbers_; }
  // Of the layers added from now on.
  void set_format(isa::KernelFormat format) { format_ = format; }

 private:
  std::string next(const char* kind) { return fmt::format("{}{}", kind, count_++); }
  ValueId scale_and_shift(const Extents& e);

  GraphBuilder graph_;
  Numbers numbers_;
  isa::KernelFormat format_;
  int count_ = 0;
  std::map<ValueId, ValueId> as_fp16_, as_codes_;
};

}  // namespace ane::workloads
