#include "isa/stream.h"

namespace ane::isa {

void apply(const PacketView& p, Registers& registers) {
  if (p.instruction->packet == Packet::address) {
    registers.set(address(*p.instruction), {static_cast<std::uint8_t>(p.bar()), p.offset()});
    return;
  }
  std::size_t next = 0;
  for (std::uint64_t left = p.touched; left; left &= left - 1)
    registers.set_word(p.instruction->base + std::countr_zero(left), p.payload[next++]);
}

std::optional<Control> Stream::next(Registers& registers) {
  while (at_ < words_.size()) {
    const PacketView p = decode(words_, at_, source_);
    at_ += p.size();
    if (p.instruction->packet != Packet::control) {
      apply(p, registers);
      continue;
    }
    if (p.instruction->base == insns::task.base) registers.switch_stages_off();
    return Control{p};
  }
  return std::nullopt;
}

}  // namespace ane::isa
