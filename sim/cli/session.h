// What every workload's `run` and `compare` share: the options that choose chip, unit, runtime,
// numbers and output, and the way a finished record is stored and shown. For command files only
// (Boost.Program_options is heavy).
#pragma once
#include <boost/program_options.hpp>
#include <optional>
#include <string>
#include <vector>

#include "kernels/arith/profile.h"
#include "results/record.h"
#include "sim/cli/options.h"
#include "sim/price/target.h"
#include "sim/price/version.h"

namespace ane::sim {

// Splits "A,B C" at commas and blanks.
std::vector<std::string> split_list(const std::string& text);
// Splits "M1,M1 Max (24c)" at commas alone; an InputError at the option without any name and for an
// empty one.
std::vector<std::string> split_names(const std::string& option, const std::string& text);
// The same of what counts once: a name that is there twice is an InputError.
std::vector<std::string> split_set(const std::string& option, const std::string& text);
std::vector<std::int64_t> split_numbers(const std::string& option, const std::string& text);

// --set, --profile, --simd, --runtime, --form.
void add_target_options(boost::program_options::options_description& options);
void add_output_options(boost::program_options::options_description& options);
// --table, for commands that print views; its value, empty where it is not given. InputError where
// --csv is not given too.
void add_table_option(boost::program_options::options_description& options);
std::string table_of(const boost::program_options::variables_map& given);

// The style of --json and --csv. A fault in any output option is an InputError now, before the work
// and before anything is written. `traced`: it is one run, which --trace can show.
results::Style check_output(const boost::program_options::variables_map& given, bool traced);

// --form as it is asked for; empty: by unit.
std::optional<workloads::Form> form_option(const boost::program_options::variables_map& given);
Unit unit_option(const boost::program_options::variables_map& given, const char* option = "unit");
std::vector<std::string> overrides_of(const boost::program_options::variables_map& given);

// --profile, or the chip's default; InputError where it is given for another unit than the ANE.
const kernels::arith::Profile& profile_of(const boost::program_options::variables_map& given,
                                          const Target& target);
// --precision-of of commands that run one request, and what it says: names at commas, empty for
// none.
void add_layer_option(boost::program_options::options_description& options);
std::string fp16_layers_of(const boost::program_options::variables_map& given);
// --threads of commands that compute values, and what it says: InputError unless it is 1 to 64. The
// second is for values of the simulated machine alone.
void add_threads_option(boost::program_options::options_description& options);
int threads_option(const boost::program_options::variables_map& given);
int machine_threads(const boost::program_options::variables_map& given, Unit unit);
// Applies --simd.
void choose_simd(const boost::program_options::variables_map& given);

// Where nothing is computed but a price: InputError for --profile, --simd and those of `more`, all
// options of values, unless they stand at their defaults.
void refuse_options_of_values(const boost::program_options::variables_map& given,
                              std::initializer_list<const char*> more, const std::string& note);

// Adds the records to --db (--no-db: nowhere), prints them through --view or the given default.
// Returns 0.
// against: whom the view compare holds its lines against.
int finish(const boost::program_options::variables_map& given, std::vector<results::Record> records,
           const std::string& view, const std::string& against = "cpu");

}  // namespace ane::sim
