#include "workloads/mpnn/goldens.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>

#include "isa/error.h"
#include "workloads/files/npy.h"

namespace ane::workloads::mpnn {
namespace {

constexpr double stage_tolerance = 2e-5, answer_tolerance = 1e-5, probability_tolerance = 5e-5;
constexpr std::int64_t first_rows = 8;
constexpr std::string_view first_rows_suffix = "_first8rows";

// Stage -> file.
std::map<std::string, std::string> list_files(const std::string& files) {
  namespace fs = std::filesystem;
  const bool folder = fs::is_directory(files);
  const fs::path parent = folder ? fs::path(files) : fs::path(files).parent_path();
  const std::string prefix = folder ? "" : fs::path(files).filename().string();
  std::map<std::string, std::string> found;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(parent.empty() ? "." : parent, none)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with(prefix) && name.ends_with(".npy"))
      found[name.substr(prefix.size(), name.size() - prefix.size() - 4)] = entry.path().string();
  }
  if (found.empty())
    throw InputError(files, "no .npy file there", "a folder, or the beginning of the files' names");
  return found;
}

class Comparison {
 public:
  Comparison(const Weights& weights, const Input& input, const std::string& files, bool factored)
      : input_(input), files_(list_files(files)) {
    ReferenceOptions options;
    options.factored = factored;
    options.observe = [&](std::string_view stage, std::span<const float> values) {
      stages_[std::string(stage)].assign(values.begin(), values.end());
    };
    reference_ = std::make_unique<Reference>(weights, options);
    encoded_ = reference_->encode(input);
  }

  std::vector<StageDifference> all() {
    std::vector<StageDifference> list;
    for (const auto& [stage, file] : files_) list.push_back(compare(stage));
    return list;
  }

 private:
  NpyArray file(const std::string& stage) const {
    const auto found = files_.find(stage);
    if (found == files_.end())
      throw InputError(files_.begin()->second, fmt::format("there is no {}.npy beside it", stage));
    return read_npy(found->second);
  }

  static StageDifference difference(const std::string& stage, std::span<const float> ours,
                                    std::span<const float> theirs, double tolerance) {
    StageDifference d{.stage = stage,
                      .values = static_cast<std::int64_t>(theirs.size()),
                      .farthest = ours.size() == theirs.size() ? 0 : HUGE_VAL,
                      .tolerance = tolerance};
    for (std::size_t i = 0; d.farthest < HUGE_VAL && i < ours.size(); ++i) {
      if (std::isnan(ours[i]) && std::isnan(theirs[i])) continue;  // a missing atom in both
      const double far = std::abs(static_cast<double>(ours[i]) - static_cast<double>(theirs[i]));
      if (!(far <= d.farthest)) d.farthest = std::isnan(far) ? HUGE_VAL : far;
    }
    return d;
  }
  StageDifference near(const std::string& stage, std::span<const float> ours,
                       double tolerance) const {
    return difference(stage, ours, file(stage).floats(), tolerance);
  }
  StageDifference equal(const std::string& stage, const std::vector<std::int32_t>& ours) const {
    return difference(stage, std::vector<float>(ours.begin(), ours.end()), file(stage).floats(), 0);
  }

  StageDifference compare(const std::string& stage) {
    constexpr std::string_view emulation = "emu_";
    if (stage.starts_with(emulation)) return emulated(stage);
    if (stage == "X") return near(stage, input_.atoms, 1e-3);  // files have three decimals
    if (stage == "S") return equal(stage, input_.sequence);
    if (stage == "mask") return near(stage, input_.mask, 0);
    if (stage == "residue_idx") return equal(stage, input_.residue_index);
    if (stage == "chain_enc") return equal(stage, input_.chain_code);
    if (stage == "E_idx") return equal(stage, encoded_.neighbours.index);
    if (const auto whole = stages_.find(stage); whole != stages_.end())
      return near(stage, whole->second, stage_tolerance);
    if (stage.ends_with(first_rows_suffix)) {
      const auto whole = stages_.find(stage.substr(0, stage.size() - std::size(first_rows_suffix)));
      if (whole != stages_.end()) {
        const auto row = static_cast<std::int64_t>(whole->second.size()) / input_.length();
        return near(
            stage,
            std::span(whole->second)
                .first(static_cast<std::size_t>(row * std::min(first_rows, input_.length()))),
            stage_tolerance);
      }
    }
    if (stage == "uncond_logp")
      return near(stage, reference_->unconditional(encoded_), answer_tolerance);
    if (stage == "conditional_logp")
      return near(
          stage,
          reference_->conditional(encoded_, input_.sequence, file("order_identity").integers()),
          answer_tolerance);
    if (stage == "score_identity") {
      const std::vector<float> log_probs = score("identity");
      const auto ours = static_cast<float>(mean_score(log_probs, input_.sequence, input_.mask));
      return near(stage, {&ours, 1}, answer_tolerance);
    }
    if (stage == "greedy_S") return equal(stage, greedy().sequence);
    if (stage == "greedy_probs_T0.1")
      return near(stage, greedy().probabilities, probability_tolerance);
    constexpr std::string_view forward = "forward_", log_probs = "_logp";
    if (stage.starts_with(forward) && stage.ends_with(log_probs))
      return near(
          stage,
          score(stage.substr(forward.size(), stage.size() - forward.size() - log_probs.size())),
          answer_tolerance);
    return {.stage = stage};
  }

  // Another precision's answer: how far it is from float32, whatever that is.
  StageDifference emulated(const std::string& stage) {
    constexpr std::string_view uncond = "_uncond_logp", forward = "_forward_identity_logp";
    if (stage.ends_with(uncond)) return near(stage, reference_->unconditional(encoded_), HUGE_VAL);
    if (stage.ends_with(forward)) return near(stage, score("identity"), HUGE_VAL);
    return {.stage = stage};
  }

  std::vector<float> score(const std::string& order) const {
    return reference_->score(encoded_, input_.sequence, file("order_" + order).integers());
  }
  const Sample& greedy() {
    if (!greedy_) {
      SampleOptions options;
      options.greedy = true;
      options.order = file("greedy_order").integers();
      greedy_ = reference_->sample(encoded_, options);
    }
    return *greedy_;
  }

  const Input& input_;
  std::map<std::string, std::string> files_;
  std::map<std::string, std::vector<float>> stages_;
  std::unique_ptr<Reference> reference_;
  Encoded encoded_;
  std::optional<Sample> greedy_;
};

}  // namespace

std::vector<StageDifference> compare_goldens(const Weights& weights, const Input& input,
                                             const std::string& files, bool factored) {
  return Comparison(weights, input, files, factored).all();
}

}  // namespace ane::workloads::mpnn
