// anesim run readqc, anesim compare readqc.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "isa/error.h"
#include "results/text.h"
#include "sim/readqc_run.h"
#include "sim/workloads.h"

namespace ane::sim {
namespace {

namespace po = boost::program_options;
namespace qc = workloads::readqc;

void add_model_options(po::options_description& options) {
  options.add_options()  //
      ("model", po::value<std::string>()->default_value("mlp")->value_name("NAME|FILE"),
       "mlp, cnn, kmer, gc, multitask, biometal, or a .safetensors of `anesim train`")  //
      ("rule", po::value<std::string>()->default_value("fastp")->value_name("NAME"),
       "what passes: meanq20, fastp or maxee1")                                            //
      ("k", po::value<std::int64_t>()->default_value(3), "k-mer length, 3 to 6 bases")     //
      ("dim", po::value<std::int64_t>()->default_value(64), "k-mer embedding, 64 or 128")  //
      ("separate", "k-mers side by side instead of overlapping");
}

qc::ModelSpec spec_of(const po::variables_map& given) {
  return {.kind = qc::model_kind_named(given["model"].as<std::string>()),
          .rule = qc::rule_named(given["rule"].as<std::string>()),
          .k = given["k"].as<std::int64_t>(),
          .dim = given["dim"].as<std::int64_t>(),
          .overlapping = given.count("separate") == 0};
}

bool is_file(const std::string& model) {
  return model.ends_with(".safetensors");
}

std::int64_t batch_of(std::int64_t batch) {
  if (batch < 1 || batch > 65536)
    throw InputError("--batch", fmt::format("{} reads a call is out of range", batch),
                     "1 to 65536");
  return batch;
}

// Reads file after file in batches, held-out reads only where the model was trained on the others.
class Reads {
 public:
  Reads(std::vector<std::string> files, std::optional<int> phred, bool test_part,
        std::int64_t limit)
      : files_(std::move(files)), phred_(phred), test_part_(test_part), left_(limit) {}

  qc::ReadBatch next(std::int64_t count) {
    qc::ReadBatch batch;
    while (batch.size() < count && left_ > 0) {
      if (!reader_) {
        if (at_ == files_.size()) break;
        reader_ = std::make_unique<qc::FastqReader>(files_[at_++], phred_);
        fmt::print(stderr, "{}: {}\n", reader_->name(), reader_->phred_reason());
      }
      qc::ReadBatch more = reader_->next_batch(std::min(count - batch.size(), left_));
      if (more.empty()) {
        reader_.reset();
        continue;
      }
      if (test_part_) more = more.select(qc::indices_of(more, qc::Part::test));
      left_ -= more.size();
      batch.append(more);
    }
    return batch;
  }

