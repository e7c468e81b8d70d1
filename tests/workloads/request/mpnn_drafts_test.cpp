// Sampling by drafts, and diffusion: how many calls of what, by closed forms; and features on the
// host, which are the same work elsewhere.
#include <gmock/gmock.h>

#include "isa/error.h"
#include "workloads/request/job.h"
#include "workloads/request/kinds/mpnn.h"

namespace ane::workloads {
namespace {

MpnnWork work_of(const std::string& keys) {
  return work_as<MpnnWork>(parse_request("kind=mpnn " + keys));
}
Job framework_job(const std::string& keys) {
  static const isa::Machine machine;
  return job_of(parse_request("kind=mpnn " + keys),
                {.machine = machine, .form = Form::framework, .programs = false});
}
double calls_of(const Job& job, const std::string& name) {
  double calls = 0;
  for (const Stage& s : job.stages)
    if (s.name == name) calls += s.calls;
  return calls;
}
WorkSums sums(const Job& job) {
  WorkSums all;
  for (const Stage& s : job.stages)
    if (const auto* list = std::get_if<WorkList>(&s.work)) {
      const WorkSums one = sums_of(*list);
      all.macs += s.calls * one.macs;
      all.weight_bytes += one.weight_bytes;
    }
  return all;
}

TEST(MpnnDrafts, ARoundMakesWhatStandsAndOneMore) {
  const std::string base = "residues=120 phase=speculate ";
  EXPECT_DOUBLE_EQ(work_of(base + "accept=0").rounds(), 120);
  EXPECT_DOUBLE_EQ(work_of(base + "accept=1 ahead=3").rounds(), 30);
  EXPECT_DOUBLE_EQ(work_of(base + "accept=0.5 ahead=1").rounds(), 80);
  // 1 + a + a^2 + a^3, added one by one.
  EXPECT_NEAR(work_of(base + "accept=0.7 ahead=3").rounds(), 120 / (1 + 0.7 + 0.49 + 0.343), 1e-9);
  const Job job = framework_job(base + "accept=0.5 ahead=1");
  EXPECT_DOUBLE_EQ(calls_of(job, "draft"), 80);
  EXPECT_DOUBLE_EQ(calls_of(job, "judge"), 80);
  EXPECT_DOUBLE_EQ(calls_of(job, "encoder"), 1);
  EXPECT_DOUBLE_EQ(calls_of(job, "draft encoder"), 1);
}

TEST(MpnnDrafts, TheSmallNetworkDraftsAndTheOtherJudges) {
  const std::string base = "residues=120 phase=speculate accept=0.7 ";
  const double
      small = sums(framework_job(base + "draft_hidden=32 draft_encoder=1 draft_decoder=1")).macs,
      usual = sums(framework_job(base)).macs,
      large = sums(framework_job(base + "draft_hidden=128 draft_encoder=3 draft_decoder=3")).macs;
  EXPECT_LT(small, usual);
  EXPECT_LT(usual, large);
  EXPECT_EQ(work_of(base + "draft_hidden=128 draft_encoder=3 draft_decoder=3").parameters(),
            2 * work_of("residues=120").parameters());
}

TEST(MpnnDrafts, DiffusionPassesTheDecoderSoManyTimes) {
  const double encoder = sums(framework_job("residues=90 phase=encode")).macs;
  const double forward = sums(framework_job("residues=90")).macs;
  const double diffused = sums(framework_job("residues=90 phase=diffuse passes=7")).macs;
  EXPECT_NEAR(diffused, encoder + 7 * (forward - encoder), 1e-6 * diffused);
}

TEST(MpnnDrafts, KeysOfOtherPhasesAreRefused) {
  for (const char* bad :
       {"residues=60 accept=0.5", "residues=60 ahead=5", "residues=60 draft_hidden=32",
        "residues=60 phase=speculate", "residues=4 phase=speculate accept=0.5 ahead=4",
        "residues=60 phase=attention featurise=0", "residues=60 phase=attention context_layers=2",
        "residues=60 phase=speculate accept=1.5", "residues=60 phase=speculate accept=0.5 passes=3",
        "residues=60 phase=diffuse", "residues=60 passes=5", "residues=60 phase=diffuse passes=0",
        "residues=60 featurise=0 host_features=1"})
    EXPECT_THROW(parse_request("kind=mpnn " + std::string(bad)), InputError) << bad;
}

TEST(MpnnDrafts, FeaturesOnTheHostAreTheSameWorkElsewhere) {
  const Job here = framework_job("residues=106 weights=fp32 activations=fp32"),
            there = framework_job("residues=106 weights=fp32 activations=fp32 host_features=1");
  EXPECT_EQ(sums(here).macs, sums(there).macs);
  ASSERT_EQ(there.stages.size(), 2U);
  EXPECT_EQ(there.stages[0].place, Stage::Place::host);
  EXPECT_EQ(there.stages[1].place, Stage::Place::target);
}

}  // namespace
}  // namespace ane::workloads
