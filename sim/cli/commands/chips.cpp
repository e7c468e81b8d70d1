// anesim chips: what the simulator knows of each chip and runtime, and how it knows.
//
//   $ anesim chips M4 --sources
//   ane.clock    2.364 GHz    published  S1      compiler table, H16g, 26 steps from 504 MHz
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "isa/error.h"
#include "isa/insns/kld.h"
#include "kernels/arith/weights.h"
#include "results/document.h"
#include "results/report.h"
#include "sim/chips/chip.h"
#include "sim/chips/unit_text.h"
#include "sim/cli/commands.h"
#include "sim/cli/options.h"
#include "sim/runtimes/runtime.h"
#include "workloads/request/formats.h"

namespace ane::sim {
namespace {

namespace po = boost::program_options;
using Json = nlohmann::ordered_json;

struct Column {
  std::string_view heading, key;  // heading with its unit; JSON key, base units
  double scale;                   // one unit of the heading in base units
  std::string_view format;
  std::optional<double> (*value)(const Chip&);
};

template <class F>
std::optional<double> of_ane(const Chip& c, F f) {
  return c.has_ane() ? std::optional<double>(f(c.ane())) : std::nullopt;
}
template <class F>
std::optional<double> of_gpu(const Chip& c, F f) {
  return c.has_gpu() ? std::optional<double>(f(c.gpu())) : std::nullopt;
}
template <class F>
std::optional<double> of_cpu(const Chip& c, F f) {
  return c.has_cpu() ? std::optional<double>(f(c.cpu())) : std::nullopt;
}

using Number = std::optional<double>;
constexpr Column columns[] = {
    {"ANE GHz", "ane_clock_hz", 1e9, "{:.3f}",
     [](const Chip& c) -> Number { return of_ane(c, [](auto& a) { return a.clock_hz; }); }},
    {"NEs", "ane_cores", 1, "{:.0f}",
     [](const Chip& c) -> Number {
       return of_ane(c, [](auto& a) { return a.engines * a.cores; });
     }},
    {"FP16 TFLOP/s", "ane_peak_fp16_flop_per_s", 1e12, "{:.2f}",
     [](const Chip& c) -> Number {
       return of_ane(c, [](auto& a) { return a.engines * a.peak_fp16(); });
     }},
    {"INT8 TOP/s", "ane_peak_int8_op_per_s", 1e12, "{:.2f}",
     [](const Chip& c) -> Number {
       return of_ane(c, [](auto& a) { return a.engines * a.peak_int8(); });
     }},
    {"L2 MiB", "ane_l2_bytes", 0x1p20, "{:.3g}",
     [](const Chip& c) -> Number {
       return of_ane(c, [](auto& a) { return static_cast<double>(a.l2.count); });
     }},
    {"ANE GB/s", "ane_bandwidth_bytes_per_s", 1e9, "{:.1f}",
     [](const Chip& c) -> Number { return of_ane(c, [](auto& a) { return a.dram_bandwidth; }); }},
    {"DRAM GB/s", "dram_bandwidth_bytes_per_s", 1e9, "{:.1f}",
     [](const Chip& c) -> Number { return c.memory().bandwidth; }},
    {"P", "cpu_p_cores", 1, "{:.0f}",
     [](const Chip& c) -> Number { return of_cpu(c, [](auto& p) { return p.p_cores; }); }},
    {"E", "cpu_e_cores", 1, "{:.0f}",
     [](const Chip& c) -> Number { return of_cpu(c, [](auto& p) { return p.e_cores; }); }},
    {"CPU GHz", "cpu_p_clock_hz", 1e9, "{:.3f}",
     [](const Chip& c) -> Number { return of_cpu(c, [](auto& p) { return p.p_clock_hz; }); }},
    {"GPU cores", "gpu_cores", 1, "{:.0f}",
     [](const Chip& c) -> Number { return of_gpu(c, [](auto& g) { return g.cores; }); }},
    {"FP32 TFLOP/s", "gpu_peak_fp32_flop_per_s", 1e12, "{:.2f}",
     [](const Chip& c) -> Number { return of_gpu(c, [](auto& g) { return g.peak_fp32(); }); }},
    {"direct us", "dispatch_direct_s", 1e-6, "{:.0f}",
     [](const Chip& c) -> Number { return of_ane(c, [](auto& a) { return a.dispatch_direct; }); }},
    {"Core ML us", "dispatch_coreml_s", 1e-6, "{:.0f}",
     [](const Chip& c) -> Number { return of_ane(c, [](auto& a) { return a.dispatch_coreml; }); }},
};

void print_table(const std::vector<Chip>& chips, std::size_t width) {
  results::Block block;
  block.table = {"chips", {{"name", "chip", ""}}, {}, true};
  for (const Column& k : columns) block.table.columns.push_back({"", std::string(k.heading), ">"});
  for (const Chip& c : chips) {
    std::vector<results::Cell> row{std::string(c.name())};
    for (const Column& k : columns) {
      const Number v = k.value(c);
      row.emplace_back(v ? fmt::format(fmt::runtime(k.format), *v / k.scale) : std::string("-"));
    }
    block.table.rows.push_back(std::move(row));
  }
  block.after = {
      "Peaks are of all engines; one program runs on one. direct and Core ML: time of a call with "
      "no work. `anesim chips CHIP --sources` says where each value comes from."};
  fmt::print("{}", results::text_of({{"", nullptr, {std::move(block)}}}, width));
}

Json names_json(const std::vector<std::string>& names) {
  Json all = Json::array();
  for (const std::string& name : names) all.push_back({{"name", name}});
  return all;
}

Json table_json(const std::vector<Chip>& chips) {
  Json out = Json::array();
  for (const Chip& c : chips) {
    Json row = {{"name", c.name()}, {"chip", c.name()}};
    for (const Column& k : columns) {
      const Number v = k.value(c);
      row[std::string(k.key)] = v ? Json(*v) : Json(nullptr);
    }
    out.push_back(std::move(row));
  }
  return out;
}

// As the file writes it: "2.364 GHz".
std::string in_own_unit(const Parameter& p, double value) {
  return fmt::format("{:.6g}{}{}", value / p.scale, p.unit.empty() ? "" : " ", p.unit);
}

// "M1" of "M1.json:12": the description that a value is inherited from.
std::string_view file_stem(std::string_view place) {
  const std::size_t end = place.find(".json:");
  if (end == std::string_view::npos) return "";
  const std::size_t slash = place.rfind('/', end);
  const std::size_t begin = slash == std::string_view::npos ? 0 : slash + 1;
  return place.substr(begin, end - begin);
}

// What is said of a value beside its kind and source.
std::string remark_of(const Description& d, const Parameter& p) {
  std::string remark;
  if (p.low && p.high)
    remark += fmt::format("[{} to {}{}] ", in_own_unit(p, *p.low), in_own_unit(p, *p.high),
                          p.free ? ", free" : "");
  if (!p.from.empty()) remark += fmt::format("= {}. ", p.from);
  remark += p.note;
  if (const std::string_view of = file_stem(p.place);
      !of.empty() && of != d.name && p.kind != "set")
    remark +=
        fmt::format("{}(value of {}{}{})", remark.empty() ? "" : " ", of,
                    p.kind == "inherited" ? ", " : "", p.kind == "inherited" ? p.kind_there : "");
  return remark;
}

void print_description(const Description& d, bool sources, std::size_t width) {
  results::Report report{d.name, nullptr, {}};
  for (const auto& [key, value] : d.about)
    report.heading +=
        fmt::format("{}{} {}", key == d.about.begin()->first ? ": " : ", ", key, value);
  results::Block block;
  block.table = {"parameters", {{"path", "parameter", ""}, {"value", "value", ""}}, {}, true};
  if (sources)
    for (const char* column : {"kind", "source"}) block.table.columns.push_back({"", column, ""});
  if (sources) block.table.columns.push_back({"", "note", "..."});
  std::map<std::string_view, int> counts;
  for (const auto& [path, p] : d.parameters) {
    ++counts[p.kind];
    block.table.rows.push_back({std::string(path), in_own_unit(p, p.value)});
    if (!sources) continue;
    auto& row = block.table.rows.back();
    row.emplace_back(std::string(p.kind));
    row.emplace_back(std::string(p.source.empty() ? "-" : p.source));
    row.emplace_back(std::string(remark_of(d, p)));
    if (std::get<std::string>(row.back()).empty()) row.back() = std::string(" ");
  }
  std::string kinds;
  for (const auto& [kind, count] : counts)
    kinds += fmt::format("{}{} {}", kinds.empty() ? "" : ", ", count, kind);
  if (sources)
    block.after = {"", fmt::format("{}. S1, S2, ... are listed in docs/sources.md.", kinds)};
  report.blocks.push_back(std::move(block));
  fmt::print("{}", results::text_of({std::move(report)}, width));
}

Json parameter_json(const Parameter& p) {
  Json row = {{"value", p.value}, {"unit", p.dimension}, {"kind", p.kind}, {"source", p.source}};
  if (p.kind == "inherited") row["kind_there"] = p.kind_there;
  if (p.low) row["low"] = *p.low;
  if (p.high) row["high"] = *p.high;
  if (p.free) row["free"] = true;
  if (!p.from.empty()) row["from"] = p.from;
  if (!p.note.empty()) row["note"] = p.note;
  row["place"] = p.place;
  return row;
}

// A chip or a runtime, in a list of one under `key`; and as it stood at the top before version 0.2.
Json description_json(const Description& d, const char* key) {
  Json one = {{"name", d.name}, {"aliases", d.aliases}, {"about", d.about}};
  Json old = one;
  one["parameters"] = Json::array();
  old["parameters"] = Json::object();
  for (const auto& [path, p] : d.parameters) {
    Json row = {{"path", path}};
    row.update(parameter_json(p));
    one["parameters"].push_back(std::move(row));
    old["parameters"][path] = parameter_json(p);
  }
  Json body = {{key, Json::array({std::move(one)})}};
  body.update(old);
  return body;
}

// What the accelerator makes of each pair of weights and activations: one line a pair.
Json formats_json(const Chip& chip) {
  const isa::Machine& machine = chip.machine();
  Json rows = Json::array();
  for (std::string weights : workloads::streamed_weights())
    for (const char* activations : {"fp16", "int8"}) {
      if (weights == "sparse") weights = "sparse50";
      Json row = {{"weights", weights}, {"activations", activations}};
      try {
        const workloads::Accelerated a =
            workloads::accelerated({.weights = weights, .activations = activations}, machine);
        constexpr std::int64_t side = 1024;  // a layer of so many channels and inputs
        row["stream"] = isa::insns::kernel_choices[static_cast<std::size_t>(a.stream)];
        row["bytes_per_weight"] = static_cast<double>(kernels::arith::encoded_bytes(
                                      a.stream, 32, side, side, side * side / 2)) /
                                  (side * side);
        row["bytes_per_activation"] = a.int8_macs ? 1 : 2;
        row["macs_per_cycle_and_engine"] = a.int8_macs ? machine.macs_int8 : machine.macs_fp16;
        row["note"] = fmt::format("{}", fmt::join(a.notes, "; "));
      } catch (const InputError& e) {
        row["refused"] = e.what();
        row["note"] = e.note();
      }
      rows.push_back(std::move(row));
    }
  return rows;
}

void print_formats(const Chip& chip, std::size_t width) {
  results::Block block;
  block.table = {"formats",
                 {{"", "weights", ""},
                  {"", "activations", ""},
                  {"", "stream", ""},
                  {"", "B/weight", ">"},
                  {"", "B/activation", ">"},
                  {"", "MAC/cycle, NE", ">"},
                  {"", "note", "..."}},
                 {},
                 true};
  for (const Json& row : formats_json(chip)) {
    const bool refused = row.contains("refused");
    const std::string note = row["note"], dash = "-";
    block.table.rows.push_back(
        {row["weights"].get<std::string>(), row["activations"].get<std::string>(),
         refused ? dash : row["stream"].get<std::string>(),
         refused ? dash : fmt::format("{:.3f}", row["bytes_per_weight"].get<double>()),
         refused ? dash : fmt::format("{}", row["bytes_per_activation"].get<int>()),
         refused ? dash : fmt::format("{}", row["macs_per_cycle_and_engine"].get<int>()),
         refused        ? "refused: " + note
         : note.empty() ? std::string(" ")
                        : note});
  }
  fmt::print("{}",
             results::text_of({{fmt::format("{}: weights of a layer of 1024 x 1024", chip.name()),
                                nullptr,
                                {std::move(block)}}},
                              width));
}

// As JSON, or `list` of it as CSV.
void print_data(results::Style style, const Json& body, const std::string& list) {
  fmt::print("{}", style == results::Style::json ? results::document(body)
                                                 : results::document_csv(body, list));
}

void show(const Description& d, const std::string& key, results::Style style, bool sources,
          std::size_t width) {
  if (style == results::Style::text)
    print_description(d, sources, width);
  else
    print_data(style, description_json(d, key.c_str()), "/" + key + "/0/parameters");
}

// Of these chips, else of all.
void print_aliases(const std::vector<std::string>& chips, results::Style style) {
  std::vector<std::string> names;
  for (const std::string& c : chips) names.push_back(load_chip(c).name());
  if (chips.empty()) names = chip_names();
  Json all = Json::array();
  for (const std::string& name : names) {
    std::vector<std::string> aliases;
    for (const auto& [alias, of] : description_aliases("chips"))
      if (of == name) aliases.push_back(alias);
    if (style != results::Style::text)
      all.push_back({{"name", name}, {"aliases", aliases}});
    else if (!aliases.empty())
      fmt::print("{:<14}  {}\n", name, fmt::join(aliases, ", "));
  }
  if (style != results::Style::text) print_data(style, {{"chips", all}}, "/chips");
}

}  // namespace

int run_chips(const Arguments& arguments) {
  po::options_description options("options");
  options.add_options()                                              //
      ("sources", "with kind, source, band and note of each value")  //
      ("formats",
       "what the accelerator of one chip makes of each pair of number formats")  //
      ("set", po::value<std::vector<std::string>>()->composing()->value_name("path=value"),
       "override a value, as ane.l2=4MiB or memory.bandwidth=200GB/s; a bare number is in base "
       "units (Hz, s, B, B/s, W, J, FLOP/s)")                                    //
      ("aliases", "other names: of devices, of variants, as others write them")  //
      ("runtime", po::value<std::string>()->value_name("NAME"),
       "show a runtime instead of a chip")  //
      ("runtimes", "list the runtimes");
  add_style(options);
  const auto read =
      parse({.name = "chips",
             .usage = "[CHIP...] [options]\n\nWhat is known of each chip. Without CHIP: one line a "
                      "chip. A CHIP is a name in any spelling\n(M1Max, \"M1 Max (24c)\"), a device "
                      "(iPhone15Pro, \"MacBook Air M2\") or a file that ends in .json.",
             .options = options,
             .positional = "chip",
             .examples = {"anesim chips M1 M4", "anesim chips iPhone15Pro --sources"}},
            arguments);
  if (!read) return 0;
  const po::variables_map& given = *read;
  const results::Style style = style_of(given);
  const bool data = style != results::Style::text, sources = given.count("sources") > 0;
  const auto overrides =
      given.count("set") ? given["set"].as<std::vector<std::string>>() : std::vector<std::string>{};
  // Each of these shows another thing; what it does not read is no option beside it.
  const auto only = [&](const char* mode, std::initializer_list<const char*> not_read) {
    if (given.count(mode) == 0) return false;
    refuse_beside(given, fmt::format("--{}", mode), not_read);
    return true;
  };
  if (only("aliases", {"runtimes", "runtime", "formats", "sources", "set"})) {
    print_aliases(given.count("chip") ? given["chip"].as<std::vector<std::string>>()
                                      : std::vector<std::string>{},
                  style);
    return 0;
  }
  if (only("runtimes", {"runtime", "formats", "sources", "set", "chip"})) {
    if (data)
      print_data(style, {{"runtimes", names_json(runtime_names())}}, "/runtimes");
    else
      fmt::print("{}\n", fmt::join(runtime_names(), "\n"));
    return 0;
  }
  if (only("runtime", {"formats", "chip"})) {
    show(load_runtime(given["runtime"].as<std::string>(), overrides).description(), "runtimes",
         style, sources, columns_of(given));
    return 0;
  }
  std::vector<std::string> names;
  if (given.count("chip")) names = given["chip"].as<std::vector<std::string>>();
  if (only("formats", {"sources"})) {
    if (names.size() != 1)
      throw InputError("--formats", "needs one chip", "anesim chips M4 --formats");
    const Chip chip = load_chip(names[0], overrides);
    chip.ane();
    if (data)
      print_data(style, {{"chip", chip.name()}, {"formats", formats_json(chip)}}, "/formats");
    else
      print_formats(chip, columns_of(given));
    return 0;
  }
  if (names.size() == 1) {
    show(load_chip(names[0], overrides).description(), "chips", style, sources, columns_of(given));
    return 0;
  }
  if (sources) throw InputError("--sources", "needs one chip", "anesim chips M4 --sources");
  if (names.empty()) names = chip_names();
  std::vector<Chip> chips;
  for (const std::string& n : names) chips.push_back(load_chip(n, overrides));
  if (data)
    print_data(style, {{"chips", table_json(chips)}}, "/chips");
  else
    print_table(chips, columns_of(given));
  return 0;
}

}  // namespace ane::sim
