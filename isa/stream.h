// Reads a program: packets go into the registers, control instructions come out.
//
//   Stream stream(program.words, "prog.anex");
//   Registers registers;
//   while (const std::optional<Control> c = stream.next(registers))
//     switch (c->opcode()) {
//       case insns::run.base: launch(registers); break;
//       case insns::wait.base: wait(c->get(wait_event), c->get(wait_count)); break;
//       ...
#pragma once
#include <optional>
#include <string>

#include "isa/encoding.h"
#include "isa/state.h"

namespace ane::isa {

struct Control {
  PacketView packet;
  int opcode() const { return packet.instruction->base; }
  std::string_view mnemonic() const { return packet.instruction->mnemonic; }
  // f: operand(insns::wait, "count")
  std::int64_t get(FieldRef f) const { return extract(f, packet.control_word(f.word)); }
};

// Writes a set or address packet into the registers.
void apply(const PacketView& packet, Registers& registers);

class Stream {
 public:
  // `source` stands in front of "word N" in errors. The words must outlive the stream.
  explicit Stream(std::span<const std::uint32_t> words, std::string source = "")
      : words_(words), source_(std::move(source)) {}

  // Applies packets up to the next control instruction and returns it; nothing at the end of the
  // words. A `task` has already switched the stages off when it comes out. Errors: see decode().
  std::optional<Control> next(Registers& registers);

  std::size_t at() const { return at_; }  // index of the next word

 private:
  std::span<const std::uint32_t> words_;
  std::string source_;
  std::size_t at_ = 0;
};

}  // namespace ane::isa
