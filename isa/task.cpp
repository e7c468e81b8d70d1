#include "isa/task.h"

#include <fmt/format.h>

#include "isa/error.h"
#include "isa/state.h"

namespace ane::isa {
namespace {

// Every plain field of a task once: `visit(field, member)` for integers.
template <class T, class Visit>
void visit_fields(T& t, Visit visit) {
  using namespace insns;
  const auto extents = [&](auto& e, FieldRef w, FieldRef h, FieldRef c, FieldRef n) {
    visit(w, e.w);
    visit(h, e.h);
    visit(c, e.c);
    visit(n, e.n);
  };
  extents(t.in1, field(shape, "w1"), field(shape, "h1"), field(shape, "c1"), field(shape, "n1"));
  extents(t.in2, field(shape, "w2"), field(shape, "h2"), field(shape, "c2"), field(shape, "n2"));
  extents(t.out, field(shape, "w"), field(shape, "h"), field(shape, "c"), field(shape, "n"));
  const auto dma = [&](auto& m, FieldRef enable, FieldRef sw, FieldRef sh, FieldRef sc,
                       FieldRef sn) {
    visit(enable, m.enable);
    visit(sw, m.sw);
    visit(sh, m.sh);
    visit(sc, m.sc);
    visit(sn, m.sn);
  };
  dma(t.load1, field(ld1, "enable"), field(ld1, "sw"), field(ld1, "sh"), field(ld1, "sc"),
      field(ld1, "sn"));
  dma(t.load2, field(ld2, "enable"), field(ld2, "sw"), field(ld2, "sh"), field(ld2, "sc"),
      field(ld2, "sn"));
  dma(t.store, field(st, "enable"), field(st, "sw"), field(st, "sh"), field(st, "sc"),
      field(st, "sn"));
  const auto l2 = [&](auto& m, FieldRef a, FieldRef sh, FieldRef sc, FieldRef sn) {
    visit(a, m.address);
    visit(sh, m.sh);
    visit(sc, m.sc);
    visit(sn, m.sn);
  };
  l2(t.l2_in1, field(l2map, "s1"), field(l2map, "s1h"), field(l2map, "s1c"), field(l2map, "s1n"));
  l2(t.l2_in2, field(l2map, "s2"), field(l2map, "s2h"), field(l2map, "s2c"), field(l2map, "s2n"));
  l2(t.l2_out, field(l2map, "r"), field(l2map, "rh"), field(l2map, "rc"), field(l2map, "rn"));
  visit(field(fmt, "in1"), t.l2_in1.format);
  visit(field(fmt, "in2"), t.l2_in2.format);
  visit(field(fmt, "out"), t.l2_out.format);
  visit(field(fmt, "mem1"), t.load1.format);
  visit(field(fmt, "mem2"), t.load2.format);
  visit(field(fmt, "mem"), t.store.format);
  visit(field(conv, "kw"), t.kw);
  visit(field(conv, "kh"), t.kh);
  visit(field(conv, "sx"), t.sx);
  visit(field(conv, "sy"), t.sy);
  visit(field(conv, "pl"), t.pad_left);
  visit(field(conv, "pt"), t.pad_top);
  visit(field(conv, "groups"), t.groups);
  visit(field(conv, "pad"), t.pad_value);
  visit(field(kld, "enable"), t.kernel.enable);
  visit(field(kld, "format"), t.kernel.format);
  visit(field(kld, "block"), t.kernel.block_log2);
  visit(field(kld, "bias"), t.kernel.bias);
  visit(field(kld, "scale"), t.kernel.scale);
  visit(field(kld, "len"), t.kernel.length);
  constexpr FieldRef first = field(kld, "off0");
  for (std::size_t e = 0; e < t.kernel.streams.size(); ++e) {
    FieldRef f = first;
    f.word = static_cast<std::uint16_t>(first.word + e);
    visit(f, t.kernel.streams[e]);
  }
  visit(field(ne, "op"), t.ne);
  visit(field(ne, "act"), t.activation);
  visit(field(ne, "winograd"), t.winograd);
  visit(field(ne, "zero_in"), t.zero_in);
  visit(field(ne, "zero_w"), t.zero_w);
  visit(field(ne, "post"), t.post_scale);
  visit(field(ne, "skip"), t.skip);
  visit(field(ne, "alpha"), t.alpha);
  visit(field(ne, "beta"), t.beta);
  visit(field(pe, "mode"), t.pe);
  visit(field(pe, "ew"), t.ew);
  visit(field(pe, "red"), t.red);
  visit(field(pe, "pool"), t.pool);
  visit(field(pe, "axes"), t.axes);
  visit(field(pe, "swap"), t.swap);
  visit(field(pe, "count_pad"), t.count_pad);
  visit(field(pe, "post"), t.pe_post);
  visit(field(pe, "scale"), t.pe_scale);
  visit(field(pe, "zero"), t.pe_zero);
  visit(field(pe, "mul"), t.pe_mul);
  visit(field(pe, "add"), t.pe_add);
}

}  // namespace

void Extents::refuse_count() const {
  throw InputError("", fmt::format("extents of {} columns, {} rows, {} channels and {} batch items "
                                   "are too large",
                                   w, h, c, n));
}

Task decode_task(const Registers& r) {
  Task t;
  visit_fields(t, [&](FieldRef f, auto& member) {
    using Member = std::remove_reference_t<decltype(member)>;
    member = static_cast<Member>(r.get(f));
  });
  const auto place = [&](AddressRef a, auto& bar, auto& offset) {
    const Address at = r.get(a);
    bar = at.bar;
    offset = static_cast<std::int64_t>(at.offset);
  };
  place(address(insns::ld1a), t.load1.bar, t.load1.offset);
  place(address(insns::ld2a), t.load2.bar, t.load2.offset);
  place(address(insns::sta), t.store.bar, t.store.offset);
  place(address(insns::kla), t.kernel.bar, t.kernel.offset);
  return t;
}

void encode_task(const Task& t, Registers& r) {
  visit_fields(
      t, [&](FieldRef f, const auto& member) { r.set(f, static_cast<std::int64_t>(member)); });
  const auto place = [&](AddressRef a, int bar, std::int64_t offset) {
    r.set(a, {static_cast<std::uint8_t>(bar), static_cast<std::uint64_t>(offset)});
  };
  place(address(insns::ld1a), t.load1.bar, t.load1.offset);
  place(address(insns::ld2a), t.load2.bar, t.load2.offset);
  place(address(insns::sta), t.store.bar, t.store.offset);
  place(address(insns::kla), t.kernel.bar, t.kernel.offset);
}

}  // namespace ane::isa
