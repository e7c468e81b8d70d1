// anesim exec: runs one program on a chip's accelerator, for values and for time.
//
//   $ anesim exec sum.s
//   sum on M4: 1 task, 44.9 ns
//     y fp16 [1, 1, 1, 4]: 5 7 9 11
#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "isa/assembler.h"
#include "isa/container.h"
#include "isa/error.h"
#include "isa/file.h"
#include "kernels/arithmetic.h"
#include "results/document.h"
#include "results/text.h"
#include "sim/ane/execute/workers.h"
#include "sim/ane/machine.h"
#include "sim/cli/session.h"
#include "workloads/files/npy.h"

namespace ane::sim {
namespace {

namespace po = boost::program_options;
using Json = nlohmann::ordered_json;

// A program file by its first bytes: the container's magic, else text. Read once, for a pipe too.
isa::Program read_program(const std::string& path) {
  const std::string bytes = read_file(path);
  if (bytes.empty()) throw InputError(path, "the file is empty");
  if (bytes.starts_with("ANEX"))
    return isa::from_container({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()},
                               path);
  return isa::assemble(bytes, path);
}

void write_inputs(AneMachine& machine, const std::vector<std::string>& inputs) {
  for (const std::string& word : inputs) {
    const auto equals = word.find('=');
    if (equals == std::string::npos)
      throw InputError("--input", fmt::format("'{}' is no NAME=FILE.npy", word));
    machine.write(word.substr(0, equals), workloads::read_npy(word.substr(equals + 1)).tensor());
  }
}

Json values_json(const kernels::Tensor& t) {
  Json values = Json::array();
  for (std::int64_t i = 0; i < t.size(); ++i) {
    const double v = kernels::element(t, i);
    values.push_back(std::isfinite(v) ? Json(v) : Json(fmt::format("{}", v)));
  }
  return values;
}

std::string values_text(const kernels::Tensor& t, std::int64_t most) {
  std::string text;
  for (std::int64_t i = 0; i < std::min(t.size(), most); ++i)
    text += fmt::format(" {}", kernels::element(t, i));
  if (t.size() > most) text += fmt::format(" ... ({} values)", t.size());
  return text;
}

}  // namespace

int run_exec(const Arguments& arguments) {
  po::options_description options("options");
  options.add_options()  //
      ("chip", po::value<std::string>()->value_name("NAME"),
       "default: the program's own, else M4")  //
      ("set", po::value<std::vector<std::string>>()->value_name("PATH=VALUE"),
       "override a chip's value, e.g. ane.l2=4MiB")  //
      ("input", po::value<std::vector<std::string>>()->value_name("NAME=FILE.npy"),
       "values of an input tensor; default: what the program's sections hold")                 //
      ("values", po::value<std::int64_t>()->default_value(16), "values shown of each output")  //
      ("timing-only", "no values: time and energy alone")                                      //
      ("json", "print everything as JSON");
  add_threads_option(options);
  const auto given =
      parse({.name = "exec",
             .usage = "PROGRAM [options]\n\nRuns a program (text, or a file of `anesim asm`) on a "
                      "chip's accelerator.",
             .options = options,
             .positional = "PROGRAM",
             .examples = {"anesim exec sum.s", "anesim exec sum.anex --chip M1 --timing-only"}},
            arguments);
  if (!given) return 0;
  if (given->count("timing-only"))
    refuse_beside(*given, "--timing-only", {"input", "values", "threads"});
  if (given->count("json")) refuse_beside(*given, "--json", {"values"}, "it has all of them");
  isa::Program program =
      read_program(only_word(*given, "PROGRAM", "exec", "which program is to be run?"));
  std::string chip_name = program.chip.empty() ? "M4" : program.chip;
  if (given->count("chip")) chip_name = (*given)["chip"].as<std::string>();
  const Chip chip = load_chip(chip_name, overrides_of(*given));
  const int threads = threads_option(*given);
  AneMachine machine(chip, std::move(program));
  if (!machine.races().empty())
    throw InputError(machine.program().name, machine.races().front(),
                     "`dep n=0` keeps tasks in order; `sig` and `wait` order two of them");
  if (given->count("input"))
    write_inputs(machine, (*given)["input"].as<std::vector<std::string>>());
  const bool values = given->count("timing-only") == 0;
  if (values) {
    Workers workers(threads);
    machine.execute(workers);
  }
  const Execution run = machine.time();
  const TaskEnergy& e = run.energy;
  const double energy = e.mac + e.l2 + e.kernel + e.dma + e.dram + e.planar;
  if (given->count("json")) {
    Json out = {{"program", machine.program().name},
                {"chip", chip.name()},
                {"duration_s", seconds(run.duration)},
                {"dynamic_energy_j", energy},
                {"macs", run.work.macs}};
    out["causes"] = Json::array();
    for (int c = 0; c < results::cause_count; ++c)
      if (run.causes[static_cast<std::size_t>(c)] > 0)
        out["causes"].push_back({{"name", results::name(static_cast<Cause>(c))},
                                 {"s", run.causes[static_cast<std::size_t>(c)]}});
    out["tasks"] = Json::array();
    for (const TaskTrace& t : run.tasks)
      out["tasks"].push_back({{"id", t.id},
                              {"start_ps", t.start.count},
                              {"end_ps", t.end.count},
                              {"bound", results::name(t.time.bound)},
                              {"macs", t.work.macs}});
    if (values)
      for (const isa::TensorSymbol& s : machine.program().tensors)
        if (s.output)
          out["outputs"].push_back(
              {{"name", s.name}, {"values", values_json(machine.read(s.name))}});
    fmt::print("{}", results::document(out));
    return 0;
  }
  fmt::print("{} on {}: {} task{}, {}, {} of dynamic energy\n", machine.program().name, chip.name(),
             run.tasks.size(), run.tasks.size() == 1 ? "" : "s",
             results::with_unit(seconds(run.duration), "s"), results::with_unit(energy, "J"));
  for (const TaskTrace& t : run.tasks)
    fmt::print("  task {:<5} {:>10} to {:>10}  {}\n", t.id,
               results::with_unit(seconds(t.start), "s"), results::with_unit(seconds(t.end), "s"),
               results::name(t.time.bound));
  if (values)
    for (const isa::TensorSymbol& s : machine.program().tensors)
      if (s.output) {
        const kernels::Tensor t = machine.read(s.name);
        fmt::print("  {} {} {}:{}\n", s.name, isa::info(t.format).name, kernels::to_string(t.shape),
                   values_text(t, (*given)["values"].as<std::int64_t>()));
      }
  return 0;
}

}  // namespace ane::sim
