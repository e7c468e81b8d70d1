// The machine against the scalar references: a graph drawn from the bytes, compiled and run, gives
// the bits that its operators' references give, tiled or not, in both profiles and on every path of
// the host.
#include <fmt/format.h>

#include <cmath>
#include <optional>
#include <random>

#include "isa/error.h"
#include "isa/functions.h"
#include "kernels/arith/gemm.h"
#include "kernels/arithmetic.h"
#include "sim/ane/machine.h"
#include "tests/fuzz/target.h"
#include "workloads/compile/compile.h"
#include "workloads/files/npy.h"
#include "workloads/graph/evaluate.h"

namespace ane::fuzz {
namespace {

using isa::Extents;
using isa::Format;
using kernels::Attributes;
using kernels::Tensor;
using kernels::TensorType;
using workloads::Graph;
using workloads::GraphBuilder;
using workloads::Tensors;
using workloads::ValueId;

constexpr std::size_t most_nodes = 6;
constexpr std::int64_t most_elements = 4096;

// The tensors' numbers. Not drawn from the input's bytes one by one: its bytes choose what is
// built, and one change of them should not move all that follows.
class Numbers {
 public:
  explicit Numbers(Choices& choices)
      : random_(choices.number(2)), special_(choices.below(8)), scale_(choices.below(8)) {}
  // Small ones mostly; the more special, the more often any bits of a binary16.
  float next() {
    const std::uint64_t r = random_();
    if (r % 64 < special_ * special_)
      return workloads::half_value(static_cast<std::uint16_t>(r >> 8));
    return std::ldexp(static_cast<float>(static_cast<int>(r >> 8 & 0xfff) - 0x800),
                      2 * static_cast<int>(scale_) - 14);
  }

 private:
  std::mt19937_64 random_;
  std::size_t special_, scale_;
};

class Drawn {
 public:
  explicit Drawn(Choices& choices) : choices_(choices), numbers_(choices) {
    x_ = input();
    for (std::size_t n = choices_.below(most_nodes) + 1; n > 0; --n) {
      const ValueId y = node();
      if (builder_.type(y).e.count() <= most_elements) values_.push_back(x_ = y);
    }
    builder_.output(x_);
  }

  Graph graph() { return builder_.finish(); }
  const Tensors& inputs() const { return inputs_; }

 private:
  std::string name() { return "v" + std::to_string(count_++); }
  int small(int low, int high) { return static_cast<int>(choices_.between(low, high)); }
  std::string_view unary() { return choices_.one_of(isa::unary_functions); }
  // A value that is there already, or a new input.
  ValueId operand() { return choices_.flag() ? input() : choices_.one_of(values_); }
  const Extents& extents() { return builder_.type(x_).e; }

  ValueId input(std::optional<Extents> like = {}) {
    const Extents e = like ? *like
                           : Extents{.w = choices_.between(1, 40),
                                     .h = choices_.between(1, 6),
                                     .c = choices_.between(1, 24),
                                     .n = choices_.between(1, 2)};
    return values_.emplace_back(fill(name(), {Format::fp16, e}));
  }
  ValueId fill(const std::string& name, const TensorType& type) {
    Tensor t(Format::fp32, {type.e.n, type.e.c, type.e.h, type.e.w});
    for (float& v : t.as<float>()) v = numbers_.next();
    inputs_[name] = std::move(t);
    return builder_.input(name, type);
  }
  // The same extents, or 1 where it is repeated.
  ValueId broadcast() {
    Extents e = extents();
    if (choices_.flag()) e.w = 1;
    if (choices_.flag()) e.h = 1;
    if (choices_.flag()) e.c = 1;
    if (choices_.flag()) e.n = 1;
    return input(e);
  }

  std::shared_ptr<kernels::Parameters> parameters(std::int64_t cout, std::int64_t cin, int kh,
                                                  int kw) {
    auto p = std::make_shared<kernels::Parameters>();
    p->cout = cout, p->cin = cin, p->kh = kh, p->kw = kw;
    constexpr isa::KernelFormat formats[] = {
        isa::KernelFormat::fp16,  isa::KernelFormat::fp16,  isa::KernelFormat::int8,
        isa::KernelFormat::int8c, isa::KernelFormat::pal1,  isa::KernelFormat::pal4,
        isa::KernelFormat::pal8,  isa::KernelFormat::int4b, isa::KernelFormat::sparse};
    p->format = choices_.one_of(formats);
    // The format's own quantiser takes finite numbers alone.
    for (std::int64_t i = 0; i < p->count(); ++i) {
      const float w = numbers_.next();
      p->weights.push_back(std::isfinite(w) ? w : 1.0F);
    }
    if (choices_.flag())
      for (std::int64_t i = 0; i < cout; ++i) p->bias.push_back(p->weights[0]);
    return p;
  }

