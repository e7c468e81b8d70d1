// The work of a request, without any machine's rates: stages of operators, one after the other.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "isa/machine.h"
#include "workloads/graph/graph.h"
#include "workloads/mil/program.h"
#include "workloads/request/request.h"
#include "workloads/request/work_list.h"

namespace ane::workloads {

// What a job is made for.
struct JobFor {
  const isa::Machine& machine;  // whose limits shape graphs
  Form form = Form::accelerator;
  bool programs = true;                 // the unit runs graphs as programs; else lists of operators
  std::optional<std::uint64_t> seed{};  // of all weights and constants; none: shapes alone
};

struct NoWork {};  // a call that does nothing
struct Idle {};    // one second without a call

struct Stage {
  std::string name{};  // empty: the job itself
  // Where it runs: the target, the CPU beside it, or another unit of the target's chip.
  enum class Place { target, host, ane, gpu, cpu, ane_else_gpu } place = Place::target;
  std::variant<NoWork, Idle, Graph, WorkList> work{};
  // The file's program, of whose operators the graph's nodes bear the names; none: the graph's own.
  std::shared_ptr<const mil::Program> program{};
  double calls = 1;                // how often; below 0: taken off (a marginal figure)
  std::int64_t programs = 1;       // calls of the accelerator that one pass takes at least
  bool one_row = false;            // shows as one row of a run, not operator by operator
  bool keep_in_l2 = true;          // false: every intermediate goes through memory
  bool single_thread = false;      // of a CPU, unless the request says how many
  bool operator_dispatch = false;  // encoded as the runtime's operators are, even where plain
  bool crosses = false;            // between host and unit: over PCIe where the unit is a card
  bool token = false;              // of an answer, which the next follows
  std::optional<double> waits{};   // host waits of a call on a GPU; none: the runtime's
  Bytes in{};                      // from the stage before, which crosses PCIe where a card is one
                                   // side and the host the other
};

struct Job {
  std::string text{};  // the canonical text, with the form: the key under which it is kept
  const Kind* kind = nullptr;
  Formats formats{};
  std::int64_t batch = 1;  // items side by side in a call, as a run keeps them
  std::vector<Stage> stages{};
  double items = 1;                  // what a rate of items counts
  double nominal_flop = 0;           // 0: that of the operators
  double counted_bytes = 0;          // what a bandwidth counts; 0: nothing
  double parameters = 0;             // of a model
  double cache = 0;                  // bytes kept from call to call beside what the operators hold
  double distinct_weights = 1;       // share of the operators' weight bytes that are not one tensor
  std::vector<std::string> notes{};  // what was assumed of it, for people
};

// Makes the job. InputError for what has no graph, or no list of operators, in this form.
Job job_of(const Request& request, const JobFor& target);

// The form that is meant: the request's own, else accelerator on the ANE and framework elsewhere.
Form form_of(const Request& request, Unit unit);

// The graph of a request that is one program, for values. InputError for the others.
Graph graph_of(const Request& request, const isa::Machine& machine,
               std::optional<std::uint64_t> seed = {});

}  // namespace ane::workloads
