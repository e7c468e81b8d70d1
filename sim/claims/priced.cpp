#include "sim/claims/priced.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <future>
#include <iterator>
#include <set>

#include "isa/error.h"
#include "sim/run/readqc/run.h"
#include "workloads/mpnn/seeded.h"
#include "workloads/mpnn/structure/complexity.h"
#include "workloads/readqc/model.h"
#include "workloads/request/kinds/mpnn.h"
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

Pricer::Pricer(const Published& published) : published_(published) {
  for (const auto& [name, c] : published.configurations) {
    workloads::Request r = workloads::parse_request(c.spec, name);
    r.conditions.unit = workloads::parse_term<Unit>("unit", c.unit, name);
    r.conditions.runtime = c.runtime;
    if (c.precision == "adaptive") {
      namespace mp = workloads::mpnn;
      const auto residues = workloads::work_as<workloads::MpnnWork>(r).residues;
      const mp::Complexity complexity = mp::complexity(mp::seeded_globule(residues));
      r.formats =
          workloads::formats_named(std::string(mp::numbers(mp::choose_precision(complexity))));
    }
    requests_.emplace(name, std::move(r));
  }
}

const workloads::Request& Pricer::request(const std::string& name) const {
  return requests_.at(name);
}

std::string Pricer::described(const std::string& name) const {
  const Configuration& c = published_.configuration(name);
  const workloads::Request& r = request(name);
  const std::string label = r.work->label();
  std::string text = label.empty() ? std::string(r.kind->name) : label;
  if (r.formats.weights != "fp16" || r.formats.activations != "fp16")
    text += fmt::format(" ({})", workloads::label(r.formats));
  if (r.batch > 1) text += fmt::format(", {} a call,", r.batch);
  text += fmt::format(" on {}'s {}", c.chip, c.unit);
  if (c.runtime != "none") text += fmt::format(" under {}", c.runtime);
  return text;
}

int Pricer::calibrated_beside(const std::string& name) {
  if (calibration_.empty())
    for (const std::string& file : calibration_files())
      std::ranges::move(load_silicon_rows(file), std::back_inserter(calibration_));
  const Configuration& c = published_.configuration(name);
  const auto network = [](workloads::Request r) {
    r.conditions = {};
    return workloads::to_text(r.kind->name == "mpnn" ? workloads::with(r, "residues", "1") : r);
  };
  const workloads::Request asked = request(name);
  const std::string kind = fmt::format("kind={}", asked.kind->name), same = network(asked);
  int rows = 0;
  for (const SiliconRow& row : calibration_) {
    if (!row.calibrates() || row.spec.find(kind) == std::string::npos) continue;
    const workloads::Request r = request_of(row);
    if (r.conditions.unit == asked.conditions.unit && r.conditions.runtime == c.runtime &&
        network(r) == same && whole_chip(load_chip(row.machine).name()) == whole_chip(c.chip))
      ++rows;
  }
  return rows;
}

std::optional<workloads::Form> Pricer::other_form(const std::string& name,
                                                  std::optional<workloads::Form> form) const {
  const bool ane = published_.configuration(name).unit == "ane";
  const auto usual = ane ? workloads::Form::accelerator : workloads::Form::framework;
  return form == usual ? std::optional<workloads::Form>() : form;
}

std::string Pricer::key_of(const std::string& name, std::optional<workloads::Form> form) const {
  const auto other = other_form(name, form);
  return other ? fmt::format("{} as {}", name, workloads::name(*other)) : name;
}

workloads::Request Pricer::asked_in(const std::string& name,
                                    std::optional<workloads::Form> form) const {
  workloads::Request asked = request(name);
  if (const auto other = other_form(name, form)) asked.conditions.form = other;
  return asked;
}

double Pricer::factor(const std::string& name, std::optional<workloads::Form> form,
                      workloads::Quantity quantity) {
  using workloads::Quantity;
  if (quantity == Quantity::power)
    return std::exp(std::hypot(std::log(factor(name, form, Quantity::energy)),
                               std::log(factor(name, form, Quantity::latency))));
  ANE_CHECK(quantity == Quantity::latency || quantity == Quantity::energy,
            "what Priced holds of a call");
  const Priced& p = price(name, form);
  if (!p.why_not.empty()) return 1;
  const auto [at, unknown] = factors_.try_emplace({key_of(name, form), quantity}, 1);
  if (unknown) {
    const workloads::Request asked = asked_in(name, form);
    const results::Band band =
        bands_.around(quantity == Quantity::energy ? p.joules : p.seconds, asked,
                      target_of(asked, chip(published_.configuration(name).chip)), quantity);
    at->second = std::sqrt(band.high / band.low);
  }
  return at->second;
}

