// anesim arith: the numbers of a profile, one operation at a time, by its scalar reference.
//
//   $ anesim arith mac --x 16384,2^-16,-16384 --w 1,1,1
//   value        1.52587890625e-05
//   bits         0x0100
//   accumulator  1.52587890625e-05 (1 units of 2^-16)
//   products     3: 0 dropped, 0 rounded to zero
//   overflow     no
#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "isa/error.h"
#include "kernels/arith/activation.h"
#include "kernels/arith/oracle.h"
#include "kernels/arith/quantise.h"
#include "kernels/arith/round.h"
#include "results/document.h"
#include "sim/cli/commands.h"
#include "sim/cli/options.h"
#include "sim/cli/value_list.h"

namespace ane::sim {
namespace {

namespace po = boost::program_options;
using namespace kernels::arith;
using Json = nlohmann::ordered_json;
using Given = po::variables_map;

constexpr std::string_view lists =
    "A list is comma- or space-separated: decimals, 2^b, a*2^b, hex bits as 0x7c00, `v xN` for\n"
    "repetition, or @file. Values are rounded to binary16, ties to even, before the machine sees "
    "them.";

std::string hex(Half h) {
  return fmt::format("{:#06x}", h.bits);
}

// Infinity and NaN have no JSON number.
std::string value_text(Half h) {
  if (is_nan(h)) return "nan";
  if (is_infinite(h)) return is_negative(h) ? "-inf" : "inf";
  return fmt::format("{}", static_cast<double>(to_float(h)));
}

Json number(double v) {
  if (v == std::floor(v) && std::fabs(v) < 0x1p53 && !(v == 0 && std::signbit(v)))
    return static_cast<std::int64_t>(v);
  return v;
}

Json value_json(Half h) {
  if (is_nan(h) || is_infinite(h)) return value_text(h);
  return number(static_cast<double>(to_float(h)));
}

// Boost takes a word that begins with '-' for an option, but lists begin so: all words up to the
// next `--` belong to the option before them.
Arguments joined(const Arguments& words) {
  Arguments out;
  for (const std::string& word : words) {
    const bool option = word.starts_with("--") || word == "-h";
    if (option || out.empty()) {
      out.push_back(word);
    } else {
      out.back() += out.back().find('=') == std::string::npos ? "=" : " ";
      out.back() += word;
    }
  }
  return out;
}

std::string text_of(const Given& given, const char* name) {
  if (given.count(name) == 0)
    throw InputError("anesim arith", fmt::format("--{} is missing", name),
                     "`anesim arith mac --help` and the like list the options");
  return given[name].as<std::string>();
}

std::string option(const char* name) {
  return fmt::format("--{}", name);
}

std::vector<ListedValue> list_of(const Given& given, const char* name) {
  return parse_list(text_of(given, name), option(name));
}

std::optional<ListedValue> single_of(const Given& given, const char* name) {
  if (given.count(name) == 0) return std::nullopt;
  return parse_single(given[name].as<std::string>(), option(name));
}

std::int64_t integer_of(const Given& given, const char* name, std::int64_t low, std::int64_t high) {
  const auto item = single_of(given, name);
  return item ? as_integer(*item, low, high) : 0;
}

std::optional<Half> half_of(const Given& given, const char* name) {
  const auto item = single_of(given, name);
  if (!item) return std::nullopt;
  return as_half(*item);
}

Half scale_of(const Given& given) {
  const auto item = single_of(given, "scale");
  if (!item) return to_half(1);
  const Half scale = as_half(*item);
  if (is_negative(scale) || is_zero(scale) || scale.bits >= half_infinity.bits)
    throw InputError(item->place,
                     fmt::format("'{}' is no scale: {} as binary16", item->text, value_text(scale)),
                     "a scale is a binary16 value greater than zero [Q3]");
  return scale;
}

const Profile& profile_of(const Given& given) {
  return profile_named(given["profile"].as<std::string>());
}

void same_length(std::size_t x, std::size_t w) {
  if (x != w)
    throw InputError("--w", fmt::format("{} weights for {} inputs", w, x),
                     "`v xN` repeats a value");
}

po::options_description options_with_profile() {
  po::options_description options("options");
  options.add_options()("profile", po::value<std::string>()->default_value("ane16"),
                        "ane16 or ieee")("json", "as JSON");
  return options;
}

po::typed_value<std::string>* taking(const char* what) {
  return po::value<std::string>()->value_name(what);
}

// One result: in "values", as the several of a list, and at the top, as before version 0.2.
void print_json(const Json& json) {
  Json body = {{"values", Json::array({json})}};
  body.update(json);
  fmt::print("{}", results::document(body));
}

int mac(const Arguments& arguments) {
  po::options_description options = options_with_profile();
  options.add_options()("x", taking("LIST"), "inputs")("w", taking("LIST"), "weights, as many")(
      "bias", taking("VALUE"), "preloads the accumulator")("scale", taking("VALUE"),
                                                           "factor after the sum");
  const auto given = parse(
      {"arith mac",
       fmt::format("--x LIST --w LIST [options]\n\nOne FP16 multiply-accumulate [N1]-[N5]: value, "
                   "bits, accumulator, what was lost.\n\n{}",
                   lists),
       options,
       "",
       {"anesim arith mac --x 16384,2^-16,-16384 --w 1,1,1",
        "anesim arith mac --profile ieee --x '0.1 x100' --w '1 x100'"}},
      joined(arguments));
  if (!given) return 0;
  const Profile& profile = profile_of(*given);
  const std::vector<Half> x = as_halves(list_of(*given, "x")), w = as_halves(list_of(*given, "w"));
  same_length(x.size(), w.size());
  const MacResult r = mac_oracle(profile, x, w, half_of(*given, "bias"), half_of(*given, "scale"));
  const bool fixed = profile.id == ProfileId::ane16;
  const double sum =
      fixed ? static_cast<double>(r.accumulator) * 0x1p-16 : static_cast<double>(r.accumulator32);
  if (given->count("json")) {
    Json out = {{"value", value_json(r.value)},
                {"bits", hex(r.value)},
                {"profile", profile.name},
                {"products", x.size()}};
    out["accumulator"] = std::isfinite(sum) ? number(sum) : Json(fmt::format("{}", sum));
    if (fixed) out["accumulator_units"] = r.accumulator;
    if (fixed) out["dropped"] = r.dropped, out["rounded_to_zero"] = r.underflowed;
    out["overflow"] = r.overflowed;
    print_json(out);
    return 0;
  }
  fmt::print("value        {}\nbits         {}\n", value_text(r.value), hex(r.value));
  if (fixed) {
    fmt::print("accumulator  {} ({} units of 2^-16)\n", sum, r.accumulator);
    fmt::print("products     {}: {} dropped, {} rounded to zero\n", x.size(), r.dropped,
               r.underflowed);
  } else {
    fmt::print("accumulator  {} (float32)\nproducts     {}\n", sum, x.size());
  }
  fmt::print("overflow     {}\n", !r.overflowed ? "no"
                                  : fixed       ? "yes: the sum reached 32768 [N4]"
                                                : "yes: the sum is infinite");
  return 0;
}

int mac8(const Arguments& arguments) {
  po::options_description options = options_with_profile();
  options.add_options()("x", taking("LIST"), "input codes, -128 to 127")(
      "w", taking("LIST"), "weight codes, as many")("x-zero", taking("CODE"),
                                                    "zero point of the inputs (default 0)")(
      "w-zero", taking("CODE"), "zero point of the weights (default 0)")(
      "bias", taking("N"), "int32, in units of one product (default 0)")(
      "scale", taking("VALUE"), "of one product, a binary16 value greater than 0 (default 1)");
  const auto given = parse(
      {"arith mac8",
       fmt::format("--x LIST --w LIST [options]\n\nOne INT8 multiply-accumulate and its "
                   "requantisation to FP16 [Q1], [Q2].\n\n{}",
                   lists),
       options,
       "",
       {"anesim arith mac8 --x 127,-128 --w 1,2", "anesim arith mac8 --x 5 --w 7 --x-zero 3"}},
      joined(arguments));
  if (!given) return 0;
  const Profile& profile = profile_of(*given);
  const std::vector<std::int8_t> x = as_int8(list_of(*given, "x"));
  const std::vector<std::int8_t> w = as_int8(list_of(*given, "w"));
  same_length(x.size(), w.size());
  const auto zero = [&](const char* name) {
    return static_cast<std::int32_t>(integer_of(*given, name, -128, 127));
  };
  const auto bias =
      static_cast<std::int32_t>(integer_of(*given, "bias", -(std::int64_t{1} << 31), 0x7fffffff));
  const Half scale = scale_of(*given);
  const MacResult r = mac8_oracle(x, w, zero("x-zero"), zero("w-zero"), bias, scale, profile);
  const std::int64_t kept =
      profile.id == ProfileId::ane16 ? round_to_11_bits(r.accumulator) : r.accumulator;
  if (given->count("json")) {
    print_json({{"value", value_json(r.value)},
                {"bits", hex(r.value)},
                {"profile", profile.name},
                {"products", x.size()},
                {"accumulator", r.accumulator},
                {"kept", kept},
                {"scale", value_json(scale)},
                {"overflow", r.overflowed}});
    return 0;
  }
  fmt::print("value        {}\nbits         {}\n", value_text(r.value), hex(r.value));
  fmt::print("accumulator  {}{}\n", r.accumulator,
             r.overflowed || kept == r.accumulator
                 ? ""
                 : fmt::format(" (kept as {}, 11 bits [Q2])", kept));
  fmt::print("scale        {}\nproducts     {}\n", value_text(scale), x.size());
  fmt::print("overflow     {}\n", r.overflowed ? "yes: the sum reached 2^31 [Q1]" : "no");
  return 0;
}

// Several are printed as they come, since a list of a few letters may have millions.
class Results {
 public:
  explicit Results(std::size_t count) : count_(count) {}
  void print(const Json& result) {
    if (count_ == 1) return print_json(result);
    fmt::print("{}", list_.next(result));
    if (++printed_ == count_) fmt::print("{}", list_.end());
  }

