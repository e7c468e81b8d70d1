// The emitter and the stream are each other's inverse.
#include "isa/emitter.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "isa/stream.h"

namespace ane::isa {
namespace {

constexpr FieldRef kw = field(insns::conv, "kw");
constexpr FieldRef ne_op = field(insns::ne, "op");
constexpr FieldRef zero_in = field(insns::ne, "zero_in");

TEST(Registers, FieldsOfOneRegisterDoNotDisturbEachOther) {
  Registers r;
  r.set(field(insns::conv, "kh"), 63);
  r.set(kw, 5);
  r.set(field(insns::conv, "pt"), 63);
  EXPECT_EQ(r.word(insns::conv.base), 5u | 63u << 6 | 63u << 26);
  EXPECT_EQ(r.get(kw), 5);
  r.set(zero_in, -128);
  EXPECT_EQ(r.get(zero_in), -128);
  EXPECT_EQ(r.word(0x91), 0x80u);
}

TEST(Emitter, WritesOnlyChangedRegistersAndTaskSwitchesStagesOff) {
  Emitter e;
  e.next().set(kw, 3);
  e.next().set(ne_op, choice(insns::ne, "op", "mac"));
  e.run({.id = 1, .queue = 2, .op = 7});
  const std::size_t first = e.words().size();
  EXPECT_EQ(e.next().get(ne_op), 0);
  EXPECT_EQ(e.next().get(kw), 3);
  e.next().set(ne_op, choice(insns::ne, "op", "mac"));
  e.run({.id = 2});
  // task (2 words), ne register 0 again (2), run (1)
  EXPECT_EQ(e.words().size() - first, 5u);
}

TEST(Emitter, ASignalStandsBetweenItsTaskAndRun) {
  Emitter e;
  e.wait(3, 500);
  e.run({}, {{Stage::l2, 4}});
  e.end();
  const Words words = e.take();
  EXPECT_TRUE(e.words().empty());
  Stream s(words);
  Registers r;
  std::vector<std::string> seen;
  while (const auto c = s.next(r)) {
    seen.emplace_back(c->mnemonic());
    if (c->opcode() == insns::wait.base) {
      EXPECT_EQ(c->get(operand(insns::wait, "event")), 3);
      EXPECT_EQ(c->get(operand(insns::wait, "count")), 500);
    }
    if (c->opcode() == insns::sig.base) {
      EXPECT_EQ(c->get(operand(insns::sig, "when")), choice(insns::sig, "when", "l2"));
      EXPECT_EQ(c->get(operand(insns::sig, "event")), 4);
    }
  }
  EXPECT_EQ(seen, (std::vector<std::string>{"wait", "task", "sig", "run", "end"}));
}

// Any sequence of register images arrives at the machine unchanged, whatever was sticky before.
RC_GTEST_PROP(Emitter, TheStreamRebuildsEveryImageThatWasEmitted, ()) {
  Emitter e;
  std::vector<Registers> images;
  const int tasks = *rc::gen::inRange(1, 6);
  for (int t = 0; t < tasks; ++t) {
    Registers& r = e.next();
    for (const Instruction& i : instructions) {
      if (i.packet == Packet::address && *rc::gen::arbitrary<bool>())
        r.set(address(i), {*rc::gen::arbitrary<std::uint8_t>(),
                           *rc::gen::arbitrary<std::uint64_t>() >> *rc::gen::inRange(0, 64)});
      if (i.packet != Packet::set) continue;
      for (std::size_t f = 0; f < i.field_count(); ++f) {
        if (*rc::gen::inRange(0, 3) != 0) continue;
        const Field& x = i.fields[f];
        const FieldRef ref{static_cast<std::uint16_t>(i.base + x.word),
                           static_cast<std::uint8_t>(x.lo), static_cast<std::uint8_t>(x.bits),
                           x.kind == Kind::signed_};
        const std::int64_t top =
            x.kind == Kind::choice ? static_cast<std::int64_t>(x.choices.size()) - 1 : highest(ref);
        r.set(ref, *rc::gen::inRange<std::int64_t>(lowest(ref), top + 1));
      }
    }
    images.push_back(r);
    e.run({.id = t});
  }
  const Words words = e.take();
  Stream s(words, "test");
  Registers machine;
  std::size_t runs = 0;
  while (const auto c = s.next(machine))
    if (c->opcode() == insns::run.base) RC_ASSERT(machine == images[runs++]);
  RC_ASSERT(runs == images.size());
}

}  // namespace
}  // namespace ane::isa
