#include "sim/cli/session.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <exception>
#include <sstream>
#include <system_error>

#include "isa/error.h"
#include "isa/status.h"
#include "kernels/arith/gemm.h"
#include "results/document.h"
#include "results/store.h"
#include "results/trace.h"
#include "results/view.h"
#include "sim/price/levers.h"

namespace ane::sim {

namespace po = boost::program_options;

std::vector<std::string> split_list(const std::string& text) {
  std::vector<std::string> parts;
  std::string part;
  for (const char c : text + ",") {
    if (c != ',' && c != ' ') {
      part += c;
    } else if (!part.empty()) {
      parts.push_back(part);
      part.clear();
    }
  }
  return parts;
}

std::vector<std::string> split_names(const std::string& option, const std::string& text) {
  constexpr const char* form = "names, with commas between them";
  if (text.find_first_not_of(" ,") == std::string::npos)
    throw InputError(option, "an empty list", form);
  std::vector<std::string> names;
  std::istringstream words(text + ",");
  for (std::string name; std::getline(words, name, ',');) {
    const std::size_t first = name.find_first_not_of(' ');
    if (first == std::string::npos)
      throw InputError(option, fmt::format("'{}' has an empty name", text), form);
    names.push_back(name.substr(first, name.find_last_not_of(' ') - first + 1));
  }
  return names;
}

std::vector<std::string> split_set(const std::string& option, const std::string& text) {
  std::vector<std::string> names = split_names(option, text);
  for (auto at = names.begin(); at != names.end(); ++at)
    if (std::find(names.begin(), at, *at) != at)
      throw InputError(option, fmt::format("'{}' is there twice", *at), "each once");
  return names;
}

std::vector<std::int64_t> split_numbers(const std::string& option, const std::string& text) {
  std::vector<std::int64_t> numbers;
  for (const std::string& word : split_list(text)) {
    std::int64_t n = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), n);
    if (error != std::errc() || end != word.data() + word.size() || n < 1)
      throw InputError(option, fmt::format("'{}' is no whole number from 1", word),
                       fmt::format("{} 1,10,100", option));
    if (std::ranges::find(numbers, n) != numbers.end())
      throw InputError(option, fmt::format("{} is there twice", n), "each once");
    numbers.push_back(n);
  }
  if (numbers.empty())
    throw InputError(option, "an empty list", fmt::format("{} 1,10,100", option));
  return numbers;
}

void add_target_options(po::options_description& options) {
  options.add_options()  //
      ("set", po::value<std::vector<std::string>>()->value_name("PATH=VALUE"),
       "override a chip's value, e.g. ane.l2=4MiB; may be given several times")  //
      ("memory", po::value<std::string>()->value_name("SIZE"),
       "memory of the chip, e.g. 16GiB; default: the largest sold (`anesim chips CHIP`)")  //
      ("profile", po::value<std::string>()->value_name("NAME"),
       "numbers: ane16 (M4 as measured) or ieee; default: the chip's")  //
      ("simd", po::value<std::string>()->default_value("best")->value_name("PATH"),
       "host arithmetic: scalar, avx2, avx512 or best; never changes a bit")  //
      ("runtime", po::value<std::string>()->default_value("")->value_name("NAME"),
       "software on top; default: coreml (ANE), mlx (GPU), accelerate (CPU)")  //
      ("form", po::value<std::string>()->value_name("NAME"),
       "what is priced: framework (the operators that the network's own code runs) or accelerator "
       "(the graph that is made of it for the ANE); default: accelerator on the ANE, else "
       "framework");
}

void add_output_options(po::options_description& options) {
  options.add_options()  //
      ("db", po::value<std::string>()->default_value("anesim.db")->value_name("FILE"),
       "results file, made when absent")                                    //
      ("no-db", "store nothing")                                            //
      ("again", "store the run even if this question was answered before")  //
      ("view", po::value<std::string>()->value_name("NAME"),
       "summary, compare, layers, timeline, roofline, bottleneck, energy or memory")  //
      ("trace", po::value<std::string>()->value_name("FILE"),
       "write what runs when, of one run, for ui.perfetto.dev")  //
      ("tasks", "store the row of every task too");
  add_style(options);
  add_table_option(options);
}

