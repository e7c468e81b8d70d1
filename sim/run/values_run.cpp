#include "sim/run/values_run.h"

#include <fmt/format.h>

#include <algorithm>

#include "isa/error.h"
#include "sim/price/price.h"
#include "sim/run/digest.h"
#include "sim/run/error_metrics.h"
#include "sim/run/framework_run.h"
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
      : plan_(plan),
        target_(target),
        profile_(profile),
        formats_(target.unit == Unit::ane ? FrameworkFormats{}
                                          : framework_formats(plan.request.formats)),
        asked_(plan.request) {
    if (!on_ane()) asked_.formats = graph_formats(plan.request.formats);
  }

  ValuesAnswer answer() {
    answer_.record =
        record_of(plan_.request, target_, price(plan_.request, target_, Detail::tasks),
                  {.values = fmt::format("seed={} answer={}", plan_.seed, plan_.answer),
                   .profile = on_ane() ? std::string(profile_.name) : ""});
    if (!on_ane()) answer_.record.notes.push_back(framework_note(plan_.request.formats));
    if (dynamic_cast<const workloads::LlmWork*>(plan_.request.work.get()) != nullptr)
      language();
    else
      graph();
    results::Totals& t = answer_.record.totals;
    // A framework's values have this one implementation here.
    const bool comparable = on_ane() && !on_cpu_;
    t.accuracy.push_back({"equal_bits", comparable ? bits_.share() : results::unknown});
    answer_.exact = !comparable || bits_.whole();
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

  bool on_ane() const { return target_.unit == Unit::ane; }
  // Float32 on a CPU or GPU is what errors are measured against.
  bool is_reference() const { return !on_ane() && formats_.is_reference(); }
  // What graphs are made for: a framework takes every format.
  isa::Machine limits() const {
    isa::Machine m = target_.chip.machine();
    if (!on_ane()) m.int8_macs = m.streams_int8_weights = m.texture_unit = true;
    return m;
  }

  Tensors run_on_unit(const Graph& g, const Tensors& inputs) {
    if (!on_ane())
      return workloads::evaluate(g, kernels::framework_arithmetic(formats_.storage), inputs);
    MachineRun run(g, target_.chip, profile_, {.threads = plan_.threads});
    Tensors outputs = run.run(inputs);
    on_cpu_ = on_cpu_ || run.uses_cpu();
    return outputs;
  }
  workloads::Executor on_unit() {
    return [this](const Graph& g, const Tensors& inputs) {
      Tensors outputs = run_on_unit(g, inputs);
      for (const auto& [name, t] : outputs) digest_.add(std::span<const std::byte>(t.bytes));
      return outputs;
    };
  }
  workloads::Executor by(const kernels::Arithmetic& arithmetic) const {
    return [&arithmetic](const Graph& g, const Tensors& inputs) {
      return workloads::evaluate(g, arithmetic, inputs);
    };
  }
  // The accelerator's bits by the scalar reference.
  workloads::Executor bits() { return by(kernels::bit_arithmetic(profile_)); }

  void graph() {
    if (const std::int64_t one = on_ane() ? lower(asked_, target_).call_batch() : asked_.batch;
        one < asked_.batch)
      throw InputError("batch",
                       fmt::format("{} items take several calls of the accelerator; values are "
                                   "computed of one",
                                   asked_.batch),
                       fmt::format("at most {}", one));
    const isa::Machine machine_limits = limits();
    fits(workloads::graph_of(asked_, machine_limits), 1);
    const Graph g = workloads::graph_of(asked_, machine_limits, plan_.seed);
    const Tensors inputs = seeded_inputs(g, plan_.seed);
    const Tensors values = on_unit()(g, inputs);
    if (on_ane()) bits_.add(values, bits()(g, inputs));
    // Codes are no float32: a framework's are held against the network of the same seed in floats.
    workloads::Request floats_asked = asked_;
    if (formats_.int8) floats_asked.formats.weights = floats_asked.formats.activations = "fp16";
    const Graph& real =
        formats_.int8 ? workloads::graph_of(floats_asked, machine_limits, plan_.seed) : g;
    if (!is_reference()) {
      const Tensors exact = by(kernels::float_arithmetic())(real, inputs);
      const auto output = [](const Graph& of, std::size_t i) -> const std::string& {
        return of.values[static_cast<std::size_t>(of.outputs[i])].name;
      };
      for (std::size_t i = 0; i < g.outputs.size(); ++i)
        errors_.add(floats(exact.at(output(real, i))), floats(values.at(output(g, i))));
    }
    other_form(values, inputs);
  }

  // An encoder of two forms: the same weights in the other must give the same values.
  void other_form(const Tensors& values, const Tensors& inputs) {
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
    const Graph g =
        workloads::graph_of(workloads::with(asked_, "name", other), limits(), plan_.seed);
    const Tensors others = run_on_unit(g, inputs);
    Equality same;
    same.add(floats(values.begin()->second), floats(others.begin()->second));
    more_.push_back({"equal_bits_" + other, same.share()});
  }

  // A prompt, then an answer of which each token is the machine's likeliest. The reference and
  // float32 read the same tokens.
  void language() {
    const auto& work = workloads::work_as<workloads::LlmWork>(plan_.request);
    if (formats_.int8)
      throw InputError("activations", "a language model's values in INT8 are the ANE's", "fp16");
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
    const isa::Machine machine_limits = limits();
    const workloads::LanguageModel shape = work.shape();
    workloads::Numbers numbers = workloads::numbers_of(asked_.formats, machine_limits);
    fits(workloads::build_llm(shape,
                              {.phase = workloads::Phase::prefill, .tokens = prompt + plan_.answer},
                              machine_limits.max_channels, numbers),
         1 + static_cast<double>(plan_.answer));
    numbers.seed = plan_.seed;
    const workloads::SeededLanguageModel model(shape, machine_limits.max_channels, numbers);
    std::vector<std::int32_t> tokens = model.text(prompt);
    LanguageCall machine = model.call(tokens, {}, on_unit());
    LanguageCall exact = on_ane() ? model.call(tokens, {}, bits()) : machine;
    LanguageCall real = model.call(tokens, {}, by(kernels::float_arithmetic()));
    double kl = 0;
    std::int64_t agreed = 0, steps = 0, same_prefill = 0;
    const auto compare = [&] {
      bits_.add(machine.logits, exact.logits);
      bits_.add(machine.state, exact.state);
      if (!is_reference()) errors_.add(real.logits, machine.logits);
      kl += workloads::divergence(real.logits, machine.logits);
      agreed += workloads::likeliest(real.logits) == workloads::likeliest(machine.logits) ? 1 : 0;
      ++steps;
    };
    compare();
    for (std::int64_t i = 0; i < plan_.answer; ++i) {
      const std::int32_t next[] = {workloads::likeliest(machine.logits)};
      tokens.push_back(next[0]);
      machine = model.call(next, machine, on_unit());
      exact = on_ane() ? model.call(next, exact, bits()) : machine;
      real = model.call(next, real, by(kernels::float_arithmetic()));
      compare();
      const LanguageCall whole = model.call(tokens, {}, on_unit());
      Equality same;
      same.add(whole.logits, machine.logits);
      same_prefill += same.whole() ? 1 : 0;
    }
    const auto told = [&](double sum) {
      return is_reference() ? results::unknown : sum / static_cast<double>(steps);
    };
    more_.push_back({"top1_agreement", told(static_cast<double>(agreed))});
    more_.push_back({"mean_kl_to_fp32", told(kl)});
    if (plan_.answer > 0)
      more_.push_back(
          {"equal_prefill", static_cast<double>(same_prefill) / static_cast<double>(plan_.answer)});
  }

  const ValuesPlan& plan_;
  const Target& target_;
  const kernels::arith::Profile& profile_;
  FrameworkFormats formats_;
  workloads::Request asked_;  // as graphs are made of it
  ValuesAnswer answer_{};
  Equality bits_;
  ErrorMetrics errors_;
  results::Parts more_;
  Digest digest_;
  bool on_cpu_ = false;
};

}  // namespace

ValuesAnswer run_values(const ValuesPlan& plan, const Target& target,
                        const kernels::arith::Profile& profile) {
  return ValuesRun(plan, target, profile).answer();
}

}  // namespace ane::sim
