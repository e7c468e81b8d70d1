// anesim run "kind=... key=value ..." and anesim compare "kind=...": any request. With --values its
// numbers too.
#include <fmt/format.h>

#include "isa/error.h"
#include "isa/status.h"
#include "sim/cli/ask.h"
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

// --form, unless the request says one.
void set_form(workloads::Request& request, const po::variables_map& given) {
  const auto form = form_option(given);
  if (!form) return;
  if (request.conditions.form)
    throw InputError("--form",
                     fmt::format("the request says form={}", name(*request.conditions.form)));
  request.conditions.form = form;
}

// A request of a comparison at its batches and precisions.
std::vector<Asked> asked_of(workloads::Request request, const po::variables_map& given) {
  if (request.conditions.unit)
    throw InputError("unit", "the units of a comparison are options", "--units ane,gpu");
  if (!request.conditions.runtime.empty())
    throw InputError("path", "the software of a comparison is an option", "--runtime mlx");
  set_form(request, given);
  const auto said_once = [&](const char* option, bool in_request) {
    if (given.count(option) && in_request)
      throw InputError(fmt::format("--{}", option), "the request says it as well");
  };
  said_once("batches", request.batch != 1);
  said_once("precisions", request.formats.weights != workloads::Formats{}.weights ||
                              request.formats.activations != workloads::Formats{}.activations);
  std::vector<std::int64_t> batches{request.batch};
  if (given.count("batches"))
    batches = split_numbers("--batches", given["batches"].as<std::string>());
  std::vector<workloads::Formats> formats{request.formats};
  if (given.count("precisions")) {
    formats.clear();
    for (const std::string& p : split_names("--precisions", given["precisions"].as<std::string>()))
      formats.push_back(workloads::formats_named(p, "--precisions"));
  }
  std::vector<Asked> lines;
  for (const workloads::Formats& f : formats)
    for (const std::int64_t batch : batches) {
      Asked asked{.request = batch == request.batch
                                 ? request
                                 : workloads::with(request, "batch", fmt::format("{}", batch))};
      asked.request.formats.weights = f.weights;
      asked.request.formats.activations = f.activations;
      lines.push_back(std::move(asked));
    }
  return lines;
}

}  // namespace

int run_spec(const Arguments& arguments) {
  CommandLine line{
      .name = "run",
      .usage =
          "\"kind=... key=value ...\" [options]\n\nTime and energy of one request, in the grammar "
          "of results/silicon. Its unit= and path= choose\ndevice and runtime. With --values the "
          "graph is executed: seeded weights and inputs, every result\nheld against the scalar "
          "reference bit for bit (exit 1 where one differs) and against float32.\n" +
          kinds_text(),
      .options = po::options_description("options")};
  ValuesPlan plan;
  line.options.add_options()  //
      ("chip", po::value<std::string>()->default_value(default_chip)->value_name("NAME"),
       "see `anesim chips`")                                                              //
      ("values", "execute the graph with seeded values, at a size that fits")             //
      ("seed", po::value(&plan.seed)->default_value(plan.seed), "of weights and inputs")  //
      ("answer", po::value(&plan.answer)->default_value(plan.answer)->value_name("TOKENS"),
       "that a language model writes after its prompt, 0 to 64");
  add_layer_option(line.options);
  add_target_options(line.options);
  add_output_options(line.options);
  const auto given = parse(std::move(line), {arguments.begin() + 1, arguments.end()});
  if (!given) return 0;
  workloads::Request request = workloads::parse_request(arguments[0]);
  if (const std::string named = (*given)["runtime"].as<std::string>(); !named.empty()) {
    if (!request.conditions.runtime.empty())
      throw InputError("--runtime", "the request says path=" + request.conditions.runtime);
    request.conditions.runtime = named;
  }
  set_form(request, *given);
  if (const std::string layers = fp16_layers_of(*given); !layers.empty()) {
    if (!request.formats.fp16_layers.empty())
      throw InputError("--precision-of",
                       "the request says fp16_layers=" + request.formats.fp16_layers);
    request.formats.fp16_layers = layers;
  }
  const std::string overrides = canonical(overrides_of(*given));
  const Target target =
      target_of(request, load_chip((*given)["chip"].as<std::string>(), overrides_of(*given)));
  request.conditions.unit = target.unit;
  if (given->count("values") == 0) {
    refuse_options_of_values(*given, {"seed", "answer"}, "add --values");
    Bands bands;
    return finish(*given,
                  {priced_record({.request = request}, target, bands, overrides, Detail::tasks)},
                  "summary");
  }
  if (plan.answer < 0 || plan.answer > 64)
    throw InputError("--answer", fmt::format("{} is out of range", plan.answer), "0 to 64");
  choose_simd(*given);
  plan.request = request;
  const ValuesAnswer answer = run_values(plan, target, profile_of(*given, target.chip), overrides);
  finish(*given, {answer.record}, "summary");
  if (answer.exact) return 0;
  print_status("the machine's bits are not the scalar reference's\n");
  return 1;
}

int compare_spec(const Arguments& arguments) {
  CommandLine line{
      .name = "compare",
      .usage =
          "\"kind=... key=value ...\"... [options]\n\nRequests on chips, units, batches and "
          "precisions, a line each, with bands, speed-up and energy ratio.",
      .options = po::options_description("options")};
  line.positional = "more";
  add_grid_options(line.options, "M1,M2,M3,M4", "ane,gpu,cpu");
  line.options.add_options()  //
      ("batches", po::value<std::string>()->value_name("N,N"),
       "items a call, at commas; default: the request's")  //
      ("precisions", po::value<std::string>()->value_name("A,B"),
       "fp32, fp16, int8 (weights and activations), int8w (weights alone), pal4, ...; default: the "
       "request's");
  add_target_options(line.options);
  add_output_options(line.options);
  const auto given = parse(std::move(line), {arguments.begin() + 1, arguments.end()});
  if (!given) return 0;
  check_output(*given, false);
  std::vector<std::string> texts{arguments[0]};
  if (given->count("more"))
    for (const std::string& text : (*given)["more"].as<std::vector<std::string>>())
      texts.push_back(text);
  std::vector<Asked> lines;
  for (const std::string& text : texts)
    for (Asked& asked : asked_of(workloads::parse_request(text), *given))
      lines.push_back(std::move(asked));
  const Grid grid = grid_of(*given);
  const auto records = compare_records(*given, grid, [&](const Target&) { return lines; });
  return finish_compare(*given, records, grid);
}

}  // namespace ane::sim
