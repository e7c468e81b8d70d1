#include "sim/claims/published.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <sstream>

#include "isa/error.h"
#include "results/csv.h"
#include "sim/claims/simulated.h"
#include "sim/silicon/silicon_rows.h"

namespace ane::sim {
namespace {

// The records of one table by column name, with their places for messages.
struct Row {
  std::map<std::string, std::string> fields;
  std::string place;
  const std::string& at(const std::string& column) const { return fields.at(column); }
  double number(const std::string& column) const {
    const std::string& text = at(column);
    double v = 0;
    const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), v);
    if (fault != std::errc{} || end != text.data() + text.size())
      throw InputError(place, fmt::format("{}: '{}' is no number", column, text));
    return v;
  }
};

std::vector<Row> table(const std::vector<DataFile>& files, std::string_view name,
                       const std::vector<std::string>& columns) {
  for (const DataFile& f : files) {
    if (f.folder != "published" || f.name != name) continue;
    const std::string file = std::string(name) + ".csv";
    const auto records = results::parse_csv(f.text, file);
    if (records.empty()) throw InputError(file, "no rows");
    if (records[0].fields != columns)
      throw InputError(file + ":1", "the columns differ",
                       fmt::format("{}", fmt::join(columns, ",")));
    std::vector<Row> rows;
    for (std::size_t r = 1; r < records.size(); ++r) {
      Row row{.fields = {}, .place = fmt::format("{}:{}", file, records[r].line)};
      if (records[r].size() != columns.size())
        throw InputError(row.place,
                         fmt::format("{} fields, not {}", records[r].size(), columns.size()));
      for (std::size_t c = 0; c < columns.size(); ++c) row.fields[columns[c]] = records[r][c];
      rows.push_back(std::move(row));
    }
    return rows;
  }
  throw InputError(std::string(name) + ".csv", "the table is not there");
}

std::vector<std::string> words(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> out;
  for (std::string w; in >> w;) out.push_back(w);
  return out;
}

// Half a unit of the last digit: 0.05 of "14.7", 0.5 of "60".
double half_digit(const std::string& text) {
  const std::size_t point = text.find('.');
  const auto places = point == std::string::npos ? 0 : text.size() - point - 1;
  return 0.5 * std::pow(10, -static_cast<double>(places));
}

Sense sense_named(const std::string& name, const std::string& place) {
  for (const Sense s : {Sense::plain, Sense::up_to, Sense::at_least})
    if (name == sim::name(s)) return s;
  throw InputError(place, fmt::format("sense '{}' is unknown", name), "up to, at least or none");
}

// A row of open.csv: keys of the work at both ends, "accept=0" and "accept=1".
struct OpenKeys {
  std::vector<std::string> ends[2];  // words, the same keys in both
  std::string place;
};

OpenKeys open_keys(const Row& r) {
  OpenKeys keys{.ends = {words(r.at("low")), words(r.at("high"))}, .place = r.place};
  const auto key = [](const std::string& word) { return word.substr(0, word.find('=')); };
  if (keys.ends[0].empty() || !std::ranges::equal(keys.ends[0], keys.ends[1], {}, key, key))
    throw InputError(r.place, "low and high do not set the same keys", "passes=1,passes=100");
  for (const auto& end : keys.ends)
    for (const std::string& word : end)
      if (word.find('=') == std::string::npos)
        throw InputError(r.place, fmt::format("'{}' sets no key", word), "passes=1");
  if (r.at("why").empty()) throw InputError(r.place, "why these ends?");
  return keys;
}

class Loader {
 public:
  explicit Loader(const std::vector<DataFile>& files) : files_(files) {}

  Published load() {
    configurations();
    ablation();
    claims();
    answers();
    choices();
    open();
    context();
    refuse_unused();
    return std::move(p_);
  }

 private:
  std::vector<Row> rows(std::string_view name, const std::vector<std::string>& columns) const {
    return table(files_, name, columns);
  }

