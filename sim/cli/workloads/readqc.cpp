// anesim run readqc, anesim compare readqc.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <numeric>

#include "isa/error.h"
#include "isa/status.h"
#include "results/text.h"
#include "sim/cli/ask.h"
#include "sim/cli/workloads.h"
#include "sim/cli/workloads/readqc_options.h"
#include "sim/run/framework_run.h"
#include "sim/run/readqc/files.h"
#include "sim/run/readqc/run.h"

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

constexpr std::int64_t most_batch = 65536;

std::int64_t batch_of(std::int64_t batch) {
  if (batch < 1 || batch > most_batch)
    throw InputError("--batch", fmt::format("{} reads a call is out of range", batch),
                     fmt::format("1 to {}", most_batch));
  return batch;
}

// Reads file after file in batches, each file once, so that a pipe will do.
class Reads {
 public:
  Reads(std::vector<std::string> files, std::optional<int> phred, bool keep_text)
      : files_(std::move(files)), phred_(phred), keep_text_(keep_text) {}

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
        reader_ = std::make_unique<qc::FastqReader>(files_[at_], phred_);
        if (keep_text_) reader_->keep_text(static_cast<std::int32_t>(at_));
        ++at_;
        print_status("{}: {}\n", reader_->name(), reader_->phred_reason());
      }
      qc::ReadBatch batch = reader_->next_batch(count);
      if (!batch.empty()) return batch;
      if (const std::string warning = reader_->warning(); !warning.empty())
        print_status("warning: {}: {}\n", reader_->name(), warning);
      reader_.reset();
    }
  }

  std::vector<std::string> files_;
  std::optional<int> phred_;
  bool keep_text_;
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
  if (is_model_file(model)) return qc::load_model(model);
  const qc::ModelSpec spec = spec_of(given);
  if (spec.kind == qc::ModelKind::biometal) return qc::make_model(spec);
  qc::make_model(spec);  // a fault of the spec is told before the reads are read
  trained_here = true;
  const qc::ReadBatch& all = reads.ahead(INT64_MAX);
  qc::TrainOptions options;
  options.seed = seed_of(given);
  const std::int64_t train_reads = std::ssize(qc::indices_of(all, qc::Part::train));
  Progress progress("epochs", qc::default_epochs(spec.kind, train_reads));
  options.progress = [&progress](const qc::Epoch&) { progress.step(); };
  print_status("training {} on {} reads (seed {}; --model FILE takes a trained one)\n",
               qc::info(spec.kind).name, train_reads, options.seed);
  return qc::train(spec, all, options);
}

