// Is a file read once for all who ask, and whole as long as somebody holds it?
#include <gtest/gtest.h>

#include <future>
#include <set>
#include <vector>

#include "isa/error.h"
#include "tests/onnx_writer.h"
#include "workloads/request/file/model.h"

namespace ane::workloads {
namespace {

TEST(ModelFile, IsReadAndBoundOnceForAllWhoAsk) {
  ModelFile file;
  file.file = encoded_path(onnx_writer::classifier_file(true));
  std::vector<std::future<std::shared_ptr<const model::Model>>> asked;
  for (int k = 0; k < 8; ++k)
    asked.push_back(std::async(std::launch::async, [&] { return file.bound(3); }));
  std::set<const model::Model*> models;
  for (auto& a : asked) models.insert(a.get().get());
  EXPECT_EQ(models.size(), 1U);
  const auto source = file.source();
  EXPECT_EQ(file.source(), source);
  // What is asked for meanwhile takes nothing away from it.
  ModelFile other;
  other.file = encoded_path(onnx_writer::classifier_file(false));
  EXPECT_NE(other.source(), source);
  EXPECT_EQ(source->graph->nodes.size(), 7U);
}

TEST(ModelFile, AFaultIsToldToEachAndTriedAgain) {
  ModelFile file;
  file.file = encoded_path(onnx_writer::classifier_file(true));
  file.shape = "image:1x4x16x16";
  for (int k = 0; k < 2; ++k) EXPECT_THROW(file.bound(1), InputError);
  file.shape = "image:1x3x16x16";
  EXPECT_EQ(file.bound(1)->nodes.size(), 7U);
}

// A program is made for a bucket; an extent costs what the next one that holds it does.
TEST(ModelFile, AnExtentRunsInTheNextBucket) {
  ModelFile file;
  file.file = encoded_path(onnx_writer::classifier_file(false));
  file.dim = "batch:5";
  file.buckets = "batch:16/4/8";
  EXPECT_EQ(file.binding(1).dims.at("batch"), 8);
  EXPECT_EQ(file.padding_notes(), std::vector<std::string>{"batch=5 runs in the program of 8"});
  const model::Model padded = *file.bound(1);
  file.dim = "batch:8";
  EXPECT_TRUE(file.padding_notes().empty());
  EXPECT_EQ(file.bound(1)->values.front().type, padded.values.front().type);
  for (const char* fault : {"batch:4", "batch:8/x", "batch:", "other:8", "8"}) {
    file.buckets = fault;
    EXPECT_THROW(file.bound(1), InputError) << fault;
  }
}

}  // namespace
}  // namespace ane::workloads
