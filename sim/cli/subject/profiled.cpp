#include "sim/cli/subject/profiled.h"

#include <fmt/format.h>

#include "isa/error.h"
#include "results/document.h"
#include "sim/cli/options.h"
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

void add_profile_options(po::options_description& options) {
  options.add_options()  //
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
      ("set", po::value<std::vector<std::string>>()->composing()->value_name("PATH=VALUE"),
       "override of the chip: ane.l2=4MiB");
  add_binding_options(options);
}

Profile profile_asked(const std::vector<std::string>& words, const po::variables_map& given) {
  const auto units =
      workloads::parse_term<Units>("units", given["units"].as<std::string>(), "--units");
  std::string text;
  const bool file =
      words.size() == 1 && words[0].find('=') == std::string::npos && means_file(words[0]);
  if (file) {
    text = onnx_question(words[0], given).text;
  } else {
    refuse_beside(given, words[0], {"shape", "dim", "input"}, "they are of a file");
    const std::vector<std::string> texts = requests_of(words);
    if (texts.size() != 1) throw InputError("anesim profile", "one model at a time");
    text = texts[0];
  }
  const Chip chip = load_chip(given["chip"].as<std::string>(), overrides_of(given));
  text = with_placement(text, given, units, chip);
  const workloads::Request request = with_numbers(
      text, "--precision", given["precision"].as<std::string>(), given["batch"].as<std::int64_t>());
  Profile p = profile_of(request, chip, units);
  if (file) p.record.stored.model = words[0];
  p.record.stored.command = results::shell_text(results::program().command);
  return p;
}

}  // namespace ane::sim
