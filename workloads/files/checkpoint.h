// PyTorch checkpoints (torch.save), read without PyTorch and without running anything in them:
// the zip format of PyTorch 1.6 and later, and the older one of pickles in a row. Only tensors and
// plain containers (pickle.h); everything else is refused by name.
// Format: torch/serialization.py, pytorch/pytorch.
#pragma once
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "kernels/tensor.h"

namespace ane::workloads {

// Everything in the checkpoint by its path: keys and list indices joined by '.', so that the
// weights of {'model_state_dict': {'W_e.weight': ...}} are "model_state_dict.W_e.weight".
struct Checkpoint {
  std::vector<std::pair<std::string, kernels::Tensor>> tensors;  // in the file's order, row-major
  std::map<std::string, double> numbers;                         // integers, floats; true is 1
  std::map<std::string, std::string> texts;

  const kernels::Tensor* find(const std::string& name) const;  // null when there is none
};

// Element types are those of elements.h. InputError for anything refused, truncated or out of
// bounds, and for what would take memory or time out of proportion to the file: a tensor that
// reaches beyond its storage, more than 8 times as many elements of tensors as a storage holds,
// keys of more than 1,024 bytes, more than 100,000 values or 16 MiB of paths and texts, more than
// 32 levels, and the limits of archive.h and pickle.h. What is no checkpoint is called what it is.
Checkpoint read_checkpoint(const std::string& path);
Checkpoint parse_checkpoint(std::string bytes, const std::string& place);

}  // namespace ane::workloads
