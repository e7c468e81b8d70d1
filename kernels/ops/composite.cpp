#include "kernels/ops/composite.h"

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

void lower_steps(const Call& call, std::span<const Step> steps, Lowering& lowering) {
  const std::vector<Call> calls = calls_of(call, steps);
  std::vector<View> results;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    std::vector<View> sources;
    for (const int s : steps[i].sources)
      sources.push_back(s >= 0 ? lowering.input(static_cast<std::size_t>(s))
                               : results[static_cast<std::size_t>(-1 - s)]);
    results.push_back(i + 1 == steps.size() ? lowering.output()
                                            : lowering.temporary(calls[i].output));
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
