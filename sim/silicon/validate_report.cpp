#include "sim/silicon/validate_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "results/csv.h"
#include "results/document.h"
#include "results/report.h"

namespace ane::sim {
namespace {

using Json = nlohmann::ordered_json;

std::string percent(double x) {
  return std::isfinite(x) ? fmt::format("{:.1f} %", 100 * x) : "-";
}
std::string rank_text(const std::optional<double>& r) {
  return r ? fmt::format("{:.2f}", *r) : "-";
}
// JSON has no infinity.
Json number(double x) {
  return std::isfinite(x) ? Json(x) : Json();
}
Json optional(const std::optional<double>& x) {
  return x ? number(*x) : Json();
}

std::vector<const Comparison*> all(const Validation& v) {
  std::vector<const Comparison*> out;
  for (const Comparison& c : v.comparisons) out.push_back(&c);
  return out;
}

std::vector<const Comparison*> worst(const Validation& v, std::size_t n) {
  std::vector<const Comparison*> out;
  for (const Comparison& c : v.comparisons)
    if (c.scored()) out.push_back(&c);
  std::stable_sort(out.begin(), out.end(), [](const Comparison* a, const Comparison* b) {
    return a->error() > b->error();
  });
  out.resize(std::min(n, out.size()));
  return out;
}

std::size_t listed(const Validation& v) {
  return static_cast<std::size_t>(
      std::count_if(v.comparisons.begin(), v.comparisons.end(),
                    [](const Comparison& c) { return c.predicted && !c.scored(); }));
}

std::string reason_listed(const Comparison& c) {
  return c.row.excluded.empty() ? "trust D" : c.row.excluded;
}

std::string causes_text(const Comparison& c) {
  std::vector<std::string> parts;
  const double seconds = results::sum(c.causes);
  for (const results::Part& part : c.causes)
    if (part.value > 0.005 * seconds)
      parts.push_back(fmt::format("{} {:.0f} %", part.name, 100 * part.value / seconds));
  return fmt::format("{}", fmt::join(parts, ", "));
}

Json score_json(const Score& s) {
  return {{"n", s.n},
          {"median", number(s.median)},
          {"p90", number(s.p90)},
          {"mean", number(s.mean)},
          {"rank", optional(s.rank)},
          {"inside_band", number(s.inside)},
          {"naive_median", number(s.naive_median)},
          {"naive_p90", number(s.naive_p90)}};
}

std::string_view state_of(const Comparison& c) {
  return !c.predicted ? "skipped" : c.scored() ? "scored" : "listed";
}

std::string reason_of(const Comparison& c) {
  return !c.predicted ? c.skipped : c.scored() ? "" : reason_listed(c);
}

Json row_json(const Comparison& c) {
  const bool ran = c.predicted.has_value();
  return {{"file", c.row.file},
          {"line", c.row.line},
          {"chip", c.row.chip},
          {"unit", c.unit},
          {"kind", c.kind},
          {"trust", c.row.trust},
          {"spec", c.row.spec},
          {"quantity", c.row.quantity},
          {"measured", *c.row.value},
          {"predicted", optional(c.predicted)},
          {"low", ran ? number(c.band.low) : Json()},
          {"high", ran ? number(c.band.high) : Json()},
          {"error", ran ? number(c.error()) : Json()},
          {"naive", optional(c.naive)},
          {"bound", c.bound.empty() ? Json() : Json(c.bound)},
          {"state", state_of(c)},
          {"reason", reason_of(c).empty() ? Json() : Json(reason_of(c))}};
}

}  // namespace

std::string validation_text(const Validation& v, const ReportOptions& options,
                            std::size_t columns) {
  const Score a = score_of(all(v));
  results::Report report{
      fmt::format("{} rows, {} with a spec, {} run ({:.1f} %), {} scored, {} listed only", v.rows,
                  v.with_spec, v.run, 100 * v.coverage(), a.n, listed(v)),
      nullptr,
      {}};
  const auto cell = [](double x) {
    return results::known(std::isfinite(x) ? x : results::unknown);
  };
  results::Table groups{"by",
                        {{"group", fmt::format("{}", fmt::join(options.by, " ")), ""},
                         {"n", "rows", ""},
                         {"median", "median", "%"},
                         {"p90", "p90", "%"},
                         {"mean", "mean", "%"},
                         {"rank", "rank", ""},
                         {"inside_band", "in band", "%"},
                         {"naive_median", "naive", "%"},
                         {"naive_p90", "naive p90", "%"}},
                        {}};
  const auto line = [&](const std::string& name, const Score& s) {
    groups.rows.push_back({name, static_cast<std::int64_t>(s.n), cell(s.median), cell(s.p90),
                           cell(s.mean),
                           s.rank ? results::Cell{rank_text(s.rank)} : results::Cell{},
                           cell(s.inside), cell(s.naive_median), cell(s.naive_p90)});
  };
  groups.columns[5].unit = ">";
  for (const GroupScore& g : group_scores(v, options.by)) line(g.group, g.score);
  line("all", a);
  report.blocks.push_back({{}, std::move(groups), {}});
  results::Block base;
  if (const auto baseline = baseline_scores(v); !baseline.empty()) {
    base.after.emplace_back("convolutions and products on the ANE, beside the naive model");
    for (const GroupScore& g : baseline)
      base.after.push_back(fmt::format("  {} {} rows: median {}, 90th {}; naive {}, {}", g.group,
                                       g.score.n, percent(g.score.median), percent(g.score.p90),
                                       percent(g.score.naive_median), percent(g.score.naive_p90)));
  }
  report.blocks.push_back(std::move(base));
  results::Block worst_rows;
  if (options.worst > 0) worst_rows.before.emplace_back("worst rows (predicted over measured)");
  worst_rows.table = {"worst", {{"ratio", "ratio", ">"}, {"row", "row and causes", "..."}}, {}};
  for (const Comparison* c : worst(v, options.worst))
    worst_rows.table.rows.push_back({fmt::format("{:.3f}", std::exp(c->log_ratio())),
                                     fmt::format("{}:{} {}: {}: {}", c->row.file, c->row.line,
                                                 c->row.chip, c->row.spec, causes_text(*c))});
  report.blocks.push_back(std::move(worst_rows));
  results::Block skipped;
  if (!v.skipped.empty()) skipped.before.emplace_back("not run");
  skipped.table = {"skipped", {{"n", "rows", ""}, {"reason", "reason", "..."}}, {}};
  for (const Skips& k : v.skipped)
    skipped.table.rows.push_back({static_cast<std::int64_t>(k.n), k.reason});
  report.blocks.push_back(std::move(skipped));
  return results::text_of({std::move(report)}, columns);
}

std::string validation_json(const Validation& v, const ReportOptions& options) {
  Json j = {{"counts", {{"rows", v.rows}, {"with_spec", v.with_spec}, {"run", v.run}}},
            {"with_spec", v.with_spec},
            {"run", v.run},
            {"coverage", v.coverage()},
            {"all", score_json(score_of(all(v)))}};
  j["by"] = Json::array();
  for (const GroupScore& g : group_scores(v, options.by)) {
    Json one = {{"group", g.group}, {"keys", Json::object()}};
    for (std::size_t k = 0; k < g.keys.size(); ++k) one["keys"][options.by[k]] = g.keys[k];
    one.update(score_json(g.score));
    j["by"].push_back(one);
  }
  j["worst"] = Json::array();
  for (const Comparison* c : worst(v, options.worst)) {
    Json causes = Json::array();
    for (const results::Part& p : c->causes) causes.push_back({{"name", p.name}, {"s", p.value}});
    j["worst"].push_back({{"file", c->row.file},
                          {"line", c->row.line},
                          {"chip", c->row.chip},
                          {"spec", c->row.spec},
                          {"quantity", c->row.quantity},
                          {"measured", *c->row.value},
                          {"predicted", number(*c->predicted)},
                          {"error", number(c->error())},
                          {"causes", causes}});
  }
  j["skipped"] = Json::array();
  for (const Skips& s : v.skipped) j["skipped"].push_back({{"reason", s.reason}, {"n", s.n}});
  j["listed"] = Json::array();
  for (const Comparison& c : v.comparisons)
    if (c.predicted && !c.scored())
      j["listed"].push_back({{"file", c.row.file},
                             {"line", c.row.line},
                             {"chip", c.row.chip},
                             {"spec", c.row.spec},
                             {"measured", *c.row.value},
                             {"predicted", number(*c.predicted)},
                             {"reason", reason_listed(c)}});
  j["rows"] = Json::array();
  for (const Comparison& c : v.comparisons) j["rows"].push_back(row_json(c));
  return results::document(j);
}

std::string validation_csv(const Validation& v) {
  std::string out =
      "file,line,chip,trust,spec,quantity,measured,predicted,low,high,error,naive,bound,state,"
      "reason\n";
  for (const Comparison& c : v.comparisons) {
    const auto digits = [](const std::optional<double>& x) {
      return x && std::isfinite(*x) ? fmt::format("{}", *x) : std::string();
    };
    const bool ran = c.predicted.has_value();
    out += fmt::format("{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}\n",
                       results::csv_field(c.row.file), c.row.line, results::csv_field(c.row.chip),
                       c.row.trust, results::csv_field(c.row.spec), c.row.quantity, *c.row.value,
                       digits(c.predicted), ran ? digits(c.band.low) : "",
                       ran ? digits(c.band.high) : "", ran ? digits(c.error()) : "",
                       digits(c.naive), c.bound, state_of(c), results::csv_field(reason_of(c)));
  }
  return out;
}

std::string validation_markdown(const Validation& v, const ReportOptions& options) {
  const Score a = score_of(all(v));
  std::string out = fmt::format(
      "# Predictions against measured silicon\n\n"
      "Made by `anesim validate --markdown`; do not edit. The error of a row is\n"
      "exp(|ln(predicted / measured)|) - 1; `naive` is a roofline with one floor a family\n"
      "(`sim/silicon/naive.h`); `in band` the share of rows whose measured value lies in the band "
      "that\n"
      "the prediction carries. Rows of trust D and rows set aside "
      "(results/silicon/excluded.csv)\nare listed, not scored.\n\n"
      "{} rows, {} with a spec, {} run ({:.1f} %), {} scored, {} listed only.\n",
      v.rows, v.with_spec, v.run, 100 * v.coverage(), a.n, listed(v));
  const auto header = [&](const std::string& by) {
    out += fmt::format(
        "\n| {} | rows | median | 90th percentile | rank | in band | naive median | naive 90th |\n"
        "|---|---:|---:|---:|---:|---:|---:|---:|\n",
        by);
  };
  const auto line = [&](const std::string& name, const Score& s) {
    out += fmt::format("| {} | {} | {} | {} | {} | {} | {} | {} |\n", name, s.n, percent(s.median),
                       percent(s.p90), rank_text(s.rank), percent(s.inside),
                       percent(s.naive_median), percent(s.naive_p90));
  };
  const std::vector<std::string> summary = {"measure", "file", "unit"};
  header(fmt::format("{}", fmt::join(summary, ", ")));
  for (const GroupScore& g : group_scores(v, summary)) line(g.group, g.score);
  line("all", a);
  out += "\n## Convolutions and products on the ANE, beside the naive model\n";
  header("file");
  for (const GroupScore& g : baseline_scores(v)) line(g.group, g.score);
  const auto section = [&](std::string_view title, const std::vector<std::string>& by) {
    out += fmt::format("\n## {}\n", title);
    header(fmt::format("{}", fmt::join(by, ", ")));
    for (const GroupScore& g : group_scores(v, by)) line(g.group, g.score);
  };
  section("By kind of work", options.by);
  section("By software and its generation", {"measure", "unit", "runtime"});
  section("By chip", {"measure", "unit", "chip"});
  out +=
      "\n## Worst rows\n\n| predicted / measured | row | chip | spec | causes "
      "|\n|---:|---|---|---|---|\n";
  for (const Comparison* c : worst(v, options.worst))
    out += fmt::format("| {:.3f} | {}:{} | {} | {} | {} |\n", std::exp(c->log_ratio()), c->row.file,
                       c->row.line, c->row.chip, c->row.spec, causes_text(*c));
  out += "\n## Not run\n\n| rows | reason |\n|---:|---|\n";
  for (const Skips& s : v.skipped) out += fmt::format("| {} | {} |\n", s.n, s.reason);
  out +=
      "\n## Listed, not scored\n\n| row | chip | predicted / measured | reason "
      "|\n|---|---|---:|---|\n";
  for (const Comparison& c : v.comparisons)
    if (c.predicted && !c.scored())
      out += fmt::format("| {}:{} | {} | {:.3f} | {} |\n", c.row.file, c.row.line, c.row.chip,
                         *c.predicted / *c.row.value, reason_listed(c));
  return out;
}

}  // namespace ane::sim
