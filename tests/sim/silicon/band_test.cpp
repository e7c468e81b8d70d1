// Bands of ratios, and what they rest on.
#include "sim/silicon/band.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <sstream>

#include "sim/silicon/calibrate.h"
#include "sim/silicon/residuals.h"

namespace ane::sim {
namespace {

using workloads::Quantity;

workloads::Request asked(const std::string& spec) {
  return workloads::parse_request(spec);
}
Target on_m1(const std::string& spec) {
  return target_of(asked(spec), load_chip("M1"));
}

// The work in any batch, length and format.
std::string network_of(const workloads::Request& request) {
  static constexpr std::string_view lengths[] = {"residues", "bucket", "tokens", "context"};
  workloads::Request r = request;
  r.conditions = {};
  r.formats = {};
  r.batch = 1;
  std::istringstream words(workloads::to_text(r));
  std::string network;
  for (std::string word; words >> word;)
    if (std::ranges::find(lengths, word.substr(0, word.find('='))) == std::end(lengths))
      network += word + ' ';
  return network;
}

double root_mean_square(const std::vector<double>& values) {
  double sum = 0;
  for (const double v : values) sum += v * v;
  return std::sqrt(sum / static_cast<double>(values.size()));
}

// Do two runs of one network on one chip share what the model gets wrong of them? Hardly.
TEST(Bands, OfARatioTakeBothResidualsOfAKnownChipAsCalibrationRowsDo) {
  std::vector<SiliconRow> calibration;
  for (const std::string& file : calibration_files())
    std::ranges::move(load_silicon_rows(file), std::back_inserter(calibration));
  std::map<std::string, std::vector<RowResidual>> networks;
  for (const RowResidual& r : row_residuals(calibration))
    if (workloads::measure_of(r.quantity) == "time")
      networks[r.machine + " " + network_of(r.request)].push_back(r);
  std::vector<double> own, of_ratios, new_of_ratios;
  for (const auto& [network, rows] : networks)
    for (std::size_t i = 0; i < rows.size(); ++i)
      for (std::size_t j = i + 1; j < rows.size(); ++j) {
        const RowResidual &a = rows[i], &b = rows[j];
        // No warm run beside a cold one, nor one run that was measured twice.
        if (!(a.request.conditions == b.request.conditions) ||
            workloads::to_text(a.request) == workloads::to_text(b.request))
          continue;
        const auto sign = [](const RowResidual& r) {
          return r.quantity == Quantity::latency ? 1 : -1;
        };
        of_ratios.push_back(sign(a) * a.known - sign(b) * b.known);
        own.insert(own.end(), {a.known, b.known});
        new_of_ratios.push_back(sign(a) * a.left_out - sign(b) * b.left_out);
      }
  ASSERT_GE(of_ratios.size(), 50U);
  // Independent errors give the root of 2, those that are wholly shared 0.
  const double independent = std::sqrt(2) * root_mean_square(own);
  EXPECT_GT(root_mean_square(of_ratios), 0.8 * independent);
  EXPECT_LT(root_mean_square(of_ratios), 1.1 * independent);
  EXPECT_LT(root_mean_square(new_of_ratios), 1.25 * independent);
}

TEST(Bands, OfARatioAreThoseOfItsInverse) {
  const std::string runs[] = {
      "kind=mpnn residues=100 unit=gpu path=torch_mps weights=fp32 activations=fp32",
      "kind=mpnn residues=200 unit=gpu path=torch_mps weights=fp16 activations=fp16",
      "kind=mpnn residues=100 hidden=64 unit=gpu path=torch_mps weights=fp32 activations=fp32",
      "kind=matmul m=1024 n=1024 k=1024 unit=gpu path=torch_mps weights=fp16 activations=fp16"};
  Bands bands;
  for (const std::string& a : runs)
    for (const std::string& b : runs)
      for (const Quantity q : {Quantity::latency, Quantity::energy}) {
        const double one = bands.of_ratio(asked(a), asked(b), on_m1(a), q),
                     inverse = bands.of_ratio(asked(b), asked(a), on_m1(b), q);
        EXPECT_DOUBLE_EQ(one, inverse) << a << " / " << b;
        // A run is as long as itself, whatever is wrong with the model.
        if (a == b) {
          EXPECT_EQ(one, 1) << a;
        } else {
          EXPECT_GT(one, 1) << a << " / " << b;
        }
      }
}

// A clock that nobody knows moves both sides alike, and only the residuals are left: those of a
// chip that has rows, also where this one has none.
TEST(Bands, OfARatioLeaveOutWhatBothSidesOweToOneParameter) {
  const std::string spec = "kind=mpnn residues=100 unit=gpu path=torch_mps",
                    longer = "kind=mpnn residues=101 unit=gpu path=torch_mps";
  ASSERT_FALSE(is_calibrated("M1", "gpu", "torch_mps"));
  Bands bands;
  const auto parameters_of = [&](const std::string& of) {
    return std::pow(std::log(bands.around(1, asked(of), on_m1(of), Quantity::latency).high), 2) -
           std::pow(expected_residual("gpu", "mpnn", "time", false), 2);
  };
  const double left =
      std::pow(std::log(bands.of_ratio(asked(spec), asked(longer), on_m1(spec), Quantity::latency)),
               2) -
      2 * std::pow(expected_residual("gpu", "mpnn", "time", true), 2);
  EXPECT_GT(parameters_of(spec) + parameters_of(longer), 1e-3);
  EXPECT_LT(left, 0.01 * (parameters_of(spec) + parameters_of(longer)));
}

}  // namespace
}  // namespace ane::sim
