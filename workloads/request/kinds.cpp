#include "workloads/request/kinds.h"

#include <fmt/format.h>

#include "isa/error.h"

namespace ane::workloads {

namespace kind {
extern const Kind conv, copy, elementwise, encoder, idle, launch, llm, matmul, model, mpnn, network,
    op, readqc, rule, vision_language;
}

std::span<const Kind* const> kinds() {
  static constexpr const Kind* table[] = {
      &kind::matmul,  //
      &kind::conv,    //
      &kind::elementwise, &kind::op,     &kind::network, &kind::encoder,         &kind::llm,
      &kind::mpnn,        &kind::readqc, &kind::rule,    &kind::vision_language, &kind::copy,
      &kind::model,       &kind::launch, &kind::idle,
  };
  return table;
}

const Kind& kind_named(std::string_view name, const std::string& place) {
  std::vector<std::string> names;
  for (const Kind* k : kinds()) {
    if (k->name == name) return *k;
    names.emplace_back(k->name);
  }
  throw InputError(place, name.empty() ? "no 'kind='" : fmt::format("unknown kind '{}'", name),
                   choice_note(name, names));
}

}  // namespace ane::workloads
