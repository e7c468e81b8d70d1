// What software may know of a chip's accelerator: the part of its description that lowering reads.
// Of its speed that is what a compiler weighs tilings by; energies and laws of time are sim's.
#pragma once
#include <string>

#include "isa/units.h"

namespace ane::isa {

struct Machine {
  std::string chip;                // "M4"
  int cores = 16;                  // neural engines (NE)
  int macs_fp16 = 256;             // per NE and cycle
  int macs_int8 = 256;             // per NE and cycle, both sides int8
  Bytes kernel_memory{64 * 1024};  // per NE
  Bytes l2{2 * 1024 * 1024};
  int l2_banks = 64;
  Bytes l2_bank_width{16};
  std::int64_t max_extent = 65536;  // W and H of a tensor
  std::int64_t max_channels = 65536;
  int max_kernel_width = 32, max_kernel_height = 32;
  int max_pool = 31;
  int row_alignment = 64;             // bytes; rows of a DRAM tensor
  bool int8_macs = false;             // W8A8 runs on integer MACs at a rate of macs_int8
  bool texture_unit = false;          // gather and resize
  bool streams_int8_weights = false;  // else int8 and block weights are folded to fp16 in DRAM
  bool chains_tiles = true;           // its compiler runs chains tile by tile, not by item alone
  std::string default_profile = "ane16";

  // What its compiler assumes of speed, for choices between tilings and chains: a cycle of all
  // engines. Of the chip as sold: what is set since changes no plan, only what plans take.
  struct Rates {
    double tile_bytes = 16, weight_bytes = 27, planar_elements = 23;
    double macs_fp16 = 16 * 256, macs_int8 = 16 * 256;
    double task_start = 44;  // cycles
    Bytes kernel_memory{16 * 64 * 1024};
  } rates{};
};

}  // namespace ane::isa
