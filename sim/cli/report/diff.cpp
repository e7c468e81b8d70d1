// anesim diff: two runs, or two questions, side by side.
//
//   $ anesim diff 3 4 --fail-if 'latency>2%'
//   $ anesim diff 'mpnn residues=100' 'mpnn residues=200' --chip M4
#include "results/diff.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "isa/error.h"
#include "isa/status.h"
#include "results/json.h"
#include "results/store.h"
#include "sim/cli/ask.h"
#include "sim/cli/commands.h"
#include "sim/cli/options.h"
#include "sim/cli/session.h"
#include "sim/cli/sweep/asked.h"

namespace ane::sim {
namespace {

namespace po = boost::program_options;

bool is_number(std::string_view word) {
  return !word.empty() &&
         std::ranges::all_of(word, [](unsigned char c) { return std::isdigit(c); });
}

// "3" of --db, or "old.db:3".
bool names_run(const std::string& word) {
  const std::size_t colon = word.rfind(':');
  return is_number(colon == std::string::npos ? word : word.substr(colon + 1));
}

results::Record stored_run(const std::string& word, const std::string& db) {
  const std::size_t colon = word.rfind(':');
  const std::string file = colon == std::string::npos ? db : word.substr(0, colon);
  results::Store store(file, results::Store::Open::existing);
  return store.load(run_id(colon == std::string::npos ? word : word.substr(colon + 1)));
}

results::Record asked_run(const std::string& text, const std::string& chip,
                          const std::vector<std::string>& overrides) {
  std::vector<std::string> words;
  for (std::size_t from = 0; from < text.size();) {
    const std::size_t end = std::min(text.find(' ', from), text.size());
    if (end > from) words.push_back(text.substr(from, end - from));
    from = end + 1;
  }
  const std::vector<std::string> texts = priced_requests(words);
  if (texts.size() != 1) throw InputError(text, "is more than one question", "one a word");
  const Asked asked{.request = workloads::parse_request(texts[0])};
  Bands bands;
  return priced_record(asked, target_of(asked.request, load_chip(chip, overrides)), bands,
                       Detail::operators);
}

std::vector<std::string> values_of(const po::variables_map& given, const char* option) {
  return given.count(option) != 0 ? given[option].as<std::vector<std::string>>()
                                  : std::vector<std::string>{};
}

}  // namespace

int run_diff(const Arguments& arguments) {
  CommandLine line{
      .name = "diff",
      .usage =
          "A B [options]\n\nTwo runs side by side: what was asked otherwise, and what that does to "
          "the totals, the\ncauses, the units and the operators, the largest change first. A and "
          "B are runs of the\nresults file (3), of another (old.db:3), or questions that are "
          "priced now (a request in one\nword).",
      .options = po::options_description("options"),
      .positional = "what",
      .examples = {"anesim diff 1 2",
                   "anesim diff resnet50 resnet50 --chip M1,M4 --fail-if 'latency>2%'",
                   "anesim diff 'mpnn residues=100' 'mpnn residues=100' --set-b ane.l2=8MiB"},
      .mismatch = "where a limit of --fail-if is broken"};
  line.options.add_options()  //
      ("fail-if", po::value<std::vector<std::string>>()->composing()->value_name("LIMIT"),
       "a change that is too much: 'latency>2%', 'energy>1mJ', 'throughput<-5%'; repeat for "
       "several. "
       "Of latency, throughput, energy, energy_per_item, power, memory, dram, macs")  //
      ("chip", po::value<std::string>()->default_value(default_chip)->value_name("A[,B]"),
       "of questions: the chip of both, or of each")  //
      ("set-a", po::value<std::vector<std::string>>()->composing()->value_name("PATH=VALUE"),
       "override of the chip of A, where it is a question: ane.l2=4MiB")  //
      ("set-b", po::value<std::vector<std::string>>()->composing()->value_name("PATH=VALUE"),
       "the same of B")  //
      ("db", po::value<std::string>()->default_value("anesim.db")->value_name("FILE"),
       "the results file of runs by their number alone");
  add_style(line.options);
  add_table_option(line.options);
  const auto given = parse(std::move(line), arguments);
  if (!given) return 0;
  const results::Style style = style_of(*given);
  const std::string table = table_of(*given);
  const std::vector<std::string> words = values_of(*given, "what");
  if (words.size() != 2)
    throw InputError("anesim diff",
                     fmt::format("takes two runs or questions, not {}", words.size()),
                     "anesim diff 3 4");
  std::vector<results::ChangeLimit> limits;
  for (const std::string& text : values_of(*given, "fail-if"))
    limits.push_back(results::change_limit(text, "--fail-if"));
  std::vector<std::string> chips = split_names("--chip", (*given)["chip"].as<std::string>());
  if (chips.size() > 2) throw InputError("--chip", "is of A and B alone", "--chip M1,M4");
  if (chips.size() == 1) chips.push_back(chips[0]);
  std::vector<results::Record> records;
  for (std::size_t i = 0; i < 2; ++i) {
    const char* const set = i == 0 ? "set-a" : "set-b";
    if (names_run(words[i])) {
      refuse_beside(*given, "the stored run " + words[i], {set}, "it was asked already");
      records.push_back(stored_run(words[i], (*given)["db"].as<std::string>()));
    } else {
      records.push_back(asked_run(words[i], chips[i], values_of(*given, set)));
    }
  }
  if (names_run(words[0]) && names_run(words[1]))
    refuse_beside(*given, "two stored runs", {"chip"}, "they were asked already");
  else if ((names_run(words[0]) || names_run(words[1])) && chips[0] != chips[1])
    throw InputError("--chip", "a stored run was asked already, on a chip of its own",
                     "one chip, that of the question");
  results::Report report = results::diff(records[0], records[1]);
  constexpr std::size_t page = 15;
  if (style == results::Style::text)
    for (results::Block& b : report.blocks)
      if (b.table.rows.size() > page) {
        b.after.push_back(fmt::format("  and {} more (--json, --csv --table {})",
                                      b.table.rows.size() - page, b.table.key));
        b.table.rows.resize(page);
      }
  fmt::print("{}", style == results::Style::json  ? results::reports_json(records, {report})
                   : style == results::Style::csv ? results::csv_of({report}, table)
                                                  : results::text_of({report}, columns_of(*given)));
  const std::vector<std::string> broken = results::broken_limits(records[0], records[1], limits);
  for (const std::string& sentence : broken) print_status("{}\n", sentence);
  return broken.empty() ? 0 : 1;
}

}  // namespace ane::sim
