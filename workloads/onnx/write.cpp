#include "workloads/onnx/write.h"

#include <fmt/format.h>
#include <onnx/onnx_pb.h>

#include <algorithm>
#include <map>
#include <set>
#include <vector>

#include "isa/error.h"
#include "isa/functions.h"
#include "kernels/arith/activation.h"
#include "kernels/arith/round.h"
#include "kernels/ops/ops.h"

namespace ane::workloads::onnx {
namespace {

namespace wire = ::onnx;
using I = std::int64_t;
using List = std::vector<I>;

List list_of(const Extents& e) {
  return {e.n, e.c, e.h, e.w};
}

float as_half(double x) {
  return kernels::arith::to_float(kernels::arith::to_half(x));
}

// A function by the operator that is the same; parameters stand in attributes of these names.
struct Same {
  std::string_view function, op, alpha = {}, beta = {};
};
constexpr Same same[] = {{"relu", "Relu"},
                         {"leaky_relu", "LeakyRelu", "alpha"},
                         {"hard_sigmoid", "HardSigmoid", "alpha", "beta"},
                         {"hard_swish", "HardSwish"},
                         {"abs", "Abs"},
                         {"negate", "Neg"},
                         {"sign", "Sign"},
                         {"floor", "Floor"},
                         {"ceil", "Ceil"},
                         {"round", "Round"},
                         {"sigmoid", "Sigmoid"},
                         {"tanh", "Tanh"},
                         {"gelu", "Gelu"},
                         {"softplus", "Softplus"},
                         {"elu", "Elu", "alpha"},
                         {"erf", "Erf"},
                         {"sin", "Sin"},
                         {"cos", "Cos"},
                         {"exp", "Exp"},
                         {"log", "Log"},
                         {"sqrt", "Sqrt"},
                         {"reciprocal", "Reciprocal"}};

class Writer {
 public:
  explicit Writer(const Graph& g) : g_(g) {
    model_.set_ir_version(written_ir);
    model_.set_producer_name("anesim");
    wire::OperatorSetIdProto* set = model_.add_opset_import();
    set->set_domain("");
    set->set_version(written_opset);
    out_ = model_.mutable_graph();
    out_->set_name(g.name.empty() ? "graph" : g.name);
  }

  std::string bytes() {
    for (const Value& v : g_.values) names_.push_back(fresh(v.name.empty() ? "value" : v.name));
    for (std::size_t v = 0; v < g_.values.size(); ++v)
      if (g_.values[v].constant != nullptr) constant(names_[v], *g_.values[v].constant);
    for (const ValueId v : g_.inputs) port(*out_->add_input(), v);
    for (const Node& n : g_.nodes) node(n);
    for (const ValueId v : g_.outputs) port(*out_->add_output(), v);
    if (microsoft_) {
      wire::OperatorSetIdProto* set = model_.add_opset_import();
      set->set_domain("com.microsoft");
      set->set_version(1);
    }
    if (model_.ByteSizeLong() > most_bytes)
      throw InputError(g_.name, "takes more than 2 GiB, which is the most that an ONNX file holds",
                       "a smaller network");
    return model_.SerializeAsString();
  }

 private:
  static constexpr std::size_t most_bytes = (std::size_t{1} << 31) - 1;

  // ---- names, constants

  std::string fresh(const std::string& name) {
    std::string own = name;
    for (int k = 1; !taken_.insert(own).second; ++k) own = fmt::format("{}#{}", name, k);
    return own;
  }
  const std::string& name_of(ValueId v) const { return names_[static_cast<std::size_t>(v)]; }