 private:
  std::vector<std::string> files_;
  std::optional<int> phred_;
  bool test_part_;
  std::int64_t left_;
  std::size_t at_ = 0;
  std::unique_ptr<qc::FastqReader> reader_;
};

std::string names_of(const std::vector<std::string>& files) {
  std::vector<std::string> names;
  for (const std::string& f : files) names.push_back(f.substr(f.find_last_of('/') + 1));
  return fmt::format("{}", fmt::join(names, " "));
}

qc::Model model_of(const po::variables_map& given, const std::vector<std::string>& files,
                   std::optional<int> phred, bool& trained_here) {
  const std::string model = given["model"].as<std::string>();
  trained_here = false;
  if (is_file(model)) return qc::load_model(model);
  const qc::ModelSpec spec = spec_of(given);
  if (spec.kind == qc::ModelKind::biometal) return qc::make_model(spec);
  trained_here = true;
  const qc::ReadSet set = qc::read_files(files, phred);
  qc::TrainOptions options;
  options.seed = given["seed"].as<std::uint64_t>();
  fmt::print(stderr, "training {} on {} reads (seed {}; --model FILE takes a trained one)\n",
             qc::info(spec.kind).name, qc::indices_of(set.reads, qc::Part::train).size(),
             options.seed);
  return qc::train(spec, set.reads, options);
}

void add_notes(results::Record& r, bool test_part) {
  if (test_part)
    r.notes.push_back(
        "accuracy is of held-out reads: a hash of the record number keeps 15 % from training");
  if (r.run.batch == 1)
    r.notes.push_back(fmt::format("one read a call: {:.3g} ms, {} the 1 ms target",
                                  r.totals.latency_s * 1e3,
                                  r.totals.latency_s < 1e-3 ? "inside" : "beyond"));
}

}  // namespace

int run_readqc(const Arguments& arguments) {
  po::options_description options("options");
  options.add_options()  //
      ("reads", po::value<std::vector<std::string>>()->multitoken()->value_name("FILE"),
       "FASTQ, plain, gzip or bgzip; several files follow each other")  //
      ("phred", po::value<int>()->value_name("33|64"),
       "quality offset; default: told from the reads")  //
      ("seed", po::value<std::uint64_t>()->default_value(1),
       "of training, where --model is a name");
  add_model_options(options);
  options.add_options()                                                                    //
      ("chip", po::value<std::string>()->default_value("M4"), "a chip of `anesim chips`")  //
      ("unit", po::value<std::string>()->default_value("ane"), "ane, gpu or cpu")          //
      ("precision", po::value<std::string>()->value_name("NAME"),
       "ANE: fp16 (default), int8w, w8a8, pal1 to pal8, int4b, sparse; CPU and GPU: fp32")    //
      ("batch", po::value<std::int64_t>()->default_value(100), "reads a call, 1 to 65536")    //
      ("limit", po::value<std::int64_t>()->default_value(INT64_MAX, "all"), "reads at most")  //
      ("part", po::value<std::string>()->value_name("all|test"),
       "reads to answer: all, or the held-out 15 %; default: test when trained here, else all")  //
      ("threads", po::value<int>()->default_value(1), "host threads, 1 to 64; never changes a bit");
  add_target_options(options);
  add_output_options(options);
  const auto given = parse({"run readqc",
                            "--reads FILE... [options]\n\nRuns a read-QC model on the simulated "
                            "machine: answers of every read, and what a call costs.",
                            options},
                           arguments);
  if (!given) return 0;
  style_of(*given);
  if (given->count("reads") == 0)
    throw InputError("--reads", "no FASTQ file given",
                     "scripts/fetch-reads fetches real reads and prints their paths");
  const auto files = (*given)["reads"].as<std::vector<std::string>>();
  const std::optional<int> phred =
      given->count("phred") ? std::optional((*given)["phred"].as<int>()) : std::nullopt;
  const Target target =
      make_target((*given)["chip"].as<std::string>(), (*given)["unit"].as<std::string>(),
                  (*given)["runtime"].as<std::string>(), overrides_of(*given));
  const auto& profile = profile_of(*given, target.chip);
  choose_simd(*given);
  ReadQcPlan plan;
  plan.batch = batch_of((*given)["batch"].as<std::int64_t>());
  plan.threads = (*given)["threads"].as<int>();
  if (plan.threads < 1 || plan.threads > 64) throw InputError("--threads", "1 to 64");
  const bool on_ane = target.unit == "ane";
  set_precision(plan, given->count("precision") ? (*given)["precision"].as<std::string>()
                      : on_ane                  ? "fp16"
                                                : "fp32");
  if (on_ane && plan.precision_name == "fp32")
    throw InputError("--precision", "the ANE has no fp32", "fp16, int8w or w8a8");
  if (!on_ane && plan.precision_name != "fp32")
    throw InputError("--precision", "the CPU and GPU run the float32 model here", "leave it out");
  bool trained_here = false;
  plan.model = model_of(*given, files, phred, trained_here);
  plan.variant = qc::info(plan.model.spec.kind).name;
  std::string part = trained_here ? "test" : "all";
  if (given->count("part")) part = (*given)["part"].as<std::string>();
  if (part != "all" && part != "test")
    throw InputError("--part", fmt::format("unknown part '{}'", part), "all or test");
  if (plan.precision == qc::Precision::w8a8)
    plan.ranges = qc::activation_ranges(
        plan.model, Reads(files, phred, false, qc::calibration_reads).next(qc::calibration_reads));
  Reads reads(files, phred, part == "test", (*given)["limit"].as<std::int64_t>());
  results::Record record =
      run_readqc_on(plan, target, profile, [&](std::int64_t n) { return reads.next(n); });
  record.run.input = names_of(files);
  record.run.overrides = canonical(overrides_of(*given));
  add_notes(record, part == "test");
  return finish(*given, {record}, "summary");
}

int compare_readqc(const Arguments& arguments) {
  po::options_description options("options");
  add_model_options(options);
  options.add_options()                                                                      //
      ("chips", po::value<std::string>()->default_value("M1,M2,M3,M4"), "chips, at commas")  //
      ("units", po::value<std::string>()->default_value("ane,gpu,cpu"), "units, at commas")  //
      ("batches", po::value<std::string>()->default_value("1,10,50,100,1000,10000"),
       "reads a call, at commas")  //
      ("precision", po::value<std::string>()->default_value("fp16"),
       "on the ANE: as for run readqc");
  add_target_options(options);
  add_output_options(options);
  const auto given = parse({"compare readqc",
                            "[options]\n\nThe cost of a read-QC model on chips, units and batches, "
                            "with the rule itself on one CPU core.",
                            options},
                           arguments);
  if (!given) return 0;
  style_of(*given);
  const std::string named = (*given)["model"].as<std::string>();
  ReadQcPlan plan;
  plan.model = is_file(named) ? qc::load_model(named) : qc::make_model(spec_of(*given));
  plan.variant = qc::info(plan.model.spec.kind).name;
  const qc::Rule rule = plan.model.spec.rule;
  std::vector<results::Record> records;
  std::vector<std::string> crossings;
  const auto batches = split_numbers("--batches", (*given)["batches"].as<std::string>());
  for (const std::string& chip : split_list((*given)["chips"].as<std::string>())) {
    std::map<std::int64_t, double> ane, cpu;
    for (const std::string& unit : split_list((*given)["units"].as<std::string>())) {
      const Target target =
          make_target(chip, unit, (*given)["runtime"].as<std::string>(), overrides_of(*given));
      const auto& profile = profile_of(*given, target.chip);
      for (const std::int64_t batch : batches) {
        plan.batch = batch_of(batch);
        set_precision(plan, unit == "ane" ? (*given)["precision"].as<std::string>() : "fp32");
        if (plan.precision == qc::Precision::w8a8)
          plan.ranges.assign(plan.model.layers.size(), 1.0F);  // time does not depend on ranges
        records.push_back(time_readqc(plan, target, profile));
        results::Record& r = records.back();
        r.run.input = "shape only";
        r.run.overrides = canonical(overrides_of(*given));
        if (unit == "ane") ane[batch] = r.totals.throughput_items_per_s;
        if (unit == "cpu") cpu[batch] = r.totals.throughput_items_per_s;
      }
      if (unit == "cpu" && plan.model.heads[0] == qc::Head::quality)
        for (const std::int64_t batch : batches) {
          records.push_back(time_rule(rule, qc::window, batch, target));
          records.back().run.overrides = canonical(overrides_of(*given));
          records.back().run.input = "shape only";
        }
    }
    if (ane.empty() || cpu.empty()) continue;
    std::string line = fmt::format("{}: the ANE never passes the CPU's model up to batch {}", chip,
                                   batches.back());
    for (const auto& [batch, rate] : ane)
      if (rate > cpu[batch]) {
        line = fmt::format("{}: the ANE passes the CPU's model from batch {} on", chip, batch);
        break;
      }
    crossings.push_back(line);
  }
  const int status = finish(*given, records, "compare");
  if (style_of(*given) == results::Style::text)
    for (const std::string& line : crossings) fmt::print("{}\n", line);
  return status;
}

}  // namespace ane::sim
