// anesim export: a built-in network, a read-QC model or ProteinMPNN as an ONNX file.
//
//   $ anesim export resnet50 resnet50.onnx
//   resnet50.onnx: 102.1 MB, 56 operators, 25.5 million parameters (seed 1)
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "isa/error.h"
#include "isa/file.h"
#include "results/document.h"
#include "results/text.h"
#include "sim/cli/commands.h"
#include "sim/cli/session.h"
#include "sim/cli/subject/subject.h"
#include "workloads/onnx/write.h"
#include "workloads/request/job.h"
#include "workloads/request/kinds/mpnn.h"
#include "workloads/request/kinds/readqc.h"

namespace ane::sim {
namespace {

namespace po = boost::program_options;
namespace qc = workloads::readqc;
namespace mp = workloads::mpnn;

void refuse_codes(const workloads::Request& r) {
  if (r.formats.activations != "fp16" || r.formats.weights != "fp16")
    throw InputError("precision", "INT8 layers of this workload need ranges of its own inputs",
                     "fp16");
}

// A file holds the accelerator's graph, and nothing of how it is run.
void refuse_conditions(const workloads::Request& r) {
  if (r.conditions.unit.value_or(workloads::Unit::ane) != workloads::Unit::ane)
    throw InputError("unit", "what is written is the accelerator's graph", "unit=ane");
  workloads::Conditions plain;
  plain.unit = r.conditions.unit;
  if (r.conditions != plain)
    throw InputError(workloads::to_text(r), "says how a call is run, which no ONNX file holds",
                     "what shapes the graph: the network's own keys, batch, weights, activations");
}

workloads::Graph readqc_graph(const workloads::Request& r, const std::string& weights,
                              std::uint64_t seed) {
  refuse_codes(r);
  const auto& work = workloads::work_as<workloads::ReadQcWork>(r);
  const qc::Model plain = qc::make_model(work.spec());
  const qc::Model model =
      weights.empty() ? qc::seeded_model(plain.spec.kind, seed) : qc::load_model(weights);
  const qc::ModelSpec &is = model.spec, &asked = plain.spec;
  if (is.kind != asked.kind || is.k != asked.k || is.dim != asked.dim ||
      is.overlapping != asked.overlapping)
    throw InputError(weights.empty() ? "request" : weights,
                     "is a read-QC model of another kind or size than the request says",
                     "--weights FILE of `anesim train readqc`, and its name in the request");
  return qc::build_graph(model, r.batch);
}

workloads::Graph mpnn_graph(const workloads::Request& r, const isa::Machine& machine,
                            const std::string& file, std::uint64_t seed) {
  refuse_codes(r);
  const auto& work = workloads::work_as<workloads::MpnnWork>(r);
  if (work.phase != workloads::MpnnPhase::forward && work.phase != workloads::MpnnPhase::uncond &&
      work.phase != workloads::MpnnPhase::encode)
    throw InputError("phase", "is more than one graph", "forward, uncond or encode");
  mp::Weights weights =
      file.empty() ? mp::seeded_weights(work.model(), seed) : mp::load_weights(file);
  mp::ModelSpec asked = work.model();
  asked.neighbours = weights.spec.neighbours;
  if (weights.spec != asked)
    throw InputError(file, "is a network of another size than the request says",
                     "hidden, encoder and decoder of these weights");
  weights.spec.neighbours = work.model().neighbours;
  mp::GraphOptions options = work.graph_options(r, machine);
  options.with_values = true;
  return mp::build_graph(weights, options);
}

workloads::Graph graph_with_values(const workloads::Request& r, const isa::Machine& machine,
                                   const std::string& weights, std::uint64_t seed) {
  const std::string_view kind = r.kind->name;
  if (kind == "readqc") return readqc_graph(r, weights, seed);
  if (kind == "mpnn") return mpnn_graph(r, machine, weights, seed);
  if (!weights.empty())
    throw InputError("--weights", fmt::format("kind={} has no files of weights", kind),
                     "--seed N: seeded ones");
  if (kind == "model")
    throw InputError("request", "is an ONNX file already", "a network by name: `anesim models`");
  return workloads::graph_of(r, machine, seed);
}

}  // namespace

int run_export(const Arguments& arguments) {
  CommandLine line{
      .name = "export",
      .usage =
          "NETWORK|REQUEST FILE.onnx [options]\n\nWrites the accelerator's graph "
          "as an ONNX file of opset 20 that any runtime runs, with\nseeded weights or those "
          "of a file; read again it gives the same bits.",
      .options = po::options_description("options"),
      .positional = "what",
      .examples = {"anesim export resnet50 resnet50.onnx",
                   "anesim export kind=readqc name=cnn batch=100 qc.onnx"}};
  line.options.add_options()  //
      ("chip", po::value<std::string>()->default_value(default_chip)->value_name("NAME"),
       "whose limits shape the graph; see `anesim chips`")  //
      ("set", po::value<std::vector<std::string>>()->composing()->value_name("PATH=VALUE"),
       "override of the chip: ane.l2=4MiB")  //
      ("weights", po::value<std::string>()->default_value("")->value_name("FILE"),
       "of readqc (.safetensors) and mpnn (.pt, .safetensors); default: seeded, untrained")  //
      ("seed", po::value<std::int64_t>()->default_value(1), "of seeded weights")             //
      ("json", "print what was written as JSON");
  const auto given = parse(std::move(line), arguments);
  if (!given) return 0;
  auto words = given->count("what") != 0 ? (*given)["what"].as<std::vector<std::string>>()
                                         : std::vector<std::string>{};
  if (words.size() < 2)
    throw InputError("anesim export", "what, and into which file?",
                     "anesim export resnet50 resnet50.onnx");
  const std::string path = words.back();
  if (!path.ends_with(".onnx"))
    throw InputError(path, "is no name of an ONNX file", path + ".onnx");
  words.pop_back();
  const std::vector<std::string> texts = requests_of(words);
  if (texts.size() != 1)
    throw InputError("anesim export", fmt::format("{} requests for one file", texts.size()),
                     "one of them");
  const workloads::Request request = workloads::parse_request(texts[0]);
  const std::string weights = (*given)["weights"].as<std::string>();
  if (!weights.empty()) refuse_beside(*given, "--weights", {"seed"}, "the values are the file's");
  refuse_conditions(request);
  if (!weights.empty() && same_file(weights, path))
    throw InputError(path, "holds the weights that are read", "another file");
  const std::uint64_t seed = seed_of(*given);
  const Chip chip = load_chip((*given)["chip"].as<std::string>(), overrides_of(*given));
  const workloads::Graph graph = graph_with_values(request, chip.machine(), weights, seed);
  const std::string bytes = workloads::onnx::write_onnx(graph);
  write_file(path, bytes);
  double parameters = 0;
  for (const workloads::Node& n : graph.nodes)
    if (n.parameters)
      parameters += static_cast<double>(n.parameters->count() +
                                        (n.parameters->has_bias ? n.parameters->cout : 0));
  const std::string from = weights.empty() ? fmt::format("seed {}", seed) : weights;
  if (given->count("json") != 0) {
    fmt::print("{}", results::document({{"exported",
                                         {{"file", path},
                                          {"request", workloads::to_text(request)},
                                          {"file_bytes", bytes.size()},
                                          {"operators", graph.nodes.size()},
                                          {"parameter_count", parameters},
                                          {"weights", from}}}}));
    return 0;
  }
  fmt::print("{}: {:.1f} MB, {} operators, {:.3g} million parameters ({})\n", path,
             static_cast<double>(bytes.size()) / 1e6, graph.nodes.size(), parameters / 1e6, from);
  return 0;
}

}  // namespace ane::sim
