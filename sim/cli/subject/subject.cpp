#include "sim/cli/subject/subject.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "isa/error.h"
#include "isa/status.h"
#include "sim/cli/subject/files.h"
#include "workloads/request/kinds.h"

namespace ane::sim {
namespace {

const Workload* workload_named(std::string_view name) {
  for (const Workload& w : workloads())
    if (w.name == name) return &w;
  return nullptr;
}

// A request's "kind=network name=resnet50" for a name, "kind=matmul" for that of a kind; else
// nothing.
std::string named(const std::string& word) {
  for (const workloads::Kind* k : workloads::kinds())
    if (k->spelt != nullptr)
      if (const auto name = k->spelt(word)) return fmt::format("kind={} name={}", k->name, *name);
  for (const workloads::Kind* k : workloads::kinds())
    if (k->name == word) return fmt::format("kind={}", word);
  return {};
}

// The request that a file is, for those of workloads that are no more than that.
std::string request_of_file(const std::string& word) {
  const Workload& w = workload_of_file(word);
  if (w.request_of == nullptr) throw InputError(word, "a file stands first, and alone");
  return w.request_of(word);
}

bool is_pair(std::string_view word) {
  return word.find('=') != std::string_view::npos;
}

[[noreturn]] void unknown(const std::string& command, const std::string& word) {
  const std::string near = near_note(word, subject_names());
  throw InputError(
      "anesim " + command,
      fmt::format("'{}' is no workload, network, language model or kind of request", word),
      fmt::format("{}{}`anesim models` lists what has a name, `anesim help` what a "
                  "word may be",
                  near, near.empty() ? "" : " "));
}

// One request as it is put together.
struct Asking {
  std::string text;
  bool by_name = false;
};

std::string settled(const Asking& a) {
  const auto kind = workloads::said(a.text, "kind");
  if (!a.by_name || !kind) return a.text;
  const workloads::Kind& k = workloads::kind_named(*kind);
  if (k.usual == nullptr) return a.text;
  const std::string whole = workloads::with_defaults(a.text, k.usual(a.text));
  if (whole != a.text) print_status("asked as: {}\n", whole);
  return whole;
}

}  // namespace

std::vector<std::string> subject_names() {
  std::vector<std::string> names;
  for (const Workload& w : workloads()) names.emplace_back(w.name);
  for (const workloads::Kind* k : workloads::kinds()) {
    if (k->named != nullptr)
      for (const workloads::Named& n : k->named()) names.push_back(n.name);
    if (workload_named(k->name) == nullptr) names.emplace_back(k->name);
  }
  return names;
}

std::string subjects_text() {
  std::string text;
  const auto row = [&](std::string_view word, std::string_view what) {
    text += fmt::format("  {:<32} {}\n", word, what);
  };
  for (const Workload& w : workloads()) row(w.name, w.summary);
  for (const workloads::Kind* k : workloads::kinds()) {
    if (k->named == nullptr) continue;
    std::string first;
    const std::vector<workloads::Named> all = k->named();
    for (std::size_t i = 0; i < std::min<std::size_t>(2, all.size()); ++i)
      first += (i > 0 ? ", " : "") + all[i].name;
    row(first + ", ...", fmt::format("{}; keys may follow: batch=8", k->summary));
  }
  row("kind=matmul m=512 n=512 k=512", "any request, quoted or not; or its kind alone in front");
  for (const Workload& w : workloads())
    if (w.reads != nullptr) row(w.input, fmt::format("a file, by its content: {}", w.name));
  return text;
}

Subject subject_of(const std::string& command, const Arguments& arguments) {
  const std::string& first = arguments[0];
  if (first.starts_with("-") && first != "-")
    throw InputError("anesim " + command,
                     fmt::format("'{}' stands before what is to be done", first),
                     fmt::format("anesim {} WHAT {} ...; `anesim {} --help` says what WHAT may be",
                                 command, first, command));
  if (const Workload* w = workload_named(first))
    return {.workload = w, .arguments = {arguments.begin() + 1, arguments.end()}};
  if (is_pair(first) || !named(first).empty()) return {.arguments = arguments};
  if (means_file(first)) return {.workload = &workload_of_file(first), .arguments = arguments};
  if (first.find(' ') != std::string::npos) return {.arguments = arguments};  // several in quotes
  unknown(command, first);
}

std::vector<std::string> requests_of(const Arguments& words) {
  std::vector<Asking> all;
  bool started = false;  // a text that has its kind
  for (const std::string& argument : words) {
    std::istringstream parts(argument);
    for (std::string word; parts >> word;) {
      if (workload_named(word) != nullptr)
        throw InputError(word, "has options of its own and stands alone",
                         fmt::format("anesim run {}", word));
      std::string name = is_pair(word) ? "" : named(word);
      if (!is_pair(word) && name.empty()) {
        if (!means_file(word)) unknown("run", word);
        name = request_of_file(word);
      }
      const bool starts = !name.empty() || word.starts_with("kind=");
      if (all.empty() || (starts && started)) all.push_back({}), started = false;
      started = started || starts;
      Asking& now = all.back();
      now.by_name = now.by_name || !name.empty();
      now.text += (now.text.empty() ? "" : " ") + (name.empty() ? word : name);
    }
  }
  std::vector<std::string> texts;
  for (const Asking& a : all) texts.push_back(settled(a));
  return texts;
}

}  // namespace ane::sim
