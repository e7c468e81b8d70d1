// The tables of published figures: a line `== NAME` begins one of them, the others stay as they
// are. Their formulas are read as well.
#include "sim/claims/published.h"

#include "isa/error.h"
#include "sim/claims/formula.h"
#include "tests/fuzz/target.h"

namespace ane::fuzz {

void read(std::string_view bytes) {
  constexpr std::string_view mark = "== ";
  std::vector<sim::DataFile> files;
  while (bytes.starts_with(mark)) {
    const std::size_t line = std::min(bytes.find('\n'), bytes.size());
    const std::string_view name = bytes.substr(mark.size(), line - mark.size());
    bytes.remove_prefix(std::min(line + 1, bytes.size()));
    const std::size_t end = std::min(bytes.find("\n== "), bytes.size());
    files.push_back({"published", name, bytes.substr(0, end)});
    bytes.remove_prefix(std::min(end + 1, bytes.size()));
  }
  for (const sim::DataFile& f : sim::data_files())
    if (f.folder == "published" &&
        std::ranges::find(files, f.name, &sim::DataFile::name) == files.end())
      files.push_back(f);
  const sim::Published p = sim::load_published(files);
  for (const sim::PublishedClaim& c : p.claims) {
    require(p.find(c.id) != nullptr && c.low <= c.high, "a claim by its name");
    if (!c.arithmetic.empty()) try {
        sim::names_in(c.arithmetic);
      } catch (const InputError&) {
      }
  }
}

std::vector<std::string> seeds() {
  std::vector<std::string> all;
  for (const sim::DataFile& f : sim::data_files())
    if (f.folder == "published" && f.text.size() < 4000)
      all.push_back("== " + std::string(f.name) + "\n" + std::string(f.text));
  return all;
}

}  // namespace ane::fuzz
