// The answers of a read-QC model as files, by their names' ends:
//   .tsv, .tsv.gz                       a line a read: name, score, flag, length, then what else
//   the
//                                       model's heads say; a head line first
//   .fastq, .fq, .fastq.gz, .fq.gz      the records that pass, as they stand in their files
//   _mqc.json                           a table of the files, as MultiQC reads custom content
// score: the probability of "pass", the sigmoid of the model's logit; flag: pass where the logit is
// 0 or more, else fail; logit: as computed, every digit; length: bases of the whole read.
#pragma once
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "workloads/readqc/model.h"
#include "workloads/readqc/reads.h"

namespace ane::sim {

// InputError for a name of another end, or one that a model of these heads has no answer for.
void check_answer_files(const std::vector<std::string>& paths,
                        std::span<const workloads::readqc::Head> heads);

class ReadQcFiles {
 public:
  // inputs: the files of the reads, by ReadText::file. InputError as check_answer_files, and where
  // a file cannot be written.
  ReadQcFiles(const std::vector<std::string>& paths, std::vector<std::string> inputs,
              std::vector<workloads::readqc::Head> heads);
  ~ReadQcFiles();
  ReadQcFiles(ReadQcFiles&&) noexcept;
  ReadQcFiles& operator=(ReadQcFiles&&) noexcept;

  // Reads with their texts, and of each head a value a read.
  void add(const workloads::readqc::ReadBatch& reads, std::span<const std::vector<float>> values);
  // The files are there, each whole. What was written, a line a file.
  std::vector<std::string> finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ane::sim
