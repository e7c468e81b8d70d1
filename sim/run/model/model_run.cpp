#include "sim/run/model/model_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "isa/error.h"
#include "sim/price/price.h"
#include "sim/run/digest.h"
#include "sim/run/error_metrics.h"
#include "sim/run/framework_run.h"
#include "sim/run/machine_run.h"
#include "workloads/graph/evaluate.h"
#include "workloads/graph/join.h"
#include "workloads/graph/seeded_values.h"
#include "workloads/graph/static_quantise.h"
#include "workloads/request/file/model.h"
#include "workloads/request/fp16_layers.h"

namespace ane::sim {
namespace {

namespace md = workloads::model;
using Outputs = std::vector<std::pair<std::string, md::Data>>;

// A tensor of the model as the graph holds it, and back.
struct Walked {
  md::Shape shape;
  std::vector<std::int64_t> strides;  // in the model's tensor, in the order of the layout
  explicit Walked(const md::Port& p) {
    const auto own = md::strides_of(p.type.shape);
    for (const int d : p.layout.order()) {
      shape.push_back(p.type.shape[static_cast<std::size_t>(d)]);
      strides.push_back(own[static_cast<std::size_t>(d)]);
    }
  }
};
kernels::Tensor to_graph(const md::Array& a, const md::Port& p) {
  const kernels::Extents e = md::extents_of(p.type.shape, p.layout);
  const md::Dtype type = p.type.dtype;
  const kernels::Format format = a.real() || type == md::Dtype::boolean ? kernels::Format::fp32
                                 : md::info(type).bytes == 1            ? kernels::Format::i8
                                                                        : kernels::Format::i32;
  kernels::Tensor t(format, {e.n, e.c, e.h, e.w});
  const Walked w(p);
  md::walk(w.shape, w.strides, [&](std::int64_t at, std::int64_t from) {
    kernels::set_element(t, at, a.number(from) - md::code_shift(type));
  });
  return t;
}
md::Data from_graph(const kernels::Tensor& t, const md::Port& p) {
  auto a = std::make_shared<md::Array>(p.type.dtype, p.type.shape);
  const Walked w(p);
  md::walk(w.shape, w.strides, [&](std::int64_t at, std::int64_t from) {
    a->set(from, kernels::element(t, at) + md::code_shift(p.type.dtype));
  });
  md::settle(*a);
  return a;
}

std::vector<float> floats(const md::Array& a) {
  if (a.real()) return a.f;
  std::vector<float> f;
  for (const std::int64_t v : a.i) f.push_back(static_cast<float>(v));
  return f;
}

class ModelRun {
 public:
  ModelRun(const ModelPlan& plan, const Target& target, const kernels::arith::Profile& profile)
      : plan_(plan),
        target_(target),
        profile_(profile),
        work_(workloads::work_as<workloads::ModelFile>(plan.request)) {}

  ModelAnswer answer() {
    if (!work_.without.empty())
      throw InputError("without", "leaves out what the values come from", "a price alone");
    if (!work_.buckets.empty())
      throw InputError("buckets", "pads what is priced; values are of the extents themselves",
                       "without buckets");
    const md::Binding binding = with_inputs();
    Outputs exact = md::evaluate(*work_.source(), binding);
    const bool reference = target_.unit == Unit::cpu && plan_.request.formats.activations == "fp32";
    answer_.outputs = reference ? exact : on_unit(binding, exact);
    Digest inputs, outputs;
    for (const auto& [name, data] : binding.inputs) add(inputs, *data);
    for (const auto& [name, data] : answer_.outputs) add(outputs, *data);
    answer_.record =
        record_of(plan_.request, target_, price(plan_.request, target_, Detail::operators),
                  {.values = fmt::format("inputs={}", inputs.hex()),
                   .profile = target_.unit == Unit::ane ? std::string(profile_.name) : ""});
    results::Totals& t = answer_.record.totals;
    if (!reference) compare(exact, t.accuracy);
    t.digest = outputs.hex();
    for (std::string& n : notes_) answer_.record.notes.push_back(std::move(n));
    return std::move(answer_);
  }

 private:
  static void add(Digest& digest, const md::Array& a) {
    digest.add(std::span<const float>(a.f));
    digest.add(std::span<const std::int64_t>(a.i));
  }

  // Those that are given, those that the request knows, and seeded ones for the rest.
  md::Binding with_inputs() {
    md::Binding b = work_.binding(plan_.request.batch);
    const auto model = work_.bound(plan_.request.batch);
    for (const auto& [name, data] : plan_.inputs) b.inputs[name] = data;
    for (std::size_t k = 0; k < model->inputs.size(); ++k) {
      const std::string& name = model->input_names[k];
      if (b.inputs.count(name) != 0) continue;
      const md::Type& type = model->values[static_cast<std::size_t>(model->inputs[k])].type;
      if (!md::is_real(type.dtype))
        throw InputError(name, fmt::format("has no values ({})", md::to_string(type)),
                         fmt::format("--input {}=FILE.npy", name));
      workloads::SeededValues values(plan_.seed + k);
      auto a = std::make_shared<md::Array>(type.dtype, type.shape);
      a->f = values.uniform(a->size(), 0, 1);
      md::settle(*a);
      b.inputs[name] = std::move(a);
      answer_.seeded.push_back(name);
    }
    return b;
  }

