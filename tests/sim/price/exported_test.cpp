// A network by name and its ONNX file are one question: the same price.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <iostream>

#include "isa/file.h"
#include "sim/price/lowered.h"
#include "sim/price/price.h"
#include "workloads/networks/networks.h"
#include "workloads/onnx/write.h"
#include "workloads/request/job.h"

namespace ane::sim {
namespace {

namespace fs = std::filesystem;

double latency_on(const std::string& text, const char* chip) {
  const workloads::Request request = workloads::parse_request(text);
  const Target target = target_of(request, load_chip(chip));
  return price(lower(request, target), target, request.conditions).totals.latency_s;
}

// A permutation that moves features behind their places or back is paid for by name, and another
// layout in a file.
bool turns_features(const workloads::Graph& g) {
  return std::ranges::any_of(g.nodes, [](const workloads::Node& n) {
    return n.op->name == "transpose" && n.attributes.permutation == std::array<int, 4>{0, 2, 3, 1};
  });
}

TEST(ExportedNetworks, CostWhatTheyDoByName) {
  const fs::path folder = fs::temp_directory_path() / fmt::format("anesim_exported_{}", getpid());
  fs::create_directories(folder);
  int compared = 0;
  for (const workloads::Network& n : workloads::networks()) {
    if (n.params == 0 || n.params > 9) continue;  // millions; larger ones take long to write
    if (turns_features(workloads::build_network(n, {}, {}))) continue;
    // Its first layer takes every second column and row apart, for which a file has fewer steps.
    if (n.name == "yolox_s") continue;
    const std::string name(n.name), by_name = "kind=network name=" + name;
    for (const char* chip : {"M1", "M4"}) {
      const std::string file = (folder / fmt::format("{}_{}.onnx", name, chip)).string();
      write_file(file, workloads::onnx::write_onnx(workloads::graph_of(
                           workloads::parse_request(by_name), load_chip(chip).machine(), 1)));
      const double want = latency_on(by_name, chip),
                   got = latency_on("kind=model file=" + file, chip);
      EXPECT_NEAR(got / want, 1, 0.02) << name << " on " << chip;
      fs::remove(file);
    }
    ++compared;
  }
  std::cout << compared << " networks\n";
  EXPECT_GE(compared, 10);
  fs::remove_all(folder);
}

}  // namespace
}  // namespace ane::sim
