// The two evaluations behind activation.h; of no use elsewhere.
#pragma once
#include "kernels/arith/activation.h"

namespace ane::kernels::arith {

KnotTable make_knot_table(const Activation& a);
// `knots` is knot_table(a), null for the functions without one. Never called for Function::none.
Half activate_ane16(const Activation& a, const KnotTable* knots, Half x);
Half activate_ieee(const Activation& a, Half x);

}  // namespace ane::kernels::arith
