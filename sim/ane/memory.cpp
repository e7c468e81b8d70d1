#include "sim/ane/memory.h"

#include <fmt/format.h>

#include <algorithm>

#include "isa/error.h"

namespace ane::sim {
namespace {

// Addresses have 64 bits without a sign: from 2^63 on they are held as negative numbers.
std::uint64_t unsigned_of(std::int64_t address) {
  return static_cast<std::uint64_t>(address);
}
std::int64_t end_of(std::int64_t begin, std::int64_t size) {
  return (Saturated(begin) + size).value();
}

}  // namespace

AneMemory::AneMemory(const isa::Program& program, Bytes l2)
    : regions_(256), l2_(static_cast<std::size_t>(l2.count)) {
  for (const isa::Section& s : program.sections) {
    Region& r = regions_[static_cast<std::size_t>(s.bar)];
    r.present = true;
    r.name = s.name;
    r.size = std::max(s.size.count, std::ssize(s.contents));
    // The system hands out zeroed pages as they are touched: a program that is only timed may have
    // sections larger than the host's memory would bear.
    r.bytes.reset(static_cast<std::uint8_t*>(std::calloc(
        std::max<std::size_t>(1, static_cast<std::size_t>(r.size)), sizeof(std::uint8_t))));
    if (!r.bytes)
      throw InputError(s.name, fmt::format("no memory for a section of {} bytes", r.size));
    std::ranges::copy(s.contents, r.bytes.get());
  }
}

std::int64_t AneMemory::allocated() const {
  std::int64_t bytes = 0;
  for (const Region& r : regions_) bytes += r.size;
  return bytes;
}

std::int64_t AneMemory::section_size(int bar) const {
  const Region& r = regions_[static_cast<std::size_t>(bar)];
  return r.present ? r.size : -1;
}

std::span<std::uint8_t> AneMemory::section(int bar, std::int64_t offset, std::int64_t size,
                                           const std::string& who) {
  const std::int64_t have = section_size(bar);
  if (have < 0) {
    std::string present;
    for (std::size_t b = 0; b < regions_.size(); ++b)
      if (regions_[b].present)
        present += fmt::format("{}{} ({})", present.empty() ? "" : ", ", b, regions_[b].name);
    throw InputError(who, fmt::format("base register {} has no section", bar),
                     "sections: " + (present.empty() ? "none" : present));
  }
  if (offset < 0 || size < 0 || offset > have - size)
    throw InputError(who,
                     fmt::format("bytes {:#x} to {:#x} lie outside section {} of {:#x} bytes",
                                 unsigned_of(offset), unsigned_of(end_of(offset, size)), bar, have),
                     fmt::format("the last valid byte is {:#x}", have - 1));
  return {regions_[static_cast<std::size_t>(bar)].bytes.get() + offset,
          static_cast<std::size_t>(size)};
}

std::span<std::uint8_t> AneMemory::l2(std::int64_t address, std::int64_t size,
                                      const std::string& who) {
  const auto have = static_cast<std::int64_t>(l2_.size());
  if (address < 0 || size < 0 || address > have - size)
    throw InputError(who,
                     fmt::format("bytes {:#x} to {:#x} lie outside L2 of {:#x} bytes",
                                 unsigned_of(address), unsigned_of(end_of(address, size)), have),
                     fmt::format("the last valid byte is {:#x}", have - 1));
  return std::span(l2_).subspan(static_cast<std::size_t>(address), static_cast<std::size_t>(size));
}

namespace {

ByteRange range(std::int64_t begin, Saturated size) {
  return {begin, (begin + size).value()};
}

}  // namespace

ByteRange touched(const isa::Extents& e, const isa::MemoryOperand& m) {
  const Saturated last = (Saturated(e.w) - 1) * m.sw + (Saturated(e.h) - 1) * m.sh +
                         (Saturated(e.c) - 1) * m.sc + (Saturated(e.n) - 1) * m.sn;
  return range(m.offset, last + isa::byte_size(m.format));
}

ByteRange touched(const isa::Extents& e, const isa::L2Operand& l) {
  const Saturated row = Saturated(e.w) * isa::byte_size(l.format);
  return range(l.address, (Saturated(e.h) - 1) * l.sh + (Saturated(e.c) - 1) * l.sc +
                              (Saturated(e.n) - 1) * l.sn + row);
}

ByteRange touched(const isa::KernelStream& k) {
  return range(k.offset, Saturated(k.streams.back()) + k.length);
}

}  // namespace ane::sim
