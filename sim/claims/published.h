// The figures that others published, and what answers each: the tables of results/published, which
// the program carries.
//
//   claims.csv          one figure a row, as its source states it
//   answers.csv         which quantity of which configurations the figure is about, the arithmetic
//                       on other figures that it must agree with, what its source leaves out, the
//                       sense of the figure, the choice that the row makes where its source leaves
//                       one, and where it stands in the source's table
//   choices.csv         other configurations that the same figure may be about: another batch,
//                       chip, baseline or workload
//   open.csv            keys of the work that the source leaves open, each at the lowest and at the
//                       highest that is worth asking: every choice is asked at all their ends
//   configurations.csv  what is run for it: chip, unit, runtime, items of a call, and the work as a
//                       request; precision "adaptive" is chosen by the published rule
//   ablation.csv        optimisations, each alone and on top of those before
//   provenance.csv      which kinds of figure stand for what they name, and where that is to be
//                       read
//   context.csv         cells of the sources' tables that are no claims of the collection: shown in
//                       their places with our value, without a verdict
#pragma once
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "sim/chips/description.h"

namespace ane::sim {

struct Configuration {
  std::string name, chip, unit, runtime;
  double items = 1;       // residues, reads or tokens that a call answers, padding not counted
  std::string precision;  // empty: as the spec says; "adaptive": by the structure's complexity
  std::string spec;
};

// How a figure is meant: as it stands, "up to 10 x", "200 and more".
enum class Sense { plain, up_to, at_least };
std::string_view name(Sense sense);  // "", "up to", "at least"

// What a figure may be about.
struct Choice {
  std::string label;                     // "against the model on one core"
  std::vector<std::string> of, against;  // names of configurations, or of chips for their figures
  // Of a claim that leaves keys of its work open: their values here, "passes=10", and the same at
  // all combinations of their ends.
  std::string open{};
  std::vector<Choice> ends{};

  // "on a GPU, passes=10"
  std::string text() const {
    return label.empty() || open.empty() ? label + open : label + ", " + open;
  }
};

struct PublishedClaim {
  std::string id, source, table, chip, unit, workload, config, metric;
  double low = 0, high = 0;  // in value_unit
  double digit = 0;          // half a unit of the last digit that is written, in value_unit
  std::string value_unit, kind, provenance;
  bool stands = true;    // by provenance.csv; false: no measurement of what it names
  std::string standing;  // "simulated estimates"
  std::string cited;     // repository, commit and file that say so, or empty
  std::string quantity;  // "latency", "speedup", ...
  Sense sense = Sense::plain;
  std::vector<std::string> of, against;  // of the row's own choice
  std::vector<Choice> choices;           // that one, then those of choices.csv
  bool open = false;                     // the choices have ends
  std::string arithmetic;                // a formula over other claims' ids (formula.h), or empty
  std::string missing;                   // a condition that the source leaves out, or empty
  std::string row, column;               // of the source's table
};

// One optimisation of ablation.csv: measured alone against its base, and on top of those before it.
struct AblationStep {
  std::string step, alone, base, together;  // configurations; together may be empty
};

// A chip sold with fewer cores, "M3Pro-14c", is a version of the whole one, "M3Pro".
std::string whole_chip(const std::string& name);

struct Published {
  std::vector<PublishedClaim> claims;   // in the order of the file
  std::vector<PublishedClaim> context;  // no id, no provenance
  std::map<std::string, Configuration> configurations;
  std::vector<AblationStep> ablation;

  const PublishedClaim* find(const std::string& id) const;
  const Configuration& configuration(const std::string& name) const;  // must exist
};

// From the built-in tables, or from others in their place (for tests): folder "published".
// InputError "claims.csv:12" for a missing column, a value that is no number, a claim without an
// answer, an answer without a claim, a provenance, quantity, chip or configuration that is not
// there, an open key that the work does not have, and a configuration or provenance that nothing
// uses.
Published load_published(const std::vector<DataFile>& files = data_files());

// One unit of the claims in base units: "TOPS" 1e12, "ms" 1e-3, "res/s" 1. InputError if unknown.
double unit_scale(const std::string& value_unit);

}  // namespace ane::sim
