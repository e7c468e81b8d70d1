#include "sim/price/levers.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <sstream>

#include "isa/error.h"
#include "sim/price/price.h"
#include "sim/price/target.h"
#include "workloads/request/request.h"

namespace ane::sim {
namespace {

constexpr double least_gain = 1.01;

struct Change {
  std::string path, setting, now, then;
  double gain = 0;
};

class Prices {
 public:
  explicit Prices(const results::Record& record)
      : run_(record.run), request_(workloads::parse_request(run_.request)) {
    std::istringstream words(run_.overrides);
    for (std::string word; words >> word;) overrides_.push_back(word);
    unit_ = workloads::parse_term<Unit>("unit", run_.unit, "unit");
    chip_.emplace(load_chip(run_.chip, overrides_));
    before_ = latency({}).value_or(results::unknown);
  }

  const Chip& chip() const { return *chip_; }
  double before() const { return before_; }

  // Nothing where the chip does not take the value.
  std::optional<double> latency(const std::vector<std::string>& settings) const try {
    std::vector<std::string> all = overrides_;
    all.insert(all.end(), settings.begin(), settings.end());
    const Target target = make_target(load_chip(run_.chip, all), unit_, run_.runtime);
    return price(request_, target).totals.latency_s;
  } catch (const InputError&) {
    return std::nullopt;
  }

 private:
  const results::Run& run_;
  workloads::Request request_;
  std::vector<std::string> overrides_;
  Unit unit_{};
  std::optional<Chip> chip_;
  double before_ = results::unknown;
};

// Times are moved by what does work for the unit; watts and joules are not.
bool moves_time(std::string_view path, std::string_view unit) {
  const std::string own = std::string(unit) + ".";
  const bool near =
      path.starts_with(own) || path.starts_with("memory.") || path.starts_with("cpu.");
  return near && path.find(".energy.") == std::string_view::npos &&
         path.find(".power.") == std::string_view::npos &&
         path.find(".features.") == std::string_view::npos;
}

std::string in_own_unit(const Parameter& p, double value) {
  return fmt::format("{:.4g}{}{}", value / p.scale, p.unit.empty() ? "" : " ", p.unit);
}

// The better of twice and half.
std::optional<Change> change_of(const Prices& prices, const std::string& path, const Parameter& p) {
  std::optional<Change> best;
  for (const double factor : {2.0, 0.5}) {
    const double value = p.value * factor;
    if (p.value == 0 || (p.dimension == "1" && p.value == 1 && factor < 1)) continue;
    const std::string setting = fmt::format("{}={}", path, value);
    const auto latency = prices.latency({setting});
    if (!latency) continue;
    const double gain = prices.before() / *latency;
    if (gain >= least_gain && (!best || gain > best->gain))
      best = Change{path, setting, in_own_unit(p, p.value), in_own_unit(p, value), gain};
  }
  return best;
}

}  // namespace

std::vector<results::Lever> levers_of(const results::Record& record, std::size_t most) try {
  if (record.run.request.empty()) return {};
  const Prices prices(record);
  // What is asked again must be what was asked.
  if (!(std::abs(prices.before() / record.totals.latency_s - 1) < 1e-6)) return {};
  std::vector<Change> changes;
  for (const auto& [path, p] : prices.chip().description().parameters)
    if (moves_time(path, record.run.unit))
      if (auto change = change_of(prices, path, p)) changes.push_back(std::move(*change));
  std::ranges::stable_sort(changes, std::greater{}, &Change::gain);
  std::vector<results::Lever> levers;
  for (const Change& c : changes)
    if (levers.size() < most) levers.push_back({c.path, c.now, c.then, c.gain, ""});
  if (changes.empty()) return levers;
  // Of two limits that bind at once neither gives much alone.
  std::optional<results::Lever> pair;
  for (const auto& [path, p] : prices.chip().description().parameters) {
    if (!moves_time(path, record.run.unit) || path == changes[0].path || p.value == 0) continue;
    const auto latency =
        prices.latency({changes[0].setting, fmt::format("{}={}", path, 2 * p.value)});
    if (!latency) continue;
    const double gain = prices.before() / *latency;
    if (gain > 1.1 * changes[0].gain && (!pair || gain > pair->gain))
      pair = results::Lever{path, in_own_unit(p, p.value), in_own_unit(p, 2 * p.value), gain,
                            fmt::format("{} {}", changes[0].path, changes[0].then)};
  }
  if (pair) levers.push_back(std::move(*pair));
  return levers;
} catch (const InputError&) {
  return {};
}

}  // namespace ane::sim
