#include "sim/claims/priced.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "isa/error.h"
#include "sim/claims/priced_reads.h"
#include "sim/devices/estimate.h"
#include "sim/price/predict.h"
#include "sim/run/flash_run.h"
#include "sim/run/mpnn_run.h"
#include "sim/silicon/validate.h"
#include "workloads/compile/compile.h"
#include "workloads/request/spec_graph.h"
#include "workloads/request/spec_work.h"

namespace ane::sim {
namespace {

using workloads::Spec;

double real(std::int64_t v) {
  return static_cast<double>(v);
}

Precision compute_precision(const Spec& s) {
  return precision_of(s.activations);
}

// Peak rate of the unit for this work, FLOP/s, and what it is called.
double peak_of(const Chip& chip, const std::string& unit, Precision p, bool int8_weights) {
  if (unit == "ane")
    return int8_weights ? std::max(chip.ane().peak_fp16(), chip.ane().peak_int8())
                        : chip.ane().peak_fp16();
  if (unit == "gpu")
    return p == Precision::fp32   ? chip.gpu().peak_fp32()
           : p == Precision::fp16 ? chip.gpu().peak_fp16()
                                  : chip.gpu().peak_int8();
  const CpuParameters& c = chip.cpu();
  const double matrix = p == Precision::fp32   ? c.matrix_fp32
                        : p == Precision::fp16 ? std::max(c.matrix_fp32, c.matrix_fp16)
                                               : std::max(c.matrix_fp16, c.matrix_int8);
  return c.matrix_units * matrix + c.peak_neon_fp32() * (p == Precision::fp32 ? 1 : 2);
}

double energy_of_operation(const Chip& chip, const std::string& unit) {
  if (unit == "ane") return std::min(chip.ane().energy_mac_fp16, chip.ane().energy_mac_int8) / 2;
  if (unit == "gpu") return chip.gpu().energy_flop;
  return std::min(chip.cpu().energy_neon_flop, chip.cpu().energy_matrix_flop);
}

void add_floor(Priced& p, const Chip& chip, const std::string& unit, Precision precision,
               bool int8_weights) {
  const double peak = peak_of(chip, unit, precision, int8_weights);
  const double compute = p.flop / peak;
  const double memory = p.weight_bytes / chip.memory().bandwidth;
  p.floor_seconds = std::max(compute, memory);
  p.floor = memory > compute
                ? fmt::format("{:.3g} GB of weights at {:.4g} GB/s, {}'s memory bandwidth",
                              p.weight_bytes / 1e9, chip.memory().bandwidth / 1e9, chip.name())
                : fmt::format("{:.3g} GFLOP at {:.3g} TFLOP/s, the peak of {}'s {}", p.flop / 1e9,
                              peak / 1e12, chip.name(), unit);
  p.floor_joules = p.flop * energy_of_operation(chip, unit);
}

workloads::mpnn::ModelSpec mpnn_model(const Spec& s) {
  return {.hidden = static_cast<int>(s.hidden),
          .encoder_layers = static_cast<int>(s.encoder),
          .decoder_layers = static_cast<int>(s.decoder),
          .neighbours = static_cast<int>(s.k)};
}

void take(Priced& p, const results::Record& r) {
  p.seconds = r.totals.latency_s;
  p.joules = r.totals.energy_j;
  p.flop = 2 * real(r.totals.macs);
  p.peak_memory = real(r.totals.peak_memory_bytes);
  p.bound = r.totals.bound;
  p.bound_share = results::part(r.totals.causes, p.bound) / p.seconds;
  for (const results::Part& part : r.totals.memory_parts)
    if (part.name == "weights") p.weight_bytes = part.value;
}

// ProteinMPNN with attention over all residues in the place of messages, whole or in tiles.
void price_attention(Priced& p, const Spec& s, const Target& target) {
  MpnnPlan plan;
  plan.weights = workloads::mpnn::seeded_weights(mpnn_model(s));
  plan.precision = s.weights;
  workloads::mpnn::FlashOptions options;
  options.length = s.residues;
  if (!s.flash_attention) options.block = 0;
  take(p, time_flash(plan, options, target,
                     kernels::arith::profile_named(target.unit == "ane"
                                                       ? target.chip.machine().default_profile
                                                       : std::string("ieee"))));
}

void price_on_ane(Priced& p, const Spec& s, const Target& target) {
  const kernels::arith::Profile& profile =
      kernels::arith::profile_named(target.chip.machine().default_profile);
  results::Record r{.run = {}, .totals = {}, .limits = {}};
  if (s.kind == "mpnn") {
    MpnnPlan plan;
    plan.weights = workloads::mpnn::seeded_weights(mpnn_model(s));
    plan.precision = s.weights != "int8" ? s.weights : s.activations == "int8" ? "w8a8" : "int8w";
    plan.bucket = s.residues;
    plan.batch = s.batch;
    r = time_mpnn(plan, s.residues, target, profile);
  } else {
    Spec on_ane = s;
    on_ane.unit = "ane";
    on_ane.given.insert("unit");
    const Prediction of = predict(on_ane, target.chip, target.runtime);
    p.seconds = of.seconds;
    p.joules = of.joules;
    p.flop = of.flop;
    p.bound = of.bound;
    p.bound_share = results::part(of.causes, p.bound) / p.seconds;
    if (s.kind == "llm") return;  // its weights are counted below, without a program's padding
    const workloads::Compiled compiled =
        workloads::compile(workloads::graph_of(s, target.chip.machine()), target.chip.machine(),
                           profile, {.with_values = false});
    p.weight_bytes = real(compiled.weight_bytes);
    p.peak_memory = real(compiled.weight_bytes + compiled.activation_bytes);
    return;
  }
  take(p, r);
}

void price_on_device(Priced& p, const Spec& s, const Chip& chip, const Runtime& runtime,
                     const std::string& unit) {
  const workloads::WorkList work = workloads::work_of(s);
  PriceOptions options;
  options.precision = compute_precision(s);
  const DeviceEstimate e = unit == "gpu" ? price_gpu(work, chip, runtime, options)
                                         : price_cpu(work, chip, runtime, options);
  p.seconds = e.seconds();
  p.joules = e.joules();
  p.bound = std::string(e.bound());
  double widest = 0, macs = 0;
  for (const kernels::Work& w : work) {
    p.weight_bytes += real(w.count * w.weights.count);
    macs += real(w.count * w.macs.count);
    widest = std::max(widest, real((w.read + w.written).count));
  }
  p.flop = 2 * macs;
  p.peak_memory = p.weight_bytes + widest;
}

}  // namespace

// The errors of this program on measured rows, by unit and kind.
struct Pricer::Bands {
  Validation validation = [] {
    std::vector<SiliconRow> rows;
    for (const std::string& f : built_in_rows()) {
      std::vector<SiliconRow> more = load_silicon_rows(f);
      rows.insert(rows.end(), std::make_move_iterator(more.begin()),
                  std::make_move_iterator(more.end()));
    }
    return compare_rows(rows);
  }();

