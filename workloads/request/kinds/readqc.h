// kind=readqc: a read-QC model on `batch` reads a call.
#pragma once
#include "workloads/readqc/graph.h"
#include "workloads/request/kind.h"

namespace ane::workloads {

struct ReadQcWork : Work {
  std::string name_, rule = "fastp";
  std::int64_t k = 3, dim = 64;
  bool separate = false;

  static constexpr Key keys[] = {
      needed<&ReadQcWork::name_>("name", "mlp, cnn, kmer, gc, multitask, biometal"),
      key<&ReadQcWork::rule>("rule", "what passes: meanq20, fastp, maxee1"),
      key<&ReadQcWork::k>("k", "bases of a k-mer", 3, 6),
      key<&ReadQcWork::dim>("dim", "width of the k-mers' embedding", 64, 128),
      key<&ReadQcWork::separate>("separate", "k-mers side by side instead of overlapping"),
  };

  readqc::ModelSpec spec() const;
  void check(const Request& r, const std::string& place) const override;
  double parameters() const override;
  std::string label() const override { return name_; }
  Job job(const Request& r, const JobFor& target) const override;
};

// How the layers' numbers are held, and the format of the weights' streams, on this machine.
struct ReadQcNumbers {
  readqc::Precision precision = readqc::Precision::fp16;
  isa::KernelFormat weights = isa::KernelFormat::fp16;
};
ReadQcNumbers readqc_numbers(const Formats& formats, const isa::Machine& machine);

}  // namespace ane::workloads
