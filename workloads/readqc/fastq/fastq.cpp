#include "workloads/readqc/fastq/fastq.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "isa/error.h"
#include "workloads/readqc/fastq/not_fastq.h"

namespace ane::workloads::readqc {
namespace {

constexpr std::string_view four_lines =
    "four lines a record: @name, bases, +, qualities; wrapped records are not read (`seqtk seq` "
    "unwraps them)";

struct Evidence {
  std::int64_t records = 0;
  QualityRange seen;
};

// Quality characters of the records at the start of `text`, up to the first that is malformed; a
// last line that is cut off counts as far as it goes.
Evidence evidence_in(std::string_view text, char line_end) {
  Evidence e;
  for (int row = 0; !text.empty(); row = (row + 1) % 4) {
    const std::size_t at = text.find(line_end);
    std::string_view line = text.substr(0, at);
    text.remove_prefix(at == std::string_view::npos ? text.size() : at + 1);
    line = without_end(line);
    if (row == 0 && !without_mark(line).starts_with('@')) break;
    if (row == 2 && !line.starts_with('+')) break;
    if (row != 3) continue;
    e.seen.add(line);
    ++e.records;
  }
  return e;
}

}  // namespace

FastqReader::FastqReader(const std::string& path, std::optional<int> phred) : source_(path) {
  const std::string_view text = source_.look_ahead();
  if (text.empty()) throw InputError(source_.name(), "is empty: no reads");
  refuse_other_formats(text, source_.gzip(), source_.name());
  // Before any line is looked for: a file of bytes may have none.
  const std::string_view first = without_mark(text).substr(0, 1);
  if (!first.empty() && first.find_first_of("@\r\n") == std::string_view::npos)
    throw InputError(
        source_.name() + ":1",
        fmt::format("does not start with '@' but {}", shown(static_cast<unsigned char>(first[0]))),
        std::string(four_lines));
  decide_phred(phred);
}

void FastqReader::decide_phred(std::optional<int> given) {
  const Evidence evidence = evidence_in(source_.look_ahead(), source_.line_end());
  seen_ = evidence.seen;
  if (given) {
    if (*given != 33 && *given != 64)
      throw InputError("--phred", fmt::format("{} is not an offset of FASTQ", *given),
                       "one of: 33, 64");
    phred_ = *given;
    phred_given_ = true;
    phred_reason_ = fmt::format("Phred+{}, as given", phred_);
    return;
  }
  const std::string where =
      fmt::format("quality characters {} to {} of the first {} record{}", shown(seen_.lowest),
                  shown(seen_.highest), evidence.records, evidence.records == 1 ? "" : "s");
  switch (const Offset offset = offset_of(seen_)) {
    case Offset::is_33:
      phred_reason_ = "Phred+33, told from " + where;
      return;
    case Offset::is_64:
      phred_ = 64;
      phred_reason_ = "Phred+64, told from " + where;
      return;
    case Offset::seems_33:
      phred_assumed_ = true;
      phred_reason_ = seen_.empty() ? "Phred+33, assumed: no quality characters seen"
                                    : fmt::format("Phred+33, assumed: {} fit both offsets", where);
      return;
    case Offset::undecided:
    case Offset::undecided_solexa: {
      const bool solexa = offset == Offset::undecided_solexa;
      throw InputError(
          source_.name(),
          fmt::format("undecided quality encoding: {} are Q{} to Q{} with offset 33, Q{} to Q{} {}",
                      where, seen_.lowest - 33, seen_.highest - 33, seen_.lowest - 64,
                      seen_.highest - 64, solexa ? "as Solexa scores" : "with offset 64"),
          offset_note(solexa));
    }
  }
}

void FastqReader::malformed(const std::string& what, const std::string& note) const {
  throw InputError(
      fmt::format("{}:{}", source_.name(), std::max<std::int64_t>(source_.line_number(), 1)),
      fmt::format("record {}: {}", records_ + 1, what), note);
}

std::string_view FastqReader::line_of_record(std::string_view which) {
  const auto line = source_.next_line();
  if (!line) malformed(fmt::format("the file ends before the {} line", which), "is it truncated?");
  return *line;
}

bool FastqReader::read_record(ReadBatch& batch) {
  const auto next_line = [this] {
    const auto line = source_.next_line();
    return line ? std::optional(without_mark(*line)) : line;
  };
  auto first = next_line();
  if (first && first->empty()) {  // blank lines may end a file, nothing else
    const std::int64_t blank = source_.line_number();
    while (first && first->empty()) first = next_line();
    if (first)
      throw InputError(fmt::format("{}:{}", source_.name(), blank),
                       fmt::format("record {}: is a blank line, '@' and the read's name expected",
                                   records_ + 1));
  }
  if (!first) {
    if (records_ == 0) throw InputError(source_.name(), "is empty: no reads");
    return false;
  }
  if (!first->starts_with('@'))
    malformed(fmt::format("does not start with '@' but {}",
                          shown(static_cast<unsigned char>(first->front()))),
              std::string(four_lines));
  if (first->find(source_.line_end() == '\n' ? '\r' : '\n') != std::string_view::npos)
    malformed("the line ends in another way than the first one (CR alone against LF)",
              "dos2unix or mac2unix make them one");
  title_.assign(first->substr(1));
  const auto keep = [this](std::string_view line) {
    if (kept_as_) text_.append(line).append(1, '\n');
  };
  text_.clear();
  keep(*first);
  const std::string_view bases = line_of_record("sequence");
  keep(bases);
  read_bases(bases);
  const std::string_view plus = line_of_record("'+'");
  if (!plus.starts_with('+'))
    malformed("the third line does not start with '+'", std::string(four_lines));
  if (plus.size() > 1 && plus.substr(1) != title_)
    malformed(fmt::format("the name after '+' differs from '@{:.200}'", title_));
  keep(plus);
  // A last read of no bases may leave out its empty line.
  const auto qualities = source_.next_line();
  if (!qualities && !bases_.empty())
    malformed("the file ends before the quality line", "is it truncated?");
  read_qualities(qualities.value_or(""));
  keep(qualities.value_or(""));
  ++records_;
  batch.append(bases_, qualities_, records_);
  if (kept_as_) batch.texts.push_back({text_, *kept_as_});
  return true;
}

void FastqReader::read_bases(std::string_view line) {
  bases_.resize(line.size());
  std::uint8_t* codes = bases_.data();
  std::uint8_t worst = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    codes[i] = base_codes[static_cast<unsigned char>(line[i])];
    worst = std::max(worst, codes[i]);
  }
  if (worst != 255) return;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const auto c = static_cast<unsigned char>(line[i]);
    if (base_codes[c] == 255)
      malformed(fmt::format("{} at base {} is no base", shown(c), i + 1),
                "A C G T U, N or '.', and the IUPAC codes of several bases");
  }
}

