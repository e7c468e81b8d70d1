#include "sim/cli/workloads/readqc_options.h"

#include <algorithm>

#include "sim/cli/options.h"
#include "workloads/readqc/model.h"

namespace ane::sim {

namespace qc = workloads::readqc;

bool is_model_file(const std::string& model) {
  return model.ends_with(".safetensors");
}

void refuse_options_of_other_models(const boost::program_options::variables_map& given) {
  const std::string model = given["model"].as<std::string>();
  const std::string named = "--model " + model;
  if (is_model_file(model))
    return refuse_beside(given, named, {"rule", "k", "dim", "separate", "seed"},
                         "a trained model has its own");
  const qc::ModelKind kind = qc::model_kind_named(model);
  if (kind != qc::ModelKind::kmer)
    refuse_beside(given, named, {"k", "dim", "separate"}, "--model kmer");
  if (kind == qc::ModelKind::biometal)
    refuse_beside(given, named, {"seed", "epochs", "rate", "lengths"}, "it is not trained");
  const auto& heads = qc::make_model({.kind = kind}).heads;
  if (std::ranges::find(heads, qc::Head::quality) == heads.end())
    refuse_beside(given, named, {"rule"}, "it says no pass and no fail");
}

}  // namespace ane::sim
