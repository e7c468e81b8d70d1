#include "workloads/request/request.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <set>

#include "isa/error.h"
#include "workloads/request/kinds.h"

namespace ane::workloads {

std::span<const std::string_view> names_of(Scope) {
  static constexpr std::string_view names[] = {"whole", "rail", "package"};
  return names;
}
std::span<const std::string_view> names_of(Placing) {
  static constexpr std::string_view names[] = {"capable", "coreml", "best"};
  return names;
}
std::span<const std::string_view> names_of(Api) {
  static constexpr std::string_view names[] = {"any",    "metal",  "mpsgraph",
                                               "vulkan", "opencl", "cuda"};
  return names;
}
std::span<const std::string_view> names_of(HostTensors) {
  static constexpr std::string_view names[] = {"fp16", "fp32"};
  return names;
}

namespace {

// A key of Request's own members, and which kinds take it.
struct Common {
  Key key;
  unsigned takes;
  bool of_work;  // part of work_text
};

// Through a struct of all that kinds share, so that keys bind to members as those of kinds do.
struct Shared : Conditions {
  Shared() = default;
  explicit Shared(const Request& r)
      : Conditions(r.conditions),
        weights(r.formats.weights),
        activations(r.formats.activations),
        scales(r.formats.scales),
        fp16_layers(r.formats.fp16_layers),
        zeros(r.formats.zeros),
        batch(r.batch) {}
  std::string weights = Formats{}.weights, activations = Formats{}.activations;
  std::string scales, fp16_layers;
  double zeros = 0;
  std::int64_t batch = 1;
};

template <auto Member>
constexpr Key shared(std::string_view name, std::string_view help, double least = 0,
                     double most = 1e15) {
  return key<Member, Shared>(name, help, least, most);
}

constexpr Common common[] = {
    {shared<&Shared::batch>("batch", "items of a call", 1, 1e9), takes_batch, false},
    {shared<&Shared::weights>("weights", "format of the weights as stored"), takes_weights, false},
    {shared<&Shared::activations>("activations", "format of the activations"), takes_activations,
     false},
    {shared<&Shared::scales>("scales",
                             "of int8 weights: tensor or channel (the usual); of int4: "
                             "group32"),
     takes_weights, false},
    {shared<&Shared::fp16_layers>("fp16_layers",
                                  "names, at commas, of layers that stay in FP16; '*' for any "
                                  "letters (accelerator)"),
     takes_weights, false},
    {shared<&Shared::zeros>("zeros", "percent of exact zeros among densely stored weights", 0, 100),
     takes_zeros, true},
    {shared<&Conditions::slope_from>("slope_from", "the smaller of two depths: a marginal figure"),
     takes_slope, true},
    {shared<&Conditions::io>("io", "host tensors: fp16, or fp32 with casts inside"), takes_io,
     true},
    {shared<&Conditions::api>("api", "a GPU's programming interface under the runtime"),
     takes_state, true},
    {shared<&Conditions::threads>("threads", "of the CPU: a count, p_cores or all"), takes_state,
     true},
    {shared<&Conditions::concurrent>("concurrent",
                                     "what else reads the memory: cpu, gpu or cpu,gpu"),
     takes_state, true},
    {shared<&Conditions::engines>("engines", "ANEs that share one program", 1, 64), takes_state,
     true},
    {shared<&Conditions::overlap>("overlap", "calls back to back, nobody waits"), takes_state,
     true},
    {shared<&Conditions::cold>("cold", "the first call"), takes_state, true},
    {shared<&Conditions::idle_s>("idle_s", "seconds without a call before"), takes_state, true},
    {shared<&Conditions::host>("host", "whose CPU serves a card: a chip"), takes_host, true},
    {shared<&Conditions::scope>("scope", "what a power figure covers: rail, package"),
     takes_nothing, true},
    {shared<&Conditions::unit>("unit", "ane, gpu, cpu, memory"), takes_nothing, false},
    {shared<&Conditions::runtime>("path", "the software that runs it"), takes_nothing, false},
    {shared<&Conditions::form>("form", "framework or accelerator"), takes_nothing, false},
    {shared<&Conditions::placement>(
         "placement",
         "what the ANE gets: capable (all that it takes), coreml (what "
         "Core ML's planner puts there) or best (what is quickest there)"),
     takes_weights | takes_activations, true},
};

bool taken(const Kind& k, const Common& c) {
  return c.takes == takes_nothing || (k.takes & c.takes) != 0;
}

struct Word {
  std::string name, value;
};

std::vector<Word> words_of(std::string_view text, const std::string& place) {
  std::vector<Word> words;
  for (;;) {
    const std::size_t from = text.find_first_not_of(" \t\n\r");
    if (from == std::string_view::npos) return words;
    text.remove_prefix(from);
    const std::string_view word = text.substr(0, text.find_first_of(" \t\n\r"));
    text.remove_prefix(word.size());
    const std::size_t equals = word.find('=');
    if (equals == std::string_view::npos || equals == 0 || equals + 1 == word.size())
      throw InputError(place, fmt::format("'{}' is no key=value", word));
    words.push_back({std::string(word.substr(0, equals)), std::string(word.substr(equals + 1))});
  }
}

[[noreturn]] void unknown_key(const Kind& kind, const std::string& name, const std::string& place) {
  std::vector<std::string> own;
  for (const Key& k : kind.keys) own.emplace_back(k.name);
  for (const Common& c : common)
    if (taken(kind, c)) own.emplace_back(c.key.name);
  // What other tools call it.
  static constexpr std::pair<std::string_view, std::string_view> elsewhere[] = {
      {"precision", "weights"},    {"dtype", "weights"},
      {"quantization", "weights"}, {"device", "unit"},
      {"compute_units", "unit"},   {"runtime", "path"},
      {"batch_size", "batch"},     {"bs", "batch"}};
  const auto same =
      std::ranges::find(elsewhere, name, &std::pair<std::string_view, std::string_view>::first);
  const std::string meant(same == std::end(elsewhere) ? std::string_view(name) : same->second);
  std::string note = choice_note(meant, own);
  if (meant == "weights")
    note = "int8 weights: weights=int8; activations=int8 beside them. " + note;
  throw InputError(place, fmt::format("kind={} has no key '{}'", kind.name, name), note);
}

std::string text_of(const Request& r, bool work_alone) {
  std::string out = fmt::format("kind={}", r.kind->name);
  const auto add = [&](std::string_view name, const std::optional<std::string>& value) {
    if (value) out += fmt::format(" {}={}", name, *value);
  };
  const std::shared_ptr<Work> plain = r.kind->make();
  // Keys point into the kind's struct; writing reads it only.
  void* const self = r.kind->self(const_cast<Work&>(*r.work));
  for (const Key& k : r.kind->keys)
    if (!work_alone || !k.lowering)
      add(k.name, k.write(self, k.needed ? nullptr : r.kind->self(*plain)));
  const Shared all(r), defaults;
  for (const Common& c : common)
    if (taken(*r.kind, c) && (!work_alone || c.of_work))
      add(c.key.name, c.key.write(&all, &defaults));
  return out;
}

}  // namespace

std::string keys::thousands_note(std::string_view key, std::string_view text) {
  constexpr std::string_view letters = "kKmMgG";
  double value = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
  const std::size_t letter = fault == std::errc{} && end + 1 == text.data() + text.size()
                                 ? letters.find(*end)
                                 : std::string_view::npos;
  if (letter == std::string_view::npos) return {};
  const auto power = static_cast<double>(letter / 2 + 1);
  return fmt::format("{0}={1:.0f} or {0}={2:.0f}", key, value * std::pow(1000, power),
                     value * std::pow(1024, power));
}

std::span<const CommonKey> common_keys() {
  static const std::vector<CommonKey> all = [] {
    std::vector<CommonKey> out;
    for (const Common& c : common) out.push_back({c.key.name, c.takes});
    return out;
  }();
  return all;
}

Request parse_request(std::string_view text, const std::string& place) {
  const std::vector<Word> words = words_of(text, place);
  const auto named = std::ranges::find(words, std::string("kind"), &Word::name);
  Request r;
  r.kind = &kind_named(named == words.end() ? std::string() : named->value, place);
  const std::shared_ptr<Work> work = r.kind->make();
  Shared all;
  std::set<std::string> given;
  for (const Word& w : words) {
    if (!given.insert(w.name).second)
      throw InputError(place, fmt::format("'{}' is given twice", w.name));
    if (w.name == "kind") continue;
    if (const auto own = std::ranges::find(r.kind->keys, w.name, &Key::name);
        own != r.kind->keys.end()) {
      // One spelling of each name.
      const auto spelt =
          own->name == "name" && r.kind->spelt != nullptr ? r.kind->spelt(w.value) : std::nullopt;
      own->read(r.kind->self(*work), *own, spelt.value_or(w.value), place);
      continue;
    }
    const auto at = std::ranges::find_if(
        common, [&](const Common& c) { return c.key.name == w.name && taken(*r.kind, c); });
    if (at == std::end(common)) unknown_key(*r.kind, w.name, place);
    at->key.read(&all, at->key, w.value, place);
  }
  work->settle();
  std::vector<std::string> needs;
  for (const Key& k : r.kind->keys)
    if (k.needed) needs.push_back(fmt::format("{} ({})", k.name, k.help));
  for (const Key& k : r.kind->keys)
    if (k.needed && !given.contains(std::string(k.name)))
      throw InputError(place, fmt::format("kind={} needs '{}='", r.kind->name, k.name),
                       fmt::format("kind={} needs: {}", r.kind->name, fmt::join(needs, ", ")));
  bytes_of(all.weights);
  bytes_of(all.activations);
  r.work = work;
  r.formats = {all.weights, all.activations, all.zeros, all.scales, all.fp16_layers};
  // Work without weights is of one format.
  if ((r.kind->takes & takes_weights) == 0) r.formats.weights = r.formats.activations;
  r.batch = all.batch;
  r.conditions = all;
  if (r.conditions.slope_from > 0 && r.conditions.slope_from >= work->depth())
    throw InputError(place, "slope_from is the smaller of two depths",
                     fmt::format("1 to {}", std::max<std::int64_t>(1, work->depth() - 1)));
  work->check(r, place);
  constexpr double most_flop = 1e18;
  if (const double flop = work->nominal_flop(r); !(flop <= most_flop))
    throw InputError(
        place, fmt::format("{:.3g} FLOP are too many: {} is too large", flop, text_of(r, true)),
        fmt::format("at most {:g}", most_flop));
  return r;
}

std::string to_text(const Request& r) {
  return text_of(r, false);
}
std::string work_text(const Request& r) {
  return text_of(r, true);
}

Request with(const Request& r, std::string_view key, std::string_view value) {
  std::string text;
  for (const Word& w : words_of(to_text(r), "request"))
    if (w.name != key) text += fmt::format("{}={} ", w.name, w.value);
  if (!value.empty()) text += fmt::format("{}={}", key, value);
  return parse_request(text);
}

std::string with_defaults(std::string_view text, std::string_view more) {
  std::string out(text);
  const std::vector<Word> said = words_of(text, "request");
  for (const Word& w : words_of(more, "request"))
    if (std::ranges::find(said, w.name, &Word::name) == said.end())
      out += fmt::format(" {}={}", w.name, w.value);
  return out;
}

std::optional<std::string> said(std::string_view text, std::string_view key) {
  const std::vector<Word> words = words_of(text, "request");
  const auto at = std::ranges::find(words, std::string(key), &Word::name);
  return at == words.end() ? std::nullopt : std::optional(at->value);
}

std::vector<std::int64_t> extents(std::string_view shape) {
  std::vector<std::int64_t> out;
  const char* at = shape.data();
  const char* const end = shape.data() + shape.size();
  while (true) {
    std::int64_t v = 0;
    const auto [next, fault] = std::from_chars(at, end, v);
    if (fault != std::errc{} || v < 1 || (next != end && *next != 'x'))
      throw InputError("", fmt::format("'{}' is no shape", shape), "as 64x128x128");
    out.push_back(v);
    if (next == end) return out;
    at = next + 1;
  }
}

}  // namespace ane::workloads
