// What `anesim sweep` and `anesim tune` are asked: one request that is priced, from bare words and
// the options that say its keys.
#pragma once
#include <boost/program_options.hpp>
#include <string>
#include <vector>

#include "sim/cli/commands.h"

namespace ane::sim {

// The texts of bare words, where workloads that are kinds as well have no options of their own:
// "mpnn residues=106".
std::vector<std::string> priced_requests(Arguments words);

// The one request of the option `what`, with --unit, --runtime and --batch as its keys. InputError
// at `command` with `question` for none, and for several.
std::string only_request(const boost::program_options::variables_map& given,
                         const std::string& command, const std::string& question,
                         const std::string& example);

// --threads, or all processors.
int threads_of(const boost::program_options::variables_map& given);

}  // namespace ane::sim
