#include "results/trace.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "isa/file.h"
#include "results/report.h"

namespace ane::results {

std::string json_quoted(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\')
      quoted += {'\\', c};
    else if (static_cast<unsigned char>(c) < 0x20)
      quoted += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    else
      quoted += c;
  }
  return quoted + '"';
}

namespace {

struct Event {
  std::string name;
  Picoseconds start, end;
  std::string arguments;  // members of a JSON object
  // Of the operator that it is or works for, where an arrow leads from one to the other.
  int flow_from = -1, flow_to = -1;
};

struct Track {
  std::string process, name;
  std::vector<Event> events;
};

std::vector<Event>& track(std::vector<Track>& tracks, const std::string& process,
                          const std::string& name) {
  for (Track& t : tracks)
    if (t.process == process && t.name == name) return t.events;
  tracks.push_back({process, name, {}});
  return tracks.back().events;
}

Picoseconds from_seconds(double s) {
  return {std::llround(s * 1e12)};
}

std::string joules_json(double energy) {
  return std::isnan(energy) ? "null" : fmt::format("{}", energy);
}

// The call as a whole, and below it the stretches in which no operator runs, with what the call
// spends outside of operators.
void add_call(std::vector<Track>& tracks, const Record& r) {
  const Picoseconds end = from_seconds(r.totals.latency_s);
  const auto seconds_json = [](const Parts& parts) {
    std::string members;
    for (const Part& p : parts)
      members += fmt::format("{}{}:{}", members.empty() ? "" : ",", json_quoted(p.name), p.value);
    return "{" + members + "}";
  };
  track(tracks, "call", "call")
      .push_back(
          {heading(r.run),
           {0},
           end,
           fmt::format(R"("bound":{},"energy_j":{},"causes_s":{})", json_quoted(r.totals.bound),
                       joules_json(r.totals.energy_j), seconds_json(r.totals.causes))});
  const Rest rest = rest_of(r);
  if (rest.causes.empty()) return;
  std::string name;
  for (const Part& c : rest.causes) name += (name.empty() ? "" : ", ") + c.name;
  std::vector<std::pair<Picoseconds, Picoseconds>> owned;
  for (const OperatorRow& o : r.operators)
    owned.emplace_back(from_seconds(o.start_s), from_seconds(o.start_s + o.seconds));
  owned.emplace_back(end, end);
  std::ranges::sort(owned);
  Picoseconds reached{0};
  for (const auto& [from, to] : owned) {
    constexpr std::int64_t rounding = 1000;  // ps, of sums of seconds
    if (from.count > reached.count + rounding && reached < end)
      track(tracks, "call", "outside operators")
          .push_back({name, reached, std::min(from, end),
                      fmt::format(R"("causes_s":{})", seconds_json(rest.causes))});
    reached = std::max(reached, to);
  }
}

std::vector<Track> tracks_of(const Record& r) {
  std::vector<Track> tracks;
  if (!r.operators.empty()) add_call(tracks, r);
  for (const OperatorRow& o : r.operators)
    track(tracks, o.unit, "operators")
        .push_back(
            {o.name, from_seconds(o.start_s), from_seconds(o.start_s + o.seconds),
             fmt::format(R"("op":{},"placement":{},"reason":{},"bound":{},"macs":{},)"
                         R"("dram_bytes":{},"energy_j":{})",
                         json_quoted(o.op), json_quoted(o.placement), json_quoted(o.reason),
                         json_quoted(o.bound), o.macs, o.dram_bytes, joules_json(o.energy_j)),
             o.index});
  const auto unit_of = [&](const TaskRow& t) {
    return r.operators[static_cast<std::size_t>(t.operator_index)].unit;
  };
  for (const TaskRow& t : r.tasks)
    track(tracks, unit_of(t), "tasks")
        .push_back(
            {t.name, t.start, t.end,
             fmt::format(R"("task":{},"cause":{},"macs":{},"bytes":{},"energy_j":{})", t.index,
                         json_quoted(t.cause), t.macs, t.bytes, joules_json(t.energy_j)),
             -1, t.operator_index});
  for (const TaskRow& t : r.tasks)
    for (const StageInterval& s : t.stages)
      track(tracks, unit_of(t), s.device)
          .push_back({t.name, s.start, s.end, fmt::format(R"("task":{})", t.index)});
  return tracks;
}

// A figure over time as steps: from each moment on, so much.
struct Counter {
  std::string process, name, unit;
  std::vector<std::pair<Picoseconds, double>> steps;
};

// What is at work adds its rate while it is: amounts spread evenly over the time of whoever moved
// or spent them, so that the area under the steps is their sum.
class Rates {
 public:
  void add(Picoseconds start, Picoseconds end, double amount) {
    if (!(amount > 0) || !(start < end)) return;
    const double rate = amount / seconds(end - start);
    changes_.emplace_back(start, rate);
    changes_.emplace_back(end, -rate);
  }
  std::vector<std::pair<Picoseconds, double>> steps() && {
    std::ranges::stable_sort(changes_, {}, &std::pair<Picoseconds, double>::first);
    std::vector<std::pair<Picoseconds, double>> steps;
    double now = 0, most = 0;
    for (const auto& [at, change] : changes_) {
      now += change;
      most = std::max(most, now);
      // What rounding leaves is nothing.
      const double shown = now < 1e-9 * most ? 0 : now;
      if (!steps.empty() && steps.back().first == at)
        steps.back().second = shown;
      else
        steps.emplace_back(at, shown);
    }
    return steps;
  }

