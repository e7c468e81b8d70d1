#include "workloads/request/kinds/mpnn.h"

#include <fmt/format.h>

#include <algorithm>

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
Stage host_features(std::int64_t length, std::int64_t k, std::int64_t batch) {
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
  static constexpr std::string_view names[] = {"forward", "uncond",      "conditional", "sample",
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

double MpnnWork::parameters() const {
  return real(mpnn::parameter_count(model()));
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
  if (phase == MpnnPhase::attention) {
    if (bucket > 0 || r.batch > 1 || !fused || literal || gather != GatherBy::automatic)
      throw InputError(place, "attention over all residues takes one protein as it is",
                       "phase=forward");
  } else if (flash_attention) {
    throw InputError(place, "flash_attention is of phase=attention", "phase=attention");
  }
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
    job.stages.push_back(host_features(residues, near, 1));
    job.stages.push_back(host_head(residues, hidden, 1));
    return job;
  }
  if (target.form == Form::framework && !target.programs) {
    if (literal || !fused || gather != GatherBy::automatic)
      throw InputError("request", "literal, fused and gather are of the accelerator's graph",
                       "form=accelerator");
    return {.stages = {{.work = mpnn_operators(*this, r)}}};
  }
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
  const auto add = [&](const mpnn::GraphOptions& options, const char* name, double calls) {
    job.stages.push_back({.name = name,
                          .work = mpnn::build_graph(model(), options),
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
      job.stages.push_back(host_features(places(), near, batch));
  };
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
