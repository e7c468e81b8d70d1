#include "isa/program_check.h"

#include <fmt/format.h>

#include "isa/line.h"
#include "isa/saturated.h"

namespace ane::isa {

const Section* find_section(const Program& program, int bar) {
  for (const Section& s : program.sections)
    if (s.bar == bar) return &s;
  return nullptr;
}

std::string fault(const Program& program, const Section& s) {
  if (s.bar < 0 || s.bar > 255) return fmt::format("bar must be 0 to 255, not {}", s.bar);
  if (find_section(program, s.bar)) return fmt::format("bar {} has a section already", s.bar);
  if (s.size.count < 0 || s.size.count > max_section_size)
    return fmt::format("the section's size must be 0 to {} bytes, not {}", max_section_size,
                       s.size.count);
  const auto given = static_cast<std::int64_t>(s.contents.size());
  if (given > s.size.count || given > max_contents)
    return fmt::format("{} bytes of contents for a section of {} (at most {})", given, s.size.count,
                       max_contents);
  return "";
}

std::string fault(const Program& program, const TensorSymbol& t) {
  if (t.name.empty()) return "a tensor needs a name";
  for (const TensorSymbol& other : program.tensors)
    if (other.name == t.name) return fmt::format("tensor {} exists already", quoted(t.name));
  const Section* const section = find_section(program, t.bar);
  if (!section)
    return fmt::format("tensor {} lies in bar {}, which has no section", quoted(t.name), t.bar);
  const std::int64_t size = section->size.count;
  if (t.offset < 0 || t.offset > size - byte_size(t.format))
    return fmt::format("tensor {} starts at {}, outside the {} bytes of bar {}", quoted(t.name),
                       t.offset, size, t.bar);
  std::int64_t room = size - byte_size(t.format) - t.offset;
  const std::int64_t extents[] = {t.n, t.c, t.h, t.w}, strides[] = {t.sn, t.sc, t.sh, t.sw};
  for (int axis = 0; axis < 4; ++axis) {
    const std::int64_t extent = extents[axis], stride = strides[axis];
    if (extent < 1 || extent > 0x7fffffff || stride < 0 || stride > 0xffffffff)
      return fmt::format("tensor {}: {} elements with a stride of {} bytes along {}",
                         quoted(t.name), extent, stride, "nchw"[axis]);
    const std::int64_t reach = (extent - 1) * stride;  // below 2^63
    if (reach > room)
      return fmt::format("tensor {} reaches behind the {} bytes of bar {}", quoted(t.name), size,
                         t.bar);
    room -= reach;
  }
  const Saturated bytes = Saturated(t.n) * t.c * t.h * t.w * byte_size(t.format);
  if (bytes.value() > size)
    return fmt::format("tensor {} has more elements than the {} bytes of bar {} hold",
                       quoted(t.name), size, t.bar);
  return "";
}

}  // namespace ane::isa
