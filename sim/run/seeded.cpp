#include "sim/run/seeded.h"

#include <algorithm>
#include <cmath>

namespace ane::sim {

namespace qc = workloads::readqc;

qc::ReadBatch seeded_reads(std::int64_t count, std::uint64_t seed) {
  qc::Random random(seed);
  qc::ReadBatch batch;
  batch.reserve(count);
  std::string bases;
  std::vector<std::uint8_t> qualities;
  for (std::int64_t r = 0; r < count; ++r) {
    const auto length = 40 + random.below(111);
    const float mean = 8 + 30 * random.uniform(), fall = 10 * random.uniform();
    bases.clear();
    qualities.clear();
    for (std::uint64_t i = 0; i < length; ++i) {
      const float along = static_cast<float>(i) / static_cast<float>(length);
      const float q = mean + fall * (0.5F - along) + 8 * (random.uniform() - 0.5F);
      qualities.push_back(static_cast<std::uint8_t>(std::clamp(q, 2.0F, 41.0F)));
      const bool unknown = random.below(200) == 0;
      bases += unknown ? 'N' : "ACGT"[random.below(4)];
    }
    qc::append_read(batch, bases, qualities);
    batch.records.back() = r + 1;
  }
  return batch;
}

qc::Model seeded_model(qc::ModelKind kind, std::uint64_t seed) {
  qc::Model model = qc::make_model({.kind = kind});
  if (kind == qc::ModelKind::biometal) return model;
  // A model without epochs counts as one without values.
  model.training.epochs = 1;
  model.training.source = "seeded";
  qc::Random random(seed);
  for (const qc::Layer& layer : model.layers)
    for (const char* part : {"weight", "bias"}) {
      const auto at = model.parameters.find(layer.name + "." + part);
      if (at == model.parameters.end()) continue;
      const float span =
          part[0] == 'b'
              ? 0.1F
              : std::sqrt(6.0F / static_cast<float>(layer.in * layer.kernel + layer.out));
      for (float& v : at->second.as<float>()) v = span * (2 * random.uniform() - 1);
    }
  return model;
}

workloads::mpnn::Input seeded_helix(std::int64_t length) {
  workloads::mpnn::Input in;
  in.real = length;
  for (std::int64_t i = 0; i < length; ++i) {
    for (const double phase : {-0.5, 0.0, 0.45, 0.5}) {  // N, CA, C, O along the turn
      const double t = 1.7453 * static_cast<double>(i) + phase;
      in.atoms.push_back(static_cast<float>(2.3 * std::cos(t)));
      in.atoms.push_back(static_cast<float>(2.3 * std::sin(t)));
      in.atoms.push_back(static_cast<float>(1.5 * static_cast<double>(i) + phase));
    }
    in.residue_index.push_back(static_cast<std::int32_t>(i));
    in.sequence.push_back(static_cast<std::int32_t>(i % 20));
  }
  in.mask.assign(static_cast<std::size_t>(length), 1.0F);
  in.designed = in.mask;
  in.chain_code.assign(static_cast<std::size_t>(length), 1);
  return in;
}

}  // namespace ane::sim