  static int code_of(Format f) {
    return f == Format::i32  ? wire::TensorProto::INT32
           : f == Format::i8 ? wire::TensorProto::INT8
                             : wire::TensorProto::FLOAT;
  }
  void port(wire::ValueInfoProto& p, ValueId v) {
    p.set_name(name_of(v));
    auto* type = p.mutable_type()->mutable_tensor_type();
    type->set_elem_type(code_of(g_.type(v).format));
    for (const I e : list_of(g_.type(v).e)) type->mutable_shape()->add_dim()->set_dim_value(e);
  }
  template <class T>
  std::string initialiser(const std::string& name, int type, const List& shape,
                          const std::vector<T>& values) {
    wire::TensorProto* t = out_->add_initializer();
    const std::string own = fresh(name);
    t->set_name(own);
    t->set_data_type(type);
    for (const I e : shape) t->add_dims(e);
    t->set_raw_data(values.data(), values.size() * sizeof(T));
    return own;
  }
  std::string floats(const std::string& name, const List& shape, const std::vector<float>& v) {
    return initialiser(name, wire::TensorProto::FLOAT, shape, v);
  }
  std::string number(const std::string& name, double v) {
    return floats(name, {}, {static_cast<float>(v)});
  }
  std::string wholes(const std::string& name, const List& v) {
    return initialiser(name, wire::TensorProto::INT64, {static_cast<I>(v.size())}, v);
  }
  void constant(const std::string& name, const Tensor& t) {
    wire::TensorProto* p = out_->add_initializer();
    p->set_name(name);
    for (const I e : t.shape) p->add_dims(e);
    if (t.format == Format::i32) {
      p->set_data_type(wire::TensorProto::INT32);
      p->set_raw_data(t.bytes.data(), t.bytes.size());
      return;
    }
    p->set_data_type(wire::TensorProto::FLOAT);
    std::vector<float> values;
    for (I i = 0; i < t.size(); ++i) values.push_back(static_cast<float>(kernels::element(t, i)));
    p->set_raw_data(values.data(), values.size() * sizeof(float));
  }

  // ---- nodes

  // The next node of the graph's node; the last one makes the graph's value. Its result's name.
  std::string add(const std::string& op, const std::vector<std::string>& inputs) {
    pending_.push_back(out_->add_node());
    wire::NodeProto& n = *pending_.back();
    n.set_op_type(op);
    for (const std::string& i : inputs) n.add_input(i);
    n.add_output(fresh(now_->name + ":" + op));
    return n.output(0);
  }
  std::string fresh_node(const std::string& name) {
    std::string own = name;
    for (int k = 1; !node_names_.insert(own).second; ++k) own = fmt::format("{}#{}", name, k);
    return own;
  }
  wire::AttributeProto& attribute(const std::string& name) {
    wire::AttributeProto& a = *pending_.back()->add_attribute();
    a.set_name(name);
    return a;
  }
  void say(const std::string& name, I v) {
    wire::AttributeProto& a = attribute(name);
    a.set_type(wire::AttributeProto::INT);
    a.set_i(v);
  }
  void say(const std::string& name, double v) {
    wire::AttributeProto& a = attribute(name);
    a.set_type(wire::AttributeProto::FLOAT);
    a.set_f(static_cast<float>(v));
  }
  void say(const std::string& name, const List& v) {
    wire::AttributeProto& a = attribute(name);
    a.set_type(wire::AttributeProto::INTS);
    for (const I x : v) a.add_ints(x);
  }

  [[noreturn]] void refuse(const std::string& what, const std::string& note = "") const {
    throw InputError(now_->name, what, note);
  }
  std::string in(std::size_t k) const { return name_of(now_->inputs.at(k)); }
  const Extents& extents(std::size_t k) const { return g_.type(now_->inputs.at(k)).e; }
  std::string transposed(const std::string& x, const List& order) {
    const std::string y = add("Transpose", {x});
    say("perm", order);
    return y;
  }
  std::string reshaped(const std::string& x, const List& shape) {
    return add("Reshape", {x, wholes(now_->name + ":shape", shape)});
  }

  std::string activated(const std::string& x) {
    const Attributes& a = now_->attributes;
    const std::string& f = a.activation;
    if (f == "none") return x;
    const int index = kernels::function_index(isa::unary_functions, f, now_->name);
    const bool own = a.alpha != 0 || a.beta != 0;
    const kernels::arith::Activation usual =
        kernels::arith::activation(static_cast<kernels::arith::Function>(index));
    const double alpha = own ? a.alpha : static_cast<double>(kernels::arith::to_float(usual.alpha)),
                 beta = own ? a.beta : static_cast<double>(kernels::arith::to_float(usual.beta));
    if (f == "relu6" || f == "clip")
      return add("Clip", {x, number("low", f == "clip" ? alpha : 0),
                          number("high", f == "clip" ? beta : 6)});
    if (f == "square") return add("Pow", {x, number("two", 2)});
    if (f == "rsqrt") return add("Pow", {x, number("power", -0.5)});
    if (f == "silu") {
      const std::string y = add("QuickGelu", {x});
      pending_.back()->set_domain("com.microsoft");
      microsoft_ = true;
      say("alpha", 1.0);
      return y;
    }
    const auto* row = std::ranges::find(same, f, &Same::function);
    if (row == std::end(same)) refuse(fmt::format("ONNX has no function '{}'", f));
    const std::string y = add(std::string(row->op), {x});
    if (!row->alpha.empty()) say(std::string(row->alpha), alpha);
    if (!row->beta.empty()) say(std::string(row->beta), beta);
    return y;
  }
  // Factor, term, function and codes of a result, in this order.
  std::string finished(std::string x) {
    const Attributes& a = now_->attributes;
    if (a.mul != 0) x = add("Mul", {x, number("factor", a.mul)});
    if (a.add != 0) x = add("Add", {x, number("term", a.add)});
    x = activated(x);
    return now_->op != &kernels::quantise_operator && now_->op != &kernels::dequantise_operator &&
                   a.scale > 0
               ? coded("QuantizeLinear", x, a.scale, a.zero)
               : x;
  }
  std::string coded(const std::string& op, const std::string& x, double scale, int zero) {
    const std::string s = floats("scale", {}, {as_half(scale)}),
                      z = initialiser("zero", wire::TensorProto::INT8, {},
                                      std::vector<std::int8_t>{static_cast<std::int8_t>(zero)});
    return add(op, {x, s, z});
  }

