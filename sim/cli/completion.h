// What a shell offers for the word that is being typed: made from the tables of commands and the
// options that each of them parses, so that no list can fall behind.
#pragma once
#include <string>
#include <vector>

#include "sim/cli/command.h"

namespace ane::sim {

// words: behind the program's name; the last is being typed, and may be empty. What is answered are
// whole words that begin with it. Nothing: a name of a file, or something that only the user knows.
std::vector<Word> complete(std::vector<std::string> words);

// Options whose values are names of a table.
std::vector<std::string> completed_options();

}  // namespace ane::sim