 private:
  std::vector<std::pair<Picoseconds, double>> changes_;
};

// Traffic with DRAM, power, and how many devices (of a run without tasks, units) work at once.
std::vector<Counter> counters_of(const Record& r) {
  Rates traffic, power, busy;
  std::vector<bool> has_tasks(r.operators.size());
  for (const TaskRow& t : r.tasks) {
    has_tasks[static_cast<std::size_t>(t.operator_index)] = true;
    traffic.add(t.start, t.end, static_cast<double>(t.bytes));
    power.add(t.start, t.end, t.energy_j);
    for (const StageInterval& s : t.stages) busy.add(s.start, s.end, seconds(s.end - s.start));
  }
  for (const OperatorRow& o : r.operators) {
    if (has_tasks[static_cast<std::size_t>(o.index)]) continue;
    const Picoseconds start = from_seconds(o.start_s), end = from_seconds(o.start_s + o.seconds);
    traffic.add(start, end, static_cast<double>(o.dram_bytes));
    power.add(start, end, o.energy_j);
    busy.add(start, end, seconds(end - start));
  }
  std::vector<Counter> counters;
  const auto keep = [&](std::string name, std::string unit, Rates rates) {
    auto steps = std::move(rates).steps();
    if (!steps.empty())
      counters.push_back({"call", std::move(name), std::move(unit), std::move(steps)});
  };
  keep("DRAM traffic", "B/s", std::move(traffic));
  keep("power of operators", "W", std::move(power));
  keep("busy devices", "devices", std::move(busy));
  // From one task to the next what stands in L2 stays there.
  Counter l2{"call", "L2 in use", "B", {}};
  for (const TaskRow& t : r.tasks) {
    if (!l2.steps.empty() && t.start < l2.steps.back().first) continue;  // beside a longer one
    if (!l2.steps.empty() && l2.steps.back().first == t.start) l2.steps.pop_back();
    l2.steps.emplace_back(t.start, static_cast<double>(t.l2_bytes));
  }
  if (!l2.steps.empty()) {
    l2.steps.emplace_back(std::max(l2.steps.back().first, r.tasks.back().end), 0.0);
    counters.push_back(std::move(l2));
  }
  return counters;
}

// Events in order of start, each in the first lane whose last one has ended.
std::vector<std::vector<Event>> lanes_of(std::vector<Event> events) {
  std::stable_sort(events.begin(), events.end(),
                   [](const Event& a, const Event& b) { return a.start < b.start; });
  std::vector<std::vector<Event>> lanes;
  for (Event& e : events) {
    const auto free = std::find_if(lanes.begin(), lanes.end(),
                                   [&](const auto& lane) { return lane.back().end <= e.start; });
    if (free == lanes.end())
      lanes.push_back({std::move(e)});
    else
      free->push_back(std::move(e));
  }
  return lanes;
}

std::string microseconds(Picoseconds t) {
  return fmt::format("{}.{:06}", t.count / 1'000'000, t.count % 1'000'000);
}

std::string name_event(std::string_view kind, int process, int thread, std::string_view name) {
  return fmt::format(R"({{"name":"{}","ph":"M","pid":{},"tid":{},"args":{{"name":{}}}}})", kind,
                     process, thread, json_quoted(name));
}

std::string sort_event(std::string_view kind, int process, int thread, int index) {
  return fmt::format(R"({{"name":"{}","ph":"M","pid":{},"tid":{},"args":{{"sort_index":{}}}}})",
                     kind, process, thread, index);
}

}  // namespace

