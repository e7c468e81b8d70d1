#include <algorithm>
#include <array>
#include <functional>

#include "workloads/mil/program.h"

namespace ane::workloads::mil {
namespace {

using model::BoundNode;
using model::Model;
using model::Use;
using model::Value;

struct Name {
  std::string_view onnx, mil;
};
// What MIL calls an operator of ONNX. One that is not here keeps ONNX's name, which no rule of the
// planner knows.
constexpr std::array names{
    Name{"Abs", "abs"},
    Name{"Acos", "acos"},
    Name{"Acosh", "acosh"},
    Name{"Add", "add"},
    Name{"And", "logical_and"},
    Name{"ArgMax", "reduce_argmax"},
    Name{"ArgMin", "reduce_argmin"},
    Name{"Asin", "asin"},
    Name{"Asinh", "asinh"},
    Name{"Atan", "atan"},
    Name{"Atanh", "atanh"},
    Name{"AveragePool", "avg_pool"},
    Name{"BatchNormalization", "batch_norm"},
    Name{"Cast", "cast"},
    Name{"Ceil", "ceil"},
    Name{"Celu", "elu"},
    Name{"Clip", "clip"},
    Name{"Concat", "concat"},
    Name{"ConstantOfShape", "fill"},
    Name{"Conv", "conv"},
    Name{"ConvTranspose", "conv_transpose"},
    Name{"Cos", "cos"},
    Name{"Cosh", "cosh"},
    Name{"CumSum", "cumsum"},
    Name{"DepthToSpace", "depth_to_space"},
    Name{"DequantizeLinear", "dequantize"},
    Name{"Div", "real_div"},
    Name{"Einsum", "einsum"},
    Name{"Elu", "elu"},
    Name{"Equal", "equal"},
    Name{"Erf", "erf"},
    Name{"Exp", "exp"},
    Name{"Expand", "tile"},
    Name{"Flatten", "reshape"},
    Name{"Floor", "floor"},
    Name{"GRU", "gru"},
    Name{"Gather", "gather"},
    Name{"GatherElements", "gather_along_axis"},
    Name{"GatherND", "gather_nd"},
    Name{"Gelu", "gelu"},
    Name{"GlobalAveragePool", "reduce_mean"},
    Name{"GlobalMaxPool", "reduce_max"},
    Name{"Greater", "greater"},
    Name{"GreaterOrEqual", "greater_equal"},
    Name{"GridSample", "resample"},
    Name{"GroupNormalization", "layer_norm"},
    Name{"HardSigmoid", "sigmoid_hard"},
    Name{"HardSwish", "sigmoid_hard"},
    Name{"InstanceNormalization", "instance_norm"},
    Name{"LRN", "local_response_norm"},
    Name{"LSTM", "lstm"},
    Name{"LayerNormalization", "layer_norm"},
    Name{"LeakyRelu", "leaky_relu"},
    Name{"Less", "less"},
    Name{"LessOrEqual", "less_equal"},
    Name{"Log", "log"},
    Name{"LogSoftmax", "reduce_log_sum_exp"},
    Name{"LpNormalization", "l2_norm"},
    Name{"LpPool", "l2_pool"},
    Name{"MatMul", "matmul"},
    Name{"Max", "maximum"},
    Name{"MaxPool", "max_pool"},
    Name{"Mean", "add"},
    Name{"Min", "minimum"},
    Name{"Mish", "softplus"},
    Name{"Mod", "mod"},
    Name{"Mul", "mul"},
    Name{"Neg", "mul"},
    Name{"NonMaxSuppression", "non_maximum_suppression"},
    Name{"NonZero", "non_zero"},
    Name{"Not", "logical_not"},
    Name{"OneHot", "one_hot"},
    Name{"Or", "logical_or"},
    Name{"PRelu", "prelu"},
    Name{"Pad", "pad"},
    Name{"Pow", "pow"},
    Name{"QuantizeLinear", "quantize"},
    Name{"RMSNormalization", "layer_norm"},
    Name{"RNN", "rnn"},
    Name{"RandomNormal", "random_normal"},
    Name{"Range", "range_1d"},
    Name{"Reciprocal", "inverse"},
    Name{"ReduceL1", "reduce_l1_norm"},
    Name{"ReduceL2", "reduce_l2_norm"},
    Name{"ReduceLogSum", "reduce_log_sum"},
    Name{"ReduceLogSumExp", "reduce_log_sum_exp"},
    Name{"ReduceMax", "reduce_max"},
    Name{"ReduceMean", "reduce_mean"},
    Name{"ReduceMin", "reduce_min"},
    Name{"ReduceProd", "reduce_prod"},
    Name{"ReduceSum", "reduce_sum"},
    Name{"ReduceSumSquare", "reduce_sum_square"},
    Name{"Relu", "relu"},
    Name{"Reshape", "reshape"},
    Name{"ReverseSequence", "reverse_sequence"},
    Name{"RoiAlign", "crop_resize"},
    Name{"Round", "round"},
    Name{"Scatter", "scatter_along_axis"},
    Name{"ScatterElements", "scatter_along_axis"},
    Name{"ScatterND", "scatter_nd"},
    Name{"Selu", "elu"},
    Name{"Sigmoid", "sigmoid"},
    Name{"Sign", "sign"},
    Name{"SimplifiedLayerNormalization", "layer_norm"},
    Name{"Sin", "sin"},
    Name{"Sinh", "sinh"},
    Name{"Slice", "slice_by_index"},
    Name{"Softmax", "softmax"},
    Name{"Softplus", "softplus"},
    Name{"Softsign", "softsign"},
    Name{"SpaceToDepth", "space_to_depth"},
    Name{"Split", "split"},
    Name{"Sqrt", "sqrt"},
    Name{"Squeeze", "squeeze"},
    Name{"Sub", "sub"},
    Name{"Sum", "add"},
    Name{"Swish", "silu"},
    Name{"Tan", "tan"},
    Name{"Tanh", "tanh"},
    Name{"ThresholdedRelu", "thresholded_relu"},
    Name{"Tile", "tile"},
    Name{"TopK", "topk"},
    Name{"Transpose", "transpose"},
    Name{"Trilu", "band_part"},
    Name{"Unsqueeze", "expand_dims"},
    Name{"Where", "select"},
    Name{"Xor", "logical_xor"},
    Name{"com.microsoft.Attention", "scaled_dot_product_attention"},
    Name{"com.microsoft.BiasGelu", "gelu"},
    Name{"com.microsoft.FastGelu", "gelu"},
    Name{"com.microsoft.FusedMatMul", "matmul"},
    Name{"com.microsoft.Gelu", "gelu"},
    Name{"com.microsoft.MultiHeadAttention", "scaled_dot_product_attention"},
    Name{"com.microsoft.QuickGelu", "silu"},
    Name{"com.microsoft.SimplifiedLayerNormalization", "layer_norm"},
    Name{"com.microsoft.SkipLayerNormalization", "layer_norm"},
    Name{"com.microsoft.SkipSimplifiedLayerNormalization", "layer_norm"},
};

class Reader {
 public:
  explicit Reader(const Model& m)
      : m_(m),
        names_(model::names_of_nodes(m)),
        readers_(m.values.size()),
        reads_(m.values.size(), -1) {
    for (std::size_t n = 0; n < m.nodes.size(); ++n)
      for (const int v : m.nodes[n].inputs)
        if (v >= 0) ++readers_[index(v)], reads_[index(v)] = static_cast<int>(n);
    for (const int v : m.outputs) ++readers_[index(v)], reads_[index(v)] = -1;
    program_.name = m.name;
  }

