// Numbers of eight bits on the accelerator: codes with one binary16 scale and zero point a tensor
// [Q3 of docs/numerics.md], and products of them [Q1, Q2].
#pragma once
#include <memory>
#include <optional>

#include "workloads/model/mapping.h"

namespace ane::workloads::model::ops {

// How codes lie on the accelerator: with a sign, those of another type less 128.
struct Coding {
  double scale = 1;
  int zero = 0;
};
// That of operands `scale` and `zero` (which may be left out), for codes of that type; else why the
// accelerator has none.
std::optional<Why> coding_of(const Use& use, std::size_t scale, std::size_t zero, Dtype codes,
                             Coding& coding);

// Operand `x` as the codes that it was dequantised from, where the accelerator made it from them.
struct CodedOperand {
  const BoundNode* from = nullptr;  // the DequantizeLinear; its operand 0 has the codes
  Coding coding;
};
std::optional<CodedOperand> coded_operand(const Use& use, const Mapper& mapper, std::size_t x);

// Weights as codes of a channel's scale, which INT8 multipliers take: their zero points are 0.
// Along `channel` are the result's channels. Nothing for others.
std::optional<Coded> code_weights(const Coded& weights, std::size_t channel);

// The real numbers that they stand for.
Reals dequantised_values(const Coded& coded);

// Takes codes into p, a kernel of cout channels: times codes of x they are scaled to fp16.
// `turned`: the weights are [cin, cout]. The machine has one binary16 factor a channel, so the
// codes are rounded again where that differs much from scale times scale. bias: in units of the
// result, or none.
void take_codes(kernels::Parameters& p, const Coded& weights, const Coding& x, bool turned,
                const Reals* bias, bool values);

inline constexpr Why sums_of_codes{
    "I6", "sums of codes in 32 bits: the accelerator scales its sums to fp16", "",
    "static scales on both sides: QDQ, QLinearConv, QLinearMatMul; or INT8 weights alone"};

}  // namespace ane::workloads::model::ops
