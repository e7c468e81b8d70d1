// How elements under other shapes and in another order lie on the accelerator.
#pragma once
#include <optional>

#include "workloads/model/mapping.h"

namespace ane::workloads::model::ops {

std::optional<Why> map_view(const Use& use, Mapper& mapper);
std::optional<Why> map_dropout(const Use& use, Mapper& mapper);
std::optional<Why> map_transpose(const Use& use, Mapper& mapper);
std::optional<Why> map_concat(const Use& use, Mapper& mapper);
std::optional<Why> map_split(const Use& use, Mapper& mapper);
std::optional<Why> map_slice(const Use& use, Mapper& mapper);
std::optional<Why> map_pad(const Use& use, Mapper& mapper);
std::optional<Why> map_blocks(const Use& use, Mapper& mapper);  // depth to space, and back
std::optional<Why> map_expand(const Use& use, Mapper& mapper);

}  // namespace ane::workloads::model::ops