// Formats of --precision on this unit.
workloads::Formats formats_of(const po::variables_map& given, Unit unit) {
  const bool on_ane = unit == Unit::ane;
  const bool named = given.count("precision") && !given["precision"].defaulted();
  const std::string precision = named    ? given["precision"].as<std::string>()
                                : on_ane ? "fp16"
                                         : "fp32";
  if (on_ane && precision == "fp32")
    throw InputError("--precision", "the ANE has no fp32", "fp16, int8w or w8a8");
  return workloads::formats_named(precision);
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

bool is_fastq(std::string_view start) {
  // The third line of a record begins with '+'; the first two may be longer than what is at hand.
  if (!start.starts_with('@')) return false;
  const std::size_t second = start.find('\n');
  const std::size_t third =
      second == std::string_view::npos ? second : start.find('\n', second + 1);
  return third == std::string_view::npos || third + 1 >= start.size() || start[third + 1] == '+';
}

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
       "ANE: fp16 (default), int8 (weights and activations, as w8a8), int8w (weights alone), pal1 "
       "to pal8, int4b, sparse; CPU and GPU: fp32 (default), bf16 and those, int8 by --runtime "
       "torch_cpu")                                                                         //
      ("batch", po::value<std::int64_t>()->default_value(100), "reads a call, 1 to 65536")  //
      ("limit", po::value<std::string>()->default_value("all")->value_name("N"),
       "reads at most: 5000, 10k, 1e6 or all")  //
      ("part", po::value<std::string>()->value_name("all|test"),
       "reads to answer: all, or the held-out 15 %; default: test when trained here without --out, "
       "else all")  //
      ("out", po::value<std::vector<std::string>>()->composing()->value_name("FILE"),
       "write the answers, by the name's end: .tsv (name, score, flag, length), .fastq (the "
       "reads "
       "that pass, as they stand in the input), both also with .gz, or _mqc.json (a table for "
       "MultiQC); may be given several times");
  add_threads_option(options);
  add_layer_option(options);
  add_target_options(options);
  add_output_options(options);
  const auto given = parse(
      {.name = "run readqc",
       .usage = "FILE... [options]\n\nRuns a read-QC model on the simulated machine: answers of "
                "every read, and what a call costs. FILE and --reads\nFILE are the same.",
       .options = options,
       .positional = "reads",
       .examples =
           {"anesim run readqc reads.fastq.gz --limit 1k",
            "anesim run readqc reads.fastq.gz --part all --out good.fastq.gz --out scores.tsv",
            "anesim run readqc reads.fastq.gz --chip M2 --precision int8 --batch 1000"}},
      arguments);
  if (!given) return 0;
  if (given->count("reads") == 0)
    throw InputError("--reads", "no FASTQ file given",
                     "scripts/fetch-reads fetches real reads and prints their paths");
  const auto files = (*given)["reads"].as<std::vector<std::string>>();
  const std::optional<int> phred =
      given->count("phred") ? std::optional((*given)["phred"].as<int>()) : std::nullopt;
  std::int64_t left = count_of("--limit", (*given)["limit"].as<std::string>(), 1, INT64_MAX);
  refuse_options_of_other_models(*given);
  const Target target = make_target((*given)["chip"].as<std::string>(), unit_option(*given),
                                    (*given)["runtime"].as<std::string>(), overrides_of(*given));
  const bool on_ane = target.unit == Unit::ane;
  check_output(*given, true);
  const auto& profile = profile_of(*given, target);
  choose_simd(*given);
  ReadQcPlan plan;
  plan.batch = batch_of((*given)["batch"].as<std::int64_t>());
  plan.threads = threads_option(*given);
  plan.formats = formats_of(*given, target.unit);
  plan.formats.fp16_layers = fp16_layers_of(*given);
  std::vector<std::string> out;
  if (given->count("out")) out = (*given)["out"].as<std::vector<std::string>>();
  check_file_to_write(*given, "out");
  if (!out.empty() && !is_model_file((*given)["model"].as<std::string>()))
    check_answer_files(out, qc::make_model(spec_of(*given)).heads);
  Reads reads(files, phred, !out.empty());
  bool trained_here = false;
  plan.model = model_of(*given, reads, trained_here);
  // A file of the reads that pass is of all of them.
  std::string part = trained_here && out.empty() ? "test" : "all";
  if (given->count("part")) part = (*given)["part"].as<std::string>();
  if (part != "all" && part != "test")
    throw InputError("--part", fmt::format("unknown part '{}'", part), "all or test");
  if (plan.formats.activations == "int8")
    plan.ranges = qc::activation_ranges(plan.model, calibration_reads_of(reads));
  qc::WindowFit fit{.trained_shortest = plan.model.training.shortest,
                    .trained_longest = plan.model.training.longest};
  // Whether the model fits is told at once, by the first reads.
  if (qc::WindowFit first = fit; first.trained_longest > 0) {
    constexpr std::int64_t looked_at = 1000;
    first.add(reads.ahead(looked_at));
    if (first.outside > 0) print_status("warning: {}\n", first.outside_remark());
  }
  workloads::Request request = request_of(plan);
  request.conditions.form = form_option(*given);
  // The price first: a fault of it is told before all reads are answered.
  results::Cost cost = price(request, target, Detail::tasks);
  std::optional<ReadQcFiles> answer_files;
  std::optional<Progress> progress(std::in_place, "reads", left == INT64_MAX ? 0 : left);
  if (!out.empty()) answer_files.emplace(out, files, plan.model.heads);
  const ReadQcAnswers answers = answer_reads(
      plan, target, profile,
      [&](std::int64_t n) {
        qc::ReadBatch batch = reads.next(std::min(n, left), part == "test");
        left -= batch.size();
        progress->step(batch.size());
        fit.add(batch);
        return batch;
      },
      answer_files ? AnswerSink([&](const qc::ReadBatch& batch, const auto& values) {
        answer_files->add(batch, values);
      })
                   : AnswerSink());
  progress.reset();
  results::Record record = record_of(request, target, std::move(cost),
                                     {.input = names_of(files),
                                      .values = answers.inputs_digest,
                                      .profile = on_ane ? std::string(profile.name) : "",
                                      .items = answers.reads});
  record.totals.accuracy = answers.accuracy;
  if (const std::string model = (*given)["model"].as<std::string>(); is_model_file(model))
    record.stored.model = model;
  record.totals.digest = answers.digest;
  Bands().add(record, request, target);
  add_notes(record, part == "test");
  if (trained_here && part == "all")
    record.notes.push_back(
        "accuracy is of all reads, most of which the model was trained on; --part test for the "
        "held-out ones");
  if (!on_ane) record.notes.push_back(framework_note(plan.formats));
  if (fit.longer > 0) record.notes.push_back(fit.longer_remark());
  if (fit.outside > 0) record.notes.push_back(fit.outside_remark());
  if (fit.shorter > 0) print_status("{}\n", fit.shorter_remark());
  if (answer_files)
    for (const std::string& line : answer_files->finish()) print_status("{}\n", line);
  return finish(*given, {record}, "summary");
}

