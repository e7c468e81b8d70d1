// anesim run mpnn, anesim compare mpnn.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <span>

#include "isa/error.h"
#include "isa/file.h"
#include "isa/status.h"
#include "results/json.h"
#include "sim/cli/ask.h"
#include "sim/cli/bucket_plan.h"
#include "sim/cli/workloads.h"
#include "sim/cli/workloads/mpnn_designs.h"
#include "sim/cli/workloads/mpnn_goldens.h"
#include "sim/run/count_dropped.h"
#include "sim/run/framework_run.h"
#include "sim/run/mpnn_run.h"
#include "sim/run/mpnn_set.h"
#include "sim/run/mpnn_variants.h"
#include "workloads/files/npy.h"
#include "workloads/mpnn/goldens.h"
#include "workloads/mpnn/graph/decoder.h"
#include "workloads/mpnn/seeded.h"
#include "workloads/mpnn/structure/buckets.h"
#include "workloads/mpnn/structure/complexity.h"
#include "workloads/mpnn/structure/structure.h"

namespace ane::sim {
namespace {

namespace po = boost::program_options;
namespace mp = workloads::mpnn;

void add_model_options(po::options_description& options) {
  options.add_options()  //
      ("variant", po::value<std::string>()->default_value("exact")->value_name("NAME"),
       "a named configuration, below; further options override it")  //
      ("weights", po::value<std::string>()->value_name("FILE"),
       ".pt checkpoint of the original or .safetensors; default: seeded, untrained")  //
      ("hidden", po::value<int>(), "width, default 128")                              //
      ("layers", po::value<int>(), "encoder layers and decoder layers, default 3")    //
      ("neighbours", po::value<int>(), "k, default 48")                               //
      ("precision", po::value<std::string>()->value_name("NAME"),
       "ANE: fp16, int8 (weights and activations, as w8a8), int8w (weights alone), pal1 to pal8, "
       "int4b, sparse; CPU and GPU also fp32 and bf16, int8 by --runtime torch_cpu")  //
      ("bucket", po::value<std::string>()->value_name("N,N,..."),
       "pad to the smallest of these lengths that fits")       //
      ("batch", po::value<std::int64_t>(), "proteins a call")  //
      ("gather", po::value<std::string>()->value_name("HOW"),
       "neighbours by texture unit, one_hot product or host; default: what the chip has")  //
      ("literal", "the first layer as written: no split of W1 by source")                  //
      ("mode", po::value<std::string>()->default_value("score"),
       "score, unconditional, conditional or sample");
}

std::string usage(const char* what) {
  std::string text = what;
  text += "\n\nvariants:\n";
  for (const MpnnVariant& v : mpnn_variants())
    text += fmt::format("  {:<14} {}\n", v.name, v.summary);
  return text + "several at once: joined by '+' (minimal+batched, flash+mlx)";
}

struct Choice {
  MpnnPlan plan;  // without a request
  MpnnVariant variant;
  std::string name;       // of the variant, as given
  std::string precision;  // empty: by unit
  std::string fp16_layers;
  std::int64_t batch = 1;
  workloads::MpnnPhase phase = workloads::MpnnPhase::forward;
  std::vector<std::int64_t> buckets;
  std::string lowering;  // further keys of the accelerator's graph
  std::optional<workloads::Form> form;
};

// What the modes are called in a request.
constexpr std::pair<std::string_view, workloads::MpnnPhase> modes[] = {
    {"score", workloads::MpnnPhase::forward},
    {"unconditional", workloads::MpnnPhase::uncond},
    {"conditional", workloads::MpnnPhase::conditional},
    {"sample", workloads::MpnnPhase::sample}};

Choice choose(const po::variables_map& given) {
  Choice c;
  const std::string variant = given["variant"].as<std::string>();
  c.variant = mpnn_variant(variant);
  mp::ModelSpec spec = c.variant.spec;
  if (given.count("hidden")) spec.hidden = given["hidden"].as<int>();
  if (given.count("layers")) spec.encoder_layers = spec.decoder_layers = given["layers"].as<int>();
  if (given.count("neighbours")) spec.neighbours = given["neighbours"].as<int>();
  mp::check(spec);
  MpnnPlan& p = c.plan;
  c.name = variant;
  if (given.count("weights")) {
    const std::string file = given["weights"].as<std::string>();
    p.weights = mp::load_weights(file);
    for (const std::string& note : p.weights.notes) print_status("{}: {}\n", file, note);
    // What is asked for is asked of these weights: any number of neighbours, but not another size.
    const mp::ModelSpec plain, &has = p.weights.spec;
    const auto asked = [&](int mp::ModelSpec::*field) {
      return spec.*field != plain.*field && spec.*field != has.*field;
    };
    if (asked(&mp::ModelSpec::hidden) || asked(&mp::ModelSpec::encoder_layers) ||
        asked(&mp::ModelSpec::decoder_layers))
      throw InputError(file,
                       fmt::format("holds a network of width {} and {} + {} layers", has.hidden,
                                   has.encoder_layers, has.decoder_layers),
                       "without --weights any size, with seeded ones");
    if (given.count("neighbours") || spec.neighbours != plain.neighbours)
      p.weights.spec.neighbours = spec.neighbours;
  } else {
    p.weights = mp::seeded_weights(spec);
  }
  c.precision = std::string(c.variant.precision);
  if (given.count("precision")) c.precision = given["precision"].as<std::string>();
  if (!c.precision.empty()) workloads::formats_named(c.precision);
  c.fp16_layers = fp16_layers_of(given);
  c.batch = given.count("batch") ? given["batch"].as<std::int64_t>() : c.variant.batch;
  if (c.batch < 1 || c.batch > 4096) throw InputError("--batch", "1 to 4096");
  const std::string mode = given["mode"].as<std::string>();
  std::vector<std::string> names;
  bool found = false;
  for (const auto& [name, phase] : modes) {
    names.emplace_back(name);
    if (name == mode) c.phase = phase, found = true;
  }
  if (!found)
    throw InputError("--mode", fmt::format("unknown mode '{}'", mode), choice_note(mode, names));
  if (c.variant.attention) {
    for (const char* option : {"bucket", "batch", "gather", "literal"})
      if (given.count(option))
        throw InputError(fmt::format("--{}", option),
                         "is ProteinMPNN's, not that of a network of "
                         "attention over all residues",
                         "another --variant");
    if (c.phase != workloads::MpnnPhase::forward)
      throw InputError("--mode", "attention over all residues gives one answer a residue",
                       "--mode score");
    c.phase = workloads::MpnnPhase::attention;
  }
  if (given.count("literal")) c.lowering += " literal=1";
  if (!c.variant.fused) c.lowering += " fused=0";
  if (given.count("gather"))
    c.lowering +=
        fmt::format(" gather={}", mp::name(mp::gather_named(given["gather"].as<std::string>())));
  c.form = form_option(given);
  if (given.count("bucket"))
    c.buckets = mp::checked_buckets(split_numbers("--bucket", given["bucket"].as<std::string>()));
  else if (c.variant.bucketed)
    c.buckets.assign(std::begin(mp::default_buckets), std::end(mp::default_buckets));
  return c;
}

// The request of so many residues on this unit. Lowering and buckets are of the accelerator's
// graph, unless the framework's form is all that is asked for.
workloads::Request request_for(const Choice& c, Unit unit, std::int64_t length,
                               std::optional<workloads::Form> form) {
  const mp::ModelSpec& m = c.plan.weights.spec;
  std::string text =
      fmt::format("kind=mpnn residues={} k={} hidden={} encoder={} decoder={} phase={} batch={}",
                  length, m.neighbours, m.hidden, m.encoder_layers, m.decoder_layers,
                  workloads::name(c.phase), c.batch);
  if (c.variant.attention.value_or(false)) text += " flash_attention=1";
  const bool graph =
      form.value_or(unit == Unit::ane ? workloads::Form::accelerator
                                      : workloads::Form::framework) == workloads::Form::accelerator;
  if (graph) text += c.lowering;
  if (!graph && unit == Unit::gpu && c.variant.host_features) text += " host_features=1";
  if (graph && !c.buckets.empty()) {
    const auto bucket = mp::bucket_for(length, c.buckets);
    if (!bucket)
      throw InputError("--bucket", fmt::format("{} residues are more than the largest bucket, {}",
                                               length, c.buckets.back()));
    text += fmt::format(" bucket={}", *bucket);
  }
  workloads::Request r = workloads::parse_request(text, "mpnn");
  const std::string precision = !c.precision.empty() ? c.precision
                                : unit == Unit::ane  ? "fp16"
                                                     : "fp32";
  if (unit == Unit::ane && precision == "fp32")
    throw InputError("--precision", "the ANE has no fp32", "fp16, int8w or w8a8");
  r.formats = workloads::formats_named(precision);
  r.formats.fp16_layers = c.fp16_layers;
  r.conditions.form = form;
  return r;
}

// What a run of this choice is called: its variant, and its mode where that is not the usual one.
std::string called(const Choice& c) {
  for (const auto& [name, phase] : modes)
    if (phase == c.phase && phase != workloads::MpnnPhase::forward)
      return fmt::format("{} {}", c.name, name);
  return c.name;
}

Unit unit_of(const po::variables_map& given, const MpnnVariant& v) {
  if (!given["unit"].defaulted() || v.unit.empty()) return unit_option(given);
  return workloads::parse_term<Unit>("--variant", v.unit, "--variant");
}

std::string runtime_of(const po::variables_map& given, const MpnnVariant& v) {
  const std::string named = given["runtime"].as<std::string>();
  return named.empty() ? std::string(v.runtime) : named;
}

// --order as a permutation; empty for the places as they stand.
std::vector<std::int32_t> order_of(const po::variables_map& given, workloads::MpnnPhase mode,
                                   const mp::Input& input) {
  const std::string how = given["order"].as<std::string>();
  if (given["order"].defaulted() || how == "identity") return {};
  if (mode != workloads::MpnnPhase::forward && mode != workloads::MpnnPhase::conditional)
    throw InputError("--order", "is for the modes score and conditional",
                     "samples take theirs from --seed");
  if (how == "random") return mp::decoding_order(input, seed_of(given));
  if (!how.ends_with(".npy"))
    throw InputError("--order", fmt::format("unknown order '{}'", how),
                     "identity, random or an .npy file");
  std::vector<std::int32_t> order = workloads::read_npy(how).integers();
  mp::ranks_of(order, input.length());  // refuses what is no permutation
  return order;
}

std::string out_of(const po::variables_map& given, workloads::MpnnPhase mode) {
  if (given.count("out") == 0) return {};
  const std::string out = given["out"].as<std::string>();
  const bool sequences = mode == workloads::MpnnPhase::sample;
  if (!out.ends_with(sequences ? ".fasta" : ".npy"))
    throw InputError("--out",
                     fmt::format("'{}' for {}", out, sequences ? "sequences" : "log-probabilities"),
                     sequences ? "a name that ends in .fasta"
                               : "a name that ends in .npy; designs as .fasta with --mode sample");
  check_file_to_write(given, "out");
  return out;
}

std::string npy_of(const std::vector<float>& log_probs) {
  kernels::Tensor t(kernels::Format::fp32,
                    {std::ssize(log_probs) / mp::vocabulary, mp::vocabulary});
  std::ranges::copy(log_probs, t.as<float>().begin());
  return workloads::npy_bytes(t);
}

void print(const results::Report& report, results::Style style) {
  fmt::print("{}", style == results::Style::json  ? results::reports_json({}, {report})
                   : style == results::Style::csv ? results::csv_of({report})
                                                  : results::text_of({report}));
}

// The file of --weights; empty for seeded ones.
std::string weights_of(const po::variables_map& given) {
  return given.count("weights") ? given["weights"].as<std::string>() : std::string();
}

// The variant adaptive: precision and unit by the structure. What the user is told of it.
std::string adapt(const po::variables_map& given, const mp::Input& input, std::string& precision,
                  Unit& unit) {
  const mp::Complexity c = mp::complexity(input);
  const mp::AdaptivePrecision chosen = mp::choose_precision(c);
  if (given.count("precision") == 0) precision = mp::numbers(chosen);
  if (precision == "fp32" && unit == Unit::ane) unit = Unit::gpu;
  return fmt::format(
      "complexity {:.3f} (Rg {:.1f} A, contact density {:.3f}, distance variance {:.1f} A^2): {}",
      c.score, c.radius_of_gyration, c.contact_density, c.distance_variance, mp::name(chosen));
}

// run mpnn --length: the record of one line of compare.
int run_length(const po::variables_map& given) {
  for (const char* option : {"out", "counters", "goldens"})
    if (given.count(option))
      throw InputError(std::string("--") + option, "needs a structure", "--pdb FILE");
  Choice choice = choose(given);
  refuse_options_of_values(given,
                           {"chains", "designed", "n", "temperature", "greedy", "seed", "order",
                            "counters", "goldens", "out", "threads"},
                           "give --pdb; several samples cost a --batch");
  const std::int64_t length = given["length"].as<std::int64_t>();
  constexpr std::int64_t most_length = 1'000'000;
  if (length < 1 || length > most_length)
    throw InputError("--length", fmt::format("{} is out of range", length),
                     fmt::format("1 to {}", most_length));
  Unit unit = unit_of(given, choice.variant);
  std::string note;
  if (choice.variant.adaptive) {
    // All pairs of residues are looked at.
    constexpr std::int64_t most_adaptive = 20'000;
    if (length > most_adaptive)
      throw InputError("--length", fmt::format("{} is too long for --variant adaptive", length),
                       fmt::format("at most {}", most_adaptive));
    note = "of a globule of this length, " +
           adapt(given, mp::seeded_globule(length), choice.precision, unit);
  }
  const Target target = make_target(given["chip"].as<std::string>(), unit,
                                    runtime_of(given, choice.variant), overrides_of(given));
  Bands bands;
  results::Record record =
      priced_record({.request = request_for(choice, target.unit, length, choice.form),
                     .variant = called(choice),
                     .input = fmt::format("{} residues", length),
                     .model = weights_of(given)},
                    target, bands, Detail::tasks);
  if (!note.empty()) record.notes.push_back(note);
  return finish(given, {std::move(record)}, "summary");
}

// What a bucket costs: padded places over residues.
void add_padding(results::Record& record, const workloads::Request& request) {
  const auto& work = workloads::work_as<workloads::MpnnWork>(request);
  if (work.places() > work.residues)
    record.totals.accuracy.push_back(
        {"padding_waste",
         static_cast<double>(work.places() - work.residues) / static_cast<double>(work.residues)});
}

// --pdb, each at commas.
std::vector<std::string> files_of(const po::variables_map& given) {
  std::vector<std::string> files;
  for (const std::string& word : given["pdb"].as<std::vector<std::string>>())
    for (const std::string& file : split_names("--pdb", word)) files.push_back(file);
  return files;
}

// The structures of --pdb, with what was left out of each on stderr.
std::vector<Protein> read_proteins(const po::variables_map& given) {
  mp::StructureChoice which;
  if (given.count("chains")) which.chains = split_list(given["chains"].as<std::string>());
  if (given.count("designed")) which.designed = split_list(given["designed"].as<std::string>());
  std::vector<Protein> proteins;
  for (const std::string& path : files_of(given)) {
    const mp::Structure structure = mp::read_structure(path, which);
    for (const std::string& note : structure.notes) print_status("{}: {}\n", structure.name, note);
    proteins.push_back({structure.name, mp::to_input(structure), structure.chains});
  }
  if (proteins.empty()) throw InputError("--pdb", "no structure given", "a PDB or mmCIF file");
  return proteins;
}

void set_samples(Choice& choice, const po::variables_map& given) {
  MpnnPlan& plan = choice.plan;
  const std::int64_t n = given["n"].as<std::int64_t>();
  if (n < 1 || n > 4096) throw InputError("--n", "1 to 4096");
  if (given.count("batch"))
    throw InputError("--batch", "samples of one structure are a call",
                     fmt::format("--n {}", choice.batch));
  choice.batch = n;
  plan.temperature = given["temperature"].as<double>();
  if (!(plan.temperature > 0)) throw InputError("--temperature", "must be above 0", "--greedy");
  plan.greedy = given.count("greedy") != 0;
  if (plan.greedy && !given["temperature"].defaulted())
    throw InputError("--temperature", "the likeliest residue has none", "without --greedy");
  plan.seed = seed_of(given);
}

// Options that only drawing reads, where nothing is drawn.
void refuse_options_of_samples(const po::variables_map& given) {
  for (const char* option : {"n", "temperature", "greedy", "seed"}) {
    if (given.count(option) == 0 || given[option].defaulted()) continue;
    const bool order =
        std::string_view(option) == "seed" && given["order"].as<std::string>() == "random";
    if (!order)
      throw InputError(fmt::format("--{}", option), "nothing is drawn in this mode",
                       "--mode sample");
  }
}

// Stores and prints the record, then the sequences, unless --out takes them.
int show_answers(const po::variables_map& given, results::Record record,
                 const std::vector<Protein>& proteins, const std::vector<MpnnAnswer>& answers,
                 const MpnnPlan& plan, const std::string& out) {
  record.stored.model = weights_of(given);
  if (record.stored.model.empty())
    record.notes.push_back("seeded weights: the cost is real, the sequences mean nothing");
  const std::string model = record.stored.model.empty()
                                ? "seeded"
                                : std::filesystem::path(record.stored.model).stem().string();
  std::string fasta;
  for (std::size_t p = 0; p < proteins.size(); ++p) {
    if (answers[p].sequences.empty()) continue;
    const std::vector<results::Design> designs = designs_of(proteins[p], answers[p], plan);
    fasta += fasta_of(proteins[p], designs, model);
    record.designs.insert(record.designs.end(), designs.begin(), designs.end());
  }
  // The answers first: a results file that cannot be written to does not lose them.
  if (!out.empty()) write_file(out, fasta.empty() ? npy_of(answers[0].log_probs) : fasta);
  const int status = finish(given, {record}, "summary");
  if (style_of(given) == results::Style::text && out.empty()) fmt::print("{}", fasta);
  return status;
}

// run mpnn --pdb A,B,...
int run_set(const po::variables_map& given, const Choice& choice,
            const std::vector<Protein>& proteins, const std::function<Target(Unit)>& target_of,
            const std::string& out) {
  if (given.count("counters")) throw InputError("--counters", "are of one structure");
  if (choice.variant.attention)
    throw InputError("--pdb", "attention over all residues takes one structure");
  if (given["order"].as<std::string>() != "identity")
    throw InputError("--order", "is for one structure");
  if (!out.empty() && choice.phase != workloads::MpnnPhase::sample)
    throw InputError("--out", "log-probabilities are written of one structure");
  std::vector<MpnnItem> items;
  std::map<std::string, int> shares;
  std::string names;
  for (const Protein& p : proteins) {
    MpnnItem item{.name = p.name, .input = p.input, .unit = unit_of(given, choice.variant)};
    Choice own = choice;
    if (choice.variant.adaptive) item.note = adapt(given, p.input, own.precision, item.unit);
    const workloads::Request r = request_for(own, item.unit, p.input.length(), own.form);
    item.formats = r.formats;
    item.bucket = workloads::work_as<workloads::MpnnWork>(r).bucket;
    ++shares[workloads::label(item.formats)];
    names += (names.empty() ? "" : ",") + item.name;
    items.push_back(std::move(item));
  }
  MpnnPlan plan = choice.plan;
  const bool some_on_ane = std::ranges::find(items, Unit::ane, &MpnnItem::unit) != items.end();
  plan.threads = machine_threads(given, some_on_ane ? Unit::ane : items[0].unit);
  plan.request = request_for(choice, items[0].unit, proteins[0].input.length(), choice.form);
  MpnnSet set = run_mpnn_set(plan, items, called(choice), target_of,
                             [&](const Target& target) -> const kernels::arith::Profile& {
                               return profile_of(given, target);
                             });
  results::Record& record = set.record;
  record.run.input = names;
  if (choice.variant.adaptive) {
    std::string text = "shares:";
    for (const auto& [precision, count] : shares)
      text += fmt::format(" {} {:.0f} % ({} of {})", precision,
                          100.0 * count / static_cast<double>(items.size()), count, items.size());
    record.notes.push_back(text);
  }
  return show_answers(given, record, proteins, set.answers, plan, out);
}

}  // namespace

bool is_structure(std::string_view start) {
  constexpr std::string_view records[] = {"HEADER", "ATOM  ", "HETATM", "MODEL ", "REMARK",
                                          "TITLE ", "CRYST1", "COMPND", "SEQRES", "data_"};
  while (start.starts_with('#') || start.starts_with('\n') || start.starts_with('\r'))
    start.remove_prefix(std::min(start.find('\n'), start.size() - 1) + 1);  // comments of mmCIF
  return std::ranges::any_of(records, [&](std::string_view r) { return start.starts_with(r); });
}

int run_mpnn(const Arguments& arguments) {
  po::options_description options("options");
  options.add_options()  //
      ("pdb", po::value<std::vector<std::string>>()->value_name("FILE,..."),
       "PDB or mmCIF, plain or gzip; several at commas, --batch of them a call")  //
      ("length", po::value<std::int64_t>()->value_name("N"),
       "instead of --pdb: the cost alone of so many residues")                                 //
      ("chains", po::value<std::string>()->value_name("A,B"), "chains to read; default: all")  //
      ("designed", po::value<std::string>()->value_name("A,B"),
       "chains to design; the others stay; default: all")                                      //
      ("chip", po::value<std::string>()->default_value("M4"), "a chip of `anesim chips`")      //
      ("unit", po::value<std::string>()->default_value("ane"), "ane, gpu or cpu")              //
      ("n", po::value<std::int64_t>()->default_value(1), "samples (mode sample)")              //
      ("temperature", po::value<double>()->default_value(0.1, "0.1"), "of sampling, above 0")  //
      ("greedy", "the likeliest residue at every step")                                        //
      ("seed", po::value<std::int64_t>()->default_value(37), "of order and draws")             //
      ("order", po::value<std::string>()->default_value("identity")->value_name("HOW"),
       "of decoding (modes score and conditional): identity, random (by --seed) or an .npy file "
       "with a permutation of 0 to length - 1")  //
      ("counters",
       "instead of the cost: products that the accumulator dropped and sums that overflowed, by "
       "layer (ANE, ane16); stores nothing")  //
      ("goldens", po::value<std::string>()->value_name("FOLDER"),
       "instead of the cost: compares every stage of the float32 reference with the .npy files of "
       "this folder (or whose names begin so); exit 1 where one differs; stores nothing")  //
      ("out", po::value<std::string>()->value_name("FILE"),
       "write the samples (.fasta) or the log-probabilities, float32 [length, 21] (.npy)");
  add_threads_option(options);
  add_layer_option(options);
  add_model_options(options);
  add_target_options(options);
  add_output_options(options);
  const auto given = parse(
      {.name = "run mpnn",
       .usage = usage("FILE... [options]\n\nRuns ProteinMPNN on the simulated machine. FILE and "
                      "--pdb FILE are the same."),
       .options = options,
       .positional = "pdb",
       .examples = {"anesim run mpnn 1ubq.pdb --mode sample --n 2 --out designs.fasta",
                    "anesim run mpnn --length 100 --chip M2 --unit gpu"},
       .mismatch = "where a stage differs (--goldens)"},
      arguments);
  if (!given) return 0;
  const results::Style style = check_output(*given, true);
  if (given->count("pdb") == 0 && given->count("length")) return run_length(*given);
  if (given->count("pdb") == 0)
    throw InputError("--pdb", "no structure given",
                     "a PDB or mmCIF file, or --length N for the cost alone");
  if (given->count("length")) throw InputError("--length", "the structure says its length");
  const std::vector<Protein> proteins = read_proteins(*given);
  Choice choice = choose(*given);
  if (choice.phase == workloads::MpnnPhase::sample)
    set_samples(choice, *given);
  else
    refuse_options_of_samples(*given);
  if (given->count("goldens")) {
    refuse_beside(
        *given, "--goldens",
        {"chip", "unit", "precision", "batch", "set", "memory", "profile", "runtime", "form",
         "order", "out", "db", "again", "view", "trace", "tasks", "counters", "threads"},
        "the stages are those of the float32 reference");
    if (proteins.size() > 1) throw InputError("--goldens", "are of one structure");
    const auto stages = mp::compare_goldens(choice.plan.weights, proteins[0].input,
                                            (*given)["goldens"].as<std::string>(), false);
    if (std::ranges::all_of(stages, [](const auto& s) { return s.values == 0; }))
      throw InputError((*given)["goldens"].as<std::string>(), "holds no stage of this network",
                       "files as hE_0.npy; `anesim run mpnn --help`");
    print(goldens_report(proteins[0].name, stages), style);
    return std::ranges::all_of(stages, &mp::StageDifference::agrees) ? 0 : 1;
  }
  const std::string out = out_of(*given, choice.phase);
  choose_simd(*given);
  const auto target_of = [&](Unit unit) {
    return make_target((*given)["chip"].as<std::string>(), unit, runtime_of(*given, choice.variant),
                       overrides_of(*given));
  };
  if (proteins.size() > 1) return run_set(*given, choice, proteins, target_of, out);
  const mp::Input& input = proteins[0].input;
  Unit unit = unit_of(*given, choice.variant);
  std::vector<std::string> notes;
  if (choice.variant.adaptive) notes.push_back(adapt(*given, input, choice.precision, unit));
  const Target target = target_of(unit);
  const auto& profile = profile_of(*given, target);
  MpnnPlan plan = choice.plan;
  plan.threads = machine_threads(*given, unit);
  plan.order = order_of(*given, choice.phase, input);
  // Attention takes the residues with all their atoms alone.
  const std::int64_t length =
      choice.variant.attention ? mp::complete_residues(input).real : input.length();
  if (length == 0) throw InputError("--pdb", "no residue has all its backbone atoms");
  plan.request = request_for(choice, unit, length, choice.form);
  if (given->count("counters")) {
    refuse_beside(*given, "--counters", {"out", "db", "again", "view", "trace", "tasks", "form"},
                  "the counters are neither stored nor priced");
    const results::Report report =
        counters_report(fmt::format("mpnn {}, {}: products by layer of one pass", proteins[0].name,
                                    workloads::label(plan.request.formats)),
                        count_mpnn(plan, input, target, profile));
    print(report, style);
    return 0;
  }
  // The price first: a fault of it is told before the network is run.
  results::Cost cost = price(plan.request, target, Detail::tasks);
  const MpnnAnswers answers = answer_mpnn(plan, {&input}, target, profile);
  results::Record record =
      record_of(plan.request, target, std::move(cost),
                {.variant = called(choice),
                 .input = proteins[0].name,
                 .values = answers.values,
                 .profile = unit == Unit::ane ? std::string(profile.name) : ""});
  Bands().add(record, plan.request, target);
  add_padding(record, plan.request);
  if (unit != Unit::ane) record.notes.push_back(framework_note(plan.request.formats));
  for (const results::Part& p : answers.accuracy) record.totals.accuracy.push_back(p);
  record.totals.digest = answers.digest;
  record.notes.insert(record.notes.end(), notes.begin(), notes.end());
  return show_answers(*given, record, proteins, answers.of, plan, out);
}

int compare_mpnn(const Arguments& arguments) {
  po::options_description options("options");
  add_grid_options(options, "M1,M2,M3,M3Pro,M4", "ane,gpu,cpu");
  options.add_options()                                                                        //
      ("unit", po::value<std::string>()->default_value("ane"), "one unit instead of --units")  //
      ("lengths", po::value<std::string>()->default_value("50,100,200,500,1000,2000"),
       "residues, at commas")  //
      ("pdb", po::value<std::vector<std::string>>()->value_name("FILE,..."),
       "instead of --lengths: those of these structures")  //
      ("buckets-from", po::value<std::string>()->value_name("FILE"),
       "instead of the cost: how the lengths in FILE, one a line, fall into --bucket and into the "
       "best --bucket-count buckets, and what padding wastes")  //
      ("bucket-count", po::value<int>()->default_value(4), "buckets to choose (--buckets-from)");
  add_model_options(options);
  add_target_options(options);
  add_output_options(options);
  const auto given =
      parse({.name = "compare mpnn",
             .usage = usage("[FILE...] [options]\n\nThe cost of ProteinMPNN on chips, units and "
                            "lengths, those of the structures in FILE where it is given."),
             .options = options,
             .positional = "pdb",
             .examples = {"anesim compare mpnn --lengths 100 --chips M1,M4",
                          "anesim compare mpnn 1ubq.pdb --chips M4 --variant minimal"}},
            arguments);
  if (!given) return 0;
  const results::Style style = check_output(*given, false);
  const Choice choice = choose(*given);
  if (given->count("buckets-from")) {
    refuse_beside(*given, "--buckets-from",
                  {"chips", "units", "unit", "against", "lengths", "pdb", "set", "memory",
                   "runtime", "form", "db", "again", "view", "tasks"},
                  "buckets are told of lengths alone");
    const int count = (*given)["bucket-count"].as<int>();
    if (count < 1 || count > 64) throw InputError("--bucket-count", "1 to 64");
    const std::vector<std::int64_t> usual(std::begin(mp::default_buckets),
                                          std::end(mp::default_buckets));
    print(bucket_plan(read_lengths((*given)["buckets-from"].as<std::string>()),
                      choice.buckets.empty() ? usual : choice.buckets, count),
          style);
    return 0;
  }
  refuse_beside(*given, "lengths and chips", {"bucket-count"}, "--buckets-from FILE");
  Grid grid = grid_of(*given);
  if (was_given(*given, "unit")) refuse_beside(*given, "--unit", {"units"});
  if (!(*given)["unit"].defaulted() || !choice.variant.unit.empty())
    grid.units = {unit_of(*given, choice.variant)};
  std::vector<std::int64_t> lengths;
  if (given->count("pdb")) {
    refuse_beside(*given, "--pdb", {"lengths"});
    for (const Protein& p : read_proteins(*given)) lengths.push_back(p.input.length());
  } else {
    lengths = split_numbers("--lengths", (*given)["lengths"].as<std::string>());
  }
  return finish_compare(
      *given,
      compare_records(*given, grid,
                      [&](const Target& target) {
                        // A GPU or CPU in both forms: as its framework runs the network, and the
                        // accelerator's graph.
                        std::vector<std::optional<workloads::Form>> forms{choice.form};
                        if (!choice.form && target.unit != Unit::ane)
                          forms = {workloads::Form::framework, workloads::Form::accelerator};
                        std::vector<Asked> lines;
                        for (const auto& form : forms)
                          for (const std::int64_t length : lengths)
                            lines.push_back(
                                {.request = request_for(choice, target.unit, length, form),
                                 .variant = called(choice),
                                 .input = fmt::format("{} residues", length),
                                 .model = weights_of(*given)});
                        return lines;
                      }),
      grid);
}

}  // namespace ane::sim
