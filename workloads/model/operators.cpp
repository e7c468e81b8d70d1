#include <array>
#include <map>

#include "isa/error.h"
#include "workloads/model/ops/families.h"

namespace ane::workloads::model {

std::span<const Family> families() {
  static const std::array all{
      ops::unary(),      ops::binary(),    ops::choice(),       ops::shapes(), ops::indexing(),
      ops::reductions(), ops::products(),  ops::convolutions(), ops::pools(),  ops::norms(),
      ops::recurrent(),  ops::quantised(), ops::ranking(),      ops::images(), ops::signals(),
      ops::losses(),     ops::fused(),     ops::made(),
  };
  return all;
}

namespace {
std::string key_of(std::string_view domain, std::string_view op) {
  return domain.empty() || domain == "ai.onnx" ? std::string(op)
                                               : std::string(domain) + "." + std::string(op);
}
}  // namespace

const Operator* find_operator(std::string_view domain, std::string_view op) {
  static const std::map<std::string, const Operator*, std::less<>> by_name = [] {
    std::map<std::string, const Operator*, std::less<>> m;
    for (const Family& f : families())
      for (const Operator& o : f) m.emplace(o.name, &o);
    return m;
  }();
  const auto at = by_name.find(key_of(domain, op));
  return at == by_name.end() ? nullptr : at->second;
}

std::string near_operators(std::string_view domain, std::string_view op) {
  std::vector<std::string> names;
  for (const Family& f : families())
    for (const Operator& o : f) names.emplace_back(o.name);
  const std::string note = near_note(key_of(domain, op), names);
  return note.empty() ? "" : note + " ";
}

}  // namespace ane::workloads::model
