// Is a person served who has a model's file?
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "tests/onnx_writer.h"
#include "tests/program.h"
#include "workloads/files/npy.h"

namespace ane::sim {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

class OnnxCommand : public testing::Test {
 protected:
  OnnxCommand()
      : folder_((std::filesystem::temp_directory_path() /
                 fmt::format("anesim_onnx_command_{}", ::getpid()))
                    .string()) {
    std::filesystem::create_directories(folder_);
    write("model.onnx", onnx_writer::classifier(false));
    write("sorted.onnx", onnx_writer::classifier(true));
  }
  ~OnnxCommand() override { std::filesystem::remove_all(folder_); }
  void write(const std::string& name, const std::string& bytes) const {
    std::ofstream(folder_ + "/" + name, std::ios::binary) << bytes;
  }
  std::string file(const std::string& name) const { return folder_ + "/" + name; }
  void expect_fault(const std::string& line, const std::string& what) const {
    const Answer a = anesim(line);
    EXPECT_EQ(a.status, 2) << line;
    EXPECT_THAT(a.text, HasSubstr(what)) << line;
    EXPECT_LE(std::ranges::count(a.text, '\n'), 2) << a.text;
  }
  std::string folder_;
};

TEST_F(OnnxCommand, AFileIsPricedOnEveryUnit) {
  for (const char* unit : {"ane", "gpu", "cpu"}) {
    const Answer a = anesim(
        fmt::format("run {} --unit {} --chip M4 --no-db --json", file("sorted.onnx"), unit), "");
    ASSERT_EQ(a.status, 0);
    const json j = json::parse(a.text);
    EXPECT_GT(j["latency_s"], 0);
    // A convolution of 8 kernels of 27 over 256 places, and 8 by 10.
    EXPECT_EQ(j["macs"], 8 * 27 * 256 + 80);
  }
  EXPECT_EQ(anesim(fmt::format("compare {} --chips M1,M4 --no-db", file("model.onnx"))).status, 0);
}

TEST_F(OnnxCommand, ValuesAreWrittenAndThoseOfTheUnitsAreNearEachOther) {
  std::map<std::string, std::vector<float>> values;
  for (const auto& [name, options] :
       std::map<std::string, std::string>{{"fp32", "--unit cpu --precision fp32"},
                                          {"ieee", "--unit ane --profile ieee"},
                                          {"ane16", "--unit ane --profile ane16"},
                                          {"fp16", "--unit gpu --precision fp16"}}) {
    const Answer a =
        anesim(fmt::format("run {} {} --out {} --no-db", file("model.onnx"), options, file(name)));
    ASSERT_EQ(a.status, 0) << a.text;
    const workloads::NpyArray y = workloads::read_npy(file(name + "/probabilities.npy"));
    EXPECT_EQ(y.shape, (kernels::Shape{1, 10}));
    values[name] = y.floats();
    double sum = 0;
    for (const float v : values[name]) sum += static_cast<double>(v);
    EXPECT_NEAR(sum, 1, 0.01);
  }
  EXPECT_NE(values["fp32"], values["ieee"]);
  for (const char* other : {"ieee", "ane16", "fp16"})
    for (std::size_t k = 0; k < 10; ++k)
      EXPECT_NEAR(values["fp32"][k], values[other][k], 0.01) << other;
}

TEST_F(OnnxCommand, AnInputOfAFileIsTheInput) {
  const std::string zeros(3 * 16 * 16 * 4, '\0');
  write("zeros.npy", workloads::npy_bytes("<f4", {1, 3, 16, 16}, zeros));
  const std::string line =
      fmt::format("run {} --unit cpu --precision fp32 --input image={} --out {} --no-db",
                  file("model.onnx"), file("zeros.npy"), file("out"));
  ASSERT_EQ(anesim(line).status, 0);
  const auto once = workloads::read_npy(file("out/probabilities.npy")).floats();
  ASSERT_EQ(anesim(line).status, 0);
  EXPECT_EQ(workloads::read_npy(file("out/probabilities.npy")).floats(), once);
  write("batch.npy", workloads::npy_bytes("<f4", {2, 3, 16, 16}, zeros + zeros));
  ASSERT_EQ(
      anesim(fmt::format("run {} --unit cpu --precision fp32 --input image={} --out {} --no-db",
                         file("model.onnx"), file("batch.npy"), file("two")))
          .status,
      0);
  const auto two = workloads::read_npy(file("two/probabilities.npy"));
  EXPECT_EQ(two.shape, (kernels::Shape{2, 10}));
  const std::vector<float> both = two.floats();
  EXPECT_EQ(std::vector<float>(both.begin(), both.begin() + 10), once);
  EXPECT_EQ(std::vector<float>(both.begin() + 10, both.end()), once);
}

TEST_F(OnnxCommand, ItemsThatNoInputHoldsAreRefused) {
  const std::string model = file("model.onnx");
  const auto macs = [&](const std::string& options) {
    const Answer a = anesim(fmt::format("run {} --no-db --json {}", model, options), "");
    EXPECT_EQ(a.status, 0) << options;
    return a.status == 0 ? json::parse(a.text)["macs"].get<std::int64_t>() : 0;
  };
  const std::int64_t one = macs("");
  EXPECT_EQ(macs("--batch 8"), 8 * one);
  EXPECT_EQ(macs("--batch 8 --shape image=8x3x16x16"), 8 * one);
  EXPECT_EQ(macs("--batch 4 --dim batch=8"), 8 * one);
  for (const char* options : {"--shape image=1x3x16x16", "--dim batch=1", "--dim batch=12"})
    expect_fault(fmt::format("run {} --no-db --batch 8 {}", model, options),
                 "batch: no input holds 8 items");
  expect_fault(fmt::format("run {} --no-db --batch 8 --shape image=1x3x16x16", model),
               "shape=image:8x3x16x16");
  onnx_writer::Graph g;
  g.inputs = {onnx_writer::value("x", {1, 4})};
  g.outputs = {onnx_writer::value("y", {1, 4})};
  g.nodes = {onnx_writer::node("Relu", "relu", {"x"}, {"y"})};
  write("fixed.onnx", onnx_writer::model(g));
  expect_fault(fmt::format("run {} --no-db --batch 2", file("fixed.onnx")),
               "the file fixes its first extent");
}

// One question, however it is asked: the file as a word or as a key, in every command.
TEST_F(OnnxCommand, EveryCommandTakesAFileAsAWordAndAsAKey) {
  const std::string model = file("sorted.onnx"), key = "kind=model file=" + model;
  for (const char* chip : {"M4", "A15"}) {
    std::vector<std::string> answers;
    for (const std::string& what : {model, key})
      answers.push_back(
          anesim(fmt::format("run {} --chip {} --no-db --json", what, chip), "").text);
    const json word = json::parse(answers[0]), asked = json::parse(answers[1]);
    EXPECT_EQ(word["latency_s"], asked["latency_s"]);
    const Answer profile =
        anesim(fmt::format("profile {} --chip {} --placement capable --json", key, chip), "");
    ASSERT_EQ(profile.status, 0) << profile.text;
    EXPECT_EQ(json::parse(profile.text)["latency_s"], word["latency_s"]);
    for (const std::string& what : {model, key}) {
      const Answer sweep = anesim(
          fmt::format("sweep {} --axis chip={} --axis batch=1,8 --no-db --json", what, chip), "");
      ASSERT_EQ(sweep.status, 0) << sweep.text;
      EXPECT_THAT(sweep.text, HasSubstr("batch"));
    }
    EXPECT_EQ(anesim(fmt::format("compare {} --chips {} --no-db", key, chip)).status, 0);
  }
  EXPECT_EQ(anesim(fmt::format("sweep {} dim=batch:4 --axis chip=M1,M4 --no-db", model)).status, 0);
  EXPECT_EQ(anesim(fmt::format("compare resnet18 {} --chips M4 --no-db", model)).status, 0);
  expect_fault("sweep reads.fastq --axis chip=M1", "reads.fastq");
}

TEST_F(OnnxCommand, APlacementIsOneAnswerInEveryCommand) {
  const std::string model = file("sorted.onnx");
  for (const char* how : {"capable", "coreml", "best"}) {
    const auto latency = [&](const std::string& command) {
      const Answer a = anesim(fmt::format("{} --json", command), "");
      EXPECT_EQ(a.status, 0) << command;
      const json j = a.status == 0 ? json::parse(a.text) : json();
      return j.contains("runs") ? j["runs"][0]["latency_s"] : j["latency_s"];
    };
    const json run = latency(fmt::format("run {} --placement {} --no-db", model, how));
    EXPECT_EQ(latency(fmt::format("profile {} --placement {}", model, how)), run) << how;
    EXPECT_EQ(latency(fmt::format("run kind=model file={} placement={} --no-db", model, how)), run);
    EXPECT_EQ(latency(fmt::format("compare {} --chips M4 --units ane --placement {} --no-db", model,
                                  how)),
              run);
  }
  expect_fault(fmt::format("run {} --placement coreml --unit gpu --no-db", model), "path=coreml");
  expect_fault(fmt::format("run {} --placement coreml --out {} --no-db", model, file("o")),
               "without --out");
  expect_fault(fmt::format("run {} --placement corml --no-db", model), "did you mean 'coreml'?");
}

TEST_F(OnnxCommand, WhatIsLeftOutMustBeThere) {
  const std::string key = "kind=model file=" + file("sorted.onnx");
  const Answer a = anesim(fmt::format("profile {} --placement capable --json", key), "");
  ASSERT_EQ(a.status, 0);
  const std::string label = json::parse(a.text)["fallbacks"][0]["label"];
  EXPECT_EQ(anesim(fmt::format("run {} without={} --no-db", key, label)).status, 0);
  expect_fault(fmt::format("run {} without=ZZ --no-db", key), "no operator bears 'ZZ'");
  expect_fault(fmt::format("run {} without={} --unit gpu --no-db", key, label), "unit=ane");
}

TEST_F(OnnxCommand, AnInputThatTheFileGivesTakesOtherValuesEverywhere) {
  onnx_writer::Graph g;
  g.inputs = {onnx_writer::value("x", {1, 16}), onnx_writer::value("w", {1, 16})};
  g.outputs = {onnx_writer::value("y", {1, 16})};
  g.constants = {onnx_writer::tensor("w", {1, 16}, std::vector<float>(16, 1))};
  g.nodes = {onnx_writer::node("Mul", "mul", {"x", "w"}, {"y"})};
  write("over.onnx", onnx_writer::model(g));
  const auto npy = [&](const char* name, float number) {
    std::string bytes;
    for (int k = 0; k < 16; ++k) bytes.append(reinterpret_cast<const char*>(&number), 4);
    write(name, workloads::npy_bytes("<f4", {1, 16}, bytes));
  };
  npy("two.npy", 2), npy("five.npy", 5);
  for (const char* unit : {"--unit cpu --precision fp32", "--unit ane", "--unit gpu"})
    for (const auto& [more, wanted] :
         {std::pair{std::string(), 2.0F}, {" --input w=" + file("five.npy"), 10.0F}}) {
      const Answer a =
          anesim(fmt::format("run {} {} --input x={}{} --out {} --no-db", file("over.onnx"), unit,
                             file("two.npy"), more, file("o")));
      ASSERT_EQ(a.status, 0) << a.text;
      EXPECT_EQ(workloads::read_npy(file("o/y.npy")).floats()[0], wanted) << unit << more;
    }
}

TEST_F(OnnxCommand, WhatWasAssumedOfAModelIsToldOf) {
  onnx_writer::Graph g;
  g.inputs = {onnx_writer::value("x", {64, 64})};
  g.outputs = {onnx_writer::value("y", {2, -1}, "found")};
  g.nodes = {onnx_writer::node("NonZero", "find", {"x"}, {"i"}),
             onnx_writer::node("Cast", "cast", {"i"}, {"y"},
                               {onnx_writer::attribute("to", std::int64_t{1})})};
  write("found.onnx", onnx_writer::model(g));
  for (const char* unit : {"ane", "gpu", "cpu"})
    EXPECT_THAT(anesim(fmt::format("run {} --unit {} --no-db", file("found.onnx"), unit)).text,
                HasSubstr("counted as the most it can be"))
        << unit;
}

TEST_F(OnnxCommand, AMappingThatFailsLeavesTheNodeToTheHost) {
  onnx_writer::Graph g;
  g.inputs = {onnx_writer::value("x", {1, 4, 8}), onnx_writer::value("s", {1, 4, 8}),
              onnx_writer::value("b", {8})};
  g.outputs = {onnx_writer::value("y", {1, 4, 8})};
  g.constants = {onnx_writer::tensor("g", {8}, std::vector<float>(8, 1)),
                 onnx_writer::tensor("h", {8}, std::vector<float>(8, 0))};
  g.nodes = {onnx_writer::node("SkipLayerNormalization", "norm", {"x", "s", "g", "h", "b"}, {"y"},
                               {}, "com.microsoft")};
  write("skip.onnx", onnx_writer::model(g, {.domains = {"com.microsoft"}, .functions = {}}));
  EXPECT_EQ(
      anesim(fmt::format("run {} --chip M4 --out {} --no-db", file("skip.onnx"), file("o"))).status,
      0);
}

TEST_F(OnnxCommand, ALongChainIsPricedInItsLength) {
  onnx_writer::Graph g;
  const int length = 4000;
  g.inputs = {onnx_writer::value("t0", {1, 16})};
  g.outputs = {onnx_writer::value("t" + std::to_string(length), {1, 16})};
  for (int k = 0; k < length; ++k)
    g.nodes.push_back(onnx_writer::node(k % 2 == 0 ? "Tanh" : "Relu", "n" + std::to_string(k),
                                        {"t" + std::to_string(k)}, {"t" + std::to_string(k + 1)}));
  write("chain.onnx", onnx_writer::model(g));
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(anesim(fmt::format("run {} --no-db", file("chain.onnx"))).status, 0);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(15));
}

