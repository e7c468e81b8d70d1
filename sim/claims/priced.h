// What a configuration of the published figures costs here, how far that can be trusted, and the
// least that physics allows: no call is shorter than its operations at the unit's peak or than its
// weights at the memory's data-sheet bandwidth, nor takes less than the energy of its operations.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sim/claims/published.h"
#include "sim/price/price.h"
#include "sim/silicon/band.h"
#include "sim/silicon/silicon_rows.h"

namespace ane::sim {

struct Priced {
  double seconds = 0, joules = 0;  // of one call
  double items = 1, batch = 1;
  double flop = 0;          // multiply-adds counted as two, as this machine runs them
  double weight_bytes = 0;  // read at least once a call
  double peak_memory = 0;   // bytes: weights and tensors
  double parameters = 0;    // of the model; 0: the work is no model
  std::string bound;        // the largest cause of `seconds`
  double bound_share = 0;   // its share of them, 0 to 1
  std::string factor_from;  // of factor(): "gpu llm"
  double floor_seconds = 0;
  std::string floor;        // "13.5 GB of weights at 153.6 GB/s"
  double floor_joules = 0;  // 0: no energy of an operation is known
  std::string why_not;      // no model prices it, and why; then only parameters may be known
};

// Prices configurations once each.
class Pricer {
 public:
  // InputError for a configuration whose spec does not read.
  explicit Pricer(const Published& published);
  // Does in several threads what price() and accuracy() of these would do one by one.
  struct Asked {
    std::string configuration;
    std::optional<workloads::Form> form{};
    friend auto operator<=>(const Asked&, const Asked&) = default;
  };
  void warm(const std::vector<Asked>& prices, const std::vector<std::string>& accuracies);
  // form: none takes the unit's usual one.
  const Priced& price(const std::string& configuration, std::optional<workloads::Form> form = {});
  // The truth of this quantity, latency, energy or power, lies within value / factor .. value *
  // factor; 1 where nothing is priced. The errors of a power are those of its energy and its time.
  double factor(const std::string& configuration, std::optional<workloads::Form> form,
                workloads::Quantity quantity);
  // Of a ratio of two runs, each in a quantity of its own. Of one quantity on one chip, unit and
  // runtime what both owe to a parameter cancels (Bands::of_ratio); else both factors add in
  // squares.
  struct Side {
    const std::string& configuration;
    std::optional<workloads::Form> form;
    workloads::Quantity quantity;
  };
  double factor_of_ratio(const Side& side, const Side& base);
  const Chip& chip(const std::string& name);
  // The configuration as it is asked: its spec, unit and runtime, its precision chosen where the
  // structure chooses it (by a seeded globule of its length: mpnn/seeded.h).
  const workloads::Request& request(const std::string& configuration) const;
  // "mlp, 1000 a call, on M4's ane under coreml".
  std::string described(const std::string& configuration) const;
  // Rows of the same network, chip, unit and runtime in another length that parameters were fitted
  // to.
  int calibrated_beside(const std::string& configuration);
  // Share of test reads on which a read-QC model that is trained here agrees with its rule, run on
  // the configuration's unit, and how many reads that were.
  struct Accuracy {
    double share = 0;
    std::int64_t reads = 0;
  };
  Accuracy accuracy(const std::string& configuration);

 private:
  workloads::Request asked_in(const std::string& configuration,
                              std::optional<workloads::Form> form) const;
  Accuracy trained(const std::string& configuration) const;
  // Nothing where it is the unit's usual one.
  std::optional<workloads::Form> other_form(const std::string& configuration,
                                            std::optional<workloads::Form> form) const;
  std::string key_of(const std::string& configuration, std::optional<workloads::Form> form) const;

  const Published& published_;
  std::map<std::string, Priced> known_;
  std::map<std::pair<std::string, workloads::Quantity>, double> factors_;
  std::map<std::string, workloads::Request> requests_;
  std::map<std::string, Chip> chips_;
  std::map<std::string, Accuracy> accuracies_;
  std::vector<SiliconRow> calibration_;
  Bands bands_;
};

}  // namespace ane::sim
