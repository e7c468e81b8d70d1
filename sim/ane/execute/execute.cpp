#include "sim/ane/execute/execute.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "isa/error.h"
#include "isa/functions.h"
#include "kernels/arith/activation.h"
#include "kernels/arith/quantise.h"
#include "kernels/arith/round.h"
#include "sim/ane/execute/operands.h"

namespace ane::sim {
namespace {

using isa::Extents;
using isa::Format;
using isa::NeOp;
using isa::PeMode;
using isa::Task;
using kernels::arith::Half;

void convert(Format from, const std::uint8_t* in, Format to, std::uint8_t* out,
             const std::string& who) {
  if (from == Format::fp32 && to == Format::fp16) {
    float x = 0;
    std::memcpy(&x, in, 4);
    const Half h = kernels::arith::to_half(static_cast<double>(x));
    std::memcpy(out, &h, 2);
  } else if (from == Format::fp16 && to == Format::fp32) {
    Half h;
    std::memcpy(&h, in, 2);
    const float x = kernels::arith::to_float(h);
    std::memcpy(out, &x, 4);
  } else {
    throw InputError(who,
                     fmt::format("the tile DMA does not convert {} to {}", isa::info(from).name,
                                 isa::info(to).name),
                     "it converts fp32 to fp16 on a load and fp16 to fp32 on a store");
  }
}

void copy_strided(Workers& workers, const Extents& e, Format from, const std::uint8_t* in,
                  const std::array<std::int64_t, 4>& si, Format to, std::uint8_t* out,
                  const std::array<std::int64_t, 4>& so, const std::string& who) {
  const std::int64_t size = isa::byte_size(from);
  const bool independent =
      so[3] >= 0 && rows_apart(e, (Saturated(so[3]) * (e.w - 1) + isa::byte_size(to)).value(),
                               {so[0], so[1], so[2]});
  const auto row = static_cast<std::size_t>(e.w);
  // Whether a row of fp32 and one of fp16 stand where the host may read them as such.
  const auto whole = [](const std::uint8_t* singles, const std::uint8_t* halves) {
    return reinterpret_cast<std::uintptr_t>(singles) % 4 == 0 &&
           reinterpret_cast<std::uintptr_t>(halves) % 2 == 0;
  };
  for_each_row(workers, e, independent, [&](std::int64_t n, std::int64_t c, std::int64_t h) {
    const std::uint8_t* a = in + n * si[0] + c * si[1] + h * si[2];
    std::uint8_t* b = out + n * so[0] + c * so[1] + h * so[2];
    if (from == Format::fp32 && to == Format::fp16 && si[3] == 4 && so[3] == 2 && whole(a, b)) {
      kernels::arith::to_halves({static_cast<const float*>(static_cast<const void*>(a)), row},
                                {reinterpret_cast<Half*>(b), row});
    } else if (from == Format::fp16 && to == Format::fp32 && si[3] == 2 && so[3] == 4 &&
               whole(b, a)) {
      kernels::arith::to_floats({reinterpret_cast<const Half*>(a), row},
                                {static_cast<float*>(static_cast<void*>(b)), row});
    } else if (from != to) {
      for (std::int64_t w = 0; w < e.w; ++w) convert(from, a + w * si[3], to, b + w * so[3], who);
    } else if (si[3] == size && so[3] == size) {
      std::memcpy(b, a, static_cast<std::size_t>(e.w * size));
    } else if (size == 2) {
      for (std::int64_t w = 0; w < e.w; ++w) std::memcpy(b + w * so[3], a + w * si[3], 2);
    } else {
      for (std::int64_t w = 0; w < e.w; ++w)
        std::memcpy(b + w * so[3], a + w * si[3], static_cast<std::size_t>(size));
    }
  });
}

// The scale that quantises a result or dequantises a source.
Half scale_of(const Task& t, const std::string& who, const char* what) {
  const Half scale{t.pe_scale};
  if (t.pe_scale == 0) throw InputError(who, fmt::format("{} needs `pe scale`", what));
  if (kernels::arith::is_negative(scale) || t.pe_scale >= kernels::arith::half_infinity.bits)
    throw InputError(who, fmt::format("`pe scale={:#06x}` is not finite and above 0", t.pe_scale));
  return scale;
}

constexpr const char* other_extents = "the operation's extents are not those of the result";

}  // namespace

void Executor::execute(const Task& t, std::size_t slot, Workers& workers) {
  workers_ = &workers;
  const std::string who = fmt::format("task {}", t.id);
  if (t.load1.enable) load(t.in1, t.load1, t.l2_in1, who);
  if (t.load2.enable) load(t.in2, t.load2, t.l2_in2, who);
  made_ = {};
  switch (t.ne) {
    case NeOp::off:
      break;
    case NeOp::mac:
      multiply(t, kernel(t, slot, who), who);
      break;
    case NeOp::mm:
      multiply_sources(t, who);
      break;
    case NeOp::copy:
      pass_through(t, who);
      break;
    case NeOp::tex:
      gather(t, who);
      break;
  }
  if (t.pe != PeMode::off) planar(t, who);
  finish(t, who);
  if (t.store.enable) store(t, who);
}

void Executor::load(const Extents& e, const isa::MemoryOperand& m, const isa::L2Operand& l,
                    const std::string& who) {
  const ByteRange from = touched(e, m), to = touched(e, l);
  const auto in = memory_.section(m.bar, from.begin, from.end - from.begin, who);
  const auto out = memory_.l2(to.begin, to.end - to.begin, who);
  copy_strided(*workers_, e, m.format, in.data(), {m.sn, m.sc, m.sh, m.sw}, l.format, out.data(),
               {l.sn, l.sc, l.sh, isa::byte_size(l.format)}, who);
}

void Executor::store(const Task& t, const std::string& who) {
  const ByteRange from = touched(t.out, t.l2_out), to = touched(t.out, t.store);
  const auto in = memory_.l2(from.begin, from.end - from.begin, who);
  const auto out = memory_.section(t.store.bar, to.begin, to.end - to.begin, who);
  const auto& l = t.l2_out;
  copy_strided(*workers_, t.out, l.format, in.data(), {l.sn, l.sc, l.sh, isa::byte_size(l.format)},
               t.store.format, out.data(), {t.store.sn, t.store.sc, t.store.sh, t.store.sw}, who);
}

Values Executor::own_room(const Extents& e) {
  std::vector<Half>& room = rooms_[free_room_];
  free_room_ ^= 1;
  room.resize(static_cast<std::size_t>(e.count()));
  return Values::dense_at(room.data(), e);
}

Values Executor::room_for(const Task& t, const Extents& e, bool last,
                          std::initializer_list<Read> reads, const std::string& who) {
  if (!last || !(e == t.out) || t.l2_out.format != Format::fp16 || !rows_apart(t.out, t.l2_out))
    return own_room(e);
  Values place = values_of(source_of(memory_, t.out, t.l2_out, who), e);
  place.placed = true;
  const ByteRange written = touched(t.out, t.l2_out);
  for (const Read& r : reads) {
    const ByteRange read = touched(r.e, r.l);
    const bool same = r.aligned && r.e == e && r.l.address == t.l2_out.address &&
                      (e.n == 1 || r.l.sn == t.l2_out.sn) && (e.c == 1 || r.l.sc == t.l2_out.sc) &&
                      (e.h == 1 || r.l.sh == t.l2_out.sh);
    if (!same && !apart(read, written)) return own_room(e);
  }
  return place;
}

// Source 1 through a function, or as it is.
void Executor::pass_through(const Task& t, const std::string& who) {
  const Source x = source_of(memory_, t.in1, t.l2_in1, who);
  const Half* const function = function_table(profile_, t.activation, t.alpha, t.beta).results;
  const bool last = t.pe == PeMode::off;
  if (t.l2_in1.format == Format::i8) {
    // finish() copies the codes.
    if (t.l2_out.format == Format::i8 && last && function == nullptr) return;
    const Half scale = scale_of(t, who, "an i8 source");
    const Values y = room_for(t, t.in1, last, {{.e = t.in1, .l = t.l2_in1}}, who);
    for_each_row(*workers_, t.in1, true, [&](std::int64_t n, std::int64_t c, std::int64_t h) {
      const auto w = static_cast<std::size_t>(t.in1.w);
      kernels::arith::dequantise({x.row8(n, c, h), w}, scale, t.pe_zero, profile_,
                                 {y.row(n, c, h), w});
      if (function != nullptr) look_up(function, y.row(n, c, h), y.row(n, c, h), t.in1.w);
    });
    made_ = y;
  } else if (isa::byte_size(t.l2_in1.format) == 2) {
    const Values from = values_of(x, t.in1);
    if (function == nullptr && last && t.l2_in1.format == t.l2_out.format)
      return;  // finish() moves it
    if (function == nullptr &&
        (!last || apart(touched(t.in1, t.l2_in1), touched(t.out, t.l2_out)))) {
      made_ = from;
      return;
    }
    const Values y = room_for(t, t.in1, last, {{.e = t.in1, .l = t.l2_in1, .aligned = true}}, who);
    const Lines<2> lines(t.in1, {Lines<2>::of(from, t.in1), Lines<2>::of(y, t.in1)});
    lines.for_each(*workers_, true, [&](const auto& at, std::int64_t count) {
      if (function != nullptr)
        look_up(function, from.base + at[0], y.base + at[1], count);
      else
        std::copy_n(from.base + at[0], count, y.base + at[1]);
    });
    made_ = y;
  } else {
    if (!last || function != nullptr)
      throw InputError(who, fmt::format("a source of format {} is only copied",
                                        isa::info(t.l2_in1.format).name));
    if (t.l2_out.format != t.l2_in1.format)
      throw InputError(who,
                       fmt::format("a copy of {} to {}", isa::info(t.l2_in1.format).name,
                                   isa::info(t.l2_out.format).name),
                       "the format of a copy is that of its source");
  }
}

void Executor::gather(const Task& t, const std::string& who) {
  const Source table = source_of(memory_, t.in1, t.l2_in1, who);
  const Source index = source_of(memory_, t.in2, t.l2_in2, who);
  if (t.l2_in2.format != Format::i32 || t.l2_in1.format != Format::fp16 || t.in1.h != 1 ||
      t.in1.n != 1)
    throw InputError(who, "`ne op=tex` takes an fp16 table of one row and i32 indices");
  const Extents e{.w = t.in2.w, .h = t.in2.h, .c = t.in1.c, .n = 1};
  const bool last = t.pe == PeMode::off;
  if (last && !(e == t.out)) throw InputError(who, other_extents);
  std::vector<std::int32_t> at(static_cast<std::size_t>(t.in2.h * t.in2.w));
  for (std::int64_t h = 0; h < t.in2.h; ++h)
    std::memcpy(at.data() + h * t.in2.w, index.base + h * t.l2_in2.sh,
                static_cast<std::size_t>(t.in2.w * 4));
  for (std::size_t i = 0; i < at.size(); ++i)
    if (at[i] < 0 || at[i] >= t.in1.w)
      throw InputError(who, fmt::format("index {} at position {} is outside the table's 0 to {}",
                                        at[i], i, t.in1.w - 1));
  const Values y =
      room_for(t, e, last, {{.e = t.in1, .l = t.l2_in1}, {.e = t.in2, .l = t.l2_in2}}, who);
  for_each_row(*workers_, e, true, [&](std::int64_t, std::int64_t c, std::int64_t h) {
    const Half* row = table.row(0, c, 0);
    const std::int32_t* index_row = at.data() + h * e.w;
    Half* to = y.row(0, c, h);
    for (std::int64_t w = 0; w < e.w; ++w) to[w] = row[index_row[w]];
  });
  made_ = y;
}

// Source 1 to the result as it is. All of it is read before any of it is written, as by the other
// operations: where the two share bytes, by way of a dense copy.
void Executor::move(const Task& t, const std::uint8_t* in, std::uint8_t* out,
                    const std::string& who) {
  const isa::L2Operand &from = t.l2_in1, &to = t.l2_out;
  const Extents& e = t.out;
  const std::int64_t size = isa::byte_size(to.format);
  const std::array<std::int64_t, 4> si{from.sn, from.sc, from.sh, size},
      so{to.sn, to.sc, to.sh, size};
  const ByteRange read = touched(e, from), written = touched(e, to);
  if (apart(read, written))
    return copy_strided(*workers_, e, to.format, in, si, to.format, out, so, who);
  bytes_.resize(static_cast<std::size_t>(e.count() * size));
  const std::array<std::int64_t, 4> dense{e.c * e.h * e.w * size, e.h * e.w * size, e.w * size,
                                          size};
  copy_strided(*workers_, e, to.format, in, si, to.format, bytes_.data(), dense, who);
  copy_strided(*workers_, e, to.format, bytes_.data(), dense, to.format, out, so, who);
}

// The result in its format at its place in L2.
void Executor::finish(const Task& t, const std::string& who) {
  const Source out = source_of(memory_, t.out, t.l2_out, who);
  const isa::L2Operand& l = t.l2_out;
  const bool moved =
      t.ne == NeOp::copy && t.pe == PeMode::off && t.activation == 0 && t.l2_in1.format == l.format;
  if (moved) {
    if (!(t.in1 == t.out)) throw InputError(who, "a copy keeps the extents");
    move(t, source_of(memory_, t.in1, t.l2_in1, who).base, out.base, who);
    return;
  }
  if (t.ne == NeOp::off && t.pe == PeMode::off) throw InputError(who, "no stage is enabled");
  if (!(made_.e == t.out)) throw InputError(who, other_extents);
  const bool independent = rows_apart(t.out, l);
  if (l.format == Format::fp16) {
    if (made_.placed) return;
    const Values to = values_of(out, t.out);
    const Lines<2> lines(t.out, {Lines<2>::of(made_, t.out), Lines<2>::of(to, t.out)});
    lines.for_each(*workers_, independent, [&](const auto& at, std::int64_t count) {
      std::memcpy(to.base + at[1], made_.base + at[0], static_cast<std::size_t>(count) * 2);
    });
  } else if (l.format == Format::i8) {
    const Half scale = scale_of(t, who, "an i8 result");
    const auto w = static_cast<std::size_t>(t.out.w);
    for_each_row(
        *workers_, t.out, independent, [&](std::int64_t n, std::int64_t c, std::int64_t h) {
          kernels::arith::quantise(
              {made_.row(n, c, h), w}, scale, t.pe_zero, profile_,
              {reinterpret_cast<std::int8_t*>(out.base + n * l.sn + c * l.sc + h * l.sh), w});
        });
  } else {
    throw InputError(who,
                     fmt::format("a result of format {} is only copied", isa::info(l.format).name));
  }
}

}  // namespace ane::sim
