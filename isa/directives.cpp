#include "isa/directives.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>

#include "isa/error.h"
#include "isa/half_text.h"
#include "isa/number_text.h"
#include "isa/program_check.h"
#include "isa/saturated.h"

namespace ane::isa {
namespace {

using Arguments = std::span<const Word>;

struct Context {
  Arguments arguments;  // behind the directive
  const std::string& place;
  Program& program;

  [[noreturn]] void fail(const std::string& what, std::string note = "") const {
    throw InputError(place, what, std::move(note));
  }
  // The text of a word without "=".
  const std::string& plain(std::size_t n) const {
    if (arguments[n].has_value) fail(fmt::format("unexpected {}=", quoted(arguments[n].name)));
    return arguments[n].name;
  }
  std::int64_t integer(std::string_view what, const std::string& text, std::int64_t low,
                       std::int64_t high) const {
    const std::optional<Integer> n = parse_integer(text);
    const std::optional<std::int64_t> value = n ? n->value() : std::nullopt;
    if (!value || *value < low || *value > high)
      fail(fmt::format("{} must be {} to {}, not {}", what, low, high, quoted(text)));
    return *value;
  }
};

void set_program(const Context& c) {
  c.program.name = c.plain(0);
}
void set_chip(const Context& c) {
  c.program.chip = c.plain(0);
}
void set_profile(const Context& c) {
  c.program.profile = c.plain(0);
}
void add_operator(const Context& c) {
  c.program.operators.push_back(c.plain(0));
}

void add_section(const Context& c) {
  Section s;
  s.bar = static_cast<int>(c.integer("bar", c.plain(0), 0, 255));
  s.name = c.plain(1);
  s.size = {c.integer("size", c.plain(2), 0, max_section_size)};
  if (const std::string wrong = fault(c.program, s); !wrong.empty()) c.fail(wrong);
  c.program.sections.push_back(std::move(s));
}

void put(std::vector<std::uint8_t>& out, std::uint32_t value, std::int64_t bytes) {
  for (std::int64_t b = 0; b < bytes; ++b)
    out.push_back(static_cast<std::uint8_t>(value >> (8 * b)));
}

void put_hex(const Context& c, const std::string& digits, std::vector<std::uint8_t>& out) {
  if (digits.size() % 2) c.fail("hex data has two digits a byte");
  for (std::size_t d = 0; d < digits.size(); d += 2) {
    const std::optional<Integer> n = parse_integer("0x" + digits.substr(d, 2));
    if (!n || n->negative)
      c.fail(fmt::format("hex data has two digits a byte, not {}", quoted(digits.substr(d, 2))));
    out.push_back(static_cast<std::uint8_t>(n->magnitude));
  }
}

std::uint32_t float_bits(const Context& c, const std::string& text) {
  if (text.starts_with("0x"))
    return static_cast<std::uint32_t>(c.integer("an fp32 value's bits", text, 0, 0xffffffff));
  const std::optional<double> value = parse_decimal(text);
  const auto narrowed = static_cast<float>(value.value_or(0));
  if (!value || !std::isfinite(narrowed))
    c.fail(fmt::format("an fp32 value must be a finite number or bits, not {}", quoted(text)));
  return std::bit_cast<std::uint32_t>(narrowed);
}

std::uint32_t element_bits(const Context& c, Format format, const std::string& text) {
  if (format == Format::fp16) {
    if (const auto bits = parse_half(text)) return *bits;
    c.fail(fmt::format("an fp16 value must be -65504 to 65504 or bits 0x0 to 0xffff, not {}",
                       quoted(text)));
  }
  if (format == Format::fp32) return float_bits(c, text);
  const FormatInfo& f = info(format);
  const std::int64_t high = (std::int64_t{1} << (f.bits - (f.is_signed ? 1 : 0))) - 1;
  const std::int64_t low = f.is_signed ? -high - 1 : 0;
  return static_cast<std::uint32_t>(c.integer(fmt::format("an {} value", f.name), text, low, high));
}

std::vector<std::string> format_names() {
  std::vector<std::string> names;
  for (const FormatInfo& f : formats) names.emplace_back(f.name);
  return names;
}

Format named_format(const Context& c, const std::string& name, std::vector<std::string> also) {
  if (const auto f = format_named(name)) return *f;
  std::vector<std::string> names = format_names();
  names.insert(names.end(), also.begin(), also.end());
  c.fail(fmt::format("unknown format {}", quoted(name)), choice_note(name, names));
}

void add_data(const Context& c) {
  const auto bar = c.integer("bar", c.plain(0), 0, 255);
  const auto found = std::find_if(c.program.sections.begin(), c.program.sections.end(),
                                  [&](const Section& s) { return s.bar == bar; });
  if (found == c.program.sections.end()) c.fail(fmt::format("bar {} has no section", bar));
  const std::int64_t size = found->size.count;
  const auto offset =
      static_cast<std::size_t>(c.integer("offset", c.plain(1), 0, std::min(size, max_contents)));
  std::vector<std::uint8_t> bytes;
  const std::string& format = c.plain(2);
  for (std::size_t n = 3; n < c.arguments.size(); ++n) {
    if (format == "hex") {
      put_hex(c, c.plain(n), bytes);
      continue;
    }
    const Format f = named_format(c, format, {"hex"});
    put(bytes, element_bits(c, f, c.plain(n)), byte_size(f));
  }
  const std::size_t end = offset + bytes.size();
  if (static_cast<std::int64_t>(end) > std::min(size, max_contents))
    c.fail(fmt::format("data up to byte {} in a section of {} bytes (contents: at most {})", end,
                       size, max_contents));
  std::vector<std::uint8_t>& contents = found->contents;
  if (contents.size() < end) contents.resize(end);
  std::copy(bytes.begin(), bytes.end(), contents.begin() + static_cast<std::ptrdiff_t>(offset));
}

struct TensorKey {
  std::string_view name;
  std::int64_t TensorSymbol::*member;
};
constexpr TensorKey tensor_keys[] = {
    {"offset", &TensorSymbol::offset}, {"n", &TensorSymbol::n},   {"c", &TensorSymbol::c},
    {"h", &TensorSymbol::h},           {"w", &TensorSymbol::w},   {"sn", &TensorSymbol::sn},
    {"sc", &TensorSymbol::sc},         {"sh", &TensorSymbol::sh}, {"sw", &TensorSymbol::sw}};

void set_tensor_key(const Context& c, const Word& w, TensorSymbol& t) {
  if (w.name == "format") {
    t.format = named_format(c, w.value, {});
    return;
  }
  if (w.name == "bar") {
    t.bar = static_cast<int>(c.integer("bar", w.value, 0, 255));
    return;
  }
  std::vector<std::string> names{"bar", "format"};
  for (const TensorKey& k : tensor_keys) {
    if (k.name == w.name) {
      t.*k.member = c.integer(k.name, w.value, 0, max_section_size);
      return;
    }
    names.emplace_back(k.name);
  }
  c.fail(fmt::format(".tensor has no {}=", quoted(w.name)), choice_note(w.name, names));
}

void add_tensor(const Context& c) {
  TensorSymbol t;
  t.name = c.plain(0);
  t.sw = t.sh = t.sc = t.sn = -1;  // not given
  std::vector<std::string> seen;
  for (const Word& w : c.arguments.subspan(1)) {
    if (std::find(seen.begin(), seen.end(), w.name) != seen.end())
      c.fail(fmt::format(".tensor names {} twice", quoted(w.name)));
    seen.push_back(w.name);
    if (w.has_value)
      set_tensor_key(c, w, t);
    else if (w.name == "input")
      t.input = true;
    else if (w.name == "output")
      t.output = true;
    else
      c.fail(fmt::format("unexpected {}", quoted(w.name)),
             choice_note(w.name, std::vector<std::string>{"input", "output"}));
  }
  for (const char* key : {"bar", "offset", "format"})
    if (std::find(seen.begin(), seen.end(), key) == seen.end())
      c.fail(fmt::format(".tensor needs {}=", key));
  // Strides that are not given are those of a packed tensor.
  if (t.sw < 0) t.sw = byte_size(t.format);
  if (t.sh < 0) t.sh = (Saturated(t.w) * t.sw).value();
  if (t.sc < 0) t.sc = (Saturated(t.h) * t.sh).value();
  if (t.sn < 0) t.sn = (Saturated(t.c) * t.sc).value();
  if (const std::string wrong = fault(c.program, t); !wrong.empty()) c.fail(wrong);
  c.program.tensors.push_back(std::move(t));
}

struct Directive {
  std::string_view name, usage;
  std::size_t least, most;  // arguments
  void (*run)(const Context&);
};
constexpr std::size_t any = ~std::size_t{0};
constexpr Directive directives[] = {
    {".program", ".program NAME", 1, 1, set_program},
    {".chip", ".chip NAME", 1, 1, set_chip},
    {".profile", ".profile NAME", 1, 1, set_profile},
    {".operator", ".operator NAME", 1, 1, add_operator},
    {".section", ".section BAR NAME SIZE", 3, 3, add_section},
    {".data", ".data BAR OFFSET FORMAT VALUES...", 4, any, add_data},
    {".tensor", ".tensor NAME bar= offset= format= [n= c= h= w= sn= sc= sh= sw= input output]", 4,
     any, add_tensor},
};

}  // namespace

void apply_directive(std::span<const Word> words, const std::string& place, Program& program) {
  std::vector<std::string> names;
  for (const Directive& d : directives) {
    names.emplace_back(d.name);
    if (d.name != words[0].name) continue;
    const std::size_t given = words.size() - 1;
    if (given < d.least || given > d.most)
      throw InputError(place, fmt::format("{} is written: {}", d.name, d.usage));
    return d.run({words.subspan(1), place, program});
  }
  throw InputError(place, fmt::format("unknown directive {}", quoted(words[0].name)),
                   choice_note(words[0].name, names));
}

}  // namespace ane::isa
