// One task as the machine reads it from the registers: the meeting point of lowering, which fills
// it, and the machine, which executes and times it. Each member is a field of docs/isa; units are
// elements for extents, bytes for addresses and strides.
#pragma once
#include <array>
#include <cstdint>

#include "isa/format.h"
#include "isa/saturated.h"

namespace ane::isa {

struct Extents {
  std::int64_t w = 1, h = 1, c = 1, n = 1;
  friend constexpr bool operator==(const Extents&, const Extents&) = default;
  // Elements, below 2^63: InputError with the extents, but without a place, for more.
  constexpr std::int64_t count() const {
    const Saturated all = Saturated(w) * h * c * n;
    if (all.stopped()) refuse_count();
    return all.value();
  }

 private:
  [[noreturn]] void refuse_count() const;
};

// Address of an operand in memory (BAR and offset) and the byte stride of each extent.
struct MemoryOperand {
  bool enable = false;
  int bar = 0;
  std::int64_t offset = 0;
  std::int64_t sw = 0, sh = 0, sc = 0, sn = 0;
  Format format = Format::fp16;
};

// Address of an operand in L2; columns are contiguous.
struct L2Operand {
  std::int64_t address = 0, sh = 0, sc = 0, sn = 0;
  Format format = Format::fp16;
};

enum class NeOp { off, mac, mm, copy, tex };
enum class PeMode { off, ew, red, pool };
// Rows of kernel_choices in isa/insns/kld.h.
enum class KernelFormat {
  fp16,
  int8,
  int8c,
  pal1,
  pal2,
  pal4,
  pal6,
  pal8,
  int4b,
  sparse,
  i8,
  i8p1,
  i8p2,
  i8p4,
  i8p6
};
// Codes for the integer multipliers: themselves, or indices of a palette of them.
constexpr bool is_integer(KernelFormat f) {
  return f >= KernelFormat::i8;
}

// A kernel's weights lie in that many streams: stream s holds the output channels c with
// c mod stream_count == s. Engines of a machine that has fewer take several each.
inline constexpr std::int64_t stream_count = 16;

struct KernelStream {
  bool enable = false;
  KernelFormat format = KernelFormat::fp16;
  int block_log2 = 5;  // int4b
  int bar = 0;
  std::int64_t offset = 0;           // of the section that the next offsets count from
  std::int64_t bias = 0, scale = 0;  // offset plus 1; 0: none
  std::int64_t length = 0;           // bytes of one stream
  std::array<std::int64_t, stream_count> streams{};
};

struct Task {
  int id = 0, queue = 0, operator_index = 0;
  Extents in1, in2, out;
  MemoryOperand load1, load2, store;
  L2Operand l2_in1, l2_in2, l2_out;
  // Window of a convolution or pool.
  int kw = 1, kh = 1, sx = 1, sy = 1, pad_left = 0, pad_top = 0;
  std::int64_t groups = 1;
  std::uint16_t pad_value = 0;
  KernelStream kernel;
  NeOp ne = NeOp::off;
  int activation = 0;  // index in unary_functions
  bool winograd = false;
  int zero_in = 0, zero_w = 0;
  std::uint16_t post_scale = 0;  // 0: none
  std::uint16_t skip = 0;        // share of skipped zero weights, 1/65535
  std::uint16_t alpha = 0, beta = 0;
  PeMode pe = PeMode::off;
  int ew = 0, red = 0, pool = 0, axes = 0, pe_post = 0;
  bool swap = false, count_pad = false;
  std::uint16_t pe_scale = 0;
  int pe_zero = 0;
  std::uint16_t pe_mul = 0, pe_add = 0;  // 0: none
  bool prefetch = false;                 // kpf before this task
};

class Registers;
Task decode_task(const Registers& registers);
void encode_task(const Task& task, Registers& registers);

}  // namespace ane::isa
