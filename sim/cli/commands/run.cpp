// anesim run and anesim compare: find the workload and hand it its options.
//
//   $ anesim run readqc --reads ERR127302_1_subset.fastq.gz --chip M4 --precision fp16 --batch 100
//   $ anesim compare readqc --chips M1,M2,M3,M4 --units ane,gpu,cpu
#include <fmt/format.h>

#include "isa/error.h"
#include "sim/cli/commands.h"
#include "sim/cli/workload.h"
#include "sim/cli/workloads.h"
#include "workloads/request/kinds.h"

namespace ane::sim {
namespace {

const Workload* find(const char* command, const Arguments& arguments) {
  if (arguments.empty() || arguments[0] == "--help" || arguments[0] == "-h") {
    fmt::print("usage: anesim {} WORKLOAD [options]     anesim {} WORKLOAD --help\n\nworkloads:\n",
               command, command);
    for (const Workload& w : workloads()) fmt::print("  {:<16} {}\n", w.name, w.summary);
    if (std::string_view(command) == "run")
      fmt::print(
          "\nor any request: anesim run \"kind=matmul m=1024 n=1024 k=1024 unit=gpu path=mlx\" "
          "--chip M2\n");
    else
      fmt::print(
          "\nor any request: anesim compare \"kind=matmul m=512 n=512 k=512\" --chips M1,M4 "
          "--precisions fp16,int8\n");
    if (arguments.empty()) throw InputError(command, "no workload given");
    return nullptr;
  }
  std::vector<std::string> names;
  for (const Workload& w : workloads()) {
    if (w.name == arguments[0]) return &w;
    names.emplace_back(w.name);
  }
  throw InputError(command, fmt::format("unknown workload '{}'", arguments[0]),
                   choice_note(arguments[0], names));
}

}  // namespace

// A request names its work itself: "kind=matmul m=1024 n=1024 k=1024 unit=gpu path=mlx".
static bool is_request(const Arguments& arguments) {
  return !arguments.empty() && arguments[0].find("kind=") != std::string::npos;
}

std::vector<Word> workload_words() {
  std::vector<Word> words;
  for (const Workload& w : workloads())
    words.push_back({std::string(w.name), std::string(w.summary)});
  for (const workloads::Kind* k : workloads::kinds())
    words.push_back({fmt::format("kind={}", k->name), std::string(k->summary)});
  return words;
}

int run_run(const Arguments& arguments) {
  if (is_request(arguments)) return run_spec(arguments);
  const Workload* w = find("run", arguments);
  return w ? w->run({arguments.begin() + 1, arguments.end()}) : 0;
}

int run_compare(const Arguments& arguments) {
  if (is_request(arguments)) return compare_spec(arguments);
  const Workload* w = find("compare", arguments);
  return w ? w->compare({arguments.begin() + 1, arguments.end()}) : 0;
}

}  // namespace ane::sim
