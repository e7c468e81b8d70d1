// What ProteinMPNN sees of a protein, computed on the host in FP32: the k nearest residues of each
// residue and 416 numbers per such pair. Neighbours first, distances after: O(L k), not O(L^2), in
// the 24 atom pairs that the selection does not need; the values are the same.
// Formulas: dauparas/ProteinMPNN @8907e66, ProteinFeatures.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "workloads/mpnn/model.h"
#include "workloads/mpnn/structure/structure.h"

namespace ane::workloads::mpnn {

// The arrays of a Structure, and padding behind them.
struct Input {
  std::int64_t real = 0;                    // places of the protein; the others are padding
  std::vector<float> atoms;                 // [length, 4, 3], angstrom
  std::vector<float> mask;                  // [length], 0 where an atom is missing, and in padding
  std::vector<float> designed;              // [length], 1 where a residue may be chosen
  std::vector<std::int32_t> residue_index;  // [length]
  std::vector<std::int32_t> chain_code;     // [length]
  std::vector<std::int32_t> sequence;       // [length], X in padding

  std::int64_t length() const { return static_cast<std::int64_t>(mask.size()); }
};
Input to_input(const Structure& structure);
Input padded(const Input& input, std::int64_t length);  // length >= the input's

// A sequence as the original writes its samples: of `letters`, one for each place, those of the
// designed chains, with '/' between chains.
std::string designed_chains(const Input& input, std::string_view letters);

// How masked places behind the protein are seen.
enum class Padding {
  exact,    // no bit of the protein's own answer changes, for any length and any bucket
  literal,  // as the original: padding leaks into the answer of a protein shorter than the
            // neighbours it asks for, since padded places are as near as the farthest residue
            // and the decoder does not mask them (in PyTorch also at equality: ties are arbitrary)
};

struct Neighbours {
  std::int64_t length = 0, k = 0;
  std::vector<std::int32_t> index;  // [length, k], nearest first, itself included
  std::vector<float> distance;      // [length, k], angstrom, as ranked (masked places: farthest)
  std::vector<float> valid;         // [length, k]: 0 where the slot stands for no residue
};
// k = min(neighbours, length). Distances of CA atoms, sqrt(sum + 1e-6); masked places are as far
// as the farthest residue of the row; ties go to the lower index.
Neighbours nearest(const Input& input, int neighbours, Padding padding = Padding::exact);

// Features of the pairs of residues [first, first + count), rows of 416 in `out`: 16 positional,
// then 25 atom pairs times 16 radial basis functions.
void edge_features(const Input& input, const Neighbours& neighbours, const Weights& weights,
                   std::int64_t first, std::int64_t count, std::span<float> out);

struct Features {
  Neighbours neighbours;
  std::vector<float> edges;  // [length * k, 416]
};
Features features(const Input& input, const Weights& weights, Padding padding = Padding::exact);

}  // namespace ane::workloads::mpnn
