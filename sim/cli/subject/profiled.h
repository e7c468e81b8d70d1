// What `anesim profile` and `anesim report --model` ask: a model, a chip, units and conditions.
#pragma once
#include <boost/program_options.hpp>
#include <string>
#include <vector>

#include "sim/profile/profile.h"

namespace ane::sim {

// --chip, --units, --placement, --precision, --batch, --set and what binds a file's inputs.
void add_profile_options(boost::program_options::options_description& options);

// `words`: a file, or a request or its name. InputError for a unit or chip that is not known, and
// for options that the words make senseless.
Profile profile_asked(const std::vector<std::string>& words,
                      const boost::program_options::variables_map& given);

}  // namespace ane::sim
