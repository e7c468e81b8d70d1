// anesim run mpnn, anesim compare mpnn.
#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <optional>

#include "isa/error.h"
#include "results/json.h"
#include "sim/bucket_plan.h"
#include "sim/flash_run.h"
#include "sim/mac_counters.h"
#include "sim/mpnn_run.h"
#include "sim/workloads.h"
#include "workloads/mpnn/buckets.h"
#include "workloads/mpnn/complexity.h"
#include "workloads/mpnn/decoder.h"
#include "workloads/mpnn/structure.h"
#include "workloads/npy.h"

namespace ane::sim {
namespace {

namespace po = boost::program_options;
namespace mp = workloads::mpnn;

// A named configuration: what it changes of the plain one. Adding one is a line.
struct Variant {
  std::string_view name, summary;
  mp::ModelSpec spec{};
  bool bucketed = false;
  std::int64_t batch = 1;
  std::string_view unit = "", runtime = "", precision = "";
  bool adaptive = false;
  bool fused = true;                        // intermediates stay in L2 where they fit
  std::optional<std::int64_t> attention{};  // block of attention over all residues; 0: standard
};

constexpr Variant variants[] = {
    {.name = "exact", .summary = "the published network at the protein's own length"},
    {.name = "bucketed", .summary = "padded to 64, 128, 256 or 512 places", .bucketed = true},
    {.name = "batched", .summary = "8 proteins a call", .batch = 8},
    {.name = "minimal",
     .summary = "hidden 64, 2 + 2 layers",
     .spec = {.hidden = 64, .encoder_layers = 2, .decoder_layers = 2}},
    {.name = "fast", .summary = "16 neighbours", .spec = {.neighbours = 16}},
    {.name = "minimal_fast",
     .summary = "hidden 64, 2 + 2 layers, 16 neighbours",
     .spec = {.hidden = 64, .encoder_layers = 2, .decoder_layers = 2, .neighbours = 16}},
    {.name = "int8", .summary = "weights in 8 bits a channel", .precision = "int8w"},
    {.name = "mlx",
     .summary = "GPU, float32, MLX",
     .unit = "gpu",
     .runtime = "mlx",
     .precision = "fp32"},
    {.name = "mlx_fp16",
     .summary = "GPU, FP16, MLX",
     .unit = "gpu",
     .runtime = "mlx",
     .precision = "fp16"},
    {.name = "mps",
     .summary = "GPU, float32, PyTorch",
     .unit = "gpu",
     .runtime = "torch_mps",
     .precision = "fp32"},
    {.name = "onnx", .summary = "ANE by ONNX Runtime's Core ML provider", .runtime = "onnx_coreml"},
    {.name = "cpu_knn", .summary = "as exact: neighbours and features on the CPU, in float32"},
    {.name = "kernel_fusion", .summary = "as exact: intermediates stay in L2 where they fit"},
    {.name = "unfused",
     .summary = "every intermediate goes through memory: what kernel_fusion is compared with",
     .fused = false},
    {.name = "adaptive",
     .summary = "FP16, INT8 weights or float32 by the structure's complexity",
     .adaptive = true},
    {.name = "flash",
     .summary = "another network: attention over all residues, tiled by 256, online softmax",
     .attention = 256},
    {.name = "flash_standard", .summary = "the same with whole N x N matrices", .attention = 0},
};

const Variant& variant_named(const std::string& name) {
  std::vector<std::string> names;
  for (const Variant& v : variants) {
    if (v.name == name) return v;
    names.emplace_back(v.name);
  }
  throw InputError("--variant", fmt::format("unknown variant '{}'", name),
                   choice_note(name, names));
}

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
  for (const Variant& v : variants) text += fmt::format("  {:<13} {}\n", v.name, v.summary);
  return text;
}

struct Choice {
  MpnnPlan plan;
  std::vector<std::int64_t> buckets;
  const Variant* variant = nullptr;
  bool gather_given = false;
};

Choice choose(const po::variables_map& given) {
  Choice c;
  c.variant = &variant_named(given["variant"].as<std::string>());
  mp::ModelSpec spec = c.variant->spec;
  if (given.count("hidden")) spec.hidden = given["hidden"].as<int>();
  if (given.count("layers")) spec.encoder_layers = spec.decoder_layers = given["layers"].as<int>();
  if (given.count("neighbours")) spec.neighbours = given["neighbours"].as<int>();
  MpnnPlan& p = c.plan;
  p.variant = c.variant->name;
  if (given.count("weights")) {
    p.weights = mp::load_weights(given["weights"].as<std::string>());
    if (given.count("neighbours")) p.weights.spec.neighbours = spec.neighbours;
  } else {
    mp::check(spec);
    p.weights = mp::seeded_weights(spec);
  }
  p.precision = c.variant->precision.empty() ? "" : std::string(c.variant->precision);
  if (given.count("precision")) p.precision = given["precision"].as<std::string>();
  p.fused = c.variant->fused;
  p.batch = given.count("batch") ? given["batch"].as<std::int64_t>() : c.variant->batch;
  if (p.batch < 1 || p.batch > 4096) throw InputError("--batch", "1 to 4096");
  p.factored = given.count("literal") == 0;
  const std::string mode = given["mode"].as<std::string>();
  const std::vector<std::string> modes{"score", "unconditional", "conditional", "sample"};
  const auto at = std::ranges::find(modes, mode);
  if (at == modes.end())
    throw InputError("--mode", fmt::format("unknown mode '{}'", mode), choice_note(mode, modes));
  p.mode = static_cast<MpnnMode>(at - modes.begin());
  if (given.count("bucket"))
    c.buckets = mp::checked_buckets(split_numbers("--bucket", given["bucket"].as<std::string>()));
  else if (c.variant->bucketed)
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

std::string unit_of(const po::variables_map& given, const Variant& v) {
  if (!given["unit"].defaulted() || v.unit.empty()) return given["unit"].as<std::string>();
  return std::string(v.unit);
}

std::string runtime_of(const po::variables_map& given, const Variant& v) {
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
      choice.variant->attention
          ? time_flash(plan, {.length = length, .block = *choice.variant->attention}, target,
                       profile)
          : time_mpnn(plan, length, target, profile);
  record.run.input = fmt::format("{} residues", length);
  record.run.input_digest = fmt::format("length {}", length);
  return record;
}

// run mpnn --length: the record of one line of compare.
int run_length(const po::variables_map& given) {
  for (const char* option : {"out", "counters"})
    if (given.count(option))
      throw InputError(std::string("--") + option, "needs a structure", "--pdb FILE");
  const Choice choice = choose(given);
  if (choice.variant->adaptive)
    throw InputError("--variant", "adaptive chooses by the structure", "--pdb FILE");
  const Target target =
      make_target(given["chip"].as<std::string>(), unit_of(given, *choice.variant),
                  runtime_of(given, *choice.variant), overrides_of(given));
  const std::int64_t length = given["length"].as<std::int64_t>();
  if (length < 1) throw InputError("--length", "at least 1");
  results::Record record = cost_of(choice, target, length, profile_of(given, target.chip));
  record.run.overrides = canonical(overrides_of(given));
  return finish(given, {record}, "summary");
}

}  // namespace

int run_mpnn(const Arguments& arguments) {
  po::options_description options("options");
  options.add_options()                                                                     //
      ("pdb", po::value<std::string>()->value_name("FILE"), "PDB or mmCIF, plain or gzip")  //
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
  const std::string path = (*given)["pdb"].as<std::string>();
  mp::StructureChoice which;
  if (given->count("chains")) which.chains = split_list((*given)["chains"].as<std::string>());
  if (given->count("designed")) which.designed = split_list((*given)["designed"].as<std::string>());
  const mp::Structure structure = mp::read_structure(path, which);
  for (const std::string& note : structure.notes)
    fmt::print(stderr, "{}: {}\n", structure.name, note);
  Choice choice = choose(*given);
  if (choice.plan.mode == MpnnMode::sample) {
    const std::int64_t n = (*given)["n"].as<std::int64_t>();
    if (n < 1 || n > 4096) throw InputError("--n", "1 to 4096");
    choice.plan.batch = n;
    choice.plan.temperature = (*given)["temperature"].as<double>();
    if (!(choice.plan.temperature > 0))
      throw InputError("--temperature", "must be above 0", "--greedy");
    choice.plan.greedy = given->count("greedy") != 0;
    choice.plan.seed = seed_of(*given);
  }
  const mp::Input input = mp::to_input(structure);
  std::string unit = unit_of(*given, *choice.variant);
  std::vector<std::string> notes;
  if (choice.variant->adaptive) {
    const mp::Complexity c = mp::complexity(input);
    const mp::AdaptivePrecision precision = mp::choose_precision(c);
    notes.push_back(fmt::format(
        "complexity {:.3f} (Rg {:.1f} A, contact density {:.3f}, distance variance {:.1f} A^2): {}",
        c.score, c.radius_of_gyration, c.contact_density, c.distance_variance,
        mp::name(precision)));
    if (given->count("precision") == 0)
      choice.plan.precision = precision == mp::AdaptivePrecision::fp16    ? "fp16"
                              : precision == mp::AdaptivePrecision::mixed ? "int8w"
                                                                          : "fp32";
    if (choice.plan.precision == "fp32" && unit == "ane") unit = "gpu";
  }
  const Target target = make_target((*given)["chip"].as<std::string>(), unit,
                                    runtime_of(*given, *choice.variant), overrides_of(*given));
  const auto& profile = profile_of(*given, target.chip);
  choose_simd(*given);
  choice.plan.order = order_of(*given, choice.plan.mode, input);
  const std::string out = out_of(*given, choice.plan.mode);
  const MpnnPlan plan = plan_for(choice, target, input.length());
  if (given->count("counters") && choice.variant->attention)
    throw InputError("--counters", "are ProteinMPNN's", "another --variant");
  if (given->count("counters")) {
    const results::Report report = counters_report(
        fmt::format("mpnn {}, {}: products by layer of one pass", structure.name, plan.precision),
        count_mpnn(plan, input, target, profile));
    print(report, style);
    return 0;
  }
  MpnnAnswer answer;
  results::Record record =
      choice.variant->attention
          ? run_flash(plan, {.block = *choice.variant->attention}, input, target, profile, answer)
          : run_mpnn_on(plan, input, target, profile, answer);
  record.run.input = structure.name;
  record.run.overrides = canonical(overrides_of(*given));
  record.notes.insert(record.notes.end(), notes.begin(), notes.end());
  if (!given->count("weights"))
    record.notes.push_back("seeded weights: the cost is real, the sequences mean nothing");
  const int status = finish(*given, {record}, "summary");
  std::string fasta;
  for (std::size_t i = 0; i < answer.sequences.size(); ++i)
    fasta += fmt::format(">{} sample {}, seed {}, recovery {:.3f}\n{}\n", structure.name, i + 1,
                         plan.seed + i, answer.recoveries[i], answer.sequences[i]);
  if (style == results::Style::text) fmt::print("{}", fasta);
  if (!out.empty()) write_file(out, fasta.empty() ? npy_of(answer.log_probs) : fasta);
  return status;
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
  if (!(*given)["unit"].defaulted() || !choice.variant->unit.empty())
    units = {unit_of(*given, *choice.variant)};
  for (const std::string& chip : split_names("--chips", (*given)["chips"].as<std::string>()))
    for (const std::string& unit : units) {
      const Target target =
          make_target(chip, unit, runtime_of(*given, *choice.variant), overrides_of(*given));
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
