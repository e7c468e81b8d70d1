#include "sim/ane/machine.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "isa/error.h"
#include "kernels/arith/planar.h"
#include "sim/ane/execute/execute.h"

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

void copy_row(std::int64_t count, std::int64_t size, const std::uint8_t* from, std::int64_t stride,
              std::uint8_t* to, std::int64_t to_stride) {
  if (stride == size && to_stride == size)
    std::memcpy(to, from, static_cast<std::size_t>(count * size));
  else
    for (std::int64_t w = 0; w < count; ++w, from += stride, to += to_stride)
      std::memcpy(to, from, static_cast<std::size_t>(size));
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
  const auto w = static_cast<std::size_t>(s.w);
  const float* floats = converts ? values.as<const float>().data() : nullptr;
  std::vector<kernels::arith::Half> halves(converts ? w : 0);
  const std::byte* from = values.bytes.data();
  for (std::int64_t n = 0; n < s.n; ++n)
    for (std::int64_t c = 0; c < s.c; ++c)
      for (std::int64_t h = 0; h < s.h; ++h, from += s.w * size) {
        if (converts) {
          kernels::arith::to_halves({floats, w}, halves);
          floats += s.w;
          from = reinterpret_cast<const std::byte*>(halves.data());
        }
        copy_row(s.w, size, reinterpret_cast<const std::uint8_t*>(from), size,
                 region.data() + n * s.sn + c * s.sc + h * s.sh, s.sw);
      }
}

kernels::Tensor AneMachine::read(const std::string& tensor) const {
  const isa::TensorSymbol& s = symbol(impl_->program, tensor);
  kernels::Tensor values(s.format, {s.n, s.c, s.h, s.w});
  const std::int64_t size = isa::byte_size(s.format);
  const auto region = impl_->memory.section(
      s.bar, s.offset,
      (s.n - 1) * s.sn + (s.c - 1) * s.sc + (s.h - 1) * s.sh + (s.w - 1) * s.sw + size, tensor);
  auto* to = reinterpret_cast<std::uint8_t*>(values.bytes.data());
  for (std::int64_t n = 0; n < s.n; ++n)
    for (std::int64_t c = 0; c < s.c; ++c)
      for (std::int64_t h = 0; h < s.h; ++h, to += s.w * size)
        copy_row(s.w, size, region.data() + n * s.sn + c * s.sc + h * s.sh, s.sw, to, size);
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
