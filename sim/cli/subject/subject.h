// What stands behind `anesim run` and `anesim compare`. The one place that says what a bare word
// is:
//
//   readqc                       a workload, with options of its own
//   resnet50 batch=8             a network by name, in any spelling, and keys behind it
//   llama-3.2-1b                 a language model, asked for what is usual
//   kind=matmul m=8 n=8 k=8      a request, in one word or in several; `matmul m=8 n=8 k=8` as well
//   reads.fastq.gz, 1ubq.pdb     a file, known by its first bytes
//   model.onnx batch=8           one that is a request, and keys behind it
//
// A new workload is a row of sim/cli/workloads.cpp, a new name one of its kind's table
// (workloads/request/kind.h): nothing is listed here.
#pragma once
#include <string>
#include <vector>

#include "sim/cli/commands.h"
#include "sim/cli/workload.h"

namespace ane::sim {

// That list, for help.
std::string subjects_text();

struct Subject {
  const Workload* workload = nullptr;  // none: the arguments ask for requests
  Arguments arguments;                 // for it, a file that it was known by in front
};
// InputError where the first argument is nothing of these, with the nearest name.
Subject subject_of(const std::string& command, const Arguments& arguments);

// The texts of the requests that bare words ask for, in order. What is usual of a name alone is
// told on stderr.
std::vector<std::string> requests_of(const Arguments& words);

// Everything that has a name: workloads, kinds, and what each kind knows.
std::vector<std::string> subject_names();

}  // namespace ane::sim
