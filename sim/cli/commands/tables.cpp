// anesim tables: every published figure beside what the simulator gives, with a verdict.
//
//   $ anesim tables --source 001 --table bucketing
#include <fmt/format.h>

#include <algorithm>

#include "results/store.h"
#include "sim/claims/tables_report.h"
#include "sim/cli/commands.h"
#include "sim/cli/options.h"

namespace ane::sim {

int run_tables(const Arguments& arguments) {
  namespace po = boost::program_options;
  CommandLine line{
      .name = "tables",
      .usage =
          "[options]\n\nThe published figures, answered one by one: the published value, what "
          "this simulator gives\nfor the same configuration with its band, their ratio, and a "
          "verdict: reproduced (inside\nthe band), off, impossible (breaks a bound), "
          "inconsistent (contradicts another figure or\nits own arithmetic), not measured "
          "(by its provenance) or not comparable (conditions are\nmissing). Values are in "
          "the unit of the claim.",
      .options = po::options_description("options"),
      .examples = {"anesim tables --source 000", "anesim tables --table bucketing --csv"},
      .mismatch = "where a claim is off (--strict)"};
  Selection selection;
  line.options.add_options()  //
      ("source", po::value(&selection.source)->value_name("NUMBER"),
       "claims of one source: 000 to 004")  //
      ("table", po::value(&selection.table)->value_name("NAME"),
       "claims of one table: bucketing, variants, llm, power, ...")               //
      ("best", "the optimisations instead, each alone, multiplied and combined")  //
      ("strict", "exit 1 when a claim is off")                                    //
      ("db", po::value<std::string>()->value_name("FILE"), "keep the answers in a results file");
  add_style(line.options);
  const auto given = parse(std::move(line), arguments);
  if (!given) return 0;
  const results::Style style = style_of(*given);
  const Published published = load_published();
  if (given->count("best") != 0) {
    refuse_beside(*given, "--best", {"source", "table", "strict", "db"},
                  "it is of configurations, not of claims");
    const std::vector<Step> steps = ablation(published);
    fmt::print("{}", style == results::Style::json  ? ablation_json(steps)
                     : style == results::Style::csv ? ablation_csv(steps)
                                                    : ablation_text(steps, columns_of(*given)));
    return 0;
  }
  std::vector<Answer> context;
  const std::vector<Answer> answers = answer_claims(published, selection, &context);
  if (given->count("db") != 0) {
    results::Store store((*given)["db"].as<std::string>());
    store.put(as_claims(answers));
  }
  fmt::print("{}", style == results::Style::json ? tables_json(answers)
                   : style == results::Style::csv
                       ? tables_csv(answers)
                       : tables_text(answers, context, columns_of(*given)));
  const bool off =
      std::ranges::any_of(answers, [](const Answer& a) { return a.verdict == Verdict::off; });
  return given->count("strict") != 0 && off ? 1 : 0;
}

}  // namespace ane::sim
