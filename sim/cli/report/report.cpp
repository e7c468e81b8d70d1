// anesim report: what was asked, drawn, as one file that opens anywhere.
//
//   $ anesim report 3 4 -o report.html
//   $ anesim report --model resnet50 --chip M4
#include <fmt/format.h>

#include <algorithm>

#include "isa/error.h"
#include "isa/file.h"
#include "isa/status.h"
#include "results/document.h"
#include "results/store.h"
#include "sim/cli/commands.h"
#include "sim/cli/options.h"
#include "sim/cli/subject/profiled.h"
#include "sim/report/reports.h"

namespace ane::sim {
namespace {

namespace po = boost::program_options;

using Given = po::variables_map;

constexpr const char* subjects[] = {"sweep", "tables", "validate", "model"};

// Whose report it is: one of `subjects`, or "" for runs. InputError for two.
std::string subject_of(const Given& given) {
  std::vector<std::string> asked;
  if (given.count("RUN_ID") != 0) asked.emplace_back("RUN_ID");
  for (const char* s : subjects)
    if (given.count(s) != 0) asked.push_back(std::string("--") + s);
  if (asked.size() > 1)
    throw InputError(asked[1], fmt::format("beside {}", asked[0]), "a report is of one of them");
  return asked.empty() || asked[0] == "RUN_ID" ? "" : asked[0].substr(2);
}

// Options that say something of another subject.
void refuse_others(const Given& given, const std::string& subject) {
  if (subject != "model")
    refuse_beside(
        given, "a report without --model",
        {"chip", "units", "placement", "precision", "batch", "set", "shape", "dim", "input"},
        "runs were asked already");
  if (subject == "tables" || subject == "validate" || subject == "model")
    refuse_beside(given, "--" + subject, {"db"}, "nothing is read from a results file");
}

Page page_of(const Given& given, const std::string& subject, const std::string& again) {
  if (subject == "tables") return report_of_tables(answer_claims(load_published(), {}), again);
  if (subject == "validate") {
    std::vector<SiliconRow> rows;
    for (const std::string& f : built_in_rows())
      for (SiliconRow& r : load_silicon_rows(f)) rows.push_back(std::move(r));
    return report_of_validation(compare_rows(rows, {}, {}), again);
  }
  if (subject == "model")
    return report_of_model(profile_asked({given["model"].as<std::string>()}, given), again);
  results::Store store(given["db"].as<std::string>(), results::Store::Open::existing);
  if (subject == "sweep") {
    const std::string id = given["sweep"].as<std::string>();
    return report_of_sweep(store.load_sweep(id == "last" ? 0 : run_id(id)), again);
  }
  std::vector<results::Record> records;
  if (given.count("RUN_ID") != 0)
    for (const std::string& word : given["RUN_ID"].as<std::vector<std::string>>()) {
      if (word.find_first_not_of("0123456789-") != std::string::npos)
        throw InputError("RUN_ID", fmt::format("'{}' is no stored run", word),
                         fmt::format("of a model: --model {}; `anesim runs` lists runs", word));
      // 3-8: the runs of one comparison.
      const std::size_t dash = word.find('-', 1);
      const std::int64_t first = run_id(word.substr(0, dash));
      const std::int64_t last = dash == std::string::npos ? first : run_id(word.substr(dash + 1));
      if (last < first)
        throw InputError("RUN_ID", fmt::format("{} ends before it begins", word),
                         fmt::format("{}-{}", last, first));
      for (std::int64_t id = first; id <= last; ++id) records.push_back(store.load(id));
    }
  else
    records.push_back(store.load(store.newest()));
  return report_of_runs(records, again);
}

}  // namespace

int run_report(const Arguments& arguments) {
  CommandLine line{
      .name = "report",
      .usage =
          "[RUN_ID|FROM-TO... | --sweep ID | --tables | --validate | --model FILE] [options]\n\n"
          "What was asked, drawn: one HTML file without links to others, with charts and the data "
          "of\neach as a table. Without words it is of the newest run.",
      .options = po::options_description("options"),
      .positional = "RUN_ID",
      .examples = {"anesim report 1 -o run.html", "anesim report 1-3 -o compare.html",
                   "anesim report --model resnet50 --chip M4",
                   "anesim report --tables --svg pictures"}};
  line.options.add_options()                                                           //
      ("sweep", po::value<std::string>()->value_name("ID|last"), "of a stored sweep")  //
      ("tables", "of the published figures and their verdicts")                        //
      ("validate", "of measured rows and their predictions")                           //
      ("model", po::value<std::string>()->value_name("FILE|NAME"),
       "of a model: where each operator runs, why, and what it costs")  //
      ("out,o", po::value<std::string>()->default_value("report.html")->value_name("FILE"),
       "the file that is written")  //
      ("svg", po::value<std::string>()->value_name("DIR"),
       "each chart as a file too, DIR/NAME.svg (drawn by Node.js)")  //
      ("png", po::value<std::string>()->value_name("DIR"),
       "the same as pictures of points (by rsvg-convert)")  //
      ("db", po::value<std::string>()->default_value("anesim.db")->value_name("FILE"),
       "the results file");
  po::options_description model("of --model");
  add_profile_options(model);
  line.options.add(model);
  const auto given = parse(std::move(line), arguments);
  if (!given) return 0;
  const std::string subject = subject_of(*given);
  refuse_others(*given, subject);
  check_file_to_write(*given, "out");
  const Page page = page_of(*given, subject, results::shell_text([] {
    std::vector<std::string> words = results::program().command;
    words.insert(words.begin(), "anesim");
    return words;
  }()));
  const auto pictures = [&](const char* option, bool svg) {
    if (given->count(option) == 0) return;
    const auto files = write_pictures(page, (*given)[option].as<std::string>(), svg, !svg);
    print_status("{}: {} charts\n", (*given)[option].as<std::string>(), files.size());
  };
  pictures("svg", true);
  pictures("png", false);
  const std::string file = (*given)["out"].as<std::string>();
  write_file(file, html_of(page));
  print_status(
      "{}: {} charts{}\n", file, figures_of(page).size(),
      report_file("bundle").empty() ? ", as tables: this program was built without npm" : "");
  return 0;
}

}  // namespace ane::sim