namespace {

struct Latency {
  double low_s, s, high_s;
};

// The smallest batch that passes, between the powers of two around it. Costs have steps, so that a
// smaller one may pass somewhere and a larger one fail.
std::optional<std::int64_t> first_batch(const std::function<bool(std::int64_t)>& passes) {
  std::int64_t fails = 0, at = 1;
  for (; !passes(at); at *= 2) {
    fails = at;
    if (at == most_batch) return std::nullopt;
  }
  while (at - fails > 1) {
    const std::int64_t middle = (at + fails) / 2;
    (passes(middle) ? at : fails) = middle;
  }
  return at;
}

std::string crossing_text(const std::string& chip,
                          const std::function<Latency(Unit, std::int64_t)>& latency) {
  const auto from = [&](double Latency::*ane, double Latency::*cpu) {
    return first_batch([&](std::int64_t batch) {
      return latency(Unit::ane, batch).*ane < latency(Unit::cpu, batch).*cpu;
    });
  };
  const auto shown = [](std::optional<std::int64_t> batch) {
    return batch ? fmt::format("{}", *batch) : fmt::format("more than {}", most_batch);
  };
  const auto usual = from(&Latency::s, &Latency::s);
  const std::string band =
      fmt::format("by the bands of both: {} to {}", shown(from(&Latency::low_s, &Latency::high_s)),
                  shown(from(&Latency::high_s, &Latency::low_s)));
  if (!usual)
    return fmt::format("{}: the ANE never passes the CPU's model up to batch {} ({})", chip,
                       most_batch, band);
  return fmt::format("{}: the ANE passes the CPU's model from batch {} on ({})", chip, *usual,
                     band);
}

}  // namespace

