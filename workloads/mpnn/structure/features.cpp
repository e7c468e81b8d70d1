#include "workloads/mpnn/structure/features.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>

#include "isa/error.h"

namespace ane::workloads::mpnn {
namespace {

using Point = std::array<float, 3>;
enum Atom : std::size_t { n, ca, c, o, cb };

// The order in which the original concatenates its distances.
constexpr std::array<std::pair<Atom, Atom>, atom_pairs> pairs{
    {{ca, ca}, {n, n}, {c, c},  {o, o},  {cb, cb}, {ca, n}, {ca, c}, {ca, o}, {ca, cb},
     {n, c},   {n, o}, {n, cb}, {cb, c}, {cb, o},  {o, c},  {n, ca}, {c, ca}, {o, ca},
     {cb, ca}, {c, n}, {o, n},  {cb, n}, {c, cb},  {o, cb}, {c, o}}};

Point atom_at(const Input& input, std::int64_t residue, Atom atom) {
  const auto at = static_cast<std::size_t>(residue) * 12 + atom * 3;
  return {input.atoms[at], input.atoms[at + 1], input.atoms[at + 2]};
}

Point minus(const Point& a, const Point& b) {
  return {a[0] - b[0], a[1] - b[1], a[2] - b[2]};
}

// The four atoms and where an ideal CB would be.
std::array<Point, 5> atoms_of(const Input& input, std::int64_t residue) {
  std::array<Point, 5> p{atom_at(input, residue, n), atom_at(input, residue, ca),
                         atom_at(input, residue, c), atom_at(input, residue, o), Point{}};
  const Point b = minus(p[ca], p[n]), d = minus(p[c], p[ca]);
  const Point a{b[1] * d[2] - b[2] * d[1], b[2] * d[0] - b[0] * d[2], b[0] * d[1] - b[1] * d[0]};
  for (std::size_t i = 0; i < 3; ++i)
    p[cb][i] = -0.58273431f * a[i] + 0.56802827f * b[i] - 0.54067466f * d[i] + p[ca][i];
  return p;
}

float distance(const Point& a, const Point& b) {
  const Point d = minus(a, b);
  return std::sqrt(d[0] * d[0] + d[1] * d[1] + d[2] * d[2] + 1e-6f);
}

// torch.linspace(2, 22, 16): from both ends to the middle.
std::array<float, rbf_count> centres() {
  std::array<float, rbf_count> mu{};
  const float step = (22.0f - 2.0f) / 15.0f;
  for (int i = 0; i < rbf_count; ++i)
    mu[static_cast<std::size_t>(i)] = i < rbf_count / 2
                                          ? 2.0f + step * static_cast<float>(i)
                                          : 22.0f - step * static_cast<float>(rbf_count - 1 - i);
  return mu;
}

}  // namespace

Input to_input(const Structure& s) {
  Input in;
  in.real = s.length();
  in.atoms = s.atoms;
  in.mask = s.mask;
  in.designed.assign(s.mask.size(), 0.0f);
  for (const ChainSpan& chain : s.chains)
    for (std::int64_t i = chain.first; i < chain.first + chain.count; ++i)
      in.designed[static_cast<std::size_t>(i)] = chain.designed ? 1.0f : 0.0f;
  in.residue_index = s.residue_index;
  in.chain_code = s.chain_code;
  in.sequence = s.sequence;
  return in;
}

Input padded(const Input& input, std::int64_t length) {
  ANE_CHECK(length >= input.length(), "padding makes no protein shorter");
  Input out = input;
  const auto size = static_cast<std::size_t>(length);
  out.atoms.resize(size * 12, 0.0f);
  out.mask.resize(size, 0.0f);
  out.designed.resize(size, 0.0f);
  out.residue_index.resize(size, 0);
  out.chain_code.resize(size, 0);
  out.sequence.resize(size, unknown_residue);
  return out;
}

std::string designed_chains(const Input& input, std::string_view letters) {
  ANE_CHECK(letters.size() == static_cast<std::size_t>(input.real), "a letter for each place");
  std::string out;
  std::size_t end = 0;
  for (std::size_t first = 0; first < letters.size(); first = end) {
    bool designed = false;
    for (end = first; end < letters.size() && input.chain_code[end] == input.chain_code[first];
         ++end)
      designed |= input.designed[end] != 0.0f;
    if (!designed) continue;
    if (!out.empty()) out += '/';
    out += letters.substr(first, end - first);
  }
  return out;
}

Neighbours nearest(const Input& input, int neighbours, Padding padding) {
  const std::int64_t length = input.length();
  Neighbours out;
  out.length = length;
  out.k = std::min<std::int64_t>(neighbours, length);
  const auto k = static_cast<std::size_t>(out.k);
  const std::int64_t seen = padding == Padding::exact ? input.real : length;
  const auto candidates = static_cast<std::size_t>(seen);
  const std::size_t chosen = std::min(k, candidates);
  std::vector<float> d(candidates);
  std::vector<std::int32_t> order(candidates);
  for (std::int64_t i = 0; i < length; ++i) {
    if (i >= seen) {  // a padded place looks at itself only, and nobody looks at its answer
      out.index.insert(out.index.end(), k, static_cast<std::int32_t>(i));
      out.distance.insert(out.distance.end(), k, 0.0f);
      out.valid.insert(out.valid.end(), k, 0.0f);
      continue;
    }
    const Point here = atom_at(input, i, ca);
    const float own = input.mask[static_cast<std::size_t>(i)];
    float farthest = 0;
    for (std::size_t j = 0; j < candidates; ++j) {
      d[j] = own * input.mask[j] * distance(atom_at(input, static_cast<std::int64_t>(j), ca), here);
      farthest = std::max(farthest, d[j]);
    }
    for (std::size_t j = 0; j < candidates; ++j) d[j] += (1.0f - own * input.mask[j]) * farthest;
    std::iota(order.begin(), order.end(), 0);
    std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(chosen),
                      order.end(), [&](std::int32_t a, std::int32_t b) {
                        const float da = d[static_cast<std::size_t>(a)];
                        const float db = d[static_cast<std::size_t>(b)];
                        return da != db ? da < db : a < b;
                      });
    out.index.insert(out.index.end(), order.begin(),
                     order.begin() + static_cast<std::ptrdiff_t>(chosen));
    out.index.insert(out.index.end(), k - chosen, static_cast<std::int32_t>(i));
    for (std::size_t s = 0; s < chosen; ++s)
      out.distance.push_back(d[static_cast<std::size_t>(order[s])]);
    out.distance.insert(out.distance.end(), k - chosen, 0.0f);
    out.valid.insert(out.valid.end(), chosen, 1.0f);
    out.valid.insert(out.valid.end(), k - chosen, 0.0f);
  }
  return out;
}

