#include "workloads/model/operator.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace ane::workloads::model {

Data values_of(const Tensor& t) {
  if (t.data != nullptr) return t.data;
  if (t.packed == nullptr) throw InputError(t.name, "is not known before it is computed");
  return std::make_shared<Array>(unpack(*t.packed));
}

const Tensor& Use::in(std::size_t k) const {
  if (!has(k)) refuse(fmt::format("operand {} is missing", k));
  return inputs_[k];
}

const Array& Use::data(std::size_t k) {
  if (!has(k)) refuse(fmt::format("operand {} is missing", k));
  Tensor& t = inputs_[k];
  if (t.data == nullptr && t.packed != nullptr) t.data = std::make_shared<Array>(unpack(*t.packed));
  if (t.data == nullptr)
    refuse(fmt::format("the result's shape depends on the values of '{}', which are not constant",
                       t.name),
           "give the input that they come from: --input NAME=FILE.npy or NAME=VALUE");
  return *t.data;
}

const Reals& Use::reals(std::size_t k) {
  const Array& a = data(k);
  require(a.real(), fmt::format("operand {} is {}, not real", k, info(a.type.dtype).name));
  return a.f;
}

Wholes Use::integers(std::size_t k) {
  const Array& a = data(k);
  if (!a.real()) return a.i;
  Wholes whole;
  for (const float v : a.f) {
    require(std::fabs(v) < 0x1p62F, "a number that is no extent");
    whole.push_back(static_cast<std::int64_t>(v));
  }
  return whole;
}

double Use::scalar(std::size_t k) {
  const Array& a = data(k);
  require(a.size() == 1, fmt::format("operand {} has {} elements, not one", k, a.size()));
  return a.number(0);
}

const Attribute* Use::attribute(std::string_view name) const {
  const auto at = node.attributes.find(std::string(name));
  return at == node.attributes.end() || at->second.is == Attribute::Is::none ? nullptr
                                                                             : &at->second;
}

std::int64_t Use::integer(std::string_view name, std::int64_t otherwise) const {
  const Attribute* a = attribute(name);
  if (a == nullptr) return otherwise;
  require(a->is == Attribute::Is::integer, fmt::format("attribute {} is no whole number", name));
  return a->integer;
}

float Use::real(std::string_view name, float otherwise) const {
  const Attribute* a = attribute(name);
  if (a == nullptr) return otherwise;
  require(a->is == Attribute::Is::real, fmt::format("attribute {} is no number", name));
  return a->real;
}

std::string Use::text(std::string_view name, std::string_view otherwise) const {
  const Attribute* a = attribute(name);
  if (a == nullptr) return std::string(otherwise);
  require(a->is == Attribute::Is::text, fmt::format("attribute {} is no text", name));
  return a->text;
}

Wholes Use::list(std::string_view name) const {
  const Attribute* a = attribute(name);
  if (a == nullptr) return {};
  if (a->is == Attribute::Is::integer) return {a->integer};
  // An empty list may be of any type.
  require(a->is == Attribute::Is::integers || (a->reals.empty() && a->texts.empty()),
          fmt::format("attribute {} is no list of whole numbers", name));
  return a->integers;
}

Wholes Use::list_or_input(std::string_view name, std::size_t operand) {
  if (has(operand)) return integers(operand);
  return list(name);
}

std::size_t Use::axis(std::string_view name, std::int64_t otherwise, std::size_t rank) const {
  return axis_of(integer(name, otherwise), rank, place());
}

Dtype Use::dtype_said(std::string_view name, Dtype otherwise) const {
  const std::int64_t code = integer(name, 0);
  if (code == 0) return otherwise;
  if (const auto type = dtype_of_code(code)) return *type;
  refuse(fmt::format("{} {} is no element type that is read", name, code),
         "1 (float32), 10 (float16), 7 (int64), ...");
}

