// Does a bare word mean what a person means by it: a network, a language model, a kind, a file?
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "results/sqlite.h"
#include "tests/program.h"

namespace {

using ane::anesim;
using ane::Answer;
using testing::HasSubstr;
using Json = nlohmann::json;

class Names : public testing::Test {
 protected:
  Names() { std::filesystem::create_directories(folder_); }
  ~Names() override { std::filesystem::remove_all(folder_); }

  std::string file(const std::string& name, const std::string& text) const {
    const std::string path = folder_ + "/" + name;
    std::ofstream(path, std::ios::binary) << text;
    return path;
  }
  std::string fastq(const std::string& name) const {
    std::string text;
    for (int i = 0; i < 300; ++i)
      text += fmt::format("@r{}\n{}\n+\n{}\n", i, std::string(40, "ACGT"[i % 4]),
                          std::string(40, static_cast<char>('#' + i % 38)));
    return file(name, text);
  }
  std::string structure(const std::string& name) const {
    std::string text = "REMARK a helix\n";
    int serial = 0;
    for (int i = 0; i < 8; ++i)
      for (int atom = 0; atom < 4; ++atom)
        text += fmt::format("ATOM  {:5d}  {:<3} ALA A{:4d}    {:8.3f}{:8.3f}{:8.3f}  1.00  0.00\n",
                            ++serial, std::string_view("N CAC O ").substr(2 * std::size_t(atom), 2),
                            i + 1, 2.3 * std::cos(1.7453 * i + 0.5 * atom),
                            2.3 * std::sin(1.7453 * i + 0.5 * atom), 1.5 * i + 0.4 * atom);
    return file(name, text + "END\n");
  }

  // The questions that these commands store together.
  std::size_t questions(const std::vector<std::string>& commands) const {
    const std::string db = folder_ + "/q.db";
    for (const char* more : {"", "-wal", "-shm"}) std::filesystem::remove(db + more);
    for (const std::string& command : commands) {
      const Answer a = anesim(command + " --db " + db);
      EXPECT_EQ(a.status, 0) << command << "\n" << a.text;
    }
    ane::results::Database stored(db, ane::results::Database::Open::existing);
    ane::results::Statement rows(stored, "SELECT DISTINCT question_digest FROM run");
    std::size_t n = 0;
    while (rows.step()) ++n;
    return n;
  }
  void expect_one_question(const std::vector<std::string>& commands) const {
    EXPECT_EQ(questions(commands), 1u) << commands[0];
  }
  static void expect_fault(const std::string& arguments, const std::string& said) {
    const Answer a = anesim(arguments);
    EXPECT_EQ(a.status, 2) << arguments << "\n" << a.text;
    EXPECT_THAT(a.text, HasSubstr(said)) << arguments;
    EXPECT_LE(std::count(a.text.begin(), a.text.end(), '\n'), 2) << a.text;
  }
  static Json json(const std::string& arguments) {
    const Answer a = anesim(arguments + " --no-db --json", "");
    EXPECT_EQ(a.status, 0) << arguments;
    return Json::parse(a.text);
  }

