#include "isa/emitter.h"

#include <utility>

namespace ane::isa {
namespace {

struct Operand {
  FieldRef field;
  std::int64_t value;
};

void control(Words& out, const Instruction& i, std::initializer_list<Operand> operands) {
  std::array<std::uint32_t, 4> words{};
  for (const Operand& o : operands) {
    ANE_CHECK(o.value >= lowest(o.field) && o.value <= highest(o.field),
              "a control operand is out of range");
    words[o.field.word] = insert(o.field, words[o.field.word], o.value);
  }
  encode_control(out, i, std::span(words).first(static_cast<std::size_t>(i.words)));
}

// The changed registers of each block, in the order of the table.
void write_changes(Words& out, const Registers& from, const Registers& to) {
  std::array<std::uint32_t, 64> values{};
  for (const Instruction& i : instructions) {
    if (i.packet == Packet::address) {
      const Address a = to.get(address(i));
      if (from.get(address(i)) != a) encode_address(out, i, a.bar, a.offset);
    }
    if (i.packet != Packet::set) continue;
    std::uint64_t touched = 0;
    for (int w = 0; w < i.words; ++w) {
      const std::uint32_t v = values[static_cast<std::size_t>(w)] = to.word(i.base + w);
      if (from.word(i.base + w) != v) touched |= std::uint64_t{1} << w;
    }
    encode_set(out, i, touched, values);
  }
}

}  // namespace

void Emitter::run(const TaskName& name, std::span<const Signal> signals) {
  control(words_, insns::task,
          {{operand(insns::task, "id"), name.id},
           {operand(insns::task, "queue"), name.queue},
           {operand(insns::task, "operator"), name.op}});
  machine_.switch_stages_off();
  write_changes(words_, machine_, next_);
  machine_ = next_;
  for (const Signal& s : signals)
    control(words_, insns::sig,
            {{operand(insns::sig, "when"), static_cast<std::int64_t>(s.when)},
             {operand(insns::sig, "event"), s.event}});
  control(words_, insns::run, {});
  next_.switch_stages_off();
}

void Emitter::wait(int event, int count) {
  control(words_, insns::wait,
          {{operand(insns::wait, "event"), event}, {operand(insns::wait, "count"), count}});
}
void Emitter::depend(int tasks) {
  control(words_, insns::dep, {{operand(insns::dep, "n"), tasks}});
}
void Emitter::fence() {
  control(words_, insns::fence, {});
}
void Emitter::prefetch() {
  control(words_, insns::kpf, {});
}
void Emitter::end() {
  control(words_, insns::end, {});
}

Words Emitter::take() {
  Words done = std::move(words_);
  *this = Emitter();
  return done;
}

}  // namespace ane::isa