  ValueId conv() {
    Attributes a;
    const int kh = small(1, 3), kw = small(1, 4);
    a.stride_h = small(1, 2), a.stride_w = small(1, 3);
    a.dilation_h = small(1, 2), a.dilation_w = small(1, 2);
    a.pad_left = small(0, 2), a.pad_right = small(0, 2);
    a.pad_top = small(0, 2), a.pad_bottom = small(0, 2);
    a.activation = unary();
    const std::int64_t c = extents().c;
    if (choices_.flag()) a.groups = c;
    const std::int64_t cout = a.groups * choices_.between(1, a.groups == 1 ? 20 : 2);
    return builder_.conv(name(), x_, parameters(cout, c / a.groups, kh, kw), a);
  }
  ValueId pool() {
    Attributes a;
    a.operation = choices_.one_of(isa::pool_operations);
    a.kernel_h = small(1, 4), a.kernel_w = small(1, 4);
    a.stride_h = small(1, 3), a.stride_w = small(1, 3);
    a.pad_left = small(0, 3), a.pad_right = small(0, 3);
    a.pad_top = small(0, 3), a.pad_bottom = small(0, 3);
    a.count_pad = choices_.flag();
    return builder_.node("pool", name(), {x_}, a);
  }
  ValueId slice() {
    const Extents e = extents();
    Attributes a;
    a.begin = {.w = choices_.between(0, e.w - 1),
               .h = choices_.between(0, e.h - 1),
               .c = choices_.between(0, e.c - 1),
               .n = choices_.between(0, e.n - 1)};
    a.extents = {.w = choices_.between(1, e.w - a.begin.w),
                 .h = choices_.between(1, e.h - a.begin.h),
                 .c = choices_.between(1, e.c - a.begin.c),
                 .n = choices_.between(1, e.n - a.begin.n)};
    return builder_.node("slice", name(), {x_}, a);
  }
  // Whole factors of two extents change places.
  ValueId reshape() {
    const Extents e = extents();
    Attributes a;
    const Extents shapes[] = {{.w = e.w * e.h, .h = 1, .c = e.c, .n = e.n},
                              {.w = e.w, .h = e.h * e.c, .c = 1, .n = e.n},
                              {.w = e.w, .h = 1, .c = e.h * e.c, .n = e.n},
                              {.w = e.c, .h = e.h, .c = e.w, .n = e.n},
                              {.w = e.count(), .h = 1, .c = 1, .n = 1}};
    a.extents = choices_.one_of(shapes);
    return builder_.node("reshape", name(), {x_}, a);
  }
  ValueId transpose() {
    Attributes a;
    for (std::size_t i = 3; i > 0; --i)
      std::swap(a.permutation[i], a.permutation[choices_.below(i + 1)]);
    return builder_.node("transpose", name(), {x_}, a);
  }
  ValueId codes() {
    Attributes a;
    a.scale = static_cast<double>(choices_.between(1, 200)) / 512;
    a.zero = small(-20, 20);
    const ValueId q = builder_.node("quantise", name(), {x_}, a);
    return builder_.node("dequantise", name(), {q}, a);
  }

  ValueId node() {
    Attributes a;
    switch (choices_.below(13)) {
      case 0:
        return builder_.linear(name(), x_, parameters(choices_.between(1, 20), extents().c, 1, 1),
                               std::string(unary()));
      case 1:
        return conv();
      case 2:
        return builder_.elementwise(
            name(), std::string(choices_.one_of(isa::elementwise_operations)), x_,
            choices_.flag() ? broadcast() : choices_.one_of(values_), std::string(unary()));
      case 3:
        return builder_.unary(name(), std::string(unary()), x_);
      case 4:
        return builder_.reduce(name(), std::string(choices_.one_of(isa::reduction_operations)),
                               static_cast<unsigned>(choices_.between(1, 15)), x_);
      case 5:
        return pool();
      case 6: {
        a.axes = 1u << choices_.below(4);
        a.epsilon = 1e-5;
        constexpr const char* names[] = {"softmax", "log_softmax", "layer_norm"};
        return builder_.node(choices_.one_of(names), name(), {x_}, a);
      }
      case 7: {
        a.axis = 1 << choices_.below(4);
        return builder_.node("concat", name(), {x_, choices_.flag() ? input(extents()) : x_}, a);
      }
      case 8:
        return slice();
      case 9:
        return reshape();
      case 10:
        return transpose();
      case 11:
        return codes();
      default: {
        const Extents e = extents();
        return builder_.node(
            "matmul", name(),
            {x_, input(Extents{.w = choices_.between(1, 20), .h = 1, .c = e.c, .n = e.n})});
      }
    }
  }

