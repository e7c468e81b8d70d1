// What makes the memory side of a program sound. The assembler says it with file and line, the
// container's reader with the byte's offset; both ask here.
#pragma once
#include <string>

#include "isa/program.h"

namespace ane::isa {

inline constexpr std::int64_t max_section_size = std::int64_t{1} << 40;  // bytes
inline constexpr std::int64_t max_contents = std::int64_t{1} << 30;  // bytes given for one section

// The section with this base register, or null.
const Section* find_section(const Program& program, int bar);

// What is wrong with adding the section or tensor to the program, as one sentence; empty when
// nothing is. A section: BAR 0 to 255 and not taken, size 0 to 2^40, contents not longer. A tensor:
// a name not taken, extents 1 to 2^31 - 1, strides 0 to 2^32 - 1, every element inside its section,
// and no more of them than the section holds, though strides of 0 repeat some.
std::string fault(const Program& program, const Section& section);
std::string fault(const Program& program, const TensorSymbol& tensor);

}  // namespace ane::isa
