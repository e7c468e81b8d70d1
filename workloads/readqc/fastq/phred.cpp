#include "workloads/readqc/fastq/phred.h"

#include <fmt/format.h>

#include <algorithm>

namespace ane::workloads::readqc {

void QualityRange::add(std::string_view characters) {
  // Neither a branch nor a member in the loop, so that the compiler makes SIMD of it.
  unsigned char low = lowest, high = highest;
  for (const char c : characters) {
    low = std::min(low, static_cast<unsigned char>(c));
    high = std::max(high, static_cast<unsigned char>(c));
  }
  lowest = low;
  highest = high;
}

Offset offset_of(const QualityRange& seen) {
  if (seen.empty()) return Offset::seems_33;
  if (seen.lowest < lowest_solexa || seen.highest > highest_64) return Offset::is_33;
  if (seen.highest < undecided_from) return Offset::seems_33;
  if (seen.lowest < '@') return Offset::undecided_solexa;
  return seen.highest >= told_64_from ? Offset::is_64 : Offset::undecided;
}

std::string shown(unsigned char c) {
  return c >= 32 && c < 127 ? fmt::format("'{}'", static_cast<char>(c))
                            : fmt::format("byte 0x{:02x}", static_cast<unsigned>(c));
}

std::string offset_note(bool solexa) {
  return solexa
             ? "say --phred 33 if an instrument since 2011 wrote them; " + solexa_note()
             : "say --phred 33 (every instrument since 2011) or --phred 64 (Illumina 1.3 to 1.7)";
}

std::string solexa_note() {
  return "Solexa scores (before 2008) are not read: `seqret -sformat fastq-solexa -osformat "
         "fastq-sanger` makes Phred+33 of them";
}

}  // namespace ane::workloads::readqc
