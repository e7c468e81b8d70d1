// What an operator asks for, and where the accelerator takes it no more: each limit at its edge.
#include <gtest/gtest.h>

#include "isa/error.h"
#include "kernels/operator.h"
#include "kernels/view.h"

namespace ane::kernels {
namespace {

std::shared_ptr<Parameters> weights(std::int64_t cout, std::int64_t cin, int kh = 1, int kw = 1) {
  auto p = std::make_shared<Parameters>();
  p->cout = cout, p->cin = cin, p->kh = kh, p->kw = kw;
  return p;
}

Call conv(const Extents& input, std::shared_ptr<const Parameters> p, const Attributes& a = {}) {
  Call call;
  call.name = "conv";
  call.inputs = {{Format::fp16, input}};
  call.attributes = a;
  call.parameters = std::move(p);
  call.output = operator_named("conv").shape(call);
  return call;
}
std::string refused(const char* op, const Call& call, const isa::Machine& machine = {}) {
  const auto refusal = operator_named(op).refuse(call, machine);
  return refusal ? refusal->label : "";
}

TEST(Operators, AConvolutionsKernelEndsAtTheChipsLimit) {
  const isa::Machine m;
  const Extents plane{.w = 200, .h = 200, .c = 1, .n = 1};
  const auto label = [&](int kh, int kw, int dilation = 1) {
    Attributes a;
    a.dilation_w = a.dilation_h = dilation;
    return refused("conv", conv(plane, weights(1, 1, kh, kw), a));
  };
  EXPECT_EQ(label(1, m.max_kernel_width), "");
  EXPECT_EQ(label(1, m.max_kernel_width + 1), "C1");
  EXPECT_EQ(label(m.max_kernel_height, 1), "");
  EXPECT_EQ(label(m.max_kernel_height + 1, 1), "C2");
  // What a dilated kernel spans: 2 taps 31 apart, and 32.
  EXPECT_EQ(label(1, 2, m.max_kernel_width - 1), "");
  EXPECT_EQ(label(1, 2, m.max_kernel_width), "C1");
}

TEST(Operators, AConvolutionsStrideEndsAt15EitherWay) {
  const auto label = [](int h, int w) {
    Attributes a;
    a.stride_h = h, a.stride_w = w;
    return refused("conv", conv({.w = 64, .h = 64, .c = 1, .n = 1}, weights(1, 1, 3, 3), a));
  };
  EXPECT_EQ(label(15, 15), "");
  EXPECT_EQ(label(16, 1), "C3");
  EXPECT_EQ(label(1, 16), "C3");
}

TEST(Operators, AChannelsWeightsFillAKernelMemoryToTheLastByte) {
  const isa::Machine m;
  const std::int64_t most = m.kernel_memory.count / 2;
  EXPECT_EQ(refused("conv", conv({.w = 1, .h = 1, .c = most, .n = 1}, weights(1, most))), "");
  EXPECT_EQ(refused("conv", conv({.w = 1, .h = 1, .c = most + 1, .n = 1}, weights(1, most + 1))),
            "C4");
  const auto product = [](std::int64_t inner) {
    Call call;
    call.name = "mm";
    call.inputs = {{Format::fp16, {.w = 4, .h = 1, .c = inner, .n = 1}},
                   {Format::fp16, {.w = 8, .h = 1, .c = inner, .n = 1}}};
    call.output = operator_named("matmul").shape(call);
    return refused("matmul", call);
  };
  EXPECT_EQ(product(most), "");
  EXPECT_EQ(product(most + 1), "M1");
}

TEST(Operators, ALastWindowMaySeeOneColumnOfTheInput) {
  const auto label = [](int behind) {
    Attributes a;
    a.pad_right = behind;
    return refused("conv", conv({.w = 9, .h = 1, .c = 1, .n = 1}, weights(1, 1, 1, 3), a));
  };
  EXPECT_EQ(label(2), "");
  EXPECT_EQ(label(3), "C6");
}

TEST(Operators, APoolsWindowEndsAtTheChipsLimit) {
  const isa::Machine m;
  const auto label = [](int kh, int kw) {
    Call call;
    call.name = "pool";
    call.inputs = {{Format::fp16, {.w = 64, .h = 64, .c = 1, .n = 1}}};
    call.attributes.operation = "max";
    call.attributes.kernel_h = kh, call.attributes.kernel_w = kw;
    call.output = operator_named("pool").shape(call);
    return refused("pool", call);
  };
  EXPECT_EQ(label(m.max_pool, m.max_pool), "");
  EXPECT_EQ(label(m.max_pool + 1, 1), "P1");
  EXPECT_EQ(label(1, m.max_pool + 1), "P1");
}

TEST(Operators, AskForTheirProductsTheirPassesAndTheirTensors) {
  Attributes a;
  a.groups = 2;
  Call call = conv({.w = 10, .h = 6, .c = 8, .n = 3}, weights(12, 4, 3, 3), a);
  const Operator& op = operator_named("conv");
  const std::int64_t out = 8 * 4 * 12 * 3;
  Work w = op.work(call);
  EXPECT_EQ(w.kind, WorkKind::conv);
  EXPECT_EQ(w.macs, Macs{out * 4 * 9});
  EXPECT_EQ(w.other_flops, 0);
  EXPECT_EQ(w.read, Bytes{10 * 6 * 8 * 3 * 2});
  EXPECT_EQ(w.written, Bytes{out * 2});
  EXPECT_EQ(w.weights, Bytes{12 * 4 * 9 * 2});
  call.attributes.activation = "relu";
  EXPECT_EQ(op.work(call).other_flops, out);
  call.inputs.push_back(call.output);  // an addition joins
  w = op.work(call);
  EXPECT_EQ(w.other_flops, 2 * out);
  EXPECT_EQ(w.read, Bytes{10 * 6 * 8 * 3 * 2 + out * 2});
  // One tap and one group is a product; of several groups it is none.
  EXPECT_EQ(op.work(conv({.w = 10, .h = 6, .c = 8, .n = 3}, weights(12, 8))).kind, WorkKind::gemm);
  EXPECT_EQ(op.work(conv({.w = 10, .h = 6, .c = 8, .n = 3}, weights(12, 4), a)).kind,
            WorkKind::conv);
}

TEST(Operators, ProductsAndPoolsAskForEachOfTheirResults) {
  Call call;
  call.name = "mm";
  call.inputs = {{Format::fp16, {.w = 5, .h = 1, .c = 16, .n = 6}},
                 {Format::fp16, {.w = 7, .h = 1, .c = 16, .n = 2}}};
  call.output = operator_named("matmul").shape(call);
  const Work mm = operator_named("matmul").work(call);
  EXPECT_EQ(mm.macs, Macs{5 * 7 * 6 * 16});
  EXPECT_EQ(mm.m, 5);
  EXPECT_EQ(mm.n, 7);
  EXPECT_EQ(mm.k, 16);
  EXPECT_EQ(mm.batch, 6);
  Call pool;
  pool.name = "pool";
  pool.inputs = {{Format::fp16, {.w = 8, .h = 9, .c = 4, .n = 1}}};
  pool.attributes.operation = "avg";
  pool.attributes.kernel_w = 2, pool.attributes.kernel_h = 3;
  pool.attributes.stride_w = 2, pool.attributes.stride_h = 3;
  pool.output = operator_named("pool").shape(pool);
  EXPECT_EQ(operator_named("pool").work(pool).other_flops, 4 * 3 * 4 * 2 * 3);
}

TEST(Views, AreDenseWhereNoAxisLeavesAGap) {
  const View whole{.e = {.w = 4, .h = 3, .c = 2, .n = 5}, .sw = 2, .sh = 8, .sc = 24, .sn = 48};
  EXPECT_TRUE(whole.dense());
  View v = whole;
  v.sn += 16;
  EXPECT_FALSE(v.dense());
  v.e.n = 1;
  EXPECT_TRUE(v.dense());
  for (std::int64_t View::*stride : {&View::sw, &View::sh, &View::sc}) {
    View gap = whole;
    gap.*stride += 2;
    EXPECT_FALSE(gap.dense());
  }
}

TEST(Views, RepeatAlongEveryAxisOfOneElement) {
  const View one{.e = {.w = 1, .h = 1, .c = 1, .n = 1}, .sw = 2, .sh = 64, .sc = 64, .sn = 64};
  const View all = one.repeated({.w = 4, .h = 3, .c = 2, .n = 5});
  EXPECT_EQ(all.sw, 0);
  EXPECT_EQ(all.sh, 0);
  EXPECT_EQ(all.sc, 0);
  EXPECT_EQ(all.sn, 0);
  const View rows = one.repeated({.w = 1, .h = 3, .c = 1, .n = 1});
  EXPECT_EQ(rows.sw, 2);
  EXPECT_EQ(rows.sh, 0);
  EXPECT_EQ(rows.sc, 64);
}

}  // namespace
}  // namespace ane::kernels
