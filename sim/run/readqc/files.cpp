#include "sim/run/readqc/files.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>

#include "isa/error.h"
#include "results/document.h"
#include "workloads/files/text_sink.h"

namespace ane::sim {
namespace {

namespace qc = workloads::readqc;
using Json = nlohmann::ordered_json;

// What one input file came to.
struct FileSums {
  std::int64_t reads = 0, pass = 0, bases = 0;
  double score = 0;
};

double probability(float logit) {
  return 1 / (1 + std::exp(-static_cast<double>(logit)));
}

// Answers in the shape of the model: which head decides, and what the others are called.
struct Answers {
  const qc::ReadBatch& reads;
  std::span<const std::vector<float>> values;
  std::optional<std::size_t> quality;

  float logit(std::size_t read) const { return values[*quality][read]; }
  bool pass(std::size_t read) const { return logit(read) >= 0; }
};

// One file that is being written.
class Writer {
 public:
  Writer() = default;
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;
  virtual ~Writer() = default;
  virtual void add(const Answers& answers) = 0;
  virtual std::string finish(std::span<const FileSums> sums) = 0;  // what was written
};

class Table : public Writer {
 public:
  Table(std::string path, std::span<const qc::Head> heads)
      : path_(std::move(path)), heads_(heads.begin(), heads.end()), sink_(path_) {
    const bool decides = std::ranges::count(heads_, qc::Head::quality) > 0;
    std::string line = decides ? "name\tscore\tflag\tlength" : "name\tlength";
    for (const qc::Head h : heads_)
      line += fmt::format("\t{}", h == qc::Head::quality ? "logit" : qc::to_string(h));
    sink_.write(line + "\n");
  }

  void add(const Answers& a) override {
    fmt::memory_buffer lines;
    auto out = std::back_inserter(lines);
    for (std::size_t i = 0; i < a.reads.texts.size(); ++i) {
      fmt::format_to(out, "{}", a.reads.texts[i].name());
      if (a.quality)
        fmt::format_to(out, "\t{:.6g}\t{}", probability(a.logit(i)), a.pass(i) ? "pass" : "fail");
      fmt::format_to(out, "\t{}", a.reads.full_lengths[i]);
      for (const std::vector<float>& values : a.values) fmt::format_to(out, "\t{}", values[i]);
      lines.push_back('\n');
    }
    sink_.write({lines.data(), lines.size()});
    reads_ += std::ssize(a.reads.texts);
  }

  std::string finish(std::span<const FileSums>) override {
    sink_.finish();
    return fmt::format("{}: {} reads", path_, reads_);
  }

 private:
  std::string path_;
  std::vector<qc::Head> heads_;
  workloads::TextSink sink_;
  std::int64_t reads_ = 0;
};

class Passing : public Writer {
 public:
  explicit Passing(std::string path) : path_(std::move(path)), sink_(path_) {}

  void add(const Answers& a) override {
    for (std::size_t i = 0; i < a.reads.texts.size(); ++i) {
      ++reads_;
      if (!a.pass(i)) continue;
      ++pass_;
      sink_.write(a.reads.texts[i].text);
    }
  }

  std::string finish(std::span<const FileSums>) override {
    sink_.finish();
    return fmt::format("{}: {} of {} reads pass", path_, pass_, reads_);
  }

 private:
  std::string path_;
  workloads::TextSink sink_;
  std::int64_t reads_ = 0, pass_ = 0;
};

// "SRR1.fastq.gz" of a folder as MultiQC names samples: "SRR1".
std::string sample_name(const std::string& path) {
  std::string_view name = std::string_view(path).substr(path.find_last_of('/') + 1);
  name = workloads::without_gz(name);
  for (const std::string_view end : {".fastq", ".fq"})
    if (name.ends_with(end)) name.remove_suffix(end.size());
  return std::string(name);
}

// Custom content of MultiQC (docs.seqera.io/multiqc/custom_content): a table of the samples.
class MultiQc : public Writer {
 public:
  MultiQc(std::string path, std::span<const std::string> inputs)
      : path_(std::move(path)), inputs_(inputs.begin(), inputs.end()), sink_(path_) {}

  void add(const Answers&) override {}

