// What `anesim run readqc`, `compare readqc` and `train readqc` share of their options.
#pragma once
#include <boost/program_options.hpp>
#include <string>

namespace ane::sim {

// Whether --model names a trained one rather than a kind.
bool is_model_file(const std::string& model);

// InputError for an option that the model of --model has no use for: what a trained one says for
// itself, the k-mers of another kind, the rule of one that decides nothing, training of one that is
// fixed.
void refuse_options_of_other_models(const boost::program_options::variables_map& given);

}  // namespace ane::sim
