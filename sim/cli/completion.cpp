#include "sim/cli/completion.h"

#include <algorithm>

#include "kernels/arith/profile.h"
#include "results/view.h"
#include "sim/chips/chip.h"
#include "sim/cli/options.h"
#include "sim/runtimes/runtime.h"
#include "workloads/request/terms.h"

namespace ane::sim {
namespace {

namespace po = boost::program_options;
using Words = std::vector<Word>;

template <class Names>
Words words_of(const Names& names) {
  Words words;
  for (const auto& name : names) words.push_back({std::string(name), ""});
  return words;
}

Words chips() {
  return words_of(chip_names());
}
Words runtimes() {
  return words_of(runtime_names());
}
Words units() {
  return words_of(workloads::names_of(workloads::Unit{}));
}
Words forms() {
  return words_of(workloads::names_of(workloads::Form{}));
}
Words profiles() {
  Words words;
  for (const auto& p : kernels::arith::profiles()) words.push_back({std::string(p.name), ""});
  return words;
}
Words views() {
  Words words;
  for (const results::View& v : results::views())
    words.push_back({std::string(v.name), std::string(v.summary)});
  return words;
}

// What an option takes, or a word that stands by itself; several at commas.
struct Values {
  std::string_view option;
  Words (*all)();
};
constexpr Values values[] = {{"chip", chips},       {"chips", chips},      {"form", forms},
                             {"profile", profiles}, {"runtime", runtimes}, {"unit", units},
                             {"units", units},      {"view", views}};

Words values_of(std::string_view option) {
  const auto at = std::ranges::find(values, option, &Values::option);
  return at == std::end(values) ? Words{} : at->all();
}

// Those of `all` that `typed` begins, each behind `head`.
Words beginning(const Words& all, const std::string& head, const std::string& typed) {
  Words found;
  for (const Word& w : all)
    if (w.text.starts_with(typed)) found.push_back({head + w.text, w.summary});
  return found;
}

// The value of an option, from the last comma on.
Words value_words(std::string_view option, const std::string& head, const std::string& typed) {
  const std::size_t from = typed.rfind(',') + 1;  // 0 where there is none
  return beginning(values_of(option), head + typed.substr(0, from), typed.substr(from));
}

// bash cuts at '=' as well: "kind", "=", "conv". A quotation mark is not closed while its word is
// being typed.
std::vector<std::string> as_typed(const std::vector<std::string>& words) {
  std::vector<std::string> whole;
  bool goes_on = false;
  for (const std::string& word : words) {
    const std::string text =
        word.starts_with('"') || word.starts_with('\'') ? word.substr(1) : word;
    if (!whole.empty() && (goes_on || text == "="))
      whole.back() += text;
    else
      whole.push_back(text);
    goes_on = text == "=";
  }
  return whole;
}

Words command_words() {
  Words words;
  for (const Command& c : commands())
    words.push_back({std::string(c.name), std::string(c.summary)});
  words.push_back({"--help", "the commands"});
  words.push_back({"--version", ""});
  return words;
}

const po::option_description* option_named(const CommandLine& line, const std::string& word) {
  for (const auto& option : line.options.options())
    if (word == "--" + option->long_name()) return option.get();
  return nullptr;
}

Words option_words(const CommandLine& line) {
  Words words;
  for (const auto& option : line.options.options()) {
    std::string about = option->description();
    std::ranges::replace(about, '\n', ' ');
    words.push_back({"--" + option->long_name(), about});
  }
  return words;
}

}  // namespace

Words complete(std::vector<std::string> words) {
  words = as_typed(words);
  if (words.empty()) words.emplace_back();
  const std::string typed = words.back();
  if (words.size() == 1) return beginning(command_words(), "", typed);
  const auto command = std::ranges::find(commands(), words[0], &Command::name);
  if (command == commands().end()) return {};

  std::vector<std::string> chosen;  // the word that chooses the options
  if (command->words != nullptr) {
    const Words first = command->words();
    if (words.size() == 2)
      return beginning(typed.starts_with('-') ? Words{{"--help", "print this"}} : first, "", typed);
    if (std::ranges::find(first, words[1], &Word::text) == first.end()) return {};
    chosen.push_back(words[1]);
  }
  const auto line = command_line_of(command->run, chosen);
  if (!line) return {};
  const auto takes_value = [&](const std::string& word) {
    const auto* option = option_named(*line, word);
    return option != nullptr && option->semantic()->max_tokens() > 0;
  };
  if (const std::string& before = words[words.size() - 2]; takes_value(before))
    return value_words(std::string_view(before).substr(2), "", typed);
  if (const std::size_t equals = typed.find('=');
      equals != std::string::npos && takes_value(typed.substr(0, equals)))
    return value_words(std::string_view(typed).substr(2, equals - 2), typed.substr(0, equals + 1),
                       typed.substr(equals + 1));
  if (typed.starts_with('-')) return beginning(option_words(*line), "", typed);
  return beginning(values_of(line->positional), "", typed);
}

std::vector<std::string> completed_options() {
  std::vector<std::string> names;
  for (const Values& v : values) names.emplace_back(v.option);
  return names;
}

}  // namespace ane::sim
