// anesim run mpnn, anesim compare mpnn.
#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <functional>
#include <map>
#include <optional>

#include "isa/error.h"
#include "results/json.h"
#include "sim/cli/bucket_plan.h"
#include "sim/cli/session.h"
#include "sim/cli/workloads.h"
#include "sim/run/flash_run.h"
#include "sim/run/mac_counters.h"
#include "sim/run/mpnn_goldens.h"
#include "sim/run/mpnn_run.h"
#include "sim/run/mpnn_set.h"
#include "sim/run/mpnn_variants.h"
#include "workloads/files/npy.h"
#include "workloads/mpnn/goldens.h"
#include "workloads/mpnn/graph/decoder.h"
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
       "ANE: fp16, int8w, w8a8, pal1 to pal8, int4b, sparse; CPU and GPU: fp32, fp16")  //
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
  MpnnPlan plan;
  std::vector<std::int64_t> buckets;
  MpnnVariant variant;
  bool gather_given = false;
};

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
  p.variant = variant;
  if (given.count("weights")) {
    const std::string file = given["weights"].as<std::string>();
    p.weights = mp::load_weights(file);
    for (const std::string& note : p.weights.notes) fmt::print(stderr, "{}: {}\n", file, note);
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
  p.precision = c.variant.precision.empty() ? "" : std::string(c.variant.precision);
  if (given.count("precision")) p.precision = given["precision"].as<std::string>();
  p.fused = c.variant.fused;
  p.batch = given.count("batch") ? given["batch"].as<std::int64_t>() : c.variant.batch;
  if (p.batch < 1 || p.batch > 4096) throw InputError("--batch", "1 to 4096");
  p.factored = given.count("literal") == 0;
  const std::string mode = given["mode"].as<std::string>();
  const std::vector<std::string> modes{"score", "unconditional", "conditional", "sample"};
  const auto at = std::ranges::find(modes, mode);
  if (at == modes.end())
    throw InputError("--mode", fmt::format("unknown mode '{}'", mode), choice_note(mode, modes));
  p.mode = static_cast<MpnnMode>(at - modes.begin());
  if (c.variant.attention) {
    for (const char* option : {"bucket", "batch", "gather", "literal"})
      if (given.count(option))
        throw InputError(fmt::format("--{}", option),
                         "is ProteinMPNN's, not that of a network of "
                         "attention over all residues",
                         "another --variant");
    if (p.mode != MpnnMode::score)
      throw InputError("--mode", "attention over all residues gives one answer a residue",
                       "--mode score");
  }
  if (given.count("bucket"))
    c.buckets = mp::checked_buckets(split_numbers("--bucket", given["bucket"].as<std::string>()));
  else if (c.variant.bucketed)
    c.buckets.assign(std::begin(mp::default_buckets), std::end(mp::default_buckets));
  if (given.count("gather")) {
    p.gather = mp::gather_named(given["gather"].as<std::string>());
    c.gather_given = true;
  }
  return c;
}

// What depends on the chip and the length: bucket, gather, precision.
MpnnPlan plan_for(const Choice& c, const Target& target, std::int64_t length) {
  MpnnPlan p = c.plan;
  if (!c.buckets.empty()) {
    const auto bucket = mp::bucket_for(length, c.buckets);
    if (!bucket)
      throw InputError("--bucket", fmt::format("{} residues are more than the largest bucket, {}",
                                               length, c.buckets.back()));
    p.bucket = *bucket;
  }
  const bool on_ane = target.unit == "ane";
  if (!c.gather_given && on_ane && !target.chip.machine().texture_unit)
    p.gather = mp::Gather::one_hot;
  if (p.precision.empty()) p.precision = on_ane ? "fp16" : "fp32";
  if (on_ane && p.precision == "fp32")
    throw InputError("--precision", "the ANE has no fp32", "fp16, int8w or w8a8");
  return p;
}

std::string unit_of(const po::variables_map& given, const MpnnVariant& v) {
  if (!given["unit"].defaulted() || v.unit.empty()) return given["unit"].as<std::string>();
  return std::string(v.unit);
}

std::string runtime_of(const po::variables_map& given, const MpnnVariant& v) {
  const std::string named = given["runtime"].as<std::string>();
  return named.empty() ? std::string(v.runtime) : named;
}