  void configurations() {
    for (const Row& r : rows("configurations",
                             {"name", "chip", "unit", "runtime", "items", "precision", "spec"})) {
      Configuration c{.name = r.at("name"),
                      .chip = r.at("chip"),
                      .unit = r.at("unit"),
                      .runtime = r.at("runtime"),
                      .items = r.number("items"),
                      .precision = r.at("precision"),
                      .spec = r.at("spec")};
      if (!(c.items > 0)) throw InputError(r.place, "items must be above 0");
      if (!c.precision.empty() && c.precision != "adaptive")
        throw InputError(r.place, fmt::format("precision '{}' is unknown", c.precision),
                         "adaptive, or none for that of the spec");
      if (!p_.configurations.emplace(c.name, c).second)
        throw InputError(r.place, fmt::format("'{}' is there twice", c.name));
      unused_configurations_[c.name] = r.place;
    }
  }

  void use(const std::string& name, const std::string& place) {
    if (!p_.configurations.contains(name)) {
      std::vector<std::string> names;
      for (const auto& [known, c] : p_.configurations) names.push_back(known);
      throw InputError(place, fmt::format("no configuration '{}'", name), choice_note(name, names));
    }
    unused_configurations_.erase(name);
  }
  // What a quantity is of must be there, and of a ratio what it is compared with.
  void use(const std::string& quantity, const std::vector<std::string>& of,
           const std::vector<std::string>& against, const std::string& place) {
    const ClaimQuantity& q = claim_quantity(quantity, place);
    if (q.about == About::chips) {
      const std::vector<std::string> chips = description_names("chips");
      for (const auto* names : {&of, &against})
        if (!names->empty() && std::ranges::find(chips, names->front()) == chips.end())
          throw InputError(place, fmt::format("no chip '{}'", names->front()),
                           choice_note(names->front(), chips));
    } else {
      for (const auto* names : {&of, &against})
        for (const std::string& name : *names) use(name, place);
    }
    if (of.empty()) {
      if (!against.empty()) throw InputError(place, "nothing is compared with something");
      return;
    }
    const bool pairs = q.about == About::runs;
    if (q.compares ? against.empty() || (pairs && against.size() != of.size())
                   : !against.empty() && q.about != About::nothing)
      throw InputError(place, q.compares ? fmt::format("{} of what, over what?", quantity)
                                         : fmt::format("{} is compared with nothing", quantity));
  }

  void ablation() {
    for (const Row& r : rows("ablation", {"step", "alone", "base", "together"})) {
      p_.ablation.push_back({r.at("step"), r.at("alone"), r.at("base"), r.at("together")});
      const AblationStep& step = p_.ablation.back();
      for (const std::string* name : {&step.alone, &step.base, &step.together})
        if (!name->empty() || name != &step.together) use(*name, r.place);
    }
  }

  void claims() {
    struct Standing {
      bool stands = true;
      std::string says, cited;
    };
    std::map<std::string, Standing> standings;
    for (const Row& r : rows("provenance", {"provenance", "stands", "says", "cited"})) {
      standings[r.at("provenance")] = {r.number("stands") != 0, r.at("says"), r.at("cited")};
      unused_standings_[r.at("provenance")] = r.place;
    }
    for (const Row& r :
         rows("claims", {"id", "source", "table", "chip", "unit", "workload", "config", "metric",
                         "value_low", "value_high", "value_unit", "kind", "provenance"})) {
      PublishedClaim c;
      c.id = r.at("id");
      c.source = r.at("source");
      c.table = r.at("table");
      c.chip = r.at("chip");
      c.unit = r.at("unit");
      c.workload = r.at("workload");
      c.config = r.at("config");
      c.metric = r.at("metric");
      c.low = r.number("value_low");
      c.high = r.number("value_high");
      c.value_unit = r.at("value_unit");
      c.kind = r.at("kind");
      c.provenance = r.at("provenance");
      unit_scale(c.value_unit);
      c.digit = half_digit(r.at("value_low"));
      if (c.low > c.high) throw InputError(r.place, "value_low is above value_high");
      if (p_.find(c.id) != nullptr) throw InputError(r.place, fmt::format("'{}' twice", c.id));
      const auto standing = standings.find(c.provenance);
      if (standing == standings.end())
        throw InputError(r.place,
                         fmt::format("provenance '{}' is not in provenance.csv", c.provenance));
      unused_standings_.erase(c.provenance);
      c.stands = standing->second.stands;
      c.standing = standing->second.says;
      c.cited = standing->second.cited;
      p_.claims.push_back(std::move(c));
    }
  }

