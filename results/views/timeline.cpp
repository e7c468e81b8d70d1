// timeline: which device is busy when: a line a device, then a line a task (or an operator, where
// there are no tasks or too many).
//
//   readqc mlp on M4 ane (coreml, ane16, fp16), batch 100
//     from 200 us to 250 us of 250 us, 625 ns a column
//     device        busy %  when
//     k kernel dma    14.4  |kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk      |
//     n ne            8.00  |                             nnnnnnnnnnnnnnnn        nnnnnnnn|
//
//     task      start us  time us  when
//     0 fc1.0        200     30.0  |kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkknnnnnnss           |
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <map>

#include "results/text.h"
#include "results/views/views.h"

namespace ane::results {

const char* const timeline_reading =
    "A line a device, then a line a task (or an operator, where there are no tasks or too "
    "many). busy is the device's share of the whole call; the chart begins with the first "
    "task. In a task's line a letter is the device that works longest for it in that column, "
    "`.` time in which the task is open and no device works on it. Devices that overlap hide "
    "each other there; their own lines, above, show each alone.";

namespace {

constexpr std::size_t most_lines = 64;

struct Interval {
  std::size_t device;
  double start, end;  // seconds
};

struct Line {
  std::string name;
  double start, end;
  std::vector<Interval> work;
};

struct Chart {
  std::vector<std::string> devices;
  std::string letters;  // one a device
  std::vector<Line> lines;
  bool by_operator = false;
};

// The first letter of the name that is still free, else the next free one of the alphabet.
char letter_for(const std::string& device, const std::string& taken) {
  for (const std::string& pool : {device, std::string("abcdefghijklmnopqrstuvwxyz"),
                                  std::string("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")})
    for (const char c : pool)
      if (std::isalnum(static_cast<unsigned char>(c)) && taken.find(c) == std::string::npos)
        return c;
  return '?';
}

std::size_t device_index(Chart& chart, const std::string& name) {
  const auto it = std::find(chart.devices.begin(), chart.devices.end(), name);
  if (it != chart.devices.end()) return static_cast<std::size_t>(it - chart.devices.begin());
  chart.letters += letter_for(name, chart.letters);
  chart.devices.push_back(name);
  return chart.devices.size() - 1;
}

Chart chart_of(const Record& r) {
  Chart chart;
  chart.by_operator = r.tasks.empty() || r.tasks.size() > most_lines;
  std::vector<std::vector<Interval>> of_operator(r.operators.size());
  std::vector<bool> has_tasks(r.operators.size());
  for (const TaskRow& t : r.tasks) {
    Line line{fmt::format("{} {}", t.index, t.name), seconds(t.start), seconds(t.end), {}};
    for (const StageInterval& s : t.stages)
      line.work.push_back({device_index(chart, s.device), seconds(s.start), seconds(s.end)});
    const auto at = static_cast<std::size_t>(t.operator_index);
    has_tasks[at] = true;
    of_operator[at].insert(of_operator[at].end(), line.work.begin(), line.work.end());
    if (!chart.by_operator) chart.lines.push_back(std::move(line));
  }
  for (const OperatorRow& o : r.operators) {
    const auto at = static_cast<std::size_t>(o.index);
    if (o.seconds <= 0 || (has_tasks[at] && !chart.by_operator)) continue;
    Line line{fmt::format("{} {}", chart.by_operator ? std::to_string(o.index) : o.unit, o.name),
              o.start_s, o.start_s + o.seconds, std::move(of_operator[at])};
    if (line.work.empty()) line.work.push_back({device_index(chart, o.unit), line.start, line.end});
    chart.lines.push_back(std::move(line));
  }
  std::stable_sort(chart.lines.begin(), chart.lines.end(),
                   [](const Line& a, const Line& b) { return a.start < b.start; });
  return chart;
}

// A stretch of the call, in seconds.
struct Shown {
  double from = 0, to = 0;
  double width() const { return to - from; }
};

// For each column, how long each device works in it.
std::string drawn(const std::vector<Interval>& work, Shown open, Shown shown,
                  const std::string& letters, std::size_t columns) {
  std::string cells(columns + 2, ' ');
  cells.front() = cells.back() = '|';
  const double step = shown.width() / static_cast<double>(columns);
  for (std::size_t c = 0; c < columns; ++c) {
    const double from = shown.from + static_cast<double>(c) * step, to = from + step;
    std::map<std::size_t, double> busy;
    for (const Interval& i : work) {
      const double overlap = std::min(i.end, to) - std::max(i.start, from);
      if (overlap > 1e-9 * step) busy[i.device] += overlap;
    }
    const auto most = std::max_element(
        busy.begin(), busy.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
    if (most != busy.end())
      cells[c + 1] = letters[most->first];
    else if (std::min(open.to, to) - std::max(open.from, from) > 1e-9 * step)
      cells[c + 1] = '.';
  }
  return cells;
}

// The length of the union of a device's intervals.
double busy_time(std::vector<Interval> work) {
  std::sort(work.begin(), work.end(),
            [](const Interval& a, const Interval& b) { return a.start < b.start; });
  double total = 0, reached = 0;
  for (const Interval& i : work) {
    total += std::max(0.0, i.end - std::max(i.start, reached));
    reached = std::max(reached, i.end);
  }
  return total;
}

// What the names and figures beside a chart leave of a line.
std::size_t chart_columns(const Chart& chart, std::size_t columns) {
  std::size_t names = 8;
  for (const std::string& d : chart.devices) names = std::max(names, display_width(d) + 2);
  for (const Line& l : chart.lines) names = std::max(names, display_width(l.name));
  const std::size_t beside = names + 30;
  return columns == all_columns
             ? 160
             : std::clamp<std::size_t>(columns, beside + 24, beside + 160) - beside;
}

// Every interval in which a device works for a task, and each operator on its unit: what the lines
// are drawn from, for those who draw it themselves.
Block intervals(const Record& r) {
  Block b;
  b.table = {"intervals",
             {{"track", "", ""},
              {"name", "", ""},
              {"operator", "", ""},
              {"cause", "", ""},
              {"start_s", "", "s"},
              {"end_s", "", "s"}},
             {}};
  for (const OperatorRow& o : r.operators)
    if (o.seconds > 0)
      b.table.rows.push_back({o.unit, o.name, o.name, o.bound, o.start_s, o.start_s + o.seconds});
  for (const TaskRow& t : r.tasks)
    for (const StageInterval& s : t.stages)
      b.table.rows.push_back({s.device, t.name,
                              r.operators[static_cast<std::size_t>(t.operator_index)].name, t.cause,
                              seconds(s.start), seconds(s.end)});
  return b;
}

std::vector<Block> blocks(const Record& r, std::size_t line_columns) {
  const Chart chart = chart_of(r);
  const std::size_t columns = chart_columns(chart, line_columns);
  Shown shown;
  if (!chart.lines.empty()) shown = {chart.lines.front().start, chart.lines.front().end};
  for (const Line& l : chart.lines) {
    shown.to = std::max(shown.to, l.end);
    for (const Interval& i : l.work)  // weights may come before their task is open
      shown = {std::min(shown.from, i.start), std::max(shown.to, i.end)};
  }

  Block devices, lines;
  devices.table = {"devices",
                   {{"letter", "", ""},
                    {"device", "", ""},
                    {"", "device", ""},
                    {"busy_s", "", "s"},
                    {"busy_share", "busy", "%"},
                    {"", "when", ""}},
                   {}};
  lines.table = {chart.by_operator ? "operators" : "tasks",
                 {{"name", chart.by_operator ? "operator" : "task", ""},
                  {"start_s", "start", "s"},
                  {"time_s", "time", "s"},
                  {"", "when", ""}},
                 {}};
  std::vector<std::vector<Interval>> of_device(chart.devices.size());
  for (const Line& l : chart.lines) {
    for (const Interval& i : l.work) of_device[i.device].push_back(i);
    lines.table.rows.push_back({l.name, l.start, l.end - l.start,
                                drawn(l.work, {l.start, l.end}, shown, chart.letters, columns)});
  }
  for (std::size_t d = 0; d < of_device.size(); ++d) {
    const double busy = busy_time(of_device[d]);
    devices.table.rows.push_back({std::string(1, chart.letters[d]), chart.devices[d],
                                  fmt::format("{} {}", chart.letters[d], chart.devices[d]), busy,
                                  share_of(busy, r.totals.latency_s),
                                  drawn(of_device[d], {}, shown, chart.letters, columns)});
  }
  if (chart.lines.empty())
    devices.before = {"  neither tasks nor operators were recorded"};
  else
    devices.before = {fmt::format("  from {} to {} of {}, {} a column", with_unit(shown.from, "s"),
                                  with_unit(shown.to, "s"), with_unit(r.totals.latency_s, "s"),
                                  with_unit(shown.width() / static_cast<double>(columns), "s"))};
  if (r.tasks.size() > most_lines)
    lines.before = {fmt::format("  {} tasks, by operator", r.tasks.size())};
  return {std::move(devices), std::move(lines), intervals(r)};
}

}  // namespace

std::vector<Report> timeline(Records records, const Rendering& how) {
  return each(records, [&](const Record& r) { return blocks(r, how.columns); });
}

}  // namespace ane::results
