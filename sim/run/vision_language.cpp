#include "sim/run/vision_language.h"

#include <fmt/format.h>

#include "isa/error.h"
#include "sim/devices/estimate.h"
#include "sim/price/device_run.h"
#include "sim/price/predict.h"
#include "sim/price/version.h"
#include "workloads/networks/networks.h"
#include "workloads/request/spec_graph.h"
#include "workloads/request/spec_work.h"

namespace ane::sim {
namespace {

using workloads::Spec;

double real(std::int64_t v) {
  return static_cast<double>(v);
}

class Pipeline {
 public:
  Pipeline(const VisionLanguagePlan& plan, const VisionLanguageUnits& units)
      : plan_(plan), units_(units) {}

  results::Record record() {
    const workloads::LanguageModel model = workloads::language_model(language("decode", 1, 1));
    const std::int64_t patches = plan_.side / 16;
    const std::int64_t pictures = patches * patches + 1;  // tokens of the picture
    const std::int64_t prompt = pictures + plan_.question;
    const Bytes picture{3 * plan_.width * plan_.height}, pixels{2 * 3 * plan_.side * plan_.side},
        tokens{2 * pictures * model.hidden}, logits{2 * model.vocab};

    // Each source pixel is read once for the scaling, each result is normalised.
    std::vector<kernels::Work> scale{workloads::pointwise(picture.count, 1, 1, 4),
                                     workloads::pointwise(3 * plan_.side * plan_.side, 4, 1, 2)};
    on_cpu("preprocess", scale, 1);
    cross("picture", units_.host, units_.vision, pixels, 1);
    vision();
    cross("picture tokens", units_.vision, units_.language, tokens, 1);
    language_stage("prompt", language("prefill", prompt, 0), 1);
    // The answer's tokens at the mean length of what is before them.
    language_stage("answer", language("decode", 1, prompt + plan_.answer / 2), plan_.answer);
    cross("logits", units_.language, units_.host, logits, plan_.answer);
    std::vector<kernels::Work> pick{workloads::pointwise(model.vocab, 4, 1, 3)};
    on_cpu("pick a token", pick, plan_.answer);

    results::Totals& t = record_.totals;
    t.latency_s = results::sum(t.causes);
    t.energy_j = results::sum(t.energy_parts);
    t.power_w = t.energy_j / t.latency_s;
    t.throughput_items_per_s = real(plan_.answer) / t.latency_s;
    t.bound = results::largest(t.causes);
    record_.run.workload = "vision_language";
    record_.run.variant = plan_.vision + " " + plan_.language;
    record_.run.chip = units_.language.chip.name();
    record_.run.unit = units_.language.unit;
    record_.run.runtime = units_.language.runtime.name();
    record_.run.profile = "shapes";
    record_.run.precision = plan_.weights;
    record_.run.batch = record_.run.items = plan_.answer;
    record_.run.input = fmt::format("{}x{} picture, {} + {} tokens in, {} out, vision on {} {}",
                                    plan_.width, plan_.height, pictures, plan_.question,
                                    plan_.answer, units_.vision.chip.name(), units_.vision.unit);
    record_.run.code_version = code_version();
    const std::string broken = results::check(record_);
    ANE_CHECK(broken.empty(), broken.c_str());
    return std::move(record_);
  }

 private:
  Spec language(const char* phase, std::int64_t tokens, std::int64_t context) const {
    return workloads::parse_spec(
        fmt::format("kind=llm name={} phase={} tokens={} context={} weights={}", plan_.language,
                    phase, tokens, context, plan_.weights));
  }

