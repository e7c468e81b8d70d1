// The atom_site category of an mmCIF file's data blocks, as text, column by column.
//
// This header and its source are C++17 and all that sees the parsing library: its documents hold
// vectors of a type that is incomplete there, which the constexpr vector of C++20 does not take
// (clang with libstdc++ 12).
#pragma once
#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace ane::workloads::mpnn {

// One data block with atoms. Rows are numbered from 0.
class AtomSite {
 public:
  enum Column {
    x,
    y,
    z,
    group,
    model,
    ins_code,
    alt,
    auth_asym,
    label_asym,
    auth_seq,
    label_seq,
    auth_comp,
    label_comp,
    auth_atom,
    label_atom
  };
  static constexpr std::size_t columns = label_atom + 1;

  std::string name;  // of the block
  int line = 0;      // where the loop starts
  std::size_t rows = 0;

  bool has(Column c) const { return values_[c].first != nullptr; }
  // As it stands in the file, with its quotes.
  const std::string& raw(std::size_t row, Column c) const {
    return values_[c].first[row * values_[c].step];
  }
  // Without quotes; empty for '.', '?' and a column that is not there.
  std::string text(std::size_t row, Column c) const;
  // Neither '.' nor '?'.
  bool says(std::size_t row, Column c) const;
  // Not a number where the text is none.
  double number(std::size_t row, Column c) const;

 private:
  friend class AtomSites;
  struct Values {
    const std::string* first = nullptr;
    std::size_t step = 1;
  };
  std::array<Values, columns> values_{};
};

// All blocks of a file that have coordinates; keeps the text that they refer to. Throws
// std::runtime_error, "mmCIF:LINE:COLUMN(BYTE): what", for what is no mmCIF.
class AtomSites {
 public:
  explicit AtomSites(std::string_view text);
  ~AtomSites();
  AtomSites(const AtomSites&) = delete;
  AtomSites& operator=(const AtomSites&) = delete;
  const std::vector<AtomSite>& blocks() const { return blocks_; }

 private:
  struct Document;
  std::unique_ptr<Document> document_;
  std::vector<AtomSite> blocks_;
};

}  // namespace ane::workloads::mpnn