  void node(const Node& n) {
    now_ = &n;
    pending_.clear();
    std::string y = made();
    if (n.op != &kernels::unary_operator) y = finished(y);
    if (pending_.empty()) y = add("Identity", {y});
    pending_.back()->set_output(0, name_of(n.output));
    // The one that does the work has the name of the graph's.
    const auto prepares = [](const wire::NodeProto* p) {
      const std::string& op = p->op_type();
      return op == "Transpose" || op == "Reshape" || op == "DequantizeLinear";
    };
    auto main = std::ranges::find_if_not(pending_, prepares);
    if (main == pending_.end()) main = pending_.begin();
    (*main)->set_name(fresh_node(n.name));
    for (wire::NodeProto* p : pending_)
      if (p != *main) p->set_name(fresh_node(n.name + "/" + p->op_type()));
  }

  std::string made() {
    const kernels::Operator* op = now_->op;
    if (op == &kernels::conv_operator || op == &kernels::linear_operator) return layer();
    if (op == &kernels::matmul_operator) return product();
    if (op == &kernels::elementwise_operator) return elementwise();
    if (op == &kernels::unary_operator) return activated(in(0));
    if (op == &kernels::reduce_operator) return reduced();
    if (op == &kernels::pool_operator) return pooled();
    if (op == &kernels::softmax_operator || op == &kernels::log_softmax_operator) return soft();
    if (op == &kernels::layer_norm_operator) return normalised();
    if (op == &kernels::gather_operator) return gathered();
    if (op == &kernels::concat_operator) {
      std::vector<std::string> parts;
      for (std::size_t k = 0; k < now_->inputs.size(); ++k) parts.push_back(in(k));
      const std::string y = add("Concat", parts);
      say("axis", axis_of(static_cast<unsigned>(now_->attributes.axis)));
      return y;
    }
    if (op == &kernels::slice_operator) {
      const List begin = list_of(now_->attributes.begin), count = list_of(now_->attributes.extents);
      List end;
      for (std::size_t d = 0; d < 4; ++d) end.push_back(begin[d] + count[d]);
      return add("Slice", {in(0), wholes("starts", begin), wholes("ends", end),
                           wholes("axes", {0, 1, 2, 3})});
    }
    if (op == &kernels::reshape_operator) return reshaped(in(0), list_of(now_->attributes.extents));
    if (op == &kernels::transpose_operator) {
      const auto& p = now_->attributes.permutation;
      return transposed(in(0), List(p.begin(), p.end()));
    }
    if (op == &kernels::cast_operator) return add("Identity", {in(0)});
    const Attributes& a = now_->attributes;
    if (op == &kernels::quantise_operator) return coded("QuantizeLinear", in(0), a.scale, a.zero);
    if (op == &kernels::dequantise_operator)
      return coded("DequantizeLinear", in(0), a.scale, a.zero);
    refuse(fmt::format("ONNX has no operator for '{}'", op->name));
  }

  I axis_of(unsigned bit) const {
    switch (bit) {
      case kernels::axis_n:
        return 0;
      case kernels::axis_c:
        return 1;
      case kernels::axis_h:
        return 2;
      case kernels::axis_w:
        return 3;
      default:
        refuse("works over several axes at once, which this operator of ONNX does not");
    }
  }
  static List axes_of(unsigned bits) {
    List axes;
    for (const auto& [bit, axis] : {std::pair{kernels::axis_n, 0},
                                    {kernels::axis_c, 1},
                                    {kernels::axis_h, 2},
                                    {kernels::axis_w, 3}})
      if ((bits & bit) != 0) axes.push_back(axis);
    return axes;
  }

