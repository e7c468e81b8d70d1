// The two evaluations behind activation.h; of no use elsewhere.
#pragma once
#include "kernels/arith/activation.h"

namespace ane::kernels::arith {

KnotTable make_knot_table(const Activation& a);
// `knots` is knot_table(a), null for the functions without one. Never called for Function::none.
Half activate_ane16(const Activation& a, const KnotTable* knots, Half x);
Half activate_ieee(const Activation& a, Half x);

// The real function to double precision (a few units of 2^-53), for finite x inside its domain.
double real_function(const Activation& a, double x);

}  // namespace ane::kernels::arith
