// ONNX files: what is read is bound, and what is bound has shapes and work; small models are
// computed with zeros, by themselves and as the accelerator's graph.
#include "workloads/onnx/onnx.h"

#include "isa/error.h"
#include "tests/fuzz/target.h"
#include "tests/onnx_writer.h"
#include "workloads/model/mapping.h"

namespace ane::fuzz {

void read(std::string_view bytes) {
  using namespace workloads;
  const model::Source source = onnx::parse_onnx(std::string(bytes), "x.onnx");
  model::Binding binding;
  for (const model::Declared& d : source.graph->inputs) {
    model::Shape s;
    for (const model::Dimension& x : d.dims) s.push_back(x.extent >= 0 ? x.extent : 2);
    if (source.graph->constants.count(d.name) == 0) binding.shapes[d.name] = s;
  }
  const model::Model m = model::bind(source, binding);
  double work = 0, elements = 0;
  for (const model::BoundNode& n : m.nodes) {
    const kernels::Work w = model::work_of(*n.op, m.use(n), 2, 2);
    require(w.macs.count >= 0 && w.read.count >= 0 && w.written.count >= 0, "work below nothing");
    work += static_cast<double>(w.macs.count) * static_cast<double>(w.count) +
            static_cast<double>(w.other_flops);
  }
  for (const model::Value& v : m.values)
    elements += static_cast<double>(kernels::elements(v.type.shape));
  const isa::Machine machine;
  const model::Mapped mapped = model::map_model(m, {.machine = machine});
  for (const workloads::Node& n : mapped.graph.nodes) n.op->refuse(mapped.graph.call(n), machine);
  if (work > 1e7 || elements > 1e6) return;
  for (std::size_t k = 0; k < m.inputs.size(); ++k) {
    const model::Type& t = m.values[static_cast<std::size_t>(m.inputs[k])].type;
    binding.inputs[m.input_names[k]] = std::make_shared<model::Array>(t.dtype, t.shape);
  }
  const auto outputs = model::evaluate(source, binding);
  if (!m.notes.empty()) return;  // their shapes depend on values
  for (std::size_t k = 0; k < outputs.size(); ++k)
    require(outputs[k].second->type.dtype ==
                m.values[static_cast<std::size_t>(m.outputs[k])].type.dtype,
            "computed as another type than it was bound to");
}

std::vector<std::string> seeds() {
  return {onnx_writer::classifier(false), onnx_writer::classifier(true)};
}

}  // namespace ane::fuzz
