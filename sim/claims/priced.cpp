#include "sim/claims/priced.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "isa/error.h"
#include "sim/run/readqc/run.h"
#include "workloads/readqc/model.h"
#include "workloads/request/kinds/readqc.h"

namespace ane::sim {
namespace {

namespace qc = workloads::readqc;

// Peak rate of the unit for this work, FLOP/s, and what it is called.
double peak_of(const Chip& chip, Unit unit, const std::string& activations, bool int8_weights) {
  if (unit == Unit::ane)
    return int8_weights ? std::max(chip.ane().peak_fp16(), chip.ane().peak_int8())
                        : chip.ane().peak_fp16();
  if (unit == Unit::gpu)
    return activations == "fp32"   ? chip.gpu().peak_fp32()
           : activations == "fp16" ? chip.gpu().peak_fp16()
                                   : chip.gpu().peak_int8();
  const CpuParameters& c = chip.cpu();
  const double matrix = activations == "fp32"   ? c.matrix_fp32
                        : activations == "fp16" ? std::max(c.matrix_fp32, c.matrix_fp16)
                                                : std::max(c.matrix_fp16, c.matrix_int8);
  return c.matrix_units * matrix + c.peak_neon_fp32() * (activations == "fp32" ? 1 : 2);
}

double energy_of_operation(const Chip& chip, Unit unit) {
  if (unit == Unit::ane)
    return std::min(chip.ane().energy_mac_fp16, chip.ane().energy_mac_int8) / 2;
  if (unit == Unit::gpu) return chip.gpu().energy_flop;
  return std::min(chip.cpu().energy_neon_flop, chip.cpu().energy_matrix_flop);
}

void add_floor(Priced& p, const Chip& chip, Unit unit, const std::string& activations,
               bool int8_weights) {
  const double peak = peak_of(chip, unit, activations, int8_weights);
  const double compute = p.flop / peak;
  const double memory = p.weight_bytes / chip.memory().bandwidth;
  p.floor_seconds = std::max(compute, memory);
  p.floor = memory > compute
                ? fmt::format("{:.3g} GB of weights at {:.4g} GB/s, {}'s memory bandwidth",
                              p.weight_bytes / 1e9, chip.memory().bandwidth / 1e9, chip.name())
                : fmt::format("{:.3g} GFLOP at {:.3g} TFLOP/s, the peak of {}'s {}", p.flop / 1e9,
                              peak / 1e12, chip.name(), workloads::name(unit));
  p.floor_joules = p.flop * energy_of_operation(chip, unit);
}

// Operations and weights of a request that no model prices: bounds need the work alone.
void count_work(Priced& p, const workloads::Request& request, const Chip& chip) {
  try {
    const workloads::Job job = workloads::job_of(
        request,
        {.machine = chip.machine(), .form = workloads::Form::framework, .programs = false});
    double macs = 0;
    for (const workloads::Stage& s : job.stages)
      if (const auto* work = std::get_if<workloads::WorkList>(&s.work)) {
        const workloads::WorkSums sums = workloads::sums_of(*work);
        p.weight_bytes += sums.weight_bytes;
        macs += s.calls * sums.macs;
      }
    p.flop = 2 * macs;
  } catch (const InputError&) {
    // Nor is its work known: no bound.
  }
}

}  // namespace

const Chip& Pricer::chip(const std::string& name) {
  const auto at = chips_.find(name);
  return at != chips_.end() ? at->second : chips_.emplace(name, load_chip(name)).first->second;
}

workloads::Request Pricer::request(const std::string& name) const {
  const Configuration& c = published_.configuration(name);
  workloads::Request r = workloads::parse_request(c.spec, name);
  r.conditions.unit = workloads::parse_term<Unit>("unit", c.unit, name);
  r.conditions.runtime = c.runtime;
  return r;
}

const Priced& Pricer::price(const std::string& name) {
  if (const auto at = known_.find(name); at != known_.end()) return at->second;
  const Configuration& c = published_.configuration(name);
  Priced p;
  p.items = c.items;
  const Chip& on = chip(c.chip);
  const workloads::Request asked = request(name);
  const Unit unit = *asked.conditions.unit;
  p.parameters = asked.work->parameters();
  try {
    const Target target = target_of(asked, on);
    const results::Cost cost = sim::price(asked, target);
    const results::Totals& t = cost.totals;
    p.seconds = t.latency_s;
    p.joules = t.energy_j;
    p.flop = 2 * static_cast<double>(t.macs);
    p.peak_memory = static_cast<double>(t.peak_memory_bytes);
    p.weight_bytes = results::part(t.memory_parts, "weights");
    p.bound = t.bound;
    p.bound_share = results::part(t.causes, t.bound) / t.latency_s;
    const results::Band band =
        bands_.around(p.seconds, asked, target, workloads::Quantity::latency);
    p.factor = std::sqrt(band.high / band.low);
  } catch (const InputError& e) {
    p.why_not = e.what();
  }
  if (p.weight_bytes == 0) count_work(p, asked, on);
  p.factor_from = fmt::format("{} {}", c.unit, asked.kind->name);
  add_floor(p, on, unit, asked.formats.activations, asked.formats.weights == "int8");
  return known_.emplace(name, std::move(p)).first->second;
}

// Trained on seeded reads in float32, run on those that training did not see.
Pricer::Accuracy Pricer::accuracy(const std::string& name) {
  if (const auto at = accuracies_.find(name); at != accuracies_.end()) return at->second;
  const Configuration& c = published_.configuration(name);
  const workloads::Request asked = request(name);
  if (asked.kind->name != "readqc") throw InputError(name, "accuracy is of a read-QC model");
  constexpr std::int64_t reads_made = 12000;
  constexpr std::uint64_t seed = 20261121;
  const qc::ReadBatch reads = qc::seeded_reads(reads_made, seed);
  qc::TrainOptions options;
  options.epochs = 6;
  ReadQcPlan plan;
  plan.model = qc::train(workloads::work_as<workloads::ReadQcWork>(asked).spec(), reads, options);
  plan.formats = asked.formats;
  plan.batch = asked.batch;
  if (plan.formats.activations == "int8")
    plan.ranges = qc::activation_ranges(plan.model, qc::seeded_reads(qc::calibration_reads, 7));
  const qc::ReadBatch test = reads.select(qc::indices_of(reads, qc::Part::test));
  std::int64_t next = 0;
  const auto source = [&](std::int64_t n) {
    std::vector<std::int64_t> rows;
    for (; n > 0 && next < test.size(); --n) rows.push_back(next++);
    return test.select(rows);
  };
  const Target target = target_of(asked, chip(c.chip));
  const ReadQcAnswers answers = answer_reads(
      plan, target, kernels::arith::profile_named(target.chip.machine().default_profile), source);
  for (const results::Part& part : answers.accuracy)
    if (part.name == "accuracy")
      return accuracies_.emplace(name, Accuracy{part.value, answers.reads}).first->second;
  throw InputError(name, "the model has no quality head");
}

}  // namespace ane::sim
