// anesim run and anesim compare: find out what is asked (sim/cli/subject/) and hand it its options.
//
//   $ anesim run resnet50 --chip M4 --unit gpu
//   $ anesim run reads.fastq.gz --model mlp --precision int8 --batch 100
//   $ anesim compare readqc --chips M1,M2,M3,M4 --units ane,gpu,cpu
#include <fmt/format.h>

#include <algorithm>

#include "isa/error.h"
#include "sim/cli/commands.h"
#include "sim/cli/options.h"
#include "sim/cli/subject/subject.h"
#include "sim/cli/workloads.h"
#include "workloads/request/kinds.h"

namespace ane::sim {
namespace {

struct Asks {
  std::string name, summary;
  std::vector<std::string> examples;
};

// Nothing when help was asked for and printed.
std::optional<Subject> subject(const Asks& asks, const Arguments& arguments) {
  if (arguments.empty())
    throw InputError(
        "anesim " + asks.name, "what is to be done?",
        fmt::format("`{}`; `anesim {} --help` says what else", asks.examples[0], asks.name));
  if (arguments[0] != "--help" && arguments[0] != "-h") return subject_of(asks.name, arguments);
  fmt::print(
      "usage: anesim {0} WHAT [options]     anesim {0} WHAT --help\n\n{1}\n\nWHAT:\n{2}"
      "\n`anesim models` lists all that has a name, with its work and its weights.\n{3}",
      asks.name, asks.summary, subjects_text(), help_end(asks.examples));
  return std::nullopt;
}

}  // namespace

std::vector<Word> subject_words() {
  std::vector<Word> words;
  for (const Workload& w : workloads())
    words.push_back({std::string(w.name), std::string(w.summary)});
  for (const workloads::Kind* k : workloads::kinds())
    words.push_back({fmt::format("kind={}", k->name), std::string(k->summary)});
  for (const std::string& name : subject_names())
    if (std::ranges::find(words, name, &Word::text) == words.end()) words.push_back({name, ""});
  return words;
}

int run_run(const Arguments& arguments) {
  const auto what =
      subject({"run",
               "Time, energy and memory of one question on a unit of a chip.",
               {"anesim run resnet50 --chip M4",
                "anesim run llama-3.2-1b phase=prefill tokens=128 --chip M2 --unit gpu",
                "anesim run kind=matmul m=512 n=512 k=512 --precision int8"}},
              arguments);
  if (!what) return 0;
  return what->workload ? what->workload->run(what->arguments) : run_spec(what->arguments);
}

int run_compare(const Arguments& arguments) {
  const auto what = subject(
      {"compare",
       "The same on chips, units, batches and precisions, a line each.",
       {"anesim compare resnet50 mobilenet_v2 --chips M1,M4",
        "anesim compare kind=matmul m=512 n=512 k=512 --chips M1,M4 --precisions fp16,int8"}},
      arguments);
  if (!what) return 0;
  return what->workload ? what->workload->compare(what->arguments) : compare_spec(what->arguments);
}

}  // namespace ane::sim