int compare_readqc(const Arguments& arguments) {
  po::options_description options("options");
  add_model_options(options);
  add_grid_options(options, "M1,M2,M3,M4", "ane,gpu,cpu");
  options.add_options()  //
      ("batches", po::value<std::string>()->default_value("1,10,50,100,1000,10000"),
       "reads a call, at commas")  //
      ("precision", po::value<std::string>()->default_value("fp16"),
       "on the ANE: as for run readqc");
  add_target_options(options);
  add_output_options(options);
  const auto given = parse(
      {.name = "compare readqc",
       .usage =
           "[options]\n\nThe cost of a read-QC model on chips, units and batches, with the rule "
           "itself on one CPU core.",
       .options = options,
       .positional = "FILE",
       .examples = {"anesim compare readqc --chips M1,M4 --batches 1,100,10000",
                    "anesim compare readqc --model cnn --chips M4 --units ane --precision int8"}},
      arguments);
  if (!given) return 0;
  if (given->count("FILE"))
    throw InputError((*given)["FILE"].as<std::vector<std::string>>()[0],
                     "a comparison is of costs and reads no reads",
                     "anesim run FILE, or anesim compare readqc");
  refuse_options_of_other_models(*given);
  check_output(*given, false);
  const std::string named = (*given)["model"].as<std::string>();
  ReadQcPlan plan;
  plan.model = is_model_file(named) ? qc::load_model(named) : qc::make_model(spec_of(*given));
  const auto batches = split_numbers("--batches", (*given)["batches"].as<std::string>());
  const Grid grid = grid_of(*given);
  const auto asked_of = [&](const Target& target, std::int64_t batch) {
    plan.batch = batch_of(batch);
    plan.formats = target.unit == Unit::ane
                       ? workloads::formats_named((*given)["precision"].as<std::string>())
                       : workloads::formats_named("fp32");
    Asked asked{.request = request_of(plan),
                .input = "shape only",
                .model = is_model_file(named) ? named : std::string()};
    asked.request.conditions.form = form_option(*given);
    return asked;
  };
  std::vector<results::Record> records = compare_records(*given, grid, [&](const Target& target) {
    std::vector<Asked> lines;
    for (const std::int64_t batch : batches) lines.push_back(asked_of(target, batch));
    return lines;
  });
  // The rule itself, or the counting of what is predicted, in no software's hands.
  const std::string_view rule = plan.model.heads[0] == qc::Head::quality
                                    ? qc::info(plan.model.spec.rule).name
                                    : std::string_view("gc");
  if (std::ranges::find(grid.units, Unit::cpu) != grid.units.end())
    for (const std::string& chip : grid.chips) {
      const Chip loaded = load_chip(chip, overrides_of(*given));
      if (!loaded.has_cpu()) continue;
      const Target target = make_target(loaded, Unit::cpu, "none");
      Bands bands;
      for (const std::int64_t batch : batches)
        records.push_back(priced_record({.request = workloads::parse_request(fmt::format(
                                             "kind=rule name={} batch={}", rule, batch)),
                                         .input = "shape only"},
                                        target, bands, Detail::operators));
    }
  const int status = finish_compare(*given, records, grid);
  if (style_of(*given) != results::Style::text) return status;
  for (const std::string& chip : grid.chips) {
    const Chip loaded = load_chip(chip, overrides_of(*given));
    if (!has_unit(loaded, Unit::ane) || !has_unit(loaded, Unit::cpu)) continue;
    if (std::ranges::find(grid.units, Unit::ane) == grid.units.end() ||
        std::ranges::find(grid.units, Unit::cpu) == grid.units.end())
      continue;
    const auto latency = [&](Unit unit, std::int64_t batch) {
      const Target target = target_in(grid, loaded, unit, (*given)["runtime"].as<std::string>());
      Bands bands;
      const results::Totals t =
          priced_record(asked_of(target, batch), target, bands, Detail::totals).totals;
      const results::Band band = t.latency_band_s.value_or(results::Band{t.latency_s, t.latency_s});
      return Latency{band.low, t.latency_s, band.high};
    };
    try {
      fmt::print("{}\n",
                 results::wrapped(crossing_text(loaded.name(), latency), columns_of(*given), 2));
    } catch (const InputError& e) {
      print_status("{}: no batch from which the ANE passes the CPU is looked for: {}\n",
                   loaded.name(), e.what());
    }
  }
  return status;
}

}  // namespace ane::sim
