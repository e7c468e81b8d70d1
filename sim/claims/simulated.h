// What this simulator gives for a quantity of configurations or chips, and on what that rests.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "results/record.h"
#include "sim/claims/formula.h"
#include "sim/claims/priced.h"

namespace ane::sim {

// On what a value rests. A value of `model` is a prediction; one of `arithmetic` counts parameters,
// bytes or units that are known; one of `input` is a figure that this program was given, or made of
// what it assumes: that it agrees with a published figure tests nothing.
enum class Basis { model, arithmetic, input };

// What a quantity of answers.csv is of: configurations as they run, their models, chips, a model
// that is trained here; or nothing that this program gives a value of.
enum class About { runs, models, chips, training, nothing };
struct ClaimQuantity {
  std::string_view name;  // "latency"
  About about = About::nothing;
  bool compares = false;  // a ratio or a saving, of something else as well
};
// InputError at `place` for another name, with the nearest.
const ClaimQuantity& claim_quantity(const std::string& name, const std::string& place);

// Our value in base units with its band, or why there is none.
struct Value {
  double value = results::unknown;
  double factor = 1;             // band: value / factor .. value * factor, or
  std::optional<Range> reach{};  // where that is no factor to both sides
  // "30 % less", "11 % more": of a ratio, which is what the band is of.
  enum class Said { as_it_is, saved, gained } said = Said::as_it_is;
  Basis basis = Basis::model;
  std::string from{};       // what the value rests on
  std::string bound{};      // cause that would have to change
  std::string band_from{};  // what the band rests on
  // Of a rating: the parameter to which it is proportional, and its value, for what it would take.
  std::string lever{};
  double lever_value = 0;
  std::string lever_unit{};
  std::string why_not{};

  double shown(double ratio) const {
    return said == Said::saved ? 1 - ratio : said == Said::gained ? ratio - 1 : ratio;
  }
  double shown() const { return shown(value); }
  Range band() const { return reach.value_or(Range{value / factor, value * factor}); }
  double low() const { return shown(said == Said::saved ? band().high : band().low); }
  double high() const { return shown(said == Said::saved ? band().low : band().high); }
};

class Simulation {
 public:
  Simulation(const Published& all, Pricer& pricer) : all_(all), pricer_(pricer) {}

  // Of the claim's quantity under this choice. form: of the configurations' work, none takes each
  // unit's usual one; a baseline on another unit keeps its own.
  Value value(const PublishedClaim& claim, const Choice& choice,
              std::optional<workloads::Form> form = {});
  // The same of runs, without its band.
  double bare(const PublishedClaim& claim, const Choice& choice,
              std::optional<workloads::Form> form);
  // That of the work it is compared with: the same on the same unit, else that unit's usual one.
  std::optional<workloads::Form> form_of_base(const std::string& of, const std::string& base,
                                              std::optional<workloads::Form> form) const;

 private:
  Value of_runs(const std::string& quantity, const Choice& choice,
                std::optional<workloads::Form> form, bool with_band);
  bool one_task(const std::string& a, const std::string& b) const;

  const Published& all_;
  Pricer& pricer_;
};

}  // namespace ane::sim
