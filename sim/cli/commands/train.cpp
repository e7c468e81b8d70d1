// anesim train readqc: a quality model from FASTQ, with figures on reads it has not seen.
//
//   $ anesim train readqc --reads ERR127302_1_subset.fastq.gz --reads2 ERR127302_2_subset.fastq.gz
//   held out 6074 reads   accuracy 0.9977   F1(fail) 0.9853   ROC AUC 0.9999
#include "workloads/readqc/train.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "isa/error.h"
#include "isa/file.h"
#include "isa/status.h"
#include "results/document.h"
#include "sim/cli/options.h"
#include "sim/cli/workloads/readqc_options.h"
#include "workloads/files/npy.h"
#include "workloads/readqc/fastq/fastq.h"

namespace ane::sim {
namespace {

namespace po = boost::program_options;
namespace qc = workloads::readqc;
using Json = nlohmann::ordered_json;

struct Request {
  std::vector<std::string> files;
  std::optional<int> phred;
  qc::ModelSpec spec;
  qc::TrainOptions options;
  std::optional<std::pair<std::int64_t, std::int64_t>> lengths;
  std::string out, roc, embeddings;
  bool json = false;
};

po::options_description described() {
  po::options_description all("options");
  all.add_options()  //
      ("reads", po::value<std::vector<std::string>>()->multitoken()->value_name("FILE"),
       "FASTQ files, plain, gzip or bgzip; several are pooled")  //
      ("reads2", po::value<std::vector<std::string>>()->multitoken()->value_name("FILE"),
       "mates of --reads, pooled with them; mates stay in one part of the split")  //
      ("phred", po::value<int>()->value_name("33|64"),
       "quality offset; default: told from the first reads")  //
      ("model", po::value<std::string>()->default_value("mlp")->value_name("NAME"),
       "mlp, cnn, kmer, gc, multitask or biometal (not trained)")  //
      ("rule", po::value<std::string>()->default_value("fastp")->value_name("NAME"),
       "what passes: meanq20, fastp or maxee1")                                         //
      ("k", po::value<std::int64_t>()->default_value(3), "k-mer length, 3 to 6 bases")  //
      ("dim", po::value<std::int64_t>()->default_value(64), "k-mer embedding, 64 or 128")(
          "separate", "k-mers side by side instead of overlapping")  //
      ("lengths", po::value<std::string>()->value_name("LOW-HIGH"),
       "train for reads of these lengths as well, 35-150: a copy of each read is cut "
       "somewhere between")  //
      ("epochs", po::value<std::int64_t>()->default_value(0),
       "passes over the training reads; 0: as many as the model needs of so many reads")  //
      ("batch", po::value<std::int64_t>()->default_value(128), "reads a training step")   //
      ("rate", po::value<float>()->default_value(2e-3F, "0.002"), "Adam's step size")     //
      ("seed", po::value<std::int64_t>()->default_value(1),
       "same seed, reads and options: same model, bit for bit")  //
      ("roc", po::value<std::string>()->value_name("FILE"),
       "write the ROC curve of the held-out reads, CSV: threshold,pass_kept,fail_passed")  //
      ("embeddings", po::value<std::string>()->value_name("FILE"),
       "write the k-mers' vectors, float32 [4^k, dim], A C G T counted up from AAA (.npy)")  //
      ("out", po::value<std::string>()->value_name("FILE"), "write the model, safetensors")(
          "json", "print the result as JSON");
  return all;
}

std::string usage() {
  std::string text = fmt::format(
      "readqc --reads FILE... [options]\n\nTrains a read-QC model on the first {} bases of each "
      "read to say what a rule says of the whole read; figures are of held-out reads.\n\nmodels:\n",
      qc::window);
  for (const auto& m : qc::model_kinds()) text += fmt::format("  {:<10} {}\n", m.name, m.summary);
  text += "rules:\n";
  for (const auto& r : qc::rules()) text += fmt::format("  {:<10} {}\n", r.name, r.summary);
  return text + "split: 70 % train, 15 % validation, 15 % held out, by a hash of the record number";
}

template <class T>
void check_range(const char* option, T value, T low, T high) {
  if (!(value >= low && value <= high))
    throw InputError(option, fmt::format("{} is out of range", value),
                     fmt::format("{} to {}", low, high));
}

std::pair<std::int64_t, std::int64_t> lengths_of(const std::string& text) {
  std::int64_t low = 0, high = 0;
  const char *start = text.data(), *end = start + text.size();
  const auto first = std::from_chars(start, end, low);
  const bool range = first.ec == std::errc{} && first.ptr != end && *first.ptr == '-';
  const auto second = range ? std::from_chars(first.ptr + 1, end, high) : first;
  if (!range || second.ec != std::errc{} || second.ptr != end)
    throw InputError("--lengths", fmt::format("'{}' is no range of lengths", text), "35-150");
  if (!(1 <= low && low <= high && high <= qc::window))
    throw InputError("--lengths", fmt::format("{}-{} is out of range", low, high),
                     fmt::format("1-{}, the lower first", qc::window));
  return {low, high};
}

Request request_of(const po::variables_map& given) {
  Request r;
  const std::string workload =
      given.count("workload") != 0 ? given["workload"].as<std::vector<std::string>>()[0] : "";
  if (workload != "readqc")
    throw InputError("train",
                     workload.empty() ? "what is to be trained?"
                                      : fmt::format("'{}' cannot be trained", workload),
                     "anesim train readqc --reads FILE");
  for (const char* name : {"reads", "reads2"})
    if (given.count(name) != 0)
      for (const std::string& f : given[name].as<std::vector<std::string>>()) r.files.push_back(f);
  if (r.files.empty())
    throw InputError("--reads", "no FASTQ file given",
                     "scripts/fetch-reads fetches real reads and prints their paths");
  if (given.count("phred") != 0) r.phred = given["phred"].as<int>();
  refuse_options_of_other_models(given);
  if (qc::model_kind_named(given["model"].as<std::string>()) == qc::ModelKind::biometal)
    refuse_beside(given, "--model biometal", {"batch"}, "it is not trained");
  r.spec = {.kind = qc::model_kind_named(given["model"].as<std::string>()),
            .rule = qc::rule_named(given["rule"].as<std::string>()),
            .k = given["k"].as<std::int64_t>(),
            .dim = given["dim"].as<std::int64_t>(),
            .overlapping = given.count("separate") == 0};
  r.spec = qc::make_model(r.spec).spec;  // refuses what cannot be built before any file is read
  r.options.epochs = given["epochs"].as<std::int64_t>();
  r.options.batch = given["batch"].as<std::int64_t>();
  r.options.rate = given["rate"].as<float>();
  r.options.seed = seed_of(given);
  check_range<std::int64_t>("--epochs", r.options.epochs, 0, 10'000);
  check_range<std::int64_t>("--batch", r.options.batch, 1, 65'536);
  check_range("--rate", r.options.rate, 1e-9F, 10.0F);
  if (given.count("out") != 0) {
    r.out = given["out"].as<std::string>();
    check_file_to_write(given, "out");
  }
  if (given.count("lengths") != 0) r.lengths = lengths_of(given["lengths"].as<std::string>());
  if (given.count("roc") != 0) {
    r.roc = given["roc"].as<std::string>();
    const auto& heads = qc::make_model(r.spec).heads;
    if (std::ranges::find(heads, qc::Head::quality) == heads.end())
      throw InputError("--roc",
                       fmt::format("model '{}' decides nothing", given["model"].as<std::string>()),
                       "mlp, cnn, multitask or biometal");
    check_file_to_write(given, "roc");
  }
  if (given.count("embeddings") != 0) {
    r.embeddings = given["embeddings"].as<std::string>();
    if (r.spec.kind != qc::ModelKind::kmer)
      throw InputError("--embeddings", "the k-mer model alone has them", "--model kmer");
    if (!r.embeddings.ends_with(".npy"))
      throw InputError("--embeddings", fmt::format("'{}'", r.embeddings),
                       "a name that ends in .npy");
    check_file_to_write(given, "embeddings");
  }
  r.json = given.count("json") != 0;
  return r;
}

Json number(const std::optional<double>& v) {
  return v ? Json(*v) : Json(nullptr);
}
std::string shown(const std::optional<double>& v) {
  return v ? fmt::format("{:.4f}", *v) : "-";
}

Json class_json(const qc::ClassMetrics& m) {
  return {{"precision", number(m.precision)}, {"recall", number(m.recall)}, {"f1", number(m.f1)}};
}

Json metrics_json(const qc::Evaluation& e) {
  Json out = {{"reads", e.reads}};
  if (e.quality) {
    const qc::Metrics& m = *e.quality;
    out["quality"] = {{"pass_as_pass", m.pass_as_pass}, {"pass_as_fail", m.pass_as_fail},
                      {"fail_as_pass", m.fail_as_pass}, {"fail_as_fail", m.fail_as_fail},
                      {"accuracy", m.accuracy},         {"auc", number(m.auc)},
                      {"fail", class_json(m.fail)},     {"pass", class_json(m.pass)}};
    Json roc = Json::array();
    for (const qc::RocPoint& p : m.roc)
      roc.push_back(
          {{"threshold", p.threshold}, {"pass_kept", p.pass_kept}, {"fail_passed", p.fail_passed}});
    out["quality"]["roc"] = roc;
  }
  const auto add = [&out](const char* name, const std::optional<qc::RegressionMetrics>& m) {
    if (m)
      out[name] = {{"r2", number(m->r2)},
                   {"mean_absolute_error", m->mean_absolute_error},
                   {"largest_error", m->largest_error}};
  };
  add("gc", e.gc);
  add("complexity", e.complexity);
  return out;
}

void print_metrics(const qc::Evaluation& e, std::string_view rule) {
  if (e.quality) {
    const qc::Metrics& m = *e.quality;
    fmt::print("quality, rule {}, {} held-out reads\n", rule, e.reads);
    fmt::print("                 model: pass  model: fail\n");
    fmt::print("  rule: pass  {:>14}  {:>11}\n", m.pass_as_pass, m.pass_as_fail);
    fmt::print("  rule: fail  {:>14}  {:>11}\n", m.fail_as_pass, m.fail_as_fail);
    fmt::print("  class   precision  recall      F1\n");
    fmt::print("  fail    {:>9}  {:>6}  {:>6}\n", shown(m.fail.precision), shown(m.fail.recall),
               shown(m.fail.f1));
    fmt::print("  pass    {:>9}  {:>6}  {:>6}\n", shown(m.pass.precision), shown(m.pass.recall),
               shown(m.pass.f1));
    fmt::print("  accuracy {:.4f}   ROC AUC {}\n", m.accuracy, shown(m.auc));
    if (!m.roc.empty()) fmt::print("  threshold  passing kept  failing passed\n");
    for (const double share : {0.9, 0.99, 0.999}) {
      if (m.roc.empty()) break;
      const qc::RocPoint& p = qc::keeping(m.roc, share);
      fmt::print("  {:>9.3f}  {:>12.4f}  {:>14.4f}\n", p.threshold, p.pass_kept, p.fail_passed);
    }
  }
  const auto line = [&e](const char* name, const std::optional<qc::RegressionMetrics>& m) {
    if (m)
      fmt::print("{}, {} held-out reads\n  R2 {}   mean |error| {:.4f}   largest {:.4f}\n", name,
                 e.reads, shown(m->r2), m->mean_absolute_error, m->largest_error);
  };
  line("GC fraction", e.gc);
  line("complexity", e.complexity);
}

std::string csv_of(std::span<const qc::RocPoint> roc) {
  std::string out = "threshold,pass_kept,fail_passed\n";
  for (const qc::RocPoint& p : roc)
    out += fmt::format("{},{},{}\n", p.threshold, p.pass_kept, p.fail_passed);
  return out;
}

// The rows of k-mers, without those of unknown bases and of what reaches behind a read.
std::string embeddings_of(const qc::Model& model) {
  const std::int64_t kmers = std::int64_t{1} << (2 * model.spec.k);
  kernels::Tensor t(isa::Format::fp32, {kmers, model.spec.dim});
  const auto all = model.parameter("embedding.weight").as<float>();
  std::copy_n(all.begin(), t.size(), t.as<float>().begin());
  return workloads::npy_bytes(t);
}

}  // namespace

int run_train(const Arguments& arguments) {
  const auto given =
      parse({.name = "train",
             .usage = usage(),
             .options = described(),
             .positional = "workload",
             .examples = {"anesim train readqc --reads reads.fastq.gz --out model.safetensors",
                          "anesim train readqc --reads reads.fastq.gz --rule maxee1 --epochs 2"}},
            arguments);
  if (!given) return 0;
  Request r = request_of(*given);
  qc::ReadSet set = qc::read_files(r.files, r.phred);
  for (std::size_t i = 0; i < set.names.size(); ++i) {
    print_status("{}: {}\n", set.names[i], set.phred_reasons[i]);
    if (!set.warnings[i].empty()) print_status("warning: {}: {}\n", set.names[i], set.warnings[i]);
  }
  qc::WindowFit fit;
  fit.add(set.reads);
  for (const std::string& remark : {fit.longer_remark(), fit.shorter_remark()})
    if (!remark.empty()) print_status("{}\n", remark);
  const std::int64_t whole = set.reads.size();  // those of the files; cut copies stand behind them
  if (r.lengths) {
    const qc::ReadBatch cut =
        qc::cut_reads(set.reads, r.lengths->first, r.lengths->second, r.options.seed);
    if (cut.empty())
      throw InputError("--lengths",
                       fmt::format("no read has as many as {} bases", r.lengths->first),
                       "a range that begins below the reads' lengths");
    print_status(
        "{} of {} reads are trained on cut to {} to {} bases as well{}\n", cut.size(), whole,
        r.lengths->first, r.lengths->second,
        cut.size() == whole ? "" : fmt::format("; {} are shorter than that", whole - cut.size()));
    set.reads.append(cut);
  }
  const std::int64_t train_reads = std::ssize(qc::indices_of(set.reads, qc::Part::train));
  std::optional<Progress> progress(
      std::in_place, "epochs",
      r.options.epochs > 0 ? r.options.epochs : qc::default_epochs(r.spec.kind, train_reads));
  r.options.progress = [&progress](const qc::Epoch& e) {
    print_status("epoch {:>2}/{}  loss {:.5f}  validation {:.5f}\n", e.number, e.of, e.train_loss,
                 e.validation_loss);
    progress->step();
  };
  const auto start = std::chrono::steady_clock::now();
  qc::Model model = qc::train(r.spec, set.reads, r.options);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  progress.reset();
  model.training.source = fmt::format("{}", fmt::join(set.names, " "));
  model.training.phred =
      fmt::format("{}", fmt::join(std::set<int>(set.phreds.begin(), set.phreds.end()), " "));

  std::vector<std::int64_t> test = qc::indices_of(set.reads, qc::Part::test);
  const auto copies = std::ranges::lower_bound(test, whole);
  const std::vector<std::int64_t> cut_test(copies, test.end());
  test.erase(copies, test.end());
  if (test.empty())
    throw InputError("--reads", fmt::format("none of the {} reads is held out", whole),
                     "give 200 or more");
  const qc::Evaluation held_out = qc::evaluate(model, set.reads.select(test));
  std::optional<qc::Evaluation> held_out_cut;  // the same reads, cut
  if (!cut_test.empty()) held_out_cut = qc::evaluate(model, set.reads.select(cut_test));
  if (!r.out.empty()) qc::save_model(model, r.out);
  if (!r.embeddings.empty()) write_file(r.embeddings, embeddings_of(model));
  if (!r.roc.empty()) write_file(r.roc, csv_of(held_out.quality->roc));

  print_status("trained on {} reads in {:.1f} s\n", model.training.train_reads, took.count());
  const std::string_view name = qc::info(model.spec.kind).name,
                         rule = qc::info(model.spec.rule).name;
  if (r.json) {
    Json out = {{"model", name},
                {"rule", rule},
                {"reads", whole},
                {"train_reads", model.training.train_reads},
                {"epochs", model.training.epochs},
                {"seed", model.training.seed},
                {"shortest", model.training.shortest},
                {"longest", model.training.longest},
                {"parameter_count", model.parameter_count()},
                {"macs_per_read", model.macs().count},
                {"held_out", metrics_json(held_out)}};
    if (held_out_cut) out["held_out_cut"] = metrics_json(*held_out_cut);
    if (!r.out.empty()) out["out"] = r.out;
    fmt::print("{}", results::document(out));
    return 0;
  }
  fmt::print("model {}: {} parameters, {} MAC a read; {} reads, {} of them for training\n", name,
             model.parameter_count(), model.macs().count, whole, model.training.train_reads);
  print_metrics(held_out, rule);
  if (held_out_cut) {
    fmt::print("the same reads, cut to {} to {} bases:\n", r.lengths->first, r.lengths->second);
    print_metrics(*held_out_cut, rule);
  }
  for (const std::string& file : {r.out, r.roc, r.embeddings})
    if (!file.empty()) fmt::print("written to {}\n", file);
  return 0;
}

}  // namespace ane::sim