  PublishedClaim& claim(const Row& r) {
    const auto at = std::ranges::find(p_.claims, r.at("id"), &PublishedClaim::id);
    if (at == p_.claims.end()) throw InputError(r.place, fmt::format("no claim '{}'", r.at("id")));
    return *at;
  }

  void answers() {
    for (const Row& r : rows("answers", {"id", "quantity", "of", "against", "arithmetic", "missing",
                                         "sense", "choice", "row", "column"})) {
      PublishedClaim& c = claim(r);
      c.quantity = r.at("quantity");
      c.of = words(r.at("of"));
      c.against = words(r.at("against"));
      c.choices = {{.label = r.at("choice"), .of = c.of, .against = c.against}};
      c.arithmetic = r.at("arithmetic");
      c.missing = r.at("missing");
      c.sense = sense_named(r.at("sense"), r.place);
      c.row = r.at("row");
      c.column = r.at("column");
      use(c.quantity, c.of, c.against, r.place);
    }
    for (const PublishedClaim& c : p_.claims)
      if (c.quantity.empty()) throw InputError("answers.csv", fmt::format("no row for '{}'", c.id));
  }

  void choices() {
    for (const Row& r : rows("choices", {"id", "choice", "of", "against"})) {
      PublishedClaim& c = claim(r);
      if (r.at("choice").empty() || c.choices[0].label.empty())
        throw InputError(r.place, fmt::format("a choice of '{}' has no name", c.id),
                         "in answers.csv and in choices.csv");
      c.choices.push_back(
          {.label = r.at("choice"), .of = words(r.at("of")), .against = words(r.at("against"))});
      use(c.quantity, c.choices.back().of, c.choices.back().against, r.place);
    }
  }

  // Every choice at all combinations of the ends of what is open.
  void open() {
    std::map<std::string, std::vector<OpenKeys>> keys_of;
    for (const Row& r : rows("open", {"id", "low", "high", "why"})) {
      PublishedClaim& c = claim(r);
      if (c.missing.empty())
        throw InputError(r.place,
                         fmt::format("answers.csv says not that '{}' leaves it open", c.id),
                         "a text in the column missing");
      if (claim_quantity(c.quantity, r.place).about != About::runs || c.of.empty())
        throw InputError(r.place, fmt::format("nothing is run for '{}'", c.id));
      c.open = true;
      keys_of[c.id].push_back(open_keys(r));
    }
    for (PublishedClaim& c : p_.claims)
      if (const auto at = keys_of.find(c.id); at != keys_of.end())
        for (Choice& choice : c.choices) add_ends(choice, at->second);
  }