void add_table_option(po::options_description& options) {
  options.add_options()("table", po::value<std::string>()->value_name("NAME"),
                        "which table of a view --csv writes; default: its first");
}

std::string table_of(const po::variables_map& given) {
  if (given.count("table") == 0) return "";
  if (given.count("csv") == 0)
    throw InputError("--table", "chooses what --csv writes", "--csv --table NAME");
  return given["table"].as<std::string>();
}

results::Style check_output(const po::variables_map& given, bool traced) {
  if (given.count("view") != 0) results::view_named(given["view"].as<std::string>());
  if (given.count("trace") != 0 && !traced)
    throw InputError("--trace", "a trace shows one run", "anesim run, or anesim show RUN_ID");
  if (given.count("no-db") != 0)
    refuse_beside(given, "--no-db", {"db", "again", "tasks"}, "nothing is stored");
  if (given.count("trace") != 0) check_file_to_write(given, "trace");
  table_of(given);
  return style_of(given);
}

std::optional<workloads::Form> form_option(const po::variables_map& given) {
  if (given.count("form") == 0) return std::nullopt;
  return workloads::parse_term<workloads::Form>("form", given["form"].as<std::string>(), "--form");
}

Unit unit_option(const po::variables_map& given, const char* option) {
  return workloads::parse_term<Unit>(option, given[option].as<std::string>(),
                                     std::string("--") + option);
}

std::vector<std::string> overrides_of(const po::variables_map& given) {
  std::vector<std::string> overrides;
  if (given.count("set") != 0) overrides = given["set"].as<std::vector<std::string>>();
  if (given.count("memory") != 0)
    overrides.push_back("memory.capacity=" + given["memory"].as<std::string>());
  return overrides;
}

const kernels::arith::Profile& profile_of(const po::variables_map& given, const Target& target) {
  if (given.count("profile") == 0)
    return kernels::arith::profile_named(target.chip.machine().default_profile);
  if (target.unit != Unit::ane)
    throw InputError("--profile",
                     fmt::format("is of the ANE's arithmetic; the {} computes in the numbers of "
                                 "--precision",
                                 workloads::name(target.unit)),
                     "--unit ane, or without --profile");
  return kernels::arith::profile_named(given["profile"].as<std::string>());
}

void refuse_options_of_values(const po::variables_map& given,
                              std::initializer_list<const char*> more, const std::string& note) {
  const auto refuse = [&](const char* option) {
    if (given.count(option) != 0 && !given[option].defaulted())
      throw InputError(fmt::format("--{}", option), "there are no values to be computed", note);
  };
  refuse("profile");
  refuse("simd");
  for (const char* option : more) refuse(option);
}

void add_threads_option(po::options_description& options) {
  options.add_options()("threads", po::value<int>()->default_value(1)->value_name("N"),
                        "host threads that compute values, 1 to 64; never changes a bit");
}

int threads_option(const po::variables_map& given) {
  const int threads = given["threads"].as<int>();
  if (threads < 1 || threads > 64)
    throw InputError("--threads", fmt::format("{} is out of range", threads), "1 to 64");
  return threads;
}

int machine_threads(const po::variables_map& given, Unit unit) {
  if (unit != Unit::ane && was_given(given, "threads"))
    throw InputError("--threads",
                     fmt::format("share the simulated machine's work; the {}'s values have one",
                                 workloads::name(unit)),
                     "--unit ane, or without --threads");
  return threads_option(given);
}

void add_layer_option(po::options_description& options) {
  options.add_options()("precision-of",
                        po::value<std::vector<std::string>>()->composing()->value_name("NODE=fp16"),
                        "a layer that stays in FP16 beside --precision, by its name in --view "
                        "layers ('*' for any letters); repeat for several (ANE)");
}

