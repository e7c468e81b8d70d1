#include "results/trace.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>

#include "isa/error.h"
#include "records.h"

namespace ane::results {
namespace {

using nlohmann::json;

std::map<std::string, std::vector<json>> by_track(const json& trace) {
  std::map<int, std::string> names;
  std::map<std::string, std::vector<json>> tracks;
  for (const json& e : trace["traceEvents"]) {
    if (e["ph"] == "M" && e["name"] == "thread_name") names[e["tid"]] = e["args"]["name"];
    if (e["ph"] == "X") tracks[names.at(e["tid"])].push_back(e);
  }
  return tracks;
}

TEST(Trace, HoldsEveryOperatorTaskAndStageOnItsTrack) {
  const json trace = json::parse(trace_json(ane_record()));
  const auto tracks = by_track(trace);
  EXPECT_EQ(tracks.at("operators").size(), 3u);  // of both units
  EXPECT_EQ(tracks.at("tasks").size(), 2u);
  EXPECT_EQ(tracks.at("kernel dma").size(), 2u);
  EXPECT_EQ(tracks.at("ne").size(), 2u);
  EXPECT_EQ(tracks.at("tile dma").size(), 1u);
  EXPECT_EQ(tracks.at("store").size(), 2u);
  EXPECT_EQ(tracks.at("call").size(), 1u);
  EXPECT_EQ(tracks.size(), 8u);
  const json& ne = tracks.at("ne")[1];
  EXPECT_EQ(ne["name"], "fc2.0");
  EXPECT_DOUBLE_EQ(ne["ts"], 233.0);
  EXPECT_DOUBLE_EQ(ne["dur"], 10.0);
  EXPECT_EQ(tracks.at("tasks")[0]["args"]["cause"], "weights");
}

TEST(Trace, NamesAProcessForEachUnit) {
  const json trace = json::parse(trace_json(ane_record()));
  std::vector<std::string> names;
  for (const json& e : trace["traceEvents"])
    if (e["name"] == "process_name") names.push_back(e["args"]["name"]);
  EXPECT_THAT(names, testing::UnorderedElementsAre("M4 call", "M4 ane", "M4 cpu"));
}

TEST(Trace, ShowsTheCallAndWhatItSpendsOutsideOfOperators) {
  Record r = ane_record();
  const auto tracks = by_track(json::parse(trace_json(r)));
  EXPECT_DOUBLE_EQ(tracks.at("call")[0]["dur"], 250.0);
  ASSERT_EQ(tracks.at("outside operators").size(), 1u);
  const json& gap = tracks.at("outside operators")[0];
  EXPECT_EQ(gap["name"], "dispatch");
  EXPECT_DOUBLE_EQ(gap["ts"], 0.0);
  EXPECT_DOUBLE_EQ(gap["dur"], 200.0);
  EXPECT_DOUBLE_EQ(gap["args"]["causes_s"]["dispatch"], 200e-6);
  r.operators[1].start_s = 232e-6;  // a gap between two, and one behind the last
  r.operators[1].seconds = 10e-6;
  EXPECT_EQ(by_track(json::parse(trace_json(r))).at("outside operators").size(), 3u);
}

// Value times time under the steps of a counter.
double area(const json& trace, const std::string& name, const std::string& unit) {
  double sum = 0, at = 0, value = 0;
  for (const json& e : trace["traceEvents"]) {
    if (e["ph"] != "C" || e["name"] != name) continue;
    sum += value * (e["ts"].get<double>() - at) * 1e-6;
    at = e["ts"];
    value = e["args"][unit];
  }
  EXPECT_EQ(value, 0.0) << name << " ends at nothing";
  return sum;
}

TEST(Trace, AreasUnderCountersAreWhatWasMovedAndSpent) {
  const Record r = ane_record();
  double bytes = 0, joules = 0, busy = 0;
  for (const TaskRow& t : r.tasks) {
    bytes += static_cast<double>(t.bytes);
    joules += t.energy_j;
    for (const StageInterval& s : t.stages) busy += seconds(s.end - s.start);
  }
  const OperatorRow& alone = r.operators[2];  // without tasks
  bytes += static_cast<double>(alone.dram_bytes);
  joules += std::isnan(alone.energy_j) ? 0 : alone.energy_j;
  busy += alone.seconds;
  const json trace = json::parse(trace_json(r));
  ASSERT_GT(bytes, 0);
  EXPECT_NEAR(area(trace, "DRAM traffic", "B/s"), bytes, 1e-6 * bytes);
  EXPECT_NEAR(area(trace, "power of operators", "W"), joules, 1e-6 * joules);
  EXPECT_NEAR(area(trace, "busy devices", "devices"), busy, 1e-6 * busy);
}

TEST(Trace, SaysHowMuchOfL2IsInUse) {
  Record r = ane_record();
  r.tasks[0].l2_bytes = 4096;
  r.tasks[1].l2_bytes = 1024;
  std::vector<std::pair<double, double>> steps;
  const json trace = json::parse(trace_json(r));
  for (const json& e : trace["traceEvents"])
    if (e["ph"] == "C" && e["name"] == "L2 in use") steps.emplace_back(e["ts"], e["args"]["B"]);
  EXPECT_EQ(steps, (std::vector<std::pair<double, double>>{{200, 4096}, {230, 1024}, {245, 0}}));
}

TEST(Trace, ArrowsLeadFromOperatorsToTheirTasks) {
  const Record r = ane_record();
  const json trace = json::parse(trace_json(r));
  std::map<int, int> starts, steps;
  for (const json& e : trace["traceEvents"]) {
    if (e["ph"] == "s") ++starts[e["id"]];
    if (e["ph"] == "t") ++steps[e["id"]];
  }
  EXPECT_EQ(starts, (std::map<int, int>{{0, 1}, {1, 1}}));  // the third has no tasks
  EXPECT_EQ(steps, (std::map<int, int>{{0, 1}, {1, 1}}));
}

// What "Trace Event Format" asks of events of each phase.
TEST(Trace, EventsHaveTheFieldsOfTheirPhase) {
  const std::map<std::string, std::vector<std::string>> needed{
      {"X", {"name", "cat", "pid", "tid", "ts", "dur", "args"}},
      {"M", {"name", "pid", "tid", "args"}},
      {"C", {"name", "pid", "ts", "args"}},
      {"s", {"name", "cat", "id", "pid", "tid", "ts"}},
      {"t", {"name", "cat", "id", "pid", "tid", "ts", "bp"}}};
  const json trace = json::parse(trace_json(ane_record()));
  std::map<std::string, int> seen;
  std::map<int, double> began;
  for (const json& e : trace["traceEvents"]) {
    const std::string phase = e["ph"];
    ++seen[phase];
    ASSERT_TRUE(needed.contains(phase)) << phase;
    for (const std::string& field : needed.at(phase)) EXPECT_TRUE(e.contains(field)) << e;
    if (e.contains("ts")) {
      EXPECT_GE(e["ts"].get<double>(), 0) << e;
    }
    // An arrow begins before it goes on, as its lines and its times stand.
    if (phase == "s") began[e["id"]] = e["ts"];
    if (phase == "t") {
      ASSERT_TRUE(began.contains(e["id"])) << e;
      EXPECT_GE(e["ts"].get<double>(), began.at(e["id"]) - 1e-6) << e;
    }
    if (phase == "C") {
      for (const auto& [unit, value] : e["args"].items()) EXPECT_TRUE(value.is_number()) << unit;
    }
  }
  for (const auto& [phase, fields] : needed) EXPECT_GT(seen[phase], 0) << phase;
}

TEST(Trace, SaysWhatWasAsked) {
  const json other = json::parse(trace_json(ane_record()))["otherData"];
  EXPECT_EQ(other["chip"], "M4");
  EXPECT_EQ(other["version"], "0.1.0");
}

TEST(Trace, TimesAreExactToThePicosecond) {
  Record r = ane_record();
  r.tasks[0].start = {200'000'001};
  r.tasks[0].end = {230'000'000};
  EXPECT_THAT(trace_json(r), testing::HasSubstr("\"ts\":200.000001,\"dur\":29.999999"));
}

TEST(Trace, OverlappingIntervalsOfADeviceGetTracksOfTheirOwn) {
  Record r = ane_record();
  r.tasks[1].stages.push_back({"ne", {226'000'000}, {231'000'000}});  // across the end of fc1's
  const auto tracks = by_track(json::parse(trace_json(r)));
  EXPECT_EQ(tracks.at("ne").size(), 2u);
  EXPECT_EQ(tracks.at("ne 2").size(), 1u);
  for (const auto& [name, events] : tracks) {
    if (name == "operators") continue;  // of two units
    double end = 0;
    for (const json& e : events) {
      EXPECT_GE(e["ts"].get<double>(), end) << name;
      end = e["ts"].get<double>() + e["dur"].get<double>() - 1e-9;
    }
  }
}

TEST(Trace, EscapesNames) {
  Record r = ane_record();
  r.operators[0].name = "a\"b\\c\n\x01";
  const json trace = json::parse(trace_json(r));
  bool found = false;
  for (const json& e : trace["traceEvents"]) found = found || e["name"] == "a\"b\\c\n\x01";
  EXPECT_TRUE(found);
}

TEST(Trace, ARecordWithoutRowsIsAnEmptyTrace) {
  Record r = ane_record();
  r.operators.clear();
  r.tasks.clear();
  EXPECT_TRUE(json::parse(trace_json(r))["traceEvents"].empty());
}

TEST(Trace, AFileThatCannotBeWrittenIsTheUsersError) {
  EXPECT_THROW(write_trace(ane_record(), "/no/such/folder/t.json"), InputError);
  const std::string file =
      testing::TempDir() + "/" + std::to_string(getpid()) + "_anesim_trace.json";
  write_trace(ane_record(), file);
  std::ifstream in(file);
  EXPECT_EQ((std::string{std::istreambuf_iterator<char>(in), {}}), trace_json(ane_record()));
  EXPECT_THROW(write_trace(ane_record(), "/dev/full"), InputError);
  std::filesystem::remove(file);
}

}  // namespace
}  // namespace ane::results