// --order as a permutation; empty for the places as they stand.
std::vector<std::int32_t> order_of(const po::variables_map& given, MpnnMode mode,
                                   const mp::Input& input) {
  const std::string how = given["order"].as<std::string>();
  if (given["order"].defaulted() || how == "identity") return {};
  if (mode != MpnnMode::score && mode != MpnnMode::conditional)
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

std::string out_of(const po::variables_map& given, MpnnMode mode) {
  if (given.count("out") == 0) return {};
  const std::string out = given["out"].as<std::string>();
  const bool sequences = mode == MpnnMode::sample;
  if (!out.ends_with(sequences ? ".fasta" : ".npy"))
    throw InputError("--out",
                     fmt::format("'{}' for {}", out, sequences ? "sequences" : "log-probabilities"),
                     sequences ? "a name that ends in .fasta" : "a name that ends in .npy");
  return out;
}

std::string npy_of(const std::vector<float>& log_probs) {
  kernels::Tensor t(kernels::Format::fp32,
                    {std::ssize(log_probs) / mp::vocabulary, mp::vocabulary});
  std::ranges::copy(log_probs, t.as<float>().begin());
  return workloads::npy_bytes(t);
}

void write_file(const std::string& path, const std::string& bytes) {
  std::ofstream file(path, std::ios::binary);
  file.write(bytes.data(), std::ssize(bytes));
  file.close();
  if (!file) throw InputError(path, "cannot be written");
}

void print(const results::Report& report, results::Style style) {
  fmt::print("{}", style == results::Style::json  ? results::reports_json({report})
                   : style == results::Style::csv ? results::csv_of({report})
                                                  : results::text_of({report}));
}

results::Record cost_of(const Choice& choice, const Target& target, std::int64_t length,
                        const kernels::arith::Profile& profile) {
  const MpnnPlan plan = plan_for(choice, target, length);
  results::Record record =
      choice.variant.attention
          ? time_flash(plan, {.length = length, .block = *choice.variant.attention}, target,
                       profile)
          : time_mpnn(plan, length, target, profile);
  record.run.input = fmt::format("{} residues", length);
  record.run.input_digest = fmt::format("length {}", length);
  return record;
}

// run mpnn --length: the record of one line of compare.
int run_length(const po::variables_map& given) {
  for (const char* option : {"out", "counters", "goldens"})
    if (given.count(option))
      throw InputError(std::string("--") + option, "needs a structure", "--pdb FILE");
  const Choice choice = choose(given);
  if (choice.variant.adaptive)
    throw InputError("--variant", "adaptive chooses by the structure", "--pdb FILE");
  const Target target = make_target(given["chip"].as<std::string>(), unit_of(given, choice.variant),
                                    runtime_of(given, choice.variant), overrides_of(given));
  const std::int64_t length = given["length"].as<std::int64_t>();
  if (length < 1) throw InputError("--length", "at least 1");
  results::Record record = cost_of(choice, target, length, profile_of(given, target.chip));
  record.run.overrides = canonical(overrides_of(given));
  return finish(given, {record}, "summary");
}

struct Protein {
  std::string name;
  mp::Input input;
};

// The structures of --pdb, with what was left out of each on stderr.
std::vector<Protein> read_proteins(const po::variables_map& given) {
  mp::StructureChoice which;
  if (given.count("chains")) which.chains = split_list(given["chains"].as<std::string>());
  if (given.count("designed")) which.designed = split_list(given["designed"].as<std::string>());
  std::vector<Protein> proteins;
  for (const std::string& path : split_list(given["pdb"].as<std::string>())) {
    const mp::Structure structure = mp::read_structure(path, which);
    for (const std::string& note : structure.notes)
      fmt::print(stderr, "{}: {}\n", structure.name, note);
    proteins.push_back({structure.name, mp::to_input(structure)});
  }
  if (proteins.empty()) throw InputError("--pdb", "no structure given", "a PDB or mmCIF file");
  return proteins;
}

void set_samples(MpnnPlan& plan, const po::variables_map& given) {
  const std::int64_t n = given["n"].as<std::int64_t>();
  if (n < 1 || n > 4096) throw InputError("--n", "1 to 4096");
  plan.batch = n;
  plan.temperature = given["temperature"].as<double>();
  if (!(plan.temperature > 0)) throw InputError("--temperature", "must be above 0", "--greedy");
  plan.greedy = given.count("greedy") != 0;
  plan.seed = seed_of(given);
}

// The variant adaptive: precision and unit by the structure. What the user is told of it.
std::string adapt(const po::variables_map& given, const mp::Input& input, std::string& precision,
                  std::string& unit) {
  const mp::Complexity c = mp::complexity(input);
  const mp::AdaptivePrecision chosen = mp::choose_precision(c);
  if (given.count("precision") == 0)
    precision = chosen == mp::AdaptivePrecision::fp16    ? "fp16"
                : chosen == mp::AdaptivePrecision::mixed ? "int8w"
                                                         : "fp32";
  if (precision == "fp32" && unit == "ane") unit = "gpu";
  return fmt::format(
      "complexity {:.3f} (Rg {:.1f} A, contact density {:.3f}, distance variance {:.1f} A^2): {}",
      c.score, c.radius_of_gyration, c.contact_density, c.distance_variance, mp::name(chosen));
}

// Stores and prints the record, then the sequences; writes --out.
int show_answers(const po::variables_map& given, results::Record record,
                 const std::vector<Protein>& proteins, const std::vector<MpnnAnswer>& answers,
                 const MpnnPlan& plan, const std::string& out) {
  if (!given.count("weights"))
    record.notes.push_back("seeded weights: the cost is real, the sequences mean nothing");
  const int status = finish(given, {record}, "summary");
  std::string fasta;
  for (std::size_t p = 0; p < proteins.size(); ++p)
    for (std::size_t i = 0; i < answers[p].sequences.size(); ++i)
      fasta += fmt::format(">{} sample {}, seed {}, recovery {:.3f}\n{}\n", proteins[p].name, i + 1,
                           plan.seed + i, answers[p].recoveries[i],
                           mp::designed_chains(proteins[p].input, answers[p].sequences[i]));
  if (style_of(given) == results::Style::text) fmt::print("{}", fasta);
  if (!out.empty()) write_file(out, fasta.empty() ? npy_of(answers[0].log_probs) : fasta);
  return status;
}

// run mpnn --pdb A,B,...
int run_set(const po::variables_map& given, const Choice& choice,
            const std::vector<Protein>& proteins,
            const std::function<Target(const std::string&)>& target_of, const std::string& out) {
  if (given.count("counters")) throw InputError("--counters", "are of one structure");
  if (choice.variant.attention)
    throw InputError("--pdb", "attention over all residues takes one structure");
  if (given["order"].as<std::string>() != "identity")
    throw InputError("--order", "is for one structure");
  if (!out.empty() && choice.plan.mode != MpnnMode::sample)
    throw InputError("--out", "log-probabilities are written of one structure");
  std::vector<MpnnItem> items;
  std::map<std::string, int> shares;
  for (const Protein& p : proteins) {
    MpnnItem item{.name = p.name, .input = p.input, .unit = unit_of(given, choice.variant)};
    Choice own = choice;
    if (choice.variant.adaptive) item.note = adapt(given, p.input, own.plan.precision, item.unit);
    const MpnnPlan plan = plan_for(own, target_of(item.unit), p.input.length());
    item.precision = plan.precision;
    item.bucket = plan.bucket;
    ++shares[plan.precision];
    items.push_back(std::move(item));
  }
  MpnnPlan plan = plan_for(choice, target_of(items[0].unit), 1);
  std::vector<MpnnAnswer> answers;
  results::Record record = run_mpnn_set(
      plan, items, target_of,
      [&](const Target& target) -> const kernels::arith::Profile& {
        return profile_of(given, target.chip);
      },
      answers);
  for (const MpnnItem& item : items)
    record.run.input += (record.run.input.empty() ? "" : ",") + item.name;
  record.run.overrides = canonical(overrides_of(given));
  if (choice.variant.adaptive) {
    std::string text = "shares:";
    for (const auto& [precision, count] : shares)
      text += fmt::format(" {} {:.0f} % ({} of {})", precision,
                          100.0 * count / static_cast<double>(items.size()), count, items.size());
    record.notes.push_back(text);
  }
  return show_answers(given, record, proteins, answers, plan, out);
}

}  // namespace

