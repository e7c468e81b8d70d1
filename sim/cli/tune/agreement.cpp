#include "sim/cli/tune/agreement.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "isa/error.h"
#include "isa/file.h"
#include "isa/status.h"
#include "results/record.h"
#include "sim/cli/options.h"
#include "sim/cli/session.h"
#include "sim/run/mpnn_run.h"
#include "sim/run/readqc/run.h"
#include "sim/run/values_run.h"
#include "workloads/mpnn/structure/structure.h"
#include "workloads/readqc/fastq/fastq.h"
#include "workloads/request/kinds/readqc.h"

namespace ane::sim {
namespace {

namespace po = boost::program_options;
namespace mp = workloads::mpnn;
namespace qc = workloads::readqc;
using workloads::Request;

const kernels::arith::Profile& profile_on(const Target& target) {
  return kernels::arith::profile_named(target.chip.machine().default_profile);
}

// A share that the answers tell; 1 where they are the float32 reference's own.
double share_of(const results::Parts& accuracy, std::initializer_list<std::string_view> names,
                const char* place) {
  for (const results::Part& p : accuracy)
    if (std::ranges::find(names, p.name) != names.end()) return p.value == p.value ? p.value : 1;
  throw InputError(place, "these answers are no choices that could agree", "another phase");
}

std::string text_option(const po::variables_map& given, const char* option, const char* what,
                        const char* place) {
  if (given.count(option) == 0)
    throw InputError(place, fmt::format("agreement is of answers to {}", what),
                     fmt::format("--{} FILE", option));
  return given[option].as<std::string>();
}

mp::Weights weights_of(const po::variables_map& given) {
  return given.count("weights") ? mp::load_weights(given["weights"].as<std::string>())
                                : mp::seeded_weights({});
}

// Of log-probabilities the likeliest residue of each place, of samples each residue.
Agreement of_protein(const po::variables_map& given, const Request& request, const char* place) {
  const std::string file = text_option(given, "pdb", "a structure", place);
  const auto input = std::make_shared<const mp::Input>(mp::to_input(mp::read_structure(file)));
  MpnnPlan plan;
  if (given.count("weights")) {
    plan.weights = weights_of(given);
  } else {
    const auto& work = workloads::work_as<workloads::MpnnWork>(request);
    plan.weights = mp::seeded_weights(work.model());
    print_status("seeded weights: how far an untrained network agrees; --weights FILE\n");
  }
  const auto& work = workloads::work_as<workloads::MpnnWork>(request);
  if (work.residues != input->length())
    throw InputError(
        file, fmt::format("has {} places, the request {} residues", input->length(), work.residues),
        "without residues=");
  const mp::ModelSpec asked = work.model(), &has = plan.weights.spec;
  if (asked.hidden != has.hidden || asked.encoder_layers != has.encoder_layers ||
      asked.decoder_layers != has.decoder_layers || asked.neighbours != has.neighbours)
    throw InputError("--weights", "hold a network of another size than the request",
                     "without hidden=, encoder=, decoder= and k=");
  plan.seed = seed_of(given);
  return [plan, input, place](const Request& r, const Target& target) {
    MpnnPlan own = plan;
    own.request = r;
    return share_of(answer_mpnn(own, {input.get()}, target, profile_on(target)).accuracy,
                    {"top1_agreement", "agreement_with_fp32"}, place);
  };
}

// Reads whose flag is float32's.
Agreement of_reads(const po::variables_map& given, const Request& request, const char* place) {
  const std::string file = text_option(given, "reads", "reads", place);
  const std::string model_file = text_option(given, "model", "reads by a trained model", place);
  const auto model = std::make_shared<const qc::Model>(qc::load_model(model_file));
  const qc::ModelSpec asked = workloads::work_as<workloads::ReadQcWork>(request).spec();
  if (asked.kind != model->spec.kind)
    throw InputError(model_file, "is a model of another name than the request's", "name=");
  qc::FastqReader reader(file);
  const std::int64_t limit = count_of("--limit", given["limit"].as<std::string>(), 1, INT64_MAX);
  const auto reads = std::make_shared<const qc::ReadBatch>(reader.next_batch(limit));
  if (reads->empty()) throw InputError(file, "no read to answer");
  return [model, reads, place](const Request& r, const Target& target) {
    ReadQcPlan plan;
    plan.model = *model;
    plan.formats = r.formats;
    if (plan.formats.activations == "int8") plan.ranges = qc::activation_ranges(*model, *reads);
    plan.batch = std::min<std::int64_t>(plan.batch, reads->size());
    bool given_out = false;
    const ReadQcAnswers answers =
        answer_reads(plan, target, profile_on(target), [&](std::int64_t n) {
          static_cast<void>(n);
          return std::exchange(given_out, true) ? qc::ReadBatch{} : *reads;
        });
    for (const results::Part& p : answers.accuracy)
      if (p.name == "flips_vs_fp32")
        return p.value == p.value ? 1 - p.value / static_cast<double>(answers.reads) : 1.0;
    throw InputError(place, "this model decides nothing", "a model that flags reads");
  };
}

// The likeliest token of each step, of a model of seeded weights.
Agreement of_language(const po::variables_map& given, const Request&, const char* place) {
  const std::uint64_t seed = seed_of(given);
  const std::int64_t answer = given["answer"].as<std::int64_t>();
  if (answer < 1 || answer > 64) throw InputError("--answer", "1 to 64");
  print_status("seeded weights: how far an untrained model agrees\n");
  return [seed, answer, place](const Request& r, const Target& target) {
    const ValuesAnswer values =
        run_values({.request = r, .seed = seed, .answer = answer}, target, profile_on(target));
    return share_of(values.record.totals.accuracy, {"top1_agreement"}, place);
  };
}

struct Answered {
  std::string_view kind;
  Agreement (*agreement)(const po::variables_map&, const Request&, const char* place);
  std::initializer_list<const char*> inputs;
};
constexpr std::initializer_list<const char*> of_mpnn{"pdb", "weights", "seed"},
    of_readqc{"reads", "model", "limit"}, of_llm{"seed", "answer"};
constexpr Answered table[] = {
    {"mpnn", of_protein, of_mpnn}, {"readqc", of_reads, of_readqc}, {"llm", of_language, of_llm}};

}  // namespace

void add_agreement_options(po::options_description& options, bool seed) {
  options.add_options()  //
      ("pdb", po::value<std::string>()->value_name("FILE"),
       "kind=mpnn: the structure whose answers are to agree")  //
      ("weights", po::value<std::string>()->value_name("FILE"),
       "kind=mpnn: .pt or .safetensors; default: seeded, untrained")  //
      ("reads", po::value<std::string>()->value_name("FILE"),
       "kind=readqc: FASTQ whose flags are to agree")  //
      ("model", po::value<std::string>()->value_name("FILE"),
       "kind=readqc: a .safetensors of `anesim train`")  //
      ("limit", po::value<std::string>()->default_value("1000")->value_name("N"),
       "kind=readqc: reads at most")  //
      ("answer", po::value<std::int64_t>()->default_value(8)->value_name("TOKENS"),
       "kind=llm: written behind the prompt, 1 to 64");
  if (seed)
    options.add_options()("seed", po::value<std::int64_t>()->default_value(1),
                          "of samples and of seeded weights");
}

std::string answers_text(const po::variables_map& given) {
  std::string text = fmt::format("seed={}", seed_of(given));
  for (const char* file : {"pdb", "weights", "reads", "model"})
    if (given.count(file) != 0)
      text +=
          fmt::format(" {}={}", file, results::fnv1a_128(read_file(given[file].as<std::string>())));
  return text + fmt::format(" limit={} answer={}", given["limit"].as<std::string>(),
                            given["answer"].as<std::int64_t>());
}

std::string with_inputs(const po::variables_map& given, const std::string& request) {
  if (given.count("pdb") == 0) return request;
  if (workloads::said(request, "kind") != "mpnn")
    throw InputError("--pdb", "a structure is an input of kind=mpnn");
  std::string more = fmt::format(
      "residues={}", mp::to_input(mp::read_structure(given["pdb"].as<std::string>())).length());
  if (given.count("weights")) {
    const mp::ModelSpec has = weights_of(given).spec;
    more += fmt::format(" hidden={} encoder={} decoder={} k={}", has.hidden, has.encoder_layers,
                        has.decoder_layers, has.neighbours);
  }
  return workloads::with_defaults(request, more);
}

Agreement agreement_of(const po::variables_map& given, const Request& request, const char* place) {
  std::vector<std::string> names;
  for (const Answered& a : table) names.push_back(fmt::format("kind={}", a.kind));
  const auto own = std::ranges::find(table, request.kind->name, &Answered::kind);
  if (own == std::end(table))
    throw InputError(
        place,
        fmt::format("kind={} has no answers that could agree: its weights are seeded "
                    "and its outputs decide nothing",
                    request.kind->name),
        fmt::format("{} or {}", fmt::join(names.begin(), names.end() - 1, ", "), names.back()));
  for (const Answered& a : table)
    for (const char* option : a.inputs)
      if (was_given(given, option) &&
          std::ranges::find(own->inputs, std::string_view(option),
                            [](const char* o) { return std::string_view(o); }) == own->inputs.end())
        throw InputError(fmt::format("--{}", option), fmt::format("is of kind={}", a.kind),
                         fmt::format("the request is kind={}", own->kind));
  return own->agreement(given, request, place);
}

}  // namespace ane::sim
