// What is said of a published figure: this program's judgement under one choice of what it is
// about, under all of them, and the verdict among what bounds, other figures, its provenance and
// conditions say of it.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sim/claims/claim_rules.h"
#include "sim/claims/formula.h"
#include "sim/claims/published.h"
#include "sim/claims/simulated.h"

namespace ane::sim {

// In the order of precedence: what physics forbids comes before what contradicts itself, before
// those that are no measurement, before figures without conditions. `stated` restates an input of
// this program, `undecided` depends on what the source leaves open, or is met by a band so wide
// that it decides nothing.
enum class Verdict {
  impossible,
  inconsistent,
  not_measured,
  not_comparable,
  stated,
  undecided,
  reproduced,
  off
};
inline constexpr Verdict verdicts[] = {
    Verdict::reproduced, Verdict::off,          Verdict::undecided,    Verdict::impossible,
    Verdict::stated,     Verdict::inconsistent, Verdict::not_measured, Verdict::not_comparable};
std::string_view name(Verdict verdict);  // "not measured"

// Who judged: the performance model's time, energy or memory; a bound of physics; counting and the
// figure's own arithmetic; another published figure; an input of this program, which tests nothing;
// the figure's provenance; conditions that its source leaves out.
enum class Judge { model, bound, arithmetic, figure, input, provenance, conditions };
inline constexpr Judge judges[] = {Judge::model,     Judge::bound, Judge::arithmetic,
                                   Judge::figure,    Judge::input, Judge::provenance,
                                   Judge::conditions};
std::string_view name(Judge judge);           // "another figure"
std::string_view name_in_files(Judge judge);  // "figure"

// What a value is held against: the published range, but of "up to 10 x" its far end, and of "200
// and more" all above.
Range judged(const PublishedClaim& claim);

// What this program alone says of a figure, under one choice of what it is about.
struct Judgement {
  std::string choice;  // empty where there is none
  Verdict verdict = Verdict::not_comparable;
  Judge judge = Judge::conditions;
  // In the claim's own unit; NaN when nothing is simulated.
  double simulated = results::unknown, low = results::unknown, high = results::unknown;
  double ratio = results::unknown;  // simulated over the nearest published value
  std::string reason;               // one sentence
};

struct Answer {
  const PublishedClaim* claim = nullptr;
  Verdict verdict = Verdict::not_comparable;
  Judge judge = Judge::conditions;
  // What this program says beside another's judgement; nothing where it judged, or has no value.
  std::optional<Verdict> own;
  // Of the first choice, the band over all of them.
  double simulated = results::unknown, low = results::unknown, high = results::unknown;
  double ratio = results::unknown;
  std::vector<Judgement> choices;  // each that its source leaves open, the row's own first
  // ProteinMPNN alone: with the layers as a framework writes them and as the accelerator's graph,
  // on the unit that the figure is about.
  double as_written = results::unknown, as_graph = results::unknown;
  std::string reason;  // one sentence
};

// broken: the bound that the claim breaks under this choice.
Judgement judge(const PublishedClaim& claim, const Choice& choice, const Value& value,
                const std::optional<Finding>& broken, Pricer& pricer);
// Under all choices: theirs where they agree. Off above and off below are two verdicts: what lies
// between them may be right. unit: the claim's.
Judgement together(const std::vector<Judgement>& all, const std::string& unit);
// own: of each claim, by id, what `together` says; found: contradictions().
Answer settle(const PublishedClaim& claim, const Published& all, std::vector<Judgement> choices,
              const std::map<std::string, Judgement>& own,
              const std::map<std::string, Finding>& found);

}  // namespace ane::sim
