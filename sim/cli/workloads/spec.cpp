// anesim run and anesim compare of requests: by a name, by a kind, or kind=... key=value. With
// --values their numbers too.
#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "isa/error.h"
#include "isa/status.h"
#include "sim/cli/ask.h"
#include "sim/cli/subject/subject.h"
#include "sim/cli/workloads.h"
#include "sim/run/values_run.h"
#include "workloads/request/kinds.h"

namespace ane::sim {
namespace {

namespace po = boost::program_options;

// What a user may ask for, a line a kind.
std::string kinds_text() {
  std::string out = "\nkinds, with their keys (those in capitals must be given):\n";
  for (const workloads::Kind* k : workloads::kinds()) {
    out += fmt::format("  {:<16} {}\n", k->name, k->summary);
    std::string line = "    ";
    for (const workloads::Key& key : k->keys) {
      std::string word(key.name);
      if (key.needed)
        for (char& c : word) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
      if (line.size() + word.size() > 96) out += line + "\n", line = "    ";
      line += " " + word;
    }
    if (!k->keys.empty()) out += line + "\n";
  }
  std::string common;
  for (const workloads::CommonKey& c : workloads::common_keys())
    common += fmt::format(" {}", c.name);
  return out + "and, where they mean something:" + common + "\n";
}

// Names of options that are keys of requests too, under other names.
std::vector<std::string> keys_of_requests() {
  std::vector<std::string> all;
  for (const workloads::Kind* k : workloads::kinds())
    for (const workloads::Key& key : k->keys) all.emplace_back(key.name);
  for (const workloads::CommonKey& c : workloads::common_keys()) all.emplace_back(c.name);
  return all;
}

// The text with what an option says of the same request. InputError where it says otherwise.
std::string with_option(const std::string& text, const std::string& option, std::string_view key,
                        const std::string& value) {
  const auto already = workloads::said(text, key);
  if (already && *already != value)
    throw InputError(option, fmt::format("the request says {}={}", key, *already),
                     fmt::format("without {}, or without {}=", option, key));
  return already ? text : fmt::format("{} {}={}", text, key, value);
}

// --precision as the keys that its kind has.
std::string with_precision(std::string text, const std::string& option,
                           const std::string& precision) {
  const workloads::Formats f = workloads::formats_named(precision, option);
  const workloads::Kind& kind =
      workloads::kind_named(workloads::said(text, "kind").value_or(std::string()));
  if ((kind.takes & (workloads::takes_weights | workloads::takes_activations)) == 0)
    throw InputError(option, fmt::format("kind={} has no number format", kind.name),
                     fmt::format("without {}", option));
  if ((kind.takes & workloads::takes_weights) != 0)
    text = with_option(text, option, "weights", f.weights);
  if ((kind.takes & workloads::takes_activations) != 0)
    text = with_option(text, option, "activations", f.activations);
  return text;
}

// "chip=M4" among the keys: an option without its dashes.
void refuse_options_as_keys(const std::vector<std::string>& texts,
                            const po::options_description& options) {
  const std::vector<std::string> keys = keys_of_requests();
  for (const std::string& text : texts) {
    std::istringstream words(text);
    for (std::string word; words >> word;) {
      const std::string name = word.substr(0, word.find('='));
      if (name != word && options.find_nothrow(name, false) != nullptr &&
          std::ranges::find(keys, name) == keys.end())
        throw InputError(
            "request", fmt::format("'{}' is no key of a request", word),
            fmt::format("did you mean '--{} {}'?", name, word.substr(name.size() + 1)));
    }
  }
}

// --form, unless the request says one.
void set_form(workloads::Request& request, const po::variables_map& given) {
  const auto form = form_option(given);
  if (!form) return;
  if (request.conditions.form && request.conditions.form != form)
    throw InputError("--form",
                     fmt::format("the request says form={}", name(*request.conditions.form)));
  request.conditions.form = form;
}

// A request of a comparison at its batches and precisions.
std::vector<Asked> asked_of(const std::string& text, const po::variables_map& given) {
  const auto an_option = [&](std::string_view key, const char* option) {
    if (const auto value = workloads::said(text, key))
      throw InputError(std::string(key), "is an option of a comparison",
                       fmt::format("{} {}", option, *value));
  };
  an_option("unit", "--units");
  an_option("path", "--runtime");
  const auto said_once = [&](const char* option, std::string_view key) {
    if (given.count(option) && workloads::said(text, key))
      throw InputError(fmt::format("--{}", option), "the request says it as well",
                       fmt::format("without --{}, or without {}=", option, key));
  };
  said_once("batches", "batch");
  said_once("precisions", "weights");
  said_once("precisions", "activations");
  std::vector<std::string> precisions{""}, batches{""};
  if (given.count("precisions"))
    precisions = split_set("--precisions", given["precisions"].as<std::string>());
  if (given.count("batches")) {
    batches.clear();
    for (const std::int64_t n : split_numbers("--batches", given["batches"].as<std::string>()))
      batches.push_back(fmt::format("{}", n));
  }
  std::vector<Asked> lines;
  for (const std::string& precision : precisions)
    for (const std::string& batch : batches) {
      std::string one = text;
      if (!precision.empty()) one = with_precision(one, "--precisions", precision);
      if (!batch.empty()) one = with_option(one, "--batches", "batch", batch);
      Asked asked{.request = workloads::parse_request(one)};
      set_form(asked.request, given);
      lines.push_back(std::move(asked));
    }
  return lines;
}

}  // namespace

int run_spec(const Arguments& arguments) {
  CommandLine line{
      .name = "run",
      .usage =
          "NAME|KIND|kind=... [key=value ...] [options]\n\nTime and energy of one request: a "
          "network or language model by name (`anesim models`), or any\nwork, in the grammar of "
          "results/silicon. Options and keys say the same: --unit gpu is unit=gpu,\n--precision "
          "int8 is weights=int8 activations=int8. With --values the graph is executed: "
          "seeded\nweights and inputs, every result held against the scalar reference bit for bit "
          "and against\nfloat32.\n" +
          kinds_text(),
      .options = po::options_description("options"),
      .positional = "what",
      .examples = {"anesim run resnet50 batch=8 --chip M2 --precision int8w",
                   "anesim run kind=matmul m=64 n=64 k=64 --values"},
      .mismatch = "where bits differ from the scalar reference's (--values)",
      .keys = keys_of_requests()};
  ValuesPlan plan;
  line.options.add_options()  //
      ("chip", po::value<std::string>()->default_value(default_chip)->value_name("NAME"),
       "see `anesim chips`")                                                               //
      ("unit", po::value<std::string>()->value_name("NAME"), "ane (default), gpu or cpu")  //
      ("precision", po::value<std::string>()->value_name("NAME"),
       "fp16 (default), fp32, bf16, int8 (weights and activations), int8w (weights alone), lut4, "
       "...")                                                                           //
      ("batch", po::value<std::int64_t>()->value_name("N"), "items a call, default 1")  //
      ("values", "execute the graph with seeded values, at a size that fits")           //
      ("seed", po::value<std::int64_t>()->default_value(1), "of weights and inputs")    //
      ("answer", po::value(&plan.answer)->default_value(plan.answer)->value_name("TOKENS"),
       "that a language model writes after its prompt, 0 to 64");
  add_threads_option(line.options);
  add_layer_option(line.options);
  add_target_options(line.options);
  add_output_options(line.options);
  const po::options_description& options = line.options;
  const auto given = parse(line, arguments);
  if (!given) return 0;
  const std::vector<std::string> texts =
      requests_of((*given)["what"].as<std::vector<std::string>>());
  refuse_options_as_keys(texts, options);
  if (texts.size() > 1)
    throw InputError("anesim run", fmt::format("'{}' and '{}': one at a time", texts[0], texts[1]),
                     "anesim compare takes several");
  std::string text = texts[0];
  if (given->count("unit"))
    text = with_option(text, "--unit", "unit", std::string(name(unit_option(*given))));
  if (given->count("batch"))
    text = with_option(text, "--batch", "batch",
                       fmt::format("{}", (*given)["batch"].as<std::int64_t>()));
  if (given->count("precision"))
    text = with_precision(text, "--precision", (*given)["precision"].as<std::string>());
  if (const std::string named = (*given)["runtime"].as<std::string>(); !named.empty())
    text = with_option(text, "--runtime", "path", named);
  if (const std::string layers = fp16_layers_of(*given); !layers.empty())
    text = with_option(text, "--precision-of", "fp16_layers", layers);
  workloads::Request request = workloads::parse_request(text);
  set_form(request, *given);
  const Target target =
      target_of(request, load_chip((*given)["chip"].as<std::string>(), overrides_of(*given)));
  request.conditions.unit = target.unit;
  if (given->count("values") == 0) {
    refuse_options_of_values(*given, {"seed", "answer", "threads"}, "add --values");
    Bands bands;
    return finish(*given, {priced_record({.request = request}, target, bands, Detail::tasks)},
                  "summary");
  }
  if (was_given(*given, "answer") && request.kind->name != "llm")
    throw InputError("--answer", fmt::format("kind={} writes none", request.kind->name),
                     "it is for kind=llm");
  if (plan.answer < 0 || plan.answer > 64)
    throw InputError("--answer", fmt::format("{} is out of range", plan.answer), "0 to 64");
  choose_simd(*given);
  plan.seed = seed_of(*given);
  plan.threads = machine_threads(*given, target.unit);
  plan.request = request;
  const ValuesAnswer answer = run_values(plan, target, profile_of(*given, target));
  finish(*given, {answer.record}, "summary");
  if (answer.exact) return 0;
  print_status("the machine's bits are not the scalar reference's\n");
  return 1;
}

int compare_spec(const Arguments& arguments) {
  CommandLine line{
      .name = "compare",
      .usage =
          "NAME|KIND|kind=... [key=value ...] ... [options]\n\nNetworks and language models by "
          "name, or any requests, on chips, units, batches and precisions,\na line each, with "
          "bands, speed-up and energy ratio. `anesim run resnet50 --help` lists the keys.",
      .options = po::options_description("options"),
      .positional = "what",
      .examples = {"anesim compare resnet50 mobilenet_v2 --chips M1,M4",
                   "anesim compare kind=matmul m=512 n=512 k=512 --chips M4 --batches 1,100"},
      .keys = keys_of_requests()};
  add_grid_options(line.options, "M1,M2,M3,M4", "ane,gpu,cpu");
  line.options.add_options()  //
      ("batches", po::value<std::string>()->value_name("N,N"),
       "items a call, at commas; default: the request's")  //
      ("precisions", po::value<std::string>()->value_name("A,B"),
       "fp32, fp16, int8 (weights and activations), int8w (weights alone), pal4, ...; default: the "
       "request's");
  add_target_options(line.options);
  add_output_options(line.options);
  const po::options_description& options = line.options;
  const auto given = parse(line, arguments);
  if (!given) return 0;
  check_output(*given, false);
  const std::vector<std::string> texts =
      requests_of((*given)["what"].as<std::vector<std::string>>());
  refuse_options_as_keys(texts, options);
  std::vector<Asked> lines;
  for (const std::string& text : texts)
    for (Asked& asked : asked_of(text, *given)) lines.push_back(std::move(asked));
  const Grid grid = grid_of(*given);
  const auto records = compare_records(*given, grid, [&](const Target&) { return lines; });
  return finish_compare(*given, records, grid);
}

}  // namespace ane::sim