  const std::string folder_ = testing::TempDir() + "/names_" + std::to_string(getpid());
};

TEST_F(Names, OfANetworkAreOneQuestionInAnySpelling) {
  expect_one_question({"run mobilenet_v2", "run mobilenetv2", "run MobileNetV2", "run MobileNet-v2",
                       "run kind=network name=MobileNetV2", "run 'kind=network name=mobilenet_v2'",
                       "run network name=mobilenetv2"});
  expect_one_question({"run resnet50", "run ResNet-50 batch=1", "run 'resnet50 input=1x3x224x224'",
                       "run resnet50 unit=ane", "run resnet50 --unit ane path=coreml",
                       "run resnet50 --precision fp16 --batch 1", "run resnet50 form=accelerator"});
  expect_one_question({"run BERT-base", "run encoder name=bert-base tokens=128 heads=12"});
}

TEST_F(Names, OfALanguageModelAreAskedForTheNextToken) {
  const Answer a = anesim("run Llama-3.2-1B --no-db");
  EXPECT_EQ(a.status, 0);
  EXPECT_THAT(a.text, HasSubstr("asked as: kind=llm name=llama-3.2-1b phase=decode context=512\n"));
  expect_one_question({"run llama-3.2-1b", "run llama3.2-1b layers=16 vocab=128256",
                       "run 'kind=llm name=llama-3.2-1b phase=decode context=512'"});
  EXPECT_EQ(json("run gpt2 phase=prefill")["input"], "kind=llm name=gpt2 phase=prefill tokens=512");
  EXPECT_EQ(json("run gpt2 context=64")["input"], "kind=llm name=gpt2 phase=decode context=64");
  expect_fault("run kind=llm name=gpt2", "phase (decode or prefill)");
}

TEST_F(Names, AndKeysSayTheSameAsOptions) {
  for (const char* name : {"mobilenet_v3_small", "kind=matmul m=64 n=64 k=64"}) {
    expect_one_question({fmt::format("run {} batch=4 unit=gpu weights=int8", name),
                         fmt::format("run {} --batch 4 --unit gpu --precision int8w", name),
                         fmt::format("run {} batch=4 --batch 4 --unit gpu weights=int8", name)});
    expect_one_question({fmt::format("run {} weights=int8 activations=int8", name),
                         fmt::format("run {} --precision int8", name),
                         fmt::format("run {} --precision w8a8", name)});
  }
  expect_fault("run resnet50 unit=gpu --unit cpu", "--unit: the request says unit=gpu");
  expect_fault("run resnet50 batch=2 --batch 3", "--batch: the request says batch=2");
  expect_fault("run resnet50 weights=int4 --precision int8", "the request says weights=int4");
  expect_fault("run resnet50 path=mlx --runtime mps", "the request says path=mlx");
  expect_fault("run kind=launch --precision int8", "kind=launch has no number format");
  expect_fault("run kind=launch --batch 2", "kind=launch has no key 'batch'");
  expect_fault("run kind=matmul m=8 n=8 k=8 precision=int8", "--precision int8");
}

TEST_F(Names, OfValuesSetAreOneQuestionInAnyUnit) {
  const std::string run = "run kind=matmul m=64 n=64 k=64 ";
  expect_one_question(
      {run + "--set ane.l2=4MiB", run + "--set ane.l2=4194304", run + "--set 'ane.l2=4096 KiB'"});
  expect_one_question({run, run + "--set ane.l2=2MiB", run + "--set ane.cores=16"});
  expect_one_question(
      {run + "--set ane.l2=4MiB --set ane.cores=8", run + "--set ane.cores=8 --set ane.l2=4MiB"});
  EXPECT_EQ(questions({run, run + "--set ane.l2=4MiB"}), 2u);
  expect_one_question(
      {run + "--chip A17Pro", run + "--chip iPhone15Pro", run + "--chip 'iPhone 15 Pro Max'"});
  expect_one_question({run + "--chip M2", run + "--chip 'MacBook Air M2'"});
}

TEST_F(Names, OfRequestsNeedNoQuotes) {
  expect_one_question({"run kind=matmul m=1000 n=64 k=64", "run matmul m=1e3 n=64 k=64",
                       "run m=1000 n=64 kind=matmul k=64", "run 'matmul m=1000' n=64 k=64",
                       "run kind=matmul --chip M4 m=1000 n=64 --unit ane k=64"});
  expect_fault("run matmul m=4k n=8 k=8", "m=4000 or m=4096");
  expect_fault("run matmul m=1.5 n=8 k=8", "'1.5' is no whole number");
  expect_fault("run m=8 n=8", "no 'kind='");
  expect_fault("run resnet50 resnet18", "one at a time");
  expect_fault("run resnet50 readqc", "stands alone");
  expect_fault("run resnet50 weihgts=int8", "did you mean 'weights'");
  expect_fault("run resnet50 weights=int7", "did you mean 'int8'");
}

TEST_F(Names, ThatNobodyHasNameTheNearest) {
  for (const auto& [word, said] : {std::pair{"resnet51", "'resnet50'"},
                                   {"mobilnet_v2", "'mobilenet_v2'"},
                                   {"lama-3.2-1b", "'llama-3.2-1b'"},
                                   {"readcq", "'readqc'"},
                                   {"matmull", "'matmul'"},
                                   {"stable_diffusion", "'stable_diffusion_1_5_unet'"}})
    expect_fault(fmt::format("run {}", word), fmt::format("did you mean {}", said));
  expect_fault("run zzzzzzzzzz", "`anesim models` lists what has a name");
}

TEST_F(Names, OfFilesAreKnownByTheirContent) {
  const std::string reads = fastq("anything.dat"), pdb = structure("helix.txt");
  const Answer r = anesim("run " + reads + " --model biometal --limit 1k --no-db");
  EXPECT_EQ(r.status, 0) << r.text;
  EXPECT_THAT(r.text, HasSubstr("readqc biometal on M4 ane"));
  const Answer p = anesim("run " + pdb + " --hidden 16 --layers 1 --no-db");
  EXPECT_EQ(p.status, 0) << p.text;
  EXPECT_THAT(p.text, HasSubstr("mpnn exact on M4 ane"));
  EXPECT_EQ(anesim("compare " + pdb + " --chips M4 --units ane --no-db").status, 0);
  expect_one_question({"run " + reads + " --model biometal",
                       "run readqc " + reads + " --model biometal --limit all",
                       "run readqc --reads " + reads + " --model biometal --limit 1e6"});
  expect_fault("compare " + reads, "reads no reads");

  expect_fault("run model.tflite", "is a TensorFlow Lite model: of models, ONNX files are read");
  expect_fault("run MobileNetV2.mlpackage", "anesim run mobilenet_v2");
  expect_fault("run " + file("m", "GGUF....") + " --chip M4", "a GGUF model");
  expect_fault("run " + file("p.s", "fence\nend\n"), "anesim exec");
  expect_fault("run " + file("a.fa", ">x\nACGT\n"), "FASTA");
  expect_fault("run " + file("w.safetensors", "........"), "--weights");
  expect_fault("run " + file("e.txt", ""), "is empty");
  expect_fault("run " + file("t.txt", "some words\n"), "no input that a workload is known by");
  expect_fault("run " + folder_, "is a folder");
  expect_fault("run " + folder_ + "/anythin.dat", "did you mean '" + reads + "'?");
  expect_fault("run -", "anesim run readqc --reads -");
  expect_fault("run readqc --reads " + folder_ + "/anything.dta", "did you mean '" + reads + "'?");
}

TEST_F(Names, InListsAreThereOnceAndNotEmpty) {
  expect_fault("compare resnet50 --chips M1,,M4", "has an empty name");
  expect_fault("compare resnet50 --chips M1,", "has an empty name");
  expect_fault("compare resnet50 --units ane,ane", "is there twice");
  expect_fault("compare resnet50 --chips M4 --batches 8,8", "is there twice");
  expect_fault("sweep resnet50 --axis chip=M1,M4 --objective latency,latency", "is there twice");
}

TEST_F(Names, WhatIsSaidOfAnotherUnitIsToldOrRefused) {
  expect_fault("run resnet50 --chip RTX4090", "unit=gpu (--unit)");
  expect_fault("run kind=matmul m=8 n=8 k=8 --values --unit cpu --profile ieee",
               "is of the ANE's arithmetic");
  const auto remark = [](const std::string& arguments) {
    return anesim("run " + arguments + " --no-db", "2>&1 >/dev/null").text;
  };
  EXPECT_THAT(remark("resnet50 --unit cpu --set ane.l2=4MiB"), HasSubstr("changes nothing"));
  EXPECT_EQ(remark("resnet50 --unit ane --set ane.l2=4MiB"), "");
  EXPECT_EQ(remark("resnet50 --unit ane --set cpu.e_cores=2"), "");
  EXPECT_EQ(remark("vision_language --set ane.l2=4MiB --set gpu.clock=1GHz"), "");
}

TEST_F(Names, AreComparedAsTheyAreRun) {
  const Json j = json("compare resnet50 MobileNetV2 llama-3.2-1b --chips M1,M4 --units ane,gpu");
  EXPECT_EQ(j["runs"].size(), 12u);
  const Answer a = anesim("compare resnet50 --chips M1,M4 --precisions q4_0 --units ane --no-db");
  EXPECT_EQ(a.status, 2);
  EXPECT_EQ(std::count(a.text.begin(), a.text.end(), '\n'), 2) << a.text;
  const Answer b =
      anesim("compare resnet50 --chips M1,M4 --precisions fp16,q4_0 --units ane --no-db");
  EXPECT_EQ(b.status, 0);
  EXPECT_THAT(b.text, HasSubstr("left out: resnet50 on M1 ane"));
  EXPECT_THAT(b.text, HasSubstr("and 1 more"));
  expect_fault("compare resnet50 unit=gpu", "--units gpu");
  expect_fault("compare resnet50 batch=2 --batches 1,2", "says it as well");
  expect_fault("compare kind=vision_language --chips M4 --units quantum", "'quantum'");
}

TEST_F(Names, OfHostsAndAccelerators) {
  expect_fault("run kind=vision_language host=M1 unit=gpu", "M4 has a CPU of its own");
  expect_fault("run kind=vision_language host=-1 unit=gpu", "unknown chip '-1'");
  expect_fault("run vision_language host=-1", "did you mean '--host -1'?");
}

TEST_F(Names, SaidToAModelThatHasItsOwnAreFaults) {
  const std::string reads = fastq("r.fq"), model = folder_ + "/m.safetensors";
  ASSERT_EQ(anesim("train readqc --epochs 1 --reads " + reads + " --out " + model).status, 0);
  const std::string run = "run readqc --no-db --reads " + reads + " --model ";
  EXPECT_EQ(anesim(run + model).status, 0);
  for (const char* option :
       {"--rule maxee1", "--rule fastq", "--k 3", "--dim 64", "--separate", "--seed 2"})
    expect_fault(run + model + " " + option, "says nothing beside --model");
  expect_fault("compare readqc --model " + model + " --rule maxee1", "says nothing beside --model");
  expect_fault(run + "mlp --k 4", "--model kmer");
  expect_fault(run + "biometal --seed 4", "not trained");
  expect_fault(run + "mlp --limit 0", "at least 1");
  expect_fault(run + "mlp --limit many", "or all");
}

TEST_F(Names, BesideWhatDoesNotReadThemAreFaults) {
  for (const char* arguments :
       {"tables --best --source 000", "tables --best --strict", "validate --markdown --json",
        "validate --csv --worst 3", "calibrate --residuals --only x", "check --update --json",
        "chips --runtimes --sources", "chips M4 --aliases --formats", "chips M4 --runtime mlx",
        "compare mpnn --unit gpu --units ane", "compare mpnn --bucket-count 3",
        "compare mpnn --buckets-from f --chips M4", "arith act --fn gelu --knots --x 1"})
    expect_fault(arguments, "says nothing beside");
}

TEST_F(Names, OfStoredRunsAreFound) {
  const std::string db = " --db " + folder_ + "/r.db";
  ASSERT_EQ(anesim("run mobilenet_v2 --chip M2" + db).status, 0);
  EXPECT_THAT(anesim("runs --chip m2" + db).text, HasSubstr("1 run\n"));
  EXPECT_THAT(anesim("runs --chip 'MacBook Air M2' --unit ANE" + db).text, HasSubstr("1 run\n"));
  expect_fault("runs --chip M99" + db, "unknown chip 'M99'");
  expect_fault("runs --chip M2Porr" + db, "did you mean 'M2Pro'");
  expect_fault("runs --unit nvidia" + db, "unknown unit 'nvidia'");
  expect_fault("runs --workload netwokr" + db, "did you mean 'network'");
  const Answer none = anesim("runs --chip M4" + db);
  EXPECT_EQ(none.status, 0);
  EXPECT_THAT(none.text, HasSubstr("no run fits --chip M4: stored are M2"));
  EXPECT_THAT(none.text, HasSubstr("0 runs"));
}

TEST_F(Names, OfChipsAreListedWithTheirDevices) {
  const Answer a = anesim("chips --aliases");
  EXPECT_EQ(a.status, 0);
  EXPECT_THAT(a.text, HasSubstr("iPhone 15 Pro"));
  EXPECT_THAT(a.text, HasSubstr("MacBook Air M2"));
  EXPECT_THAT(anesim("chips --aliases M2").text, testing::StartsWith("M2 "));
  EXPECT_EQ(Json::parse(anesim("chips --aliases A17Pro --json").text)["chips"][0]["aliases"].size(),
            5u);
  expect_fault("chips 'iPhone 15 Prro'", "did you mean 'iPhone 15 Pro'");
}

TEST_F(Names, OfModelsComeWithTheirSize) {
  const Json models = Json::parse(anesim("models --json", "").text)["models"];
  std::map<std::string, int> of_kind;
  for (const Json& row : models) {
    ++of_kind[row["kind"]];
    EXPECT_GT(row["macs"].get<double>(), 0) << row;
    EXPECT_GT(row["parameters"].get<double>(), 0) << row;
    if (row["name"] != "resnet50") continue;
    EXPECT_NEAR(row["macs"].get<double>(), 4.09e9, 0.05e9);
    EXPECT_NEAR(row["parameters"].get<double>(), 25.6e6, 0.3e6);
    EXPECT_EQ(row["input"], "1x3x224x224");
  }
  EXPECT_GT(of_kind["network"], 50);
  EXPECT_GT(of_kind["llm"], 15);
  EXPECT_EQ(of_kind["workload"], 3);
  EXPECT_THAT(anesim("models mobilenet").text, Not(HasSubstr("resnet18")));
  expect_fault("models mobilnet_v2", "did you mean 'mobilenet_v2'?");
}

}  // namespace
