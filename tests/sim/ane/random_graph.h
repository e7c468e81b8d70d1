// Small graphs and inputs from a seed, for tests that compare a program's execution with the scalar
// reference.
#pragma once
#include <cstdint>
#include <random>

#include "workloads/graph/evaluate.h"
#include "workloads/graph/graph.h"

namespace ane::sim::testing {

inline kernels::Tensor random_tensor(std::mt19937& rng, const kernels::TensorType& type,
                                     double scale = 1) {
  if (type.format == isa::Format::i32) return {};
  kernels::Tensor t(isa::Format::fp32, {type.e.n, type.e.c, type.e.h, type.e.w});
  for (float& x : t.as<float>())
    x = static_cast<float>(scale * (static_cast<double>(rng() % 4001) / 1000.0 - 2.0));
  return t;
}

inline std::shared_ptr<kernels::Parameters> random_parameters(std::mt19937& rng, std::int64_t cout,
                                                              std::int64_t cin, int kh = 1,
                                                              int kw = 1, bool bias = true) {
  auto p = std::make_shared<kernels::Parameters>();
  p->cout = cout;
  p->cin = cin;
  p->kh = kh;
  p->kw = kw;
  const auto value = [&] { return static_cast<float>(rng() % 2001) / 1000.0F - 1.0F; };
  for (std::int64_t i = 0; i < p->count(); ++i)
    p->weights.push_back(rng() % 5 == 0 ? 0.0F : value());
  if (bias)
    for (std::int64_t i = 0; i < cout; ++i) p->bias.push_back(value());
  return p;
}

}  // namespace ane::sim::testing
