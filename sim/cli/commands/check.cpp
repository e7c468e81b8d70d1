// anesim check: the machine's numbers today against those of a stored file.
//
//   $ anesim check
#include "sim/regression/check.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "isa/error.h"
#include "isa/file.h"
#include "isa/status.h"
#include "results/document.h"
#include "sim/cli/commands.h"
#include "sim/cli/options.h"

namespace ane::sim {
namespace {

std::string text_of(const CheckDifference& d) {
  if (d.equal()) return fmt::format("{}: equal, {} tensors\n", d.name, d.tensors);
  std::string out = fmt::format("{}: DIFFERS\n", d.name);
  if (!d.shape.empty()) out += fmt::format("  {}\n", d.shape);
  if (!d.same_input) out += "  the inputs differ\n";
  if (!d.weights.empty()) out += fmt::format("  weights differ: {}\n", fmt::join(d.weights, ", "));
  if (!d.tensor.empty()) {
    out += fmt::format("  first tensor: {}, ", d.tensor);
    out += d.first == d.last ? fmt::format("element {}: {} was {}\n", d.first, d.is, d.was)
                             : fmt::format("among elements {} to {}\n", d.first, d.last);
    out += fmt::format("  {} of {} tensors differ\n", d.tensors_differing, d.tensors);
    out += fmt::format(
        "  distance in units in the last place: {} equal, {} by 1, {} by 2 to 3, {} "
        "by 4 to 15, {} by 16 and more\n",
        d.ulps.equal, d.ulps.one, d.ulps.two_three, d.ulps.four_fifteen, d.ulps.more);
  }
  for (const std::string& m : d.metrics) out += fmt::format("  {}\n", m);
  return out;
}

using Json = nlohmann::ordered_json;

Json json_of(const CheckDifference& d) {
  return {{"case", d.name},
          {"equal", d.equal()},
          {"same_input", d.same_input},
          {"weights", d.weights},
          {"first_tensor", d.tensor.empty() ? Json(nullptr) : Json(d.tensor)},
          {"first_element", d.first < 0 ? Json(nullptr) : Json(d.first)},
          {"last_element", d.last < 0 ? Json(nullptr) : Json(d.last)},
          {"was", d.was},
          {"is", d.is},
          {"tensors_differing", d.tensors_differing},
          {"tensors", d.tensors},
          {"ulps",
           {{"0", d.ulps.equal},
            {"1", d.ulps.one},
            {"2_3", d.ulps.two_three},
            {"4_15", d.ulps.four_fifteen},
            {"16_up", d.ulps.more}}},
          {"metrics", d.metrics},
          {"shape", d.shape}};
}

// Empty: the numbers that the program carries.
std::vector<CheckCase> read_check(const std::string& path) {
  if (path.empty()) return parse_check(std::string(built_in_check()), "the program's own numbers");
  if (!std::filesystem::exists(path))
    throw InputError(path, "there is no such file", "--update writes it");
  return parse_check(read_file(path, std::uint64_t{64} << 20), path);
}

}  // namespace

int run_check(const Arguments& arguments) {
  namespace po = boost::program_options;
  CommandLine line{
      .name = "check",
      .usage =
          "[options]\n\nRecomputes seeded models and inputs on the simulated machine and "
          "compares every tensor with\nnumbers that the program carries, or those of a file: bits "
          "equal or not, the first tensor and\nelement that differ, by how much, and what that "
          "does to the task. Exit 1 on any difference.",
      .options = po::options_description("options"),
      .examples = {"anesim check --update --file bits.txt --case \"readqc mlp fp16 ane16\"",
                   "anesim check --file bits.txt --case \"readqc mlp fp16 ane16\""},
      .mismatch = "where a bit differs"};
  std::string file, only;
  line.options.add_options()  //
      ("file", po::value(&file)->value_name("FILE"),
       "stored numbers; default: the program's own, tests/golden/check.txt of its sources")  //
      ("case", po::value(&only)->value_name("NAME"),
       "one case, as \"readqc mlp fp16 ane16\"; default: all")                       //
      ("update", "write --file instead of comparing; with --case: that case of it")  //
      ("json", "as JSON")                                                            //
      ("csv", "as CSV, a line a case");
  const auto given = parse(std::move(line), arguments);
  if (!given) return 0;
  const bool update = given->count("update") != 0;
  if (update) refuse_beside(*given, "--update", {"json", "csv"});
  const results::Style style = style_of(*given);
  const bool data = style != results::Style::text;
  std::vector<CheckCase> kept;
  if (update && file.empty())
    throw InputError("--update", "which file is to be written?", "--file FILE");
  // Nothing else is written over than a file of this kind.
  if (update) {
    check_output_file(file, {});
    if (std::filesystem::is_regular_file(file) && !std::filesystem::is_empty(file))
      kept = read_check(file);
  }
  std::vector<CheckCase> now;
  {
    const std::vector<std::string> names = only.empty() ? check_names() : std::vector{only};
    Progress progress("cases", std::ssize(names));
    for (const std::string& name : names) {
      now.push_back(recompute(name));
      progress.step();
    }
  }
  if (update) {
    if (only.empty()) kept.clear();
    for (CheckCase& c : now) {
      const auto at = std::ranges::find(kept, c.name, &CheckCase::name);
      if (at == kept.end())
        kept.push_back(std::move(c));
      else
        *at = std::move(c);
    }
    write_file(file, to_text(kept));
    print_status("{}: {} cases written\n", file, now.size());
    return 0;
  }
  const std::vector<CheckCase> stored = read_check(file);
  auto json = nlohmann::ordered_json::array();
  std::size_t differing = 0;
  for (const CheckCase& c : now) {
    const auto at = std::ranges::find(stored, c.name, &CheckCase::name);
    CheckDifference d;
    d.name = c.name;
    if (at == stored.end())
      d.shape = "the file has no such case";
    else
      d = compare_case(*at, c);
    differing += d.equal() ? 0 : 1;
    if (data)
      json.push_back(json_of(d));
    else
      fmt::print("{}", text_of(d));
  }
  // A case that is gone is a difference too.
  for (const CheckCase& s : stored) {
    if (!only.empty() || std::ranges::find(now, s.name, &CheckCase::name) != now.end()) continue;
    CheckDifference d;
    d.name = s.name;
    d.shape = "the file has this case, the program has not";
    ++differing;
    if (data)
      json.push_back(json_of(d));
    else
      fmt::print("{}", text_of(d));
  }
  if (data)
    fmt::print("{}", style == results::Style::csv
                         ? results::document_csv({{"cases", json}}, "/cases")
                         : results::document({{"cases", json}, {"differing", differing}}));
  else
    fmt::print("{} cases, {} differ\n", now.size(), differing);
  return differing == 0 ? 0 : 1;
}

}  // namespace ane::sim
