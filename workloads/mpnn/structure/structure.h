// Protein backbones from PDB and mmCIF files, plain or gzip, by ProteinMPNN's own rules
// (parse_PDB_biounits and tied_featurize of dauparas/ProteinMPNN @8907e66):
// - per chain, every residue number from the lowest to the highest has a place; numbers that the
//   file leaves out become masked places of type X; insertion codes follow their number in order;
// - of an atom given more than once (alternate locations, several models) the first in the file
//   counts; of a residue given as two types, the first type;
// - ATOM records count, HETATM records do not, except MSE, which is read as MET;
// - END and TER end nothing: chains behind them are read;
// - a residue number and its insertion code stand in columns 23 to 27, so that five digits fit;
// - an ATOM residue that is none of the twenty is X and keeps its coordinates;
// - a residue without all of N, CA, C, O is masked; atoms that it lacks are at 0, 0, 0;
// - designed chains come first, then the others, each in alphabetical order; residue_index counts
//   places and jumps by 100 from chain to chain.
// Each of these that happens is told in `notes`. mmCIF is read by the authors' chain names and
// residue numbers, so that both files of an entry give the same, and by label_ columns where it
// lacks those; of several data blocks the first with atoms is read. Where the original stops or
// reads nonsense, this says so:
// - a chain without a name is called "_" (the original does not see it); where the segment column
//   tells several apart, each is called by its segment;
// - two molecules under one chain name are refused (the original reads the first);
// - so are places to fill in out of proportion to the residues.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ane::workloads::mpnn {

inline constexpr std::string_view alphabet = "ACDEFGHIKLMNPQRSTVWYX";
inline constexpr std::int32_t unknown_residue = 20;  // X

struct ChainSpan {
  std::string name;
  std::int64_t first = 0, count = 0;  // places in the arrays below
  bool designed = true;
};

struct Structure {
  std::string name;  // the file's name without folder and endings
  std::vector<ChainSpan> chains;
  std::vector<float> atoms;            // [length, 4, 3], angstrom: N, CA, C, O; 0 where unknown
  std::vector<float> mask;             // [length], 1 where all four atoms are known
  std::vector<std::int32_t> sequence;  // [length], index into `alphabet`
  std::vector<std::int32_t> residue_index;  // [length], place + 100 * (chain - 1)
  std::vector<std::int32_t> chain_code;     // [length], 1 for the first chain
  std::vector<std::string> labels;  // [length], chain, number, insertion code: "A52", "A52B"
  std::vector<std::string> notes;   // what was left out or filled in, one sentence each

  std::int64_t length() const { return static_cast<std::int64_t>(mask.size()); }
  std::string sequence_text() const;  // "SEQ..."; chains separated by '/'
};

struct StructureChoice {
  std::vector<std::string> chains;    // read these only; all when empty
  std::vector<std::string> designed;  // these are designed, the others stay fixed; all when empty
};

// InputError("file:line", ...) for a broken file, an unknown chain, a residue given twice in one
// model, more places to fill in than 500 and 5 for each residue, coordinates beyond a million
// angstrom, or no complete residue at all, with what the chains are instead of protein.
Structure read_structure(const std::string& path, const StructureChoice& choice = {});
// The same from the text of a file (not compressed); `place` names it in errors.
Structure parse_structure(const std::string& text, const std::string& place,
                          const StructureChoice& choice = {});

}  // namespace ane::workloads::mpnn
