#include "kernels/lowering.h"

#include <algorithm>

#include "isa/error.h"
#include "isa/state.h"
#include "kernels/arith/round.h"
#include "kernels/ops/ops.h"
#include "kernels/weight_stream.h"

namespace ane::kernels {
namespace {

constexpr std::int64_t l2_alignment = 64;  // the crossbar's line

std::int64_t round_up(std::int64_t x, std::int64_t to) {
  return (x + to - 1) / to * to;
}

// A view of dense rows in L2: columns contiguous, rows and channels behind each other.
View l2_view(std::int64_t address, const TensorType& t) {
  const std::int64_t size = isa::byte_size(t.format);
  return {.where = Where::l2,
          .bar = 0,
          .address = address,
          .format = t.format,
          .e = t.e,
          .sw = size,
          .sh = t.e.w * size,
          .sc = t.e.h * t.e.w * size,
          .sn = t.e.c * t.e.h * t.e.w * size};
}

}  // namespace

Lowering::Lowering(const isa::Machine& machine, const arith::Profile& profile, std::string name,
                   bool with_values, const TaskLaw* law)
    : machine_(machine), profile_(profile), with_values_(with_values), law_(law) {
  program_.name = std::move(name);
  program_.chip = machine.chip;
  program_.profile = profile.name;
  emitter_.depend(0);
}

void Lowering::set_activation(isa::Task& fields, int& slot, const Call& call) {
  const arith::Activation a = activation_of(call);
  slot = static_cast<int>(a.function);
  fields.alpha = a.alpha.bits;
  fields.beta = a.beta.bits;
}

void Lowering::set_quantised(isa::Task& fields, const Call& call) const {
  if (call.attributes.scale <= 0) return;
  fields.pe_scale = half(call.attributes.scale);
  fields.pe_zero = call.attributes.zero;
}

std::uint16_t Lowering::half(double value) const {
  return arith::to_half(value).bits;
}

View Lowering::memory_view(int bar, std::int64_t offset, const TensorType& t) const {
  const std::int64_t size = isa::byte_size(t.format);
  const std::int64_t row = round_up(t.e.w * size, machine_.row_alignment);
  return {.where = Where::memory,
          .bar = bar,
          .address = offset,
          .format = t.format,
          .e = t.e,
          .sw = size,
          .sh = row,
          .sc = row * t.e.h,
          .sn = row * t.e.h * t.e.c};
}

std::int64_t Lowering::memory_bytes(const TensorType& t) const {
  return memory_view(0, 0, t).sn * t.e.n;
}

void Lowering::reserve_memory(int bar, std::int64_t bytes) {
  std::int64_t& size = section_size_[bar];
  size = std::max(size, bytes);
}

View Lowering::scratch(const TensorType& type, bool dense) {
  View v = memory_view(Sections::scratch, scratch_, type);
  const std::int64_t size = isa::byte_size(type.format);
  if (dense) {
    v.sh = type.e.w * size;
    v.sc = v.sh * type.e.h;
    v.sn = v.sc * type.e.c;
  }
  scratch_ = round_up(scratch_ + v.sn * type.e.n, l2_alignment);
  reserve_memory(Sections::scratch, scratch_);
  return v;
}

View Lowering::memory_temporary(const TensorType& type) {
  return scratch(type, false);
}
View Lowering::dense_memory_temporary(const TensorType& type) {
  return scratch(type, true);
}

View Lowering::temporary(const TensorType& type) {
  // Half of what is free stays free, so that operands in memory can still pass through L2.
  if (type.bytes() <= free_l2() / 4)
    if (const auto address = take_l2(type.bytes())) return l2_view(*address, type);
  return memory_temporary(type);
}

std::optional<View> Lowering::place_in_l2(const TensorType& type) {
  const auto address = take_l2(type.bytes());
  if (!address) return std::nullopt;
  return l2_view(*address, type);
}

void Lowering::release(const View& v) {
  std::erase_if(used_, [&](const Interval& i) {
    return i.begin == v.address && i.end == v.address + v.bytes();
  });
}

std::optional<std::int64_t> Lowering::take_l2(std::int64_t bytes) {
  std::int64_t at = 0;
  auto place = used_.begin();
  for (; place != used_.end(); ++place) {
    if (at + bytes <= place->begin) break;
    at = round_up(std::max(at, place->end), l2_alignment);
  }
  if (at + bytes > machine_.l2.count) return std::nullopt;
  used_.insert(place, {at, at + bytes});
  return at;
}

std::int64_t Lowering::free_l2() const {
  std::int64_t best = 0, at = 0;
  for (const Interval& i : used_) {
    best = std::max(best, i.begin - at);
    at = round_up(std::max(at, i.end), l2_alignment);
  }
  return std::max(best, machine_.l2.count - at);
}

View Lowering::to_l2(const View& v) {
  if (v.where == Where::l2) return v;
  const Format format = v.format == Format::fp32 ? Format::fp16 : v.format;
  if (v.passes_at >= 0) return l2_view(v.passes_at, {format, v.e});
  const auto address = take_l2(v.bytes());
  ANE_CHECK(address.has_value(), "a task's operand was not cut to the free L2");
  return l2_view(*address, {format, v.e});
}

std::int64_t Lowering::l2_need(const TaskSpec& spec) {
  std::int64_t need = 0;
  const auto count = [&](const View& v) {
    if (v.where == Where::memory && v.passes_at < 0) need += round_up(v.bytes(), l2_alignment);
  };
  count(spec.in1);
  if (spec.in2) count(*spec.in2);
  count(spec.out);
  return need;
}

void Lowering::emit_tiled(const TaskSpec& spec) {
  emit_cut(spec, 0);
}

void Lowering::emit_cut(const TaskSpec& spec, std::size_t axis) {
  const std::int64_t room = free_l2();
  if (l2_need(spec) <= room) return emit(spec);
  if (axis == spec.cut.size())
    throw InputError(program_.operators.empty()
                         ? program_.name
                         : program_.operators[static_cast<std::size_t>(operator_index_)],
                     "the smallest piece of this operation needs " + std::to_string(l2_need(spec)) +
                         " B of L2; " + std::to_string(room) + " B are free",
                     "a larger L2 (--set ane.l2=...) or a smaller tensor");
  const Axis a = spec.cut[axis];
  const std::int64_t total = extent(spec.out.e, a);
  const auto piece = [&](std::int64_t begin, std::int64_t count) {
    TaskSpec p = spec;
    p.out = spec.out.slice(a, begin, count);
    if (spec.follow1 & a) p.in1 = spec.in1.slice(a, begin, count);
    if (spec.in2 && (spec.follow2 & a)) p.in2 = spec.in2->slice(a, begin, count);
    return p;
  };
  // Columns in whole 64-byte lines as long as that fits.
  const std::int64_t line = a == axis_w ? 32 : 1;
  std::int64_t step = total;
  while (step > line && l2_need(piece(0, step)) > room)
    step = std::max(line, round_up(step / 2, line));
  while (step > 1 && l2_need(piece(0, step)) > room) step /= 2;
  for (std::int64_t begin = 0; begin < total; begin += step)
    emit_cut(piece(begin, std::min(step, total - begin)), axis + 1);
}

isa::Task Lowering::shaped(const TaskSpec& spec) {
  isa::Task t = spec.fields;
  const auto shape = [](const View& v, isa::Extents& e, isa::MemoryOperand& memory,
                        isa::L2Operand& l2) {
    e = v.e;
    l2.format = v.format == Format::fp32 ? Format::fp16 : v.format;
    memory.enable = v.where == Where::memory;
    memory.format = v.format;
    if (memory.enable) memory = {true, v.bar, v.address, v.sw, v.sh, v.sc, v.sn, v.format};
  };
  shape(spec.in1, t.in1, t.load1, t.l2_in1);
  if (spec.in2) shape(*spec.in2, t.in2, t.load2, t.l2_in2);
  shape(spec.out, t.out, t.store, t.l2_out);
  return t;
}

void Lowering::emit(const TaskSpec& spec) {
  const std::vector<Interval> before = used_;
  isa::Task t = shaped(spec);
  const auto place = [&](const View& v, isa::L2Operand& l2) {
    const View inside = to_l2(v);
    ANE_CHECK(inside.sw == isa::byte_size(inside.format), "columns are contiguous in L2");
    l2 = {inside.address, inside.sh, inside.sc, inside.sn, inside.format};
  };
  place(spec.in1, t.l2_in1);
  if (spec.in2) place(*spec.in2, t.l2_in2);
  place(spec.out, t.l2_out);
  used_ = before;
  t.operator_index = operator_index_;
  // Only what this task reads is written: unused operands keep the registers they had.
  isa::Registers& r = emitter_.next();
  isa::Task merged = isa::decode_task(r);
  const isa::Task old = merged;
  merged = t;
  if (!spec.in2) merged.in2 = old.in2, merged.load2 = old.load2, merged.l2_in2 = old.l2_in2;
  if (!t.kernel.enable) merged.kernel = old.kernel;
  const auto keep_address = [](isa::MemoryOperand& now, const isa::MemoryOperand& then) {
    if (!now.enable) now = then, now.enable = false;
  };
  keep_address(merged.load1, old.load1);
  keep_address(merged.load2, old.load2);
  keep_address(merged.store, old.store);
  isa::encode_task(merged, r);
  if (t.kernel.enable && tasks_ > 0) emitter_.prefetch();
  emitter_.run(
      {.id = tasks_ & 0xffff, .queue = 0, .op = static_cast<std::uint32_t>(operator_index_)});
  ++tasks_;
}

void Lowering::begin_call(int operator_index, std::vector<View> inputs, View output,
                          std::vector<std::pair<std::int64_t, std::int64_t>> l2_in_use) {
  operator_index_ = operator_index;
  inputs_ = std::move(inputs);
  output_ = output;
  scratch_ = 0;
  used_.clear();
  std::ranges::sort(l2_in_use);
  for (const auto& [begin, end] : l2_in_use) used_.push_back({begin, end});
}

void Lowering::lower_step(const Operator& op, const Call& call, std::vector<View> inputs,
                          View output) {
  std::swap(inputs_, inputs);
  std::swap(output_, output);
  op.lower(call, *this);
  std::swap(inputs_, inputs);
  std::swap(output_, output);
}

PlacedWeights Lowering::place_weights(const Call& call, std::int64_t begin, std::int64_t count) {
  const Slice slice{call.parameters.get(), call.attributes.dilation_w, call.attributes.dilation_h,
                    begin, count};
  const auto known = placed_.find(slice);
  return known != placed_.end()
             ? known->second
             : placed_.emplace(slice, write_weights(call, begin, count)).first->second;
}

PlacedWeights Lowering::write_weights(const Call& call, std::int64_t begin, std::int64_t count) {
  const WeightRows rows(*call.parameters, call.attributes.dilation_w, call.attributes.dilation_h);
  const Parameters& p = *call.parameters;
  const bool integer = isa::is_integer(p.format);
  PlacedWeights placed;
  isa::KernelStream& s = placed.stream;
  s.enable = true;
  s.format = rows.format();
  s.bar = Sections::weights;
  s.offset = round_up(section_size_[Sections::weights], l2_alignment);
  std::int64_t at = 0;  // from s.offset
  std::vector<std::uint8_t> bytes;
  const auto engines = static_cast<std::int64_t>(s.streams.size());
  for (std::int64_t e = 0; e < engines; ++e) {
    s.streams[static_cast<std::size_t>(e)] = at;
    const std::int64_t channels = (count - e + engines - 1) / engines;
    if (channels <= 0) continue;
    std::int64_t length = 0;
    if (with_values_) {
      std::vector<std::int64_t> list;
      for (std::int64_t c = begin + e; c < begin + count; c += engines) list.push_back(c);
      const std::vector<std::uint8_t> stream = rows.encode(list);
      length = std::ssize(stream);
      bytes.insert(bytes.end(), stream.begin(), stream.end());
    } else {
      length = rows.encoded_bytes(channels);
    }
    s.length = std::max(s.length, length);
    at = round_up(at + length, l2_alignment);
    if (with_values_) bytes.resize(static_cast<std::size_t>(at));
  }
  const auto side = [&](std::int64_t& offset, std::int64_t size, const auto& write) {
    offset = at + 1;
    if (with_values_) {
      bytes.resize(static_cast<std::size_t>(at + size));
      write(bytes.data() + at);
    }
    at = round_up(at + size, l2_alignment);
    if (with_values_) bytes.resize(static_cast<std::size_t>(at));
  };
  if (integer ? !p.bias8.empty() || p.has_bias : !p.bias.empty() || p.has_bias)
    side(s.bias, count * (integer ? 4 : 2), [&](std::uint8_t* to) {
      for (std::int64_t i = 0; i < count; ++i) {
        const auto c = static_cast<std::size_t>(begin + i);
        if (integer) {
          std::memcpy(to + i * 4, &p.bias8[c], 4);
        } else {
          const std::uint16_t h = half(static_cast<double>(p.bias[c]));
          std::memcpy(to + i * 2, &h, 2);
        }
      }
    });
  if (integer)
    side(s.scale, count * 2, [&](std::uint8_t* to) {
      for (std::int64_t i = 0; i < count; ++i) {
        const arith::Half h =
            p.scale[p.scale.size() == 1 ? 0 : static_cast<std::size_t>(begin + i)];
        std::memcpy(to + i * 2, &h.bits, 2);
      }
    });
  section_size_[Sections::weights] = s.offset + at;
  if (with_values_) {
    weight_bytes_.resize(static_cast<std::size_t>(s.offset));
    weight_bytes_.insert(weight_bytes_.end(), bytes.begin(), bytes.end());
  }
  placed.skip = static_cast<std::uint16_t>(65535.0 * rows.zero_share());
  return placed;
}

void Lowering::add_tensor(const std::string& name, const View& v, bool input, bool output) {
  program_.tensors.push_back({.name = name,
                              .bar = v.bar,
                              .offset = v.address,
                              .format = v.format,
                              .n = v.e.n,
                              .c = v.e.c,
                              .h = v.e.h,
                              .w = v.e.w,
                              .sn = v.sn,
                              .sc = v.sc,
                              .sh = v.sh,
                              .sw = v.sw,
                              .input = input,
                              .output = output});
}

void Lowering::write_constant(const View& v, const Tensor& values) {
  if (!with_values_) return;
  auto& contents = constants_[v.bar];
  const auto end = static_cast<std::size_t>(v.address + v.sn * v.e.n);
  if (contents.size() < end) contents.resize(end);
  const std::int64_t size = isa::byte_size(v.format);
  std::int64_t at = 0;
  for (std::int64_t n = 0; n < v.e.n; ++n)
    for (std::int64_t c = 0; c < v.e.c; ++c)
      for (std::int64_t h = 0; h < v.e.h; ++h, at += v.e.w * size)
        std::memcpy(contents.data() + v.address + n * v.sn + c * v.sc + h * v.sh,
                    values.bytes.data() + at, static_cast<std::size_t>(v.e.w * size));
}

isa::Program Lowering::finish() {
  emitter_.end();
  program_.words = emitter_.take();
  for (const auto& [bar, size] : section_size_) {
    isa::Section section{.bar = bar,
                         .name = bar == Sections::weights     ? "weights"
                                 : bar == Sections::scratch   ? "scratch"
                                 : bar == Sections::constants ? "constants"
                                                              : "tensors",
                         .size = {size},
                         .contents = {}};
    if (bar == Sections::weights) section.contents = std::move(weight_bytes_);
    if (const auto c = constants_.find(bar); c != constants_.end())
      section.contents = std::move(c->second);
    program_.sections.push_back(std::move(section));
  }
  return std::move(program_);
}

}  // namespace ane::kernels
