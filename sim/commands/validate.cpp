// anesim validate: every measured row predicted and compared.
#include <fmt/format.h>

#include <boost/program_options.hpp>
#include <sstream>

#include "isa/error.h"
#include "sim/commands.h"
#include "sim/validate_report.h"

namespace ane::sim {

int run_validate(const Arguments& arguments) {
  namespace po = boost::program_options;
  std::vector<std::string> files, chip_settings, runtime_settings;
  std::string by;
  ReportOptions report;
  po::options_description options("options");
  options.add_options()("help,h", "this text")(
      "rows", po::value(&files)->value_name("FILE")->composing()->multitoken(),
      "CSV file of measured rows; repeat for several (default: the four files of results/silicon)")(
      "by", po::value(&by)->value_name("KEYS")->default_value("file,unit,kind"),
      "groups: one or more of kind, chip, source, unit, path, family, quantity, file, trust")(
      "worst", po::value(&report.worst)->value_name("N")->default_value(10),
      "how many of the worst rows to show, with their causes")(
      "set", po::value(&chip_settings)->value_name("PATH=VALUE")->composing(),
      "override of every chip: gpu.utilisation=0.75")(
      "set-runtime", po::value(&runtime_settings)->value_name("PATH=VALUE")->composing(),
      "override of every runtime: kernel_time='5 us'")("json", "as JSON; errors are fractions")(
      "csv", "one line a row")("markdown", "as the page docs/validation.md");
  po::variables_map given;
  try {
    po::store(po::command_line_parser(arguments).options(options).positional({}).run(), given);
    po::notify(given);
  } catch (const po::error& e) {
    throw InputError("validate", e.what(), "anesim validate --help");
  }
  if (given.contains("help")) {
    fmt::print(
        "usage: anesim validate [options]\n\nPredicts every measured row and compares. The "
        "error of a row is\nexp(|ln(predicted / measured)|) - 1.\n\n");
    std::ostringstream text;
    text << options;
    fmt::print("{}", text.str());
    return 0;
  }
  report.by.clear();
  for (std::size_t from = 0; from <= by.size();) {
    const std::size_t comma = std::min(by.find(',', from), by.size());
    report.by.push_back(by.substr(from, comma - from));
    from = comma + 1;
  }
  std::vector<SiliconRow> rows;
  for (const std::string& f : files.empty() ? built_in_rows() : files) {
    std::vector<SiliconRow> more = load_silicon_rows(f);
    rows.insert(rows.end(), std::make_move_iterator(more.begin()),
                std::make_move_iterator(more.end()));
  }
  const Validation v = compare_rows(rows, chip_settings, runtime_settings);
  if (given.contains("json"))
    fmt::print("{}", validation_json(v, report));
  else if (given.contains("csv"))
    fmt::print("{}", validation_csv(v));
  else if (given.contains("markdown"))
    fmt::print("{}", validation_markdown(v, report));
  else
    fmt::print("{}", validation_text(v, report));
  return 0;
}

}  // namespace ane::sim
