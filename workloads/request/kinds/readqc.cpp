#include "workloads/request/kinds/readqc.h"

#include "isa/error.h"
#include "workloads/request/fp16_layers.h"

namespace ane::workloads {

readqc::ModelSpec ReadQcWork::spec() const {
  return {.kind = readqc::model_kind_named(name_),
          .rule = readqc::rule_named(rule),
          .k = k,
          .dim = dim,
          .overlapping = !separate};
}

void ReadQcWork::check(const Request& r, const std::string& place) const {
  constexpr std::int64_t most_reads = 65536;
  if (r.batch > most_reads)
    throw InputError(place, std::to_string(r.batch) + " reads a call is out of range",
                     "1 to 65536");
  const ReadQcWork plain;
  if (spec().kind != readqc::ModelKind::kmer &&
      (k != plain.k || dim != plain.dim || separate != plain.separate))
    throw InputError(place, "k, dim and separate are of the k-mer model", "name=kmer");
  readqc::make_model(spec());
}

double ReadQcWork::parameters() const {
  return static_cast<double>(readqc::make_model(spec()).parameter_count());
}

ReadQcNumbers readqc_numbers(const Formats& formats, const isa::Machine& machine) {
  const Numbers n = numbers_of(formats, machine);
  if (n.int8_activations) return {.precision = readqc::Precision::w8a8, .weights = n.codes};
  if (n.weights == isa::KernelFormat::int8c) return {.precision = readqc::Precision::int8_weights};
  return {.weights = n.weights};
}

Job ReadQcWork::job(const Request& r, const JobFor& target) const {
  if (target.seed)
    throw InputError("request", "a model's answers need reads", "anesim run readqc --reads FILE");
  const readqc::Model model = readqc::make_model(spec());
  const ReadQcNumbers n =
      target.programs ? readqc_numbers(r.formats, target.machine) : ReadQcNumbers{};
  // Time does not depend on the ranges' values.
  const std::vector<float> ranges(n.precision == readqc::Precision::w8a8 ? model.layers.size() : 0,
                                  1.0F);
  return {.stages = {{.work = readqc::build_graph(model, r.batch, n.precision, ranges, n.weights,
                                                  [&](const std::string& layer) {
                                                    return names_layer(r.formats.fp16_layers,
                                                                       layer);
                                                  })}}};
}

namespace kind {
extern const Kind readqc;
constinit const Kind readqc = kind_of<ReadQcWork>("readqc", "a read quality model", "read");
}  // namespace kind

}  // namespace ane::workloads
