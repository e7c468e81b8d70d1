#include "workloads/mil/program.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "isa/error.h"

namespace ane::workloads::mil {
namespace {

struct DtypeRow {
  Dtype dtype;
  std::string_view name;
  double bytes;
};
constexpr std::array dtypes{
    DtypeRow{Dtype::fp16, "fp16", 2},   DtypeRow{Dtype::fp32, "fp32", 4},
    DtypeRow{Dtype::int32, "int32", 4}, DtypeRow{Dtype::int16, "int16", 2},
    DtypeRow{Dtype::int8, "int8", 1},   DtypeRow{Dtype::boolean, "bool", 1}};
const DtypeRow& row_of(Dtype d) {
  return *std::ranges::find(dtypes, d, &DtypeRow::dtype);
}

constexpr std::string_view blanks = " \t";

std::vector<std::int64_t> numbers(std::string_view text, char between, const std::string& place) {
  std::vector<std::int64_t> all;
  while (!text.empty()) {
    const std::string_view one = text.substr(0, text.find(between));
    std::int64_t v = 0;
    const auto [end, fault] = std::from_chars(one.data(), one.data() + one.size(), v);
    if (fault != std::errc{} || end != one.data() + one.size() || v < 1 || v > (1LL << 40))
      throw InputError(place, fmt::format("'{}' is no extent", one));
    all.push_back(v);
    text.remove_prefix(std::min(one.size() + 1, text.size()));
  }
  return all;
}

Tensor parse_tensor(std::string_view word, const std::string& place) {
  Tensor t;
  if (const std::size_t colon = word.find(':'); colon != std::string_view::npos) {
    t.constant = word.substr(0, colon) == "const";
    if (!t.constant) t.name = word.substr(0, colon);
    word.remove_prefix(colon + 1);
  }
  const std::size_t open = word.find('[');
  const auto* row = std::ranges::find(dtypes, word.substr(0, open), &DtypeRow::name);
  if (open == std::string_view::npos || !word.ends_with(']') || row == dtypes.end())
    throw InputError(place, fmt::format("'{}' is no tensor", word), "as fp16[1,64,32,32]");
  t.dtype = row->dtype;
  t.shape = numbers(word.substr(open + 1, word.size() - open - 2), ',', place);
  return t;
}

double product(const std::vector<std::int64_t>& extents, std::size_t from = 0) {
  double p = 1;
  for (std::size_t k = from; k < extents.size(); ++k) p *= static_cast<double>(extents[k]);
  return p;
}

}  // namespace

double Tensor::elements() const {
  return product(shape);
}

double Tensor::bytes() const {
  return elements() * row_of(dtype).bytes;
}

std::vector<std::int64_t> window_of(const Op& op) {
  if (!op.kernel.empty() || op.inputs.size() < 2 || !op.mil.starts_with("conv")) return op.kernel;
  const auto& w = op.inputs[1].shape;
  return w.size() > 2 ? std::vector<std::int64_t>(w.begin() + 2, w.end())
                      : std::vector<std::int64_t>{};
}

double macs_of(const Op& op) {
  if (op.inputs.size() < 2 || op.outputs.empty()) return 0;
  const auto &x = op.inputs[0].shape, &w = op.inputs[1].shape;
  const double out = op.outputs[0].elements();
  // [cout, cin / groups, window], of a transposed one [cin, cout / groups, window].
  if (op.mil == "conv") return w.size() > 1 ? out * product(w, 1) : 0;
  if (op.mil == "conv_transpose") return w.size() > 1 ? op.inputs[0].elements() * product(w, 1) : 0;
  if (op.mil == "linear") return w.empty() ? 0 : out * static_cast<double>(w.back());
  if (op.mil == "matmul") return x.empty() ? 0 : out * static_cast<double>(x.back());
  return 0;
}

Op parse_op(std::string_view text, const std::string& place) {
  Op op;
  bool behind = false;
  for (std::size_t at = text.find_first_not_of(blanks); at != std::string_view::npos;
       at = text.find_first_not_of(blanks)) {
    text.remove_prefix(at);
    const std::string_view word = text.substr(0, text.find_first_of(blanks));
    text.remove_prefix(word.size());
    const std::size_t equals = word.find('=');
    if (op.mil.empty()) {
      op.mil = word;
    } else if (word == "->") {
      behind = true;
    } else if (equals == std::string_view::npos) {
      (behind ? op.outputs : op.inputs).push_back(parse_tensor(word, place));
    } else {
      const std::string_view key = word.substr(0, equals);
      const auto values = numbers(word.substr(equals + 1), 'x', place);
      if (key == "kernel")
        op.kernel = values;
      else if (key == "dilations")
        op.dilations = values;
      else if (key == "groups" && values.size() == 1)
        op.groups = values[0];
      else
        throw InputError(place, fmt::format("'{}' says nothing of an operator", word),
                         "kernel=, dilations= or groups=");
    }
  }
  if (op.mil.empty() || op.outputs.empty())
    throw InputError(place, "an operator needs a name and results",
                     "relu fp16[1,64,32,32] -> fp16[1,64,32,32]");
  return op;
}

std::vector<Op> parse_ops(std::string_view text, const std::string& place) {
  constexpr std::string_view between = " ; ";
  std::vector<Op> all;
  for (;;) {
    const std::size_t end = text.find(between);
    all.push_back(parse_op(text.substr(0, end), place));
    if (end == std::string_view::npos) return all;
    text.remove_prefix(end + between.size());
  }
}

std::string to_text(const Op& op) {
  std::string text = op.mil;
  const auto add = [&](const Tensor& t) {
    text += fmt::format(" {}{}[{}]",
                        t.constant       ? "const:"
                        : t.name.empty() ? ""
                                         : t.name + ":",
                        row_of(t.dtype).name, fmt::join(t.shape, ","));
  };
  for (const Tensor& t : op.inputs) add(t);
  text += " ->";
  for (const Tensor& t : op.outputs) add(t);
  if (!op.kernel.empty()) text += fmt::format(" kernel={}", fmt::join(op.kernel, "x"));
  if (!op.dilations.empty()) text += fmt::format(" dilations={}", fmt::join(op.dilations, "x"));
  if (op.groups != 1) text += fmt::format(" groups={}", op.groups);
  return text;
}

}  // namespace ane::workloads::mil
