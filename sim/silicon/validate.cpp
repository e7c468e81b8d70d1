#include "sim/silicon/validate.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <set>

#include "isa/error.h"
#include "isa/status.h"
#include "sim/silicon/band.h"
#include "sim/silicon/naive.h"
#include "workloads/request/kind.h"

namespace ane::sim {
namespace {

std::string family_of(const Chip& chip) {
  const auto& about = chip.description().about;
  const auto at = about.find("family");
  return at == about.end() ? chip.name() : at->second;
}

const Chip& chip_named(const std::string& name, const std::vector<std::string>& settings,
                       std::map<std::string, Chip>& loaded) {
  const auto at = loaded.find(name);
  return at != loaded.end() ? at->second
                            : loaded.emplace(name, chip_of_row(name, settings)).first->second;
}

// A setting that some description does not have leaves that one's rows out; one that none has is a
// mistake, told as the last of them tells it.
template <class Load>
void check_settings(const std::vector<std::string>& settings, std::string_view folder,
                    const Load& load) {
  for (const std::string& setting : settings) {
    std::optional<InputError> fault;
    for (const std::string& name : description_names(folder)) {
      try {
        load(name, {setting});
        fault.reset();
        break;
      } catch (const InputError& e) {
        fault = e;
      }
    }
    if (fault) throw InputError(*fault);
  }
}

// "2021 MacBook Pro M1 Max (32 GB)" -> "M1 Max"; empty where the words name no chip or several, or
// where a word is neither a number nor one that people use of machines.
std::string named_chip(const std::string& words) {
  // Letters and digits apart from all else, in lower case.
  std::vector<std::string> parts{""};
  for (const char c : words)
    if (std::isalnum(static_cast<unsigned char>(c)) != 0)
      parts.back() += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    else if (!parts.back().empty())
      parts.emplace_back();
  std::string found;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const std::string& p = parts[i];
    const bool chip = p.size() >= 2 && p.size() <= 3 && (p[0] == 'm' || p[0] == 'a') &&
                      p.find_first_not_of("0123456789", 1) == std::string::npos;
    if (!chip) {
      static const std::set<std::string, std::less<>> used = {
          "",      "apple", "mac",    "macbook", "mbp",    "mba",  "air", "pro",  "mini", "studio",
          "imac",  "ipad",  "iphone", "class",   "guide",  "chip", "soc", "gb",   "ram",  "core",
          "cores", "gpu",   "cpu",    "base",    "bionic", "plus", "max", "ultra"};
      if (!used.contains(p) && p.find_first_of("0123456789") == std::string::npos) return "";
      continue;
    }
    std::string name = p;
    for (const char* tier : {"pro", "max", "ultra"})
      if (i + 1 < parts.size() && parts[i + 1] == tier) name += " " + parts[++i];
    if (!found.empty() && found != name) return "";
    found = name;
  }
  return found;
}

// What is wrong and the nearest valid choice; a long list of all choices is left out.
std::string reason_of(const InputError& e) {
  constexpr std::size_t longest_note = 120;
  std::string note = e.note();
  const std::size_t all = note.find("one of: ");
  if (all != std::string::npos && note.size() > longest_note) note.resize(all);
  while (note.ends_with(' ')) note.pop_back();
  return note.empty() ? e.what() : fmt::format("{} ({})", e.what(), note);
}

std::string sweep(const Comparison& c) {
  return fmt::format("{}\n{}\n{}\n{}\n{}\n{}", c.row.chip, c.row.source, c.unit, c.path, c.kind,
                     c.row.quantity);
}

std::string key_of(const Comparison& c, const std::string& key) {
  if (key == "kind") return c.kind;
  if (key == "chip") return c.row.chip;
  if (key == "source") return c.row.source;
  if (key == "unit") return c.unit;
  if (key == "path") return c.path;
  // The generation of the system's software, where a row's says which.
  if (key == "runtime") return c.row.runtime.empty() ? c.path : c.row.runtime;
  if (key == "family") return c.family;
  if (key == "quantity") return c.row.quantity;
  if (key == "measure") return std::string(workloads::measure_of(quantity_of(c.row)));
  if (key == "trust") return c.row.trust;
  if (key == "file") return c.row.file;
  const std::vector<std::string> choices = {"kind",    "chip",    "source", "unit",
                                            "path",    "runtime", "file",   "quantity",
                                            "measure", "family",  "trust"};
  throw InputError("--by", fmt::format("unknown key '{}'", key), choice_note(key, choices));
}

}  // namespace

Chip chip_of_row(const std::string& machine, const std::vector<std::string>& settings) {
  try {
    return load_chip(machine, settings);
  } catch (const InputError&) {
    const std::string named = named_chip(machine);
    if (named.empty()) throw;
    return load_chip(named, settings);
  }
}

double Comparison::log_ratio() const {
  // A measured zero (an idle rail) is met by a predicted zero and by nothing else.
  if (*row.value == 0) return *predicted == 0 ? 0 : INFINITY;
  return std::log(*predicted / *row.value);
}
double Comparison::error() const {
  return std::expm1(std::fabs(log_ratio()));
}

bool Comparison::inside() const {
  return *row.value >= band.low && *row.value <= band.high;
}

double Validation::coverage() const {
  return with_spec == 0 ? 0 : static_cast<double>(run) / static_cast<double>(with_spec);
}