TEST_F(OnnxCommand, FaultsAreOneLineWithWhatToDo) {
  const std::string model = file("model.onnx");
  expect_fault("run nowhere.onnx --no-db", "nowhere.onnx");
  expect_fault(fmt::format("run {} --no-db --shape imag=1x3x16x16", model), "did you mean 'image'");
  expect_fault(fmt::format("run {} --no-db --shape image=1x4x16x16", model),
               "is float32 [1, 4, 16, 16], not float32 [batch, 3, 16, 16]");
  expect_fault(fmt::format("run {} --no-db --input nobody=1", model), "is no input of the model");
  expect_fault(fmt::format("run {} --no-db --dim width=3", model), "is no open extent");
  std::string cut = onnx_writer::classifier(false);
  cut.resize(cut.size() / 2);
  write("cut.onnx", cut);
  expect_fault(fmt::format("run {} --no-db", file("cut.onnx")),
               "is no ONNX model, or only a part of one");
  onnx_writer::Graph g;
  g.inputs = {onnx_writer::value("x", {1, 4})};
  g.outputs = {onnx_writer::value("y", {1, 4})};
  g.nodes = {onnx_writer::node("Rellu", "wrong", {"x"}, {"y"})};
  write("unknown.onnx", onnx_writer::model(g));
  expect_fault(fmt::format("run {} --no-db", file("unknown.onnx")),
               "operator Rellu of version 17 is not known");
  g.nodes = {onnx_writer::node("Relu", "a", {"y"}, {"z"}),
             onnx_writer::node("Relu", "b", {"z"}, {"y"})};
  write("cyclic.onnx", onnx_writer::model(g));
  expect_fault(fmt::format("run {} --no-db", file("cyclic.onnx")), "which nothing before it makes");
  g.nodes = {onnx_writer::node("ConstantOfShape", "huge", {"s"}, {"y"})};
  g.constants = {onnx_writer::whole("s", {1 << 20, 1 << 20, 1 << 20})};
  write("huge.onnx", onnx_writer::model(g));
  expect_fault(fmt::format("run {} --no-db", file("huge.onnx")), "more than 2^40 elements");
}

