// Which offset the quality characters of a FASTQ file have (Cock et al., 2010, table 1).
//
//   Phred+33   '!' and up   Q0 and up: every instrument since 2011, and all that is archived
//   Phred+64   '@' to 'i'   Q0 to Q41: Illumina 1.3 to 1.7
//   Solexa+64  ';' to 'h'   Q-5 to Q40, another scale: before 2008, not read
//
// The ranges overlap, and instruments and programs of today write up to Q93 with offset 33. So
// offset 64 is told only from what offset 33 does not explain as well: not one base below Q31, the
// best above Q60 and still below the Q73 that no offset of 64 reaches.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace ane::workloads::readqc {

// The lowest and the highest of some quality characters; lowest > highest: none seen.
struct QualityRange {
  unsigned char lowest = 255, highest = 0;

  void add(std::string_view characters);
  bool empty() const { return lowest > highest; }
};

enum class Offset : std::uint8_t {
  is_33,
  is_64,
  seems_33,          // both fit; at offset 64 every base were below Q16
  undecided,         // Q31 and up, or Q15 to Q29 at best
  undecided_solexa,  // the same, with characters that offset 64 has for Solexa scores only
};
// empty ranges seem 33.
Offset offset_of(const QualityRange& seen);

inline constexpr unsigned char lowest_solexa = ';';  // Q-5 at offset 64
inline constexpr unsigned char highest_64 = 'i';     // Q41 at offset 64
// Q47 at offset 33, Q16 at offset 64: a file whose best base were Q15 is no file of offset 64.
inline constexpr unsigned char undecided_from = 'P';
// Q61 at offset 33, Q30 at offset 64. Programs that cap merged reads or consensus at Q60, and
// instruments at Q50, stay below; every file of offset 64 has a base as good.
inline constexpr unsigned char told_64_from = '^';

// "'#'", or "byte 0x80" where it cannot be printed.
std::string shown(unsigned char c);
// What to do about an undecided offset, which may be that of Solexa scores, and about the latter.
std::string offset_note(bool solexa);
std::string solexa_note();

}  // namespace ane::workloads::readqc