std::string trace_json(const Record& record) {
  std::vector<std::string> lines, processes;
  int thread = 0, named = 0;
  std::vector<bool> has_tasks(record.operators.size());
  for (const TaskRow& t : record.tasks)
    has_tasks[static_cast<std::size_t>(t.operator_index)] = true;
  for (const Track& t : tracks_of(record)) {
    auto it = std::find(processes.begin(), processes.end(), t.process);
    if (it == processes.end()) it = processes.insert(processes.end(), t.process);
    const int process = static_cast<int>(it - processes.begin()) + 1;
    if (process > named) {
      named = process;
      lines.push_back(
          name_event("process_name", process, 0, fmt::format("{} {}", record.run.chip, t.process)));
      lines.push_back(sort_event("process_sort_index", process, 0, process));
    }
    int lane_number = 0;
    for (const std::vector<Event>& lane : lanes_of(t.events)) {
      ++thread;
      ++lane_number;
      lines.push_back(
          name_event("thread_name", process, thread,
                     lane_number == 1 ? t.name : fmt::format("{} {}", t.name, lane_number)));
      lines.push_back(sort_event("thread_sort_index", process, thread, thread));
      for (const Event& e : lane) {
        lines.push_back(fmt::format(
            R"({{"name":{},"cat":{},"ph":"X","pid":{},"tid":{},"ts":{},"dur":{},"args":{{{}}}}})",
            json_quoted(e.name), json_quoted(t.name), process, thread, microseconds(e.start),
            microseconds(e.end - e.start), e.arguments));
        // One arrow leads from an operator to each of its tasks, in their order.
        const bool begins = e.flow_from >= 0 && has_tasks[static_cast<std::size_t>(e.flow_from)];
        if (begins || e.flow_to >= 0)
          lines.push_back(fmt::format(
              R"({{"name":"tasks","cat":"flow","ph":"{}","id":{},"pid":{},"tid":{},"ts":{}{}}})",
              begins ? "s" : "t", begins ? e.flow_from : e.flow_to, process, thread,
              microseconds(e.start), begins ? "" : R"(,"bp":"e")"));
      }
    }
  }
  for (const Counter& c : counters_of(record)) {
    const auto at = std::ranges::find(processes, c.process);
    if (at == processes.end()) continue;
    const auto process = at - processes.begin() + 1;
    for (const auto& [when, value] : c.steps)
      lines.push_back(fmt::format(R"({{"name":"{}","ph":"C","pid":{},"ts":{},"args":{{"{}":{}}}}})",
                                  c.name, process, microseconds(when), c.unit, value));
  }
  const Run& run = record.run;
  return fmt::format(
      "{{\"displayTimeUnit\":\"ns\",\"otherData\":{{\"run\":{},\"chip\":{},\"unit\":{},"
      "\"request\":{},\"version\":{}}},\"traceEvents\":[\n{}\n]}}\n",
      json_quoted(run.question_digest()), json_quoted(run.chip), json_quoted(run.unit),
      json_quoted(run.request), json_quoted(run.code_version), fmt::join(lines, ",\n"));
}

void write_trace(const Record& record, const std::string& file) {
  write_file(file, trace_json(record));
}

}  // namespace ane::results
