// anesim profile: where each operator of a model runs, why, and what it costs.
#include "sim/profile/profile.h"

#include <fmt/format.h>

#include <algorithm>

#include "isa/error.h"
#include "isa/status.h"
#include "results/document.h"
#include "results/store.h"
#include "results/trace.h"
#include "sim/cli/commands.h"
#include "sim/cli/session.h"
#include "sim/cli/subject/files.h"
#include "sim/cli/subject/subject.h"
#include "sim/cli/workloads/onnx.h"

namespace ane::sim {

namespace po = boost::program_options;

namespace {

// Core ML's placement, where it places at all and nothing else is said.
std::string with_placement(const std::string& text, const po::variables_map& given, Units units,
                           const Chip& chip) {
  const bool on_ane = (units == Units::all || units == Units::cpu_and_ne) && chip.has_ane();
  const bool cpu_known = chip.has_cpu() || !usual_host(chip).empty();
  const auto said = workloads::said(text, "placement");
  if (given.count("placement") == 0)
    return said || !on_ane || !cpu_known ? text : text + " placement=coreml";
  const std::string asked = given["placement"].as<std::string>();
  if (!on_ane) throw InputError("--placement", "nothing may run on an ANE here", "--units all");
  workloads::parse_term<workloads::Placing>("placement", asked, "--placement");
  if (said && *said != asked)
    throw InputError("--placement", fmt::format("the request says placement={}", *said));
  return said ? text : text + " placement=" + asked;
}

}  // namespace

int run_profile(const Arguments& arguments) {
  CommandLine line{
      .name = "profile",
      .usage =
          "MODEL.onnx|NAME [options]\n\nWhere each operator runs, why, and what it costs: by "
          "operator, unit, segment and cause;\nwhat keeps operators off the accelerator, with a "
          "rewrite and what it would give; and what\nif. Operators go where Core ML's planner "
          "puts them (docs/placement.md), or where --placement says.",
      .options = po::options_description("options"),
      .positional = "what",
      .examples = {"anesim profile resnet50 --chip M4",
                   "anesim profile model.onnx --placement capable --expect-on-ane 0.5"},
      .mismatch = "where fewer operators than --expect-on-ane run on the accelerator"};
  line.options.add_options()  //
      ("chip", po::value<std::string>()->default_value(default_chip)->value_name("NAME"),
       "see `anesim chips`")  //
      ("units", po::value<std::string>()->default_value("all")->value_name("NAME"),
       "all, cpu_and_ne, cpu_and_gpu or cpu_only")  //
      ("placement", po::value<std::string>()->value_name("NAME"),
       "coreml (default: as its planner does), capable (the accelerator gets all that it takes) or "
       "best (what is quickest here)")  //
      ("precision", po::value<std::string>()->default_value("")->value_name("NAME"),
       "fp16 (default), fp32, int8w (weights alone), lut4, ...")                               //
      ("batch", po::value<std::int64_t>()->default_value(1)->value_name("N"), "items a call")  //
      ("expect-on-ane", po::value<double>()->value_name("SHARE"),
       "exit 1 where a smaller share of the operators runs on the accelerator, 0 to 1")  //
      ("set", po::value<std::vector<std::string>>()->composing()->value_name("PATH=VALUE"),
       "override of the chip: ane.l2=4MiB")  //
      ("trace", po::value<std::string>()->value_name("FILE"),
       "the tasks as a Chrome trace, where one program runs all")  //
      ("db", po::value<std::string>()->value_name("FILE"), "keep the run in a results file");
  add_binding_options(line.options);
  add_style(line.options);
  const auto given = parse(std::move(line), arguments);
  if (!given) return 0;
  const results::Style style = style_of(*given);
  if (given->count("trace") != 0) check_file_to_write(*given, "trace");
  const auto units =
      workloads::parse_term<Units>("units", (*given)["units"].as<std::string>(), "--units");
  double expected = -1;
  if (given->count("expect-on-ane") != 0) {
    expected = (*given)["expect-on-ane"].as<double>();
    if (!(expected >= 0 && expected <= 1))
      throw InputError("--expect-on-ane", fmt::format("{} is no share", expected), "0 to 1");
  }
  if (given->count("what") == 0)
    throw InputError("anesim profile", "which model?", "anesim profile resnet50");
  const auto words = (*given)["what"].as<std::vector<std::string>>();
  std::string text;
  const bool file =
      words.size() == 1 && words[0].find('=') == std::string::npos && means_file(words[0]);
  if (file) {
    text = onnx_question(words[0], *given).text;
  } else {
    refuse_beside(*given, words[0], {"shape", "dim", "input"}, "they are of a file");
    const std::vector<std::string> texts = requests_of(words);
    if (texts.size() != 1) throw InputError("anesim profile", "one model at a time");
    text = texts[0];
  }
  const Chip chip = load_chip((*given)["chip"].as<std::string>(), overrides_of(*given));
  text = with_placement(text, *given, units, chip);
  const workloads::Request request =
      with_numbers(text, "--precision", (*given)["precision"].as<std::string>(),
                   (*given)["batch"].as<std::int64_t>());
  Profile p = profile_of(request, chip, units);
  if (file) p.record.stored.model = words[0];
  p.record.stored.command = results::shell_text(results::program().command);
  if (given->count("db") != 0) {
    results::Store store((*given)["db"].as<std::string>());
    std::vector<results::Record> records{p.record};
    if (const auto sum = store.add(records, false, false); sum.fault) throw *sum.fault;
  }
  if (given->count("trace") != 0) {
    if (p.record.tasks.empty())
      throw InputError("--trace", "there are no tasks of one program",
                       "a model that the accelerator takes whole");
    results::write_trace(p.record, (*given)["trace"].as<std::string>());
  }
  fmt::print("{}", style == results::Style::json ? profile_json(p)
                   : style == results::Style::csv
                       ? profile_csv(p)
                       : profile_text(p, columns_of(*given), given->count("wide") != 0));
  if (p.on_ane_share >= expected) return 0;
  print_status("{:.4f} of the operators run on the accelerator, fewer than {}\n", p.on_ane_share,
               expected);
  return 1;
}

}  // namespace ane::sim
