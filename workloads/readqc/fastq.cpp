#include "workloads/readqc/fastq.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "isa/error.h"

namespace ane::workloads::readqc {
namespace {

constexpr unsigned char only_33_below =
    59;                                     // ';' is Q-5, the lowest of any encoding with offset 64
constexpr unsigned char only_64_from = 80;  // 'P' would be Q47 at offset 33

// A byte as an error shows it: 'x', or its code when it cannot be printed.
std::string shown(unsigned char c) {
  return c >= 32 && c < 127 ? fmt::format("'{}'", static_cast<char>(c))
                            : fmt::format("byte 0x{:02x}", static_cast<unsigned>(c));
}

struct Range {
  unsigned char lowest = 255, highest = 0;
};
// In one pass without a branch, so that the compiler makes SIMD of it.
Range range_of(std::string_view text) {
  Range r;
  for (const char c : text) {
    const auto u = static_cast<unsigned char>(c);
    r.lowest = std::min(r.lowest, u);
    r.highest = std::max(r.highest, u);
  }
  return r;
}

// Quality characters of the records at the start of `text`, up to the first that is malformed; a
// last line that is cut off counts as far as it goes.
PhredEvidence evidence_in(std::string_view text) {
  PhredEvidence seen;
  for (int row = 0; !text.empty(); row = (row + 1) % 4) {
    const std::size_t at = text.find('\n');
    std::string_view line = text.substr(0, at);
    text.remove_prefix(at == std::string_view::npos ? text.size() : at + 1);
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (row == 0 && !line.starts_with('@')) break;
    if (row == 2 && !line.starts_with('+')) break;
    if (row != 3) continue;
    const Range r = range_of(line);
    seen.lowest = std::min(seen.lowest, r.lowest);
    seen.highest = std::max(seen.highest, r.highest);
    ++seen.records;
  }
  return seen;
}

}  // namespace

FastqReader::FastqReader(const std::string& path, std::optional<int> phred) : source_(path) {
  const std::string_view text = source_.look_ahead();
  if (text.empty()) throw InputError(source_.name(), "is empty: no reads");
  if (text.starts_with('>'))
    throw InputError(source_.name() + ":1", "is FASTA, which has no qualities",
                     "give FASTQ, plain or gzip");
  decide_phred(phred);
}

void FastqReader::decide_phred(std::optional<int> given) {
  if (given) {
    if (*given != 33 && *given != 64)
      throw InputError("--phred", fmt::format("{} is not an offset of FASTQ", *given),
                       "one of: 33, 64");
    phred_ = *given;
    phred_reason_ = fmt::format("Phred+{}, as given", phred_);
    return;
  }
  const PhredEvidence seen = evidence_in(source_.look_ahead());
  const std::string where =
      fmt::format("quality characters {} to {} of the first {} record{}", shown(seen.lowest),
                  shown(seen.highest), seen.records, seen.records == 1 ? "" : "s");
  if (seen.lowest > seen.highest) {
    phred_assumed_ = true;
    phred_reason_ = "Phred+33, assumed: no quality characters seen";
  } else if (seen.lowest < only_33_below) {
    phred_reason_ = "Phred+33, told from " + where;
  } else if (seen.highest < only_64_from) {
    phred_assumed_ = true;
    phred_reason_ = fmt::format("Phred+33, assumed: {} fit both offsets", where);
  } else if (seen.lowest >= 64) {
    phred_ = 64;
    phred_reason_ = "Phred+64, told from " + where;
  } else {
    throw InputError(source_.name(), fmt::format("undecided quality encoding: {}", where),
                     "say --phred 33 or --phred 64 (Solexa scores, Q-5 to Q40, are not read)");
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
  auto first = source_.next_line();
  if (first && first->empty()) {  // blank lines may end a file, nothing else
    const std::int64_t blank = source_.line_number();
    while (first && first->empty()) first = source_.next_line();
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
              "four lines a record: @name, bases, +, qualities; wrapped records are not read");
  title_.assign(first->substr(1));
  read_bases(line_of_record("sequence"));
  const std::string_view plus = line_of_record("'+'");
  if (!plus.starts_with('+'))
    malformed("the third line does not start with '+'",
              "four lines a record: @name, bases, +, qualities; wrapped records are not read");
  if (plus.size() > 1 && plus.substr(1) != title_)
    malformed(fmt::format("the name after '+' differs from '@{}'", title_));
  read_qualities(line_of_record("quality"));
  ++records_;
  batch.append(bases_, qualities_, records_);
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
  const Range r = range_of(line);
  if (!line.empty() && (r.lowest < phred_ || r.highest > 126)) {
    const auto bad = [this](char c) {
      return static_cast<unsigned char>(c) < phred_ || static_cast<unsigned char>(c) > 126;
    };
    const auto at = std::find_if(line.begin(), line.end(), bad);
    const auto c = static_cast<unsigned char>(*at);
    malformed(
        fmt::format("quality character {} at base {} is outside {} to '~' of Phred+{}", shown(c),
                    at - line.begin() + 1, shown(static_cast<unsigned char>(phred_)), phred_),
        phred_ == 64 && c >= 33 && c <= 126 ? "is it Phred+33? say --phred 33" : "");
  }
  if (phred_assumed_ && !line.empty()) {
    if (r.lowest < only_33_below)
      phred_assumed_ = false;
    else if (r.highest >= only_64_from)
      malformed(fmt::format("quality character {} contradicts {}", shown(r.highest), phred_reason_),
                "say --phred 33 or --phred 64");
  }
  qualities_.resize(line.size());
  std::transform(line.begin(), line.end(), qualities_.begin(), [offset = phred_](char c) {
    return static_cast<std::uint8_t>(static_cast<unsigned char>(c) - offset);
  });
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
  }
  return set;
}

}  // namespace ane::workloads::readqc
