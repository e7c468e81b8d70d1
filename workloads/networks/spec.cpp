#include "workloads/networks/spec.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <variant>

#include "isa/error.h"

namespace ane::workloads {
namespace {

using S = Spec;
struct Key {
  std::string_view name;
  std::variant<std::string S::*, std::int64_t S::*, bool S::*, double S::*> member;
};

// In the order in which to_string writes them.
constexpr Key keys[] = {
    {"unit", &S::unit},
    {"path", &S::path},
    {"kind", &S::kind},
    {"name", &S::name},
    {"op", &S::op},
    {"params", &S::params},
    {"layers", &S::layers},
    {"cin", &S::cin},
    {"cout", &S::cout},
    {"h", &S::h},
    {"w", &S::w},
    {"kh", &S::kh},
    {"kw", &S::kw},
    {"stride", &S::stride},
    {"groups", &S::groups},
    {"m", &S::m},
    {"n", &S::n},
    {"residues", &S::residues},
    {"k", &S::k},
    {"hidden", &S::hidden},
    {"ffn", &S::ffn},
    {"heads", &S::heads},
    {"kv_heads", &S::kv_heads},
    {"head_dim", &S::head_dim},
    {"vocab", &S::vocab},
    {"tied_embeddings", &S::tied_embeddings},
    {"encoder", &S::encoder},
    {"decoder", &S::decoder},
    {"context_layers", &S::context_layers},
    {"featurise", &S::featurise},
    {"phase", &S::phase},
    {"tokens", &S::tokens},
    {"context", &S::context},
    {"capacity", &S::capacity},
    {"depth", &S::depth},
    {"cin_first", &S::cin_first},
    {"shared_weights", &S::shared_weights},
    {"shape", &S::shape},
    {"elements", &S::elements},
    {"axes", &S::axes},
    {"input", &S::input},
    {"weights", &S::weights},
    {"activations", &S::activations},
    {"batch", &S::batch},
    {"bmm", &S::bmm},
    {"bias", &S::bias},
    {"transpose_b", &S::transpose_b},
    {"pad", &S::pad},
    {"epilogue", &S::epilogue},
    {"bytes", &S::bytes},
    {"direction", &S::direction},
    {"counted", &S::counted},
    {"size", &S::size},
    {"weight_bytes", &S::weight_bytes},
    {"state", &S::state},
    {"call_tokens", &S::call_tokens},
    {"calls", &S::calls},
    {"dispatches", &S::dispatches},
    {"positions", &S::positions},
    {"cpu_ops", &S::cpu_ops},
    {"flash_attention", &S::flash_attention},
    {"slope_from", &S::slope_from},
    {"zeros", &S::zeros},
    {"engines", &S::engines},
    {"io", &S::io},
    {"api", &S::api},
    {"threads", &S::threads},
    {"concurrent", &S::concurrent},
    {"compute_units", &S::compute_units},
    {"overlap", &S::overlap},
    {"cold", &S::cold},
    {"idle_s", &S::idle_s},
    {"macs", &S::macs},
    {"scope", &S::scope},
};

struct Kind {
  std::string name;
  std::vector<std::string> needed;
};
const std::vector<Kind>& kind_table() {
  static const std::vector<Kind> table = {
      {"conv", {"cin", "cout", "h", "w"}},
      {"matmul", {"m", "n", "k"}},
      {"elementwise", {"op", "elements"}},
      {"op", {"op", "shape"}},
      {"network", {"name"}},
      {"encoder", {"name"}},
      {"llm", {"name", "phase"}},
      {"mpnn", {"residues", "k", "hidden", "encoder", "decoder", "phase"}},
      {"copy", {"bytes"}},
      {"launch", {}},
      {"idle", {}},
  };
  return table;
}

const Key* find_key(std::string_view name) {
  for (const Key& k : keys)
    if (k.name == name) return &k;
  return nullptr;
}

// Values of keys that name one of a closed set.
const std::vector<std::string>* choices(std::string_view key) {
  static const std::vector<std::string> units = {"ane", "gpu", "cpu", "memory"};
  static const std::vector<std::string> pads = {"same", "valid"};
  static const std::vector<std::string> scopes = {"rail", "package"};
  static const std::vector<std::string> states = {"device", "buffers", "host"};
  if (key == "unit") return &units;
  if (key == "pad") return &pads;
  if (key == "scope") return &scopes;
  if (key == "state") return &states;
  return nullptr;
}

template <class T>
T parse_number(std::string_view key, std::string_view text, const std::string& place) {
  T v{};
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), v);
  if (fault != std::errc{} || end != text.data() + text.size())
    throw InputError(place, fmt::format("{}: '{}' is no {}", key, text,
                                        std::is_integral_v<T> ? "whole number" : "number"));
  if (!(v >= T{}) || static_cast<double>(v) > 1e15)
    throw InputError(place, fmt::format("{}: {} is out of range (0 to 1e15)", key, text));
  return v;
}

