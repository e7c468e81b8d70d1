// kind=matmul: [m, k] x [k, n], `batch` times, `depth` of them in a chain.
#include <fmt/format.h>

#include "isa/error.h"
#include "workloads/request/kind.h"
#include "workloads/request/plain.h"

namespace ane::workloads {
namespace {

struct Matmul : Work {
  std::int64_t m = 0, n = 0, k = 0, depth_ = 1, bytes = 0;
  bool bmm = false, bias = false, transpose_b = false;

  static constexpr Key keys[] = {
      needed<&Matmul::m>("m", "rows of the left-hand matrix"),
      needed<&Matmul::n>("n", "columns of the right-hand matrix"),
      needed<&Matmul::k>("k", "inner extent"),
      key<&Matmul::depth_>("depth", "products in a chain", 1, 1e5),
      key<&Matmul::bmm>("bmm", "each batch item has a right-hand matrix of its own"),
      key<&Matmul::bias>("bias", "a vector is added along n"),
      key<&Matmul::transpose_b>("transpose_b",
                                "the right-hand matrix lies as [n, k]; libraries have kernels for "
                                "both, so it says what was measured and moves no price"),
      key<&Matmul::bytes>("bytes", "that a bandwidth figure counts"),
  };

  double nominal_flop(const Request& r) const override {
    const auto d = [](std::int64_t v) { return static_cast<double>(v); };
    return 2 * d(m) * d(n) * d(k) * d(r.batch) * d(depth_);
  }
  double counted_bytes(const Request&) const override { return static_cast<double>(bytes); }
  std::int64_t depth() const override { return depth_; }

  Job job(const Request& r, const JobFor& target) const override {
    if (target.form == Form::framework && !target.programs) {
      const double weight = bytes_of(r.formats.weights);
      kernels::Work w = product(m, n, k, bytes_of(r.formats.activations), weight, r.batch, bmm);
      w.count = depth_;
      w.bias = bias;
      w.compressed = weight < 2;
      return {.stages = {{.work = WorkList{w}}}};
    }
    Plain plain(r, target);
    return {.stages = {{.work = bmm ? batched(plain, r) : chain(plain, r, target.machine)}}};
  }

 private:
  std::int64_t extent_of(std::int64_t layer) const { return layer % 2 == 1 && n != k ? k : n; }

  Graph batched(Plain& plain, const Request& r) const {
    ValueId x = plain.input("x", {.w = m, .h = 1, .c = k, .n = r.batch});
    for (std::int64_t i = 0; i < depth_; ++i) {
      const ValueId y =
          plain.input(fmt::format("y{}", i),
                      {.w = extent_of(i), .h = 1, .c = plain.layers.extents(x).c, .n = r.batch});
      x = plain.layers.product(x, y);
    }
    return plain.finish(x);
  }

  Graph chain(Plain& plain, const Request& r, const isa::Machine& machine) const {
    std::vector<ValueId> parts{plain.input("x", {.w = m, .h = 1, .c = k, .n = r.batch})};
    for (std::int64_t i = 0; i < depth_; ++i) {
      if (parts.size() > 1) throw InputError("request", "a chain of products wider than the chip");
      parts = wide_linear(plain.layers, machine, parts[0], extent_of(i), i + 1 < depth_);
    }
    for (const ValueId p : parts) plain.output(p);
    return plain.finish();
  }

  // The product in parts where it exceeds a kernel memory (inner extent) or the channels.
  static std::vector<ValueId> wide_linear(Layers& l, const isa::Machine& machine, ValueId x,
                                          std::int64_t cout, bool codes) {
    const std::int64_t most_inner = machine.kernel_memory.count / 2;
    const std::int64_t cin = l.extents(x).c;
    const std::int64_t outs = (cout + machine.max_channels - 1) / machine.max_channels;
    constexpr std::int64_t most_parts = 10'000;  // of 65536 columns each: all models are smaller
    if (const std::int64_t pieces = (cin + most_inner - 1) / most_inner;
        outs > most_parts || outs * pieces > most_parts)
      throw InputError("request", fmt::format("a product of {} x {} is cut in more than {} parts",
                                              cin, cout, most_parts));
    std::vector<ValueId> parts;
    for (std::int64_t i = 0; i < outs; ++i) {
      const std::int64_t begin = cout * i / outs, count = cout * (i + 1) / outs - begin;
      ValueId sum = -1;
      for (std::int64_t at = 0; at < cin; at += most_inner) {
        const ValueId slice =
            cin <= most_inner ? x : l.slice_channels(x, at, std::min(most_inner, cin - at));
        const ValueId part = l.linear(slice, count, "none", codes && cin <= most_inner);
        sum = sum < 0 ? part : l.add(sum, part);
      }
      parts.push_back(sum);
    }
    return parts;
  }
};

}  // namespace

namespace kind {
extern const Kind matmul;
constinit const Kind matmul = kind_of<Matmul>("matmul", "a matrix product", "item",
                                              takes_numbers | takes_slope | takes_zeros | takes_io);
}  // namespace kind

}  // namespace ane::workloads
