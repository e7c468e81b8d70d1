#include "sim/cli/subject/files.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "isa/error.h"
#include "isa/file.h"
#include "workloads/files/text_source.h"
#include "workloads/networks/networks.h"

namespace ane::sim {
namespace {

// Files of others that are no input here: what they are, and what takes them.
struct Stranger {
  std::string_view endings;  // at blanks
  std::string_view magic;    // first bytes; empty: by its ending alone
  std::string_view what;
  std::string_view note;  // empty: a model of a format that is not read
};
constexpr Stranger strangers[] = {
    {".mlpackage .mlmodel .mlmodelc", "", "a Core ML model", ""},
    {".tflite", "", "a TensorFlow Lite model", ""},
    {".gguf", "GGUF", "a GGUF model", ""},
    {".h5 .keras .hdf5", "\x89HDF", "a Keras model", ""},
    {".pt .pth .ckpt .safetensors .bin", "", "a file of weights",
     "weights go with their model: anesim run mpnn --pdb FILE --weights WEIGHTS, anesim run readqc "
     "--reads FILE --model WEIGHTS; whole models are read from ONNX files"},
    {".s .anex", "ANEX", "a program", "anesim exec FILE"},
    {".db .sqlite", "SQLite format 3", "a results file", "anesim runs --db FILE"},
    {".json", "{", "a description", "of a chip: anesim run WHAT --chip FILE"},
    {".bam", "BAM\1", "a file of alignments", "samtools fastq FILE | anesim run readqc --reads -"},
    {".fa .fasta .fna .faa", ">", "FASTA, which has no qualities",
     "FASTQ for readqc, a structure for mpnn"},
};

// Endings of what workloads read.
constexpr std::string_view inputs = ".fastq .fq .gz .bgz .pdb .ent .cif .mmcif .onnx";

bool ends_with_one(std::string_view name, std::string_view endings) {
  while (!endings.empty()) {
    const std::string_view ending = endings.substr(0, endings.find(' '));
    if (name.size() > ending.size() && name.ends_with(ending)) return true;
    endings.remove_prefix(std::min(ending.size() + 1, endings.size()));
  }
  return false;
}

// Without a slash at the end, as shells complete folders.
std::string plain_path(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path;
}

[[noreturn]] void refuse(const std::string& path, const Stranger& s) {
  if (!s.note.empty()) throw InputError(path, fmt::format("is {}", s.what), std::string(s.note));
  const std::string file = path.substr(path.rfind('/') + 1);
  const std::string name = file.substr(0, file.rfind('.'));
  std::vector<std::string> networks;
  for (const workloads::Network& n : workloads::networks()) networks.emplace_back(n.name);
  const workloads::Network* same = workloads::find_network(name);
  throw InputError(path, fmt::format("is {}: of models, ONNX files are read", s.what),
                   fmt::format("exported as ONNX it is; networks are asked for by name{}; {}",
                               same ? fmt::format(": anesim run {}", same->name) : "",
                               choice_note(same ? same->name : std::string_view(name), networks)));
}

}  // namespace

bool means_file(const std::string& word) {
  std::error_code none;
  return word.find('/') != std::string::npos || word == "-" ||
         std::filesystem::exists(word, none) || ends_with_one(word, inputs) ||
         std::ranges::any_of(strangers,
                             [&](const Stranger& s) { return ends_with_one(word, s.endings); });
}

const Workload& workload_of_file(const std::string& given) {
  const std::string path = plain_path(given);
  if (path == "-")
    throw InputError("-", "standard input is no workload", "anesim run readqc --reads -");
  const auto by_ending = std::ranges::find_if(
      strangers, [&](const Stranger& s) { return ends_with_one(path, s.endings); });
  // A model file is a model file whether or not it is there.
  if (by_ending != std::end(strangers) && by_ending->note.empty()) refuse(path, *by_ending);
  std::error_code none;
  const auto about = std::filesystem::status(path, none);
  if (std::filesystem::is_directory(about)) throw InputError(path, "is a folder", "a file in it");
  // A pipe that was looked into has lost what was seen.
  if (std::filesystem::exists(about) && !std::filesystem::is_regular_file(about))
    throw InputError(path, "is a pipe or device, of which nothing is told beforehand",
                     fmt::format("anesim run readqc --reads {}", path));
  workloads::readqc::TextSource file(path);
  const std::string_view start = file.look_ahead();
  for (const Workload& w : workloads())
    if (w.reads != nullptr && w.reads(start)) return w;
  // A file by the name that such inputs have is for that workload to refuse.
  for (const Workload& w : workloads())
    if (path.ends_with(".onnx") && w.input.ends_with(".onnx")) return w;
  for (const Stranger& s : strangers)
    if (!s.magic.empty() && start.starts_with(s.magic)) refuse(path, s);
  if (by_ending != std::end(strangers)) refuse(path, *by_ending);
  std::string takes;
  for (const Workload& w : workloads())
    if (w.reads != nullptr)
      takes += fmt::format("{}{} takes a file as {}", takes.empty() ? "" : ", ", w.name, w.input);
  throw InputError(path, start.empty() ? "is empty" : "is no input that a workload is known by",
                   takes);
}

}  // namespace ane::sim