  void add_ends(Choice& choice, const std::vector<OpenKeys>& open) {
    constexpr std::size_t most = 6;
    if (open.size() > most)
      throw InputError(open[most].place, "too many keys are open at once",
                       fmt::format("at most {} rows of one claim", most));
    // As the configuration has them.
    for (const OpenKeys& keys : open)
      for (const std::string& word : keys.ends[0]) {
        const std::string key = word.substr(0, word.find('='));
        if (const auto said = workloads::said(p_.configuration(choice.of[0]).spec, key))
          choice.open += fmt::format("{}{}={}", choice.open.empty() ? "" : " ", key, *said);
      }
    for (std::size_t which = 0; which < std::size_t{1} << open.size(); ++which) {
      Choice end{.label = choice.label, .of = choice.of, .against = choice.against};
      for (std::size_t k = 0; k < open.size(); ++k)
        for (const std::string& word : open[k].ends[which >> k & 1]) {
          end.open += (end.open.empty() ? "" : " ") + word;
          for (std::string& name : end.of) name = with(name, word, open[k].place);
        }
      choice.ends.push_back(std::move(end));
    }
  }
  // The configuration with that key set, under a name of its own.
  std::string with(const std::string& name, const std::string& word, const std::string& place) {
    Configuration c = p_.configuration(name);
    const std::size_t equals = word.find('=');
    try {
      c.spec = workloads::to_text(workloads::with(workloads::parse_request(c.spec),
                                                  word.substr(0, equals), word.substr(equals + 1)));
    } catch (const InputError& e) {
      throw InputError(place, e.what(), e.note());
    }
    c.name = name + " " + word;
    p_.configurations.emplace(c.name, c);
    return c.name;
  }

  void context() {
    for (const Row& r :
         rows("context", {"source", "table", "row", "column", "value_low", "value_high",
                          "value_unit", "quantity", "of", "against"})) {
      PublishedClaim c;
      c.source = r.at("source");
      c.table = r.at("table");
      c.row = r.at("row");
      c.column = r.at("column");
      c.low = r.number("value_low");
      c.high = r.number("value_high");
      c.value_unit = r.at("value_unit");
      unit_scale(c.value_unit);
      c.quantity = r.at("quantity");
      c.of = words(r.at("of"));
      c.against = words(r.at("against"));
      c.choices = {{.label = {}, .of = c.of, .against = c.against}};
      use(c.quantity, c.of, c.against, r.place);
      p_.context.push_back(std::move(c));
    }
  }

  void refuse_unused() const {
    for (const auto& [name, place] : unused_configurations_)
      throw InputError(place, fmt::format("nothing uses the configuration '{}'", name));
    for (const auto& [name, place] : unused_standings_)
      throw InputError(place, fmt::format("no claim has the provenance '{}'", name));
  }

  const std::vector<DataFile>& files_;
  Published p_;
  // Their places in the files; those that something uses go.
  std::map<std::string, std::string> unused_configurations_, unused_standings_;
};

}  // namespace

std::string whole_chip(const std::string& name) {
  return name.substr(0, name.find('-'));
}

std::string_view name(Sense s) {
  return s == Sense::up_to ? "up to" : s == Sense::at_least ? "at least" : "";
}

const PublishedClaim* Published::find(const std::string& id) const {
  const auto at = std::ranges::find(claims, id, &PublishedClaim::id);
  return at == claims.end() ? nullptr : &*at;
}

const Configuration& Published::configuration(const std::string& name) const {
  const auto at = configurations.find(name);
  ANE_CHECK(at != configurations.end(), name.c_str());
  return at->second;
}

double unit_scale(const std::string& unit) {
  static const std::map<std::string, double> scales = {
      {"TOPS", 1e12},  {"TFLOPS", 1e12}, {"GFLOPS/W", 1e9}, {"GB/s", 1e9}, {"MB", 1e6},
      {"GB", 1e9},     {"GiB", 0x1p30},  {"M", 1e6},        {"G", 1e9},    {"W", 1},
      {"x", 1},        {"x/W", 1},       {"x/day", 1},      {"bits", 1},   {"fraction", 1},
      {"tokens/s", 1}, {"res/s", 1},     {"percent", 0.01}, {"ms", 1e-3},  {"s", 1}};
  const auto at = scales.find(unit);
  if (at == scales.end()) throw InputError("", fmt::format("unit '{}' is unknown", unit));
  return at->second;
}

Published load_published(const std::vector<DataFile>& files) {
  return Loader(files).load();
}

}  // namespace ane::sim