  // What the codes of a value mean, by the node that makes it.
  std::pair<double, int> coding(ValueId v) const {
    const int producer = g_.values[static_cast<std::size_t>(v)].producer;
    if (producer < 0) refuse("reads codes of an input, whose scale nobody says");
    const Node& maker = g_.nodes[static_cast<std::size_t>(producer)];
    if (maker.attributes.scale > 0) return {maker.attributes.scale, maker.attributes.zero};
    if (maker.inputs.empty()) refuse("reads codes whose scale nobody says");
    return coding(maker.inputs[0]);  // moved
  }

  std::string layer() {
    const kernels::Parameters& p = *now_->parameters;
    const Attributes& a = now_->attributes;
    const List shape{p.cout, p.cin, p.kh, p.kw};
    std::string x = in(0), w, b;
    if (isa::is_integer(p.format)) {
      if (p.codes.empty()) refuse("has no values");
      const auto [scale, zero] = coding(now_->inputs[0]);
      x = coded("DequantizeLinear", x, scale, zero);
      std::vector<float> scales, bias;
      for (I c = 0; c < p.cout; ++c) {
        const auto k = static_cast<std::size_t>(c);
        const double factor =
            static_cast<double>(kernels::arith::to_float(p.scale[p.scale.size() == 1 ? 0 : k]));
        scales.push_back(static_cast<float>(factor / static_cast<double>(as_half(scale))));
        if (!p.bias8.empty()) bias.push_back(static_cast<float>(p.bias8[k] * factor));
      }
      const std::string codes = initialiser(now_->name + ":codes", wire::TensorProto::INT8, shape,
                                            p.codes),
                        by_channel = floats(now_->name + ":scales", {p.cout}, scales);
      w = add("DequantizeLinear", {codes, by_channel});
      say("axis", I{0});
      if (!bias.empty()) b = floats(now_->name + ":bias", {p.cout}, bias);
    } else {
      if (p.format != isa::KernelFormat::fp16)
        refuse("has weights that are streamed in a short format, which ONNX has not",
               "fp16 weights, or INT8 on both sides (w8a8)");
      if (p.weights.empty()) refuse("has no values");
      w = floats(now_->name + ":weights", shape, p.weights);
      if (!p.bias.empty()) b = floats(now_->name + ":bias", {p.cout}, p.bias);
    }
    std::vector<std::string> operands{x, w};
    if (!b.empty()) operands.push_back(b);
    std::string y = add("Conv", operands);
    say("kernel_shape", List{p.kh, p.kw});
    say("strides", List{a.stride_h, a.stride_w});
    say("dilations", List{a.dilation_h, a.dilation_w});
    say("pads", List{a.pad_top, a.pad_left, a.pad_bottom, a.pad_right});
    say("group", a.groups);
    return now_->inputs.size() > 1 ? add("Add", {y, in(1)}) : y;
  }

  // a [n, K, 1, P], b [g, K, 1, O]: rows and columns stand last in ONNX.
  std::string product() {
    const Extents &a = extents(0), &b = extents(1);
    std::string left = transposed(in(0), {0, 2, 3, 1}), right = transposed(in(1), {0, 2, 1, 3});
    const bool shared = b.n != 1 && b.n != a.n;
    if (shared) left = reshaped(left, {b.n, a.n / b.n, a.w, a.c});
    std::string y = add("MatMul", {left, right});
    if (shared) y = reshaped(y, {a.n, 1, a.w, b.w});
    return transposed(y, {0, 3, 1, 2});
  }

  std::string elementwise() {
    static const std::map<std::string_view, std::string_view> ops{
        {"add", "Add"},
        {"sub", "Sub"},
        {"mul", "Mul"},
        {"div", "Div"},
        {"max", "Max"},
        {"min", "Min"},
        {"equal", "Equal"},
        {"less", "Less"},
        {"less_equal", "LessOrEqual"},
        {"greater", "Greater"},
        {"greater_equal", "GreaterOrEqual"},
        {"not_equal", "Equal"}};
    const std::string& operation = now_->attributes.operation;
    std::string y = add(std::string(ops.at(operation)), {in(0), in(1)});
    if (operation == "not_equal") y = add("Not", {y});
    if (operation == "not_equal" || operation.find("equal") != std::string::npos ||
        operation == "less" || operation == "greater") {
      y = add("Cast", {y});
      say("to", I{wire::TensorProto::FLOAT});
    }
    return y;
  }

