#include "workloads/request/kinds/mpnn.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "isa/error.h"
#include "workloads/mpnn/graph/sampling.h"
#include "workloads/mpnn/seeded.h"
#include "workloads/request/fp16_layers.h"

namespace ane::workloads {
namespace {

double real(std::int64_t v) {
  return static_cast<double>(v);
}

// Features and the selection of neighbours by the host: 25 distances of 9 operations and 400 radial
// basis functions of 5 a pair, 9 operations a distance of the selection.
Stage features_stage(std::int64_t length, std::int64_t k, std::int64_t batch) {
  return {.name = "host features",
          .place = Stage::Place::host,
          .work = WorkList{
              {.kind = kernels::WorkKind::elementwise,
               .other_flops = batch * (length * k * (25 * 9 + 25 * 16 * 5) + length * length * 9),
               .read = Bytes{batch * (length * 48 + length * length * 4)},
               .written = Bytes{batch * length * k * mpnn::edge_inputs * 2},
               .name = "features"}}};
}

// hidden x 21 products and log-softmax of so many places.
Stage host_head(std::int64_t places, std::int64_t hidden, double calls) {
  kernels::Work w = product(places, mpnn::vocabulary, hidden, 4, 4);
  w.other_flops = places * mpnn::vocabulary * 10;
  w.name = "head";
  return {.name = "host head", .place = Stage::Place::host, .work = WorkList{w}, .calls = calls};
}

// Which layers have a range decides time, not its value: those of a small network of as many
// layers.
std::map<std::string, float> named_ranges(const mpnn::ModelSpec& spec) {
  const mpnn::Weights weights = mpnn::seeded_weights({.hidden = 8,
                                                      .encoder_layers = spec.encoder_layers,
                                                      .decoder_layers = spec.decoder_layers,
                                                      .neighbours = 4});
  return mpnn::calibrate(weights, {mpnn::seeded_helix(4)});
}

}  // namespace

std::span<const std::string_view> names_of(MpnnPhase) {
  static constexpr std::string_view names[] = {"forward", "uncond",      "conditional",
                                               "sample",  "speculate",   "diffuse",
                                               "encode",  "decode_step", "attention"};
  return names;
}
std::span<const std::string_view> names_of(GatherBy) {
  static constexpr std::string_view names[] = {"automatic", "texture", "one_hot", "host"};
  return names;
}

mpnn::ModelSpec MpnnWork::model() const {
  return {.hidden = static_cast<int>(hidden),
          .encoder_layers = static_cast<int>(encoder),
          .decoder_layers = static_cast<int>(decoder),
          .neighbours = static_cast<int>(k)};
}

mpnn::GraphOptions MpnnWork::graph_options(const Request& r, const isa::Machine& machine) const {
  mpnn::GraphOptions o;
  o.pass = phase == MpnnPhase::uncond        ? mpnn::Pass::unconditional
           : phase == MpnnPhase::encode      ? mpnn::Pass::encode
           : phase == MpnnPhase::decode_step ? mpnn::Pass::step
                                             : mpnn::Pass::score;
  o.length = places();
  o.batch = r.batch;
  o.gather = gather == GatherBy::texture   ? mpnn::Gather::texture
             : gather == GatherBy::one_hot ? mpnn::Gather::one_hot
             : gather == GatherBy::host    ? mpnn::Gather::host
             : machine.texture_unit        ? mpnn::Gather::texture
                                           : mpnn::Gather::one_hot;
  o.factored = !literal;
  o.weights = stream_format(r.formats.weights);
  return o;
}

mpnn::FlashOptions MpnnWork::flash_options() const {
  mpnn::FlashOptions o;
  o.length = residues;
  if (!flash_attention) o.block = 0;
  return o;
}

double MpnnWork::rounds() const {
  const double a = accept.value_or(0), drafted = real(ahead + 1);
  const double stand = a == 1 ? drafted : (1 - std::pow(a, drafted)) / (1 - a);
  // Even the shortest protein is judged once.
  return std::max(1.0, real(residues) / stand);
}

MpnnWork MpnnWork::draft() const {
  MpnnWork small = *this;
  small.phase = MpnnPhase::sample;
  small.hidden = draft_hidden;
  small.encoder = draft_encoder;
  small.decoder = draft_decoder;
  small.featurise = false;  // those of the other network
  return small;
}

double MpnnWork::parameters() const {
  const double own = real(mpnn::parameter_count(model()));
  return phase == MpnnPhase::speculate ? own + real(mpnn::parameter_count(draft().model())) : own;
}

void MpnnWork::check(const Request& r, const std::string& place) const {
  mpnn::check(model());
  if (bucket > 0 && residues > bucket)
    throw InputError(place,
                     fmt::format("{} residues do not fit in a bucket of {}", residues, bucket),
                     fmt::format("bucket={} or more", residues));
  // All pairs of residues are looked at, and each edge passes every layer.
  constexpr double most = 1e18;
  const double all = real(r.batch) * real(places()), width = std::max(128.0, real(hidden));
  const double work =
      all * width *
      (real(places()) + 12 * width * real(encoder + decoder) * real(std::min(k, places())));
  if (!(work <= most))
    throw InputError(place,
                     fmt::format("{:.3g} operations are too many: residues={} batch={}", work,
                                 residues, r.batch),
                     fmt::format("at most {:g}: a smaller batch", most));
  const MpnnWork plain;
  if (phase == MpnnPhase::speculate) {
    if (!accept)
      throw InputError(place, "how many drafted residues stand is measured nowhere for ProteinMPNN",
                       "accept=0.7, as an assumption of your own");
    mpnn::check(draft().model());
  } else if (accept || ahead != plain.ahead || draft_hidden != plain.draft_hidden ||
             draft_encoder != plain.draft_encoder || draft_decoder != plain.draft_decoder) {
    throw InputError(place, "ahead, accept and draft_* are of phase=speculate", "phase=speculate");
  }
  if (phase == MpnnPhase::speculate && ahead >= residues)
    throw InputError(place, fmt::format("ahead={} of {} residues", ahead, residues),
                     "fewer residues ahead than the protein has");
  if (phase == MpnnPhase::diffuse && !passes)
    throw InputError(place, "how many passes does the diffusion take?", "passes=20");
  if (phase != MpnnPhase::diffuse && passes)
    throw InputError(place, "passes is of phase=diffuse", "phase=diffuse");
  if (host_features && (!featurise || phase == MpnnPhase::decode_step))
    throw InputError(place, "there are no features to put on the host", "without host_features");
  if (phase == MpnnPhase::attention) {
    if (bucket > 0 || r.batch > 1 || !fused || literal || gather != GatherBy::automatic ||
        !featurise || host_features || context_layers > 0)
      throw InputError(place, "attention over all residues takes one protein as it is",
                       "phase=forward");
  } else if (flash_attention) {
    throw InputError(place, "flash_attention is of phase=attention", "phase=attention");
  }
}

// Operators of a CPU or GPU.
Job MpnnWork::framework_job(const Request& r) const {
  Job job;
  const auto add = [&](std::string name, WorkList work, double calls) {
    job.stages.push_back({.name = std::move(name), .work = std::move(work), .calls = calls});
  };
  const auto part = [&](const MpnnWork& of, MpnnPhase its) {
    MpnnWork work = of;
    work.phase = its;
    if (host_features) work.featurise = false;
    return work;
  };
  if (phase == MpnnPhase::speculate || phase == MpnnPhase::diffuse) {
    Request one = r;  // the samples share one encoded protein
    one.batch = 1;
    add("encoder", mpnn_operators(part(*this, MpnnPhase::encode), one), 1);
    if (phase == MpnnPhase::diffuse) {
      add("denoise", mpnn_decoder_operators(*this, r), real(*passes));
    } else {
      const MpnnWork small = draft();
      add("draft encoder", mpnn_operators(part(small, MpnnPhase::encode), one), 1);
      add("draft", mpnn_operators(part(small, MpnnPhase::decode_step), r), rounds() * real(ahead));
      add("judge", mpnn_decoder_operators(*this, r), rounds());
    }
  } else {
    add("", mpnn_operators(part(*this, phase), r), 1);
  }
  if (host_features)
    job.stages.insert(job.stages.begin(),
                      {.name = "host features",
                       .place = Stage::Place::host,
                       .work = mpnn_feature_operators(*this, one_protein() ? 1 : r.batch, 4)});
  return job;
}

Job MpnnWork::job(const Request& r, const JobFor& target) const {
  if (target.seed)
    throw InputError("request", "a protein's values need its structure",
                     "anesim run mpnn --pdb FILE");
  const std::int64_t near = std::min(k, places());
  if (phase == MpnnPhase::attention) {
    if (bytes_of(r.formats.weights) < 2 || r.formats.activations == "int8")
      throw InputError("weights", "attention over all residues keeps its weights in floats",
                       "fp16");
    mpnn::FlashOptions o = flash_options();
    o.with_values = false;
    Job job{.stages = {{.work = mpnn::flash_graph(mpnn::shapes_of(model()), o)}}};
    job.stages.push_back(features_stage(residues, near, 1));
    job.stages.push_back(host_head(residues, hidden, 1));
    return job;
  }
  if (target.form == Form::framework && !target.programs) {
    if (literal || !fused || gather != GatherBy::automatic)
      throw InputError("request", "literal, fused and gather are of the accelerator's graph",
                       "form=accelerator");
    return framework_job(r);
  }
  if (host_features)
    throw InputError("request", "the accelerator's features are on the host already",
                     "unit=gpu, or without host_features");
  if (context_layers > 0)
    throw InputError("request", "context layers have no graph here", "form=framework unit=gpu");
  // The framework's form on the accelerator: its layers as written, its features on the host.
  const bool written = target.form == Form::framework;
  mpnn::GraphOptions o = graph_options(r, target.machine);
  o.with_values = false;
  if (written) o.factored = false;
  const Numbers numbers = target.programs ? numbers_of(r.formats, target.machine) : Numbers{};
  o.weights = numbers.weights;
  o.codes = numbers.codes;
  if (numbers.int8_activations) o.ranges = named_ranges(model());
  std::erase_if(o.ranges,
                [&](const auto& range) { return names_layer(r.formats.fp16_layers, range.first); });
  Job job;
  const auto add = [&](const mpnn::GraphOptions& options, const char* name, double calls,
                       const MpnnWork* of = nullptr) {
    job.stages.push_back({.name = name,
                          .work = mpnn::build_graph((of != nullptr ? *of : *this).model(), options),
                          .calls = calls,
                          .keep_in_l2 = fused});
  };
  const auto add_features = [&](std::int64_t batch) {
    if (!featurise) return;
    if (written)
      job.stages.push_back({.name = "host features",
                            .place = Stage::Place::host,
                            .work = mpnn_feature_operators(*this, batch, 4)});
    else
      job.stages.push_back(features_stage(places(), near, batch));
  };
  if (phase == MpnnPhase::speculate || phase == MpnnPhase::diffuse) {
    const bool speculate = phase == MpnnPhase::speculate;
    const MpnnWork small = draft();
    const double judged = speculate ? rounds() : real(*passes), drafted = judged * real(ahead);
    add(mpnn::encode_options(o, 1), "encoder", 1);
    if (speculate) {
      add(mpnn::encode_options(o, 1), "draft encoder", 1, &small);
      add(mpnn::step_options(o), "draft", drafted, &small);
    }
    add(mpnn::decode_options(o), speculate ? "judge" : "denoise", judged);
    add_features(1);
    if (speculate) job.stages.push_back(host_head(r.batch, small.hidden, drafted));
    job.stages.push_back(host_head(places() * r.batch, hidden, judged));
    return job;
  }
  if (one_protein()) {
    // The encoder of one protein once; then calls of all samples, or of `batch` places.
    add(mpnn::encode_options(o, 1), "encoder", 1);
    const double calls = samples() ? real(residues) : real((residues + r.batch - 1) / r.batch);
    add(samples() ? mpnn::step_options(o) : mpnn::decode_options(o), samples() ? "step" : "decoder",
        calls);
    add_features(1);
    job.stages.push_back(host_head(samples() ? r.batch : places() * r.batch, hidden, calls));
    return job;
  }
  add(o, "", 1);
  if (phase != MpnnPhase::decode_step) add_features(r.batch);
  if (phase != MpnnPhase::encode)
    job.stages.push_back(
        host_head(phase == MpnnPhase::decode_step ? r.batch : places() * r.batch, hidden, 1));
  return job;
}

namespace kind {
extern const Kind mpnn;
constinit const Kind mpnn = kind_of<MpnnWork>("mpnn", "ProteinMPNN", "residue");
}  // namespace kind

}  // namespace ane::workloads