  std::string finish(std::span<const FileSums> sums) override {
    Json data = Json::object();
    for (std::size_t f = 0; f < sums.size(); ++f) {
      const FileSums& s = sums[f];
      if (s.reads == 0) continue;
      std::string name = sample_name(inputs_[f]);
      // Two files of one name in two folders are two samples.
      for (int n = 2; data.contains(name); ++n)
        name = fmt::format("{}_{}", sample_name(inputs_[f]), n);
      const auto n = static_cast<double>(s.reads);
      data[name] = {
          {"reads", s.reads},          {"pass", s.pass},
          {"fail", s.reads - s.pass},  {"pass_percent", 100 * static_cast<double>(s.pass) / n},
          {"mean_score", s.score / n}, {"mean_length", static_cast<double>(s.bases) / n}};
    }
    const auto count = [](const char* title) {
      return Json{{"title", title}, {"format", "{:,.0f}"}, {"min", 0}};
    };
    const Json all = {
        {"id", "anesim_readqc"},
        {"section_name", "anesim read QC"},
        {"description", fmt::format("Reads that a quality model lets pass, computed by anesim {}.",
                                    results::program().version)},
        {"plot_type", "table"},
        {"pconfig", {{"id", "anesim_readqc_table"}, {"title", "anesim: read QC"}}},
        {"headers",
         {{"reads", count("Reads")},
          {"pass", count("Pass")},
          {"fail", count("Fail")},
          {"pass_percent",
           {{"title", "% pass"}, {"suffix", "%"}, {"min", 0}, {"max", 100}, {"scale", "RdYlGn"}}},
          {"mean_score", {{"title", "Mean score"}, {"min", 0}, {"max", 1}, {"format", "{:,.3f}"}}},
          {"mean_length", {{"title", "Mean length"}, {"suffix", " bp"}, {"min", 0}}}}},
        {"data", data}};
    sink_.write(all.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
    sink_.finish();
    return fmt::format("{}: {} sample{} for MultiQC", path_, data.size(),
                       data.size() == 1 ? "" : "s");
  }

 private:
  std::string path_;
  std::vector<std::string> inputs_;
  workloads::TextSink sink_;
};

enum class Kind { table, passing, multiqc };

Kind kind_of(const std::string& path, std::span<const qc::Head> heads) {
  const std::string_view name = workloads::without_gz(path);
  if (name.ends_with(".tsv")) return Kind::table;
  const bool reads = name.ends_with(".fastq") || name.ends_with(".fq");
  if (!reads && !path.ends_with("_mqc.json"))
    throw InputError("--out", fmt::format("the name of '{}' does not say what to write", path),
                     "a name that ends in .tsv or .fastq, also with .gz, or in _mqc.json");
  if (std::ranges::count(heads, qc::Head::quality) == 0)
    throw InputError("--out",
                     fmt::format("'{}' asks which reads pass; this model does not say it", path),
                     "a name that ends in .tsv, or another --model");
  return reads ? Kind::passing : Kind::multiqc;
}

std::unique_ptr<Writer> writer_of(const std::string& path, std::span<const std::string> inputs,
                                  std::span<const qc::Head> heads) {
  switch (kind_of(path, heads)) {
    case Kind::table:
      return std::make_unique<Table>(path, heads);
    case Kind::passing:
      return std::make_unique<Passing>(path);
    case Kind::multiqc:
      return std::make_unique<MultiQc>(path, inputs);
  }
  return nullptr;
}

}  // namespace

void check_answer_files(const std::vector<std::string>& paths, std::span<const qc::Head> heads) {
  for (const std::string& path : paths) kind_of(path, heads);
}

struct ReadQcFiles::Impl {
  std::vector<std::unique_ptr<Writer>> writers{};
  std::vector<FileSums> sums{};
  std::optional<std::size_t> quality{};  // the head that decides
};

ReadQcFiles::ReadQcFiles(const std::vector<std::string>& paths, std::vector<std::string> inputs,
                         std::vector<qc::Head> heads)
    : impl_(std::make_unique<Impl>()) {
  for (std::size_t h = 0; h < heads.size(); ++h)
    if (heads[h] == qc::Head::quality) impl_->quality = h;
  impl_->sums.resize(inputs.size());
  for (const std::string& path : paths) impl_->writers.push_back(writer_of(path, inputs, heads));
}
ReadQcFiles::~ReadQcFiles() = default;
ReadQcFiles::ReadQcFiles(ReadQcFiles&&) noexcept = default;
ReadQcFiles& ReadQcFiles::operator=(ReadQcFiles&&) noexcept = default;

void ReadQcFiles::add(const qc::ReadBatch& reads, std::span<const std::vector<float>> values) {
  ANE_CHECK(std::ssize(reads.texts) == reads.size(), "reads that kept their texts");
  const Answers answers{reads, values, impl_->quality};
  for (std::size_t i = 0; i < reads.texts.size(); ++i) {
    FileSums& s = impl_->sums[static_cast<std::size_t>(reads.texts[i].file)];
    ++s.reads;
    s.bases += reads.full_lengths[i];
    if (!answers.quality) continue;
    s.pass += answers.pass(i) ? 1 : 0;
    s.score += probability(answers.logit(i));
  }
  for (const auto& writer : impl_->writers) writer->add(answers);
}

std::vector<std::string> ReadQcFiles::finish() {
  std::vector<std::string> lines;
  for (const auto& writer : impl_->writers) lines.push_back(writer->finish(impl_->sums));
  return lines;
}

}  // namespace ane::sim
