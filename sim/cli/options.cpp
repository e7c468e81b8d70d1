#include "sim/cli/options.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cmath>
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

constexpr const char* stray_words = "stray words";  // no option is typed so

// Names stand as they are written: a prefix that is unique today need not be tomorrow, and would
// end a user's script then.
constexpr int written_out =
    po::command_line_style::unix_style & ~po::command_line_style::allow_guessing;

// The one place that puts Boost's faults into words.
class Reader {
 public:
  Reader(const CommandLine& line, const po::options_description& all, const std::string& positional)
      : line_(line), all_(all), positional_(positional) {}

  po::variables_map read(const Arguments& arguments) const {
    po::positional_options_description words;
    words.add(positional_.c_str(), -1);
    po::parsed_options parsed(&all_);
    po::variables_map given;
    try {
      parsed = po::command_line_parser(arguments)
                   .options(all_)
                   .positional(words)
                   .style(written_out)
                   .run();
      po::store(parsed, given);
      po::notify(given);
    } catch (const po::unknown_option& e) {
      unknown(quoted(e.what()));
    } catch (const po::invalid_command_line_syntax& e) {
      misread(e);
    } catch (const po::multiple_occurrences& e) {
      throw InputError(typed(e.get_option_name()), "is given twice", "once is enough");
    } catch (const po::validation_error& e) {
      invalid(typed(e.get_option_name()), parsed);
    } catch (const po::error&) {
      throw InputError(place(), "the command line is not understood", help_note());
    }
    return given;
  }

  [[noreturn]] void stray(const std::string& word) const {
    const std::size_t equals = word.find('=');
    const std::string name = "--" + word.substr(0, equals);
    if (equals != std::string::npos && find(name) != nullptr)
      throw InputError(place(), fmt::format("'{}' is a word too many", word),
                       fmt::format("did you mean '{} {}'?", name, word.substr(equals + 1)));
    throw InputError(place(), fmt::format("'{}' is a word too many", word), help_note());
  }

 private:
  std::string place() const { return fmt::format("anesim {}", line_.name); }
  std::string help_note() const {
    return fmt::format("`anesim {}{} --help` shows what it takes", line_.name,
                       line_.keys.empty() ? "" : " WHAT");
  }
  // "--chip" of what Boost calls it.
  static std::string typed(const std::string& name) {
    return name.starts_with('-') ? name : "--" + name;
  }
  // Boost keeps the word as it was typed to itself, and in its text.
  static std::string quoted(const std::string& text) {
    const std::size_t first = text.find('\''), last = text.rfind('\'');
    return first == last ? text : text.substr(first + 1, last - first - 1);
  }
  const po::option_description* find(const std::string& name) const {
    return name.starts_with("--") ? line_.options.find_nothrow(name.substr(2), false) : nullptr;
  }

  [[noreturn]] void unknown(std::string word) const {
    word = word.substr(0, word.find('='));
    std::vector<std::string> names;
    for (const auto& option : line_.options.options()) names.push_back("--" + option->long_name());
    const std::string bare = word.substr(std::min(word.find_first_not_of('-'), word.size()));
    std::string key = bare;
    std::ranges::replace(key, '-', '_');
    const bool is_key = std::ranges::find(line_.keys, key) != line_.keys.end();
    // Of a comparison `--unit` is `--units`, rather than the key.
    const auto begins = [&](const std::string& name) { return name.starts_with("--" + bare); };
    std::string note = find("--" + bare) != nullptr ? fmt::format("did you mean '--{}'?", bare)
                       : is_key && std::ranges::none_of(names, begins)
                           ? fmt::format("did you mean '{}=...'? It is a key of the request.", key)
                       : bare.size() == 1 && !word.starts_with("--")
                           ? ""  // a letter is near to every other
                           : near_note("--" + bare, names);
    throw InputError(place(), fmt::format("unknown option '{}'", word),
                     (note.empty() ? "" : note + " ") + help_note());
  }

  [[noreturn]] void misread(const po::invalid_command_line_syntax& e) const {
    const std::string name = typed(e.get_option_name());
    const po::option_description* option = find(name);
    using Kind = po::invalid_syntax::kind_t;
    if (e.kind() == Kind::extra_parameter) throw InputError(name, "takes no value", "without '='");
    throw InputError(name, "a value is missing",
                     option == nullptr
                         ? help_note()
                         : fmt::format("{} {}: {}", name, value_name(*option), about(*option)));
  }

