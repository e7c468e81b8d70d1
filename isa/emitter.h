// Writes a program: the caller describes each task completely, the emitter keeps the sticky
// registers and writes only what changes, in the one spelling that packets have.
//
//   Emitter e;
//   e.depend(0);
//   Registers& r = e.next();               // as the machine has them after `task`: stages off
//   r.set(field(insns::conv, "kw"), 3); ...
//   e.run({.id = 0, .op = 2});             // task, changed registers, signals, run
//   e.end();
//   program.words = e.take();
#pragma once
#include <initializer_list>

#include "isa/encoding.h"
#include "isa/state.h"

namespace ane::isa {

// When a task counts an event up: the choices of sig's field `when`.
enum class Stage : std::uint8_t { src, ne, l2, dst };
struct Signal {
  Stage when = Stage::dst;
  int event = 0;  // 0 to 15
};
struct TaskName {
  int id = 0;            // 0 to 65535, for reports
  int queue = 0;         // 0 to 7
  std::uint32_t op = 0;  // index into Program::operators
};

class Emitter {
 public:
  // The registers of the next task: what the task before left, with every stage off.
  Registers& next() { return next_; }

  // task, the registers of next() that differ, a sig for each signal, run.
  void run(const TaskName& name, std::initializer_list<Signal> signals = {}) {
    run(name, std::span<const Signal>(signals.begin(), signals.size()));
  }
  void run(const TaskName& name, std::span<const Signal> signals);

  // Each writes its instruction now, so before the task that the next run() writes.
  void wait(int event, int count);
  void depend(int tasks);  // dep
  void fence();
  void prefetch();  // kpf
  void end();

  const Words& words() const { return words_; }
  // The finished program; the emitter is then as new.
  Words take();

 private:
  Words words_;
  Registers machine_;  // what the machine's registers hold at the end of words_
  Registers next_;
};

}  // namespace ane::isa
