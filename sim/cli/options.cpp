#include "sim/cli/options.h"

#include <fmt/format.h>

#include <sstream>

#include "isa/error.h"

namespace ane::sim {

namespace po = boost::program_options;

std::optional<po::variables_map> parse(CommandLine line, const Arguments& arguments) {
  line.options.add_options()("help,h", "print this");
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

void add_style(po::options_description& options) {
  options.add_options()("json", "as JSON: SI units, every digit")("csv", "as CSV, likewise");
}

results::Style style_of(const po::variables_map& given) {
  if (given.count("json") && given.count("csv"))
    throw InputError("--csv", "--json and --csv exclude each other");
  return given.count("json")  ? results::Style::json
         : given.count("csv") ? results::Style::csv
                              : results::Style::text;
}

}  // namespace ane::sim
