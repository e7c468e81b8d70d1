// How commands ask for a model's file: the options that bind it, and the request that they make.
#pragma once
#include <boost/program_options.hpp>
#include <map>
#include <string>

#include "workloads/model/array.h"
#include "workloads/request/request.h"

namespace ane::sim {

// --shape, --dim, --input.
void add_binding_options(boost::program_options::options_description& options);

struct OnnxQuestion {
  std::string text;                                      // of the request, without unit and formats
  std::map<std::string, workloads::model::Data> inputs;  // that files or numbers give
};
// The request with the formats and items of a line: --precision, empty for the request's own, and
// --batch. InputError for a precision that is not known.
workloads::Request with_numbers(const std::string& text, const std::string& option,
                                const std::string& precision, std::int64_t batch);

// InputError for an option of another form, an input that the model does not have, and a file whose
// type or shape does not fit it.
OnnxQuestion onnx_question(const std::string& file,
                           const boost::program_options::variables_map& given);

}  // namespace ane::sim
