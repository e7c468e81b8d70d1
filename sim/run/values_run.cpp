#include "sim/run/values_run.h"

#include <fmt/format.h>

#include <algorithm>

#include "isa/error.h"
#include "sim/price/price.h"
#include "sim/run/digest.h"
#include "sim/run/error_metrics.h"
#include "sim/run/machine_run.h"
#include "workloads/networks/language.h"
#include "workloads/request/kinds/encoder.h"
#include "workloads/request/kinds/llm.h"

namespace ane::sim {
namespace {

using kernels::Tensor;
using workloads::Graph;
using workloads::LanguageCall;
using workloads::Tensors;

Tensors seeded_inputs(const Graph& graph, std::uint64_t seed) {
  workloads::SeededValues values(seed + 0x696e707574000000);
  Tensors inputs;
  for (const workloads::ValueId v : graph.inputs) {
    const workloads::Value& value = graph.values[static_cast<std::size_t>(v)];
    const kernels::Extents& e = value.type.e;
    Tensor t(kernels::Format::fp32, {e.n, e.c, e.h, e.w});
    std::ranges::copy(values.uniform(e.count(), 0, 1.7F), t.as<float>().begin());
    inputs[value.name] = std::move(t);
  }
  return inputs;
}

std::vector<float> floats(const Tensor& t) {
  std::vector<float> x;
  for (std::int64_t i = 0; i < t.size(); ++i)
    x.push_back(static_cast<float>(kernels::element(t, i)));
  return x;
}

// Counts results of equal bits. What a CPU made is float32, and no bit of it is the accelerator's.
struct Equality {
  std::int64_t equal = 0, all = 0;
  void add(const Tensors& a, const Tensors& b) {
    for (const auto& [name, x] : a) {
      const Tensor& y = b.at(name);
      const auto size = static_cast<std::size_t>(isa::byte_size(x.format));
      ANE_CHECK(x.size() == y.size(), "one shape");
      if (x.format != y.format) {
        all += x.size();
        continue;
      }
      for (std::size_t at = 0; at < x.bytes.size(); at += size, ++all)
        equal += std::memcmp(x.bytes.data() + at, y.bytes.data() + at, size) == 0 ? 1 : 0;
    }
  }
  void add(std::span<const float> a, std::span<const float> b) {
    for (std::size_t i = 0; i < a.size(); ++i, ++all) equal += a[i] == b[i] ? 1 : 0;
  }
  double share() const { return static_cast<double>(equal) / static_cast<double>(all); }
  bool whole() const { return equal == all; }
};

class ValuesRun {
 public:
  ValuesRun(const ValuesPlan& plan, const Target& target, const kernels::arith::Profile& profile)
      : plan_(plan), target_(target), profile_(profile) {}

  ValuesAnswer answer(const std::string& overrides) {
    answer_.record =
        record_of(plan_.request, target_, price(plan_.request, target_, Detail::tasks),
                  {.values = fmt::format("seed={} answer={}", plan_.seed, plan_.answer),
                   .profile = std::string(profile_.name),
                   .overrides = overrides});
    if (dynamic_cast<const workloads::LlmWork*>(plan_.request.work.get()) != nullptr)
      language();
    else
      graph();
    results::Totals& t = answer_.record.totals;
    t.accuracy.push_back({"equal_bits", on_cpu_ ? results::unknown : bits_.share()});
    answer_.exact = on_cpu_ || bits_.whole();
    for (const results::Part& p : more_) t.accuracy.push_back(p);
    errors_.append_to(t.accuracy);
    t.digest = digest_.hex();
    if (on_cpu_)
      answer_.record.notes.emplace_back(
          "operators on the CPU compute in float32: the scalar reference, all of the accelerator's "
          "numbers, is no measure of this placement");
    return std::move(answer_);
  }

 private:
  void fits(const Graph& g, double times) const {
    const double macs = workloads::graph_macs(g) * times;
    if (macs > most_macs)
      throw InputError(
          "--values",
          fmt::format("{:.0f} M multiply-accumulates with exact integers are too many", macs / 1e6),
          fmt::format(
              "at most {:.0f} M: give a smaller size, as layers=2 hidden=256 ffn=688 heads=4 "
              "vocab=512",
              most_macs / 1e6));
  }

  workloads::Executor on_machine() {
    return [this](const Graph& g, const Tensors& inputs) {
      MachineRun run(g, target_.chip, profile_);
      Tensors outputs = run.run(inputs);
      on_cpu_ = on_cpu_ || run.uses_cpu();
      for (const auto& [name, t] : outputs) digest_.add(std::span<const std::byte>(t.bytes));
      return outputs;
    };
  }
  workloads::Executor by(const kernels::Arithmetic& arithmetic) const {
    return [&arithmetic](const Graph& g, const Tensors& inputs) {
      return workloads::evaluate(g, arithmetic, inputs);
    };
  }
  const kernels::Arithmetic& bits() const { return kernels::bit_arithmetic(profile_); }

  void graph() {
    const isa::Machine machine_limits = target_.chip.machine();
    fits(workloads::graph_of(plan_.request, machine_limits), 1);
    const Graph g = workloads::graph_of(plan_.request, machine_limits, plan_.seed);
    const Tensors inputs = seeded_inputs(g, plan_.seed);
    const Tensors machine = on_machine()(g, inputs);
    bits_.add(machine, by(bits())(g, inputs));
    for (const auto& [name, exact] : by(kernels::float_arithmetic())(g, inputs))
      errors_.add(floats(exact), floats(machine.at(name)));
    other_form(machine, inputs);
  }

