// Recurrent layers on the accelerator: the product of all inputs first, then step after step as
// nodes of their own.
#pragma once
#include <optional>

#include "workloads/model/mapping.h"

namespace ane::workloads::model::ops {

// LSTM, GRU and RNN of one length, with constant weights and functions that the machine has.
std::optional<Why> map_recurrent(const Use& use, Mapper& mapper);

}  // namespace ane::workloads::model::ops