void set(Spec& s, const Key& key, std::string_view text, const std::string& place) {
  std::visit(
      [&](auto member) {
        using T = std::remove_reference_t<decltype(s.*member)>;
        if constexpr (std::is_same_v<T, std::string>) {
          if (const auto* allowed = choices(key.name)) {
            const std::string value(text);
            if (std::find(allowed->begin(), allowed->end(), value) == allowed->end())
              throw InputError(place, fmt::format("{}: unknown value '{}'", key.name, text),
                               choice_note(text, *allowed));
          }
          s.*member = std::string(text);
        } else if constexpr (std::is_same_v<T, bool>) {
          if (text != "0" && text != "1")
            throw InputError(place, fmt::format("{}: '{}' is neither 0 nor 1", key.name, text));
          s.*member = text == "1";
        } else {
          s.*member = parse_number<T>(key.name, text, place);
        }
      },
      key.member);
}

void require(const Spec& s, const std::string& place) {
  const std::vector<Kind>& table = kind_table();
  const auto kind =
      std::find_if(table.begin(), table.end(), [&](const Kind& k) { return k.name == s.kind; });
  if (kind == table.end()) {
    std::vector<std::string> names;
    for (const Kind& k : table) names.push_back(k.name);
    throw InputError(place,
                     s.kind.empty() ? "no 'kind='" : fmt::format("unknown kind '{}'", s.kind),
                     choice_note(s.kind, names));
  }
  for (const std::string& n : kind->needed)
    if (!s.has(n))
      throw InputError(place, fmt::format("kind={} needs '{}='", s.kind, n),
                       fmt::format("kind={} needs: {}", s.kind, fmt::join(kind->needed, ", ")));
  // Counts that divide or multiply: a zero would make the work vanish.
  for (const auto& [name, value] : {std::pair<std::string_view, std::int64_t>{"batch", s.batch},
                                    {"depth", s.depth},
                                    {"stride", s.stride},
                                    {"groups", s.groups},
                                    {"tokens", s.tokens},
                                    {"engines", s.engines},
                                    {"h", s.h},
                                    {"w", s.w},
                                    {"kh", s.kh},
                                    {"kw", s.kw}})
    if (value < 1) throw InputError(place, fmt::format("{}: must be at least 1", name));
  for (const std::string& n : kind->needed)
    if (const auto* member = std::get_if<std::int64_t S::*>(&find_key(n)->member);
        member != nullptr && n != "encoder" && n != "decoder" && s.*(*member) < 1)
      throw InputError(place, fmt::format("{}: must be at least 1", n));
  if (!s.shape.empty()) extents(s.shape);
  bytes_of(s.weights);
  bytes_of(s.activations);
}

}  // namespace

Spec parse_spec(std::string_view text, const std::string& place) {
  Spec s;
  while (true) {
    const std::size_t from = text.find_first_not_of(" \t");
    if (from == std::string_view::npos) break;
    text.remove_prefix(from);
    const std::string_view word = text.substr(0, text.find_first_of(" \t"));
    text.remove_prefix(word.size());
    const std::size_t equals = word.find('=');
    if (equals == std::string_view::npos || equals == 0 || equals + 1 == word.size())
      throw InputError(place, fmt::format("'{}' is no key=value", word));
    const std::string_view name = word.substr(0, equals);
    const Key* key = find_key(name);
    if (key == nullptr) {
      std::vector<std::string> names;
      for (const Key& k : keys) names.emplace_back(k.name);
      throw InputError(place, fmt::format("unknown key '{}'", name), choice_note(name, names));
    }
    if (!s.given.emplace(name).second)
      throw InputError(place, fmt::format("'{}' is given twice", name));
    set(s, *key, word.substr(equals + 1), place);
  }
  require(s, place);
  return s;
}

