// What `--min-agreement` asks: the share of a request's answers that are float32's, on real inputs
// where its kind has some. For command files only.
#pragma once
#include <boost/program_options.hpp>
#include <string>

#include "sim/explore/tune.h"

namespace ane::sim {

// --pdb, --weights, --reads, --model, --limit, --seed, --answer.
void add_agreement_options(boost::program_options::options_description& options);

// The request with what its inputs say of it: the length of a protein, the size of its weights.
// Unchanged where no input is given.
std::string with_inputs(const boost::program_options::variables_map& given,
                        const std::string& request);

// Reads the inputs once. InputError for a kind without answers, for inputs that are missing or of
// another kind.
Agreement agreement_of(const boost::program_options::variables_map& given,
                       const workloads::Request& request);

}  // namespace ane::sim