Array* Use::out(std::size_t k, Dtype dtype, Shape shape) {
  const std::int64_t count = checked_elements(shape, place());
  if (k >= outputs_.size()) {
    // A result that the node does not name: filled all the same where values are, for nobody.
    if (!values_) return nullptr;
    outputs_.resize(k + 1);
  }
  outputs_[k].type = {dtype, shape};
  outputs_[k].given = true;
  if (!values_) return nullptr;
  constexpr std::int64_t most = std::int64_t{1} << 28;
  if (count > most)
    refuse(fmt::format("{} elements are too many for values", count), "2^28 at most");
  filled_.resize(std::max(filled_.size(), k + 1));
  filled_[k] = std::make_shared<Array>(dtype, std::move(shape));
  return filled_[k].get();
}

void Use::same(std::size_t k, std::size_t from, std::optional<Shape> shape) {
  if (k >= outputs_.size()) return;
  Tensor t = in(from);
  if (shape && *shape != t.type.shape) {
    require(checked_elements(*shape, place()) == checked_elements(t.type.shape, place()),
            fmt::format("{} cannot become {}", kernels::to_string(t.type.shape),
                        kernels::to_string(*shape)));
    if (t.known()) {
      auto moved = std::make_shared<Array>(data(from));
      moved->type.shape = *shape;
      t.data = std::move(moved);
      t.packed = nullptr;
    }
    t.type.shape = *shape;
    t.coded = nullptr;  // its axis would be another
    t.id = -1;
  }
  outputs_[k] = std::move(t);
}

void Use::known_result(std::size_t k, Data data) {
  if (k >= outputs_.size()) return;
  outputs_[k] = {};
  outputs_[k].type = data->type;
  outputs_[k].data = std::move(data);
}

void Use::coded_result(std::size_t k, Coded coded) {
  if (k < outputs_.size()) outputs_[k].coded = std::make_shared<const Coded>(std::move(coded));
}

std::string Use::place() const {
  return fmt::format("{}{}{}{}", node.domain.empty() ? "" : node.domain + ".", node.op,
                     node.name.empty() ? "" : " " + node.name,
                     node.name.empty() && !node.outputs.empty() ? " of " + node.outputs[0] : "");
}

void Use::refuse(const std::string& what, const std::string& note) const {
  throw InputError(place(), what, note);
}

void Use::finish() {
  for (std::size_t k = 0; k < filled_.size(); ++k)
    if (filled_[k] != nullptr) {
      settle(*filled_[k]);
      outputs_[k].data = filled_[k];
    }
  outputs_.resize(node.outputs.size());
}

kernels::Work work_of(const Operator& op, const Use& use, double activation, double weight) {
  const auto whole = [](double v) { return static_cast<std::int64_t>(std::llround(v)); };
  const auto bytes_of = [&](const Tensor& t) {
    const double each = is_real(t.type.dtype) ? activation : info(t.type.dtype).bytes;
    return static_cast<double>(kernels::elements(t.type.shape)) * each;
  };
  if (op.work != nullptr) {
    // Counted in elements there; in bytes here.
    kernels::Work w = op.work(use);
    w.read = Bytes{whole(static_cast<double>(w.read.count) * activation)};
    w.written = Bytes{whole(static_cast<double>(w.written.count) * activation)};
    w.weights = Bytes{whole(static_cast<double>(w.weights.count) * weight)};
    w.compressed = weight < 2 && w.weights.count > 0;
    w.name = op.name;
    return w;
  }
  kernels::Work w{.kind = op.cost.kind, .name = op.name};
  double in = 0, out = 0, elements_in = 0, elements_out = 0;
  for (std::size_t k = 0; k < use.size(); ++k) {
    if (!use.has(k)) continue;
    in += bytes_of(use.in(k));
    elements_in += static_cast<double>(kernels::elements(use.shape(k)));
  }
  for (const Tensor& t : use.outputs()) {
    out += bytes_of(t);
    elements_out += static_cast<double>(kernels::elements(t.type.shape));
  }
  if (op.cost.kind == kernels::WorkKind::gather || op.cost.kind == kernels::WorkKind::copy)
    in = std::min(in, out);  // reads what it moves
  w.other_flops =
      whole(op.cost.flops *
            std::max(elements_out, op.cost.kind == kernels::WorkKind::gather ? 0 : elements_in));
  w.read = Bytes{whole(in)};
  w.written = Bytes{whole(out)};
  return w;
}

}  // namespace ane::workloads::model
