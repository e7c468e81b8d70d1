// FASTQ, four lines a record (Cock et al., Nucleic Acids Research 38:1767, 2010), as a stream:
// memory is bounded by the batch asked for and the longest line, whatever the size of the file.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "workloads/files/text_source.h"
#include "workloads/readqc/fastq/phred.h"
#include "workloads/readqc/reads.h"

namespace ane::workloads::readqc {

class FastqReader {
 public:
  // path: plain or gzip or bgzip; "-" is standard input. phred: 33 or 64; when absent it is told
  // from the first 1 MiB of text, see phred.h; where both offsets fit but 33 is likely it is
  // assumed, and a later contradiction is an error. Throws InputError for an empty file, one of
  // another format, an undecided offset, or what TextSource refuses.
  explicit FastqReader(const std::string& path, std::optional<int> phred = std::nullopt);

  // From now on batches hold each record's text, as that of file number `file`.
  void keep_text(std::int32_t file) { kept_as_ = file; }

  // Up to `reads` more reads; an empty batch at the end. Every malformed record is an InputError at
  // file:line that names the record and what is wrong with it.
  ReadBatch next_batch(std::int64_t reads);
  // All that are left, in one batch (about 400 bytes a read).
  ReadBatch rest();

  int phred() const { return phred_; }
  // Something to say of a file that was read to its end: that bgzip's last block is missing. Empty
  // when there is nothing.
  std::string warning() const;
  // "Phred+33, told from quality characters '#' to 'I' of the first 5461 records"
  const std::string& phred_reason() const { return phred_reason_; }
  std::int64_t records() const { return records_; }  // read so far
  const std::string& name() const { return source_.name(); }

 private:
  bool read_record(ReadBatch& batch);
  std::string_view line_of_record(std::string_view which);
  void read_bases(std::string_view line);
  void read_qualities(std::string_view line);
  void check_qualities(std::string_view line);
  void decide_phred(std::optional<int> given);
  [[noreturn]] void malformed(const std::string& what, const std::string& note = "") const;

  TextSource source_;
  int phred_ = 33;
  QualityRange seen_;  // in the first 1 MiB
  bool phred_given_ = false;
  bool phred_assumed_ = false;  // nothing seen so far excludes offset 64
  std::string phred_reason_;
  std::string title_;                            // of the record at hand, as what follows:
  std::vector<std::uint8_t> bases_, qualities_;  // base codes, Phred scores
  std::int64_t records_ = 0;
  std::optional<std::int32_t> kept_as_;
  std::string text_;  // of the record at hand, where it is kept
};

// Several files pooled in memory. Record numbers stay those of each file, so that mates fall into
// the same Part.
struct ReadSet {
  ReadBatch reads;
  std::vector<std::string> names;          // of the files, without their folders
  std::vector<int> phreds;                 // of each file
  std::vector<std::string> phred_reasons;  // of each file
  std::vector<std::string> warnings;       // of each file, mostly empty
};
ReadSet read_files(const std::vector<std::string>& paths, std::optional<int> phred = std::nullopt);

}  // namespace ane::workloads::readqc
