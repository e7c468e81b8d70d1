// Safetensors: what is read is written again to the same tensors. The models that are kept in it
// have readers of their own.
#include "workloads/files/safetensors.h"

#include "isa/error.h"
#include "tests/fuzz/zip_writer.h"
#include "workloads/mpnn/model.h"
#include "workloads/readqc/model.h"

namespace ane::fuzz {
namespace {

void read_models(std::string_view bytes) {
  const File file(bytes, ".safetensors");
  try {
    workloads::readqc::load_model(file.path());
  } catch (const InputError&) {
  }
  try {
    workloads::mpnn::load_weights(file.path());
  } catch (const InputError&) {
  }
}

std::string safetensors(const std::string& header, std::size_t data) {
  return little(header.size(), 8) + header + std::string(data, '\x3c');
}

}  // namespace

void read(std::string_view bytes) {
  using workloads::parse_safetensors;
  // Where no length stands in front, it is put there: text grows and shrinks under changes.
  std::string file(bytes);
  if (bytes.starts_with('{')) {
    const std::size_t end = std::min(bytes.rfind('}'), bytes.size() - 1) + 1;
    file = little(end, 8) + file;
  }
  read_models(file);
  const workloads::Safetensors s = parse_safetensors(file, "x.safetensors");
  const workloads::Safetensors again =
      parse_safetensors(workloads::safetensors_bytes(s), "again.safetensors");
  require(again.tensors.size() == s.tensors.size() && again.metadata == s.metadata,
          "another file when written again");
  for (const auto& [name, tensor] : s.tensors) {
    const auto at = again.tensors.find(name);
    require(at != again.tensors.end() && at->second.bytes == tensor.bytes &&
                at->second.shape == tensor.shape && at->second.format == tensor.format,
            "another tensor when written again");
  }
}

std::vector<std::string> seeds() {
  namespace qc = workloads::readqc;
  namespace mp = workloads::mpnn;
  std::vector<std::string> all = {
      safetensors(R"({"a":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]}})", 16),
      safetensors(
          R"({"__metadata__":{"k":"v"},"a":{"dtype":"F16","shape":[3],"data_offsets":[0,6]},)"
          R"("b":{"dtype":"I64","shape":[],"data_offsets":[6,14]}})",
          14)};
  const File file("", ".safetensors");
  qc::save_model(qc::make_model({.kind = qc::ModelKind::biometal}), file.path());
  all.push_back(workloads::safetensors_bytes(workloads::read_safetensors(file.path())));
  workloads::Safetensors s;
  mp::Weights weights =
      mp::seeded_weights({.hidden = 1, .encoder_layers = 1, .decoder_layers = 1, .neighbours = 4});
  mp::for_each_tensor(weights, [&](const std::string& name, const kernels::Shape& shape,
                                   std::vector<float>& values) {
    kernels::Tensor t(isa::Format::fp32, shape);
    std::ranges::copy(values, t.as<float>().begin());
    s.tensors[name] = std::move(t);
  });
  all.push_back(workloads::safetensors_bytes(s));
  return all;
}

}  // namespace ane::fuzz
