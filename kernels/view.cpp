#include "kernels/view.h"

#include "isa/error.h"

namespace ane::kernels {
namespace {

std::int64_t& extent_ref(Extents& e, Axis axis) {
  switch (axis) {
    case axis_w:
      return e.w;
    case axis_h:
      return e.h;
    case axis_c:
      return e.c;
    default:
      return e.n;
  }
}

std::int64_t stride(const View& v, Axis axis) {
  switch (axis) {
    case axis_w:
      return v.sw;
    case axis_h:
      return v.sh;
    case axis_c:
      return v.sc;
    default:
      return v.sn;
  }
}

}  // namespace

std::int64_t extent(const Extents& e, Axis axis) {
  Extents copy = e;
  return extent_ref(copy, axis);
}

View View::slice(Axis axis, std::int64_t begin, std::int64_t count) const {
  ANE_CHECK(begin >= 0 && count >= 1 && begin + count <= extent(e, axis), "slice inside the view");
  ANE_CHECK(passes_at < 0 || count == extent(e, axis), "a staged operand is not cut");
  View v = *this;
  v.address += begin * stride(*this, axis);
  extent_ref(v.e, axis) = count;
  return v;
}

View View::permuted(const std::array<int, 4>& order) const {
  const std::array<std::int64_t, 4> extents{e.n, e.c, e.h, e.w};
  const std::array<std::int64_t, 4> strides{sn, sc, sh, sw};
  const auto at = [&](const auto& list, std::size_t i) {
    return list[static_cast<std::size_t>(order[i])];
  };
  View v = *this;
  v.e = {.w = at(extents, 3), .h = at(extents, 2), .c = at(extents, 1), .n = at(extents, 0)};
  v.sn = at(strides, 0);
  v.sc = at(strides, 1);
  v.sh = at(strides, 2);
  v.sw = at(strides, 3);
  return v;
}

View View::repeated(const Extents& to) const {
  View v = *this;
  if (e.w == 1 && to.w > 1) v.sw = 0;
  if (e.h == 1 && to.h > 1) v.sh = 0;
  if (e.c == 1 && to.c > 1) v.sc = 0;
  if (e.n == 1 && to.n > 1) v.sn = 0;
  v.e = to;
  return v;
}

bool View::dense() const {
  const std::int64_t size = isa::byte_size(format);
  return (e.w == 1 || sw == size) && (e.h == 1 || sh == e.w * size) &&
         (e.c == 1 || sc == e.h * e.w * size) && (e.n == 1 || sn == e.c * e.h * e.w * size);
}

}  // namespace ane::kernels