  // An encoder of two forms: the same weights in the other must give the same values.
  void other_form(const Tensors& machine, const Tensors& inputs) {
    const auto* encoder = dynamic_cast<const workloads::EncoderWork*>(plan_.request.work.get());
    if (encoder == nullptr) return;
    constexpr std::string_view suffix = "-ane";
    std::string other = encoder->name_;
    if (other.ends_with(suffix))
      other.resize(other.size() - suffix.size());
    else
      other += suffix;
    const auto known = workloads::encoders();
    if (std::ranges::find(known, other, &workloads::Encoder::name) == known.end()) return;
    const Graph g = workloads::graph_of(workloads::with(plan_.request, "name", other),
                                        target_.chip.machine(), plan_.seed);
    MachineRun run(g, target_.chip, profile_);
    const Tensors values = run.run(inputs);
    Equality same;
    same.add(floats(machine.begin()->second), floats(values.begin()->second));
    more_.push_back({"equal_bits_" + other, same.share()});
  }

  // A prompt, then an answer of which each token is the machine's likeliest. The reference and
  // float32 read the same tokens.
  void language() {
    const auto& work = workloads::work_as<workloads::LlmWork>(plan_.request);
    const bool decode = work.phase == workloads::Phase::decode;
    const std::int64_t prompt = decode ? work.context : work.tokens;
    if (prompt < 1) throw InputError("--values", "a decode without a prompt", "give context=8");
    if (decode && plan_.answer < 1)
      throw InputError("--answer", "a decode without a token", "1 to 64");
    if (decode && work.tokens != 1)
      throw InputError("--values", "a decode is of one token a call", "tokens=1");
    if (!decode && work.context > 0)
      throw InputError("--values", "a prompt behind a context has no values",
                       "phase=decode context=8");
    if (plan_.request.batch != 1)
      throw InputError("--values", "values of a language model are of one sequence", "batch=1");
    // The prompt, each token, and the longer prompts that they are held against: told by shapes,
    // before any weight is made.
    const isa::Machine machine_limits = target_.chip.machine();
    const workloads::LanguageModel shape = work.shape();
    workloads::Numbers numbers = workloads::numbers_of(plan_.request.formats, machine_limits);
    fits(workloads::build_llm(shape,
                              {.phase = workloads::Phase::prefill, .tokens = prompt + plan_.answer},
                              machine_limits.max_channels, numbers),
         1 + static_cast<double>(plan_.answer));
    numbers.seed = plan_.seed;
    const workloads::SeededLanguageModel model(shape, machine_limits.max_channels, numbers);
    std::vector<std::int32_t> tokens = model.text(prompt);
    LanguageCall machine = model.call(tokens, {}, on_machine());
    LanguageCall exact = model.call(tokens, {}, by(bits()));
    LanguageCall real = model.call(tokens, {}, by(kernels::float_arithmetic()));
    double kl = 0;
    std::int64_t agreed = 0, steps = 0, same_prefill = 0;
    const auto compare = [&] {
      bits_.add(machine.logits, exact.logits);
      bits_.add(machine.state, exact.state);
      errors_.add(real.logits, machine.logits);
      kl += workloads::divergence(real.logits, machine.logits);
      agreed += workloads::likeliest(real.logits) == workloads::likeliest(machine.logits) ? 1 : 0;
      ++steps;
    };
    compare();
    for (std::int64_t i = 0; i < plan_.answer; ++i) {
      const std::int32_t next[] = {workloads::likeliest(machine.logits)};
      tokens.push_back(next[0]);
      machine = model.call(next, machine, on_machine());
      exact = model.call(next, exact, by(bits()));
      real = model.call(next, real, by(kernels::float_arithmetic()));
      compare();
      const LanguageCall whole = model.call(tokens, {}, on_machine());
      Equality same;
      same.add(whole.logits, machine.logits);
      same_prefill += same.whole() ? 1 : 0;
    }
    more_.push_back({"top1_agreement", static_cast<double>(agreed) / static_cast<double>(steps)});
    more_.push_back({"mean_kl_to_fp32", kl / static_cast<double>(steps)});
    if (plan_.answer > 0)
      more_.push_back(
          {"equal_prefill", static_cast<double>(same_prefill) / static_cast<double>(plan_.answer)});
  }

  const ValuesPlan& plan_;
  const Target& target_;
  const kernels::arith::Profile& profile_;
  ValuesAnswer answer_{};
  Equality bits_;
  ErrorMetrics errors_;
  results::Parts more_;
  Digest digest_;
  bool on_cpu_ = false;
};

}  // namespace

ValuesAnswer run_values(const ValuesPlan& plan, const Target& target,
                        const kernels::arith::Profile& profile, const std::string& overrides) {
  if (target.unit != Unit::ane)
    throw InputError("--values",
                     fmt::format("unit={} has no values of its own", workloads::name(target.unit)),
                     "unit=ane: CPU and GPU are models of time");
  return ValuesRun(plan, target, profile).answer(overrides);
}

}  // namespace ane::sim