  void stage(const std::string& name, const std::string& op, const Target& on, double seconds,
             double joules, double macs, double bytes) {
    results::add(record_.totals.causes, name, seconds);
    results::add(record_.totals.energy_parts, name, joules);
    record_.totals.macs += static_cast<std::int64_t>(macs);
    record_.totals.dram_bytes += static_cast<std::int64_t>(bytes);
    results::OperatorRow row;
    row.index = static_cast<int>(record_.operators.size());
    row.name = name;
    row.op = op;
    row.unit = on.unit;
    row.placement = "chosen";
    row.reason = fmt::format("{} {} under {}", on.chip.name(), on.unit, on.runtime.name());
    row.start_s = results::sum(record_.totals.causes) - seconds;
    row.seconds = seconds;
    row.macs = static_cast<std::int64_t>(macs);
    row.dram_bytes = static_cast<std::int64_t>(bytes);
    row.energy_j = joules;
    record_.operators.push_back(std::move(row));
  }

  void on_cpu(const std::string& name, const std::vector<kernels::Work>& work, std::int64_t times) {
    PriceOptions options;
    options.precision = Precision::fp32;
    const DeviceEstimate e = price_cpu(work, units_.host.chip, units_.host.runtime, options);
    const double n = real(times);
    stage(name, "host", units_.host, n * e.seconds(), n * e.joules(), 0, n * e.dram_bytes);
  }

  // Over PCIe where one side is a card, where the host is not; else there is one memory.
  void cross(const std::string& name, const Target& from, const Target& to, Bytes bytes,
             std::int64_t times) {
    const bool card_from = from.chip.pcie().has_value(), card_to = to.chip.pcie().has_value();
    if (!card_from && !card_to) return;
    if (card_from && card_to && from.chip.name() == to.chip.name()) return;
    double seconds = 0;
    for (const Target* side : {&from, &to})
      if (side->chip.pcie())
        seconds += real(bytes.count) / side->chip.pcie()->bandwidth + side->chip.pcie()->latency;
    const double n = real(times);
    stage("PCIe: " + name, "copy", card_to ? to : from, n * seconds,
          n * real(bytes.count) * (from.chip.memory().energy_byte + to.chip.memory().energy_byte),
          0, 2 * n * real(bytes.count));
  }

  void vision() {
    const Target& on = units_.vision;
    const Spec s =
        workloads::parse_spec(fmt::format("kind=network name={} input=1x3x{}x{} unit={}",
                                          plan_.vision, plan_.side, plan_.side, on.unit));
    if (on.unit == "ane") {
      const Prediction p = predict(s, on.chip, on.runtime);
      stage("vision", plan_.vision, on, p.seconds, p.joules, p.flop / 2, p.dram_bytes);
      return;
    }
    // Of every network there is a graph; crossings are this pipeline's own.
    const workloads::Graph graph = workloads::graph_of(s, isa::Machine{});
    PriceOptions options;
    const std::vector<kernels::Work> work = work_list(graph, "fp16");
    const DeviceEstimate e = on.unit == "gpu" ? price_gpu(work, on.chip, on.runtime, options)
                                              : price_cpu(work, on.chip, on.runtime, options);
    stage("vision", plan_.vision, on, e.seconds(), e.joules(), e.flop / 2, e.dram_bytes);
  }

  void language_stage(const std::string& name, Spec s, std::int64_t times) {
    const Target& on = units_.language;
    s.unit = on.unit;
    const workloads::LanguageModel m = workloads::language_model(s);
    // The operator lists of CPU and GPU take the shape from the spec.
    s.layers = m.layers, s.hidden = m.hidden, s.ffn = m.ffn, s.heads = m.heads;
    s.kv_heads = m.kv_heads, s.vocab = m.vocab, s.head_dim = m.head_dim, s.params = m.params;
    s.tied_embeddings = m.tied_embeddings;
    const Prediction p = predict(s, on.chip, on.runtime);
    const double n = real(times);
    stage(name, plan_.language, on, n * p.seconds, n * p.joules, n * p.flop / 2, n * p.dram_bytes);
  }

  const VisionLanguagePlan& plan_;
  const VisionLanguageUnits& units_;
  results::Record record_{.run = {}, .totals = {}, .limits = {}};
};

}  // namespace

results::Record time_vision_language(const VisionLanguagePlan& plan,
                                     const VisionLanguageUnits& units) {
  return Pipeline(plan, units).record();
}

}  // namespace ane::sim
