#include "isa/encoding.h"

#include <fmt/format.h>

#include "isa/error.h"

namespace ane::isa {
namespace {

constexpr std::uint32_t setc = 0u << 30, ctl = 1u << 30, setm = 1u << 31, seta = 1u << 29;
constexpr std::uint32_t register_bits = 0x7fff;
constexpr int masked_reach = 17;  // registers that one SETM can name

constexpr std::uint32_t ones(int bits) {
  return bits == 32 ? ~0u : (1u << bits) - 1;
}
constexpr std::uint64_t ones64(int bits) {
  return bits == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << bits) - 1;
}

// What the decoder must know of a register or an opcode, made from the table at compile time.
struct Lookup {
  std::array<const Instruction*, register_count> block{};
  std::array<const Instruction*, 64> control{};
  std::array<std::uint32_t, register_count> defined{};  // bits that belong to a field
  std::array<bool, register_count> has_choice{};
};

constexpr Lookup make_lookup() {
  Lookup t;
  for (const Instruction& i : instructions) {
    const auto base = static_cast<std::size_t>(i.base);
    if (i.packet == Packet::control) {
      t.control[base] = &i;
      continue;
    }
    for (std::size_t w = 0; w < static_cast<std::size_t>(i.words); ++w) t.block[base + w] = &i;
    for (std::size_t f = 0; f < i.field_count(); ++f) {
      const Field& x = i.fields[f];
      const std::size_t r = base + static_cast<std::size_t>(x.word);
      t.defined[r] |= ones(x.bits) << x.lo;
      t.has_choice[r] = t.has_choice[r] || x.kind == Kind::choice;
    }
  }
  return t;
}
constexpr Lookup lookup = make_lookup();

[[noreturn]] void fail(std::string_view source, std::size_t at, const std::string& what) {
  throw InputError(fmt::format("{}{}word {}", source, source.empty() ? "" : ": ", at), what);
}

constexpr bool consecutive(std::uint64_t touched) {
  const std::uint64_t run = touched >> std::countr_zero(touched);
  return (run & (run + 1)) == 0;
}

// Bits outside every field and choices without a name have no text: not a valid word.
void check_fields(const PacketView& p, int word, std::uint32_t value, std::string_view source) {
  std::uint32_t defined = 0;
  for (std::size_t f = 0; f < p.instruction->field_count(); ++f) {
    const Field& x = p.instruction->fields[f];
    if (x.word != word) continue;
    defined |= ones(x.bits) << x.lo;
    const std::uint32_t v = value >> x.lo & ones(x.bits);
    if (x.kind == Kind::choice && v >= x.choices.size())
      fail(source, p.at,
           fmt::format("{} {} has no choice number {}", p.instruction->mnemonic, x.name, v));
  }
  if (value & ~defined)
    fail(source, p.at,
         fmt::format("{} sets bits {:#x} of word {}, which belong to no field",
                     p.instruction->mnemonic, value & ~defined, word));
}

PacketView decode_set(std::span<const std::uint32_t> words, PacketView p, std::string_view source) {
  const std::uint32_t reg = p.header & register_bits;
  if (reg >= register_count || !lookup.block[reg])
    fail(source, p.at, fmt::format("register {:#x} belongs to no instruction", reg));
  p.instruction = lookup.block[reg];
  const bool masked = p.header & setm, address = !masked && p.header & seta;
  if (address != (p.instruction->packet == Packet::address))
    fail(source, p.at,
         fmt::format("register {:#x} ({}) is not written by a packet of this kind", reg,
                     p.instruction->mnemonic));
  const std::size_t count =
      masked ? 1 + static_cast<std::size_t>(std::popcount(p.header >> 15 & 0xffff))
             : 1 + (p.header >> 15 & 0x3f);
  if (words.size() - p.at - 1 < count)
    fail(source, p.at,
         fmt::format("the packet needs {} more words, the program has {}", count,
                     words.size() - p.at - 1));
  p.payload = words.subspan(p.at + 1, count);
  const int first = static_cast<int>(reg) - p.instruction->base;
  if (address) {
    if (first != 0 || count > 2)
      fail(source, p.at,
           fmt::format("an address packet of {} loads one or two words at register {:#x}",
                       p.instruction->mnemonic, p.instruction->base));
    if (count == 2 && p.payload[1] == 0)
      fail(source, p.at, "a 64-bit address packet with an offset below 2^32");
    return p;
  }
  const int room = p.instruction->words - first;
  const std::uint64_t span =
      masked ? std::uint64_t{p.header >> 15 & 0xffff} << 1 | 1 : ones64(static_cast<int>(count));
  if (span & ~ones64(room) || (!masked && static_cast<int>(count) > room))
    fail(source, p.at,
         fmt::format("the packet writes registers behind the last one of {}",
                     p.instruction->mnemonic));
  if (masked && consecutive(span)) fail(source, p.at, "a masked packet for consecutive registers");
  if (!masked && p.header & (0xffu << 21)) fail(source, p.at, "reserved bits 28..21 are set");
  p.touched = span << first;
  std::size_t next = 0;
  for (std::uint64_t left = p.touched; left; left &= left - 1) {
    const int word = std::countr_zero(left);
    const auto r = static_cast<std::size_t>(p.instruction->base + word);
    const std::uint32_t value = p.payload[next++];
    if (value & ~lookup.defined[r] || lookup.has_choice[r]) check_fields(p, word, value, source);
  }
  return p;
}

PacketView decode_control(std::span<const std::uint32_t> words, PacketView p,
                          std::string_view source) {
  const std::uint32_t op = p.header >> 24 & 0x3f;
  p.instruction = lookup.control[op];
  if (!p.instruction) fail(source, p.at, fmt::format("unknown control operation {:#04x}", op));
  const auto extra = static_cast<std::size_t>(p.instruction->words - 1);
  if (words.size() - p.at - 1 < extra)
    fail(source, p.at,
         fmt::format("{} needs {} more words, the program has {}", p.instruction->mnemonic, extra,
                     words.size() - p.at - 1));
  p.payload = words.subspan(p.at + 1, extra);
  for (int w = 0; w < p.instruction->words; ++w) check_fields(p, w, p.control_word(w), source);
  return p;
}

}  // namespace

