// The proof of the table must reject what it claims to: each way to break a table, while compiling.
#include <gtest/gtest.h>

#include "isa/emitter.h"
#include "isa/format.h"
#include "isa/insns.h"

namespace ane::isa {
namespace {

constexpr std::array<std::string_view, 2> two{"a", "b"};
constexpr std::array<std::string_view, 3> three{"a", "b", "c"};
constexpr std::array<std::string_view, 2> twice{"a", "a"};

constexpr Instruction set_block(std::string_view name, int base, std::array<Field, 2> fields,
                                int words = 1) {
  Instruction i{.mnemonic = name, .summary = "", .base = base, .words = words};
  i.fields[0] = fields[0];
  i.fields[1] = fields[1];
  return i;
}
constexpr Instruction of_kind(Packet packet, std::string_view name, int base, int words,
                              Field f = {}) {
  Instruction i{.mnemonic = name, .summary = "", .packet = packet, .base = base, .words = words};
  i.fields[0] = f;
  return i;
}

constexpr Instruction good = set_block("x", 8, {{{"f", "", 0, 0, 4}, {"g", "", 0, 4, 28}}});
static_assert(well_formed(std::array{good}));
static_assert(well_formed(std::array<Instruction, 0>{}));

// [E1] mnemonics
static_assert(!well_formed(std::array{good, set_block("x", 9, {{{"f", ""}}})}));
static_assert(!well_formed(std::array{set_block("", 9, {{{"f", ""}}})}));
// [E2] blocks and opcodes
static_assert(!well_formed(std::array{good, set_block("y", 8, {{{"f", ""}}})}));
static_assert(!well_formed(std::array{good, set_block("y", 7, {{{"f", "", 0}, {"g", "", 1}}}, 2)}));
static_assert(!well_formed(std::array{good, of_kind(Packet::address, "y", 7, 2)}));
static_assert(well_formed(std::array{good, of_kind(Packet::control, "y", 8, 1)}));
static_assert(!well_formed(std::array{set_block("y", 256, {{{"f", ""}}})}));
static_assert(!well_formed(std::array{set_block("y", -1, {{{"f", ""}}})}));
static_assert(!well_formed(std::array{of_kind(Packet::control, "a", 5, 1),
                                      of_kind(Packet::control, "b", 5, 1)}));
static_assert(!well_formed(std::array{of_kind(Packet::control, "a", 64, 1)}));
// [E3] fields
static_assert(!well_formed(std::array{
    set_block("x", 8, {{{"f", "", 0, 0, 5}, {"g", "", 0, 4, 28}}})}));
static_assert(!well_formed(std::array{
    set_block("x", 8, {{{"f", "", 0, 0, 4}, {"f", "", 0, 4, 28}}})}));
static_assert(!well_formed(std::array{set_block("x", 8, {{{"f", "", 0, 1, 32}}})}));
static_assert(!well_formed(std::array{set_block("x", 8, {{{"f", "", 0, 0, 0}}})}));
static_assert(!well_formed(std::array{set_block("x", 8, {{{"f", "", 0}, {"g", "", 1}}})}));
static_assert(!well_formed(std::array{set_block("x", 8, {{{"f", "", 0, 0, 8, Kind::half}}})}));
static_assert(!well_formed(std::array{set_block("x", 8, {{{"f", "", 0, 0, 1, Kind::choice}}})}));
static_assert(well_formed(std::array{
    set_block("x", 8, {{{"f", "", 0, 0, 1, Kind::choice, two}}})}));
static_assert(!well_formed(std::array{
    set_block("x", 8, {{{"f", "", 0, 0, 1, Kind::choice, three}}})}));
static_assert(!well_formed(std::array{
    set_block("x", 8, {{{"f", "", 0, 0, 1, Kind::choice, twice}}})}));
static_assert(!well_formed(std::array{set_block("x", 8, {{{"", ""}, {"g", ""}}})}));
// [E4] control and address packets
static_assert(well_formed(std::array{of_kind(Packet::control, "c", 1, 1, {"f", "", 0, 0, 24})}));
static_assert(!well_formed(std::array{of_kind(Packet::control, "c", 1, 1, {"f", "", 0, 0, 25})}));
static_assert(!well_formed(std::array{of_kind(Packet::control, "c", 1, 5)}));
static_assert(!well_formed(std::array{of_kind(Packet::address, "a", 1, 1)}));
static_assert(!well_formed(std::array{of_kind(Packet::address, "a", 1, 2, {"f", ""})}));
// [E5] every register has a field
static_assert(!well_formed(std::array{set_block("x", 8, {{{"f", "", 0}}}, 2)}));

TEST(Table, EveryInstructionFieldAndChoiceCanBeWritten) {
  const auto word = [](std::string_view name) {
    return !name.empty() && name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") ==
                                std::string_view::npos;
  };
  for (const Instruction& i : instructions) {
    EXPECT_TRUE(word(i.mnemonic)) << i.mnemonic;
    EXPECT_FALSE(i.summary.empty()) << i.mnemonic;
    for (std::size_t f = 0; f < i.field_count(); ++f) {
      EXPECT_TRUE(word(i.fields[f].name)) << i.mnemonic << ' ' << i.fields[f].name;
      EXPECT_FALSE(i.fields[f].summary.empty()) << i.mnemonic << ' ' << i.fields[f].name;
      for (const std::string_view c : i.fields[f].choices) EXPECT_TRUE(word(c)) << c;
    }
  }
}

TEST(Table, TheStagesOfASignalAreThoseOfItsField) {
  ASSERT_EQ(insns::signal_points.size(), 4u);
  EXPECT_EQ(insns::signal_points[static_cast<std::size_t>(Stage::src)], "src");
  EXPECT_EQ(insns::signal_points[static_cast<std::size_t>(Stage::ne)], "ne");
  EXPECT_EQ(insns::signal_points[static_cast<std::size_t>(Stage::l2)], "l2");
  EXPECT_EQ(insns::signal_points[static_cast<std::size_t>(Stage::dst)], "dst");
}

// A stage that a new instruction adds must be switched off by `task` too: every field called
// enable, and every choice whose number 0 is "off" or "none".
TEST(Table, TaskSwitchesOffWhateverCanBeOn) {
  std::size_t expected = 0;
  for (const Instruction& i : instructions)
    for (std::size_t f = 0; i.packet == Packet::set && f < i.field_count(); ++f) {
      const Field& x = i.fields[f];
      expected += x.name == "enable" ||
                  (!x.choices.empty() && (x.choices[0] == "off" || x.choices[0] == "none"));
    }
  EXPECT_EQ(stage_switches.size(), expected);
  Registers r;
  for (const FieldRef f : stage_switches) r.set(f, 1);
  r.set(field(insns::kld, "format"), 3);
  r.switch_stages_off();
  for (const FieldRef f : stage_switches) EXPECT_EQ(r.get(f), 0);
  EXPECT_EQ(r.get(field(insns::kld, "format")), 3);
}

TEST(Table, NumbersOfFormatsAreThoseOfTheFormatTable) {
  for (std::size_t n = 0; n < insns::format_choices.size(); ++n)
    EXPECT_EQ(insns::format_choices[n], info(static_cast<Format>(n)).name);
  EXPECT_EQ(insns::format_choices.size(), formats.size());
}

}  // namespace
}  // namespace ane::isa
