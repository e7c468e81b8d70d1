// Charts: how tables are drawn. Each kind of chart is a file sim/report/charts/NAME.json, built
// into the program: a title, how it is read, and a specification in Vega-Lite
// (vega.github.io/vega-lite, version 6) whose data are tables by their keys; adding one is such a
// file and a line where a page wants it.
//
//   {"title": "Where the time goes", "reading": "...", "tables": ["causes"],
//    "spec": {"data": {"name": "causes"}, "mark": "bar", "encoding": {...}}}
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "results/report.h"
#include "sim/chips/description.h"

namespace ane::sim {

struct ChartKind {
  std::string name, title, reading;
  std::vector<std::string> tables;  // keys of the tables that it draws
  std::string spec;                 // JSON
};
const std::vector<ChartKind>& chart_kinds();
// ANE_CHECK where there is none: names are the program's own.
const ChartKind& chart_kind(std::string_view name);

// A chart of certain tables, under a name that is one of the page.
struct Figure {
  std::string id;     // "run-3-roofline"
  std::string chart;  // a kind
  std::vector<results::Table> tables;
  std::string title{};  // instead of the kind's
};

// {"charts": {NAME: spec}, "figures": [{"id", "chart", "title", "tables": {KEY: INDEX}}],
//  "tables": [{"columns": [{"key", "values": [...]}], "rows": N}]}: what the drawing code reads.
//  Cells
// are SI values with every digit; of a column with "words" they are places in those. A table that
// several figures draw stands there once.
std::string figures_json(const std::vector<const Figure*>& figures);

// A list of a JSON document, each element an object, as a table: a column a member, its unit told
// by the end of its name (_s, _j, _w, _bytes, _share). Members that are lists or objects are left
// out.
results::Table table_of_list(const std::string& document, const std::string& list);

// Files built into the program for pages and charts: folder "charts", and of the folder "report"
// page (CSS), main and bundle (JavaScript; empty where the build had no npm).
const std::vector<DataFile>& report_files();
std::string_view report_file(std::string_view name);

}  // namespace ane::sim