std::string to_string(const Spec& s) {
  std::string out;
  for (const Key& k : keys) {
    if (!s.has(k.name)) continue;
    if (!out.empty()) out += ' ';
    std::visit(
        [&](auto member) {
          if constexpr (std::is_same_v<std::remove_cvref_t<decltype(s.*member)>, bool>)
            out += fmt::format("{}={}", k.name, s.*member ? 1 : 0);
          else
            out += fmt::format("{}={}", k.name, s.*member);
        },
        k.member);
  }
  return out;
}

double bytes_of(std::string_view f) {
  const auto percent = [&](std::string_view prefix) -> std::optional<double> {
    double v = 0;
    if (!f.starts_with(prefix)) return std::nullopt;
    const auto [end, fault] = std::from_chars(f.data() + prefix.size(), f.data() + f.size(), v);
    if (fault != std::errc{} || end != f.data() + f.size()) return std::nullopt;
    return v;
  };
  if (f == "fp64") return 8;
  if (f == "fp32") return 4;
  if (f == "fp16" || f == "bf16") return 2;
  if (f == "int8") return 1;
  if (f == "int4") return 0.5;
  if (f == "q8_0") return 34.0 / 32;   // 32 int8 and one fp16 scale
  if (f == "q4_0") return 18.0 / 32;   // 32 int4 and one fp16 scale
  if (f == "q4_k_m") return 4.85 / 8;  // mean of its mixture over a LLaMA file
  if (const auto bits = percent("lut"); bits && *bits >= 1 && *bits <= 8) return *bits / 8;
  // One bit of mask a value and the fp16 values that are not zero.
  if (const auto zeros = percent("sparse"); zeros && *zeros >= 0 && *zeros <= 100)
    return 1.0 / 8 + 2 * (1 - *zeros / 100);
  throw InputError("", fmt::format("unknown number format '{}'", f),
                   "fp32, fp16, int8, int4, lut1 to lut8, sparse<percent>, q8_0, q4_0, q4_k_m");
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

double nominal_flop(const Spec& s) {
  const auto d = [](std::int64_t v) { return static_cast<double>(v); };
  if (s.macs > 0) return 2 * d(s.macs);
  if (s.kind == "conv") {
    const double per_cin = 2 * d(s.cout) * d(s.h) * d(s.w) * d(s.kh) * d(s.kw) / d(s.groups);
    const double first = s.cin_first > 0 ? d(s.cin_first) : d(s.cin);
    return d(s.batch) * per_cin * (first + d(s.depth - 1) * d(s.cin));
  }
  if (s.kind == "matmul") return 2 * d(s.m) * d(s.n) * d(s.k) * d(s.batch) * d(s.depth);
  if (s.kind == "elementwise") return d(s.elements) * d(s.batch) * d(s.depth);
  if (s.kind == "op" && s.op == "sdpa") {  // heads x length x head size: Q K^T and P V
    const std::vector<std::int64_t> e = extents(s.shape);
    if (e.size() == 3) return 4 * d(e[0]) * d(e[1]) * d(e[1]) * d(e[2]) * d(s.batch);
  }
  if (s.kind == "op" && s.op == "mha") {  // length x width: four projections and the attention
    const std::vector<std::int64_t> e = extents(s.shape);
    if (e.size() == 2)
      return d(s.batch) * (8 * d(e[0]) * d(e[1]) * d(e[1]) + 4 * d(e[0]) * d(e[0]) * d(e[1]));
  }
  if (s.kind == "llm" && s.params > 0) return 2 * d(s.params) * d(s.tokens) * d(s.batch);
  return 0;
}

}  // namespace ane::workloads
