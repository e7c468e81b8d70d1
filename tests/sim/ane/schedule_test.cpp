// Programs as the compiler does not write them: dependences with a distance, waits with a count,
// fences, streams that are kept or come ahead. Each against its closed form; labels are those of
// docs/timing.md.
#include "sim/ane/schedule.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <random>

#include "isa/emitter.h"
#include "isa/error.h"
#include "workloads/compile/compile.h"

namespace ane::sim {
namespace {

using isa::NeOp;
using isa::Stage;
using isa::Task;
using results::Cause;
using testing::HasSubstr;

const AneParameters& m4() {
  static const Chip chip = load_chip("M4");
  return chip.ane();
}
const AneParameters& a16() {
  static const Chip chip = load_chip("A16");
  return chip.ane();
}

// A program, instruction by instruction.
struct Program {
  isa::Emitter e;
  int id = 0;

  void run(const Task& t, std::initializer_list<isa::Signal> signals = {}) {
    isa::encode_task(t, e.next());
    if (t.prefetch) e.prefetch();
    e.run({.id = id++}, signals);
  }
  Schedule schedule(const AneParameters& chip = m4()) {
    e.end();
    isa::Program p;
    p.name = "p";
    p.words = e.take();
    for (const int bar : {24, 25})
      p.sections.push_back(
          {.bar = bar, .name = "s" + std::to_string(bar), .size = {64 << 20}, .contents = {}});
    return {p, chip};
  }
  Execution time(const AneParameters& chip = m4(), double clock_share = 1) {
    return schedule(chip).time(chip, clock_share);
  }
};

// 64 values from `from` to `to`, both in L2.
Task copy(std::int64_t from = 0, std::int64_t to = 4096) {
  Task t;
  t.ne = NeOp::copy;
  t.in1 = t.out = {.w = 64, .h = 1, .c = 1, .n = 1};
  t.l2_in1 = {.address = from, .sh = 128, .sc = 128, .sn = 128};
  t.l2_out = {.address = to, .sh = 128, .sc = 128, .sn = 128};
  return t;
}
// A 1x1 convolution from L2 to L2 without a stream.
Task conv(std::int64_t cin, std::int64_t cout, std::int64_t width) {
  Task t;
  t.ne = NeOp::mac;
  t.in1 = {.w = width, .h = 1, .c = cin, .n = 1};
  t.out = {.w = width, .h = 1, .c = cout, .n = 1};
  return t;
}
// The same with a stream of `bytes` an engine.
Task streamed(std::int64_t cin, std::int64_t cout, std::int64_t width, std::int64_t bytes) {
  Task t = conv(cin, cout, width);
  t.kernel.enable = true;
  t.kernel.bar = 24;
  t.kernel.length = bytes;
  for (std::size_t e = 0; e < t.kernel.streams.size(); ++e)
    t.kernel.streams[e] = static_cast<std::int64_t>(e) * (bytes + 64);
  return t;
}
isa::MemoryOperand in_memory(const isa::Extents& e, int bar = 25, std::int64_t offset = 0) {
  isa::MemoryOperand m;
  m.enable = true;
  m.bar = bar;
  m.offset = offset;
  m.sw = 2;
  m.sh = 2 * e.w;
  m.sc = m.sh * e.h;
  m.sn = m.sc * e.c;
  return m;
}
double engine_of(const Task& t, const AneParameters& chip = m4(), double clock_share = 1) {
  return price(t, count_work(t, chip), chip, clock_share).engine;
}
double overhead(const AneParameters& chip = m4()) {
  return chip.task_overhead / chip.clock_hz;
}
double length(const TaskTrace& t) {
  return seconds(t.end) - seconds(t.start);
}
constexpr double picosecond = 1e-12;

// Of two tasks at once only the start of the later one is hidden: the devices are the limit.
TEST(Schedule, ATaskStartsWhenThatBeforeItsDistanceHasEnded) {
  const double one = engine_of(copy()), rest = one - overhead();  // rest: a thirtieth of it
  ASSERT_LT(3 * rest, one);
  const auto four = [&](int distance) {
    Program p;
    p.e.depend(distance);
    for (int i = 0; i < 4; ++i) p.run(copy());
    return seconds(p.time().duration);
  };
  EXPECT_NEAR(four(0), 4 * one, 4 * picosecond);
  EXPECT_NEAR(four(1), 2 * one + rest, 4 * picosecond);
  EXPECT_NEAR(four(2), 2 * one, 4 * picosecond);
  EXPECT_NEAR(four(3), one + 3 * rest, 4 * picosecond);
  Program p;
  p.e.depend(3);
  for (int i = 0; i < 2; ++i) p.run(conv(512, 512, 256));
  EXPECT_NEAR(seconds(p.time().duration), 2 * engine_of(conv(512, 512, 256)) - overhead(),
              2 * picosecond);
}

TEST(Schedule, AWaitHoldsTheNextTaskUntilTheCountIsReached) {
  const double one = engine_of(copy()), rest = one - overhead();
  const auto third = [&](int count) {
    Program p;
    p.e.depend(3);
    p.run(copy(), {{Stage::dst, 5}});
    p.run(copy(), {{Stage::dst, 5}});
    if (count > 0) p.e.wait(5, count);
    p.run(copy());
    return seconds(p.time().tasks[2].start);
  };
  EXPECT_NEAR(third(0), 2 * rest, 2 * picosecond);
  EXPECT_NEAR(third(1), one, 2 * picosecond);         // the first task's end
  EXPECT_NEAR(third(2), rest + one, 2 * picosecond);  // the second's
  EXPECT_THROW(third(3), InputError);
  // Another event holds nothing, and neither does a task behind the one that waits.
  Program p;
  p.e.depend(3);
  p.run(copy(), {{Stage::dst, 4}});
  p.run(copy(), {{Stage::dst, 5}});
  p.e.wait(4, 1);
  p.run(copy());
  p.run(copy());
  const Execution run = p.time();
  EXPECT_NEAR(seconds(run.tasks[2].start), one, 2 * picosecond);
  EXPECT_NEAR(seconds(run.tasks[3].start), seconds(run.tasks[2].end) - overhead(), 2 * picosecond);
}

TEST(Schedule, AFenceHoldsTheNextTaskUntilAllHaveEnded) {
  const double one = engine_of(copy()), rest = one - overhead();
  Program p;
  p.e.depend(3);
  p.run(copy());
  p.run(copy());
  p.e.fence();
  p.run(copy());
  EXPECT_NEAR(seconds(p.time().tasks[2].start), rest + one, 2 * picosecond);
}

// [T7] Weight bytes that the tasks of a program read.
std::vector<std::int64_t> read_by(const std::vector<Task>& tasks) {
  Program p;
  p.e.depend(0);
  for (const Task& t : tasks) p.run(t);
  std::vector<std::int64_t> bytes;
  for (const TaskTrace& t : p.time().tasks) bytes.push_back(t.work.weight_bytes);
  return bytes;
}

TEST(Schedule, AStreamIsReadAgainWhereSomethingElseTookTheKernelMemories) {
  const Task t = streamed(64, 32, 16, 256);
  const std::int64_t whole = 16 * 256;
  Task product = conv(64, 32, 16);
  product.ne = NeOp::mm;
  product.in2 = {.w = 32, .h = 1, .c = 64, .n = 1};
  Task moved = t, other = t, longer = t;
  moved.kernel.offset = 64;
  other.kernel.streams[7] += 64;
  longer.kernel.length += 2;
  using List = std::vector<std::int64_t>;
  EXPECT_EQ(read_by({t, t, t}), (List{whole, 0, 0}));
  EXPECT_EQ(read_by({t, copy(), t}), (List{whole, 0, 0}));       // needs none of them
  EXPECT_EQ(read_by({t, product, t}), (List{whole, 0, whole}));  // its right-hand side does
  EXPECT_EQ(read_by({t, moved, t}), (List{whole, whole, whole}));
  EXPECT_EQ(read_by({t, other, t}), (List{whole, whole, whole}));
  EXPECT_EQ(read_by({t, longer, t}), (List{whole, whole + 32, whole}));
}

TEST(Schedule, AStreamIsKeptWhereItsWeightsFillTheKernelMemoriesToTheLastByte) {
  // 16 channels of 2 bytes a product: one an engine.
  const std::int64_t inner = m4().kernel_memory.count / 2;
  const Task fits = streamed(inner, 16, 1, 2 * inner),
             beyond = streamed(inner + 1, 16, 1, 2 * inner);
  EXPECT_EQ(read_by({fits, fits})[1], 0);
  EXPECT_EQ(read_by({beyond, beyond})[1], 16 * 2 * inner);
}

TEST(Schedule, WeightsComeAheadAsFarAsTheKernelMemoriesHoldThem) {  // [T6]
  // 4 MiB of weights, where 1 MiB is held; the task before takes longer than their stream.
  const Task before = conv(2048, 1024, 512);
  Task t = streamed(1024, 2048, 1, 2 * 1024 * 2048 / 16);
  const double stream = 4.0 * 1048576 / m4().weight_bandwidth;
  ASSERT_GT(engine_of(before), stream);
  ASSERT_LT(engine_of(t), stream / 2);
  const auto takes = [&](const Task& task) {
    Program p;
    p.e.depend(0);
    p.run(before);
    p.run(task);
    return length(p.time().tasks[1]);
  };
  EXPECT_NEAR(takes(t), overhead() + stream, 2 * picosecond);  // begins with its task
  t.prefetch = true;
  EXPECT_NEAR(takes(t), 0.75 * stream, 2 * picosecond);
  // All of it where they hold it.
  Task small = streamed(1024, 512, 1, 2 * 1024 * 512 / 16);
  small.prefetch = true;
  EXPECT_NEAR(takes(small), engine_of(small), 2 * picosecond);
}

TEST(Schedule, WhatLiesInTheSystemCacheComesInLinesOfTheEnginesClock) {  // [T7]
  const Task before = conv(2048, 1024, 256);
  const Task t = streamed(1024, 512, 1, 2 * 1024 * 512 / 16);
  for (const double share : {1.0, 0.5}) {
    Program p;
    p.e.depend(0);
    p.run(before);
    p.run(t);
    EXPECT_NEAR(length(p.time(a16(), share).tasks[1]),
                overhead(a16()) / share + 1048576.0 / (64 * a16().clock_hz * share),
                2 * picosecond);
  }
}

TEST(Schedule, TheSystemCacheHasRoomForWhatHasBeenUsed) {  // [T7]
  AneParameters chip = a16();
  chip.weights_ahead = {1 << 20};  // one layer's weights
  Task slow = streamed(1024, 512, 1024, 2 * 1024 * 512 / 16), next = slow;
  next.kernel.offset = 4 << 20;
  next.in1.w = next.out.w = 1;
  const double stream = 1048576.0 / chip.weight_bandwidth;
  ASSERT_GT(engine_of(slow, chip), 2 * stream);
  const auto second = [&] {
    Program p;
    p.e.depend(0);
    p.run(slow);
    p.run(next);
    return length(p.time(chip).tasks[1]);
  };
  // Not before the first task has ended, whose weights lie in the way to the last byte.
  EXPECT_NEAR(second(), stream, 2 * picosecond);
  chip.weights_ahead = {(1 << 20) + 1};
  EXPECT_LT(second(), 0.9 * stream);
  chip.weights_ahead = {2 << 20};
  EXPECT_LT(second(), 0.9 * stream);
}

TEST(Schedule, TilesTakeThePortFromWeightsThatComeAhead) {  // [T7]
  AneParameters chip = a16();
  chip.weight_bandwidth = chip.dram_bandwidth / 2;
  Task load = copy();
  load.in1 = load.out = {.w = 4096, .h = 1, .c = 8, .n = 1};
  load.load1 = in_memory(load.in1);
  const Task t = streamed(1024, 512, 1, 2 * 1024 * 512 / 16);
  Program p;
  p.e.depend(0);
  p.run(load);
  p.run(t);
  EXPECT_NEAR(seconds(p.time(chip).duration),
              65536 / chip.dram_bandwidth + 1048576.0 / chip.weight_bandwidth, 2 * picosecond);
}

TEST(Schedule, AllBytesPassOnePortWhateverRunsBesideWhat) {  // [T19]
  AneParameters chip = m4();
  chip.tile_bandwidth = 1e12;
  const std::int64_t bytes = 2 * 32768 * 16;
  Task first = copy(), t = streamed(1024, 512, 1, 2 * 1024 * 512 / 16);
  first.in1 = first.out = {.w = 32768, .h = 1, .c = 16, .n = 1};
  t.prefetch = true;
  const auto both = [&] {
    Program p;
    p.e.depend(0);
    p.run(first);
    p.run(t);
    return seconds(p.time(chip).duration);
  };
  ASSERT_LT(both(), 0.95 * static_cast<double>(bytes + (1 << 20)) / chip.dram_bandwidth);
  const double together = static_cast<double>(bytes + (1 << 20)) / chip.dram_bandwidth;
  Task stores = first;
  stores.store = in_memory(first.out);
  std::swap(first, stores);
  EXPECT_NEAR(both(), together, 2 * picosecond);
  first = stores;
  first.load1 = in_memory(first.in1);
  EXPECT_NEAR(both(), together, 2 * picosecond);
}

TEST(Schedule, CoresAreLitWhileTheirTaskWaitsForItsWeights) {
  Program p;
  p.e.depend(0);
  p.run(streamed(1024, 8, 1, 2 * 1024 * 512));
  const Execution run = p.time();
  EXPECT_NEAR(seconds(run.duration), overhead() + 8.0 * 1048576 / m4().weight_bandwidth,
              2 * picosecond);
  EXPECT_NEAR(run.lit_core_seconds, 8 * seconds(run.duration), 16 * picosecond);
}

TEST(Schedule, CausesMakeTheDurationAndConflictsAreTheirShareOfIt) {  // [T16]
  const Task t = conv(1, 256, 4096);
  const TaskTime alone = price(t, count_work(t, m4()), m4());
  ASSERT_EQ(alone.bound, Cause::compute);
  Program p;
  p.e.depend(0);
  p.run(t);
  const Execution run = p.time();
  double sum = 0;
  for (const double c : run.causes) sum += c;
  EXPECT_NEAR(sum, seconds(run.duration), picosecond);
  EXPECT_NEAR(run.causes[static_cast<std::size_t>(Cause::overhead)], overhead(), picosecond);
  EXPECT_NEAR(run.causes[static_cast<std::size_t>(Cause::bank_conflict)],
              (alone.engine - overhead()) * alone.bank_conflict / alone.mac, picosecond);
}

// The first race of a program of copies; empty: none.
std::string race(const std::function<void(Program&)>& write) {
  Program p;
  write(p);
  const Schedule s = p.schedule();
  return s.races().empty() ? "" : s.races().front();
}

TEST(Races, ADistanceLeavesAsManyTasksInFlight) {
  const auto third_reads = [](int distance, std::int64_t from) {
    return race([&](Program& p) {
      p.e.depend(distance);
      p.run(copy(0, 1024));
      p.run(copy(0, 2048));
      p.run(copy(from, 4096));
    });
  };
  EXPECT_EQ(third_reads(0, 2048), "");
  EXPECT_THAT(third_reads(1, 2048), HasSubstr("task 2 reads 0x800 to 0x880 in L2"));
  EXPECT_EQ(third_reads(1, 1024), "");
  EXPECT_THAT(third_reads(2, 1024), HasSubstr("task 2 reads 0x400 to 0x480 in L2"));
}

TEST(Races, NeighboursInL2DoNotMeet) {
  for (const std::int64_t from : {1024 - 128, 1024 + 128})
    EXPECT_EQ(race([&](Program& p) {
                p.e.depend(1);
                p.run(copy(0, 1024));
                p.run(copy(from, 4096));
              }),
              "");
  EXPECT_NE(race([&](Program& p) {
              p.e.depend(1);
              p.run(copy(0, 1024));
              p.run(copy(1024 + 126, 4096));
            }),
            "");
}

TEST(Races, WhatATaskStillReadsIsNotWritten) {
  const auto second_writes = [](bool waits) {
    return race([&](Program& p) {
      p.e.depend(1);
      p.run(copy(0, 1024), {{Stage::src, 3}});
      if (waits) p.e.wait(3, 1);
      p.run(copy(4096, 0));
    });
  };
  EXPECT_THAT(second_writes(false), HasSubstr("task 1 writes 0x0 to 0x80 in L2"));
  EXPECT_EQ(second_writes(true), "");
}

TEST(Races, AResultInL2IsNotYetInMemory) {
  const auto second_reads = [](Stage when, bool from_memory) {
    return race([&](Program& p) {
      Task first = copy(0, 1024), second = copy(from_memory ? 8192 : 1024, 4096);
      first.store = in_memory(first.out);
      if (from_memory) second.load1 = in_memory(second.in1);
      p.e.depend(1);
      p.run(first, {{when, 3}});
      p.e.wait(3, 1);
      p.run(second);
    });
  };
  EXPECT_NE(second_reads(Stage::ne, false), "");
  EXPECT_EQ(second_reads(Stage::l2, false), "");
  EXPECT_THAT(second_reads(Stage::l2, true), HasSubstr("in section 25"));
  EXPECT_EQ(second_reads(Stage::dst, true), "");
}

// Tasks of a layer as the compiler writes them, without values.
std::vector<Task> compiled(const kernels::TensorType& input,
                           const std::shared_ptr<kernels::Parameters>& p,
                           const kernels::Attributes& a = {}, const std::string& l2 = "2MiB") {
  workloads::GraphBuilder b("layer");
  b.output(b.conv("conv", b.input("x", input), p, a));
  const Chip chip = load_chip("M4", {"ane.l2=" + l2});
  const Schedule s(
      workloads::compile(b.finish(), chip.machine(), kernels::arith::profile_named("ane16"),
                         {.with_values = false})
          .program,
      chip.ane());
  std::vector<Task> tasks;
  for (const Schedule::Issue& i : s.issues()) tasks.push_back(i.task);
  return tasks;
}
std::shared_ptr<kernels::Parameters> layer(std::int64_t cout, std::int64_t cin, int kernel = 1) {
  auto p = std::make_shared<kernels::Parameters>();
  p->cout = cout, p->cin = cin, p->kh = p->kw = kernel;
  return p;
}

TEST(Compiled, ATaskSaysWhatShareOfItsWeightsIsZero) {  // [T4]
  const kernels::TensorType x{isa::Format::fp16, {.w = 64, .h = 1, .c = 32, .n = 1}};
  auto p = layer(32, 32);
  EXPECT_EQ(compiled(x, p).at(0).skip, 0);
  p->zero_share = 0.5;
  EXPECT_EQ(compiled(x, p).at(0).skip, 32767);
  p->zero_share = 1;
  EXPECT_EQ(compiled(x, p).at(0).skip, 65535);
}

TEST(Compiled, WinogradIsAskedForOfDenseThreeByThreeOfFloats) {  // [T14]
  const kernels::TensorType x{isa::Format::fp16, {.w = 16, .h = 16, .c = 32, .n = 1}};
  kernels::Attributes a;
  a.pad_left = a.pad_right = a.pad_top = a.pad_bottom = 1;
  EXPECT_TRUE(compiled(x, layer(32, 32, 3), a).at(0).winograd);
  kernels::Attributes grouped = a;
  grouped.groups = 2;
  EXPECT_FALSE(compiled(x, layer(32, 16, 3), grouped).at(0).winograd);
  auto codes = layer(32, 32, 3);
  codes->format = isa::KernelFormat::i8;
  codes->scale = {{0x1400}};
  EXPECT_FALSE(compiled({isa::Format::i8, x.e}, codes, a).at(0).winograd);
}

TEST(Compiled, EveryStreamButTheFirstIsPrefetched) {  // [T6]
  workloads::GraphBuilder b("chain");
  auto x = b.input("x", {isa::Format::fp16, {.w = 64, .h = 1, .c = 32, .n = 1}});
  for (const char* name : {"a", "b", "c"}) x = b.linear(name, x, layer(32, 32));
  b.output(x);
  const Chip chip = load_chip("M4");
  const Schedule s(
      workloads::compile(b.finish(), chip.machine(), kernels::arith::profile_named("ane16"),
                         {.with_values = false})
          .program,
      chip.ane());
  ASSERT_EQ(s.issues().size(), 3u);
  EXPECT_FALSE(s.issues()[0].task.prefetch);
  EXPECT_TRUE(s.issues()[1].task.prefetch);
  EXPECT_TRUE(s.issues()[2].task.prefetch);
}

TEST(Compiled, AStreamHoldsNoMoreThan16MebibytesOfAnEngine) {
  // 64 KiB a channel: 256 channels an engine.
  const kernels::TensorType x{isa::Format::fp16, {.w = 1, .h = 1, .c = 32768, .n = 1}};
  std::int64_t longest = 0, channels = 0;
  for (const Task& t : compiled(x, layer(16384, 32768))) {
    longest = std::max(longest, t.kernel.length);
    channels += t.out.c;
  }
  EXPECT_EQ(channels, 16384);
  EXPECT_GT(longest, 0);
  EXPECT_LE(longest, 16 << 20);
}

TEST(Compiled, RowsInMemoryAndCutsOfColumnsAreWholeLines) {
  workloads::GraphBuilder b("wide");
  b.output(
      b.unary("y", "relu", b.input("x", {isa::Format::fp16, {.w = 5, .h = 3, .c = 2, .n = 1}})));
  const Chip chip = load_chip("M4", {"ane.l2=4KiB"});
  const auto program = [&](workloads::GraphBuilder& graph) {
    return workloads::compile(graph.finish(), chip.machine(),
                              kernels::arith::profile_named("ane16"), {.with_values = false})
        .program;
  };
  const isa::Program padded = program(b);
  for (const isa::TensorSymbol& t : padded.tensors) {
    EXPECT_EQ(t.sh, 64) << t.name;
    EXPECT_EQ(t.sc, 3 * 64) << t.name;
  }
  // One row of 3000 columns: pieces of whole lines, but for the last.
  workloads::GraphBuilder row("row");
  row.output(row.unary("y", "relu",
                       row.input("x", {isa::Format::fp16, {.w = 3000, .h = 1, .c = 1, .n = 1}})));
  const Schedule s(program(row), chip.ane());
  ASSERT_GT(s.issues().size(), 2u);
  std::int64_t columns = 0;
  for (std::size_t i = 0; i < s.issues().size(); ++i) {
    columns += s.issues()[i].task.out.w;
    if (i + 1 < s.issues().size()) {
      EXPECT_EQ(s.issues()[i].task.out.w % 32, 0);
    }
  }
  EXPECT_EQ(columns, 3000);
}

TEST(Compiled, AProgramIsAsLongWithoutValuesAsWithThem) {
  std::mt19937 rng(5);
  for (const std::int64_t cout : {1, 5, 16, 17, 40}) {
    auto p = layer(cout, 24, 3);
    for (std::int64_t i = 0; i < p->count(); ++i)
      p->weights.push_back(static_cast<float>(rng() % 100 + 1) / 64);
    p->bias.assign(static_cast<std::size_t>(cout), 1);
    const auto sections = [&](bool with_values) {
      workloads::GraphBuilder b("layer");
      auto shapes = std::make_shared<kernels::Parameters>(*p);
      if (!with_values) shapes->weights.clear(), shapes->bias.clear(), shapes->has_bias = true;
      b.output(b.conv("conv", b.input("x", {isa::Format::fp16, {.w = 9, .h = 9, .c = 24, .n = 1}}),
                      shapes, {}));
      const isa::Program program =
          workloads::compile(b.finish(), load_chip("M4").machine(),
                             kernels::arith::profile_named("ane16"), {.with_values = with_values})
              .program;
      std::vector<std::int64_t> sizes{std::ssize(program.words)};
      for (const isa::Section& s : program.sections) sizes.push_back(s.size.count);
      return sizes;
    };
    EXPECT_EQ(sections(false), sections(true)) << cout;
  }
}

// Tasks alike are priced once: each has the time and energy of its own registers, bit for bit.
TEST(Schedule, TasksAlikeHaveTheTimeOfEachAlone) {
  Program p;
  for (int i = 0; i < 3; ++i) {
    p.run(copy(0, 4096));
    p.run(copy(8192, 4096 * 3));
    p.run(conv(64, 64, 64));
    p.run(conv(64, 128, 64));
  }
  const Schedule s = p.schedule();
  const Execution e = s.time(m4(), 0.5);
  ASSERT_EQ(e.tasks.size(), 12U);
  for (std::size_t i = 0; i < e.tasks.size(); ++i) {
    const TaskTrace& t = e.tasks[i];
    const TaskTime alone = price(s.issues()[i].task, t.work, m4(), 0.5);
    EXPECT_EQ(t.time.engine, alone.engine);
    EXPECT_EQ(t.time.mac, alone.mac);
    EXPECT_EQ(t.time.planar, alone.planar);
    EXPECT_EQ(t.energy.mac, energy(t.work, m4()).mac);
    EXPECT_EQ(t.energy.l2, energy(t.work, m4()).l2);
  }
}

}  // namespace
}  // namespace ane::sim
