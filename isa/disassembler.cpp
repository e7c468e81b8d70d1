#include "isa/disassembler.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "isa/field_text.h"
#include "isa/line.h"
#include "isa/state.h"

namespace ane::isa {
namespace {

constexpr std::size_t bytes_a_line = 32;

template <class... Values>
void line(std::string& out, fmt::format_string<Values...> format, Values&&... values) {
  fmt::format_to(std::back_inserter(out), format, std::forward<Values>(values)...);
}

void append_word(std::string& out, const PacketView& p, int word, std::uint32_t value) {
  for (std::size_t f = 0; f < p.instruction->field_count(); ++f)
    if (p.instruction->fields[f].word == word)
      line(out, " {}={}", p.instruction->fields[f].name,
           value_text(p.instruction->fields[f], value));
}

void append_instruction(std::string& out, const PacketView& p) {
  out += p.instruction->mnemonic;
  if (p.instruction->packet == Packet::address) {
    line(out, " bar={} offset={:#x}", p.bar(), p.offset());
    return;
  }
  if (p.instruction->packet == Packet::control) {
    for (int w = 0; w < p.instruction->words; ++w) append_word(out, p, w, p.control_word(w));
    return;
  }
  std::size_t next = 0;
  for (std::uint64_t left = p.touched; left; left &= left - 1)
    append_word(out, p, std::countr_zero(left), p.payload[next++]);
}

void append_data(std::string& out, const Section& s) {
  const std::size_t size = s.contents.size();
  for (std::size_t at = 0; at < size; at += bytes_a_line) {
    const auto bytes = std::span(s.contents).subspan(at, std::min(bytes_a_line, size - at));
    const bool last = at + bytes.size() == size;  // says how long the contents are
    if (!last && std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t b) { return b == 0; }))
      continue;
    line(out, ".data {} {:#x} hex {:02x}\n", s.bar, at, fmt::join(bytes, ""));
  }
}

void append_directives(std::string& out, const Program& p, const DisassemblyOptions& options) {
  if (!p.name.empty()) line(out, ".program {}\n", quoted(p.name));
  if (!p.chip.empty()) line(out, ".chip {}\n", quoted(p.chip));
  if (!p.profile.empty()) line(out, ".profile {}\n", quoted(p.profile));
  for (const std::string& name : p.operators) line(out, ".operator {}\n", quoted(name));
  for (const Section& s : p.sections)
    line(out, ".section {} {} {}\n", s.bar, quoted(s.name), s.size.count);
  for (const TensorSymbol& t : p.tensors)
    line(out,
         ".tensor {} bar={} offset={:#x} format={} n={} c={} h={} w={} sn={} sc={} sh={} sw={}"
         "{}{}\n",
         quoted(t.name), t.bar, t.offset, info(t.format).name, t.n, t.c, t.h, t.w, t.sn, t.sc, t.sh,
         t.sw, t.input ? " input" : "", t.output ? " output" : "");
  if (options.data)
    for (const Section& s : p.sections) append_data(out, s);
}

}  // namespace

std::string instruction_text(const PacketView& packet) {
  std::string out;
  append_instruction(out, packet);
  return out;
}

std::string disassemble(const Program& program, std::string_view source,
                        const DisassemblyOptions& options) {
  std::string out;
  append_directives(out, program, options);
  for (std::size_t at = 0; at < program.words.size();) {
    const PacketView p = decode(program.words, at, source);
    append_instruction(out, p);
    if (p.instruction->base == insns::task.base && p.instruction->packet == Packet::control) {
      constexpr FieldRef op = operand(insns::task, "operator");
      const auto index = static_cast<std::size_t>(extract(op, p.control_word(op.word)));
      if (index < program.operators.size()) line(out, "  ; {}", quoted(program.operators[index]));
    }
    out += '\n';
    at += p.size();
  }
  return out;
}

}  // namespace ane::isa
