// Does anesim nearest find what it says, and refuse what it cannot compute?
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "kernels/tensor.h"
#include "tests/program.h"
#include "workloads/files/npy.h"

namespace {

using ane::anesim;
using ane::Answer;
using testing::HasSubstr;

class NearestCommand : public testing::Test {
 protected:
  NearestCommand() { std::filesystem::create_directories(folder_); }
  ~NearestCommand() override { std::filesystem::remove_all(folder_); }
  std::string table(std::int64_t width, const std::vector<float>& values) const {
    ane::kernels::Tensor t(ane::isa::Format::fp32, {std::ssize(values) / width, width});
    std::ranges::copy(values, t.as<float>().begin());
    std::ofstream(folder_ + "/t.npy", std::ios::binary) << ane::workloads::npy_bytes(t);
    return "nearest " + folder_ + "/t.npy --k 1 ";
  }
  const std::string folder_ = testing::TempDir() + "/nearest_" + std::to_string(getpid());
};

TEST_F(NearestCommand, ARowIsNearestToItselfByTheCosineAndToTheLongestByTheProduct) {
  const std::string ask = table(2, {1, 0, 0, 1, 3, 0.5F});
  const auto cosine = nlohmann::json::parse(anesim(ask + "--json", "2>/dev/null").text);
  for (std::size_t q = 0; q < 3; ++q) EXPECT_EQ(cosine["neighbours"][q]["rows"][0], q);
  EXPECT_EQ(cosine["recall_share"], 1);
  const auto dot = nlohmann::json::parse(anesim(ask + "--dot --json", "2>/dev/null").text);
  EXPECT_EQ(dot["neighbours"][0]["rows"][0], 2);
  EXPECT_EQ(dot["neighbours"][0]["scores"][0], 3);
}

TEST_F(NearestCommand, WhatItCannotAnswerIsRefused) {
  const auto refused = [](const Answer& a, const char* what) {
    EXPECT_EQ(a.status, 2) << a.text;
    EXPECT_THAT(a.text, HasSubstr(what));
  };
  refused(anesim(table(2, {1, 0, 0, 0})), "1 of 2 vectors are all zeros");
  refused(anesim(table(2, {60000, 60000, 60000, 60000}) + "--dot"), "beyond what FP16 holds");
  refused(anesim(table(2, {1, 2, 3, 4}) + "--json --shown 1"), "--shown");
}

}  // namespace
