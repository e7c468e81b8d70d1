#include "sim/claims/tables_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "results/csv.h"
#include "results/document.h"
#include "results/report.h"
#include "results/text.h"

namespace ane::sim {
namespace {

std::string number(double v) {
  if (std::isnan(v)) return "-";
  if (v != 0 && (std::abs(v) < 0.001 || std::abs(v) >= 1e7)) return fmt::format("{:.2e}", v);
  if (std::abs(v) >= 1000) return fmt::format("{:.0f}", v);
  return fmt::format("{:.3g}", v);
}
std::string published(const PublishedClaim& c) {
  const auto exact = [](double v) { return fmt::format("{:g}", v); };
  return c.sense == Sense::up_to      ? "to " + exact(c.high)
         : c.sense == Sense::at_least ? exact(c.low) + "+"
         : c.low == c.high            ? exact(c.low)
                                      : exact(c.low) + "-" + exact(c.high);
}
std::string mark(Verdict v) {
  switch (v) {
    case Verdict::reproduced:
      return "=";
    case Verdict::off:
      return "off";
    case Verdict::impossible:
      return "imp";
    case Verdict::inconsistent:
      return "inc";
    case Verdict::not_measured:
      return "nm";
    case Verdict::not_comparable:
      return "nc";
    case Verdict::stated:
      return "st";
    case Verdict::undecided:
      return "?";
  }
  return "";
}

struct Title {
  const char *table, *text;
};
constexpr Title titles[] = {
    {"chips", "Rated operations and bandwidth by chip"},
    {"capacity", "Memory, and the largest models that fit"},
    {"readqc", "Read quality control"},
    {"bucketing", "ProteinMPNN in buckets on the ANE"},
    {"effort", "Return on the effort"},
    {"llm", "Language models, per token"},
    {"quantization", "Weight formats and efficiency"},
    {"transformer", "Transformers shaped for the ANE"},
    {"power", "Power"},
    {"variants", "ProteinMPNN variants by length, residues/s"},
    {"memory", "Memory of the variants"},
    {"flash_memory", "Memory of attention, MB"},
    {"adaptive", "Adaptive precision"},
    {"roadmap", "What the roadmap expects"},
    {"versions", "Versions"},
    {"summary", "Summary of the variants"},
    {"platforms", "Platforms, over the CPU"},
};

void add_once(std::vector<std::string>& list, const std::string& text) {
  if (std::ranges::find(list, text) == list.end()) list.push_back(text);
}

// Rows and columns as in the source; in a row of cells with one unit, each cell is the published
// value, ours and the verdict. ProteinMPNN has two values: with the layers as a framework writes
// them and as the accelerator's graph.
std::string shape(const std::vector<const Answer*>& answers, std::size_t width) {
  std::vector<std::string> rows, columns;
  for (const Answer* a : answers) {
    add_once(rows, a->claim->row);
    add_once(columns, a->claim->column);
  }
  const bool forms = std::ranges::any_of(
      answers, [](const Answer* a) { return !std::isnan(a->as_written + a->as_graph); });
  results::Table table{"", {{"", " ", ""}}, {}, true};
  for (const std::string& column : columns) {
    std::string unit;
    for (const Answer* a : answers)
      if (a->claim->column == column) unit = a->claim->value_unit;
    const bool said = column.find(unit) != std::string::npos;
    table.columns.push_back(
        {"", said || unit == "x" ? column : fmt::format("{} [{}]", column, unit), ">"});
    table.columns.push_back({"", forms ? "written" : "ours", ">", true});
    if (forms) table.columns.push_back({"", "graph", ">", true});
    table.columns.push_back({"", " ", "", true});
  }
  for (const std::string& row : rows) {
    std::vector<results::Cell> line{row};
    for (const std::string& column : columns) {
      const auto at = std::ranges::find_if(answers, [&](const Answer* a) {
        return a->claim->row == row && a->claim->column == column;
      });
      if (at == answers.end()) {
        line.insert(line.end(), forms ? 4 : 3, std::string(" "));
        continue;
      }
      const Answer& a = **at;
      const bool both = !std::isnan(a.as_written + a.as_graph);
      line.insert(line.end(), {published(*a.claim), number(both ? a.as_written : a.simulated)});
      if (forms) line.emplace_back(both ? number(a.as_graph) : std::string(" "));
      line.emplace_back(a.claim->id.empty() ? std::string("-") : mark(a.verdict));
    }
    table.rows.push_back(std::move(line));
  }
  return results::table_text(table, width);
}

using Counts = std::map<Judge, std::map<Verdict, int>>;
Counts counts(const std::vector<Answer>& answers) {
  Counts n;
  for (const Answer& a : answers) ++n[a.judge][a.verdict];
  return n;
}

// "180 claims. This model: 12 reproduced, 30 off; a bound: 7 impossible; ..."
std::string counted(const std::vector<Answer>& answers) {
  std::string out = fmt::format("{} claims", answers.size());
  const Counts n = counts(answers);
  const char* separator = ". By ";
  for (const Judge j : judges) {
    const auto of = n.find(j);
    if (of == n.end()) continue;
    out += fmt::format("{}{}", separator, name(j));
    separator = "; ";
    const char* colon = ": ";
    for (const Verdict v : verdicts)
      if (const auto at = of->second.find(v); at != of->second.end()) {
        out += fmt::format("{}{} {}", colon, at->second, name(v));
        colon = ", ";
      }
  }
  return out;
}

}  // namespace

std::string tables_text(const std::vector<Answer>& answers, const std::vector<Answer>& context,
                        std::size_t columns) {
  std::string out;
  for (const Title& title : titles) {
    std::vector<std::string> sources;
    for (const Answer& a : answers)
      if (a.claim->table == title.table) add_once(sources, a.claim->source);
    for (const std::string& source : sources) {
      std::vector<const Answer*> of;
      for (const Answer& a : answers)
        if (a.claim->table == title.table && a.claim->source == source) of.push_back(&a);
      for (const Answer& a : context)
        if (a.claim->table == title.table && a.claim->source == source) of.push_back(&a);
      out += fmt::format("{} (source {})\n", title.text, source);
      // Rows of unlike columns read better as several tables: a row joins those that share a column
      // with the first row left.
      std::map<std::string, std::vector<std::string>> columns_of;
      for (const Answer* a : of) add_once(columns_of[a->claim->row], a->claim->column);
      while (!of.empty()) {
        const std::vector<std::string>& first = columns_of[of[0]->claim->row];
        const auto joins = [&](const Answer* a) {
          return std::ranges::any_of(columns_of[a->claim->row], [&](const std::string& column) {
            return std::ranges::find(first, column) != first.end();
          });
        };
        const auto rest = std::stable_partition(of.begin(), of.end(), joins);
        out += shape({of.begin(), rest}, columns) + '\n';
        of.erase(of.begin(), rest);
      }
    }
  }
  out +=
      results::wrapped(
          "= reproduced, off, ? undecided, imp impossible, inc inconsistent, st stated: an input "
          "of this program, nm not measured, nc not comparable, - no claim of the collection. "
          "written: ProteinMPNN's layers as a framework writes them; graph: as a graph for the "
          "accelerator. The verdict is of the graph on an ANE, of the framework's on a CPU and "
          "GPU, and of both where they differ.",
          columns) +
      "\n\n";
  results::Table claims{"claims",
                        {{"", "claim", ""},
                         {"", "published", ">"},
                         {"", "ours", ">"},
                         {"", "band", ">"},
                         {"", "ratio", ">"},
                         {"", "unit", ""},
                         {"", "verdict, by whom: reason", "..."}},
                        {},
                        true};
  for (const Answer& a : answers)
    claims.rows.push_back({a.claim->id, published(*a.claim), number(a.simulated),
                           std::isnan(a.low) ? std::string("-")
                                             : fmt::format("{}..{}", number(a.low), number(a.high)),
                           number(a.ratio), a.claim->value_unit,
                           fmt::format("{}, by {}: {}", name(a.verdict), name(a.judge), a.reason)});
  out += results::table_text(claims, columns);
  // One line, however long, for whoever reads the last.
  return out + "\n" + counted(answers) + "\n";
}

std::string tables_json(const std::vector<Answer>& answers) {
  using Json = nlohmann::ordered_json;
  Json claims = Json::array();
  const auto value = [](double v) { return std::isnan(v) ? Json(nullptr) : Json(v); };
  for (const Answer& a : answers) {
    Json choices = Json::array();
    for (const Judgement& j : a.choices)
      choices.push_back({{"choice", j.choice},
                         {"verdict", name(j.verdict)},
                         {"simulated", value(j.simulated)},
                         {"simulated_low", value(j.low)},
                         {"simulated_high", value(j.high)},
                         {"ratio", value(j.ratio)},
                         {"reason", j.reason}});
    claims.push_back({{"id", a.claim->id},
                      {"source", a.claim->source},
                      {"table", a.claim->table},
                      {"metric", a.claim->metric},
                      {"value_unit", a.claim->value_unit},
                      {"verdict", name(a.verdict)},
                      {"judge", name_in_files(a.judge)},
                      {"model_verdict", a.own ? Json(name(*a.own)) : Json(nullptr)},
                      {"published_low", a.claim->low},
                      {"published_high", a.claim->high},
                      {"sense", name(a.claim->sense)},
                      {"simulated", value(a.simulated)},
                      {"simulated_low", value(a.low)},
                      {"simulated_high", value(a.high)},
                      {"ratio", value(a.ratio)},
                      {"as_written", value(a.as_written)},
                      {"as_graph", value(a.as_graph)},
                      {"choices", choices},
                      {"cited", a.claim->cited},
                      {"reason", a.reason}});
  }
  Json by = Json::object(), of = Json::object();
  for (const Verdict v : verdicts) by[std::string(name(v))] = 0;
  for (const Judge j : judges) of[std::string(name_in_files(j))] = Json::object();
  for (const auto& [judge, n] : counts(answers))
    for (const auto& [verdict, count] : n) {
      by[std::string(name(verdict))] = by[std::string(name(verdict))].get<int>() + count;
      of[std::string(name_in_files(judge))][std::string(name(verdict))] = count;
    }
  return results::document({{"claims", claims}, {"verdicts", by}, {"judges", of}});
}

std::string tables_csv(const std::vector<Answer>& answers) {
  std::string out =
      "id,source,table,metric,value_unit,verdict,judge,model_verdict,published_low,published_high,"
      "sense,simulated,simulated_low,simulated_high,ratio,as_written,as_graph,cited,reason\n";
  const auto value = [](double v) { return std::isnan(v) ? "" : fmt::format("{}", v); };
  for (const Answer& a : answers)
    out += fmt::format("{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}\n",
                       results::csv_field(a.claim->id), a.claim->source, a.claim->table,
                       a.claim->metric, a.claim->value_unit, name(a.verdict),
                       name_in_files(a.judge), a.own ? name(*a.own) : "", a.claim->low,
                       a.claim->high, name(a.claim->sense), value(a.simulated), value(a.low),
                       value(a.high), value(a.ratio), value(a.as_written), value(a.as_graph),
                       results::csv_field(a.claim->cited), results::csv_field(a.reason));
  return out;
}

}  // namespace ane::sim
