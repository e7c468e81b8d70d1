// Text to program. One instruction a line, `name=value` for each field, comments after `;` or `#`:
//
//   .program demo
//   .section 4 input 4096
//   .tensor x bar=4 offset=0 format=fp16 c=128 w=16 input
//   conv kw=3 kh=3 sx=1 sy=1 pl=1 pt=1 groups=1 pad=0   ; one packet
//   ld1a bar=4 offset=0x0
//   run
//
// The grammar, the directives and what fields not named mean: docs/isa/assembler.md.
#pragma once
#include <string>
#include <string_view>

#include "isa/program.h"

namespace ane::isa {

// `file` stands before the line number in errors. Errors: InputError at "file:line" for an unknown
// mnemonic, field, choice or directive (with the nearest one), a value outside its range, data or a
// tensor outside its section.
Program assemble(std::string_view text, std::string_view file);

}  // namespace ane::isa