 private:
  std::size_t count_, printed_ = 0;
  results::DocumentList list_{"values"};
};

std::string function_names() {
  std::string names;
  for (const FunctionInfo& f : functions())
    names += fmt::format("{}{}", names.empty() ? "" : ", ", f.name);
  return names;
}

void print_knots(const KnotTable& t) {
  fmt::print("33 knots, the first at {}, a step of {} [N9]\n", t.origin, t.step);
  for (std::size_t i = 0; i < t.knots.size(); ++i)
    fmt::print("{:<12}  {:<22}  {}\n",
               static_cast<double>(t.origin + static_cast<float>(i) * t.step),
               value_text(t.knots[i]), hex(t.knots[i]));
}

int act(const Arguments& arguments) {
  po::options_description options = options_with_profile();
  const std::string about = fmt::format("one of {}", function_names());
  options.add_options()("fn", taking("NAME"), about.c_str())("x", taking("LIST"), "inputs")(
      "alpha", taking("VALUE"), "of leaky_relu, elu, clip (lower bound), hard_sigmoid (factor)")(
      "beta", taking("VALUE"), "of clip (upper bound), hard_sigmoid (term)")(
      "knots", "print the table that ane16 loads, instead of values");
  const auto given =
      parse({"arith act",
             fmt::format("--fn NAME --x LIST [options]\n\nA unary function [N9], "
                         "[I2]: the value and bits of each input.\n\n{}",
                         lists),
             options,
             "",
             {"anesim arith act --fn gelu --x -1,0,1", "anesim arith act --fn sigmoid --knots"}},
            joined(arguments));
  if (!given) return 0;
  const Profile& profile = profile_of(*given);
  if (given->count("knots")) refuse_beside(*given, "--knots", {"x", "json"});
  Activation a = activation(function_named(text_of(*given, "fn")));
  const int parameters = info(a.function).parameters;
  const std::pair<const char*, Half*> named[] = {{"alpha", &a.alpha}, {"beta", &a.beta}};
  for (int i = 0; i < 2; ++i)
    if (const auto v = half_of(*given, named[i].first)) {
      if (i >= parameters)
        throw InputError(option(named[i].first),
                         fmt::format("{} has no such parameter", info(a.function).name));
      *named[i].second = *v;
    }
  if (given->count("knots")) {
    const KnotTable* t = knot_table(a);
    if (t == nullptr)
      throw InputError("--knots", fmt::format("{} needs no table", info(a.function).name));
    print_knots(*t);
    return 0;
  }
  const std::vector<Half> inputs = as_halves(list_of(*given, "x"));
  Results results(inputs.size());
  for (const Half x : inputs) {
    const Half y = activate_oracle(profile, a, x);
    if (given->count("json"))
      results.print({{"value", value_json(y)}, {"bits", hex(y)}, {"x", value_json(x)}});
    else
      fmt::print("{}({}) = {}  {}\n", info(a.function).name, value_text(x), value_text(y), hex(y));
  }
  return 0;
}

int quantize(const Arguments& arguments) {
  po::options_description options = options_with_profile();
  options.add_options()("x", taking("LIST"), "inputs")(
      "scale", taking("VALUE"), "a binary16 value greater than 0 (default 1)")(
      "zero", taking("CODE"), "zero point, -128 to 127 (default 0)");
  const auto given = parse({"arith quantize",
                            fmt::format("--x LIST [options]\n\nFP16 to an INT8 code and back [Q3]: "
                                        "code, its bits, the value it stands for.\n\n{}",
                                        lists),
                            options,
                            "",
                            {"anesim arith quantize --x 1,-1,300",
                             "anesim arith quantize --x 0.5 --scale 2^-6 --zero 3"}},
                           joined(arguments));
  if (!given) return 0;
  const Profile& profile = profile_of(*given);
  const Half scale = scale_of(*given);
  const auto zero = static_cast<int>(integer_of(*given, "zero", -128, 127));
  const std::vector<Half> inputs = as_halves(list_of(*given, "x"));
  Results results(inputs.size());
  for (const Half x : inputs) {
    const std::int8_t q = quantise(x, scale, zero, profile);
    const Half back = dequantise(q, scale, zero, profile);
    const std::string bits = fmt::format("{:#04x}", static_cast<std::uint8_t>(q));
    if (given->count("json"))
      results.print(
          {{"value", q}, {"bits", bits}, {"x", value_json(x)}, {"dequantized", value_json(back)}});
    else
      fmt::print("{} -> {}  {}  stands for {}\n", value_text(x), q, bits, value_text(back));
  }
  return 0;
}

struct Operation {
  std::string_view name, summary;
  int (*run)(const Arguments&);
};
constexpr Operation operations[] = {
    {"mac", "FP16 multiply-accumulate", mac},
    {"mac8", "INT8 multiply-accumulate and requantisation", mac8},
    {"act", "a unary function: table or exact", act},
    {"quantize", "FP16 to INT8 and back", quantize},
};

}  // namespace

std::vector<Word> arith_words() {
  std::vector<Word> words;
  for (const Operation& o : operations)
    words.push_back({std::string(o.name), std::string(o.summary)});
  return words;
}

int run_arith(const Arguments& arguments) {
  if (arguments.empty() || arguments[0] == "--help" || arguments[0] == "-h") {
    fmt::print(
        "usage: anesim arith OPERATION [options]     anesim arith OPERATION --help\n\n"
        "The numbers of a profile, one operation at a time, by its scalar reference "
        "(docs/numerics.md).\n\noperations:\n");
    for (const Operation& o : operations) fmt::print("  {:<10} {}\n", o.name, o.summary);
    fmt::print("{}", help_end({"anesim arith mac --x 16384,2^-16,-16384 --w 1,1,1",
                               "anesim arith act --fn gelu --x -1,0,1"}));
    return 0;
  }
  std::vector<std::string> names;
  for (const Operation& o : operations) {
    if (o.name == arguments[0]) return o.run({arguments.begin() + 1, arguments.end()});
    names.emplace_back(o.name);
  }
  throw InputError("anesim arith", fmt::format("unknown operation '{}'", arguments[0]),
                   choice_note(arguments[0], names));
}

}  // namespace ane::sim
