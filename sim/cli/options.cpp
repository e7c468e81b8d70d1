#include "sim/cli/options.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <sstream>

#include "isa/error.h"
#include "isa/file.h"

namespace ane::sim {

namespace po = boost::program_options;

namespace {
std::optional<CommandLine>* asked_for = nullptr;  // by command_line_of
}  // namespace

std::optional<CommandLine> command_line_of(int (*run)(const Arguments&),
                                           const Arguments& arguments) {
  std::optional<CommandLine> line;
  asked_for = &line;
  try {
    run(arguments);
  } catch (const InputError&) {
    line.reset();
  }
  asked_for = nullptr;
  return line;
}

std::optional<po::variables_map> parse(CommandLine line, const Arguments& arguments) {
  line.options.add_options()("help,h", "print this");
  if (asked_for != nullptr) {
    asked_for->emplace(line);
    return std::nullopt;
  }
  po::options_description all;
  all.add(line.options);
  po::positional_options_description words;
  if (!line.positional.empty()) {
    all.add_options()(line.positional.c_str(), po::value<std::vector<std::string>>());
    words.add(line.positional.c_str(), -1);
  }
  po::variables_map given;
  try {
    po::store(po::command_line_parser(arguments).options(all).positional(words).run(), given);
    po::notify(given);
  } catch (const po::error& e) {
    throw InputError(fmt::format("anesim {}", line.name), e.what(),
                     fmt::format("`anesim {} --help` lists the options", line.name));
  }
  if (given.count("help") == 0) return given;
  std::ostringstream text;
  text << line.options;
  fmt::print("usage: anesim {} {}\n\n{}", line.name, line.usage, text.str());
  return std::nullopt;
}

std::string only_word(const po::variables_map& given, const std::string& positional,
                      const std::string& command, const std::string& question) {
  const std::string place = fmt::format("anesim {}", command);
  if (given.count(positional) == 0) throw InputError(place, question);
  const auto& words = given[positional].as<std::vector<std::string>>();
  if (words.size() != 1)
    throw InputError(place, fmt::format("'{}' behind '{}': one is enough", words[1], words[0]));
  return words[0];
}

std::uint64_t seed_of(const po::variables_map& given) {
  const auto seed = given["seed"].as<std::int64_t>();
  if (seed < 0) throw InputError("--seed", fmt::format("{} is below 0", seed), "--seed 1");
  return static_cast<std::uint64_t>(seed);
}

namespace {

// What an option gives, whether one word or several.
std::vector<std::string> words_of(const po::variables_map& given, const char* option) {
  if (given.count(option) == 0) return {};
  const boost::any& value = given[option].value();
  if (const auto* word = boost::any_cast<std::string>(&value)) return {*word};
  if (const auto* words = boost::any_cast<std::vector<std::string>>(&value)) return *words;
  return {};
}

// The files that the options name, at commas too.
std::vector<std::string> files_named(const po::variables_map& given, std::string_view but) {
  std::vector<std::string> files;
  const auto add = [&](const char* option, bool also_names) {
    if (option == but) return;
    for (const std::string& word : words_of(given, option)) {
      std::istringstream parts(word);
      for (std::string part; std::getline(parts, part, ',');)
        if (!also_names || part.find_first_of("./") != std::string::npos) files.push_back(part);
    }
  };
  for (const char* option : {"reads", "reads2", "pdb", "weights", "rows", "buckets-from", "FILE.s",
                             "FILE", "out", "trace", "output"})
    add(option, false);
  for (const char* option : {"model", "order", "chip", "chips", "runtime"}) add(option, true);
  if (given.count("no-db") == 0)
    for (const std::string& db : words_of(given, "db"))
      for (const char* part : {"", "-wal", "-shm"}) files.push_back(db + part);
  return files;
}

}  // namespace

void check_file_to_write(const po::variables_map& given, const char* option) {
  const std::string file = given[option].as<std::string>();
  const std::vector<std::string> others = files_named(given, option);
  check_output_file(file, others);
  if (std::ranges::find(others, file) != others.end() && !std::filesystem::exists(file))
    throw InputError(file, "is named twice, and would be written over", "give each file its own");
}

void add_style(po::options_description& options) {
  options.add_options()("json", "as JSON: SI units, every digit (docs/schema/anesim-1.json)")(
      "csv", "as CSV, likewise")("wide", "text as wide as it comes, whatever the terminal");
}

std::size_t columns_of(const po::variables_map& given) {
  if (given.count("wide")) return results::all_columns;
  constexpr std::size_t least = 40;
  if (const char* said = std::getenv("COLUMNS")) {
    std::size_t n = 0;
    const char* const end = said + std::strlen(said);
    if (std::from_chars(said, end, n).ptr == end && n > 0) return std::max(n, least);
  }
  winsize window{};
  if (isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_col > 0)
    return std::max<std::size_t>(window.ws_col, least);
  return results::usual_columns;
}

results::Style style_of(const po::variables_map& given) {
  if (given.count("json") && given.count("csv"))
    throw InputError("--csv", "--json and --csv exclude each other");
  return given.count("json")  ? results::Style::json
         : given.count("csv") ? results::Style::csv
                              : results::Style::text;
}

std::int64_t run_id(const std::string& word) {
  std::int64_t id = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), id);
  if (error != std::errc() || end != word.data() + word.size() || id < 1)
    throw InputError("RUN_ID", fmt::format("'{}' is no run id", word),
                     "a run id is a whole number from 1; `anesim runs` lists them");
  return id;
}

}  // namespace ane::sim
