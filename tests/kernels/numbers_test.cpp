// Names that stand in two places are the same names: the numbers in an instruction's fields
// (isa/functions.h) choose functions and operations of the arithmetic by position.
#include <gtest/gtest.h>

#include "isa/functions.h"
#include "isa/insns/sig.h"
#include "kernels/arith/activation.h"
#include "kernels/arith/planar.h"

namespace ane::kernels::arith {
namespace {

TEST(Numbers, EachUnaryFunctionHasTheNumberOfItsField) {
  ASSERT_EQ(functions().size(), isa::unary_functions.size());
  for (std::size_t i = 0; i < functions().size(); ++i) {
    EXPECT_EQ(functions()[i].name, isa::unary_functions[i]);
    EXPECT_EQ(static_cast<std::size_t>(functions()[i].function), i);
  }
}

TEST(Numbers, EachElementwiseOperationHasTheNumberOfItsField) {
  // What follows in the arithmetic takes three operands; no instruction carries them.
  ASSERT_LE(isa::elementwise_operations.size(), static_cast<std::size_t>(planar_ops));
  for (std::size_t i = 0; i < isa::elementwise_operations.size(); ++i)
    EXPECT_EQ(name(static_cast<PlanarOp>(i)), isa::elementwise_operations[i]);
  for (int i = static_cast<int>(isa::elementwise_operations.size()); i < planar_ops; ++i)
    EXPECT_TRUE(is_ternary(static_cast<PlanarOp>(i)));
}

TEST(Numbers, EachReductionHasTheNumberOfItsField) {
  // argmax gives an index, so it is a function of its own in the arithmetic; it comes last.
  ASSERT_EQ(isa::reduction_operations.size(), static_cast<std::size_t>(reductions) + 1);
  for (int i = 0; i < reductions; ++i)
    EXPECT_EQ(name(static_cast<Reduction>(i)),
              isa::reduction_operations[static_cast<std::size_t>(i)]);
  EXPECT_EQ(isa::reduction_operations.back(), "argmax");
}

TEST(Numbers, SignalsCountTheStagesInTheirOrder) {
  // The race checker takes 2 as "the result is in L2" and 3 as "the result is in memory".
  ASSERT_EQ(isa::insns::signal_points.size(), 4u);
  EXPECT_EQ(isa::insns::signal_points[2], "l2");
  EXPECT_EQ(isa::insns::signal_points[3], "dst");
}

}  // namespace
}  // namespace ane::kernels::arith