  [[noreturn]] void invalid(const std::string& name, const po::parsed_options& parsed) const {
    const po::option_description* option = find(name);
    std::string word;
    for (const auto& given : parsed.options)
      if (typed(given.string_key) == name && !given.value.empty()) word = given.value.back();
    const auto is = [&]<class T>(T) {
      return option != nullptr &&
             dynamic_cast<const po::typed_value<T>*>(option->semantic().get()) != nullptr;
    };
    const bool whole = is(std::int64_t{}) || is(int{}) || is(std::uint64_t{});
    throw InputError(name, fmt::format("'{}' is no {}", word, whole ? "whole number" : "number"),
                     option == nullptr ? help_note() : about(*option));
  }

  static std::string value_name(const po::option_description& option) {
    std::string name = option.format_parameter();
    return name.substr(0, name.find(" (="));
  }
  static std::string about(const po::option_description& option) { return option.description(); }

  const CommandLine& line_;
  const po::options_description& all_;
  const std::string& positional_;
};

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

std::string help_end(const std::vector<std::string>& examples, const std::string& mismatch) {
  std::string text = "\nexamples:\n";
  for (const std::string& example : examples) text += fmt::format("  {}\n", example);
  return text + fmt::format("\nexit status: 0 done, {}2 a fault in what was given\n",
                            mismatch.empty() ? "" : fmt::format("1 {}, ", mismatch));
}

std::optional<po::variables_map> parse(CommandLine line, const Arguments& arguments) {
  line.options.add_options()("help,h", "print this");
  if (asked_for != nullptr) {
    asked_for->emplace(line);
    return std::nullopt;
  }
  po::options_description all;
  all.add(line.options);
  const std::string positional = line.positional.empty() ? stray_words : line.positional;
  if (line.options.find_nothrow(positional, false) == nullptr)
    all.add_options()(positional.c_str(), po::value<std::vector<std::string>>());
  // Whoever asks for help has not finished the line.
  if (std::ranges::find(arguments, "--help") != arguments.end() ||
      std::ranges::find(arguments, "-h") != arguments.end()) {
    std::ostringstream text;
    text << line.options;
    fmt::print("usage: anesim {} {}\n\n{}{}", line.name, line.usage, text.str(),
               help_end(line.examples, line.mismatch));
    return std::nullopt;
  }
  const Reader reader(line, all, positional);
  po::variables_map given = reader.read(arguments);
  if (given.count(stray_words) != 0)
    reader.stray(given[stray_words].as<std::vector<std::string>>().front());
  return given;
}

bool was_given(const po::variables_map& given, const char* option) {
  return given.count(option) != 0 && !given[option].defaulted();
}

void refuse_beside(const po::variables_map& given, const std::string& mode,
                   std::initializer_list<const char*> options, const std::string& note) {
  for (const char* option : options)
    if (was_given(given, option))
      throw InputError(
          fmt::format("--{}", option), fmt::format("says nothing beside {}", mode),
          note.empty() ? fmt::format("without --{}, or without {}", option, mode) : note);
}

std::int64_t count_of(const std::string& option, const std::string& text, std::int64_t least,
                      std::int64_t all) {
  if (text == "all" && all > 0) return all;
  double value = 0, scale = 1;
  const char* const last = text.data() + text.size();
  auto [end, fault] = std::from_chars(text.data(), last, value);
  if (fault == std::errc{} && end + 1 == last)
    for (const auto& [letter, times] : {std::pair{'k', 1e3}, {'M', 1e6}, {'G', 1e9}})
      if (*end == letter) scale = times, ++end;
  value *= scale;
  const std::string choices = fmt::format(
      "{} {}, 10k, 1e6{}", option, std::max(least, std::int64_t{100}), all > 0 ? " or all" : "");
  if (fault != std::errc{} || end != last || value != std::floor(value))
    throw InputError(option, fmt::format("'{}' is no count", text), choices);
  if (value < static_cast<double>(least))
    throw InputError(option, fmt::format("at least {}", least), choices);
  if (value > 1e15)
    throw InputError(option, fmt::format("'{}' is out of range", text), "at most 1e15");
  return static_cast<std::int64_t>(value);
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
  const std::vector<std::string> files = words_of(given, option);
  for (std::size_t i = 0; i < files.size(); ++i) {
    std::vector<std::string> others = files_named(given, option);
    others.insert(others.end(), files.begin() + static_cast<std::ptrdiff_t>(i) + 1, files.end());
    check_output_file(files[i], others);
    if (std::ranges::find(others, files[i]) != others.end() && !std::filesystem::exists(files[i]))
      throw InputError(files[i], "is named twice, and would be written over",
                       "give each file its own");
  }
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
