#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "isa/error.h"
#include "isa/file.h"
#include "results/views/views.h"
#include "sim/explore/views.h"
#include "sim/report/reports.h"
#include "tests/results/records.h"

namespace ane::sim {
namespace {

using nlohmann::json;
using results::Record;

results::Sweep a_sweep() {
  results::Sweep s;
  s.plan = "{}";
  s.points = 4;
  s.axes = {"ane.cores", "ane.l2"};
  s.objectives = {"latency", "energy"};
  std::int64_t index = 0;
  for (const char* cores : {"8", "16"})
    for (const char* l2 : {"2MiB", "4MiB"}) {
      results::SweepPoint p{.index = index, .values = {cores, l2}};
      p.latency_s = 1e-3 / static_cast<double>(index + 1);
      p.energy_j = 1e-3 * static_cast<double>(index + 1);
      p.throughput_items_per_s = 1 / p.latency_s;
      p.bound = "compute";
      p.feasible = true;
      s.rows.push_back(p);
      ++index;
    }
  return s;
}

Record with(Record r, std::int64_t batch, const std::string& precision, double latency) {
  r.run.batch = batch;
  r.run.precision = precision;
  r.totals.throughput_items_per_s = static_cast<double>(batch) / latency;
  r.totals.latency_s = latency;
  return r;
}

Validation a_validation() {
  std::vector<SiliconRow> rows;
  for (const SiliconRow& r : load_silicon_rows("ane_validation.csv"))
    if (rows.size() < 12) rows.push_back(r);
  return compare_rows(rows, {}, {});
}

Profile a_profile() {
  const workloads::Request request =
      workloads::parse_request("kind=network name=resnet18 unit=ane placement=coreml");
  return profile_of(request, load_chip("M4"), Units::all);
}

Selection one_table() {
  Selection s;
  s.table = "chips";
  return s;
}

std::vector<Page> pages() {
  const Record r = results::ane_record();
  Record far = r;
  far.totals.accuracy.push_back({"ulp_0", 0.75});
  far.totals.accuracy.push_back({"ulp_2_3", 0.25});
  const std::vector<Record> batches{with(r, 1, "fp16", 1e-3), with(r, 100, "fp16", 2e-3),
                                    with(r, 1000, "fp16", 20e-3)};
  std::vector<Record> precisions{with(r, 100, "fp16", 2e-3), with(r, 100, "int8w", 1e-3)};
  precisions[1].totals.accuracy[0].value = 0.9;
  precisions[0].totals.accuracy.push_back({"cosine", results::unknown});  // of the reference
  precisions[1].totals.accuracy.push_back({"ulp_0", results::unknown});
  return {report_of_runs(std::span(&far, 1), "anesim report 1"),
          report_of_runs(batches, "anesim report 1 2 3"),
          report_of_runs(precisions, "anesim report 1 2"),
          report_of_sweep(a_sweep(), "anesim report --sweep 1"),
          report_of_tables(answer_claims(load_published(), one_table()), "anesim report --tables"),
          report_of_validation(a_validation(), "anesim report --validate"),
          report_of_model(a_profile(), "anesim report --model resnet18")};
}
const std::vector<Page>& all_pages() {
  static const std::vector<Page> all = pages();
  return all;
}

// What a specification makes of its data: fields that are no column of a table.
void made(const json& spec, std::set<std::string>& names) {
  if (spec.is_array())
    for (const json& s : spec) made(s, names);
  if (!spec.is_object()) return;
  for (const auto& [key, value] : spec.items()) {
    if (key == "as" && value.is_string()) names.insert(value.get<std::string>());
    if (key == "as" && value.is_array())
      for (const json& v : value) names.insert(v.get<std::string>());
    made(value, names);
  }
}
void used(const json& spec, std::set<std::string>& names) {
  if (spec.is_array())
    for (const json& s : spec) used(s, names);
  if (!spec.is_object()) return;
  for (const auto& [key, value] : spec.items()) {
    if (key == "field" && value.is_string()) names.insert(value.get<std::string>());
    if ((key == "fold" || key == "groupby") && value.is_array())
      for (const json& v : value) names.insert(v.get<std::string>());
    used(value, names);
  }
}

TEST(Report, EveryFieldOfAChartIsAColumnOfItsTables) {
  std::set<std::string> drawn;
  for (const Page& page : all_pages())
    for (const Figure* f : figures_of(page)) {
      drawn.insert(f->chart);
      std::set<std::string> columns, fields;
      for (const results::Table& t : f->tables)
        for (const results::Column& c : t.columns) columns.insert(c.key);
      const json spec = json::parse(chart_kind(f->chart).spec);
      made(spec, columns);
      used(spec, fields);
      EXPECT_FALSE(fields.empty()) << f->chart;
      for (const std::string& field : fields)
        EXPECT_TRUE(columns.contains(field)) << f->chart << " draws " << field;
    }
  // And each chart is drawn by some page.
  for (const ChartKind& k : chart_kinds())
    if (k.name != "crossings") {  // of a model on two units
      EXPECT_TRUE(drawn.contains(k.name)) << k.name;
    }
}

TEST(Report, FiguresHaveNamesOfTheirOwnAndWordsForReaders) {
  for (const Page& page : all_pages()) {
    std::set<std::string> ids;
    for (const Figure* f : figures_of(page)) {
      EXPECT_TRUE(ids.insert(f->id).second) << f->id;
      EXPECT_GT(chart_kind(f->chart).reading.size(), 20u);
    }
  }
}

// The data that stand in a page, by figure and table: columns by key.
std::map<std::string, std::map<std::string, json>> embedded(const std::string& html) {
  const std::string open = R"(<script type="application/json" id="report">)";
  const std::size_t at = html.find(open) + open.size();
  const json all = json::parse(html.substr(at, html.find("</script>", at) - at));
  std::map<std::string, std::map<std::string, json>> figures;
  for (const json& f : all["figures"])
    for (const auto& [key, index] : f["tables"].items()) {
      json columns = json::object();
      for (const json& c : all["tables"][index.get<std::size_t>()]["columns"]) {
        json values = c["values"];
        if (c.contains("words"))
          for (json& v : values) v = c["words"][v.get<std::size_t>()];
        columns[c["key"].get<std::string>()] = values;
      }
      figures[f["id"]][key] = columns;
    }
  return figures;
}

json cell_json(const results::Cell& cell) {
  if (const auto* s = std::get_if<std::string>(&cell)) return *s;
  if (const auto* d = std::get_if<double>(&cell)) return std::isnan(*d) ? json() : json(*d);
  if (const auto* e = std::get_if<results::Estimate>(&cell)) return e->value;
  if (const auto* i = std::get_if<std::int64_t>(&cell)) return *i;
  return nullptr;
}

// Every cell of the view's table that has a key, and no other.
void expect_table(const json& columns, const results::Table& table) {
  for (std::size_t c = 0; c < table.columns.size(); ++c) {
    if (table.columns[c].key.empty()) continue;
    const json& values = columns.at(table.columns[c].key);
    ASSERT_EQ(values.size(), table.rows.size());
    for (std::size_t r = 0; r < table.rows.size(); ++r)
      EXPECT_EQ(values[r], cell_json(table.rows[r][c])) << table.columns[c].key << " " << r;
  }
}

TEST(Report, ItsNumbersAreTheCellsOfTheViews) {
  const Record r = results::ane_record();
  const results::Records one(&r, 1);
  const auto data = embedded(html_of(report_of_runs(one, "")));
  const auto expect_view = [&](const std::string& figure,
                               const std::vector<results::Report>& view) {
    std::size_t compared = 0;
    for (const results::Block& b : view[0].blocks) {
      const auto at = data.at(figure).find(b.table.key);
      if (at == data.at(figure).end()) continue;
      expect_table(at->second, b.table);
      ++compared;
    }
    EXPECT_GT(compared, 0u) << figure;
  };
  expect_view("run-causes", results::bottleneck(one));
  expect_view("run-operator_causes", results::bottleneck(one));
  expect_view("run-roofline", results::roofline(one));
  expect_view("run-timeline", results::timeline(one, results::Style::json));
  expect_view("run-energy_parts", results::energy(one));
  expect_view("run-memory_parts", results::memory(one));

  const std::vector<Record> two{with(r, 100, "fp16", 2e-3), with(r, 100, "int8w", 1e-3)};
  const auto runs = embedded(html_of(report_of_runs(two, "")));
  expect_table(runs.at("runs-energy").at("runs"),
               results::compare(two, results::Style::json)[0].blocks[0].table);

  const results::Sweep sweep = a_sweep();
  const auto swept = embedded(html_of(report_of_sweep(sweep, "")));
  expect_table(swept.at("sweep-points").at("points"),
               sweep_view_named("points").collect(sweep, {}).blocks[0].table);
  expect_table(swept.at("sweep-tornado").at("axes"),
               sweep_view_named("sensitivity").collect(sweep, {}).blocks[0].table);
}

TEST(Report, ListsOfDocumentsKeepEveryNumber) {
  const Profile p = a_profile();
  const auto data = embedded(html_of(report_of_model(p, "")));
  const json& seconds = data.at("model-placement").at("operators").at("seconds");
  ASSERT_EQ(seconds.size(), p.operators.size());
  for (std::size_t i = 0; i < seconds.size(); ++i)
    EXPECT_EQ(seconds[i].get<double>(), p.operators[i].seconds);
  const results::Table t = table_of_list(
      R"({"rows": [{"a_s": 0.25, "n": 3, "word": null, "list": [1]}, {"word": "x", "b_share": 0.5}]})",
      "rows");
  ASSERT_EQ(t.columns.size(), 4u);
  EXPECT_EQ(t.columns[0].unit, "s");
  EXPECT_EQ(t.columns[0].title, "a");
  EXPECT_EQ(t.columns[3].unit, "%");
  EXPECT_EQ(cell_json(t.rows[0][0]), 0.25);
  EXPECT_EQ(cell_json(t.rows[0][1]), 3);
  EXPECT_TRUE(cell_json(t.rows[0][2]).is_null());
  EXPECT_EQ(cell_json(t.rows[1][2]), "x");
}

TEST(Report, IsOneFileWithoutLinksToOthers) {
  for (const Page& page : all_pages()) {
    std::string html = html_of(page);
    EXPECT_LT(html.size(), 3'000'000u);
    html = html.substr(0, html.find("<script"));
    EXPECT_THAT(html, testing::Not(testing::HasSubstr("src=")));
    EXPECT_THAT(html, testing::Not(testing::HasSubstr("url(")));
    for (std::size_t at = 0; (at = html.find("href=\"", at)) != std::string::npos; ++at)
      EXPECT_TRUE(html[at + 6] == '#' || html.substr(at + 6, 5) == "data:") << html.substr(at, 40);
  }
}

TEST(Report, NamesOfUsersStayWords) {
  Record r = results::ane_record();
  r.run.input = "</script><script>alert(1)</script>";
  r.operators[0].name = "</script><b>\"&";
  const std::string html = html_of(report_of_runs(std::span(&r, 1), "a <b> & \"c\""));
  EXPECT_THAT(html, testing::Not(testing::HasSubstr("</script><b>")));
  EXPECT_THAT(html, testing::Not(testing::HasSubstr("alert(1)</script>")));
  EXPECT_THAT(html, testing::HasSubstr("a &lt;b&gt; &amp; &quot;c&quot;"));
  const auto data = embedded(html);
  EXPECT_EQ(data.at("run-timeline").at("intervals").at("name")[0], "</script><b>\"&");
}

TEST(Report, LongTablesAreCutAndSaySo) {
  Record r = results::ane_record();
  for (int i = 3; i < 1500; ++i) {
    results::OperatorRow o = r.operators[0];
    o.index = i;
    o.name = "op" + std::to_string(i);
    r.operators.push_back(o);
  }
  const std::string html = html_of(report_of_runs(std::span(&r, 1), ""));
  EXPECT_THAT(html, testing::HasSubstr("the first 1000 of 15"));
  EXPECT_EQ(embedded(html).at("run-timeline").at("intervals").at("name").size(), 1499u + 8u);
}

TEST(Report, FiguresOfAccuracyAreThoseInWhichRunsDiffer) {
  const Record r = results::ane_record();
  std::vector<Record> runs{with(r, 100, "fp32", 2e-3), with(r, 100, "fp16", 2e-3),
                           with(r, 100, "int8w", 1e-3)};
  for (std::size_t i = 0; i < runs.size(); ++i) {
    runs[i].totals.accuracy.push_back(
        {"cosine", i == 0 ? results::unknown : 1.0 / static_cast<double>(i)});
    runs[i].totals.accuracy.push_back({"ulp_0", i == 0 ? results::unknown : 1.0});
  }
  const auto data = embedded(html_of(report_of_runs(runs, "")));
  EXPECT_EQ(data.at("runs-accuracy").at("accuracy").at("metric"),
            json({"cosine", "cosine", "cosine"}));
  EXPECT_FALSE(data.contains("run-1-ulp"));  // nothing is known of the reference's own distance
  EXPECT_TRUE(data.contains("run-2-ulp"));
}

TEST(Report, SaysThatManyRunsAreNotTakenApart) {
  const Record r = results::ane_record();
  const std::string said = "none is taken apart";
  const std::vector<Record> four(4, r), five(5, r);
  EXPECT_THAT(html_of(report_of_runs(four, "")), testing::Not(testing::HasSubstr(said)));
  EXPECT_THAT(html_of(report_of_runs(five, "")), testing::HasSubstr(said));
}

TEST(Report, MarksTheKneeOfSizes) {
  const Record r = results::ane_record();
  // 1000 items/s, 50,000, 50,100: from 100 on more items give less than a twentieth.
  const std::vector<Record> batches{with(r, 1, "fp16", 1e-3), with(r, 100, "fp16", 2e-3),
                                    with(r, 1000, "fp16", 1000 / 50100.0)};
  const auto data = embedded(html_of(report_of_runs(batches, "")));
  EXPECT_EQ(data.at("runs-throughput_by_items").at("runs").at("knee"),
            json({nullptr, "knee", nullptr}));
  EXPECT_EQ(data.at("runs-throughput_by_items").at("runs").at("items_per_call"),
            json({1.0, 100.0, 1000.0}));
}

TEST(Report, EachFigureIsAPicture) {
  if (report_file("bundle").empty()) GTEST_SKIP() << "built without npm";
  const std::string folder = testing::TempDir() + "/anesim_pictures_" + std::to_string(getpid());
  const Record r = results::ane_record();
  const Page page = report_of_runs(std::span(&r, 1), "");
  std::vector<std::string> files;
  try {
    files = write_pictures(page, folder, true, false);
  } catch (const InputError& e) {
    GTEST_SKIP() << e.what();  // Node.js is not there
  }
  EXPECT_EQ(files.size(), figures_of(page).size());
  for (const std::string& f : files) {
    const std::string svg = read_file(f);
    EXPECT_THAT(svg, testing::StartsWith("<svg"));
    EXPECT_THAT(svg, testing::HasSubstr("role=\"graphics-symbol\"")) << f;
  }
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace ane::sim
