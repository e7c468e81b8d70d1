// The simulator's side of scripts/bench versus_onnxruntime: versus FOLDER THREADS
// Writes each case's graph as FOLDER/CASE.onnx and its inputs beside it, a line of JSON a case on
// stdout, and a line "ready". Then for each line "CASE PROFILE" of stdin it executes that graph
// once and answers "WALL CPU MEAN": seconds, and the mean magnitude of what came out.
#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <ctime>
#include <fstream>
#include <functional>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <random>

#include "bench/helix.h"
#include "isa/file.h"
#include "kernels/arithmetic.h"
#include "sim/chips/chip.h"
#include "sim/run/machine_run.h"
#include "workloads/mpnn/graph/graph.h"
#include "workloads/onnx/write.h"
#include "workloads/readqc/graph.h"
#include "workloads/request/job.h"

namespace {

using namespace ane;
namespace mp = workloads::mpnn;
namespace qc = workloads::readqc;

struct Case {
  workloads::Graph graph;
  workloads::Tensors inputs;
};

workloads::Tensors drawn_inputs(const workloads::Graph& graph) {
  std::mt19937 random(1);
  std::normal_distribution<float> normal;
  workloads::Tensors inputs;
  for (const workloads::ValueId v : graph.inputs) {
    const workloads::Value& value = graph.values[static_cast<std::size_t>(v)];
    kernels::Tensor t(isa::Format::fp32,
                      {value.type.e.n, value.type.e.c, value.type.e.h, value.type.e.w});
    for (float& x : t.as<float>()) x = normal(random);
    inputs[value.name] = std::move(t);
  }
  return inputs;
}

Case drawn(workloads::Graph graph) {
  workloads::Tensors inputs = drawn_inputs(graph);
  return {.graph = std::move(graph), .inputs = std::move(inputs)};
}

Case protein(std::int64_t length) {
  const mp::Weights weights = mp::seeded_weights({});
  mp::GraphOptions options;
  options.length = length;
  return {.graph = mp::build_graph(weights, options),
          .inputs = mp::graph_inputs(weights, options, {bench::helix(length)})};
}

Case reads(qc::ModelKind kind, std::int64_t batch) {
  return drawn(qc::build_graph(qc::seeded_model(kind, 1), batch));
}

const std::map<std::string, std::function<Case(const sim::Chip&)>>& cases() {
  static const std::map<std::string, std::function<Case(const sim::Chip&)>> all{
      {"mpnn_106", [](const sim::Chip&) { return protein(106); }},
      {"mpnn_256", [](const sim::Chip&) { return protein(256); }},
      {"readqc_mlp_1", [](const sim::Chip&) { return reads(qc::ModelKind::mlp, 1); }},
      {"readqc_mlp_100", [](const sim::Chip&) { return reads(qc::ModelKind::mlp, 100); }},
      {"readqc_cnn_100", [](const sim::Chip&) { return reads(qc::ModelKind::cnn, 100); }},
      {"resnet50",
       [](const sim::Chip& chip) {
         return drawn(workloads::graph_of(workloads::parse_request("kind=network name=resnet50"),
                                          chip.machine(), 1));
       }},
  };
  return all;
}

double mean_magnitude(const workloads::Tensors& outputs) {
  double sum = 0;
  std::int64_t count = 0;
  for (const auto& [name, t] : outputs)
    for (std::int64_t i = 0; i < t.size(); ++i, ++count) sum += std::abs(kernels::element(t, i));
  return sum / static_cast<double>(count);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    fmt::print(stderr, "usage: versus FOLDER THREADS\n");
    return 2;
  }
  const std::string folder = argv[1];
  const int threads = std::stoi(argv[2]);
  const sim::Chip chip = sim::load_chip("M4");
  std::map<std::string, Case> made;
  for (const auto& [name, make] : cases()) {
    Case& c = made[name] = make(chip);
    write_file(folder + "/" + name + ".onnx", workloads::onnx::write_onnx(c.graph));
    nlohmann::json line{{"case", name}};
    for (const auto& [input, t] : c.inputs) {
      const std::string file = name + "." + std::to_string(line["inputs"].size()) + ".bin";
      std::ofstream(folder + "/" + file, std::ios::binary)
          .write(reinterpret_cast<const char*>(t.bytes.data()), std::ssize(t.bytes));
      line["inputs"].push_back({{"name", input},
                                {"file", file},
                                {"type", t.format == isa::Format::i32 ? "int32" : "float32"},
                                {"dims", t.shape}});
    }
    std::cout << line.dump() << std::endl;
  }
  std::cout << "ready" << std::endl;
  std::map<std::string, std::unique_ptr<sim::MachineRun>> runs;
  for (std::string name, profile; std::cin >> name >> profile;) {
    const Case& c = made.at(name);
    auto& run = runs[name + " " + profile];
    if (!run)
      run = std::make_unique<sim::MachineRun>(c.graph, chip, kernels::arith::profile_named(profile),
                                              sim::MachineOptions{.threads = threads});
    workloads::Tensors inputs = c.inputs;
    const auto wall = std::chrono::steady_clock::now();
    const std::clock_t cpu = std::clock();
    const workloads::Tensors outputs = run->run(std::move(inputs));
    const double cpu_s = static_cast<double>(std::clock() - cpu) / CLOCKS_PER_SEC;
    const std::chrono::duration<double> wall_s = std::chrono::steady_clock::now() - wall;
    std::cout << fmt::format("{} {} {}", wall_s.count(), cpu_s, mean_magnitude(outputs))
              << std::endl;
  }
  return 0;
}
