// Program to text that assembles to the same program again. Made from the table alone.
#pragma once
#include <string>
#include <string_view>

#include "isa/encoding.h"
#include "isa/program.h"

namespace ane::isa {

// One packet as one line without a line end: every field of every register it writes.
std::string instruction_text(const PacketView& packet);

struct DisassemblyOptions {
  bool data = true;  // also .data, the contents of sections
};

// `source` stands before "word N" in errors (see decode()).
std::string disassemble(const Program& program, std::string_view source,
                        const DisassemblyOptions& options = {});

}  // namespace ane::isa
