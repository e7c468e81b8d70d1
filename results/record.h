// What a run left behind: who it was, what it cost and where that went. Plain data, written by sim
// and read by the store and the views; nothing here computes a cost.
//
// All figures of a record are per *call*: one batch handed to the unit. Seconds, joules, bytes as
// named; a double that has no meaning for the run is NaN and prints as `-` (JSON null). Parts are
// ordered as they were first added, which is the order in which views print them. Members are
// initialised with {} so that designated initialisers may leave them out.
#pragma once
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "isa/units.h"

namespace ane::results {

inline constexpr double unknown = std::numeric_limits<double>::quiet_NaN();

// A whole and its named parts, in order: causes (seconds), energy (joules), memory (bytes).
struct Part {
  std::string name{};
  double value = 0;
  friend bool operator==(const Part&, const Part&) = default;
};
using Parts = std::vector<Part>;

// Adds to the part of that name, or appends it.
void add(Parts& parts, std::string_view name, double value);
double sum(const Parts& parts);
// The value of that part, 0 when it is absent.
double part(const Parts& parts, std::string_view name);
// The name of the largest part, empty when there is none.
std::string largest(const Parts& parts);

// The question that a run answers. Two runs with equal fields are one question.
struct Run {
  std::string workload{};      // kind of the request: "readqc"
  std::string variant{};       // "mlp", "cnn"; empty where the workload has one form
  std::string input{};         // what a person reads: "ERR127302_1.fastq.gz", "synthetic, seed 1"
  std::string input_digest{};  // of the work that is asked and the content of its files, so that a
                               // renamed file is the same question
  std::string chip{};          // "M4"
  std::string unit{};          // ane | gpu | cpu
  std::string runtime{};       // "direct", "coreml", "mlx"
  std::string profile{};       // "ane16", "ieee"; empty where no values were computed
  std::string precision{};     // "fp16", "int8w", "w8a8", "fp32"
  std::int64_t batch = 1;      // items a call
  std::int64_t items = 1;      // items of the whole run (reads of the file)
  std::string overrides{};     // canonical text of --set: sorted `path=value`, joined by one blank
  std::string code_version{};  // of the program that answered
  std::string form{};          // framework | accelerator: whose operators were priced
  std::string request{};       // the whole request, canonical: asking it again gives this run

