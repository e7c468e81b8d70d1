#include "sim/cli/sweep/asked.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "isa/error.h"
#include "sim/cli/subject/subject.h"
#include "workloads/request/kinds.h"

namespace ane::sim {

namespace po = boost::program_options;

std::vector<std::string> priced_requests(Arguments words) {
  for (const workloads::Kind* k : workloads::kinds())
    if (!words.empty() && words[0] == k->name) words[0] = fmt::format("kind={}", words[0]);
  return requests_of(words);
}

std::string only_request(const po::variables_map& given, const std::string& command,
                         const std::string& question, const std::string& example) {
  if (given.count("what") == 0) throw InputError(command, question, example);
  const std::vector<std::string> texts =
      priced_requests(given["what"].as<std::vector<std::string>>());
  if (texts.size() != 1)
    throw InputError(command, fmt::format("'{}' and '{}': one at a time", texts[0], texts[1]));
  std::string text = texts[0];
  const auto add = [&](const char* option, const char* key) {
    if (given.count(option) == 0) return;
    if (const auto said = workloads::said(text, key))
      throw InputError(fmt::format("--{}", option),
                       fmt::format("the request says {}={}", key, *said));
    text += fmt::format(" {}={}", key, given[option].as<std::string>());
  };
  add("unit", "unit");
  add("runtime", "path");
  add("batch", "batch");
  return text;
}

int threads_of(const po::variables_map& given) {
  const int threads = given.count("threads")
                          ? given["threads"].as<int>()
                          : static_cast<int>(std::max(1L, sysconf(_SC_NPROCESSORS_ONLN)));
  if (threads < 1 || threads > 256) throw InputError("--threads", "1 to 256");
  return threads;
}

}  // namespace ane::sim
