// A request made ready to be priced: its job lowered for one kind of machine, so that pricing it
// again under other rates costs microseconds.
#pragma once
#include <memory>

#include "sim/price/target.h"
#include "workloads/request/job.h"

namespace ane::sim {

class Lowered {
 public:
  // The job's figures and stages, without their graphs.
  const workloads::Job& job() const;
  // Items of one call: the request's batch, or fewer where that is sent in several calls.
  std::int64_t call_batch() const;

  struct Impl;
  const Impl& impl() const { return *impl_; }

 private:
  friend Lowered lower(const workloads::Request& request, const Target& target);
  friend Lowered lower_anew(const workloads::Request& request, const Target& target);
  explicit Lowered(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<const Impl> impl_;
};

// Kept for the program's life, up to a number of tasks: a sweep or a fit asks again and again. A
// program of the accelerator is that of every chip of the same limits that is planned for alike, as
// long as the same plan is the quickest.
// InputError for work that the unit or the software does not do, numbers that the software does not
// offer, and a program that a run for values would refuse (addresses, races).
Lowered lower(const workloads::Request& request, const Target& target);

}  // namespace ane::sim
