#include "workloads/mpnn/structure/atom_site.h"

#include <gemmi/cif.hpp>
#include <gemmi/numb.hpp>

namespace ane::workloads::mpnn {

struct AtomSites::Document {
  gemmi::cif::Document cif;
};

std::string AtomSite::text(std::size_t row, Column c) const {
  return has(c) ? gemmi::cif::as_string(raw(row, c)) : std::string();
}

bool AtomSite::says(std::size_t row, Column c) const {
  return has(c) && !gemmi::cif::is_null(raw(row, c));
}

double AtomSite::number(std::size_t row, Column c) const {
  return gemmi::cif::as_number(raw(row, c));
}

AtomSites::AtomSites(std::string_view text)
    : document_(new Document{gemmi::cif::read_memory(text.data(), text.size(), "mmCIF")}) {
  // In the order of AtomSite::Column; what starts with '?' may be absent.
  const std::vector<std::string> tags{"Cartn_x",
                                      "Cartn_y",
                                      "Cartn_z",
                                      "?group_PDB",
                                      "?pdbx_PDB_model_num",
                                      "?pdbx_PDB_ins_code",
                                      "?label_alt_id",
                                      "?auth_asym_id",
                                      "?label_asym_id",
                                      "?auth_seq_id",
                                      "?label_seq_id",
                                      "?auth_comp_id",
                                      "?label_comp_id",
                                      "?auth_atom_id",
                                      "?label_atom_id"};
  for (gemmi::cif::Block& block : document_->cif.blocks) {
    gemmi::cif::Table table = block.find("_atom_site.", tags);
    if (!table.ok() || table.length() == 0) continue;
    AtomSite site;
    site.name = block.name;
    site.rows = table.length();
    const std::size_t width = table.loop_item ? table.loop_item->loop.width() : 1;
    for (std::size_t c = 0; c < AtomSite::columns; ++c)
      if (table.has_column(static_cast<int>(c)))
        site.values_[c] = {&table[0][static_cast<int>(c)], width};
    for (const gemmi::cif::Item& item : block.items) {
      const bool pair = item.type == gemmi::cif::ItemType::Pair &&
                        gemmi::iequal(item.pair[0], "_atom_site.Cartn_x");
      const bool loop =
          item.type == gemmi::cif::ItemType::Loop && item.loop.has_tag("_atom_site.Cartn_x");
      if (pair || loop) site.line = item.line_number;
    }
    blocks_.push_back(std::move(site));
  }
}

AtomSites::~AtomSites() = default;

}  // namespace ane::workloads::mpnn
