// anesim run vision_language, anesim compare vision_language: a picture and a question to an
// answer.
#include "sim/run/vision_language.h"

#include <fmt/format.h>

#include "isa/error.h"
#include "sim/cli/session.h"
#include "sim/cli/workloads.h"

namespace ane::sim {
namespace {

namespace po = boost::program_options;

void add_plan(po::options_description& options, VisionLanguagePlan& plan) {
  options.add_options()                                                                         //
      ("width", po::value(&plan.width)->default_value(plan.width), "pixels of the picture")     //
      ("height", po::value(&plan.height)->default_value(plan.height), "pixels of the picture")  //
      ("side", po::value(&plan.side)->default_value(plan.side),
       "pixels of the square that the vision network sees, a multiple of 16")            //
      ("vision", po::value(&plan.vision)->default_value(plan.vision), "vision network")  //
      ("language", po::value(&plan.language)->default_value(plan.language),
       "language model")  //
      ("weights", po::value(&plan.weights)->default_value(plan.weights),
       "of the language model: fp16, int8, lut4, ...")  //
      ("question", po::value(&plan.question)->default_value(plan.question),
       "tokens beside the picture's")  //
      ("answer", po::value(&plan.answer)->default_value(plan.answer), "tokens written");
}

void check(const VisionLanguagePlan& p) {
  const auto within = [](const char* option, std::int64_t v, std::int64_t low, std::int64_t high) {
    if (v < low || v > high)
      throw InputError(option, fmt::format("{} is out of range", v),
                       fmt::format("{} to {}", low, high));
  };
  within("--width", p.width, 1, 65536);
  within("--height", p.height, 1, 65536);
  within("--side", p.side, 16, 2048);
  within("--question", p.question, 1, 100000);
  within("--answer", p.answer, 1, 100000);
  if (p.side % 16 != 0)
    throw InputError("--side", fmt::format("{} is no multiple of 16", p.side), "224");
}

// A card has no CPU of its own: its host is another chip.
Target host_for(const Chip& chip, const std::string& host,
                const std::vector<std::string>& overrides) {
  return make_target(chip.has_cpu() ? chip.name() : host, "cpu", "",
                     chip.has_cpu() ? overrides : std::vector<std::string>{});
}

}  // namespace

int run_vision_language(const Arguments& arguments) {
  VisionLanguagePlan plan;
  CommandLine line{.name = "run vision_language",
                   .usage =
                       "[options]\n\nTime and energy of a picture and a question to an "
                       "answer: preprocessing on the CPU,\na vision network, a language "
                       "model, and every crossing between them.",
                   .options = po::options_description("options")};
  add_plan(line.options, plan);
  line.options.add_options()                                                                     //
      ("chip", po::value<std::string>()->default_value("M4"), "a chip of `anesim chips`")        //
      ("vision-unit", po::value<std::string>(), "ane, gpu or cpu; default: ane, gpu on a card")  //
      ("language-unit", po::value<std::string>()->default_value("gpu"), "ane, gpu or cpu")       //
      ("host", po::value<std::string>()->default_value("M4"), "whose CPU serves a card");
  add_target_options(line.options);
  add_output_options(line.options);
  const auto given = parse(std::move(line), arguments);
  if (!given) return 0;
  check(plan);
  check_output(*given, false);
  const std::vector<std::string> overrides = overrides_of(*given);
  const std::string chip_name = (*given)["chip"].as<std::string>();
  const Chip chip = load_chip(chip_name, overrides);
  const std::string vision = given->count("vision-unit") != 0
                                 ? (*given)["vision-unit"].as<std::string>()
                             : chip.has_ane() ? "ane"
                                              : "gpu";
  const VisionLanguageUnits units{
      make_target(chip_name, vision, "", overrides),
      make_target(chip_name, (*given)["language-unit"].as<std::string>(),
                  (*given)["runtime"].as<std::string>(), overrides),
      host_for(chip, (*given)["host"].as<std::string>(), overrides)};
  results::Record record = time_vision_language(plan, units);
  record.run.overrides = canonical(overrides);
  return finish(*given, {record}, "layers");
}

int compare_vision_language(const Arguments& arguments) {
  VisionLanguagePlan plan;
  CommandLine line{.name = "compare vision_language",
                   .usage =
                       "[options]\n\nThe same on several chips, the language model on each of "
                       "the units: one memory against PCIe.",
                   .options = po::options_description("options")};
  add_plan(line.options, plan);
  line.options.add_options()  //
      ("chips", po::value<std::string>()->default_value("M4,M4Pro,M4Max,RTX4090"),
       "chips of `anesim chips`")  //
      ("units", po::value<std::string>()->default_value("ane,gpu"),
       "of the language model; those that a chip lacks are left out")  //
      ("host", po::value<std::string>()->default_value("M4"), "whose CPU serves a card");
  add_target_options(line.options);
  add_output_options(line.options);
  const auto given = parse(std::move(line), arguments);
  if (!given) return 0;
  check(plan);
  check_output(*given, false);
  const std::vector<std::string> overrides = overrides_of(*given);
  std::vector<results::Record> records;
  for (const std::string& name : split_names("--chips", (*given)["chips"].as<std::string>())) {
    const Chip chip = load_chip(name, overrides);
    for (const std::string& unit : split_names("--units", (*given)["units"].as<std::string>())) {
      const bool there = unit == "ane"   ? chip.has_ane()
                         : unit == "gpu" ? chip.has_gpu()
                         : unit == "cpu" ? chip.has_cpu()
                                         : true;  // make_target names the fault
      if (!there) continue;
      const VisionLanguageUnits units{
          make_target(name, chip.has_ane() ? "ane" : "gpu", "", overrides),
          make_target(name, unit, "", overrides),
          host_for(chip, (*given)["host"].as<std::string>(), overrides)};
      records.push_back(time_vision_language(plan, units));
      records.back().run.overrides = canonical(overrides);
    }
  }
  if (records.empty())
    throw InputError("--units", "none of the chips has one of these units", "ane, gpu, cpu");
  return finish(*given, records, "compare");
}

}  // namespace ane::sim
