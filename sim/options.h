// The command line of one command, read alike everywhere: --help prints usage and options, a fault
// is an InputError. Included by command files only (Boost.Program_options is heavy).
#pragma once
#include <boost/program_options.hpp>
#include <optional>
#include <string>

#include "results/view.h"
#include "sim/commands.h"

namespace ane::sim {

struct CommandLine {
  std::string name;   // "show"
  std::string usage;  // after "usage: anesim show ", then what the command does
  boost::program_options::options_description options;  // shown by --help, which is added
  std::string positional{};  // the option (hidden or shown) that bare words fill; empty: none
};

// Nothing when --help was asked for and printed.
std::optional<boost::program_options::variables_map> parse(CommandLine line,
                                                           const Arguments& arguments);

// --json and --csv, and which of them was given (both: InputError).
void add_style(boost::program_options::options_description& options);
results::Style style_of(const boost::program_options::variables_map& given);

}  // namespace ane::sim
