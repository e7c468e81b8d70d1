#include "results/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "results/document.h"
#include "results/text.h"
#include "sim/profile/profile.h"

namespace ane::sim {
namespace {

using results::Block;
using results::Cell;
using results::Table;

// Names of nodes may be long paths; their ends tell them apart.
std::string short_name(const std::string& name) {
  constexpr std::size_t most = 32;
  return name.size() <= most ? name : "..." + name.substr(name.size() - most + 3);
}

Cell known(double v) {
  return results::known(v);
}

Table operators_table(const Profile& p, bool whole_names = true) {
  Table t{"operators",
          {{"name", "operator", ""},
           {"op", "op", ""},
           {"unit", "unit", ""},
           {"label", "rule", ""},
           {"reason", "", ""},
           {"seconds", "time", "s"},
           {"share", "share", "%"},
           {"bound", "bound", ""},
           {"macs", "MACs", "count"},
           {"bytes", "DRAM", "B"},
           {"energy_j", "energy", "J"}},
          {}};
  for (const ProfiledOperator& o : p.operators)
    t.rows.push_back({whole_names ? o.name : short_name(o.name), o.op, o.unit, o.label, o.reason,
                      o.seconds, o.share, o.bound, results::nonzero(o.macs),
                      results::nonzero(o.bytes), known(o.energy_j)});
  return t;
}

// The longest, as many as a page takes.
Table longest(Table t, std::size_t most) {
  std::ranges::stable_sort(t.rows, [](const auto& a, const auto& b) {
    return std::get<double>(a[5]) > std::get<double>(b[5]);
  });
  if (t.rows.size() > most) t.rows.resize(most);
  return t;
}

Table units_table(const Profile& p) {
  Table t{"units",
          {{"unit", "unit", ""},
           {"operators", "operators", ""},
           {"seconds", "time", "s"},
           {"share", "share", "%"},
           {"macs", "MACs", "count"},
           {"energy_j", "energy", "J"}},
          {},
          true};
  for (const auto& [unit, sum] : p.by_unit)
    t.rows.push_back({unit, static_cast<std::int64_t>(sum.operators), sum.seconds,
                      results::share_of(sum.seconds, p.record.totals.latency_s),
                      results::nonzero(sum.macs), known(sum.energy_j)});
  return t;
}

Table segments_table(const Profile& p) {
  Table t{"segments",
          {{"unit", "segment", ""},
           {"first", "from", ""},
           {"last", "to", ""},
           {"operators", "operators", ""},
           {"seconds", "time", "s"},
           {"bytes_in", "in", "B"},
           {"bytes_out", "out", "B"}},
          {},
          true};
  for (const ProfiledSegment& s : p.segments)
    t.rows.push_back({s.unit, short_name(p.operators[s.first].name),
                      short_name(p.operators[s.first + s.operators - 1].name),
                      static_cast<std::int64_t>(s.operators), s.seconds, known(s.bytes_in),
                      known(s.bytes_out)});
  return t;
}

Table fallbacks_table(const Profile& p) {
  Table t{"fallbacks",
          {{"label", "rule", ""},
           {"operators", "operators", ""},
           {"seconds", "time", "s"},
           {"gain_s", "gain", "s"}},
          {},
          true};
  for (const Fallback& f : p.fallbacks)
    t.rows.push_back({f.label, static_cast<std::int64_t>(f.operators), f.seconds, known(f.gain_s)});
  return t;
}

Table what_ifs_table(const Profile& p) {
  Table t{"what_ifs",
          {{"what", "what if", ""},
           {"latency_s", "latency", "s"},
           {"energy_j", "energy", "J"},
           {"times", "times as quick", "x"},
           {"refused", "", "..."}},
          {},
          true};
  for (const WhatIf& w : p.what_ifs)
    t.rows.push_back({w.what, known(w.latency_s), known(w.energy_j),
                      known(p.record.totals.latency_s / w.latency_s), w.refused});
  return t;
}

nlohmann::ordered_json number(double v) {
  return std::isnan(v) ? nlohmann::ordered_json(nullptr) : nlohmann::ordered_json(v);
}

}  // namespace

std::string profile_text(const Profile& p, std::size_t columns, bool whole) {
  const results::Totals& t = p.record.totals;
  Block head;
  head.before = {
      fmt::format("  {} a call, {}; {:.1f} % of the operators on the accelerator{}",
                  results::with_unit(t.latency_s, "s"), results::with_unit(t.energy_j, "J"),
                  100 * p.on_ane_share,
                  std::isnan(p.on_ane_macs_share)
                      ? ""
                      : fmt::format(", {:.1f} % of the MACs", 100 * p.on_ane_macs_share))};
  std::string causes;
  for (const results::Part& c : t.causes)
    if (c.value > 0.005 * t.latency_s)
      causes += fmt::format("{}{} {}", causes.empty() ? "" : ", ", c.name,
                            results::with_unit(c.value, "s"));
  head.before.push_back("  " + causes);
  head.table = units_table(p);
  std::vector<Block> blocks{std::move(head)};
  const auto add = [&](const char* title, Table table) {
    if (table.rows.empty()) return;
    Block b;
    b.before = {fmt::format("  {}", title)};
    b.table = std::move(table);
    blocks.push_back(std::move(b));
  };
  constexpr std::size_t page = 15;
  Table operators = operators_table(p, whole);
  for (results::Column& c : operators.columns)
    if (c.key == "reason") c.title.clear();
  operators.in_full = true;
  const bool cut = !whole && operators.rows.size() > page;
  add(cut ? "the longest operators (all with --wide, --json or --csv)" : "operators",
      cut ? longest(std::move(operators), page) : std::move(operators));
  if (p.segments.size() > 1) {
    Table segments = segments_table(p);
    const std::size_t all = segments.rows.size();
    if (!whole && all > page) segments.rows.resize(page);
    add(fmt::format("segments{}", segments.rows.size() < all
                                      ? fmt::format(", the first {} of {}", page, all)
                                      : "")
            .c_str(),
        std::move(segments));
  }
  add("what does not run on the accelerator, and what its leaving the CPU would give",
      fallbacks_table(p));
  for (const Fallback& f : p.fallbacks)
    blocks.back().after.push_back(fmt::format("  {}: {}{}{}", f.label, f.reason,
                                              f.rewrite.empty() ? "" : "; instead: ", f.rewrite));
  add("what if", what_ifs_table(p));
  for (const std::string& note : p.record.notes) blocks.back().after.push_back("  note: " + note);
  results::Report report{fmt::format("{} on {}, units {}{}", p.model, p.chip, p.units,
                                     p.placement.empty() ? "" : ", placement " + p.placement),
                         &p.record, std::move(blocks)};
  return results::text_of({report}, columns);
}

std::string profile_csv(const Profile& p) {
  Block b;
  b.table = operators_table(p);
  return results::csv_of({results::Report{"", &p.record, {b}}});
}

std::string profile_json(const Profile& p) {
  using Json = nlohmann::ordered_json;
  Json body;
  body["model"] = p.model;
  body["chip"] = p.chip;
  body["units"] = p.units;
  if (!p.placement.empty()) body["placement"] = p.placement;
  body["precision"] = p.record.run.precision;
  body["batch"] = p.record.run.batch;
  body["latency_s"] = number(p.record.totals.latency_s);
  body["energy_j"] = number(p.record.totals.energy_j);
  body["on_ane_share"] = p.on_ane_share;
  body["on_ane_macs_share"] = number(p.on_ane_macs_share);
  body["by_unit"] = Json::object();
  for (const auto& [unit, sum] : p.by_unit)
    body["by_unit"][unit] = {{"operators", sum.operators},
                             {"seconds", number(sum.seconds)},
                             {"macs", sum.macs},
                             {"energy_j", number(sum.energy_j)}};
  body["causes"] = Json::object();
  for (const results::Part& c : p.record.totals.causes) body["causes"][c.name] = number(c.value);
  body["segments"] = Json::array();
  for (const ProfiledSegment& s : p.segments)
    body["segments"].push_back({{"unit", s.unit},
                                {"first", p.operators[s.first].name},
                                {"last", p.operators[s.first + s.operators - 1].name},
                                {"operators", s.operators},
                                {"seconds", number(s.seconds)},
                                {"bytes_in", number(s.bytes_in)},
                                {"bytes_out", number(s.bytes_out)}});
  body["operators"] = Json::array();
  for (const ProfiledOperator& o : p.operators)
    body["operators"].push_back({{"name", o.name},
                                 {"op", o.op},
                                 {"unit", o.unit},
                                 {"label", o.label},
                                 {"reason", o.reason},
                                 {"seconds", number(o.seconds)},
                                 {"share", number(o.share)},
                                 {"bound", o.bound},
                                 {"macs", o.macs},
                                 {"bytes", o.bytes},
                                 {"energy_j", number(o.energy_j)}});
  body["fallbacks"] = Json::array();
  for (const Fallback& f : p.fallbacks)
    body["fallbacks"].push_back({{"label", f.label},
                                 {"reason", f.reason},
                                 {"source", f.source},
                                 {"rewrite", f.rewrite},
                                 {"operators", f.operators},
                                 {"seconds", number(f.seconds)},
                                 {"gain_s", number(f.gain_s)}});
  body["what_ifs"] = Json::array();
  for (const WhatIf& w : p.what_ifs)
    body["what_ifs"].push_back({{"what", w.what},
                                {"latency_s", number(w.latency_s)},
                                {"energy_j", number(w.energy_j)},
                                {"refused", w.refused}});
  body["notes"] = p.record.notes;
  return results::document(body);
}

}  // namespace ane::sim
