#include "sim/chips/description.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <mutex>
#include <set>

#include "isa/error.h"
#include "isa/file.h"
#include "sim/chips/derive.h"
#include "sim/chips/json_lines.h"
#include "sim/chips/unit_text.h"

namespace ane::sim {
namespace {

const std::vector<std::string> kinds = {"measured", "published", "derived", "assumed", "fitted"};
const std::vector<std::string> leaf_keys = {"value", "unit", "kind", "source", "note",
                                            "from",  "low",  "high", "free"};

// One file before its ancestors are joined to it.
struct File {
  Description own;
  std::string ancestor, inherited_kind, inherited_note, place;
  std::vector<std::string> without;  // the ancestor's parameters that are not true here
  int ancestor_line = 0;
};

std::string join(const std::vector<std::string>& path, std::size_t n) {
  return fmt::format("{}",
                     fmt::join(path.begin(), path.begin() + static_cast<std::ptrdiff_t>(n), "."));
}

template <class T>
T get(const JsonScalar& s, const std::string& place, std::string_view wanted) {
  if (const T* v = std::get_if<T>(&s.value)) return *v;
  throw InputError(place, fmt::format("{}: must be {}", fmt::join(s.path, "."), wanted));
}

double number(const JsonScalar& s, const std::string& place) {
  if (const bool* truth = std::get_if<bool>(&s.value)) return *truth ? 1 : 0;
  return get<double>(s, place, "a number");
}

void set_leaf(Parameter& p, const JsonScalar& s, const std::string& place) {
  const std::string& key = s.path.back();
  if (std::find(leaf_keys.begin(), leaf_keys.end(), key) == leaf_keys.end())
    throw InputError(place, fmt::format("{}: unknown key", fmt::join(s.path, ".")),
                     choice_note(key, leaf_keys));
  if (key == "value") {
    p.value = number(s, place);
    p.place = kept(place);
  } else if (key == "low") {
    p.low = number(s, place);
  } else if (key == "high") {
    p.high = number(s, place);
  } else if (key == "free") {
    p.free = get<bool>(s, place, "true or false");
  } else {
    const std::string_view text = kept(get<std::string>(s, place, "a text"));
    if (key == "unit") p.unit = text;
    if (key == "kind") p.kind = text;
    if (key == "source") p.source = text;
    if (key == "note") p.note = text;
    if (key == "from") p.from = text;
  }
}

// Units to base units, and the promises of each kind.
void finish(const std::string& path, Parameter& p, const std::string& file) {
  const auto fault = [&](const std::string& what, std::string note = "") {
    return InputError(p.place.empty() ? file : std::string(p.place), path + ": " + what,
                      std::move(note));
  };
  if (p.place.empty()) throw fault("no 'value'");
  const std::optional<Unit> unit = parse_unit(p.unit);
  if (!unit) throw fault(fmt::format("unknown unit '{}'", p.unit), "as GHz, MiB, GB/s, us, pJ/B");
  if (std::find(kinds.begin(), kinds.end(), p.kind) == kinds.end())
    throw fault(fmt::format("kind '{}' is unknown", p.kind), choice_note(p.kind, kinds));
  if (p.source.empty() && p.kind != "assumed") throw fault("no 'source'");
  if (p.kind == "assumed" && p.note.empty()) throw fault("assumed, but no 'note' says why");
  if (p.kind == "derived" && p.from.empty()) throw fault("derived, but no 'from' says from what");
  if ((p.kind == "fitted" || p.free) && !(p.low && p.high))
    throw fault("a fitted or free value needs 'low' and 'high'");
  if ((p.low && *p.low > p.value) || (p.high && *p.high < p.value))
    throw fault("the value lies outside its 'low' and 'high'");
  p.scale = unit->scale;
  p.dimension = kept(unit->dimension);
  p.value *= p.scale;
  if (p.low) *p.low *= p.scale;
  if (p.high) *p.high *= p.scale;
}

File parse_file(std::string_view text, const std::string& file) {
  File f;
  f.place = file;
  for (const JsonScalar& s : parse_json_lines(text, file)) {
    const std::string place = fmt::format("{}:{}", file, s.line);
    const std::string& top = s.path[0];
    if (top == "name") {
      f.own.name = get<std::string>(s, place, "a text");
    } else if (top == "inherits") {
      f.ancestor = get<std::string>(s, place, "a text");
      f.ancestor_line = s.line;
    } else if (top == "inherited_kind") {
      f.inherited_kind = get<std::string>(s, place, "a text");
    } else if (top == "inherited_note") {
      f.inherited_note = get<std::string>(s, place, "a text");
    } else if (top == "without") {
      f.without.push_back(get<std::string>(s, place, "a list of paths"));
    } else if (top == "aliases") {
      f.own.aliases.push_back(get<std::string>(s, place, "a list of texts"));
    } else if (top == "about" && s.path.size() == 2) {
      f.own.about[s.path[1]] = get<std::string>(s, place, "a text");
    } else {
      if (s.path.size() < 2)
        throw InputError(
            place, fmt::format("{}: unknown key", top),
            "name, inherits, without, aliases, about, or a parameter with 'value' and 'kind'");
      set_leaf(f.own.parameters[join(s.path, s.path.size() - 1)], s, place);
    }
  }
  if (f.own.name.empty()) throw InputError(file, "no 'name'");
  for (auto& [path, p] : f.own.parameters) finish(path, p, file);
  return f;
}

// Parsed when first asked for; a file has its description's name.
const File& built_in(const DataFile& d) {
  static std::map<const DataFile*, File> parsed;
  static std::mutex mutex;
  const std::scoped_lock lock(mutex);
  const auto at = parsed.find(&d);
  if (at != parsed.end()) return at->second;
  return parsed.emplace(&d, parse_file(d.text, std::string(d.name) + ".json")).first->second;
}

const File* find(std::string_view folder, std::string_view name) {
  const std::string wanted = folded_name(name);
  for (const DataFile& d : data_files())
    if (d.folder == folder && folded_name(d.name) == wanted) return &built_in(d);
  for (const DataFile& d : data_files())
    if (d.folder == folder)
      for (const std::string& a : built_in(d).own.aliases)
        if (folded_name(a) == wanted) return &built_in(d);
  return nullptr;
}

const File& require(std::string_view folder, std::string_view what, std::string_view name,
                    const std::string& place) {
  if (const File* f = find(folder, name)) return *f;
  const std::vector<std::string> names = description_names(folder);
  std::vector<std::string> all = names;
  for (const auto& [alias, of] : description_aliases(folder)) all.push_back(alias);
  const std::string near = near_note(name, all);
  throw InputError(
      place, fmt::format("unknown {} '{}'", what, name),
      fmt::format("{}{}one of: {}{}", near, near.empty() ? "" : " ", fmt::join(names, ", "),
                  what == "chip" ? "; `anesim chips --aliases` has more" : ""));
}

std::vector<std::string> paths_of(const Description& d) {
  std::vector<std::string> paths;
  for (const auto& [path, p] : d.parameters) paths.push_back(path);
  return paths;
}

InputError unknown_path(const Description& d, std::string_view path, const std::string& place) {
  const std::string near = nearest(path, paths_of(d));
  return {place, fmt::format("'{}' has no parameter '{}'", d.name, path),
          near.empty() ? fmt::format("`anesim chips {} --sources` lists them", d.name)
                       : fmt::format("did you mean '{}'?", near)};
}

Description join_ancestors(const File& f, std::string_view folder, std::string_view what,
                           int depth = 0) {
  if (f.ancestor.empty()) return f.own;
  const std::string place = fmt::format("{}:{}", f.place, f.ancestor_line);
  if (depth > 8) throw InputError(place, "inherits in a circle");
  Description d = join_ancestors(require(folder, what, f.ancestor, place), folder, what, depth + 1);
  for (const std::string& path : f.without)
    if (d.parameters.erase(path) == 0) throw unknown_path(d, path, f.place + ": without");
  const bool other_chip = what == "chip" && !f.own.name.starts_with(fmt::format("{}-", d.name));
  for (auto& [path, p] : d.parameters) {
    if (other_chip && p.kind != "derived" && p.kind != "assumed" && p.kind != "inherited") {
      p.kind_there = p.kind;
      p.kind = "inherited";
    }
    if (!f.inherited_kind.empty() && p.kind != "derived") p.kind = kept(f.inherited_kind);
    if (!f.inherited_note.empty())
      p.note =
          kept(p.note.empty() ? f.inherited_note : fmt::format("{}; {}", f.inherited_note, p.note));
  }
  d.name = f.own.name;
  d.aliases = f.own.aliases;
  for (const auto& [key, value] : f.own.about) d.about[key] = value;
  for (const auto& [path, p] : f.own.parameters) d.parameters[path] = p;
  return d;
}

// M2 before M10, M1 before M1Max: runs of digits compare as numbers.
bool natural_less(std::string_view a, std::string_view b) {
  while (!a.empty() && !b.empty()) {
    if (std::isdigit(static_cast<unsigned char>(a[0])) &&
        std::isdigit(static_cast<unsigned char>(b[0]))) {
      long x = 0, y = 0;
      const char* ax = std::from_chars(a.data(), a.data() + a.size(), x).ptr;
      const char* by = std::from_chars(b.data(), b.data() + b.size(), y).ptr;
      if (x != y) return x < y;
      a.remove_prefix(static_cast<std::size_t>(ax - a.data()));
      b.remove_prefix(static_cast<std::size_t>(by - b.data()));
    } else {
      if (a[0] != b[0]) return a[0] < b[0];
      a.remove_prefix(1), b.remove_prefix(1);
    }
  }
  return a.size() < b.size();
}

}  // namespace

std::string_view kept(std::string_view text) {
  static std::set<std::string, std::less<>> texts;
  static std::mutex mutex;
  const std::scoped_lock lock(mutex);
  const auto at = texts.find(text);
  return at != texts.end() ? *at : *texts.emplace(text).first;
}

const Parameter& Description::at(std::string_view path) const {
  const auto found = parameters.find(path);
  if (found == parameters.end()) throw unknown_path(*this, path, "");
  return found->second;
}

bool Description::has(std::string_view path) const {
  return parameters.contains(path);
}

std::vector<std::string> description_names(std::string_view folder) {
  std::vector<std::string> names;
  for (const DataFile& d : data_files())
    if (d.folder == folder) names.emplace_back(d.name);
  std::sort(names.begin(), names.end(), natural_less);
  return names;
}

Description load_description(std::string_view folder, std::string_view what,
                             std::string_view name) {
  if (!name.ends_with(".json")) {
    const File& f = require(folder, what, name, "");
    Description d = join_ancestors(f, folder, what);
    derive(d, f.place);
    return d;
  }
  const std::string path(name);
  Description d =
      join_ancestors(parse_file(read_file(path, std::uint64_t{64} << 20), path), folder, what);
  derive(d, path);
  return d;
}

void apply_override(Description& d, std::string_view setting) {
  const std::string place = fmt::format("--set {}", setting);
  const std::size_t equals = setting.find('=');
  if (equals == std::string_view::npos)
    throw InputError(place, "must be path.to.value=NUMBER[UNIT]");
  const std::string path(setting.substr(0, equals));
  std::string_view text = setting.substr(equals + 1);
  const auto found = d.parameters.find(path);
  if (found == d.parameters.end()) throw unknown_path(d, path, place);
  Parameter& p = found->second;
  double value = 0;
  if (text == "true" || text == "false") {
    value = text == "true" ? 1 : 0;
    text = "";
  } else {
    const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (fault != std::errc{} || !std::isfinite(value))
      throw InputError(place, fmt::format("'{}' is no number", text));
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    while (text.starts_with(' ')) text.remove_prefix(1);
  }
  if (!text.empty()) {
    const std::optional<Unit> unit = parse_unit(text);
    if (!unit || unit->dimension != p.dimension)
      throw InputError(place, fmt::format("'{}' is not a unit of {} ({})", text, path, p.dimension),
                       fmt::format("as in {}={}", path, with_unit(p.value, p.dimension)));
    value *= unit->scale;
    p.unit = kept(text);
    p.scale = unit->scale;
  }
  // A derived value that is set no longer follows what it is derived from.
  if (value == p.value && p.kind != "derived") return;
  keep_sold(d);
  if (!p.stock) p.stock = p.value;
  p.value = value;
  p.kind = "set", p.source = "--set", p.place = kept(place);
  p.note = p.from = {}, p.low.reset(), p.high.reset(), p.free = false;
  derive(d);
}

void keep_sold(Description& d) {
  if (!d.sold) d.sold = std::make_shared<const Description>(d);
}

std::string overrides_text(const Description& d) {
  std::string out;
  for (const auto& [path, p] : d.parameters) {
    if (p.kind != "set") continue;
    // As people write it, where that is the same number.
    std::string text = with_unit(p.value, p.dimension);
    std::erase(text, ' ');
    double number = 0;
    const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
    const std::optional<Unit> unit = parse_unit(std::string_view(end, text.data() + text.size()));
    if (fault != std::errc{} || !unit || number * unit->scale != p.value)
      text = fmt::format("{}", p.value);
    out += fmt::format("{}{}={}", out.empty() ? "" : " ", path, text);
  }
  return out;
}

std::vector<std::pair<std::string, std::string>> description_aliases(std::string_view folder) {
  std::vector<std::pair<std::string, std::string>> all;
  for (const std::string& name : description_names(folder))
    for (const DataFile& d : data_files())
      if (d.folder == folder && d.name == name)
        for (const std::string& alias : built_in(d).own.aliases) all.emplace_back(alias, name);
  return all;
}

std::string folded_name(std::string_view name) {
  std::string out;
  for (const char c : name)
    if (std::isalnum(static_cast<unsigned char>(c)))
      out += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

}  // namespace ane::sim
