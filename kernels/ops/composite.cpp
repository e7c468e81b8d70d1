#include "kernels/ops/composite.h"

#include <algorithm>
#include <array>
#include <functional>
#include <optional>

namespace ane::kernels {
namespace {

// The calls of the steps, shapes inferred in order.
std::vector<Call> calls_of(const Call& call, std::span<const Step> steps) {
  std::vector<Call> calls;
  for (const Step& s : steps) {
    Call c{.name = call.name,
           .inputs = {},
           .output = {},
           .attributes = s.attributes,
           .parameters = {}};
    for (const int source : s.sources)
      c.inputs.push_back(source >= 0 ? call.inputs[static_cast<std::size_t>(source)]
                                     : calls[static_cast<std::size_t>(-1 - source)].output);
    c.output = s.op->shape(c);
    calls.push_back(std::move(c));
  }
  return calls;
}

}  // namespace

void reference_steps(const Call& call, std::span<const Step> steps, const Arithmetic& arithmetic,
                     std::span<const Tensor* const> inputs, Tensor& output) {
  const std::vector<Call> calls = calls_of(call, steps);
  std::vector<Tensor> results(steps.size());
  for (std::size_t i = 0; i < steps.size(); ++i) {
    std::vector<const Tensor*> sources;
    for (const int s : steps[i].sources)
      sources.push_back(s >= 0 ? inputs[static_cast<std::size_t>(s)]
                               : &results[static_cast<std::size_t>(-1 - s)]);
    TensorType type = calls[i].output;
    type.format = arithmetic.format();
    results[i] = make_tensor(type);
    steps[i].op->reference(calls[i], arithmetic, sources, results[i]);
  }
  output = std::move(results.back());
}

namespace {

constexpr std::array<Axis, 4> all_axes{axis_n, axis_h, axis_w, axis_c};

std::int64_t& extent_of(Extents& e, Axis axis) {
  return axis == axis_n ? e.n : axis == axis_c ? e.c : axis == axis_h ? e.h : e.w;
}

TensorType in_l2(const View& v) {
  return {v.format == Format::fp32 ? Format::fp16 : v.format, v.e};
}

// All steps on one piece of the operands, everything between them in L2: what comes from memory is
// loaded by the first step that reads it and stays until the last. False where that does not fit;
// `dry`: only that question, nothing is emitted.
bool lower_piece(const Call& call, std::span<const Step> steps, Lowering& lowering,
                 std::vector<View> inputs, const View& output, bool dry) {
  const std::vector<Call> calls = calls_of(call, steps);
  std::vector<View> results(steps.size());
  std::vector<View> held;
  const auto place = [&](const TensorType& type) {
    const auto v = lowering.place_in_l2(type);
    if (v) held.push_back(*v);
    return v;
  };
  const auto drop = [&](const View& v) {
    if (std::erase(held, v) > 0) lowering.release(v);
  };
  const auto reads = [&](std::size_t step, int source) {
    return std::ranges::find(steps[step].sources, source) != steps[step].sources.end();
  };
  const auto read_after = [&](std::size_t step, int source) {
    for (std::size_t later = step + 1; later < steps.size(); ++later)
      if (reads(later, source)) return true;
    return false;
  };
  bool fits = true;
  for (std::size_t i = 0; i < steps.size() && fits; ++i) {
    const bool last = i + 1 == steps.size();
    std::vector<View> sources, passing;
    for (const int s : steps[i].sources) {
      View& v =
          s >= 0 ? inputs[static_cast<std::size_t>(s)] : results[static_cast<std::size_t>(-1 - s)];
      if (v.where == Where::memory && v.passes_at < 0) {
        const auto at = place(in_l2(v));
        if (!(fits = at.has_value())) break;
        if (read_after(i, s))
          v.passes_at = at->address;
        else
          passing.push_back(*at);
      }
      sources.push_back(v);
    }
    if (fits && !last) {
      const auto at = place(calls[i].output);
      if ((fits = at.has_value())) results[i] = *at;
    } else if (fits && output.where == Where::memory) {
      const auto at = place(in_l2(output));
      if ((fits = at.has_value())) passing.push_back(*at);
    }
    if (!fits) break;
    for (const View& v : passing) drop(v);
    if (!dry)
      lowering.lower_step(*steps[i].op, calls[i], std::move(sources), last ? output : results[i]);
    for (std::size_t k = 0; k < inputs.size(); ++k) {
      View& v = inputs[k];
      if (v.where == Where::memory && v.passes_at >= 0) {  // it is there now
        View there = v;
        for (const View& h : held)
          if (h.address == v.passes_at) there = h;
        v = there;
      }
      if (v.where == Where::l2 && reads(i, static_cast<int>(k)) &&
          !read_after(i, static_cast<int>(k)))
        drop(v);
    }
    for (std::size_t k = 0; k < i; ++k) {
      const int name = -1 - static_cast<int>(k);
      if (reads(i, name) && !read_after(i, name)) drop(results[k]);
    }
  }
  for (const View& v : held) lowering.release(v);
  return fits;
}

// The largest piece of the result of which all steps fit in L2, cut along the axes that no step
// reduces: batch items and rows, then columns in whole lines, then channels. Nothing when even the
// smallest does not fit.
std::optional<Extents> choose_piece(const Extents& whole, unsigned free_axes,
                                    const std::function<bool(const Extents&)>& fits) {
  Extents piece = whole;
  for (const std::int64_t line : {32, 1})
    for (const Axis axis : all_axes) {
      if ((free_axes & axis) == 0) continue;
      std::int64_t& x = extent_of(piece, axis);
      const std::int64_t total = extent(whole, axis);
      const std::int64_t least = axis == axis_w ? std::min(line, total) : 1;
      for (std::int64_t parts = 2; x > least && !fits(piece); ++parts)
        x = std::max(least, axis == axis_w ? ((total + parts - 1) / parts + line - 1) / line * line
                                           : (total + parts - 1) / parts);
    }
  if (!fits(piece)) return std::nullopt;
  return piece;
}

}  // namespace

void lower_steps(const Call& call, std::span<const Step> steps, Lowering& lowering) {
  std::vector<View> inputs;
  for (std::size_t i = 0; i < call.inputs.size(); ++i) inputs.push_back(lowering.input(i));
  const View output = lowering.output();
  const unsigned free_axes = (axis_n | axis_c | axis_h | axis_w) & ~call.attributes.axes;
  const auto lower_at = [&](const Extents& at, const Extents& piece, bool dry) {
    const auto part = [&](View v) {
      for (const Axis axis : all_axes)
        if ((free_axes & axis) != 0 && extent(v.e, axis) > 1)
          v = v.slice(axis, extent(at, axis), extent(piece, axis));
      return v;
    };
    Call c = call;
    std::vector<View> parts;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      parts.push_back(part(inputs[i]));
      c.inputs[i].e = parts.back().e;
    }
    const View to = part(output);
    c.output.e = to.e;
    return lower_piece(c, steps, lowering, std::move(parts), to, dry);
  };
  constexpr Extents origin{.w = 0, .h = 0, .c = 0, .n = 0};
  const auto piece = choose_piece(output.e, free_axes,
                                  [&](const Extents& p) { return lower_at(origin, p, true); });
  if (piece) {
    const Extents& o = output.e;
    for (std::int64_t n = 0; n < o.n; n += piece->n)
      for (std::int64_t h = 0; h < o.h; h += piece->h)
        for (std::int64_t w = 0; w < o.w; w += piece->w)
          for (std::int64_t c = 0; c < o.c; c += piece->c)
            lower_at({.w = w, .h = h, .c = c, .n = n},
                     {.w = std::min(piece->w, o.w - w),
                      .h = std::min(piece->h, o.h - h),
                      .c = std::min(piece->c, o.c - c),
                      .n = std::min(piece->n, o.n - n)},
                     false);
    return;
  }
  // One line of the reduction exceeds L2: each step by itself, results in memory between them.
  const std::vector<Call> calls = calls_of(call, steps);
  std::vector<View> results;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    std::vector<View> sources;
    for (const int s : steps[i].sources)
      sources.push_back(s >= 0 ? inputs[static_cast<std::size_t>(s)]
                               : results[static_cast<std::size_t>(-1 - s)]);
    results.push_back(i + 1 == steps.size() ? output : lowering.temporary(calls[i].output));
    lowering.lower_step(*steps[i].op, calls[i], std::move(sources), results.back());
  }
}

Work steps_work(const Call& call, std::span<const Step> steps, WorkKind kind) {
  Work total{.kind = kind, .read = input_bytes(call), .written = {call.output.bytes()}};
  const std::vector<Call> calls = calls_of(call, steps);
  for (std::size_t i = 0; i < steps.size(); ++i)
    total.other_flops += steps[i].op->work(calls[i]).other_flops;
  return total;
}

}  // namespace ane::kernels
