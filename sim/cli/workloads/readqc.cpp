// anesim run readqc, anesim compare readqc.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <numeric>

#include "isa/error.h"
#include "results/text.h"
#include "sim/cli/session.h"
#include "sim/cli/workloads.h"
#include "sim/run/readqc_run.h"

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

// Reads file after file in batches, each file once, so that a pipe will do.
class Reads {
 public:
  Reads(std::vector<std::string> files, std::optional<int> phred)
      : files_(std::move(files)), phred_(phred) {}

  // The first reads, which next() will give as well; before any next().
  const qc::ReadBatch& ahead(std::int64_t count) {
    while (ahead_.size() < count) {
      const qc::ReadBatch more = from_files(count - ahead_.size());
      if (more.empty()) break;
      ahead_.append(more);
    }
    return ahead_;
  }

  // Up to `count` reads of the part that is wanted; none at the end.
  qc::ReadBatch next(std::int64_t count, bool test_part) {
    qc::ReadBatch batch;
    while (batch.size() < count) {
      qc::ReadBatch more = given_ < ahead_.size() ? from_ahead(count - batch.size())
                                                  : from_files(count - batch.size());
      if (more.empty()) break;
      if (test_part) more = more.select(qc::indices_of(more, qc::Part::test));
      batch.append(more);
    }
    return batch;
  }

 private:
  qc::ReadBatch from_ahead(std::int64_t count) {
    std::vector<std::int64_t> indices(
        static_cast<std::size_t>(std::min(count, ahead_.size() - given_)));
    std::iota(indices.begin(), indices.end(), given_);
    given_ += static_cast<std::int64_t>(indices.size());
    return ahead_.select(indices);
  }
  qc::ReadBatch from_files(std::int64_t count) {
    for (;;) {
      if (!reader_) {
        if (at_ == files_.size()) return {};
        reader_ = std::make_unique<qc::FastqReader>(files_[at_++], phred_);
        fmt::print(stderr, "{}: {}\n", reader_->name(), reader_->phred_reason());
      }
      qc::ReadBatch batch = reader_->next_batch(count);
      if (!batch.empty()) return batch;
      if (const std::string warning = reader_->warning(); !warning.empty())
        fmt::print(stderr, "warning: {}: {}\n", reader_->name(), warning);
      reader_.reset();
    }
  }

  std::vector<std::string> files_;
  std::optional<int> phred_;
  std::size_t at_ = 0;
  std::unique_ptr<qc::FastqReader> reader_;
  qc::ReadBatch ahead_;
  std::int64_t given_ = 0;  // of ahead_
};

// What sets the ranges of W8A8: reads that no accuracy is told of.
qc::ReadBatch calibration_reads_of(Reads& reads) {
  // Seven of ten are of the training part.
  const qc::ReadBatch& first = reads.ahead(2 * qc::calibration_reads);
  qc::ReadBatch training = first.select(qc::indices_of(first, qc::Part::train));
  return training.empty() ? first : training;
}

std::string names_of(const std::vector<std::string>& files) {
  std::vector<std::string> names;
  for (const std::string& f : files) names.push_back(f.substr(f.find_last_of('/') + 1));
  return fmt::format("{}", fmt::join(names, " "));
}

qc::Model model_of(const po::variables_map& given, Reads& reads, bool& trained_here) {
  const std::string model = given["model"].as<std::string>();
  trained_here = false;
  if (is_file(model)) return qc::load_model(model);
  const qc::ModelSpec spec = spec_of(given);
  if (spec.kind == qc::ModelKind::biometal) return qc::make_model(spec);
  qc::make_model(spec);  // a fault of the spec is told before the reads are read
  trained_here = true;
  const qc::ReadBatch& all = reads.ahead(INT64_MAX);
  qc::TrainOptions options;
  options.seed = seed_of(given);
  fmt::print(stderr, "training {} on {} reads (seed {}; --model FILE takes a trained one)\n",
             qc::info(spec.kind).name, qc::indices_of(all, qc::Part::train).size(), options.seed);
  return qc::train(spec, all, options);
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
      ("seed", po::value<std::int64_t>()->default_value(1), "of training, where --model is a name");
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
  if (given->count("reads") == 0)
    throw InputError("--reads", "no FASTQ file given",
                     "scripts/fetch-reads fetches real reads and prints their paths");
  const auto files = (*given)["reads"].as<std::vector<std::string>>();
  const std::optional<int> phred =
      given->count("phred") ? std::optional((*given)["phred"].as<int>()) : std::nullopt;
  std::int64_t left = (*given)["limit"].as<std::int64_t>();
  if (left < 1) throw InputError("--limit", "at least 1 read");
  const Target target =
      make_target((*given)["chip"].as<std::string>(), (*given)["unit"].as<std::string>(),
                  (*given)["runtime"].as<std::string>(), overrides_of(*given));
  const bool on_ane = target.unit == "ane";
  check_output(*given, on_ane);
  const auto& profile = profile_of(*given, target.chip);
  choose_simd(*given);
  ReadQcPlan plan;
  plan.batch = batch_of((*given)["batch"].as<std::int64_t>());
  plan.threads = (*given)["threads"].as<int>();
  if (plan.threads < 1 || plan.threads > 64) throw InputError("--threads", "1 to 64");
  set_precision(plan, given->count("precision") ? (*given)["precision"].as<std::string>()
                      : on_ane                  ? "fp16"
                                                : "fp32");
  if (on_ane && plan.precision_name == "fp32")
    throw InputError("--precision", "the ANE has no fp32", "fp16, int8w or w8a8");
  if (!on_ane && plan.precision_name != "fp32")
    throw InputError("--precision", "the CPU and GPU run the float32 model here", "leave it out");
  Reads reads(files, phred);
  bool trained_here = false;
  plan.model = model_of(*given, reads, trained_here);
  plan.variant = qc::info(plan.model.spec.kind).name;
  std::string part = trained_here ? "test" : "all";
  if (given->count("part")) part = (*given)["part"].as<std::string>();
  if (part != "all" && part != "test")
    throw InputError("--part", fmt::format("unknown part '{}'", part), "all or test");
  if (plan.precision == qc::Precision::w8a8)
    plan.ranges = qc::activation_ranges(plan.model, calibration_reads_of(reads));
  qc::WindowFit fit;
  results::Record record = run_readqc_on(plan, target, profile, [&](std::int64_t n) {
    qc::ReadBatch batch = reads.next(std::min(n, left), part == "test");
    left -= batch.size();
    fit.add(batch);
    return batch;
  });
  record.run.input = names_of(files);
  record.run.overrides = canonical(overrides_of(*given));
  add_notes(record, part == "test");
  if (fit.longer > 0) record.notes.push_back(fit.longer_remark());
  if (fit.shorter > 0) fmt::print(stderr, "{}\n", fit.shorter_remark());
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
  check_output(*given, false);
  const std::string named = (*given)["model"].as<std::string>();
  ReadQcPlan plan;
  plan.model = is_file(named) ? qc::load_model(named) : qc::make_model(spec_of(*given));
  plan.variant = qc::info(plan.model.spec.kind).name;
  const qc::Rule rule = plan.model.spec.rule;
  std::vector<results::Record> records;
  std::vector<std::string> crossings;
  const auto batches = split_numbers("--batches", (*given)["batches"].as<std::string>());
  for (const std::string& chip : split_names("--chips", (*given)["chips"].as<std::string>())) {
    std::map<std::int64_t, double> ane, cpu;
    for (const std::string& unit : split_names("--units", (*given)["units"].as<std::string>())) {
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
                                   ane.rbegin()->first);
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
