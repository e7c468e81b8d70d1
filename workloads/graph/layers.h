// Layers of networks of which nobody gives the weights: by shape alone for graphs that are only
// timed, or with seeded values for graphs that are executed; in one weight format, and, where
// activations are INT8, with the scales and conversions that an integer network has.
#pragma once
#include <fmt/format.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "workloads/graph/graph.h"
#include "workloads/graph/seeded_values.h"

namespace ane::workloads {

// The numbers of a network: format of its weights, share of exact zeros among them, and whether
// activations between layers are INT8 codes (weights then are too).
struct Numbers {
  isa::KernelFormat weights = isa::KernelFormat::fp16;
  isa::KernelFormat codes = isa::KernelFormat::i8;  // of weights where activations are codes
  double zeros = 0;                                 // 0 to 1
  bool int8_activations = false;
  bool texture_unit = true;  // the chip resizes with it; else copies write every column twice
  std::optional<std::uint64_t> seed{};  // of the values of all weights and constants; none: shapes
};

class Layers {
 public:
  Layers(std::string name, const Numbers& numbers)
      : graph_(std::move(name)),
        numbers_(numbers),
        format_(numbers.weights),
        values_(numbers.seed.value_or(0)) {}

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
  // The same parameters in several layers: conv with parameters made once by `parameters`. Seeded
  // weights keep the size of what they multiply (uniform in +-sqrt(3 / inputs)), times `gain`.
  std::shared_ptr<const Parameters> parameters(std::int64_t cout, std::int64_t cin, int kh = 1,
                                               int kw = 1, double gain = 1);
  // A linear layer of that gain without activation, of which the result is fp16.
  ValueId projection(ValueId x, std::int64_t cout, double gain = 1) {
    return conv_with(x, parameters(cout, extents(x).c, 1, 1, gain), {}, false);
  }
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
  // Over channels, or columns, with scale and shift.
  ValueId layer_norm(ValueId x, kernels::Axis axis = kernels::axis_c);
  // Over channels, with scale: mean of squares, product, product.
  ValueId rms_norm(ValueId x);
  // Per group of channels over all positions, with scale and shift.
  ValueId group_norm(ValueId x, std::int64_t groups);
  ValueId concat(const std::vector<ValueId>& parts, unsigned axis);
  ValueId reshape(ValueId x, const Extents& extents);
  ValueId slice_channels(ValueId x, std::int64_t begin, std::int64_t count);
  ValueId permute(ValueId x, const std::array<int, 4>& permutation);
  ValueId product(ValueId a, ValueId b);
  // Constants: seeded within middle +- span, or by a function of their place. Shapes alone without
  // a seed.
  ValueId seeded(const std::string& name, const Extents& e, float middle, float span);
  using ValueAt = std::function<float(std::int64_t c, std::int64_t w)>;
  ValueId constant(const std::string& name, const Extents& e, const ValueAt& value);
  // Twice as many rows and columns, each repeated.
  ValueId upsample(ValueId x);

  // Attention of `heads` over [n, width, 1, length] queries and keys; values are given as keys.
  // kv_heads divides heads. The scores' 1 / sqrt(size) is the query projection's (attention_gain);
  // `mask` [1, keys, 1, queries] is added to them, below 0: none.
  ValueId attention(ValueId q, ValueId k, ValueId v, std::int64_t heads, std::int64_t kv_heads,
                    ValueId mask = -1);

  ValueId fp16(ValueId x);   // codes to fp16, once a value
  ValueId codes(ValueId x);  // fp16 to codes, once a value
  const Extents& extents(ValueId x) const { return graph_.type(x).e; }
  GraphBuilder& graph() { return graph_; }
  const Numbers& numbers() const { return numbers_; }
  // Of the layers added from now on.
  void set_format(isa::KernelFormat format) { format_ = format; }

 private:
  std::string next(const char* kind) { return fmt::format("{}{}", kind, count_++); }
  ValueId channel_scale(const Extents& e);
  ValueId channel_shift(const Extents& e);

  GraphBuilder graph_;
  Numbers numbers_;
  isa::KernelFormat format_;
  SeededValues values_;
  int count_ = 0;
  std::map<ValueId, ValueId> as_fp16_, as_codes_;
};

// Folded into the query projection, as converters do: scores need no scaling of their own.
double attention_gain(std::int64_t head_size);

}  // namespace ane::workloads
