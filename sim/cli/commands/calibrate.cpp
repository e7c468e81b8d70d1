// anesim calibrate: free parameters fitted to the calibration rows, never to others.
#include "sim/silicon/calibrate.h"

#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "isa/error.h"
#include "isa/file.h"
#include "isa/status.h"
#include "results/document.h"
#include "results/report.h"
#include "sim/chips/unit_text.h"
#include "sim/cli/options.h"

namespace ane::sim {
namespace {

std::string shown(const FittedParameter& p, double v) {
  return p.unit.empty() ? fmt::format("{:.4g}", v) : fmt::format("{:.4g} {}", v / p.scale, p.unit);
}

void print_text(const Calibration& c, std::size_t width) {
  results::Block parameters, residuals;
  parameters.table = {"parameters",
                      {{"", "parameter", ""},
                       {"", "rows", ""},
                       {"", "before", ">"},
                       {"", "after", ">"},
                       {"", "low", ">"},
                       {"", "high", ">"}},
                      {},
                      true};
  for (const FittedParameter& p : c.parameters)
    parameters.table.rows.push_back({p.file + ":" + p.path, static_cast<std::int64_t>(p.rows),
                                     shown(p, p.before), shown(p, p.after), shown(p, p.low),
                                     shown(p, p.high)});
  residuals.before = {"residuals, |ln(predicted / measured)|"};
  residuals.table = {
      "residuals",
      {{"", "runtime unit", ""}, {"", "rows", ""}, {"", "median", ">"}, {"", "p90", ">"}},
      {},
      true};
  for (const FittedRuntime& r : c.runtimes)
    residuals.table.rows.push_back({r.runtime + " " + r.unit, static_cast<std::int64_t>(r.rows),
                                    fmt::format("{:.3f}", r.median), fmt::format("{:.3f}", r.p90)});
  const std::string heading = fmt::format(
      "{} calibration rows, {} parameters that they see: loss {:.3f} -> {:.3f}, median error "
      "{:.1f} "
      "% -> {:.1f} %",
      c.rows, c.parameters.size(), c.loss_before, c.loss_after, 100 * c.median_before,
      100 * c.median_after);
  fmt::print("{}", results::text_of(
                       {{heading, nullptr, {std::move(parameters), std::move(residuals)}}}, width));
}

void print_data(const Calibration& c, results::Style style) {
  nlohmann::ordered_json j = {{"counts", {{"rows", c.rows}}},
                              {"loss_before", c.loss_before},
                              {"loss_after", c.loss_after},
                              {"median_before", c.median_before},
                              {"median_after", c.median_after}};
  j["parameters"] = nlohmann::ordered_json::array();
  for (const FittedParameter& p : c.parameters)
    j["parameters"].push_back({{"file", p.folder + "/" + p.file + ".json"},
                               {"path", p.path},
                               {"rows", p.rows},
                               {"before", p.before},
                               {"after", p.after},
                               {"low", p.low},
                               {"high", p.high}});
  j["residuals"] = nlohmann::ordered_json::array();
  for (const FittedRuntime& r : c.runtimes)
    j["residuals"].push_back({{"runtime", r.runtime},
                              {"unit", r.unit},
                              {"rows", r.rows},
                              {"median", r.median},
                              {"p90", r.p90}});
  fmt::print("{}", style == results::Style::csv ? results::document_csv(j, "/parameters")
                                                : results::document(j));
}

// All files are read and fitted before the first is written.
void write_files(const Calibration& c, const std::filesystem::path& root) {
  std::set<std::pair<std::string, std::string>> names;
  for (const FittedParameter& p : c.parameters) names.emplace(p.folder, p.file);
  std::vector<std::pair<std::filesystem::path, std::string>> texts;
  for (const auto& [folder, file] : names) {
    const std::filesystem::path path = root / folder / (file + ".json");
    texts.emplace_back(path, with_fit(read_file(path), folder, file, c));
  }
  for (const auto& [path, text] : texts) {
    write_file(path, text);
    print_status("{}\n", path.string());
  }
}

}  // namespace

int run_calibrate(const Arguments& arguments) {
  namespace po = boost::program_options;
  std::vector<std::string> files, only;
  std::string root;
  int passes = 8;
  po::options_description options("options");
  options.add_options()(
      "rows", po::value(&files)->value_name("FILE")->composing()->multitoken(),
      "CSV file of calibration rows; repeat for several (default: all that the program carries)")(
      "only", po::value(&only)->value_name("TEXT")->composing(),
      "fit just parameters whose 'file:path' contains TEXT")(
      "passes", po::value(&passes)->value_name("N")->default_value(passes),
      "most passes over all parameters")(
      "write", po::value(&root)->value_name("DIR"),
      "write the fit into DIR/chips/*.json and DIR/runtimes/*.json (default: only show it)")(
      "residuals",
      "fit nothing; the residuals by kind of work as CSV, for "
      "results/silicon/residuals.csv, which all bands rest on")(
      "json", "as JSON, values in base units")("csv", "the parameters as CSV, likewise")(
      "wide", "text as wide as it comes, whatever the terminal");
  const auto given =
      parse({.name = "calibrate",
             .usage = "[options]\n\nFits the parameters marked free in the files of chips and "
                      "runtimes to calibration rows.\nRows of validation are for validate, which "
                      "fits nothing.",
             .options = options,
             .examples = {"anesim calibrate --rows ane_calibration.csv --only M1:ane --passes 1",
                          "anesim calibrate --rows ane_calibration.csv --residuals"}},
            arguments);
  if (!given) return 0;
  if (given->count("residuals"))
    refuse_beside(*given, "--residuals", {"only", "passes", "write", "json", "csv"});
  if (passes < 1) throw InputError("--passes", "must be at least 1");
  std::vector<SiliconRow> rows;
  if (files.empty()) files = calibration_files();
  for (const std::string& f : files) {
    std::vector<SiliconRow> more = load_silicon_rows(f);
    rows.insert(rows.end(), std::make_move_iterator(more.begin()),
                std::make_move_iterator(more.end()));
  }
  if (given->contains("residuals")) {
    fmt::print("{}", residuals_csv(measure_residuals(rows)));
    return 0;
  }
  const Calibration c = calibrate(rows, only, passes);
  if (const results::Style style = style_of(*given); style != results::Style::text)
    print_data(c, style);
  else
    print_text(c, columns_of(*given));
  if (!root.empty()) write_files(c, root);
  return 0;
}

}  // namespace ane::sim