  std::string reduced() {
    static const std::map<std::string_view, std::string_view> ops{
        {"sum", "ReduceSum"},
        {"mean", "ReduceMean"},
        {"max", "ReduceMax"},
        {"min", "ReduceMin"},
        {"sum_squares", "ReduceSumSquare"},
        {"mean_squares", "ReduceMean"}};
    const Attributes& a = now_->attributes;
    const auto op = ops.find(a.operation);
    if (op == ops.end())
      refuse(fmt::format("ONNX has no reduction '{}' with a real result", a.operation));
    std::string x = in(0);
    if (a.operation == "mean_squares") x = add("Mul", {x, x});
    return add(std::string(op->second), {x, wholes("axes", axes_of(a.axes))});
  }

  std::string pooled() {
    const Attributes& a = now_->attributes;
    const bool largest = a.operation == "max";
    const std::string y = add(largest ? "MaxPool" : "AveragePool", {in(0)});
    say("kernel_shape", List{a.kernel_h, a.kernel_w});
    say("strides", List{a.stride_h, a.stride_w});
    say("pads", List{a.pad_top, a.pad_left, a.pad_bottom, a.pad_right});
    if (!largest) say("count_include_pad", I{a.count_pad ? 1 : 0});
    return y;
  }

  std::string soft() {
    const std::string y =
        add(now_->op == &kernels::softmax_operator ? "Softmax" : "LogSoftmax", {in(0)});
    say("axis", axis_of(now_->attributes.axes));
    return y;
  }

  std::string normalised() {
    const Attributes& a = now_->attributes;
    const Extents& e = extents(0);
    if (a.axes == (kernels::axis_w | kernels::axis_h) && now_->inputs.size() == 1) {
      const auto channels = static_cast<std::size_t>(e.c);
      const std::string y = add("InstanceNormalization",
                                {in(0), floats("ones", {e.c}, std::vector<float>(channels, 1)),
                                 floats("zeros", {e.c}, std::vector<float>(channels, 0))});
      say("epsilon", a.epsilon);
      return y;
    }
    const bool channels = a.axes == kernels::axis_c;
    if (!channels && a.axes != kernels::axis_w)
      refuse("normalises over axes that no operator of ONNX does", "channels, or columns");
    const I extent = channels ? e.c : e.w;
    const auto row = [&](std::size_t k) -> std::string {  // constants of one axis
      if (k >= now_->inputs.size())
        return floats("ones", {extent}, std::vector<float>(static_cast<std::size_t>(extent), 1));
      const Value& v = g_.values[static_cast<std::size_t>(now_->inputs[k])];
      if (v.constant == nullptr) refuse("scales that are computed");
      std::vector<float> values;
      for (I i = 0; i < v.constant->size(); ++i)
        values.push_back(static_cast<float>(kernels::element(*v.constant, i)));
      if (values.size() == 1) values.assign(static_cast<std::size_t>(extent), values[0]);
      return floats(names_[static_cast<std::size_t>(now_->inputs[k])], {extent}, values);
    };
    std::vector<std::string> operands{channels ? transposed(in(0), {0, 2, 3, 1}) : in(0), row(1)};
    if (now_->inputs.size() > 2) operands.push_back(row(2));
    const std::string y = add("LayerNormalization", operands);
    say("axis", I{-1});
    say("epsilon", a.epsilon);
    return channels ? transposed(y, {0, 3, 1, 2}) : y;
  }

  // Columns of [1, D, 1, V] at [1, 1, H, P].
  std::string gathered() {
    const std::string y = add("Gather", {in(0), in(1)});
    say("axis", I{3});
    return reshaped(y, list_of(g_.type(now_->output).e));
  }

  const Graph& g_;
  wire::ModelProto model_;
  wire::GraphProto* out_ = nullptr;
  std::vector<std::string> names_;
  std::set<std::string> taken_, node_names_;
  const Node* now_ = nullptr;
  std::vector<wire::NodeProto*> pending_;  // of the node that is written now
  bool microsoft_ = false;
};

}  // namespace

std::string write_onnx(const Graph& graph) {
  return Writer(graph).bytes();
}

}  // namespace ane::workloads::onnx