  Program read() {
    std::vector<bool> folded(m_.nodes.size(), false);
    for (std::size_t i = 0; i < m_.nodes.size(); ++i) {
      if (folded[i]) continue;
      const BoundNode& n = m_.nodes[i];
      const std::string_view op = n.op->name;
      if (op == "Identity" || op == "Dropout" || op == "Constant") continue;
      if (op == "Cast" && same_in_fp16(n)) continue;
      Op one = plain(n);
      const int next = only_reader(n);
      if (op == "Conv" || op == "ConvTranspose") {
        window(one, n);
        if (next >= 0 && folds_into_conv(m_.nodes[index(next)])) {
          folded[index(next)] = true;
          one.names.push_back(names_[index(next)]);
          one.outputs = outputs_of(m_.nodes[index(next)]);
        }
      } else if (op == "Gemm") {
        linear(one, n, m_.use(n).integer("transB", 0) != 0);
      } else if (op == "MatMul" && next >= 0 && constant(n, 1) && shape(n, 1).size() == 2 &&
                 adds_bias(m_.nodes[index(next)], 1)) {
        linear(one, n, false);
        folded[index(next)] = true;
        one.names.push_back(names_[index(next)]);
        one.inputs.push_back({.shape = {shape(n, 1).back()}, .constant = true});
      } else if (op == "MaxPool" || op == "AveragePool" || op == "LpPool") {
        one.kernel = m_.use(n).list("kernel_shape");
      } else if (op == "Resize" || op == "Upsample") {
        one.mil = resize(n);
      }
      program_.ops.push_back(std::move(one));
    }
    return std::move(program_);
  }

