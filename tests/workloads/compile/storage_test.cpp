// How long values live, where they lie meanwhile, and which stay in L2.
#include "workloads/compile/storage.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "kernels/arith/profile.h"
#include "workloads/compile/compile.h"
#include "workloads/graph/layers.h"

namespace ane::workloads {
namespace {

using testing::Pair;
using testing::UnorderedElementsAre;

constexpr Extents small{.w = 32, .h = 8, .c = 32, .n = 1};  // 16 KiB
constexpr std::int64_t small_bytes = 32 * 8 * 32 * 2;

std::size_t at(ValueId v) {
  return static_cast<std::size_t>(v);
}

TEST(Lives, LastFromTheFirstToTheLastNodeThatTouchesThem) {
  GraphBuilder b("lives");
  const ValueId x = b.input("x", {Format::fp16, small});
  const ValueId p = b.unary("p", "relu", x);           // node 0
  const ValueId q = b.unary("q", "tanh", p);           // 1
  const ValueId r = b.elementwise("r", "add", p, q);   // 2
  const ValueId unread = b.unary("unread", "abs", q);  // 3
  const ValueId s = b.unary("s", "relu", r);           // 4
  b.output(q);
  b.output(s);
  const std::vector<Life> life = lives(b.finish());
  const auto expect = [&](ValueId v, int begin, int end) {
    EXPECT_EQ(life[at(v)].begin, begin) << v;
    EXPECT_EQ(life[at(v)].end, end) << v;
  };
  expect(x, 0, 0);
  expect(p, 0, 2);
  expect(q, 1, 5);  // an output is read behind the last node
  expect(r, 2, 4);
  expect(unread, 3, 3);
  expect(s, 4, 5);
}

TEST(Arena, BlocksThatLiveAtOneNodeLieApart) {
  Arena a;
  EXPECT_EQ(a.place(100, {0, 2}), 0);
  EXPECT_EQ(a.place(64, {2, 3}), 128);  // meets the first at node 2; whole lines
  EXPECT_EQ(a.place(64, {3, 4}), 0);    // the first has ended
  EXPECT_THAT(a.alive_at(2), UnorderedElementsAre(Pair(0, 100), Pair(128, 192)));
  EXPECT_THAT(a.alive_at(3), UnorderedElementsAre(Pair(128, 192), Pair(0, 64)));
  EXPECT_THAT(a.alive_at(5), testing::IsEmpty());
}

// Lives of a few nodes, of many and of all of them: as a search through all blocks finds them.
TEST(Arena, LivesAreFoundHoweverLongTheyAre) {
  struct Placed {
    std::int64_t begin, end;
    Life life;
  };
  Arena a;
  std::vector<Placed> all;
  std::mt19937 random(7);
  for (int k = 0; k < 600; ++k) {
    const int begin = static_cast<int>(random() % 4000);
    const int length = k % 50 == 0 ? 4000 : k % 5 == 0 ? static_cast<int>(random() % 1500) : k % 70;
    const Life life{begin, begin + length};
    const std::int64_t bytes = 64 * (1 + static_cast<std::int64_t>(random() % 4));
    std::vector<Placed> meets;
    for (const Placed& p : all)
      if (p.life.begin <= life.end && life.begin <= p.life.end) meets.push_back(p);
    std::ranges::sort(meets, {}, &Placed::begin);
    std::int64_t at = 0;
    for (const Placed& p : meets) {
      if (at + bytes <= p.begin) break;
      at = std::max(at, p.end);
    }
    ASSERT_EQ(a.place(bytes, life), at) << k;
    all.push_back({at, at + bytes, life});
  }
  for (int node = 0; node < 8000; node += 37) {
    std::vector<std::pair<std::int64_t, std::int64_t>> alive;
    for (const Placed& p : all)
      if (p.life.begin <= node && node <= p.life.end) alive.emplace_back(p.begin, p.end);
    ASSERT_EQ(a.alive_at(node), alive) << node;
  }
}

TEST(Arena, AGapAndTheEndAreFilledToTheLastByte) {
  Arena a;
  EXPECT_EQ(a.place(64, {0, 9}), 0);
  EXPECT_EQ(a.place(128, {0, 4}), 64);
  EXPECT_EQ(a.place(64, {0, 9}), 192);
  EXPECT_EQ(a.place(128, {5, 9}, 256), 64);  // what ended at node 4 left exactly as much
  EXPECT_EQ(a.place(65, {5, 9}, 320), std::nullopt);
  EXPECT_EQ(a.place(64, {5, 9}, 320), 256);
}

TEST(Residency, WhatIsOfferedFitsBesideWhatPassesThrough) {
  GraphBuilder b("residency");
  const ValueId x = b.input("x", {Format::fp16, small});
  const ValueId p = b.unary("p", "relu", x);
  const ValueId q = b.unary("q", "tanh", p);
  b.output(q);
  const Graph g = b.finish();
  const std::vector<Life> life = lives(g);
  const auto offer = [&](std::int64_t l2) {
    isa::Machine m;
    m.l2 = {l2};
    return Residency(g, life, m).offer(p);
  };
  // Beside it passes the input at one node and the output at the other.
  EXPECT_TRUE(offer(2 * small_bytes));
  EXPECT_FALSE(offer(2 * small_bytes - 1));
}

TEST(Residency, WhatIsWithdrawnLeavesItsRoom) {
  GraphBuilder b("residency");
  const ValueId x = b.input("x", {Format::fp16, small});
  const ValueId p = b.unary("p", "relu", x), q = b.unary("q", "tanh", p);
  const ValueId r = b.unary("r", "abs", q);
  b.output(r);
  const Graph g = b.finish();
  const std::vector<Life> life = lives(g);
  isa::Machine m;
  m.l2 = {2 * small_bytes};
  Residency residency(g, life, m);
  ASSERT_TRUE(residency.offer(p));
  residency.withdraw(p);
  EXPECT_TRUE(residency.offer(q));
}

TEST(Residency, ATemporaryTakesFourTimesItsResultAndAWindowMostOfL2) {
  const auto offer = [](bool softmax, int kernel, std::int64_t l2) {
    GraphBuilder b("residency");
    const ValueId x = b.input("x", {Format::fp16, small});
    const ValueId p = b.unary("p", "relu", x);
    Attributes a;
    ValueId y = -1;
    if (softmax) {
      a.axes = kernels::axis_c;
      y = b.node("softmax", "y", {p}, a);
    } else {
      auto w = std::make_shared<kernels::Parameters>();
      w->cout = w->cin = 32;
      w->kh = w->kw = kernel;
      a.pad_left = a.pad_right = a.pad_top = a.pad_bottom = kernel / 2;
      y = b.conv("y", p, w, a);
    }
    b.output(y);
    const Graph g = b.finish();
    const std::vector<Life> life = lives(g);
    isa::Machine m;
    m.l2 = {l2};
    return Residency(g, life, m).offer(p);
  };
  EXPECT_TRUE(offer(true, 0, 6 * small_bytes));  // itself, the output, four more
  EXPECT_FALSE(offer(true, 0, 6 * small_bytes - 1));
  EXPECT_TRUE(offer(false, 1, 2 * small_bytes));
  // What passes is bounded: of a plain layer by 384 KiB, of a window by three quarters of L2.
  const auto wide = [](int kernel, std::int64_t l2) {
    GraphBuilder b("wide");
    const Extents e{.w = 512, .h = 64, .c = 32, .n = 1};  // 2 MiB
    const ValueId x = b.input("x", {Format::fp16, small});
    const ValueId p = b.unary("p", "relu", x);
    const ValueId big = b.input("big", {Format::fp16, e});
    auto w = std::make_shared<kernels::Parameters>();
    w->cout = w->cin = 32;
    w->kh = w->kw = kernel;
    Attributes a;
    a.pad_left = a.pad_right = a.pad_top = a.pad_bottom = kernel / 2;
    b.output(b.conv("y", big, w, a));
    b.output(b.unary("z", "abs", p));
    const Graph g = b.finish();
    const std::vector<Life> life = lives(g);
    isa::Machine m;
    m.l2 = {l2};
    return Residency(g, life, m).offer(p);  // lives beside the convolution
  };
  const std::int64_t passage = 384 * 1024;
  EXPECT_TRUE(wide(1, passage + small_bytes));
  EXPECT_FALSE(wide(1, passage + small_bytes - 1));
  EXPECT_TRUE(wide(3, 4 * small_bytes));
  EXPECT_FALSE(wide(3, 4 * small_bytes - 4));
  EXPECT_TRUE(wide(3, passage + small_bytes));
}

TEST(Storage, AViewKeepsWhatItShowsAlive) {
  GraphBuilder b("views");
  const ValueId x = b.input("x", {Format::fp16, small});
  const ValueId p = b.unary("p", "relu", x);  // 0
  Attributes rows, part;
  rows.extents = {.w = 32, .h = 4, .c = 64, .n = 1};
  const ValueId v = b.node("reshape", "v", {p}, rows);  // 1
  part.begin = {.w = 0, .h = 0, .c = 8, .n = 0};
  part.extents = {.w = 32, .h = 4, .c = 8, .n = 1};
  const ValueId u = b.node("slice", "u", {v}, part);  // 2
  const ValueId other = b.unary("other", "tanh", x);  // 3
  const ValueId q = b.unary("q", "abs", u);           // 4
  b.output(other);
  b.output(q);
  const Graph g = b.finish();
  std::vector<Life> life = lives(g);
  const std::vector<ValueId> storage = storage_of(g, life, isa::Machine{});
  EXPECT_EQ(storage[at(v)], p);
  EXPECT_EQ(storage[at(u)], p);
  EXPECT_EQ(storage[at(q)], q);
  EXPECT_EQ(life[at(p)].end, 4);
}

TEST(Storage, RowsMoveWhereTheyHavePaddingAndGapsOfSeveralItems) {
  const auto shares = [](const Extents& from, const Extents& to, bool sliced) {
    GraphBuilder b("reshape");
    ValueId p = b.unary("p", "relu", b.input("x", {Format::fp16, from}));
    if (sliced) {
      Attributes part;
      part.begin = {.w = 0, .h = 0, .c = 1, .n = 0};
      part.extents = from;
      part.extents.c -= 2;
      p = b.node("slice", "part", {p}, part);
    }
    Attributes a;
    a.extents = to;
    const ValueId v = b.node("reshape", "v", {p}, a);
    b.output(b.unary("q", "abs", v));
    const Graph g = b.finish();
    std::vector<Life> life = lives(g);
    return storage_of(g, life, isa::Machine{})[at(v)] != v;
  };
  EXPECT_TRUE(shares({.w = 20, .h = 6, .c = 8, .n = 1}, {.w = 20, .h = 3, .c = 16, .n = 1}, false));
  EXPECT_TRUE(shares({.w = 64, .h = 6, .c = 8, .n = 1}, {.w = 32, .h = 12, .c = 8, .n = 1}, false));
  // 48 bytes a row: a line of 64 each.
  EXPECT_FALSE(shares({.w = 96, .h = 2, .c = 8, .n = 1}, {.w = 24, .h = 8, .c = 8, .n = 1}, false));
  EXPECT_FALSE(shares({.w = 24, .h = 8, .c = 8, .n = 1}, {.w = 96, .h = 2, .c = 8, .n = 1}, false));
  // In a storage with gaps channels and items regroup, of one item.
  EXPECT_TRUE(shares({.w = 32, .h = 1, .c = 10, .n = 1}, {.w = 32, .h = 1, .c = 4, .n = 2}, true));
  EXPECT_FALSE(shares({.w = 32, .h = 1, .c = 10, .n = 2}, {.w = 32, .h = 1, .c = 4, .n = 4}, true));
}

TEST(Homes, LiveFromTheirFirstPartOn) {
  GraphBuilder b("homes");
  const ValueId x = b.input("x", {Format::fp16, small});
  const ValueId p = b.unary("p", "relu", x);     // 0
  const ValueId q = b.unary("q", "tanh", x);     // 1
  const ValueId twice = b.unary("r", "abs", x);  // 2
  Attributes a;
  a.axis = kernels::axis_c;
  const ValueId c = b.node("concat", "c", {p, q, twice, twice}, a);  // 3
  b.output(b.unary("out", "relu", c));
  const Graph g = b.finish();
  std::vector<Life> life = lives(g);
  const std::vector<ValueId> storage = storage_of(g, life, isa::Machine{});
  const std::vector<Home> homes = homes_of(g, storage, life);
  EXPECT_EQ(homes[at(p)].in, c);
  EXPECT_EQ(homes[at(p)].begin, 0);
  EXPECT_EQ(homes[at(q)].in, c);
  EXPECT_EQ(homes[at(q)].begin, 32);
  EXPECT_EQ(homes[at(twice)].in, -1);  // read twice: in one place only, so in neither
  EXPECT_EQ(homes[at(x)].in, -1);
  EXPECT_EQ(life[at(c)].begin, 0);
  EXPECT_EQ(life[at(c)].end, 4);
}

TEST(Homes, APartThatIsReshapedStaysOutside) {
  GraphBuilder b("homes");
  const ValueId x = b.input("x", {Format::fp16, small});
  const ValueId p = b.unary("p", "relu", x), q = b.unary("q", "tanh", x);
  Attributes rows, a;
  rows.extents = {.w = 32, .h = 4, .c = 64, .n = 1};
  const ValueId v = b.node("reshape", "v", {p}, rows);
  a.axis = kernels::axis_c;
  b.output(b.unary("out", "relu", b.node("concat", "c", {p, q}, a)));
  b.output(b.unary("rows", "abs", v));
  const Graph g = b.finish();
  std::vector<Life> life = lives(g);
  const std::vector<Home> homes = homes_of(g, storage_of(g, life, isa::Machine{}), life);
  EXPECT_EQ(homes[at(p)].in, -1);
  EXPECT_NE(homes[at(q)].in, -1);
}

// The layout's strides are words of 32 bits.
TEST(Compile, AnItemOfFourGibibytesIsRefused) {
  const auto compiled = [](std::int64_t rows) {
    GraphBuilder b("large");
    b.output(b.unary("y", "relu",
                     b.input("x", {Format::fp16, {.w = 16384, .h = rows, .c = 16384, .n = 1}})));
    compile(b.finish(), {}, kernels::arith::profile_named("ane16"), {.with_values = false});
  };
  EXPECT_THROW(compiled(8), InputError);
  EXPECT_NO_THROW(compiled(7));
}

}  // namespace
}  // namespace ane::workloads
