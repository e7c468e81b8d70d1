// What `tune --min-agreement` and `sweep --values` ask: the share of a request's answers that are
// float32's, on real inputs where its kind has some. For command files only.
#pragma once
#include <boost/program_options.hpp>
#include <string>

#include "sim/explore/tune.h"

namespace ane::sim {

// --pdb, --weights, --reads, --model, --limit, --answer; --seed where the command has none.
void add_agreement_options(boost::program_options::options_description& options, bool seed);

// To what these options ask answers: equal texts are equal inputs.
std::string answers_text(const boost::program_options::variables_map& given);

// The request with what its inputs say of it: the length of a protein, the size of its weights.
// Unchanged where no input is given.
std::string with_inputs(const boost::program_options::variables_map& given,
                        const std::string& request);

// Reads the inputs once. place: the option that asks for it. InputError for a kind without answers,
// for inputs that are missing or of another kind.
Agreement agreement_of(const boost::program_options::variables_map& given,
                       const workloads::Request& request, const char* place);

}  // namespace ane::sim
