// summary: what one call costs, and what the run was.
//
//   readqc mlp on M4 ane (coreml, ane16, fp16), batch 100
//     input       reads.fq.gz, 20000 items
//     latency     250 us a call, 220 us to 300 us by the model's uncertainty
//     throughput  400 k items/s
//     energy      500 uJ a call, 5.00 uJ an item
//     power       2.00 W
//     memory      192 KiB at the peak, 160 KiB to and from DRAM a call
//     work        4.67 M MACs a call, 18.7 GMAC/s
//     bound       dispatch
//     causes      dispatch 200 us (80.0 %), weights 30.0 us (12.0 %), ...
//     joules      static 300 uJ (60.0 %), ...
//     accuracy    f1 0.9612, flips 3
//     digest      8f3a
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "results/columns.h"
#include "results/json.h"
#include "results/text.h"
#include "results/views/views.h"

namespace ane::results {

const char* const summary_reading =
    "A call is one batch. Causes sum to the latency and joules to the energy, the largest "
    "first. The digest is of the output's bits: equal digests are equal answers.";

namespace {

// "  label       a, b," with what does not fit below, indented.
std::string labelled(std::string_view label, const std::vector<std::string>& items,
                     std::size_t columns) {
  std::string all, line = fmt::format("  {:<12}", label);
  const std::size_t indent = line.size();
  for (std::size_t i = 0; i < items.size(); ++i) {
    const std::string item = items[i] + (i + 1 < items.size() ? "," : "");
    const bool first = line.size() == indent;
    if (!first && display_width(line) + 1 + display_width(item) > columns) {
      all += line + "\n";
      line = std::string(indent, ' ') + item;
    } else {
      line += (first ? "" : " ") + item;
    }
  }
  all += line;
  // An item may itself be wider than the line.
  std::string broken;
  for (std::size_t from = 0; from <= all.size();) {
    const std::size_t end = std::min(all.find('\n', from), all.size());
    broken += wrapped(all.substr(from, end - from), columns, indent) + "\n";
    from = end + 1;
  }
  return broken;
}

std::vector<std::string> largest_first(Parts parts, double whole, std::string_view unit) {
  std::stable_sort(parts.begin(), parts.end(),
                   [](const Part& a, const Part& b) { return a.value > b.value; });
  std::vector<std::string> items;
  for (const Part& p : parts)
    items.push_back(
        fmt::format("{} {} ({})", p.name, with_unit(p.value, unit), percent(p.value / whole)));
  return items;
}

std::string band_text(const std::optional<Band>& band, std::string_view unit) {
  if (!band) return "";
  const int digits = digits_of(band);
  return fmt::format("{} to {} by the model's uncertainty", with_unit(band->low, unit, digits),
                     with_unit(band->high, unit, digits));
}

std::string metric_text(const Part& metric) {
  const bool whole = metric.value == std::floor(metric.value) && std::abs(metric.value) < 1e15;
  return fmt::format("{} {}", metric.name,
                     whole ? fmt::format("{:.0f}", metric.value) : significant(metric.value, 4));
}

std::string one(const Record& r, std::size_t columns) {
  const Totals& t = r.totals;
  const auto labelled = [&](std::string_view label, const std::vector<std::string>& items) {
    return results::labelled(label, items, columns);
  };
  const double batch = static_cast<double>(r.run.batch);
  std::string text = wrapped(heading(r.run), columns, 2) + "\n";
  if (!r.run.input.empty())
    text += labelled("input", {r.run.input, fmt::format("{} items", r.run.items)});
  const auto with_band = [](std::string first, const std::string& band) {
    std::vector<std::string> items{std::move(first)};
    if (!band.empty()) items.push_back(band);
    return items;
  };
  text += labelled("latency",
                   with_band(with_unit(t.latency_s, "s", digits_of(t.latency_band_s)) + " a call",
                             band_text(t.latency_band_s, "s")));
  const double per_s = digits_of(t.latency_band_s) < 3
                           ? rounded(t.throughput_items_per_s, digits_of(t.latency_band_s))
                           : t.throughput_items_per_s;
  const Scale rate = scale_for(per_s, "");
  text += labelled(
      "throughput",
      {fmt::format("{} {}items/s", significant(per_s / rate.factor, digits_of(t.latency_band_s)),
                   rate.unit.empty() ? "" : rate.unit + " ")});
  if (!std::isnan(t.energy_j)) {
    const int digits = digits_of(t.energy_band_j);
    auto items =
        with_band(with_unit(t.energy_j, "J", digits) + " a call", band_text(t.energy_band_j, "J"));
    items.insert(items.begin() + 1, with_unit(t.energy_j / batch, "J", digits) + " an item");
    text += labelled("energy", items);
    text += labelled("power", {with_unit(t.power_w, "W")});
  }
  text += labelled(
      "memory", {with_unit(static_cast<double>(t.peak_memory_bytes), "B") + " at the peak",
                 with_unit(static_cast<double>(t.dram_bytes), "B") + " to and from DRAM a call"});
  const double macs = static_cast<double>(t.macs);
  text += labelled("work",
                   {with_unit(macs, "") + " MACs a call", with_unit(macs / t.latency_s, "MAC/s")});
  if (!t.bound.empty()) text += labelled("bound", {t.bound});
  if (!t.causes.empty()) text += labelled("causes", largest_first(t.causes, t.latency_s, "s"));
  if (!t.energy_parts.empty())
    text += labelled("joules", largest_first(t.energy_parts, t.energy_j, "J"));
  std::vector<std::string> metrics;
  for (const Part& m : t.accuracy) metrics.push_back(metric_text(m));
  if (!metrics.empty()) text += labelled("accuracy", metrics);
  if (!t.digest.empty()) text += labelled("digest", {t.digest});
  for (const std::string& n : r.notes) text += wrapped("  note: " + n, columns, 8) + "\n";
  return text;
}

}  // namespace

namespace {

std::string csv(Records records, const std::string& table) {
  Table t{"records", {}, {}};
  for (const Record& r : records) {
    std::vector<Column> columns{{"id", "", ""}};
    std::vector<Cell> row{nonzero(r.stored.id)};
    const auto visit = [&](std::string_view name, const auto& value) {
      columns.push_back({std::string(name), "", ""});
      row.emplace_back(value);
    };
    total_columns(r.totals, r.limits, visit);
    const auto ends = [](const std::optional<Band>& b) { return b ? *b : Band{unknown, unknown}; };
    band_columns(ends(r.totals.latency_band_s), ends(r.totals.energy_band_j), visit);
    visit("digest", r.totals.digest);
    run_columns(r.run, visit);
    t.columns = std::move(columns);
    t.rows.push_back(std::move(row));
  }
  return csv_of({{"", nullptr, {{{}, std::move(t), {}}}}}, table);
}

}  // namespace

std::string summary(Records records, const Rendering& how) {
  if (how.style == Style::json) return records_json(records);
  if (how.style == Style::csv) return csv(records, how.table);
  std::vector<std::string> texts;
  for (const Record& r : records) texts.push_back(one(r, how.columns));
  return fmt::format("{}", fmt::join(texts, "\n"));
}

}  // namespace ane::results
