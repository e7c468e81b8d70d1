// Is the name that is meant the one that is named?
#include "isa/error.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ane {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const std::vector<std::string> options{"--set", "--seed", "--chip", "--limit", "--k"};

TEST(Nearest, IsTheOneFewestLettersAway) {
  EXPECT_EQ(nearest("--chp", options), "--chip");
  EXPECT_EQ(nearest("--hcip", options), "--chip");
  EXPECT_EQ(nearest("--CHIP", options), "--chip");
  EXPECT_EQ(nearest("--q", options), "--k");
}

TEST(Nearest, NamesAllThatOneLetterSeparates) {
  EXPECT_THAT(near_names("--sed", options), ElementsAre("--set", "--seed"));
  EXPECT_EQ(near_note("--sed", options), "did you mean '--set' or '--seed'?");
  EXPECT_THAT(near_names("--seed", options), ElementsAre("--seed"));
}

TEST(Nearest, IsOneThatBeginsSoWhereNoneIsNear) {
  const std::vector<std::string> names{"stable_diffusion_1_5_unet", "resnet18", "resnet50", "unet"};
  EXPECT_THAT(near_names("stable", names), ElementsAre("stable_diffusion_1_5_unet"));
  EXPECT_THAT(near_names("r", names), ElementsAre("resnet18", "resnet50"));
  EXPECT_THAT(near_names("unet_of_someone", names), ElementsAre("unet"));
  EXPECT_THAT(near_names("zzzzzz", names), IsEmpty());
  EXPECT_THAT(near_names("", names), IsEmpty());
}

TEST(Nearest, StandsBeforeTheList) {
  const std::vector<std::string> names{"ane", "gpu"};
  EXPECT_EQ(choice_note("gpi", names), "did you mean 'gpu'? one of: ane, gpu");
  EXPECT_EQ(choice_note("quantum", names), "one of: ane, gpu");
}

}  // namespace
}  // namespace ane
