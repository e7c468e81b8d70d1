#include "workloads/request/spec_graph.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "isa/error.h"
#include "isa/functions.h"
#include "workloads/graph/join.h"
#include "workloads/mpnn/graph/graph.h"
#include "workloads/networks/networks.h"
#include "workloads/networks/op_names.h"

namespace ane::workloads {
namespace {

using F = isa::KernelFormat;

bool contains(const auto& list, std::string_view name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

F format_of(const std::string& weights) {
  if (weights == "fp32" || weights == "fp16" || weights == "bf16") return F::fp16;
  if (weights == "int8" || weights == "q8_0") return F::int8c;
  if (weights == "int4" || weights == "q4_0") return F::int4b;
  if (weights == "q4_k_m" || weights == "lut5" || weights == "lut6") return F::pal6;
  if (weights == "lut1") return F::pal1;
  if (weights == "lut2") return F::pal2;
  if (weights == "lut3" || weights == "lut4") return F::pal4;
  if (weights == "lut7" || weights == "lut8") return F::pal8;
  if (weights.starts_with("sparse")) return F::sparse;
  throw InputError("spec", fmt::format("weights={}: no stream format of the accelerator", weights),
                   "fp16, int8, int4, lut1 to lut8, sparse<percent>");
}

std::int64_t extent(const Extents& e, unsigned axis) {
  return axis == kernels::axis_c   ? e.c
         : axis == kernels::axis_w ? e.w
         : axis == kernels::axis_h ? e.h
                                   : e.n;
}

// Input extent that gives `out` under a window: "same" padding, or none.
std::int64_t input_extent(std::int64_t out, std::int64_t kernel, std::int64_t stride, bool padded) {
  return padded ? out * stride : (out - 1) * stride + kernel;
}

class Builder {
 public:
  Builder(const Spec& s, const isa::Machine& machine, const Numbers& numbers)
      : s_(s), machine_(machine), l_(to_string(s), numbers), op_(plain_op(s.op)) {}

  Graph conv() {
    const bool padded = s_.pad != "valid";
    const std::int64_t first = s_.cin_first > 0 ? s_.cin_first : s_.cin;
    std::int64_t h = s_.h, w = s_.w;
    for (std::int64_t i = 0; i < s_.depth; ++i) {
      h = input_extent(h, s_.kh, s_.stride, padded);
      w = input_extent(w, s_.kw, s_.stride, padded);
    }
    ValueId x = input("x", {.w = w, .h = h, .c = first, .n = s_.batch});
    Layers::Window window{.kh = static_cast<int>(s_.kh),
                          .kw = static_cast<int>(s_.kw),
                          .stride = static_cast<int>(s_.stride),
                          .pad = padded ? -1 : 0,
                          .groups = s_.groups,
                          .activation = s_.epilogue.empty() ? "none" : s_.epilogue};
    if (s_.cin % s_.groups != 0 || first % s_.groups != 0)
      throw InputError("spec", "groups do not divide the channels");
    std::shared_ptr<const Parameters> shared;
    for (std::int64_t i = 0; i < s_.depth; ++i) {
      // A chain of unequal channels goes there and back.
      const bool back = s_.cin != s_.cout && i % 2 == 1;
      const std::int64_t cin = l_.extents(x).c, cout = back ? s_.cin : s_.cout;
      std::shared_ptr<const Parameters> p = shared;
      if (!p || p->cin * s_.groups != cin || p->cout != cout)
        p = l_.parameters(cout, cin / s_.groups, window.kh, window.kw);
      if (s_.shared_weights && !back) shared = p;
      x = l_.conv_with(x, p, window, i + 1 < s_.depth);
    }
    return finish(x);
  }

  Graph matmul() {
    ValueId x = input("x", {.w = s_.m, .h = 1, .c = s_.k, .n = s_.batch});
    if (s_.bmm) {
      for (std::int64_t i = 0; i < s_.depth; ++i) {
        const std::int64_t out = i % 2 == 1 && s_.n != s_.k ? s_.k : s_.n;
        const ValueId y =
            input(fmt::format("y{}", i), {.w = out, .h = 1, .c = l_.extents(x).c, .n = s_.batch});
        x = l_.product(x, y);
      }
      return finish(x);
    }
    std::vector<ValueId> parts{x};
    for (std::int64_t i = 0; i < s_.depth; ++i) {
      if (parts.size() > 1) throw InputError("spec", "a chain of products wider than the chip");
      const std::int64_t out = i % 2 == 1 && s_.n != s_.k ? s_.k : s_.n;
      parts = wide_linear(parts[0], out, i + 1 < s_.depth);
    }
    for (const ValueId p : parts) output(p);
    return l_.graph().finish();
  }

  Graph elementwise() {
    const Extents e = plane();
    ValueId x = input("x", e);
    for (std::int64_t i = 0; i < s_.depth; ++i) x = apply(x);
    return finish(x);
  }

  Graph identity() { return finish(l_.unary(input("x", plane()), "none")); }

  Graph op() {
    const std::vector<std::int64_t> e = extents(s_.shape);
    if (op_ == "sdpa") {
      if (e.size() != 3) throw InputError("spec", "op=sdpa takes shape=heads x length x size");
      const Extents one{.w = e[1], .h = 1, .c = e[0] * e[2], .n = s_.batch};
      const ValueId q = input("q", one), k = input("k", one), v = input("v", one);
      return finish(l_.attention(q, k, v, e[0], e[0]));
    }
    if (op_ == "mha") {
      if (e.size() != 2 || s_.heads < 1)
        throw InputError("spec", "op=mha takes shape=length x width and heads");
      const ValueId x = input("x", {.w = e[0], .h = 1, .c = e[1], .n = s_.batch});
      const ValueId q = l_.linear(x, e[1], "none", false), k = l_.linear(x, e[1], "none", false),
                    v = l_.linear(x, e[1], "none", false);
      return finish(l_.linear(l_.attention(q, k, v, s_.heads, s_.heads), e[1], "none", false));
    }
    if (e.size() == 3 && (op_.ends_with("_pool") || op_ == "upsample")) {
      const ValueId image = input("image", {.w = e[2], .h = e[1], .c = e[0], .n = s_.batch});
      if (op_ == "upsample") return finish(l_.upsample(image));
      if (s_.kh != s_.kw) throw InputError("spec", op_ + " takes a square window", "kh = kw");
      const int kernel = static_cast<int>(s_.kh), stride = static_cast<int>(s_.stride);
      return finish(op_ == "max_pool" ? l_.max_pool(image, kernel, stride, 0)
                                      : l_.average_pool(image, kernel, stride, 0));
    }
    // Norms, softmax and reductions act along the last axis: channels, as the accelerator has them.
    Extents plane{.w = 1, .h = 1, .c = e.back(), .n = s_.batch};
    for (std::size_t i = 0; i + 1 < e.size(); ++i) plane.w *= e[i];
    split_columns(plane);
    const ValueId x = input("x", plane);
    unsigned axes = kernels::axis_c;
    if (s_.axes == "all" || (s_.axes.empty() && op_.starts_with("reduce")))
      axes |= kernels::axis_w | kernels::axis_h | kernels::axis_n;
    if (op_ == "softmax") return finish(l_.softmax(x, axes));
    if (op_ == "layer_norm") return finish(l_.layer_norm(x));
    if (op_ == "rms_norm") return finish(l_.rms_norm(x));
    if (op_.starts_with("reduce_")) {
      // One extent after the other: what stays in flight is small.
      ValueId y = x;
      for (const unsigned axis :
           {kernels::axis_c, kernels::axis_w, kernels::axis_h, kernels::axis_n})
        if ((axes & axis) != 0 && extent(l_.extents(y), axis) > 1)
          y = l_.graph().reduce(fmt::format("reduce{}", axis), op_.substr(7), axis, y);
      if (y == x) y = l_.graph().reduce("reduce", op_.substr(7), axes, x);
      return finish(y);
    }
    if (op_ == "transpose") return finish(l_.permute(x, {0, 3, 2, 1}));
    return finish(apply(x));
  }

  Graph network() { return build_network(network_named(s_.name), input_of(s_), l_.numbers()); }

  Graph mpnn() {
    using namespace mpnn;
    if (l_.numbers().seed)
      throw InputError("spec", "a protein's values need its structure",
                       "anesim run mpnn --pdb FILE");
    const auto count = [](std::int64_t v) {
      return static_cast<int>(std::min<std::int64_t>(v, 1 << 20));
    };
    GraphOptions o;
    o.pass = s_.phase == "encode"        ? Pass::encode
             : s_.phase == "decode_step" ? Pass::step
             : s_.phase == "uncond"      ? Pass::unconditional
                                         : Pass::score;
    if (o.pass == Pass::score && s_.phase != "forward")
      throw InputError("spec", fmt::format("phase={}: no single program", s_.phase),
                       "forward, uncond, encode, decode_step, sample");
    o.length = s_.residues;
    o.batch = s_.batch;
    o.gather = machine_.texture_unit ? Gather::texture : Gather::one_hot;
    o.head = Head::logits;
    o.weights = l_.numbers().weights;
    return build_graph(ModelSpec{.hidden = count(s_.hidden),
                                 .encoder_layers = count(s_.encoder),
                                 .decoder_layers = count(s_.decoder),
                                 .neighbours = count(s_.k)},
                       o);
  }

  // The planar engine's plain copy from memory to memory.
  Graph copy() {
    Spec words = s_;
    words.elements = std::max<std::int64_t>(1, s_.bytes / 2);
    words.shape.clear();
    return Builder(words, machine_, l_.numbers()).identity();
  }

 private:
  ValueId input(const std::string& name, const Extents& e) {
    if (s_.io != "fp32") return l_.graph().input(name, {Format::fp16, e});
    const ValueId host = l_.graph().input(name, {Format::fp32, e});
    return l_.graph().node("cast", name + " fp16", {host});
  }
  void output(ValueId x) {
    x = l_.fp16(x);
    if (s_.io == "fp32") x = l_.graph().node("cast", fmt::format("result {}", outputs_++), {x});
    l_.graph().output(x);
  }
  Graph finish(ValueId x) {
    output(x);
    return l_.graph().finish();
  }

  // The product in parts where it exceeds a kernel memory (inner extent) or the channels.
  std::vector<ValueId> wide_linear(ValueId x, std::int64_t cout, bool codes) {
    const std::int64_t most_inner = machine_.kernel_memory.count / 2;
    const std::int64_t cin = l_.extents(x).c;
    const std::int64_t outs = (cout + machine_.max_channels - 1) / machine_.max_channels;
    std::vector<ValueId> parts;
    for (std::int64_t i = 0; i < outs; ++i) {
      const std::int64_t begin = cout * i / outs, count = cout * (i + 1) / outs - begin;
      ValueId sum = -1;
      for (std::int64_t k = 0; k < cin; k += most_inner) {
        const ValueId slice =
            cin <= most_inner ? x : l_.slice_channels(x, k, std::min(most_inner, cin - k));
        const ValueId part = l_.linear(slice, count, "none", codes && cin <= most_inner);
        sum = sum < 0 ? part : l_.add(sum, part);
      }
      parts.push_back(sum);
    }
    return parts;
  }

  // elements or shape as one item: the last axis along columns.
  Extents plane() const {
    Extents e{.w = 1, .h = 1, .c = 1, .n = s_.batch};
    if (!s_.shape.empty()) {
      const std::vector<std::int64_t> x = extents(s_.shape);
      e.w = x.back();
      for (std::size_t i = 0; i + 1 < x.size(); ++i) e.c *= x[i];
    } else {
      e.w = s_.elements;
      for (const std::int64_t columns : {4096, 1024, 256, 64, 32})
        if (s_.elements % columns == 0) {
          e.w = columns;
          break;
        }
      // A count with no such divisor ends in a row that is not full.
      if (e.w > machine_.max_extent) e.w = 1024;
      e.c = (s_.elements + e.w - 1) / e.w;
    }
    split_columns(e);
    if (e.c > machine_.max_channels) {
      e.h = (e.c + machine_.max_channels - 1) / machine_.max_channels * e.h;
      e.c = (e.c + e.h - 1) / e.h;
    }
    return e;
  }
  // Columns beyond the limit become rows.
  void split_columns(Extents& e) const {
    const std::int64_t most = machine_.max_extent;
    while (e.w > most && e.w % 2 == 0) e.w /= 2, e.h *= 2;
    if (e.w > most) e.h *= (e.w + most - 1) / most, e.w = most;
  }

  ValueId apply(ValueId x) {
    if (contains(isa::unary_functions, op_)) return l_.unary(x, op_);
    if (is_move(op_)) return l_.unary(x, "none");
    if (contains(isa::elementwise_operations, op_)) {
      const ValueId y = input(fmt::format("y{}", operands_++), l_.extents(x));
      return l_.graph().elementwise(fmt::format("op{}", operands_), op_, x, y);
    }
    std::vector<std::string> known{"softmax", "layer_norm", "rms_norm",  "mha",
                                   "sdpa",    "transpose",  "reduce_sum"};
    for (const auto name : isa::unary_functions) known.emplace_back(name);
    for (const auto name : isa::elementwise_operations) known.emplace_back(name);
    throw InputError("spec", fmt::format("op '{}' has no graph", op_), choice_note(op_, known));
  }

  const Spec& s_;
  const isa::Machine& machine_;
  Layers l_;
  const std::string op_;
  int outputs_ = 0, operands_ = 0;
};

}  // namespace

Numbers numbers_of(const Spec& s, const isa::Machine& machine) {
  Numbers n{.weights = format_of(s.weights),
            .zeros = s.zeros / 100,
            .int8_activations = false,
            .texture_unit = machine.texture_unit};
  bytes_of(s.activations);
  n.int8_activations = s.activations == "int8" && machine.int8_macs;
  if ((n.weights == F::int8c || n.weights == F::int4b) && !machine.streams_int8_weights)
    n.weights = F::fp16;
  if (n.weights == F::sparse) {
    double percent = 0;
    std::from_chars(s.weights.data() + 6, s.weights.data() + s.weights.size(), percent);
    n.zeros = percent / 100;
  }
  if (n.zeros > 1) throw InputError("spec", "zeros are a percentage");
  return n;
}

namespace {

Graph unjoined_graph_of(const Spec& s, const isa::Machine& machine,
                        std::optional<std::uint64_t> seed) {
  Numbers numbers = numbers_of(s, machine);
  numbers.seed = seed;
  if (s.kind == "conv") return Builder(s, machine, numbers).conv();
  if (s.kind == "matmul") return Builder(s, machine, numbers).matmul();
  if (s.kind == "elementwise") return Builder(s, machine, numbers).elementwise();
  if (s.kind == "op") return Builder(s, machine, numbers).op();
  if (s.kind == "network") return Builder(s, machine, numbers).network();
  if (s.kind == "mpnn") return Builder(s, machine, numbers).mpnn();
  if (s.kind == "copy") return Builder(s, machine, numbers).copy();
  if (s.kind == "encoder") return build_encoder(encoder_of(s), 0, s.batch, numbers);
  if (s.kind == "llm") return build_llm(language_model(s), s, numbers);
  throw InputError("spec", fmt::format("kind={} has no graph for the accelerator", s.kind),
                   "conv, matmul, elementwise, op, network, encoder, llm, mpnn, copy");
}

}  // namespace

Graph graph_of(const Spec& s, const isa::Machine& machine, std::optional<std::uint64_t> seed) {
  return joined(unjoined_graph_of(s, machine, seed));
}

}  // namespace ane::workloads