  // The error that 90 % of the rows nearest in kind stay under; at least 5 of them.
  std::pair<double, std::string> factor(const std::string& unit, const std::string& kind) const {
    const auto of = [&](auto&& wanted) {
      std::vector<double> errors;
      for (const Comparison& c : validation.comparisons)
        if (c.scored() && c.kind != "idle" && c.kind != "launch" && wanted(c))
          errors.push_back(c.error());
      return errors;
    };
    std::vector<double> errors =
        of([&](const Comparison& c) { return c.unit == unit && c.kind == kind; });
    std::string from = fmt::format("{} {} rows", unit, kind);
    if (errors.size() < 5) {
      errors = of([&](const Comparison& c) { return c.unit == unit; });
      from = fmt::format("{} rows of all kinds", unit);
    }
    if (errors.size() < 5) {
      errors = of([](const Comparison&) { return true; });
      from = "rows of all units";
    }
    const auto n = errors.size();
    return {1 + quantile(std::move(errors), 0.9), fmt::format("{} measured {}", n, from)};
  }
};

Pricer::Pricer(const Published& published)
    : published_(published), bands_(std::make_unique<Bands>()) {}
Pricer::~Pricer() = default;

const Chip& Pricer::chip(const std::string& name) {
  const auto at = chips_.find(name);
  return at != chips_.end() ? at->second : chips_.emplace(name, load_chip(name)).first->second;
}

const Priced& Pricer::price(const std::string& name) {
  if (const auto at = known_.find(name); at != known_.end()) return at->second;
  const Configuration& c = published_.configuration(name);
  Priced p;
  p.items = c.items;
  const Chip& on = chip(c.chip);
  const Runtime runtime = load_runtime(c.runtime);
  std::string kind;
  if (const auto reads = parse_reads(c.spec)) {
    kind = "matmul";
    price_reads(p, *reads, {on, runtime, c.unit});
    add_floor(p, on, c.unit, Precision::fp16, reads->precision == "w8a8");
  } else {
    const Spec s = workloads::parse_spec(c.spec, name);
    kind = s.kind;
    if (s.kind == "mpnn") p.parameters = real(workloads::mpnn::parameter_count(mpnn_model(s)));
    if (s.kind == "llm") p.parameters = real(s.params);
    try {
      if (s.kind == "mpnn" && s.phase == "attention")
        price_attention(p, s, {on, runtime, c.unit});
      else if (c.unit == "ane")
        price_on_ane(p, s, {on, runtime, c.unit});
      else
        price_on_device(p, s, on, runtime, c.unit);
    } catch (const InputError& e) {
      p.why_not = e.what();
    }
    // Bounds need no model of the unit, only the work.
    if (p.weight_bytes == 0 && (s.kind == "mpnn" || s.kind == "llm")) {
      double macs = 0;
      for (const kernels::Work& w : workloads::work_of(s)) {
        p.weight_bytes += real(w.count * w.weights.count);
        macs += real(w.count * w.macs.count);
      }
      p.flop = 2 * macs;
    }
    add_floor(p, on, c.unit, compute_precision(s), s.weights == "int8");
  }
  std::tie(p.factor, p.factor_from) = bands_->factor(c.unit, kind);
  return known_.emplace(name, std::move(p)).first->second;
}

double Pricer::accuracy(const std::string& name) {
  if (const auto at = accuracies_.find(name); at != accuracies_.end()) return at->second;
  const Configuration& c = published_.configuration(name);
  const auto reads = parse_reads(c.spec);
  if (!reads) throw InputError(name, "accuracy is of a read-QC model");
  const double share = accuracy_of(*reads, {chip(c.chip), load_runtime(c.runtime), c.unit});
  return accuracies_.emplace(name, share).first->second;
}

}  // namespace ane::sim
