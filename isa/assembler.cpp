#include "isa/assembler.h"

#include <fmt/format.h>

#include "isa/directives.h"
#include "isa/encoding.h"
#include "isa/error.h"
#include "isa/field_text.h"
#include "isa/line.h"
#include "isa/number_text.h"

namespace ane::isa {
namespace {

using Arguments = std::span<const Word>;

const Instruction& find_instruction(const std::string& mnemonic, const std::string& place) {
  std::vector<std::string> names;
  for (const Instruction& i : instructions) {
    if (i.mnemonic == mnemonic) return i;
    names.emplace_back(i.mnemonic);
  }
  throw InputError(place, fmt::format("unknown instruction {}", quoted(mnemonic)),
                   choice_note(mnemonic, names));
}

const Field& find_field_named(const Instruction& i, const std::string& name,
                              const std::string& place) {
  std::vector<std::string> names;
  for (std::size_t f = 0; f < i.field_count(); ++f) {
    if (i.fields[f].name == name) return i.fields[f];
    names.emplace_back(i.fields[f].name);
  }
  throw InputError(place, fmt::format("{} has no field {}", i.mnemonic, quoted(name)),
                   names.empty() ? "it has none" : choice_note(name, names));
}

void check_written_as_field(const Instruction& i, Arguments all, std::size_t n,
                            const std::string& place) {
  if (!all[n].has_value || all[n].name.empty())
    throw InputError(place, fmt::format("{}: fields are written name=value, not {}", i.mnemonic,
                                        quoted(all[n].name)));
  for (std::size_t before = 0; before < n; ++before)
    if (all[before].name == all[n].name)
      throw InputError(place, fmt::format("{} names {} twice", i.mnemonic, quoted(all[n].name)));
}

std::uint64_t parse_bounded(std::string_view what, const std::string& text, std::uint64_t most,
                            const std::string& place) {
  const std::optional<Integer> n = parse_integer(text);
  if (!n || n->magnitude > most || (n->negative && n->magnitude))
    throw InputError(place, fmt::format("{} must be 0 to {}, not {}", what, most, quoted(text)));
  return n->magnitude;
}

void assemble_address(const Instruction& i, Arguments fields, const std::string& place,
                      Words& out) {
  std::optional<std::uint64_t> bar, offset;
  for (std::size_t n = 0; n < fields.size(); ++n) {
    check_written_as_field(i, fields, n, place);
    const auto& [name, value, has_value] = fields[n];
    if (name == "bar")
      bar = parse_bounded(name, value, 255, place);
    else if (name == "offset")
      offset = parse_bounded(name, value, ~std::uint64_t{0}, place);
    else
      throw InputError(place, fmt::format("{} has no field {}", i.mnemonic, quoted(name)),
                       choice_note(name, std::vector<std::string>{"bar", "offset"}));
  }
  if (!bar || !offset)
    throw InputError(place, fmt::format("{} needs bar= and offset=", i.mnemonic));
  encode_address(out, i, static_cast<int>(*bar), *offset);
}

void assemble_fields(const Instruction& i, Arguments fields, const std::string& place, Words& out) {
  std::array<std::uint32_t, 64> values{};
  std::uint64_t touched = 0;
  for (std::size_t n = 0; n < fields.size(); ++n) {
    check_written_as_field(i, fields, n, place);
    const Field& f = find_field_named(i, fields[n].name, place);
    std::uint32_t& word = values[static_cast<std::size_t>(f.word)];
    word = insert(reference(i, f), word, parse_value(f, fields[n].value, place));
    touched |= std::uint64_t{1} << f.word;
  }
  if (i.packet == Packet::control) {
    encode_control(out, i, std::span(values).first(static_cast<std::size_t>(i.words)));
    return;
  }
  if (!touched) throw InputError(place, fmt::format("{} needs at least one field", i.mnemonic));
  encode_set(out, i, touched, values);
}

}  // namespace

Program assemble(std::string_view text, std::string_view file) {
  Program program;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    const std::string place = fmt::format("{}:{}", file, number);
    const std::vector<Word> words = split_line(line, place);
    if (words.empty()) continue;
    if (words[0].has_value)
      throw InputError(place, "a line begins with an instruction or a directive");
    if (words[0].name.starts_with('.')) {
      apply_directive(words, place, program);
      continue;
    }
    const Instruction& i = find_instruction(words[0].name, place);
    const Arguments fields = Arguments(words).subspan(1);
    if (i.packet == Packet::address)
      assemble_address(i, fields, place, program.words);
    else
      assemble_fields(i, fields, place, program.words);
  }
  return program;
}

}  // namespace ane::isa
