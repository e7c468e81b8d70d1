// A chip's or a runtime's JSON with lines of --set in front: what is taken prices a small layer on
// each unit, whatever its figures are.
#include "isa/error.h"
#include "results/record.h"
#include "sim/price/price.h"
#include "tests/fuzz/target.h"

namespace ane::fuzz {
namespace {

void price_on(const sim::Chip& chip, std::string_view unit) {
  const workloads::Request request =
      workloads::parse_request(std::string("kind=matmul m=8 n=16 k=16 unit=") + std::string(unit));
  try {
    results::Record record;
    static_cast<results::Cost&>(record) =
        sim::price(request, sim::target_of(request, chip), sim::Detail::tasks);
    require(results::check(record).empty(), results::check(record));
  } catch (const InputError&) {
  }
}

}  // namespace

void read(std::string_view bytes) {
  const std::size_t brace = std::min(bytes.find('{'), bytes.size());
  std::vector<std::string> settings;
  for (std::string_view lines = bytes.substr(0, brace); !lines.empty();) {
    const std::string_view line = lines.substr(0, lines.find('\n'));
    if (!line.empty()) settings.emplace_back(line);
    lines.remove_prefix(std::min(line.size() + 1, lines.size()));
  }
  const File file(bytes.substr(brace), ".json");
  const bool built_in = brace == bytes.size();
  try {
    sim::load_runtime(built_in ? "coreml" : file.path(), settings);
  } catch (const InputError&) {
  }
  const sim::Chip chip = sim::load_chip(built_in ? "M4" : file.path(), settings);
  for (const char* unit : {"ane", "gpu", "cpu", "memory"}) price_on(chip, unit);
}

std::vector<std::string> seeds() {
  std::vector<std::string> all;
  for (const sim::DataFile& f : sim::data_files())
    if ((f.folder == "chips" && (f.name == "M1" || f.name == "M1Pro" || f.name == "A100")) ||
        (f.folder == "runtimes" && f.name == "mlx"))
      all.emplace_back(f.text);
  return all;
}

}  // namespace ane::fuzz