TEST_F(OnnxCommand, AProfileNamesUnitsAndReasonsAndTellsBelowAShare) {
  const Answer a = anesim(
      fmt::format("profile {} --chip M4 --placement capable --json", file("sorted.onnx")), "");
  ASSERT_EQ(a.status, 0);
  const json j = json::parse(a.text);
  for (const char* key : {"model", "chip", "units", "latency_s", "energy_j", "by_unit", "segments",
                          "operators", "fallbacks"})
    EXPECT_TRUE(j.contains(key)) << key;
  EXPECT_EQ(j["model"], "sorted");
  for (const char* key : {"name", "op", "unit", "label", "reason", "seconds", "share", "bound",
                          "macs", "bytes", "energy_j"})
    EXPECT_TRUE(j["operators"][0].contains(key)) << key;
  ASSERT_EQ(j["fallbacks"].size(), 1);
  for (const char* key : {"label", "reason", "rewrite", "operators", "seconds", "gain_s"})
    EXPECT_TRUE(j["fallbacks"][0].contains(key)) << key;
  EXPECT_EQ(anesim(fmt::format("profile {} --expect-on-ane 0.95", file("sorted.onnx"))).status, 1);
  // Core ML leaves so small a model on the CPU.
  const std::string small = fmt::format("profile {} --expect-on-ane 0.95", file("model.onnx"));
  EXPECT_EQ(anesim(small).status, 1);
  EXPECT_EQ(anesim(small + " --placement capable").status, 0);
  EXPECT_EQ(anesim("profile resnet18 --csv").status, 0);
  expect_fault(fmt::format("profile {} --expect-on-ane 2", file("model.onnx")), "is no share");
  expect_fault(fmt::format("profile {} --units gpu", file("model.onnx")), "cpu_and_gpu");
}

}  // namespace
}  // namespace ane::sim
