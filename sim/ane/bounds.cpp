#include "sim/ane/bounds.h"

#include <fmt/format.h>

#include <algorithm>

#include "isa/error.h"
#include "sim/ane/memory.h"

namespace ane::sim {
namespace {

// As registers hold it: below 0 is beyond all.
std::uint64_t as_register(std::int64_t address) {
  return static_cast<std::uint64_t>(address);
}

// As AneMemory says it.
void check_range(const ByteRange& r, std::int64_t size, const std::string& where,
                 const std::string& who) {
  if (r.begin < 0 || r.end > size || r.end < r.begin)
    throw InputError(who,
                     fmt::format("bytes {:#x} to {:#x} lie outside {} of {:#x} bytes",
                                 as_register(r.begin), as_register(r.end), where, size),
                     fmt::format("the last valid byte is {:#x}", size - 1));
}

}  // namespace

void check_operands(const isa::Task& t, const isa::Program& program, Bytes l2) {
  const std::string who = fmt::format("{}: task {}", program.name, t.id);
  const std::size_t operators = std::max<std::size_t>(1, program.operators.size());
  if (static_cast<std::uint32_t>(t.operator_index) >= operators)
    throw InputError(
        who,
        fmt::format("operator {}, but the program names {}",
                    static_cast<std::uint32_t>(t.operator_index), program.operators.size()),
        "`.operator NAME` names them in order, from 0");
  const auto in_l2 = [&](const isa::Extents& e, const isa::L2Operand& l) {
    check_range(touched(e, l), l2.count, "L2", who);
  };
  const auto in_section = [&](const isa::Extents& e, const isa::MemoryOperand& m) {
    if (!m.enable) return;
    const auto section = std::ranges::find(program.sections, m.bar, &isa::Section::bar);
    if (section == program.sections.end())
      throw InputError(who, fmt::format("base register {} has no section", m.bar));
    check_range(touched(e, m), section->size.count, fmt::format("section {}", m.bar), who);
  };
  const auto positive = [&](const isa::Extents& e) {
    if (e.w < 1 || e.h < 1 || e.c < 1 || e.n < 1)
      throw InputError(who, "an extent is 0", "every extent in `shape` is at least 1");
  };
  positive(t.in1);
  positive(t.out);
  in_l2(t.in1, t.l2_in1);
  in_section(t.in1, t.load1);
  if (t.ne == isa::NeOp::mm || t.ne == isa::NeOp::tex || t.pe == isa::PeMode::ew) {
    positive(t.in2);
    in_l2(t.in2, t.l2_in2);
    in_section(t.in2, t.load2);
  }
  in_l2(t.out, t.l2_out);
  in_section(t.out, t.store);
  if (t.ne == isa::NeOp::mac && (t.kw < 1 || t.kh < 1 || t.sx < 1 || t.sy < 1))
    throw InputError(who, "a kernel extent or stride is 0", "`conv` gives kw, kh, sx, sy");
}

}  // namespace ane::sim
