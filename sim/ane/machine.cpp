#include "sim/ane/machine.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "isa/error.h"
#include "kernels/arith/round.h"
#include "sim/ane/execute.h"

namespace ane::sim {
namespace {

const isa::TensorSymbol& symbol(const isa::Program& p, const std::string& name) {
  std::vector<std::string> names;
  for (const isa::TensorSymbol& t : p.tensors) {
    if (t.name == name) return t;
    names.push_back(t.name);
  }
  throw InputError(p.name, "no tensor '" + name + "'", choice_note(name, names));
}

}  // namespace

struct AneMachine::Impl {
  Chip chip;
  isa::Program program;
  AneMemory memory;
  const kernels::arith::Profile& profile;
  Executor executor;
  Schedule schedule;

  Impl(const Chip& c, isa::Program p)
      : chip(c),
        program(std::move(p)),
        memory(program, chip.ane().l2),
        profile(kernels::arith::profile_named(
            program.profile.empty() ? chip.machine().default_profile : program.profile)),
        executor(memory, profile),
        schedule(program, chip.ane()) {
    for (isa::Section& s : program.sections) s.contents = {};  // memory holds them now
  }
};

AneMachine::AneMachine(const Chip& chip, isa::Program program)
    : impl_(std::make_unique<Impl>(chip, std::move(program))) {}
AneMachine::~AneMachine() = default;
AneMachine::AneMachine(AneMachine&&) noexcept = default;

const isa::Program& AneMachine::program() const {
  return impl_->program;
}
const std::vector<std::string>& AneMachine::races() const {
  return impl_->schedule.races();
}

std::int64_t AneMachine::allocated_bytes() const {
  return impl_->memory.allocated();
}

void AneMachine::write(const std::string& tensor, const kernels::Tensor& values) {
  const isa::TensorSymbol& s = symbol(impl_->program, tensor);
  if (values.size() != s.n * s.c * s.h * s.w)
    throw InputError(
        tensor, fmt::format("{} values for a tensor of {}", values.size(), s.n * s.c * s.h * s.w));
  const bool converts = values.format == isa::Format::fp32 && s.format == isa::Format::fp16;
  if (!converts && values.format != s.format)
    throw InputError(tensor, fmt::format("values in {} for a tensor in {}",
                                         isa::info(values.format).name, isa::info(s.format).name));
  const std::int64_t size = isa::byte_size(s.format);
  const auto region = impl_->memory.section(
      s.bar, s.offset,
      (s.n - 1) * s.sn + (s.c - 1) * s.sc + (s.h - 1) * s.sh + (s.w - 1) * s.sw + size, tensor);
  std::int64_t at = 0;
  const float* floats = converts ? values.as<const float>().data() : nullptr;
  for (std::int64_t n = 0; n < s.n; ++n)
    for (std::int64_t c = 0; c < s.c; ++c)
      for (std::int64_t h = 0; h < s.h; ++h) {
        std::uint8_t* row = region.data() + n * s.sn + c * s.sc + h * s.sh;
        for (std::int64_t w = 0; w < s.w; ++w, ++at) {
          if (converts) {
            const kernels::arith::Half half =
                kernels::arith::to_half(static_cast<double>(floats[at]));
            std::memcpy(row + w * s.sw, &half, 2);
          } else {
            std::memcpy(row + w * s.sw, values.bytes.data() + at * size,
                        static_cast<std::size_t>(size));
          }
        }
      }
}

kernels::Tensor AneMachine::read(const std::string& tensor) const {
  const isa::TensorSymbol& s = symbol(impl_->program, tensor);
  kernels::Tensor values(s.format, {s.n, s.c, s.h, s.w});
  const std::int64_t size = isa::byte_size(s.format);
  const auto region = impl_->memory.section(
      s.bar, s.offset,
      (s.n - 1) * s.sn + (s.c - 1) * s.sc + (s.h - 1) * s.sh + (s.w - 1) * s.sw + size, tensor);
  std::int64_t at = 0;
  for (std::int64_t n = 0; n < s.n; ++n)
    for (std::int64_t c = 0; c < s.c; ++c)
      for (std::int64_t h = 0; h < s.h; ++h)
        for (std::int64_t w = 0; w < s.w; ++w, ++at)
          std::memcpy(values.bytes.data() + at * size,
                      region.data() + n * s.sn + c * s.sc + h * s.sh + w * s.sw,
                      static_cast<std::size_t>(size));
  return values;
}

void AneMachine::execute() {
  Workers alone;
  execute(alone);
}

void AneMachine::execute(Workers& workers) {
  const auto& issues = impl_->schedule.issues();
  for (std::size_t i = 0; i < issues.size(); ++i)
    impl_->executor.execute(issues[i].task, i, workers);
}

Execution AneMachine::time(double clock_share, bool keep_tasks) const {
  return impl_->schedule.time(impl_->chip.ane(), clock_share, keep_tasks);
}

}  // namespace ane::sim
