#include "tests/faults/writers.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "results/store.h"

namespace ane::faults {
namespace {

namespace fs = std::filesystem;

// 300 reads of 60 bases, every other one with a bad tail.
std::string reads() {
  std::string text;
  for (int i = 0; i < 300; ++i) {
    const int good = i % 2 == 0 ? 60 : i * 7 % 55;
    std::string bases, qualities;
    for (int b = 0; b < 60; ++b) {
      bases += "ACGT"[(i * 31 + b * b) % 4];
      qualities += b < good ? 'I' : '#';
    }
    text += fmt::format("@r{}\n{}\n+\n{}\n", i, bases, qualities);
  }
  return text;
}

std::string helix() {
  std::string text;
  int serial = 0;
  for (int i = 0; i < 12; ++i)
    for (const auto& [atom, phase] :
         {std::pair{"N", -0.5}, std::pair{"CA", 0.0}, std::pair{"C", 0.45}, std::pair{"O", 0.5}}) {
      const double t = 1.7453 * i + phase;
      text +=
          fmt::format("ATOM  {:5d}  {:<3} ALA A{:4d}    {:8.3f}{:8.3f}{:8.3f}  1.00  0.00\n",
                      ++serial, atom, i + 1, 2.3 * std::cos(t), 2.3 * std::sin(t), 1.5 * i + phase);
    }
  return text + "END\n";
}

void write(const fs::path& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

std::string content(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

bool is_input(const std::string& name) {
  return name == "reads.fq" || name == "helix.pdb" || name == "program.s";
}

}  // namespace

const std::vector<Writer>& writers() {
  static const std::vector<Writer> all = {
      {.name = "run",
       .arguments = {"run", "kind=matmul m=64 n=64 k=64", "--db", "runs.db", "--again", "--tasks",
                     "--trace", "trace.json"},
       .outputs = {"trace.json"},
       .stores = true},
      {.name = "compare",
       .arguments = {"compare", "readqc", "--batches", "1,10,100", "--chips", "M1,M4", "--db",
                     "runs.db", "--again"},
       .stores = true},
      {.name = "train",
       .arguments = {"train", "readqc", "--reads", "reads.fq", "--epochs", "1", "--out",
                     "model.safetensors"},
       .outputs = {"model.safetensors"}},
      {.name = "sample",
       .arguments = {"run", "mpnn", "--pdb", "helix.pdb", "--hidden", "16", "--layers", "1",
                     "--mode", "sample", "--out", "designs.fasta", "--no-db"},
       .outputs = {"designs.fasta"}},
      {.name = "score",
       .arguments = {"run", "mpnn", "--pdb", "helix.pdb", "--hidden", "16", "--layers", "1",
                     "--out", "scores.npy", "--db", "runs.db", "--again"},
       .outputs = {"scores.npy"},
       .stores = true},
      {.name = "calibrate",
       .arguments = {"calibrate", "--passes", "1", "--only", "ane.dispatch.coreml", "--write",
                     "sim"},
       .outputs = {"sim/chips/A14.json", "sim/chips/A16.json"}},
      {.name = "check",
       .arguments = {"check", "--update", "--case", "readqc mlp fp16 ane16", "--file", "check.txt"},
       .outputs = {"check.txt"}},
      {.name = "asm",
       .arguments = {"asm", "program.s", "-o", "program.anex"},
       .outputs = {"program.anex"}},
      {.name = "answer",
       .arguments = {"run", "readqc", "--reads", "reads.fq", "--model", "biometal", "--threads",
                     "3", "--batch", "20", "--out", "scores.tsv", "--out", "good.fastq.gz", "--db",
                     "runs.db", "--again"},
       .outputs = {"scores.tsv", "good.fastq.gz"},
       .stores = true},
  };
  return all;
}

Folder::Folder() {
  std::string name = testing::TempDir() + "anesim_faults_XXXXXX";
  if (mkdtemp(name.data()) == nullptr) std::abort();
  path_ = name;
  write(file("reads.fq"), reads());
  write(file("helix.pdb"), helix());
  write(file("program.s"), ".program demo\nconv kw=3 kh=3 sx=1 sy=1 pl=1 pt=1\nend\n");
  clear();
}

Folder::~Folder() {
  fs::remove_all(path_);
}

void Folder::clear() {
  for (const auto& entry : fs::directory_iterator(path_))
    if (!is_input(entry.path().filename().string())) fs::remove_all(entry.path());
  for (const char* folder : {"sim/chips", "sim/runtimes"}) fs::create_directories(file(folder));
  for (const char* name : {"sim/chips/A14.json", "sim/chips/A16.json"})
    fs::copy(std::string(SOURCE_DIR "/") + name, file(name));
}

std::map<std::string, std::string> Folder::outputs(const Writer& writer) const {
  std::map<std::string, std::string> all;
  for (const std::string& name : writer.outputs)
    if (fs::exists(file(name))) all[name] = content(file(name));
  return all;
}

std::vector<std::string> Folder::left_behind() const {
  std::vector<std::string> names;
  for (const auto& entry : fs::recursive_directory_iterator(path_))
    if (const std::string name = entry.path().filename().string(); name.starts_with(".anesim-"))
      names.push_back(name);
  return names;
}

std::string Folder::fault_of_store() const {
  if (!fs::exists(file("runs.db")) || fs::file_size(file("runs.db")) == 0) return "";
  try {
    {
      results::Database raw(file("runs.db"), results::Database::Open::existing);
      results::Statement check(raw, "PRAGMA integrity_check");
      if (!check.step() || check.text(0) != "ok") return "integrity_check: " + check.text(0);
      if (raw.number("SELECT count(*) FROM pragma_foreign_key_check") != 0) return "foreign keys";
    }
    results::Store store(file("runs.db"));
    for (const results::Listing& run : store.list()) store.load(run.id);
  } catch (const InputError& e) {
    return e.place() + ": " + e.what();
  }
  return "";
}

std::size_t Folder::runs() const {
  if (!fs::exists(file("runs.db")) || fs::file_size(file("runs.db")) == 0) return 0;
  return results::Store(file("runs.db")).list().size();
}

std::string fault_of_outputs(const std::map<std::string, std::string>& before,
                             const std::map<std::string, std::string>& whole,
                             const std::map<std::string, std::string>& now) {
  for (const auto& [name, bytes] : whole) {
    const auto was = before.find(name), is = now.find(name);
    if (is == now.end() ? was != before.end()
                        : is->second != bytes && (was == before.end() || is->second != was->second))
      return fmt::format("{}: {}", name,
                         is == now.end() ? "is gone"
                                         : fmt::format("{} bytes, neither the old ones nor the new",
                                                       is->second.size()));
  }
  return "";
}

}  // namespace ane::faults