void FastqReader::read_qualities(std::string_view line) {
  const std::size_t bases = bases_.size();
  if (line.size() != bases)
    malformed(fmt::format("{} quality character{} for {} base{}", line.size(),
                          line.size() == 1 ? "" : "s", bases, bases == 1 ? "" : "s"));
  check_qualities(line);
  qualities_.resize(line.size());
  std::transform(line.begin(), line.end(), qualities_.begin(), [offset = phred_](char c) {
    return static_cast<std::uint8_t>(static_cast<unsigned char>(c) - offset);
  });
}

void FastqReader::check_qualities(std::string_view line) {
  QualityRange range;
  range.add(line);
  if (range.empty()) return;
  if (range.lowest < phred_ || range.highest > '~') {
    const auto bad = [this](char c) {
      return static_cast<unsigned char>(c) < phred_ || static_cast<unsigned char>(c) > '~';
    };
    const auto at = std::find_if(line.begin(), line.end(), bad);
    const auto c = static_cast<unsigned char>(*at);
    const auto base = at - line.begin() + 1;
    const bool solexa =
        phred_ == 64 && range.lowest >= lowest_solexa && seen_.lowest >= lowest_solexa;
    if (solexa && c <= '~')
      malformed(
          fmt::format("quality character {} at base {} is Q{} of Solexa: ';' to '?' at offset "
                      "64 are Solexa scores, which are not read",
                      shown(c), base, c - 64),
          phred_given_ ? solexa_note() : offset_note(true));
    malformed(fmt::format("quality character {} at base {} is outside {} to '~' of Phred+{}",
                          shown(c), base, shown(static_cast<unsigned char>(phred_)), phred_),
              phred_ == 64 && c >= '!' && c <= '~' ? "is it Phred+33? say --phred 33" : "");
  }
  if (phred_given_) return;
  // Offset 64 was told from the start of the file, or 33 assumed.
  const Offset offset = offset_of(range);
  const unsigned char doubtful = seen_.empty() ? undecided_from : told_64_from;
  if (phred_assumed_ && offset == Offset::is_33)
    phred_assumed_ = false;
  else if (phred_assumed_ ? range.highest >= doubtful : phred_ == 64 && offset == Offset::is_33)
    malformed(
        fmt::format("quality character {} contradicts {}", shown(range.highest), phred_reason_),
        offset_note(offset == Offset::undecided_solexa));
}

std::string FastqReader::warning() const {
  if (!source_.ends_without_bgzip_mark()) return "";
  return fmt::format(
      "the end-of-file block of bgzip is missing: {} read{} to the end of a block, more may be cut "
      "off",
      records_, records_ == 1 ? "" : "s");
}

ReadBatch FastqReader::next_batch(std::int64_t reads) {
  ANE_CHECK(reads >= 1, "a batch has at least one read");
  ReadBatch batch;
  batch.reserve(std::min<std::int64_t>(reads, 16384));
  while (batch.size() < reads && read_record(batch)) {
  }
  return batch;
}

ReadBatch FastqReader::rest() {
  ReadBatch batch;
  while (read_record(batch)) {
  }
  return batch;
}

ReadSet read_files(const std::vector<std::string>& paths, std::optional<int> phred) {
  ReadSet set;
  for (const std::string& path : paths) {
    FastqReader reader(path, phred);
    set.reads.append(reader.rest());
    set.names.push_back(std::filesystem::path(reader.name()).filename().string());
    set.phreds.push_back(reader.phred());
    set.phred_reasons.push_back(reader.phred_reason());
    set.warnings.push_back(reader.warning());
  }
  return set;
}

}  // namespace ane::workloads::readqc
