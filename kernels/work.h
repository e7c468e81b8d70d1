// How much an operator asks for. Work has no time in it: the devices of sim price it.
#pragma once
#include <cstdint>
#include <string_view>

#include "isa/units.h"

namespace ane::kernels {

enum class WorkKind {
  gemm,
  conv,
  elementwise,
  reduction,
  softmax,
  normalisation,
  gather,
  copy,
  pool,
  attention,  // softmax(Q K^T) V as one operator; macs of both products
  loop,       // a hand-written loop over bytes on one core, see Loop
};

// What a loop asks of one core, in instructions: on its vector units, its load units and its scalar
// units, branches that are taken, and additions of floats that wait for one another.
struct Loop {
  std::int64_t vector = 0, loads = 0, scalar = 0, branches = 0, chained = 0;
};

struct Work {
  WorkKind kind = WorkKind::elementwise;
  Macs macs{};                   // multiply-accumulates; one is two FLOP
  std::int64_t other_flops = 0;  // additions, comparisons, table look-ups outside the MACs
  Bytes read{}, written{};       // activations, in the given precision, once each
  Bytes weights{};               // constant operands as stored (compressed)
  // gemm and conv seen as a product [m, k] x [k, n], `batch` times; zero elsewhere.
  std::int64_t m = 0, n = 0, k = 0, batch = 1;
  std::int64_t count = 1;      // identical operators, one after the other; all above is of one
  bool compressed = false;     // weights are decoded on their way to the multipliers
  bool bias = false;           // a product that adds a vector along n
  Loop loop{};                 // of WorkKind::loop
  std::string_view name = "";  // for listings; text with static lifetime
};

}  // namespace ane::kernels
