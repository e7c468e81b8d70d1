#include "sim/chip.h"

#include <gtest/gtest.h>

#include "isa/error.h"
#include "sim/runtime.h"

namespace ane::sim {
namespace {

TEST(Chip, EveryBuiltInChipLoads) {
  ASSERT_GT(chip_names().size(), 40u);
  for (const std::string& name : chip_names()) EXPECT_NO_THROW(load_chip(name)) << name;
}

TEST(Runtime, EveryBuiltInRuntimeLoads) {
  ASSERT_GE(runtime_names().size(), 17u);
  for (const std::string& name : runtime_names()) {
    try {
      load_runtime(name);
    } catch (const InputError& e) {
      ADD_FAILURE() << name << ": " << e.place() << ": " << e.what();
    }
  }
}

}  // namespace
}  // namespace ane::sim
