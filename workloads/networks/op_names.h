// Operators by the names that frameworks and papers use, and what there is of each here: an
// operation of the accelerator, a move of data, or work that only a CPU or GPU does.
#pragma once
#include <string>
#include <string_view>

namespace ane::workloads {

// "maximum" -> "max", "swish" -> "silu"; names that nobody else uses stay as they are. exp2, log2
// and gelu_tanh are priced as exp, log and gelu: another table of the same engine.
std::string plain_op(std::string_view name);
// InputError for a name that plain_op only prices: its values would be another function's.
void refuse_values_of_stand_in(std::string_view name);

// The letters and digits of a name in lower case: "ResNet-50" and "resnet50" are one.
std::string plain_name(std::string_view name);

// Everything is read and written once; the accelerator does it with copies.
bool is_move(std::string_view name);
// Functions of one (or two) tensors element by element that the accelerator has no table for
// (S1, notes/coreml_dispatch.md section 3.1: asin, tan, mod ...). 0: not one of them.
int operands_elsewhere(std::string_view name);
// Reductions, scans and orderings along the last axis that the accelerator does not do (S1: cumsum,
// reduce_prod, argsort ...), by comparisons or additions an element; 0: not one of them.
double steps_elsewhere(std::string_view name, double length);
// Bytes written over bytes read of those.
double written_elsewhere(std::string_view name, double length);

}  // namespace ane::workloads