void edge_features(const Input& input, const Neighbours& neighbours, const Weights& weights,
                   std::int64_t first, std::int64_t count, std::span<float> out) {
  const std::int64_t k = neighbours.k;
  ANE_CHECK(out.size() == static_cast<std::size_t>(count * k * edge_inputs), "room for features");
  static const std::array<float, rbf_count> mu = centres();
  constexpr float sigma = (22.0f - 2.0f) / 16.0f;
  float* to = out.data();
  for (std::int64_t i = first; i < first + count; ++i) {
    const std::array<Point, 5> here = atoms_of(input, i);
    for (std::int64_t s = 0; s < k; ++s) {
      const auto slot = static_cast<std::size_t>(i * k + s);
      const std::int64_t j = neighbours.index[slot];
      const auto ri = static_cast<std::size_t>(i), rj = static_cast<std::size_t>(j);
      std::int64_t offset = positional_classes - 1;  // another chain
      if (input.chain_code[ri] == input.chain_code[rj])
        offset = std::clamp(input.residue_index[ri] - input.residue_index[rj] + 32, 0, 64);
      // One-hot times matrix is a column of it.
      for (std::int64_t p = 0; p < positional_width; ++p)
        *to++ =
            weights.positional.weight[static_cast<std::size_t>(p * positional_classes + offset)] +
            weights.positional.bias[static_cast<std::size_t>(p)];
      const std::array<Point, 5> there = atoms_of(input, j);
      for (const auto& [a, b] : pairs) {
        const bool ranked = a == ca && b == ca;  // masked places keep the distance they rank by
        const float d = ranked ? neighbours.distance[slot] : distance(here[a], there[b]);
        for (const float m : mu) {
          const float z = (d - m) / sigma;
          *to++ = std::exp(-(z * z));
        }
      }
    }
  }
}

Features features(const Input& input, const Weights& weights, Padding padding) {
  Features f;
  f.neighbours = nearest(input, weights.spec.neighbours, padding);
  f.edges.resize(static_cast<std::size_t>(f.neighbours.length * f.neighbours.k * edge_inputs));
  edge_features(input, f.neighbours, weights, 0, f.neighbours.length, f.edges);
  return f;
}

}  // namespace ane::workloads::mpnn
