// The families of operators, one a file.
#pragma once
#include "workloads/model/operator.h"

namespace ane::workloads::model::ops {

Family unary(), binary(), choice(), shapes(), indexing(), reductions(), products(), convolutions(),
    pools(), norms(), recurrent(), quantised(), ranking(), images(), signals(), losses(), fused(),
    made();

}  // namespace ane::workloads::model::ops