  Choices& choices_;
  Numbers numbers_;
  GraphBuilder builder_{"drawn"};
  Tensors inputs_;
  std::vector<ValueId> values_;
  ValueId x_ = 0;
  int count_ = 0;
};

std::string described(const Graph& graph) {
  std::string text;
  for (const workloads::Node& n : graph.nodes) {
    const Attributes& a = n.attributes;
    text += fmt::format("\n  {} = {}(", kernels::to_string(graph.type(n.output)), n.op->name);
    for (const ValueId v : n.inputs) text += " " + kernels::to_string(graph.type(v));
    text +=
        fmt::format(" ) {} {} axes {} axis {} stride {} {} pad {} {} {} {} groups {} window {} {}",
                    a.operation, a.activation, a.axes, a.axis, a.stride_h, a.stride_w, a.pad_top,
                    a.pad_bottom, a.pad_left, a.pad_right, a.groups, a.kernel_h, a.kernel_w);
    if (n.parameters)
      text +=
          fmt::format(" weights {} x {} x {} x {} format {}", n.parameters->cout, n.parameters->cin,
                      n.parameters->kh, n.parameters->kw, static_cast<int>(n.parameters->format));
  }
  return text;
}

std::string first_difference(const Tensor& got, const Tensor& want) {
  const auto size = static_cast<std::size_t>(isa::byte_size(want.format));
  for (std::size_t i = 0; i < want.bytes.size(); ++i)
    if (got.bytes[i] != want.bytes[i]) {
      const auto at = static_cast<std::int64_t>(i / size);
      return fmt::format("element {} is {}, not {}", at, kernels::element(got, at),
                         kernels::element(want, at));
    }
  return "";
}

const sim::Chip& chip(std::size_t number) {
  static const sim::Chip chips[] = {sim::load_chip("M4"), sim::load_chip("M4", {"ane.l2=8KiB"}),
                                    sim::load_chip("M1", {"ane.l2=2KiB"}),
                                    sim::load_chip("M4", {"ane.l2=1KiB"})};
  return chips[number];
}

}  // namespace

void read(std::string_view bytes) {
  Choices choices(bytes);
  const sim::Chip& on = chip(choices.below(4));
  const auto& profile = kernels::arith::profile_named(choices.flag() ? "ieee" : "ane16");
  const bool keep_in_l2 = choices.flag();
  kernels::arith::use_simd(choices.flag() ? kernels::arith::Simd::best
                                          : kernels::arith::Simd::scalar);
  Drawn drawn(choices);
  const Graph graph = drawn.graph();
  sim::AneMachine machine(
      on, workloads::compile(graph, on.machine(), profile, {.keep_in_l2 = keep_in_l2}).program);
  require(machine.races().empty(), machine.races().empty() ? "" : machine.races().front());
  const Tensors expected =
      workloads::evaluate(graph, kernels::bit_arithmetic(profile), drawn.inputs());
  for (const auto& [name, values] : drawn.inputs()) machine.write(name, values);
  machine.execute();
  for (const auto& [name, want] : expected) {
    const Tensor got = machine.read(name);
    require(got.bytes == want.bytes, fmt::format("{} on {} ({}, {}): {}{}", name, on.name(),
                                                 profile.name, kernels::arith::simd_name(),
                                                 first_difference(got, want), described(graph)));
  }
}

std::vector<std::string> seeds() {
  std::vector<std::string> all;
  for (int operation = 0; operation < 13; ++operation)
    for (int setting = 0; setting < 4; ++setting) {
      // chip, profile, in L2, path, numbers; the input's extents; how many nodes and which.
      std::string bytes{static_cast<char>(setting),
                        static_cast<char>(setting & 1),
                        static_cast<char>(setting >> 1),
                        1,
                        0,
                        1,
                        static_cast<char>(setting),
                        4};
      bytes += {20, 3, 11, 0, 1, static_cast<char>(operation), 1, 2, 1, 2, 3, 1};
      all.push_back(bytes);
    }
  return all;
}

}  // namespace ane::fuzz