double Pricer::factor_of_ratio(const Side& side, const Side& base) {
  using workloads::Quantity;
  const auto conditions = [&](const Side& of) {
    workloads::Conditions c = asked_in(of.configuration, of.form).conditions;
    c.form = {};
    return c;
  };
  const std::string& on = published_.configuration(side.configuration).chip;
  if (side.quantity != base.quantity || on != published_.configuration(base.configuration).chip ||
      !(conditions(side) == conditions(base)))
    return std::exp(std::hypot(std::log(factor(side.configuration, side.form, side.quantity)),
                               std::log(factor(base.configuration, base.form, base.quantity))));
  const auto of_one = [&](Quantity q) {
    const workloads::Request asked = asked_in(side.configuration, side.form);
    return bands_.of_ratio(asked, asked_in(base.configuration, base.form),
                           target_of(asked, chip(on)), q);
  };
  if (side.quantity != Quantity::power) return of_one(side.quantity);
  return std::exp(
      std::hypot(std::log(of_one(Quantity::energy)), std::log(of_one(Quantity::latency))));
}

const Priced& Pricer::price(const std::string& name, std::optional<workloads::Form> form) {
  const std::string key = key_of(name, form);
  if (const auto at = known_.find(key); at != known_.end()) return at->second;
  const Configuration& c = published_.configuration(name);
  Priced p;
  p.items = c.items;
  const Chip& on = chip(c.chip);
  const workloads::Request asked = asked_in(name, form);
  p.batch = static_cast<double>(asked.batch);
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
  } catch (const InputError& e) {
    p.why_not = e.what();
  }
  if (p.weight_bytes == 0) count_work(p, asked, on);
  p.factor_from = fmt::format("{} {}", c.unit, asked.kind->name);
  add_floor(p, on, unit, asked.formats.activations, asked.formats.weights == "int8");
  return known_.emplace(key, std::move(p)).first->second;
}

// Trained on seeded reads in float32, run on those that training did not see.
Pricer::Accuracy Pricer::accuracy(const std::string& name) {
  const auto at = accuracies_.find(name);
  return at != accuracies_.end() ? at->second
                                 : accuracies_.emplace(name, trained(name)).first->second;
}

void Pricer::warm(const std::vector<Asked>& prices, const std::vector<std::string>& accuracies) {
  // Configurations of other names may be the same work.
  std::vector<workloads::Request> requests;
  std::vector<std::string> chips;
  std::set<std::string> seen;
  for (const Asked& asked : prices) {
    workloads::Request r = asked_in(asked.configuration, asked.form);
    const std::string& on = published_.configuration(asked.configuration).chip;
    r.conditions.runtime.clear();
    const bool is_new = seen.insert(on + workloads::to_text(r)).second;
    if (!is_new) continue;
    requests.push_back(asked_in(asked.configuration, asked.form));
    chips.push_back(on);
  }
  std::vector<Accuracy> trained_now(accuracies.size());
  std::atomic<std::size_t> next = 0;
  // Lowering is the costly part of a price, and is kept. Trainings first: they are the longest.
  const auto work = [&] {
    for (std::size_t i = next++; i < accuracies.size() + requests.size(); i = next++) try {
        if (i < accuracies.size()) {
          trained_now[i] = trained(accuracies[i]);
          continue;
        }
        const workloads::Request& r = requests[i - accuracies.size()];
        lower(r, target_of(r, load_chip(chips[i - accuracies.size()])));
      } catch (const InputError&) {
        // Whoever asks for it is told.
      }
  };
  std::vector<std::future<void>> others;
  constexpr int workers = 4;  // processors of the smallest machine; the shares even out
  for (int n = 1; n < workers; ++n) others.push_back(std::async(std::launch::async, work));
  work();
  for (std::future<void>& other : others) other.get();
  for (std::size_t i = 0; i < accuracies.size(); ++i)
    if (trained_now[i].reads > 0) accuracies_[accuracies[i]] = trained_now[i];
}

Pricer::Accuracy Pricer::trained(const std::string& name) const {
  const Configuration& c = published_.configuration(name);
  const workloads::Request asked = request(name);
  if (asked.kind->name != "readqc") throw InputError(name, "accuracy is of a read-QC model");
  constexpr std::int64_t reads_made = 3000;  // half a second of training; the band says the rest
  constexpr std::uint64_t seed = 20261121;   // any
  const qc::ReadBatch reads = qc::seeded_reads(reads_made, seed);
  ReadQcPlan plan;
  plan.model = qc::train(workloads::work_as<workloads::ReadQcWork>(asked).spec(), reads, {});
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
  const Target target = target_of(asked, load_chip(c.chip));
  const ReadQcAnswers answers = answer_reads(
      plan, target, kernels::arith::profile_named(target.chip.machine().default_profile), source);
  for (const results::Part& part : answers.accuracy)
    if (part.name == "accuracy") return {part.value, answers.reads};
  throw InputError(name, "the model has no quality head");
}

}  // namespace ane::sim
