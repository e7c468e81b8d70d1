// The text of a request: its canonical form asks the same; what is small is priced as well.
#include "workloads/request/request.h"

#include "isa/error.h"
#include "sim/price/price.h"
#include "tests/fuzz/target.h"
#include "tests/requests.h"
#include "workloads/request/kind.h"

namespace ane::fuzz {
namespace {

// More than that is a large model, whose graph takes long to build.
constexpr double small_flop = 1e8;

}  // namespace

void read(std::string_view bytes) {
  namespace wl = workloads;
  const wl::Request r = wl::parse_request(bytes);
  const std::string text = wl::to_text(r);
  require(wl::to_text(wl::parse_request(text)) == text, "another request when written again");
  wl::work_text(r);
  if (!(r.work->nominal_flop(r) < small_flop) || r.batch > 1000) return;
  static const sim::Chip chip = sim::load_chip("M4");
  const results::Cost cost = sim::price(r, sim::target_of(r, chip), sim::Detail::operators);
  results::Record record;
  static_cast<results::Cost&>(record) = cost;
  require(results::check(record).empty(), results::check(record));
}

std::vector<std::string> seeds() {
  std::vector<std::string> all;
  for (const auto& [kind, texts] : requests_by_kind())
    all.insert(all.end(), texts.begin(), texts.end());
  return all;
}

}  // namespace ane::fuzz
