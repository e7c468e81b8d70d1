// anesim run vision_language, anesim compare vision_language: a picture and a question to an
// answer. Its options are the request's keys.
#include <fmt/format.h>

#include "isa/error.h"
#include "sim/cli/ask.h"
#include "sim/cli/workloads.h"
#include "workloads/request/kinds.h"

namespace ane::sim {
namespace {

namespace po = boost::program_options;

// "vision_unit" as the option "vision-unit".
std::string option_name(std::string_view key) {
  std::string name(key);
  for (char& c : name)
    if (c == '_') c = '-';
  return name;
}

void add_keys(po::options_description& options) {
  for (const workloads::Key& k : workloads::kind_named("vision_language").keys)
    options.add_options()(option_name(k.name).c_str(), po::value<std::string>(),
                          std::string(k.help).c_str());
  options.add_options()("weights", po::value<std::string>(),
                        "of the language model: fp16, int8, lut4, ...")(
      "host", po::value<std::string>()->default_value(default_chip), "whose CPU serves a card");
}

workloads::Request request_of(const po::variables_map& given) {
  std::string text = "kind=vision_language";
  for (const workloads::Key& k : workloads::kind_named("vision_language").keys)
    if (const std::string option = option_name(k.name); given.count(option))
      text += fmt::format(" {}={}", k.name, given[option].as<std::string>());
  if (given.count("weights")) text += " weights=" + given["weights"].as<std::string>();
  workloads::Request r = workloads::parse_request(text, "vision_language");
  if (const auto form = form_option(given)) r.conditions.form = form;
  return r;
}

// The host of a card, where the chip has no CPU of its own.
Asked on_chip(workloads::Request r, const Target& target, const po::variables_map& given) {
  if (!target.chip.has_cpu())
    r.conditions.host = given["host"].as<std::string>();
  else if (!given["host"].defaulted())
    throw InputError("--host", fmt::format("{} has a CPU of its own", target.chip.name()),
                     "it is for cards");
  return {.request = std::move(r)};
}

}  // namespace

int run_vision_language(const Arguments& arguments) {
  CommandLine line{
      .name = "run vision_language",
      .usage =
          "[options]\n\nTime and energy of a picture and a question to an "
          "answer: preprocessing on the CPU,\na vision network, a language "
          "model, and every crossing between them.",
      .options = po::options_description("options"),
      .examples = {"anesim run vision_language --chip M4Max",
                   "anesim run vision_language --language llama-3.2-1b --weights int8"}};
  add_keys(line.options);
  line.options.add_options()  //
      ("chip", po::value<std::string>()->default_value(default_chip),
       "a chip of `anesim chips`")  //
      ("language-unit", po::value<std::string>()->default_value("gpu"), "ane, gpu or cpu");
  add_target_options(line.options);
  add_output_options(line.options);
  const auto given = parse(std::move(line), arguments);
  if (!given) return 0;
  check_output(*given, true);
  refuse_options_of_values(*given, {}, "a picture and its answer have a cost alone");
  const Target target =
      make_target((*given)["chip"].as<std::string>(), unit_option(*given, "language-unit"),
                  (*given)["runtime"].as<std::string>(), overrides_of(*given));
  Bands bands;
  return finish(*given,
                {priced_record(on_chip(request_of(*given), target, *given), target, bands,
                               Detail::operators)},
                "layers");
}

int compare_vision_language(const Arguments& arguments) {
  CommandLine line{
      .name = "compare vision_language",
      .usage =
          "[options]\n\nThe same on several chips, the language model on each of "
          "the units: one memory against PCIe.",
      .options = po::options_description("options"),
      .examples = {"anesim compare vision_language --chips M4,M4Max",
                   "anesim compare vision_language --chips M4Max,RTX4090 --units gpu"}};
  add_keys(line.options);
  add_grid_options(line.options, "M4,M4Pro,M4Max,RTX4090", "ane,gpu");
  add_target_options(line.options);
  add_output_options(line.options);
  const auto given = parse(std::move(line), arguments);
  if (!given) return 0;
  check_output(*given, false);
  const workloads::Request request = request_of(*given);
  const Grid grid = grid_of(*given);
  return finish_compare(*given,
                        compare_records(*given, grid,
                                        [&](const Target& target) {
                                          return std::vector{on_chip(request, target, *given)};
                                        }),
                        grid);
}

}  // namespace ane::sim
