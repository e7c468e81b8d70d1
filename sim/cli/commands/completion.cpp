// anesim completion: the script that makes a shell complete the program's words. Each of the three
// asks the program itself at every key (`anesim completion --words WORD...`, the last one being
// typed: a line an answer, a tab before what it means), so none of them knows a list.
//
//   $ eval "$(anesim completion bash)"
#include "sim/cli/completion.h"

#include <fmt/format.h>

#include "isa/error.h"
#include "sim/cli/options.h"

namespace ane::sim {
namespace {

// The part up to '=' is a word of its own to readline, and stays as it is.
constexpr std::string_view bash = R"sh(# bash completion of anesim
_anesim() {
  local before=${COMP_WORDS[COMP_CWORD - 1]} typed=${COMP_WORDS[COMP_CWORD]} word
  COMPREPLY=()
  while IFS=$'\t' read -r word _; do
    [[ $typed != = && $before != = ]] || word=${word#*=}
    COMPREPLY+=("$word")
  done < <("$1" completion --words "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o default -F _anesim anesim
)sh";

constexpr std::string_view zsh = R"sh(#compdef anesim
_anesim() {
  local -a found about
  local line
  for line in "${(@f)$("${words[1]}" completion --words "${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    [[ -n $line ]] || continue
    found+=("${line%%$'\t'*}")
    about+=("${line/$'\t'/  }")
  done
  if (( $#found )); then compadd -l -d about -a found; else _files; fi
}
if [[ $funcstack[1] == _anesim ]]; then _anesim "$@"; else compdef _anesim anesim; fi
)sh";

constexpr std::string_view fish = R"sh(# fish completion of anesim
function __anesim
    set -l words (commandline -opc) (commandline -ct)
    set -l found ($words[1] completion --words $words[2..-1] 2>/dev/null)
    if set -q found[1]
        printf '%s\n' $found
    else
        __fish_complete_path (commandline -ct)
    end
end
complete -c anesim -f -a '(__anesim)'
)sh";

struct Shell {
  std::string_view name, summary, script;
};
constexpr Shell shells[] = {
    {"bash", "eval \"$(anesim completion bash)\"", bash},
    {"zsh", "eval \"$(anesim completion zsh)\"", zsh},
    {"fish", "anesim completion fish | source", fish},
};

}  // namespace

std::vector<Word> completion_words() {
  std::vector<Word> words;
  for (const Shell& s : shells) words.push_back({std::string(s.name), std::string(s.summary)});
  return words;
}

int run_completion(const Arguments& arguments) {
  if (!arguments.empty() && arguments[0] == "--words") {
    for (const Word& w : complete({arguments.begin() + 1, arguments.end()}))
      fmt::print("{}{}{}\n", w.text, w.summary.empty() ? "" : "\t", w.summary);
    return 0;
  }
  std::string usage =
      "SHELL\n\nPrints the script that makes a shell complete commands, options, chips, views and "
      "kinds.\nThe Debian package installs all three. By hand:\n";
  for (const Shell& s : shells) usage += fmt::format("  {:<5} {}\n", s.name, s.summary);
  const auto given = parse({.name = "completion",
                            .usage = usage,
                            .options = boost::program_options::options_description("options"),
                            .positional = "SHELL",
                            .examples = {"anesim completion bash", "anesim completion fish"}},
                           arguments);
  if (!given) return 0;
  const std::string name = only_word(*given, "SHELL", "completion", "which shell?");
  std::vector<std::string> names;
  for (const Shell& s : shells) {
    if (s.name == name) return fmt::print("{}", s.script), 0;
    names.emplace_back(s.name);
  }
  throw InputError("anesim completion", fmt::format("unknown shell '{}'", name),
                   choice_note(name, names));
}

}  // namespace ane::sim