 private:
  static std::size_t index(int k) { return static_cast<std::size_t>(k); }
  const Value& value(const BoundNode& n, std::size_t k) const {
    return m_.values[index(n.inputs[k])];
  }
  bool given(const BoundNode& n, std::size_t k) const {
    return k < n.inputs.size() && n.inputs[k] >= 0;
  }
  bool constant(const BoundNode& n, std::size_t k) const {
    return given(n, k) && value(n, k).known();
  }
  const model::Shape& shape(const BoundNode& n, std::size_t k) const {
    return value(n, k).type.shape;
  }

  static Tensor tensor(const Value& v) {
    using D = model::Dtype;
    const D d = v.type.dtype;
    return {.dtype = d == D::boolean              ? Dtype::boolean
                     : model::is_real(d)          ? Dtype::fp16
                     : d == D::i8 || d == D::u8   ? Dtype::int8
                     : d == D::i16 || d == D::u16 ? Dtype::int16
                                                  : Dtype::int32,
            .shape = {v.type.shape.begin(), v.type.shape.end()},
            .constant = v.known()};
  }
  std::vector<Tensor> outputs_of(const BoundNode& n) const {
    std::vector<Tensor> all;
    for (const int v : n.outputs)
      if (v >= 0 && readers_[index(v)] > 0) all.push_back(tensor(m_.values[index(v)]));
    return all;
  }

  Op plain(const BoundNode& n) const {
    const auto* at = std::ranges::find(names, n.op->name, &Name::onnx);
    Op one{.mil = std::string(at == names.end() ? n.op->name : at->mil)};
    for (std::size_t k = 0; k < n.inputs.size(); ++k)
      if (given(n, k)) one.inputs.push_back(tensor(value(n, k)));
    one.outputs = outputs_of(n);
    one.names = {names_[static_cast<std::size_t>(&n - m_.nodes.data())]};
    return one;
  }

  void window(Op& one, const BoundNode& n) const {
    const Use use = m_.use(n);
    one.groups = use.integer("group", 1);
    one.dilations = use.list("dilations");
    if (std::ranges::all_of(one.dilations, [](std::int64_t d) { return d == 1; }))
      one.dilations.clear();
  }

  // [M, K] by weights [N, K]; a product where the weights are computed.
  void linear(Op& one, const BoundNode& n, bool transposed) const {
    if (n.op->name == "Gemm" && m_.use(n).integer("transA", 0) != 0)
      std::ranges::reverse(one.inputs[0].shape);
    if (!constant(n, 1)) {
      one.mil = "matmul";
      return;
    }
    one.mil = "linear";
    if (!transposed) std::ranges::reverse(one.inputs[1].shape);
  }

  std::string resize(const BoundNode& n) const {
    const std::string mode = m_.use(n).text("mode", "nearest");
    return mode == "nearest" ? "upsample_nearest_neighbor"
           : mode == "cubic" ? "resize_cubic"
                             : "upsample_bilinear";
  }

  // The one node that reads all that this one makes; -1 where there are several, or it is an
  // output.
  int only_reader(const BoundNode& n) const {
    if (n.outputs.empty() || n.outputs[0] < 0 || readers_[index(n.outputs[0])] != 1) return -1;
    return reads_[index(n.outputs[0])];
  }
  bool folds_into_conv(const BoundNode& n) const {
    if (n.op->name != "BatchNormalization") return adds_bias(n, 0);
    for (std::size_t k = 1; k < n.inputs.size(); ++k)
      if (given(n, k) && !constant(n, k)) return false;
    return true;
  }
  // The addition of a constant that has more than one element along the channels alone, which are
  // the axis `behind` from the end, or (0) the second one of the whole.
  bool adds_bias(const BoundNode& n, std::size_t behind) const {
    if (n.op->name != "Add" || n.inputs.size() != 2) return false;
    const std::size_t k = constant(n, 1) ? 1 : 0;
    if (!constant(n, k) || constant(n, 1 - k)) return false;
    const model::Shape &bias = shape(n, k), &whole = shape(n, 1 - k);
    const std::size_t channels = behind > 0 ? behind : whole.size() - 1;  // from the end
    for (std::size_t from_end = 1; from_end <= bias.size(); ++from_end)
      if (from_end != channels && bias[bias.size() - from_end] != 1) return false;
    return true;
  }
  bool same_in_fp16(const BoundNode& n) const {
    return model::is_real(value(n, 0).type.dtype) &&
           model::is_real(m_.values[index(n.outputs[0])].type.dtype);
  }

  const Model& m_;
  std::vector<std::string> names_;    // of nodes
  std::vector<int> readers_, reads_;  // of values: how many nodes, and the last of them
  Program program_;
};

}  // namespace

Program program_of(const Model& model) {
  return Reader(model).read();
}

}  // namespace ane::workloads::mil
