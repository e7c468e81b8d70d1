// anesim models: all that has a name, with the work and the weights of one call of it.
//
//   $ anesim models mobilenet
//   network: a network by name
//     name          input        MACs M  parameters M  what
//     mobilenet_v1  1x3x224x224     569          4.23  MobileNet 1.0
#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "isa/error.h"
#include "results/json.h"
#include "results/text.h"
#include "sim/cli/commands.h"
#include "sim/cli/options.h"
#include "sim/cli/subject/subject.h"
#include "sim/price/target.h"
#include "workloads/networks/networks.h"
#include "workloads/request/kinds.h"

namespace ane::sim {
namespace {

struct Model {
  std::string name, what, request;
};

struct Group {
  std::string_view name, summary;
  std::vector<Model> models{};
};

std::vector<Group> groups() {
  std::vector<Group> all;
  for (const workloads::Kind* k : workloads::kinds()) {
    if (k->named == nullptr) continue;
    Group g{.name = k->name, .summary = k->summary};
    for (const workloads::Named& n : k->named()) {
      std::string request = fmt::format("kind={} name={}", k->name, n.name);
      if (k->usual != nullptr) request = workloads::with_defaults(request, k->usual(request));
      g.models.push_back({n.name, n.summary, request});
    }
    all.push_back(std::move(g));
  }
  Group own{.name = "workload", .summary = "with options of its own: `anesim run NAME --help`"};
  for (const Workload& w : workloads())
    if (!w.request.empty())
      own.models.push_back({std::string(w.name), std::string(w.summary), std::string(w.request)});
  all.push_back(std::move(own));
  return all;
}

// What the graph of one call takes, multiplies and holds.
struct Size {
  std::string input;
  double macs = 0, parameters = 0;
};

Size size_of(const std::string& text, const isa::Machine& machine) {
  const workloads::Request request = workloads::parse_request(text);
  const workloads::Job job = workloads::job_of(request, {.machine = machine});
  Size size;
  // Layers may share their weights, and so do stages: a prompt and its answer are of one model.
  std::set<const void*> counted;
  std::multiset<std::int64_t> earlier;  // counts
  for (const workloads::Stage& stage : job.stages) {
    if (const auto* list = std::get_if<workloads::WorkList>(&stage.work)) {
      size.macs += stage.calls * workloads::sums_of(*list).macs;
      continue;
    }
    const auto* graph = std::get_if<workloads::Graph>(&stage.work);
    if (graph == nullptr) continue;
    size.macs += stage.calls * workloads::graph_macs(*graph);
    std::multiset<std::int64_t> here;
    for (const workloads::Node& n : graph->nodes) {
      if (!n.parameters) continue;
      if (!counted.insert(n.parameters.get()).second) continue;
      const std::int64_t count = n.parameters->count();
      here.insert(count);
      if (const auto same = earlier.find(count); same != earlier.end())
        earlier.erase(same);
      else
        size.parameters += static_cast<double>(count);
    }
    earlier = std::move(here);
    if (size.input.empty() && !graph->inputs.empty()) {
      const workloads::Extents e =
          graph->values[static_cast<std::size_t>(graph->inputs.front())].type.e;
      size.input = fmt::format("{}x{}x{}x{}", e.n, e.c, e.h, e.w);
    }
  }
  if (const double said = request.work->parameters(); said > 0) size.parameters = said;
  return size;
}

bool fits(const Model& m, const std::vector<std::string>& words) {
  return words.empty() || std::ranges::any_of(words, [&](const std::string& word) {
           return folded_name(m.name).find(folded_name(word)) != std::string::npos ||
                  folded_name(m.what).find(folded_name(word)) != std::string::npos;
         });
}

}  // namespace

int run_models(const Arguments& arguments) {
  boost::program_options::options_description options("options");
  add_style(options);
  const auto given = parse(
      {.name = "models",
       .usage = "[WORD...] [options]\n\nNetworks, language models and workloads that `anesim "
                "run NAME` knows: the input, multiply-accumulates\nand parameters of one call. "
                "With WORD: those with it in their name or in what they are.",
       .options = options,
       .positional = "WORD",
       .examples = {"anesim models", "anesim models mobilenet llama"}},
      arguments);
  if (!given) return 0;
  const results::Style style = style_of(*given);
  std::vector<std::string> words;
  if (given->count("WORD")) words = (*given)["WORD"].as<std::vector<std::string>>();
  const std::vector<Group> all = groups();
  for (const std::string& word : words)
    if (std::ranges::none_of(all, [&](const Group& g) {
          return std::ranges::any_of(g.models, [&](const Model& m) { return fits(m, {word}); });
        })) {
      const std::string near = near_note(word, subject_names());
      throw InputError("anesim models", fmt::format("nothing has '{}' in its name", word),
                       near.empty() ? "`anesim models` lists all" : near);
    }
  const Chip chip = load_chip(default_chip);
  std::vector<results::Block> blocks;
  for (const Group& g : all) {
    results::Block block;
    block.table = {.key = std::string(g.name),
                   .columns = {{"name", "name", ""},
                               {"input", "input", ""},
                               {"macs", "MACs", "count"},
                               {"parameters", "parameters", "count"},
                               {"kind", "", ""},
                               {"request", "", ""},
                               {"what", "what", "..."}},
                   .rows = {}};
    for (const Model& m : g.models) {
      if (!fits(m, words)) continue;
      const Size size = size_of(m.request, chip.machine());
      block.table.rows.push_back(
          {m.name, size.input, size.macs, size.parameters, std::string(g.name), m.request, m.what});
    }
    if (block.table.rows.empty()) continue;
    block.before = {fmt::format("{}: {}", g.name, g.summary)};
    blocks.push_back(std::move(block));
  }
  if (style != results::Style::text) {
    // One table: what a script reads has one header.
    results::Block whole = blocks.front();
    for (std::size_t i = 1; i < blocks.size(); ++i)
      for (auto& row : blocks[i].table.rows) whole.table.rows.push_back(std::move(row));
    whole.table.key = "models";
    blocks = {whole};
  }
  const std::vector<results::Report> reports{
      {.heading = "one call of each; other shapes and phases by keys behind the name",
       .record = nullptr,
       .blocks = std::move(blocks)}};
  fmt::print("{}", style == results::Style::json  ? results::reports_json({}, reports)
                   : style == results::Style::csv ? results::csv_of(reports)
                                                  : results::text_of(reports, columns_of(*given)));
  return 0;
}

}  // namespace ane::sim
