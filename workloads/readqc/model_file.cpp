// A model file: safetensors whose metadata hold the spec. Nothing is guessed on reading: the spec
// fixes the layers, and the file must hold exactly their parameters.
#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <vector>

#include "isa/error.h"
#include "workloads/files/safetensors.h"
#include "workloads/readqc/model.h"

namespace ane::workloads::readqc {
namespace {

constexpr std::string_view format_version = "anesim-readqc 1";

std::string encoding_text(const Encoding& e) {
  switch (e.kind) {
    case EncodingKind::ordinal:
      return "ordinal: 150 bases /4, 150 qualities /93";
    case EncodingKind::one_hot:
      return "one-hot: A C G T unknown, quality /40";
    case EncodingKind::kmers:
      return fmt::format("{}-mers, {}", e.k, e.overlapping ? "overlapping" : "separate");
  }
  ANE_CHECK(false, "an encoding of the list");
}

class Metadata {
 public:
  Metadata(const std::map<std::string, std::string>& words, const std::string& path)
      : words_(words), path_(path) {}

  const std::string& word(const std::string& key) const {
    const auto at = words_.find(key);
    if (at == words_.end())
      throw InputError(path_, fmt::format("is no read-QC model: no '{}' in its metadata", key),
                       "anesim train readqc --out writes one");
    return at->second;
  }
  template <class Int>
  Int number(const std::string& key) const {
    const std::string& text = word(key);
    Int value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size())
      throw InputError(path_, fmt::format("metadata '{}' is no whole number: '{}'", key, text));
    return value;
  }
  // Files of earlier versions do not say.
  std::int64_t length(const std::string& key) const {
    if (!words_.contains(key)) return 0;
    const auto value = number<std::int64_t>(key);
    if (value < 0 || value > window)
      throw InputError(path_, fmt::format("metadata '{}' is {}", key, value),
                       fmt::format("0 to {}", window));
    return value;
  }
  void expect(const std::string& key, const std::string& wanted) const {
    if (word(key) != wanted)
      throw InputError(path_,
                       fmt::format("metadata '{}' is '{}', not '{}'", key, word(key), wanted));
  }

 private:
  const std::map<std::string, std::string>& words_;
  const std::string& path_;
};

}  // namespace

void save_model(const Model& model, const std::string& path) {
  const ModelSpec& s = model.spec;
  write_safetensors({.metadata = {{"format", std::string(format_version)},
                                  {"model", std::string(info(s.kind).name)},
                                  {"rule", std::string(info(s.rule).name)},
                                  {"k", std::to_string(s.k)},
                                  {"dim", std::to_string(s.dim)},
                                  {"overlapping", s.overlapping ? "1" : "0"},
                                  {"window", std::to_string(window)},
                                  {"encoding", encoding_text(model.encoding)},
                                  {"seed", std::to_string(model.training.seed)},
                                  {"epochs", std::to_string(model.training.epochs)},
                                  {"train_reads", std::to_string(model.training.train_reads)},
                                  {"shortest", std::to_string(model.training.shortest)},
                                  {"longest", std::to_string(model.training.longest)},
                                  {"source", model.training.source},
                                  {"phred", model.training.phred}},
                     .tensors = model.parameters},
                    path);
}

Model load_model(const std::string& path) {
  Safetensors file = read_safetensors(path);
  const Metadata meta(file.metadata, path);
  meta.expect("format", std::string(format_version));
  ModelSpec spec;
  try {
    spec = {.kind = model_kind_named(meta.word("model")),
            .rule = rule_named(meta.word("rule")),
            .k = meta.number<std::int64_t>("k"),
            .dim = meta.number<std::int64_t>("dim"),
            .overlapping = meta.number<int>("overlapping") != 0};
  } catch (const InputError& e) {
    throw InputError(path, e.what(), e.note());
  }
  Model model = make_model(spec);
  meta.expect("window", std::to_string(window));
  meta.expect("encoding", encoding_text(model.encoding));
  model.training = {.seed = meta.number<std::uint64_t>("seed"),
                    .epochs = meta.number<std::int64_t>("epochs"),
                    .train_reads = meta.number<std::int64_t>("train_reads"),
                    .shortest = meta.length("shortest"),
                    .longest = meta.length("longest"),
                    .source = meta.word("source"),
                    .phred = meta.word("phred")};
  for (auto& [name, tensor] : model.parameters) {
    const auto at = file.tensors.find(name);
    if (at == file.tensors.end()) throw InputError(path, fmt::format("has no tensor '{}'", name));
    if (at->second.format != tensor.format || at->second.shape != tensor.shape)
      throw InputError(
          path, fmt::format("tensor '{}' is {} {}, not {} {}", name, info(at->second.format).name,
                            kernels::to_string(at->second.shape), info(tensor.format).name,
                            kernels::to_string(tensor.shape)));
    for (const float value : at->second.as<float>())
      if (!std::isfinite(value))
        throw InputError(path,
                         fmt::format("tensor '{}' holds {}, which is not finite", name, value));
    tensor = std::move(at->second);
    file.tensors.erase(at);
  }
  if (!file.tensors.empty())
    throw InputError(path, fmt::format("tensor '{}' is none of model '{}'",
                                       file.tensors.begin()->first, info(spec.kind).name));
  return model;
}

}  // namespace ane::workloads::readqc