  // 32 hex digits over every field but `input` (its content counts, not its name): FNV-1a 128 of
  // "field=value\n" lines in the order above, without the last two where they are empty.
  std::string question_digest() const;
  friend bool operator==(const Run&, const Run&) = default;
};

// FNV-1a, 128 bits, as 32 hex digits (offset basis and prime: draft-eastlake-fnv-17, section 5).
std::string fnv1a_128(std::string_view bytes);

struct Band {
  double low = 0, high = 0;
  friend bool operator==(const Band&, const Band&) = default;
};

struct Totals {
  double latency_s = unknown;
  double throughput_items_per_s = unknown;
  double energy_j = unknown;
  double power_w = unknown;            // mean over the call
  std::int64_t peak_memory_bytes = 0;  // DRAM resident at once: weights, activations, buffers
  std::int64_t dram_bytes = 0;         // moved to and from DRAM
  std::int64_t macs = 0;               // multiply-accumulates that the model asks for
  std::string bound{};                 // what holds it back: "compute", "weights", "dispatch"
  Parts causes{};                      // sums to latency_s
  Parts energy_parts{};                // sums to energy_j
  Parts memory_parts{};                // bytes; empty, or sums to peak_memory_bytes
  Parts accuracy{};                    // metric -> value, no sum
  std::string digest{};                // of the output's bits; empty when only time was asked
  std::optional<Band> latency_band_s{},
      energy_band_j{};  // where the model's parameters are uncertain
};

// What the unit could reach, for the roofline. Of the configuration that ran (format, overrides).
struct Limits {
  double peak_macs_per_s = unknown;
  double dram_bytes_per_s = unknown;
};

struct OperatorRow {
  int index = 0;            // position in Record::operators
  std::string name{};       // "fc1"
  std::string op{};         // "linear"
  std::string unit{};       // where it was placed: ane | gpu | cpu
  std::string placement{};  // label of the rule that decided: "takes", "C4"
  std::string reason{};     // that rule as a sentence
  int tasks = 0;            // 0 where it was folded into a neighbour
  // The time of one is not another's: from when the one before ended until this one has.
  double start_s = 0, seconds = 0;
  double ahead_s = 0;  // besides: loads its weights while others before it run
  std::int64_t macs = 0, weight_bytes = 0, dram_bytes = 0, l2_bytes = 0;
  double energy_j = unknown;
  std::string bound{};
  Parts causes{};                // empty, or sums to seconds
  double utilisation = unknown;  // of the unit's peak MAC rate, 0..1
};

struct StageInterval {
  std::string device{};  // "kernel dma", "tile dma", "ne", "pe", "store"
  Picoseconds start{}, end{};
};

// One pass of the pipeline. Times are counted from the start of the call.
struct TaskRow {
  int index = 0;  // position in Record::tasks
  int operator_index = 0;
  std::string name{};
  Picoseconds start{}, end{};
  std::vector<StageInterval> stages{};
  std::string cause{};     // of the largest share of its time
  std::int64_t bytes = 0;  // moved to and from DRAM
  std::int64_t macs = 0;
  double energy_j = unknown;
  std::int64_t l2_bytes = 0;  // of L2 that hold what it or a task after it uses
};

// What work costs, whoever asked.
struct Cost {
  Totals totals;
  Limits limits;
  std::vector<OperatorRow> operators{};
  std::vector<TaskRow> tasks{};      // may be empty
  std::vector<std::string> notes{};  // what the user should know: fall-backs, paddings, guesses
};

// What a results file says of a record beside what it holds.
struct Stored {
  std::int64_t id = 0;        // 0: not stored
  std::string recorded_at{};  // UTC
  std::string command{};      // the command line that made it, as a shell takes it
  std::string model{};        // file of the weights, as it was given; empty for none
};

// A parameter of the chip and what another value of it gives.
struct Lever {
  std::string parameter{};  // "ane.bandwidth.dram"
  std::string now{}, then{};
  double gain = 1;     // latency as it is over latency then
  std::string with{};  // another change made beside it; empty for none
};

// A sequence that a network answers with.
struct Design {
  std::string name{};       // of the structure
  std::int64_t sample = 0;  // from 1; 0: the structure's own sequence, as it came
  std::int64_t seed = 0;
  double temperature = unknown;  // no meaning where nothing is drawn
  // Mean of -log p over the designed residues, and over all of them, in nats.
  double score = unknown, global_score = unknown;
  double recovery = unknown;  // share of designed residues that are the structure's own
  std::string sequence{};     // of the designed chains, '/' between them
};

struct Record : Cost {
  Run run;
  Stored stored{};
  std::vector<Design> designs{};  // in JSON; never stored
  std::vector<Lever> levers{};    // for the bottleneck view; never stored
};

// What of the call no operator owns, of the time by cause (dispatch, waking, copies) and of the
// energy; nothing where operators overlap and own more than the whole.
struct Rest {
  Parts causes{};
  double seconds = 0;
  double energy_j = unknown;
};
Rest rest_of(const Record& record);

// Whether a figure under `accuracy` counts things: a whole number, not a share or a distance.
bool is_count(std::string_view metric);

// The first broken invariant as a sentence, empty when the record holds together: causes sum to the
// latency and parts to their whole (1e-9 relative), indices are positions, times run forwards,
// batch and items are at least 1, nothing is infinite or negative. A record that fails this is a
// fault of the simulator: callers say ANE_CHECK(check(r).empty(), ...).
std::string check(const Record& record);

}  // namespace ane::results
