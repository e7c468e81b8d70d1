#include "sim/explore/choices.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>

#include "isa/error.h"
#include "sim/price/target.h"
#include "workloads/request/kinds.h"
#include "workloads/request/kinds/mpnn.h"

namespace ane::sim {
namespace {

using workloads::Request;
using Values = std::vector<std::string>;

bool takes(const Request& r, unsigned what) {
  return (r.kind->takes & what) != 0;
}

Values units(const Request&, const Chip& chip) {
  Values all;
  for (const Unit u : {Unit::ane, Unit::gpu, Unit::cpu})
    if (has_unit(chip, u)) all.emplace_back(workloads::name(u));
  return all;
}

Values forms(const Request&, const Chip&) {
  Values all{std::string(usual_value)};
  for (const std::string_view name : workloads::names_of(workloads::Form{})) all.emplace_back(name);
  return all;
}

// Formats that a user has without training a model again.
Values precisions(const Request&, const Chip&) {
  return {"fp16", "int8w", "int8", "lut4", "bf16", "fp32"};
}

Values batches(const Request&, const Chip&) {
  Values all;
  for (int n = 1; n <= 64; n *= 2) all.push_back(fmt::format("{}", n));
  return all;
}

// As long as the protein, and padded to the lengths that programs are usually compiled for.
Values buckets(const Request& r, const Chip&) {
  Values all{std::string(usual_value)};
  const std::int64_t residues = workloads::work_as<workloads::MpnnWork>(r).residues;
  for (const std::int64_t step : {16, 64, 256}) {
    std::string padded = fmt::format("{}", (residues + step - 1) / step * step);
    if (padded != fmt::format("{}", residues) && std::ranges::find(all, padded) == all.end())
      all.push_back(std::move(padded));
  }
  return all;
}

bool always(const Request&) {
  return true;
}

constexpr Choice table[] = {
    {"unit", "ane, gpu or cpu", always, units},
    {"precision", "formats of weights and activations",
     [](const Request& r) {
       return takes(r, workloads::takes_weights | workloads::takes_activations);
     },
     precisions, true},
    {"batch", "items of a call", [](const Request& r) { return takes(r, workloads::takes_batch); },
     batches},
    {"form", "the framework's operators or the accelerator's graph", always, forms},
    {"bucket", "places that a protein is padded to",
     [](const Request& r) {
       return dynamic_cast<const workloads::MpnnWork*>(r.work.get()) != nullptr;
     },
     buckets},
    {"path", "the software that runs it", always, nullptr},
    {"placement", "what the accelerator gets", always, nullptr},
    {"scales", "of int8 and int4 weights",
     [](const Request& r) { return takes(r, workloads::takes_weights); }, nullptr, true},
    {"fp16_layers", "layers that stay in FP16",
     [](const Request& r) { return takes(r, workloads::takes_weights); }, nullptr, true},
    {"threads", "of the CPU", [](const Request& r) { return takes(r, workloads::takes_state); },
     nullptr},
    {"engines", "ANEs that share one program",
     [](const Request& r) { return takes(r, workloads::takes_state); }, nullptr},
};

const workloads::Key* choice_key(const Request& r, std::string_view name) {
  const auto at = std::ranges::find(r.kind->keys, name, &workloads::Key::name);
  return at == r.kind->keys.end() || !at->choice ? nullptr : &*at;
}

const Choice* common_choice(const Request& r, std::string_view name) {
  const auto at = std::ranges::find(table, name, &Choice::name);
  return at == std::end(table) || !at->of(r) ? nullptr : at;
}

Axis axis_of(const std::string& name, Values values) {
  Axis axis;
  axis.name = name;
  axis.text = fmt::format("{}", fmt::join(values, ","));
  axis.values = std::move(values);
  return axis;
}

// Empty: nothing is tried unasked.
Values usual_values(const Request& r, const Chip& chip, const std::string& name) {
  if (const Choice* c = common_choice(r, name))
    return c->values == nullptr ? Values{} : c->values(r, chip);
  Values all = choice_key(r, name)->values();
  // What the request has without a word first, as the request itself is.
  if (all.empty()) return all;
  const auto is_usual = [&](const std::string& value) {
    return workloads::to_text(workloads::with(r, name, "")) ==
           workloads::to_text(workloads::with(r, name, value));
  };
  std::stable_partition(all.begin(), all.end(), is_usual);
  return all;
}

// What the text says of a choice, by any of its keys.
bool says(const std::string& text, const std::string& name) {
  if (name == "precision")
    return workloads::said(text, "weights") || workloads::said(text, "activations");
  return workloads::said(text, name).has_value();
}

Values names_of_choices(const Request& r) {
  Values all;
  for (const Choice& c : table)
    if (c.of(r)) all.emplace_back(c.name);
  for (const workloads::Key& k : r.kind->keys)
    if (k.choice && std::ranges::find(all, k.name) == all.end()) all.emplace_back(k.name);
  return all;
}

}  // namespace

std::span<const Choice> common_choices() {
  return table;
}

std::vector<Axis> choices_of(const Request& request, const Chip& chip, const Values& wanted,
                             bool numbers) {
  const Values names = names_of_choices(request);
  const std::string text = workloads::to_text(request);
  std::vector<Axis> axes;
  for (const std::string& word : wanted) {
    const std::string name = word.substr(0, word.find('='));
    if (std::ranges::find(names, name) == names.end())
      throw InputError(
          "--choose", fmt::format("'{}' is no choice of kind={}", name, request.kind->name),
          name.find('.') != std::string::npos ? "a parameter of the chip is no user's: anesim sweep"
                                              : choice_note(name, names));
    if (std::ranges::find(axes, name, &Axis::name) != axes.end())
      throw InputError("--choose", fmt::format("'{}' is there twice", name));
    if (says(text, name))
      throw InputError("--choose", fmt::format("the request says {} already", name),
                       "without it in the request");
    if (name != word) {
      axes.push_back(parse_axis(word));
      if (axes.back().continuous())
        throw InputError("--choose " + name, "a range without steps",
                         "FROM..TO:STEP or FROM..TO*FACTOR");
      continue;
    }
    Values values = usual_values(request, chip, name);
    if (values.empty())
      throw InputError("--choose", fmt::format("which values of {}?", name), name + "=A,B");
    axes.push_back(axis_of(name, std::move(values)));
  }
  if (!wanted.empty()) return axes;
  for (const std::string& name : names) {
    const Choice* common = common_choice(request, name);
    if (says(text, name) || (common != nullptr && common->numbers && !numbers)) continue;
    Values values = usual_values(request, chip, name);
    if (values.size() > 1) axes.push_back(axis_of(name, std::move(values)));
  }
  return axes;
}

}  // namespace ane::sim
