#include "sim/commands.h"

#include <array>

#include "sim/command.h"

namespace ane::sim {

std::span<const Command> commands() {
  static constexpr std::array<Command, 0> table{};
  return table;
}

}  // namespace ane::sim
