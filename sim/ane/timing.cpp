#include "sim/ane/timing.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

#include "isa/error.h"
#include "kernels/arith/palette.h"

namespace ane::sim {
namespace {

using isa::NeOp;
using isa::PeMode;
using isa::Task;

std::int64_t ceil_div(std::int64_t a, std::int64_t b) {
  return (a + b - 1) / b;
}

// Bytes that the tile DMA moves for an operand: whole 16-byte granules of each row, rows of zero
// stride once.
std::int64_t dma_bytes(const isa::Extents& e, const isa::MemoryOperand& m) {
  if (!m.enable) return 0;
  const std::int64_t size = isa::byte_size(m.format);
  const std::int64_t row = m.sw == size ? ceil_div(e.w * size, 16) * 16 : m.sw == 0 ? 16 : e.w * 16;
  return row * (m.sh == 0 ? 1 : e.h) * (m.sc == 0 ? 1 : e.c) * (m.sn == 0 ? 1 : e.n);
}

std::int64_t l2_bytes(const isa::Extents& e, const isa::L2Operand& l) {
  return e.count() * isa::byte_size(l.format);
}

std::int64_t window(const Task& t) {  // products of one output
  if (t.ne == NeOp::mm) return t.in1.c;
  return t.in1.c / std::max<std::int64_t>(1, t.groups) * t.kh * t.kw;
}

bool integer_macs(const Task& t) {
  return t.ne == NeOp::mac && t.l2_in1.format == isa::Format::i8;
}

// Elements that pass the planar engine between two steps of its stages.
constexpr std::int64_t planar_unit = 4096;

// The result of the neural engines (the planar engine may still shrink it).
isa::Extents ne_extents(const Task& t) {
  if (t.pe == PeMode::off || t.pe == PeMode::ew) return t.out;
  return t.in1;
}

// Output channels that one engine makes in one pass: limited by the kernel memory [T2].
std::int64_t channels_per_pass(const Task& t, const AneParameters& chip) {
  const std::int64_t bytes = std::max<std::int64_t>(1, window(t) * (integer_macs(t) ? 1 : 2));
  const std::int64_t fit = std::max<std::int64_t>(1, chip.kernel_memory.count / bytes);
  return std::min<std::int64_t>(
      16, static_cast<std::int64_t>(std::bit_floor(static_cast<std::uint64_t>(fit))));
}

// Work units that cover the result, in the shape that needs the fewest: `pixels` output positions
// in rows of 8 to `pixels` columns [T1].
std::int64_t units_of(const isa::Extents& e, std::int64_t pixels) {
  std::int64_t best = INT64_MAX;
  for (std::int64_t columns = pixels; columns >= 8; columns /= 2)
    best = std::min(best, ceil_div(e.w, columns) * ceil_div(e.h, pixels / columns));
  return best * e.n;
}

// The engines' streams start a power of two apart, of 2 MiB or more: they meet in the same banks of
// the memory. Seen with 64 positions, where the array waits for the stream; not with one, nor with
// whole work units (128) [T8].
std::int64_t stream_distance(const Task& t) {
  return t.kernel.streams[1] - t.kernel.streams[0];
}
bool streams_collide(const Task& t) {
  constexpr std::uint64_t least = 2 << 20;
  const std::int64_t positions = t.out.w * t.out.h * t.out.n;
  if (t.ne != NeOp::mac || !t.kernel.enable || t.out.c < 32 || positions < 2 || positions >= 128)
    return false;
  const auto apart = static_cast<std::uint64_t>(stream_distance(t));
  return apart >= least && std::has_single_bit(apart);
}

std::string place_of(const Task& t) {
  return fmt::format("task {}", t.id);
}

std::string extents_text(const isa::Extents& e) {
  return fmt::format("{} x {} x {} x {}", e.w, e.h, e.c, e.n);
}

// [C1, C6] An operand lies in L2 element by element, also where strides of 0 put several of them in
// one place: no source or result is larger than that.
void check_operand(const Task& t, const isa::Extents& e, isa::Format format, const char* name,
                   const AneParameters& chip) {
  if (e.w < 1 || e.h < 1 || e.c < 1 || e.n < 1)
    throw InputError(place_of(t), "an extent is 0", "every extent in `shape` is at least 1");
  const Saturated bytes = Saturated(e.w) * e.h * e.c * e.n * isa::byte_size(format);
  if (bytes.value() > chip.l2.count)
    throw InputError(place_of(t),
                     fmt::format("{} of {} elements (w h c n) of {} is larger than L2 of {} bytes",
                                 name, extents_text(e), isa::info(format).name, chip.l2.count),
                     "`shape` gives the extents of a tile that L2 holds");
}

// [C7] What passes from the neural engines to the planar engine without lying in L2.
void check_made(const Task& t, const isa::Extents& made) {
  constexpr std::int64_t most = std::int64_t{1} << 28;
  if ((Saturated(made.w) * made.h * made.c * made.n).value() > most)
    throw InputError(place_of(t), fmt::format("the neural engines make {} elements (w h c n), more "
                                              "than 2^28",
                                              extents_text(made)));
}

void check_extents(const Task& t, const AneParameters& chip) {
  check_operand(t, t.in1, t.l2_in1.format, "source 1", chip);
  if (t.ne == NeOp::mm || t.ne == NeOp::tex || t.pe == PeMode::ew || t.load2.enable)
    check_operand(t, t.in2, t.l2_in2.format, "source 2", chip);
  check_operand(t, t.out, t.l2_out.format, "the result", chip);
  // [C2] Else the products of one output would be no whole number.
  const std::int64_t groups = std::max<std::int64_t>(1, t.groups);
  if (t.ne == NeOp::mac && (t.in1.c % groups != 0 || ne_extents(t).c % groups != 0))
    throw InputError(place_of(t), fmt::format("{} groups do not divide {} and {} channels", groups,
                                              t.in1.c, ne_extents(t).c));
  if (t.ne == NeOp::mm) check_made(t, {.w = t.in1.w, .h = 1, .c = t.in2.w, .n = t.in1.n});
  if (t.ne == NeOp::tex) check_made(t, {.w = t.in2.w, .h = t.in2.h, .c = t.in1.c, .n = 1});
}

// Counts are exact as real numbers up to 2^53. A task of more would run for weeks.
std::int64_t counted(const Task& t, Saturated count, const char* what) {
  constexpr std::int64_t most = std::int64_t{1} << 52;
  if (count.value() > most)
    throw InputError(place_of(t), fmt::format("more than 2^52 {}", what),
                     "`shape`, `conv` and `kld` give the work of a task");
  return count.value();
}

// Share of the dense time that skipping leaves, from the measured factors [T4].
double zero_skip(const Task& t, const AneParameters& chip) {
  const double zeros = t.skip / 65535.0;
  const bool skips = t.kernel.format == isa::KernelFormat::sparse || chip.detects_zeros;
  if (!skips || zeros <= 0) return 1;
  const std::array<std::pair<double, double>, 5> points{{{0, 1},
                                                         {0.5, chip.zero_skip_50},
                                                         {0.75, chip.zero_skip_75},
                                                         {0.9, chip.zero_skip_90},
                                                         {1, chip.zero_skip_100}}};
  for (std::size_t i = 1; i < points.size(); ++i)
    if (zeros <= points[i].first) {
      const double f = (zeros - points[i - 1].first) / (points[i].first - points[i - 1].first);
      return points[i - 1].second + f * (points[i].second - points[i - 1].second);
    }
  return chip.zero_skip_100;
}

}  // namespace

TaskWork& TaskWork::operator+=(const TaskWork& other) {
  for (const auto member :
       {&TaskWork::macs, &TaskWork::weight_bytes, &TaskWork::kernel_bytes, &TaskWork::load_bytes,
        &TaskWork::store_bytes, &TaskWork::l2_bytes, &TaskWork::planar_elements})
    this->*member = (Saturated(this->*member) + other.*member).value();
  return *this;
}

TaskWork count_work(const Task& t, const AneParameters& chip) {
  check_extents(t, chip);
  TaskWork w;
  const isa::Extents made = ne_extents(t);
  if (t.ne == NeOp::mac || t.ne == NeOp::mm) {
    w.macs = counted(t, Saturated(made.count()) * window(t), "multiply-accumulates");
    w.integer = integer_macs(t);
    w.lit_cores = static_cast<int>(std::min<std::int64_t>(chip.cores, made.c));
    w.kernel_bytes =
        t.ne == NeOp::mac
            ? counted(t, Saturated(made.c) * window(t) * (w.integer ? 1 : 2), "bytes of weights")
            : t.in2.count() * 2;
  }
  if (t.kernel.enable) {
    const std::int64_t streams = std::min(isa::stream_count, made.c);
    w.weight_bytes = streams * t.kernel.length;
    if (t.kernel.bias != 0) w.weight_bytes += made.c * (w.integer ? 4 : 2);
    if (t.kernel.scale != 0) w.weight_bytes += made.c * 2;
  }
  w.load_bytes = dma_bytes(t.in1, t.load1) + dma_bytes(t.in2, t.load2);
  w.store_bytes = dma_bytes(t.out, t.store);
  if (w.macs > 0) {
    w.passes = ceil_div(made.c, chip.cores * channels_per_pass(t, chip));
    w.weights_fit =
        ceil_div(made.c, chip.cores) * window(t) * (w.integer ? 1 : 2) <= chip.kernel_memory.count;
    // Whole units, half units, and the small modes that give the lanes to more channels [T1]: the
    // size that takes the fewest cycles.
    const auto channels = static_cast<double>(ceil_div(made.c, chip.cores));
    const double rate = w.integer ? chip.macs_int8 : chip.macs_fp16;
    const double fixed = w.integer ? chip.unit_overhead_int8 : chip.unit_overhead;
    double best = 0;
    for (std::int64_t pixels = w.integer ? 256 : 128; pixels >= 16; pixels /= 2) {
      const std::int64_t units = units_of(made, pixels);
      const double cycles =
          static_cast<double>(units) *
          (static_cast<double>(pixels * window(t)) * channels / rate + channels / 16 * fixed);
      if (w.unit_pixels == 0 || cycles < best)
        best = cycles, w.units = units, w.unit_pixels = pixels;
    }
    counted(t, Saturated(w.units) * w.unit_pixels * window(t), "lanes of work units");
  }
  const std::int64_t passes = w.passes;
  const bool second = t.ne == NeOp::mm || t.ne == NeOp::tex || t.pe == PeMode::ew;
  w.l2_bytes = counted(t,
                       Saturated(l2_bytes(t.in1, t.l2_in1)) * passes +
                           (second ? l2_bytes(t.in2, t.l2_in2) : 0) + l2_bytes(t.out, t.l2_out) +
                           w.load_bytes + w.store_bytes,
                       "bytes to and from L2");
  if (t.pe == PeMode::ew) w.planar_elements = t.out.count();
  if (t.pe == PeMode::red) w.planar_elements = t.in1.count();
  if (t.pe == PeMode::pool) w.planar_elements = t.out.count() * t.kw * t.kh;
  if (t.ne == NeOp::copy || t.ne == NeOp::tex)
    w.planar_elements = std::max(w.planar_elements, t.out.count());
  // Both operands pass one read port, a broadcast one with the elements it has; what the neural
  // engines make does not pass it.
  if (t.pe == PeMode::ew && t.ne == NeOp::off)
    w.planar_second = std::min(t.out.count(), std::min(t.in1.count(), t.in2.count()));
  if (w.macs == 0) w.units = std::max<std::int64_t>(1, w.planar_elements / planar_unit);
  return w;
}

TaskKey::TaskKey(const Task& t, const TaskWork& w) {
  const auto whole = [](auto v) { return static_cast<std::int64_t>(v); };
  fields_ = {t.in1.w,
             t.in1.h,
             t.in1.c,
             t.in1.n,
             t.in2.w,
             t.in2.h,
             t.in2.c,
             t.in2.n,
             t.out.w,
             t.out.h,
             t.out.c,
             t.out.n,
             whole(t.ne),
             whole(t.pe),
             t.kw,
             t.kh,
             t.groups,
             whole(t.winograd),
             whole(t.skip),
             whole(t.l2_in1.format),
             whole(t.l2_in2.format),
             whole(t.l2_out.format),
             whole(t.kernel.enable) * 256 + whole(t.kernel.format),
             stream_distance(t),
             w.macs,
             w.weight_bytes,
             w.kernel_bytes,
             w.load_bytes,
             w.store_bytes,
             w.l2_bytes,
             w.planar_elements,
             w.planar_second,
             w.units,
             w.unit_pixels,
             whole(w.rectified) * 2 + whole(w.integer),
             w.passes};
}

std::size_t TaskKey::hash() const {
  std::uint64_t h = 0;
  for (const std::int64_t f : fields_) {
    h = (h ^ static_cast<std::uint64_t>(f)) * 0x9E3779B97F4A7C15U;
    h ^= h >> 29;
  }
  return static_cast<std::size_t>(h);
}

TaskTime price(const Task& t, const TaskWork& w, const AneParameters& chip, double clock_share) {
  const double ne_clock = chip.clock_hz * clock_share, l2_clock = chip.l2_clock_hz * clock_share;
  const auto real = [](std::int64_t x) { return static_cast<double>(x); };
  TaskTime r;
  r.weights = real(w.weight_bytes) /
              (streams_collide(t) ? std::min(chip.weight_bandwidth, chip.weight_conflict_bandwidth)
                                  : chip.weight_bandwidth);
  // An engine's decoder takes so many weights from a palette in a cycle, however few bytes their
  // indices have [T22].
  if (t.kernel.enable && kernels::arith::palette_bits(t.kernel.format) > 0)
    r.weights = std::max(r.weights, real(ceil_div(ne_extents(t).c, chip.cores) * window(t)) /
                                        (chip.palette_decode * ne_clock));
  if (w.load_bytes > 0) r.load = real(w.load_bytes) / chip.tile_bandwidth + chip.dram_latency;
  r.store = real(w.store_bytes) / chip.tile_bandwidth;
  r.overhead = chip.task_overhead / ne_clock;
  if (w.macs > 0) {
    const isa::Extents made = ne_extents(t);
    const double rate = w.integer ? chip.macs_int8 : chip.macs_fp16;
    // Output channels of the busiest engine [T3]. An input feeds two multipliers, for two output
    // channels; a depthwise convolution has one for it.
    const auto channels = real(ceil_div(made.c, chip.cores));
    const double lanes = t.groups > 1 && made.c / t.groups == 1 ? 0.5 : 1;
    double cycles = real(w.units * w.unit_pixels * window(t)) * channels / (rate * lanes);
    double left = zero_skip(t, chip);
    if (t.winograd && chip.winograd_gain > 1) left /= chip.winograd_gain;
    cycles *= left;
    r.array_macs = real(w.macs) * left;
    // What the array made leaves it by units and output channels.
    cycles +=
        real(w.units) * channels / 16 * (w.integer ? chip.unit_overhead_int8 : chip.unit_overhead);
    r.mac = cycles / ne_clock;
    // Results leave through one port of L2; a right-hand matrix enters the kernel memories there.
    double port = real(l2_bytes(t.out, t.l2_out)) / chip.l2_write;
    if (t.ne == NeOp::mm) port += real(l2_bytes(t.in2, t.l2_in2)) / chip.product_load;
    const double banks = real(w.l2_bytes) / (real(chip.l2_bank_width.count) * chip.l2_banks);
    const double l2_time = std::max(port, banks) / l2_clock;
    if (l2_time > r.mac) r.bank_conflict = l2_time - r.mac, r.mac = l2_time;
  }
  if (w.planar_elements > 0)
    r.planar = (real(w.planar_elements - w.planar_second) / chip.pe_elements +
                real(w.planar_second) / chip.pe_elements_two) /
               l2_clock;
  // Stages overlap from work unit to work unit: the first step of each stands alone [T5].
  const double longest = std::max({r.mac, r.planar, r.load + r.store});
  const double sum = r.mac + r.planar + r.load + r.store;
  r.engine = r.overhead + longest + (sum - longest) / real(w.units);
  r.bound = longest == r.mac      ? Cause::compute
            : longest == r.planar ? Cause::planar
                                  : Cause::activations;
  // Weights and tiles together pass the engine's one port to the memory [T19]; weights that come
  // ahead into the system cache pass it before (schedule.cpp).
  const std::int64_t tiles = w.load_bytes + w.store_bytes;
  const double port =
      r.overhead +
      real((chip.weights_ahead.count > 0 ? 0 : w.weight_bytes) + tiles) / chip.dram_bandwidth;
  if (port > r.engine && tiles > 0)
    r.engine = port, r.bound = w.weight_bytes > tiles ? Cause::weights : Cause::activations;
  return r;
}

kernels::TaskLaw::Time ChipLaw::time(const isa::Task& task) const {
  TaskWork work = count_work(task, chip_);
  const double with_weights = price(task, work, chip_).total();
  work.weight_bytes = 0;
  return {price(task, work, chip_).engine, with_weights, work.weights_fit};
}

TaskEnergy energy(const TaskWork& w, const AneParameters& chip) {
  const auto d = [](std::int64_t x) { return static_cast<double>(x); };
  // A zero activation is multiplied in the same time for less energy [E2].
  const double live = w.rectified ? chip.energy_relu_mac : 1;
  return {.mac = d(w.macs) * live * (w.integer ? chip.energy_mac_int8 : chip.energy_mac_fp16),
          .l2 = d(w.l2_bytes) * chip.energy_l2_byte,
          .kernel = d(w.kernel_bytes) * chip.energy_kernel_byte,
          .dma = d(w.weight_bytes + w.load_bytes + w.store_bytes) * chip.energy_dma_byte,
          .dram = d(w.weight_bytes + w.load_bytes + w.store_bytes) * chip.energy_dram_byte,
          .planar = d(w.planar_elements) * chip.energy_pe_element};
}

}  // namespace ane::sim
