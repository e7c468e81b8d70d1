#include "workloads/mpnn/seeded.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace ane::workloads::mpnn {
namespace {

Input one_chain(Input in) {
  const auto length = static_cast<std::size_t>(in.real);
  in.mask.assign(length, 1.0F);
  in.designed = in.mask;
  in.chain_code.assign(length, 1);
  return in;
}

}  // namespace

Input seeded_helix(std::int64_t length) {
  Input in;
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
  return one_chain(std::move(in));
}

Input seeded_globule(std::int64_t length) {
  constexpr double step = 3.8, volume = 135;
  const double across = std::sqrt(volume / step);
  const double side = std::cbrt(volume * static_cast<double>(length));
  const std::int64_t strand = std::max<std::int64_t>(1, std::llround(side / step)),
                     layer = std::max<std::int64_t>(1, std::llround(side / across));
  Input in;
  in.real = length;
  for (std::int64_t i = 0; i < length; ++i) {
    // Back and forth, so that neighbours in the chain are neighbours in space.
    const std::int64_t row = i / strand, sheet = row / layer;
    const std::int64_t x = row % 2 == 0 ? i % strand : strand - 1 - i % strand;
    const std::int64_t y = sheet % 2 == 0 ? row % layer : layer - 1 - row % layer;
    for (const double along : {-1.2, 0.0, 1.2, 1.2}) {  // N, CA, C and O beside it
      const bool oxygen = in.atoms.size() % 12 == 9;
      in.atoms.push_back(static_cast<float>(step * static_cast<double>(x) + along));
      in.atoms.push_back(static_cast<float>(across * static_cast<double>(y) + (oxygen ? 1.2 : 0)));
      in.atoms.push_back(static_cast<float>(across * static_cast<double>(sheet)));
    }
    in.residue_index.push_back(static_cast<std::int32_t>(i));
    in.sequence.push_back(static_cast<std::int32_t>(i % 20));
  }
  return one_chain(std::move(in));
}

}  // namespace ane::workloads::mpnn
