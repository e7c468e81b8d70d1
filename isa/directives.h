// The lines of assembler text that are no instructions: what the program is called, its memory and
// its tensors.
#pragma once
#include <span>
#include <string>

#include "isa/line.h"
#include "isa/program.h"

namespace ane::isa {

// words[0] is the directive with its dot. Errors: InputError at `place`.
void apply_directive(std::span<const Word> words, const std::string& place, Program& program);

}  // namespace ane::isa
