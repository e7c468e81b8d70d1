// `anesim tune mpnn --lengths FILE`: for which lengths programs should be made. For command files
// only.
#pragma once
#include <boost/program_options.hpp>

namespace ane::sim {

void add_bucket_options(boost::program_options::options_description& options);
// Where --lengths is given: prints the sets, returns the exit status.
int tune_buckets(const boost::program_options::variables_map& given);

}  // namespace ane::sim
