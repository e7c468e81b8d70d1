// How fast programs are read and written: words a second.
#include <benchmark/benchmark.h>

#include "isa/assembler.h"
#include "isa/container.h"
#include "isa/disassembler.h"
#include "isa/emitter.h"
#include "isa/stream.h"

namespace {

using namespace ane::isa;

// Tasks that change what layers of a network change.
Program program_of(std::size_t least_words) {
  constexpr FieldRef c1 = field(insns::shape, "c1"), c = field(insns::shape, "c"),
                     w = field(insns::shape, "w"), kw = field(insns::conv, "kw"),
                     op = field(insns::ne, "op"), load = field(insns::ld1, "enable"),
                     store = field(insns::st, "enable"), weights = field(insns::kld, "enable");
  Emitter e;
  for (int t = 0; e.words().size() < least_words; ++t) {
    Registers& r = e.next();
    r.set(c1, t % 512 + 1);
    r.set(c, t % 256 + 1);
    r.set(w, t % 64 + 1);
    r.set(kw, t % 5 + 1);
    r.set(op, 1);
    r.set(load, 1);
    r.set(store, 1);
    r.set(weights, 1);
    for (int engine = 0; engine < 16; ++engine)
      r.set_word(insns::kld.base + 4 + engine, static_cast<std::uint32_t>(t * 4096 + engine * 64));
    r.set(address(insns::ld1a), {4, static_cast<std::uint64_t>(t) * 4096});
    r.set(address(insns::sta), {5, static_cast<std::uint64_t>(t) * 4096});
    e.run({.id = t % 65536}, {{Stage::dst, 1}});
  }
  e.end();
  Program p;
  p.words = e.take();
  return p;
}

void per_word(benchmark::State& state, const Program& p) {
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(p.words.size()));
}

void emit(benchmark::State& state) {
  Program p;
  for (auto _ : state) benchmark::DoNotOptimize(p = program_of(100000));
  per_word(state, p);
}
BENCHMARK(emit)->Unit(benchmark::kMillisecond);

void decode_stream(benchmark::State& state) {
  const Program p = program_of(100000);
  for (auto _ : state) {
    Stream s(p.words);
    Registers r;
    while (const auto c = s.next(r)) benchmark::DoNotOptimize(c->opcode());
  }
  per_word(state, p);
}
BENCHMARK(decode_stream)->Unit(benchmark::kMillisecond);

void to_text(benchmark::State& state) {
  const Program p = program_of(100000);
  for (auto _ : state) benchmark::DoNotOptimize(disassemble(p, ""));
  per_word(state, p);
}
BENCHMARK(to_text)->Unit(benchmark::kMillisecond);

void from_text(benchmark::State& state) {
  const Program p = program_of(100000);
  const std::string text = disassemble(p, "");
  for (auto _ : state) benchmark::DoNotOptimize(assemble(text, ""));
  per_word(state, p);
}
BENCHMARK(from_text)->Unit(benchmark::kMillisecond);

void through_container(benchmark::State& state) {
  const Program p = program_of(100000);
  for (auto _ : state) benchmark::DoNotOptimize(from_container(to_container(p), ""));
  per_word(state, p);
}
BENCHMARK(through_container)->Unit(benchmark::kMillisecond);

}  // namespace
