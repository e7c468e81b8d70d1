// Lists of operators from graphs: nothing lost, nothing counted twice.
#include <gtest/gtest.h>

#include "workloads/networks/networks.h"
#include "workloads/request/job.h"
#include "workloads/request/work_list.h"

namespace ane::workloads {
namespace {

using kernels::Work;
using kernels::WorkKind;

double macs(const WorkList& list) {
  double sum = 0;
  for (const Work& w : list) sum += static_cast<double>(w.count * w.macs.count);
  return sum;
}

WorkList work_of(const std::string& text) {
  const Job job = job_of(parse_request(text),
                         {.machine = isa::Machine{}, .form = Form::framework, .programs = false});
  return graph_work(std::get<Graph>(job.stages.at(0).work), 2, 2);
}

TEST(GraphWork, EveryNetworkKeepsItsMultiplyAccumulates) {
  for (const Network& n : networks()) {
    const Graph g = build_network(n, {}, {});
    EXPECT_DOUBLE_EQ(macs(graph_work(g, 4, 4)), graph_macs(g)) << n.name;
  }
}

TEST(GraphWork, AnActivationIsAnOperatorOfItsOwnAndAViewIsNone) {
  Layers l("g", {});
  const ValueId x = l.graph().input("x", {Format::fp16, {.w = 10, .h = 1, .c = 8, .n = 1}});
  const ValueId y = l.linear(x, 4, "relu");
  l.graph().output(l.reshape(y, {.w = 5, .h = 2, .c = 4, .n = 1}));
  const WorkList list = graph_work(l.graph().finish(), 4, 2);
  ASSERT_EQ(list.size(), 2U);
  EXPECT_EQ(list[0].kind, WorkKind::gemm);
  EXPECT_EQ(list[0].m, 10);
  EXPECT_EQ(list[0].n, 4);
  EXPECT_EQ(list[0].k, 8);
  EXPECT_TRUE(list[0].bias);
  EXPECT_EQ(list[0].read.count, 10 * 8 * 4);
  EXPECT_EQ(list[0].written.count, 10 * 4 * 4);
  EXPECT_EQ(list[0].weights.count, 8 * 4 * 2);
  EXPECT_EQ(list[0].other_flops, 0);
  EXPECT_EQ(list[1].kind, WorkKind::elementwise);
  EXPECT_EQ(list[1].written.count, 10 * 4 * 4);
  EXPECT_EQ(list[1].other_flops, 10 * 4);
}

TEST(GraphWork, TheInputAndTheBatchOfARequestCount) {
  const auto of = [](const std::string& rest) {
    return macs(work_of("unit=gpu kind=network name=resnet18" + rest));
  };
  EXPECT_DOUBLE_EQ(of(" batch=4"), 4 * of(""));
  EXPECT_DOUBLE_EQ(of(" input=4x3x224x224"), 4 * of(""));
  EXPECT_LT(of(" input=1x3x112x112"), 0.3 * of(""));
}

TEST(GraphWork, EncodersRunOnCpuAndGpuToo) {
  const double both = macs(work_of("unit=gpu kind=encoder name=distilbert tokens=128 batch=2"));
  EXPECT_DOUBLE_EQ(both, 2 * graph_macs(build_encoder(encoder_named("distilbert"), 1, {})));
}

}  // namespace
}  // namespace ane::workloads
