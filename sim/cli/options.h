// The command line of one command, read alike everywhere: --help prints usage and options, a fault
// is an InputError. Included by command files only (Boost.Program_options is heavy).
#pragma once
#include <boost/program_options.hpp>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

#include "results/view.h"
#include "sim/cli/commands.h"

namespace ane::sim {

struct CommandLine {
  std::string name;   // "show"
  std::string usage;  // after "usage: anesim show ", then what the command does
  boost::program_options::options_description options;  // shown by --help, which is added
  std::string positional{};  // the option (hidden or shown) that bare words fill; empty: none
  std::vector<std::string> examples{};  // as they are typed; --help shows two at least
  std::string mismatch{};               // when the exit status is 1; empty: never
  std::vector<std::string> keys{};  // of requests, for who writes --weights in place of weights=
};

// What ends every help: the examples and the exit status.
std::string help_end(const std::vector<std::string>& examples, const std::string& mismatch = "");

// Nothing when --help was asked for and printed.
std::optional<boost::program_options::variables_map> parse(CommandLine line,
                                                           const Arguments& arguments);

// The command line that a command's entry would parse; it ends there, and does nothing. Nothing
// where `arguments` do not lead to one. What points into the command's own variables must not be
// followed.
std::optional<CommandLine> command_line_of(int (*run)(const Arguments&),
                                           const Arguments& arguments);
// InputError where one of `options` was given beside `mode` ("--best"), which reads none of them.
void refuse_beside(const boost::program_options::variables_map& given, const std::string& mode,
                   std::initializer_list<const char*> options, const std::string& note = "");
// Whether the user wrote it, rather than a default.
bool was_given(const boost::program_options::variables_map& given, const char* option);

// A count on the command line: 5000, 5k, 1e6, 2M; `all` for "all". InputError at the option below
// `least`.
std::int64_t count_of(const std::string& option, const std::string& text, std::int64_t least,
                      std::int64_t all);

// The single bare word of a command, as parsed into the option `positional`; none or more of them:
// InputError with `question`.
std::string only_word(const boost::program_options::variables_map& given,
                      const std::string& positional, const std::string& command,
                      const std::string& question);

// The option `seed`, read as std::int64_t: Boost takes -1 for a large unsigned number. InputError
// below 0.
std::uint64_t seed_of(const boost::program_options::variables_map& given);

// Before any work: InputError where a file that `option` names cannot be written or is one that
// it names twice or another option names, as an input or as another output.
void check_file_to_write(const boost::program_options::variables_map& given, const char* option);

// Columns that text may take: all with --wide, else COLUMNS, the terminal's, or 100.
std::size_t columns_of(const boost::program_options::variables_map& given);

// --json, --csv and --wide, and which of the two was given (both: InputError).
void add_style(boost::program_options::options_description& options);
results::Style style_of(const boost::program_options::variables_map& given);

// "7" of the command line; anything else than a whole number from 1 is an InputError.
std::int64_t run_id(const std::string& word);

}  // namespace ane::sim