int run_mpnn(const Arguments& arguments) {
  po::options_description options("options");
  options.add_options()  //
      ("pdb", po::value<std::string>()->value_name("FILE,..."),
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
  add_model_options(options);
  add_target_options(options);
  add_output_options(options);
  const auto given =
      parse({"run mpnn",
             usage("--pdb FILE [options]\n\nRuns ProteinMPNN on the simulated machine."), options},
            arguments);
  if (!given) return 0;
  const results::Style style = check_output(*given, true);
  if (given->count("pdb") == 0 && given->count("length")) return run_length(*given);
  if (given->count("pdb") == 0)
    throw InputError("--pdb", "no structure given", "a PDB or mmCIF file");
  if (given->count("length")) throw InputError("--length", "the structure says its length");
  const std::vector<Protein> proteins = read_proteins(*given);
  Choice choice = choose(*given);
  if (choice.plan.mode == MpnnMode::sample) set_samples(choice.plan, *given);
  if (given->count("goldens")) {
    if (proteins.size() > 1) throw InputError("--goldens", "are of one structure");
    const auto stages = mp::compare_goldens(choice.plan.weights, proteins[0].input,
                                            (*given)["goldens"].as<std::string>(), false);
    print(goldens_report(proteins[0].name, stages), style);
    return std::ranges::all_of(stages, &mp::StageDifference::agrees) ? 0 : 1;
  }
  const std::string out = out_of(*given, choice.plan.mode);
  choose_simd(*given);
  const auto target_of = [&](const std::string& unit) {
    return make_target((*given)["chip"].as<std::string>(), unit, runtime_of(*given, choice.variant),
                       overrides_of(*given));
  };
  if (proteins.size() > 1) return run_set(*given, choice, proteins, target_of, out);
  const mp::Input& input = proteins[0].input;
  std::string unit = unit_of(*given, choice.variant);
  std::vector<std::string> notes;
  if (choice.variant.adaptive) notes.push_back(adapt(*given, input, choice.plan.precision, unit));
  const Target target = target_of(unit);
  const auto& profile = profile_of(*given, target.chip);
  choice.plan.order = order_of(*given, choice.plan.mode, input);
  const MpnnPlan plan = plan_for(choice, target, input.length());
  if (given->count("counters") && choice.variant.attention)
    throw InputError("--counters", "are ProteinMPNN's", "another --variant");
  if (given->count("counters")) {
    const results::Report report = counters_report(
        fmt::format("mpnn {}, {}: products by layer of one pass", proteins[0].name, plan.precision),
        count_mpnn(plan, input, target, profile));
    print(report, style);
    return 0;
  }
  std::vector<MpnnAnswer> answers(1);
  results::Record record = choice.variant.attention
                               ? run_flash(plan, {.block = *choice.variant.attention}, input,
                                           target, profile, answers[0])
                               : run_mpnn_on(plan, {&input}, target, profile, answers);
  record.run.input = proteins[0].name;
  record.run.overrides = canonical(overrides_of(*given));
  record.notes.insert(record.notes.end(), notes.begin(), notes.end());
  return show_answers(*given, record, proteins, answers, plan, out);
}

int compare_mpnn(const Arguments& arguments) {
  po::options_description options("options");
  options.add_options()  //
      ("chips", po::value<std::string>()->default_value("M1,M2,M3,M3Pro,M4"),
       "chips, at commas")                                                                     //
      ("units", po::value<std::string>()->default_value("ane,gpu,cpu"), "units, at commas")    //
      ("unit", po::value<std::string>()->default_value("ane"), "one unit instead of --units")  //
      ("lengths", po::value<std::string>()->default_value("50,100,200,500,1000,2000"),
       "residues, at commas")  //
      ("buckets-from", po::value<std::string>()->value_name("FILE"),
       "instead of the cost: how the lengths in FILE, one a line, fall into --bucket and into the "
       "best --bucket-count buckets, and what padding wastes")  //
      ("bucket-count", po::value<int>()->default_value(4), "buckets to choose (--buckets-from)");
  add_model_options(options);
  add_target_options(options);
  add_output_options(options);
  const auto given =
      parse({"compare mpnn",
             usage("[options]\n\nThe cost of ProteinMPNN on chips, units and lengths."), options},
            arguments);
  if (!given) return 0;
  const results::Style style = check_output(*given, false);
  const Choice choice = choose(*given);
  if (given->count("buckets-from")) {
    const int count = (*given)["bucket-count"].as<int>();
    if (count < 1 || count > 64) throw InputError("--bucket-count", "1 to 64");
    const std::vector<std::int64_t> usual(std::begin(mp::default_buckets),
                                          std::end(mp::default_buckets));
    print(bucket_plan(read_lengths((*given)["buckets-from"].as<std::string>()),
                      choice.buckets.empty() ? usual : choice.buckets, count),
          style);
    return 0;
  }
  std::vector<results::Record> records;
  std::vector<std::string> units = split_names("--units", (*given)["units"].as<std::string>());
  if (!(*given)["unit"].defaulted() || !choice.variant.unit.empty())
    units = {unit_of(*given, choice.variant)};
  for (const std::string& chip : split_names("--chips", (*given)["chips"].as<std::string>()))
    for (const std::string& unit : units) {
      const Target target =
          make_target(chip, unit, runtime_of(*given, choice.variant), overrides_of(*given));
      const auto& profile = profile_of(*given, target.chip);
      for (const std::int64_t length :
           split_numbers("--lengths", (*given)["lengths"].as<std::string>())) {
        records.push_back(cost_of(choice, target, length, profile));
        records.back().run.overrides = canonical(overrides_of(*given));
      }
    }
  return finish(*given, records, "compare");
}

}  // namespace ane::sim
