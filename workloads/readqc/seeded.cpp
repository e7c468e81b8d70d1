#include <algorithm>
#include <cmath>

#include "workloads/readqc/model.h"

namespace ane::workloads::readqc {

ReadBatch seeded_reads(std::int64_t count, std::uint64_t seed) {
  Random random(seed);
  ReadBatch batch;
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
    append_read(batch, bases, qualities);
    batch.records.back() = r + 1;
  }
  return batch;
}

Model seeded_model(ModelKind kind, std::uint64_t seed) {
  Model model = make_model({.kind = kind});
  if (kind == ModelKind::biometal) return model;
  // A model without epochs counts as one without values.
  model.training.epochs = 1;
  model.training.source = "seeded";
  Random random(seed);
  for (const Layer& layer : model.layers)
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

}  // namespace ane::workloads::readqc