  // An input that the file gives constants for is a constant, of these or of what is given. The
  // price is that of the file's, so it must not hang on which.
  std::shared_ptr<const md::Model> bound() const {
    const auto source = work_.source();
    const auto priced = work_.bound(plan_.request.batch);
    md::Binding other = work_.binding(plan_.request.batch);
    std::string given;
    for (const auto& [name, data] : plan_.inputs)
      if (source->graph->constants.count(name) != 0) other.inputs[name] = data, given = name;
    if (given.empty()) return priced;
    auto model = std::make_shared<const md::Model>(md::bind(*source, other));
    if (!std::ranges::equal(model->values, priced->values, {}, &md::Value::type, &md::Value::type))
      throw InputError("--input",
                       fmt::format("other values of '{}' give other shapes than the file's", given),
                       "a file with these values as its constant");
    return model;
  }

  Outputs on_unit(const md::Binding& binding, const Outputs& exact) {
    const auto model = bound();
    const bool ane = target_.unit == Unit::ane;
    isa::Machine machine = target_.chip.machine();
    FrameworkFormats formats;
    if (!ane) formats = framework_formats(plan_.request.formats);
    const workloads::Numbers numbers =
        ane ? workloads::numbers_of(plan_.request.formats, machine) : workloads::Numbers{};
    md::Mapped mapped = md::map_model(
        *model,
        {.machine = machine, .weights = ane ? numbers.weights : formats.weights, .values = true});
    workloads::Tensors inputs;
    for (const md::Port& p : mapped.inputs)
      inputs[p.name] = to_graph(*binding.inputs.at(p.given), p);
    if (ane ? numbers.int8_activations : formats.int8) {
      mapped.graph = workloads::statically_quantised(
          mapped.graph, ane ? numbers.codes : isa::KernelFormat::i8,
          workloads::activation_ranges(mapped.graph, inputs), [&](const std::string& layer) {
            return workloads::names_layer(plan_.request.formats.fp16_layers, layer);
          });
      notes_.emplace_back("INT8 activations have the ranges of these inputs");
    }
    const workloads::Graph graph = workloads::joined(mapped.graph);
    workloads::Tensors values;
    if (ane) {
      MachineRun run(graph, target_.chip, profile_, {.threads = plan_.threads});
      values = run.run(std::move(inputs));
      if (run.uses_cpu())
        notes_.emplace_back("operators on the CPU compute in float32; what crosses back is fp16");
    } else {
      values = workloads::evaluate(graph, kernels::framework_arithmetic(formats.storage), inputs);
    }
    Outputs out;
    for (const auto& [name, data] : exact) {
      const auto port = std::ranges::find(mapped.outputs, name, &md::Port::given);
      // What no input reaches is a constant.
      out.emplace_back(
          name, port == mapped.outputs.end() ? data : from_graph(values.at(port->name), *port));
    }
    return out;
  }

  void compare(const Outputs& exact, results::Parts& accuracy) const {
    ErrorMetrics errors;
    for (std::size_t k = 0; k < exact.size(); ++k)
      errors.add(floats(*exact[k].second), floats(*answer_.outputs[k].second));
    // A classifier gives a row of scores an item.
    const md::Array& first = *exact[0].second;
    if (const md::Shape& s = first.type.shape;
        first.real() && s.size() == 2 && s[1] > 1 && s[0] > 0) {
      const auto best = [&](const md::Array& a, std::int64_t row) {
        const auto begin = a.f.begin() + row * s[1];
        return std::max_element(begin, begin + s[1]) - begin;
      };
      double same = 0;
      for (std::int64_t row = 0; row < s[0]; ++row)
        same += best(first, row) == best(*answer_.outputs[0].second, row) ? 1 : 0;
      accuracy.push_back({"top1_agreement", same / static_cast<double>(s[0])});
    }
    errors.append_to(accuracy);
  }

  const ModelPlan& plan_;
  const Target& target_;
  const kernels::arith::Profile& profile_;
  const workloads::ModelFile& work_;
  ModelAnswer answer_;
  std::vector<std::string> notes_;
};

}  // namespace

ModelAnswer run_model(const ModelPlan& plan, const Target& target,
                      const kernels::arith::Profile& profile) {
  return ModelRun(plan, target, profile).answer();
}

}  // namespace ane::sim
