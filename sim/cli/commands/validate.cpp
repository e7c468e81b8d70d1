// anesim validate: every measured row predicted and compared.
#include <fmt/format.h>

#include <iterator>

#include "isa/error.h"
#include "results/json.h"
#include "results/store.h"
#include "sim/cli/options.h"
#include "sim/cli/session.h"
#include "sim/place/observed.h"
#include "sim/profile/observed_models.h"
#include "sim/silicon/validate_report.h"

namespace ane::sim {
namespace {

namespace po = boost::program_options;

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> out;
  for (std::size_t from = 0; from <= text.size();) {
    const std::size_t comma = std::min(text.find(',', from), text.size());
    out.push_back(text.substr(from, comma - from));
    from = comma + 1;
  }
  return out;
}

}  // namespace

int run_validate(const Arguments& arguments) {
  std::vector<std::string> files, chip_settings, runtime_settings;
  std::string by, db;
  ReportOptions report;
  po::options_description options("options");
  options.add_options()(
      "rows", po::value(&files)->value_name("FILE")->composing()->multitoken(),
      "CSV file of measured rows; repeat for several (default: the five of results/silicon)")(
      "by", po::value(&by)->value_name("KEYS")->default_value("file,unit,measure,kind"),
      "groups: one or more of kind, chip, source, unit, path, runtime, family, quantity, measure "
      "(time or energy), file, trust")("worst",
                                       po::value(&report.worst)->value_name("N")->default_value(10),
                                       "how many of the worst rows to show, with their causes")(
      "set", po::value(&chip_settings)->value_name("PATH=VALUE")->composing(),
      "override of every chip: gpu.utilisation=0.75")(
      "set-runtime", po::value(&runtime_settings)->value_name("PATH=VALUE")->composing(),
      "override of every runtime: kernel_time='5 us'")(
      "db", po::value(&db)->value_name("FILE"), "also store the comparisons in this results file")(
      "markdown", "as the page docs/validation.md")(
      "placement",
      "instead: placements of Core ML that others observed, and where its planner's rule puts "
      "them");
  add_style(options);
  const auto given = parse(
      {.name = "validate",
       .usage = "[options]\n\nPredicts every measured row and compares. The error of a row is\n"
                "exp(|ln(predicted / measured)|) - 1; in JSON errors are fractions.",
       .options = options,
       .examples = {"anesim validate --by unit --worst 3",
                    "anesim validate --rows ane_validation.csv --by chip,kind"}},
      arguments);
  if (!given) return 0;
  const results::Style style = style_of(*given);
  if (given->count("placement")) {
    refuse_beside(*given, "--placement",
                  {"rows", "by", "worst", "set", "set-runtime", "db", "markdown"},
                  "the tables of results/placement are all there is");
    const std::vector<results::Report> reports{placement_report(judge_placements()),
                                               model_placements_report(judge_models())};
    fmt::print("{}", style == results::Style::json ? results::reports_json({}, reports)
                     : style == results::Style::csv
                         ? results::csv_of(reports)
                         : results::text_of(reports, columns_of(*given)));
    return 0;
  }
  if (given->count("markdown"))
    refuse_beside(*given, "--markdown", {"json", "csv", "by", "worst"}, "the page has its own");
  if (style == results::Style::csv)
    refuse_beside(*given, "--csv", {"by", "worst"}, "it has every row");
  report.by = split(by);
  std::vector<SiliconRow> rows;
  for (const std::string& f : files.empty() ? built_in_rows() : files) {
    std::vector<SiliconRow> more = load_silicon_rows(f);
    rows.insert(rows.end(), std::make_move_iterator(more.begin()),
                std::make_move_iterator(more.end()));
  }
  const Validation v = compare_rows(rows, chip_settings, runtime_settings);
  if (!db.empty()) results::Store(db).put(silicon_records(v, code_version()));
  fmt::print("{}", given->contains("markdown")     ? validation_markdown(v, report)
                   : style == results::Style::json ? validation_json(v, report)
                   : style == results::Style::csv  ? validation_csv(v)
                                                  : validation_text(v, report, columns_of(*given)));
  return 0;
}

}  // namespace ane::sim
