// anesim profile: where each operator of a model runs, why, and what it costs.
#include "sim/profile/profile.h"

#include <fmt/format.h>

#include "isa/error.h"
#include "isa/status.h"
#include "results/store.h"
#include "results/trace.h"
#include "sim/cli/commands.h"
#include "sim/cli/options.h"
#include "sim/cli/subject/profiled.h"

namespace ane::sim {

namespace po = boost::program_options;

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
      ("expect-on-ane", po::value<double>()->value_name("SHARE"),
       "exit 1 where a smaller share of the operators runs on the accelerator, 0 to 1")  //
      ("trace", po::value<std::string>()->value_name("FILE"),
       "the tasks as a Chrome trace, where one program runs all")  //
      ("db", po::value<std::string>()->value_name("FILE"), "keep the run in a results file");
  add_profile_options(line.options);
  add_style(line.options);
  const auto given = parse(std::move(line), arguments);
  if (!given) return 0;
  const results::Style style = style_of(*given);
  if (given->count("trace") != 0) check_file_to_write(*given, "trace");
  double expected = -1;
  if (given->count("expect-on-ane") != 0) {
    expected = (*given)["expect-on-ane"].as<double>();
    if (!(expected >= 0 && expected <= 1))
      throw InputError("--expect-on-ane", fmt::format("{} is no share", expected), "0 to 1");
  }
  if (given->count("what") == 0)
    throw InputError("anesim profile", "which model?", "anesim profile resnet50");
  const Profile p = profile_asked((*given)["what"].as<std::vector<std::string>>(), *given);
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