PacketView decode(std::span<const std::uint32_t> words, std::size_t at, std::string_view source) {
  ANE_CHECK(at < words.size(), "decoding behind the program's end");
  PacketView p;
  p.at = at;
  p.header = words[at];
  const bool control = p.header >> 30 == 1;
  return control ? decode_control(words, p, source) : decode_set(words, p, source);
}

void encode_set(Words& out, const Instruction& instruction, std::uint64_t touched,
                std::span<const std::uint32_t> values) {
  while (touched) {
    const int first = std::countr_zero(touched);
    const std::uint64_t part =
        consecutive(touched) ? touched : touched & ones64(masked_reach) << first;
    const auto reg = static_cast<std::uint32_t>(instruction.base + first);
    if (consecutive(part))
      out.push_back(setc | static_cast<std::uint32_t>(std::popcount(part) - 1) << 15 | reg);
    else
      out.push_back(setm | static_cast<std::uint32_t>(part >> first >> 1) << 15 | reg);
    for (std::uint64_t left = part; left; left &= left - 1)
      out.push_back(values[static_cast<std::size_t>(std::countr_zero(left))]);
    touched &= ~part;
  }
}

void encode_address(Words& out, const Instruction& instruction, int bar, std::uint64_t offset) {
  const bool wide = offset >> 32;
  out.push_back(seta | static_cast<std::uint32_t>(bar) << 21 | (wide ? 1u << 15 : 0u) |
                static_cast<std::uint32_t>(instruction.base));
  out.push_back(static_cast<std::uint32_t>(offset));
  if (wide) out.push_back(static_cast<std::uint32_t>(offset >> 32));
}

void encode_control(Words& out, const Instruction& instruction,
                    std::span<const std::uint32_t> words) {
  out.push_back(ctl | static_cast<std::uint32_t>(instruction.base) << 24 | words[0]);
  out.insert(out.end(), words.begin() + 1, words.end());
}

}  // namespace ane::isa