Validation compare_rows(const std::vector<SiliconRow>& rows,
                        const std::vector<std::string>& chip_settings,
                        const std::vector<std::string>& runtime_settings) {
  check_settings(chip_settings, "chips", load_chip);
  check_settings(runtime_settings, "runtimes", load_runtime);
  Validation v;
  std::map<std::string, Chip> chips;
  std::map<std::string, Runtime> runtimes;
  Bands bands;
  std::map<std::string, std::size_t> reasons;
  Progress progress("rows", std::ssize(rows));
  for (const SiliconRow& row : rows) {
    progress.step();
    ++v.rows;
    if (!row.asks()) continue;
    ++v.with_spec;
    Comparison c;
    c.row = row;
    try {
      const workloads::Request request = request_of(row);
      const workloads::Conditions& conditions = request.conditions;
      c.kind = request.kind->name;
      c.unit = workloads::name(conditions.unit.value_or(Unit::ane));
      c.path = workloads::parse_request(row.spec).conditions.runtime;
      if (c.path.empty()) c.path = "none";
      const Chip& chip = chip_named(row.machine, chip_settings, chips);
      c.family = family_of(chip);
      auto runtime = runtimes.find(conditions.runtime);
      if (runtime == runtimes.end())
        runtime =
            runtimes.emplace(conditions.runtime, load_runtime(conditions.runtime, runtime_settings))
                .first;
      const Target target{chip, runtime->second,
                          unit_on(chip, conditions.unit.value_or(Unit::ane))};
      const workloads::Quantity q = quantity_of(row);
      const Lowered work = lower(request, target);
      const results::Cost cost = price(work, target, conditions);
      c.causes = cost.totals.causes;
      c.bound = cost.totals.bound;
      c.predicted = quantity(cost, work.job(), q);
      c.band = bands.around(*c.predicted, request, target, q);
      c.naive = naive_quantity(request, target, q);
      ++v.run;
    } catch (const InputError& e) {
      c.predicted.reset();
      c.skipped = reason_of(e);
      ++reasons[c.skipped];
    }
    v.comparisons.push_back(std::move(c));
  }
  for (const auto& [reason, n] : reasons) v.skipped.push_back({reason, n});
  std::stable_sort(v.skipped.begin(), v.skipped.end(),
                   [](const Skips& a, const Skips& b) { return a.n > b.n; });
  return v;
}

Score score_of(const std::vector<const Comparison*>& rows) {
  Score s;
  std::vector<double> errors, naive;
  std::map<std::string, std::pair<std::vector<double>, std::vector<double>>> sweeps;
  for (const Comparison* c : rows) {
    if (!c->scored()) continue;
    errors.push_back(c->error());
    s.inside += c->inside() ? 1 : 0;
    if (c->naive) naive.push_back(std::expm1(std::fabs(std::log(*c->naive / *c->row.value))));
    auto& [predicted, measured] = sweeps[sweep(*c)];
    predicted.push_back(*c->predicted);
    measured.push_back(*c->row.value);
  }
  s.n = errors.size();
  if (s.n > 0) s.inside /= static_cast<double>(s.n);
  s.median = quantile(errors, 0.5);
  s.p90 = quantile(errors, 0.9);
  for (const double e : errors) s.mean += e / static_cast<double>(errors.size());
  if (!naive.empty()) {
    s.naive_median = quantile(naive, 0.5);
    s.naive_p90 = quantile(naive, 0.9);
  }
  double sum = 0;
  int counted = 0;
  for (const auto& [name, pair] : sweeps) {
    if (pair.first.size() < 5) continue;
    if (const auto rho = rank_correlation(pair.first, pair.second)) {
      sum += *rho;
      ++counted;
    }
  }
  if (counted > 0) s.rank = sum / counted;
  return s;
}

std::vector<GroupScore> group_scores(const Validation& v, const std::vector<std::string>& keys) {
  std::map<std::string, std::pair<std::vector<std::string>, std::vector<const Comparison*>>> groups;
  for (const Comparison& c : v.comparisons) {
    std::vector<std::string> parts;
    for (const std::string& k : keys) parts.push_back(key_of(c, k));
    if (!c.scored()) continue;
    auto& [values, rows] = groups[fmt::format("{}", fmt::join(parts, " "))];
    values = parts;
    rows.push_back(&c);
  }
  std::vector<GroupScore> out;
  for (const auto& [name, group] : groups)
    out.push_back({name, score_of(group.second), group.first});
  return out;
}

std::vector<GroupScore> baseline_scores(const Validation& v) {
  std::map<std::string, std::vector<const Comparison*>> files;
  for (const Comparison& c : v.comparisons)
    if (c.scored() && c.unit == "ane" && (c.kind == "conv" || c.kind == "matmul") && c.naive)
      files[c.row.file].push_back(&c);
  std::vector<GroupScore> out;
  for (const auto& [name, rows] : files) out.push_back({name, score_of(rows)});
  return out;
}

std::vector<results::Silicon> silicon_records(const Validation& v,
                                              const std::string& code_version) {
  std::vector<results::Silicon> out;
  for (const Comparison& c : v.comparisons) {
    results::Silicon s{.file = c.row.file,
                       .line = c.row.line,
                       .chip = c.row.chip,
                       .kind = c.kind,
                       .spec = c.row.spec,
                       .quantity = c.row.quantity,
                       .source = c.row.source,
                       .trust = c.row.trust,
                       .measured = *c.row.value,
                       .skipped = c.skipped,
                       .code_version = code_version};
    if (c.predicted) {
      s.predicted = *c.predicted;
      s.predicted_low = c.band.low;
      s.predicted_high = c.band.high;
    }
    out.push_back(std::move(s));
  }
  return out;
}

}  // namespace ane::sim
