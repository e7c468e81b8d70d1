// The only function from work to seconds and joules.
#pragma once
#include "results/record.h"
#include "sim/price/lower.h"

namespace ane::sim {

enum class Detail {
  totals,     // causes, energy and memory by part
  operators,  // and a row an operator
  tasks       // and a row a task, where the cost is that of one call of one program
};

// One call of the request (or, of a job of several calls, the whole job). Causes sum to the latency
// and energy parts to the joules. `conditions` are the request's own; target is of the kind that it
// was lowered for, its rates may differ.
results::Cost price(const Lowered& work, const Target& target,
                    const workloads::Conditions& conditions, Detail detail = Detail::totals);
results::Cost price(const workloads::Request& request, const Target& target,
                    Detail detail = Detail::totals);

// A cost behind another: times, joules and traffic add up, memory is the larger of the two.
void append(results::Cost& whole, const results::Cost& part);

// The cost as a quantity in base units. InputError for a bandwidth of work that counts no bytes.
double quantity(const results::Cost& cost, const workloads::Job& job, workloads::Quantity quantity);

// What the request's text does not say of a run.
struct Answered {
  std::string variant{};   // what the user called it; empty: the kind's own label
  std::string input{};     // for people; empty: the request's text
  std::string values{};    // what values depend on besides: files' digests, seeds; empty: no values
  std::string profile{};   // of the values' arithmetic
  std::int64_t items = 0;  // of the whole run; 0: those of a call
};
// The only maker of an identity.
results::Record record_of(const workloads::Request& request, const Target& target,
                          results::Cost cost, const Answered& answered = {});

// The request as it is asked on this target: its unit, path and form named, and where the chip has
// no CPU of its own whose stands for it.
workloads::Request asked_on(workloads::Request request, const Target& target);

}  // namespace ane::sim