std::string fp16_layers_of(const po::variables_map& given) {
  std::string names;
  if (given.count("precision-of") == 0) return names;
  for (const std::string& word : given["precision-of"].as<std::vector<std::string>>()) {
    const std::size_t equals = word.rfind('=');
    const std::string node = word.substr(0, equals);
    if (equals == std::string::npos || node.empty() || node.find(',') != std::string::npos)
      throw InputError("--precision-of", fmt::format("'{}' is no NODE=fp16", word),
                       "--precision-of 'encoder_layers.0.*=fp16'");
    if (word.substr(equals + 1) != "fp16")
      throw InputError("--precision-of",
                       fmt::format("{} in '{}': a layer stays in fp16 or goes with --precision",
                                   node, word.substr(equals + 1)),
                       node + "=fp16");
    names += (names.empty() ? "" : ",") + node;
  }
  return names;
}

void choose_simd(const po::variables_map& given) {
  using kernels::arith::Simd;
  const std::vector<std::string> names{"scalar", "avx2", "avx512", "best"};
  const std::string name = given["simd"].as<std::string>();
  const auto at = std::ranges::find(names, name);
  if (at == names.end())
    throw InputError("--simd", fmt::format("unknown path '{}'", name), choice_note(name, names));
  kernels::arith::use_simd(static_cast<Simd>(at - names.begin()));
}

namespace {

struct Kept {
  std::string status{};      // what is said of it
  std::exception_ptr fault;  // what stopped it
};

// Stores the records, unless nothing is to be stored, and gives each its id.
Kept keep(const po::variables_map& given, std::vector<results::Record>& records) {
  Kept kept;
  if (given.count("no-db") != 0) return kept;
  try {
    results::Store store(given["db"].as<std::string>());
    const auto sum = store.add(records, given.count("again") != 0, given.count("tasks") != 0);
    for (std::size_t i = 0; i < sum.ids.size(); ++i) records[i].stored.id = sum.ids[i];
    kept.status = fmt::format(
        "{}: {} of {} runs added{}\n", store.path(), sum.added, records.size(),
        sum.known > 0 && !sum.fault ? " (the others were there; --again stores them once more)"
                                    : "");
    if (sum.fault) kept.fault = std::make_exception_ptr(*sum.fault);
  } catch (...) {
    kept.fault = std::current_exception();
  }
  return kept;
}

}  // namespace

namespace {

// Of --set: what is of a unit that none of the runs is on.
void tell_of_idle_overrides(const po::variables_map& given,
                            const std::vector<results::Record>& records) {
  if (given.count("set") == 0) return;
  for (const std::string& o : given["set"].as<std::vector<std::string>>()) {
    const std::string unit = o.substr(0, o.find('.'));
    if (unit != "ane" && unit != "gpu") continue;  // the CPU is everybody's host
    const auto runs_there = [&](const results::Record& r) {
      return r.run.unit == unit ||
             std::ranges::any_of(r.operators, [&](const auto& row) { return row.unit == unit; });
    };
    if (std::ranges::none_of(records, runs_there))
      print_status("--set {}: nothing here runs on the {}, so it changes nothing\n", o,
                   unit == "ane" ? "ANE" : "GPU");
  }
}

}  // namespace

int finish(const po::variables_map& given, std::vector<results::Record> records,
           const std::string& view, const std::string& against) {
  const results::Style style = check_output(given, records.size() == 1);
  const std::string chosen = given.count("view") != 0 ? given["view"].as<std::string>() : view;
  if (chosen == "bottleneck")
    for (results::Record& r : records) r.levers = levers_of(r);
  for (results::Record& r : records)
    r.stored.command = results::shell_text(results::program().command);
  // Neither a results file that cannot be written to nor an output that nobody reads, as behind
  // `head`, loses the other; the fault is told last.
  Kept kept = keep(given, records);
  std::exception_ptr unread;
  try {
    results::Rendering how(style);
    how.against = against;
    how.table = table_of(given);
    how.columns = columns_of(given);
    fmt::print("{}", results::render(chosen, records, how));
  } catch (const std::system_error&) {
    unread = std::current_exception();
  }
  if (given.count("trace") != 0) {
    results::write_trace(records[0], given["trace"].as<std::string>());
    print_status("trace written to {}\n", given["trace"].as<std::string>());
  }
  tell_of_idle_overrides(given, records);
  if (!kept.status.empty()) print_status("{}", kept.status);
  if (kept.fault) std::rethrow_exception(kept.fault);
  if (unread) std::rethrow_exception(unread);
  return 0;
}

}  // namespace ane::sim
