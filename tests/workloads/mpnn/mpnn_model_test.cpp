// Parameters: names, shapes, seeded values, and files.
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "isa/error.h"
#include "mpnn_data.h"
#include "workloads/files/safetensors.h"
#include "workloads/mpnn/model.h"

namespace ane::workloads::mpnn {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

Safetensors as_file(Weights w) {
  Safetensors file;
  for_each_tensor(
      w, [&](const std::string& name, const kernels::Shape& shape, std::vector<float>& values) {
        kernels::Tensor t(isa::Format::fp32, shape);
        std::copy(values.begin(), values.end(), t.as<float>().begin());
        file.tensors[name] = std::move(t);
      });
  return file;
}

std::string path_of(const Safetensors& file) {
  const std::string path =
      testing::TempDir() + "/" + std::to_string(getpid()) + "_anesim_mpnn_model_test.safetensors";
  write_safetensors(file, path);
  return path;
}

std::string refusal(const Safetensors& file) {
  try {
    load_weights(path_of(file));
  } catch (const InputError& e) {
    return e.what();
  }
  return "not refused";
}

TEST(MpnnModel, PublishedSizesHaveTheirParameterCounts) {
  EXPECT_EQ(parameter_count({}), 1'660'485);
  EXPECT_EQ(parameter_count({64, 2, 2, 48}), 300'549);
}

TEST(MpnnModel, SeededTensorsAreThoseOfTheIndexInNameShapeAndOrder) {
  const std::string path = golden_folder + "synthetic_weights/weights_index.json";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "no file " << path;
  std::ifstream in(path);
  const auto index = nlohmann::json::parse(in);
  Weights w = seeded_weights({});
  std::size_t at = 0, offset = 0;
  for_each_tensor(
      w, [&](const std::string& name, const kernels::Shape& shape, std::vector<float>& values) {
        ASSERT_LT(at, index.size());
        EXPECT_EQ(index[at]["name"], name);
        EXPECT_EQ(index[at]["shape"].get<kernels::Shape>(), shape);
        EXPECT_EQ(index[at]["offset"], offset);
        offset += values.size() * 4;
        ++at;
      });
  EXPECT_EQ(at, index.size());
}

TEST(MpnnModel, SeededValuesFollowTheirRecipe) {
  const Weights w = seeded_weights({});
  // Worked out apart from fnv1a64("W_e.bias") + 20261121 and splitmix64.
  EXPECT_EQ(w.W_e.bias.at(0), 0.012753576040267944f);
  EXPECT_EQ(w.W_e.bias.at(1), -0.04714890569448471f);
  for (const float v : w.W_e.bias) EXPECT_LE(std::abs(v), 0.05f);
  for (const float v : w.norm_edges.weight) EXPECT_LE(std::abs(v - 1), 0.1f);
  const float most = static_cast<float>(std::sqrt(6.0 / (128 + 416)));
  for (const float v : w.edge_embedding.weight) EXPECT_LE(std::abs(v), most);
  EXPECT_NE(w.encoder[0].W1.weight, w.encoder[1].W1.weight);
  EXPECT_NE(seeded_weights({}, 1).W_e.bias, w.W_e.bias);
}

TEST(MpnnModel, SafetensorsGiveTheSameWeightsAndTheirSizes) {
  const Weights w = seeded_weights({16, 1, 2, 7});
  Safetensors file = as_file(w);
  file.metadata["num_edges"] = "7";
  const Weights back = load_weights(path_of(file));
  EXPECT_EQ(back.spec, w.spec);
  EXPECT_EQ(back.decoder[1].ff_out.weight, w.decoder[1].ff_out.weight);
  EXPECT_EQ(back.W_s, w.W_s);
}

TEST(MpnnModel, HalfPrecisionWeightsAreReadExactly) {
  Safetensors file = as_file(seeded_weights({16, 1, 1, 7}));
  kernels::Tensor half(isa::Format::fp16, {16});
  half.as<std::uint16_t>()[3] = 0x3C01;
  half.as<std::uint16_t>()[4] = 0x8001;
  file.tensors["W_e.bias"] = half;
  const Weights w = load_weights(path_of(file));
  EXPECT_EQ(w.W_e.bias[3], 1.0009765625f);
  EXPECT_EQ(w.W_e.bias[4], -0x1p-24f);
}

TEST(MpnnModel, WrongTensorsAreRefusedByName) {
  const Safetensors good = as_file(seeded_weights({16, 1, 1, 7}));
  Safetensors f = good;
  f.tensors.erase("W_out.bias");
  EXPECT_THAT(refusal(f), HasSubstr("'W_out.bias' is missing"));
  f = good;
  f.tensors["more"] = f.tensors.at("W_out.bias");
  EXPECT_THAT(refusal(f), HasSubstr("'more' does not belong"));
  f = good;
  f.tensors["W_e.bias"] = kernels::Tensor(isa::Format::fp32, {17});
  EXPECT_THAT(refusal(f), HasSubstr("shape [17], expected [16]"));
  f = good;
  f.tensors["W_e.bias"] = kernels::Tensor(isa::Format::i32, {16});
  EXPECT_THAT(refusal(f), HasSubstr("neither fp32 nor fp16"));
  f = good;
  f.tensors["W_e.bias"].as<float>()[2] = NAN;
  EXPECT_THAT(refusal(f), HasSubstr("not finite"));
  f = good;
  f.tensors.clear();
  EXPECT_THAT(refusal(f), HasSubstr("no tensor 'W_e.weight'"));
  f = good;
  f.metadata["num_edges"] = "many";
  EXPECT_THAT(refusal(f), HasSubstr("no number"));
  f.metadata["num_edges"] = "0";
  EXPECT_THAT(refusal(f), HasSubstr("no count of neighbours"));
}

TEST(MpnnModel, RelativesAreCalledByTheirNames) {
  const Safetensors good = as_file(seeded_weights({16, 1, 1, 7}));
  const auto with = [&](const std::string& name, const kernels::Shape& shape) {
    Safetensors f = good;
    f.tensors[name] = kernels::Tensor(isa::Format::fp32, shape);
    return f;
  };
  EXPECT_THAT(refusal(with("features.node_embedding.weight", {16, 3})),
              HasSubstr("it takes a membrane label of 3 classes"));
  EXPECT_THAT(refusal(with("features.node_embedding.weight", {16, 5})),
              HasSubstr("features of nodes"));
  Safetensors ca = with("features.node_embedding.weight", {16, 3});
  ca.tensors["features.edge_embedding.weight"] = kernels::Tensor(isa::Format::fp32, {16, 167});
  EXPECT_THAT(refusal(ca), HasSubstr("a CA-only checkpoint"));
  EXPECT_THAT(refusal(with("features.edge_embedding.weight", {16, 100})),
              HasSubstr("its edge_embedding is 100 wide"));
  EXPECT_THAT(refusal(with("features.y_nodes.weight", {16, 147})),
              HasSubstr("a LigandMPNN checkpoint"));
  EXPECT_THAT(refusal(with("context_encoder_layers.0.W1.weight", {16, 32})),
              HasSubstr("a LigandMPNN checkpoint"));
  EXPECT_THAT(refusal(with("W_torsions.weight", {1, 1})), HasSubstr("side-chain packer"));
}

// The names of `file`, each as `rename` has it.
template <class Rename>
Safetensors renamed(const Safetensors& file, Rename rename) {
  Safetensors out{.metadata = file.metadata, .tensors = {}};
  for (const auto& [name, tensor] : file.tensors) out.tensors[rename(name)] = tensor;
  return out;
}

TEST(MpnnModel, NamesWrappedByTrainingAreReadAndTold) {
  const Weights w = seeded_weights({16, 1, 1, 7});
  const Safetensors plain = as_file(w);
  EXPECT_THAT(load_weights(path_of(plain)).notes, IsEmpty());
  for (const std::string prefix :
       {"module.", "_orig_mod.", "module._orig_mod.", "state_dict.", "model.", "state_dict.model.",
        "model_state_dict.module.", "model_state_dict._orig_mod.", "net.", "ema.shadow."}) {
    const Weights back =
        load_weights(path_of(renamed(plain, [&](const std::string& n) { return prefix + n; })));
    EXPECT_EQ(back.decoder[0].ff_out.weight, w.decoder[0].ff_out.weight) << prefix;
    EXPECT_THAT(back.notes, Not(IsEmpty())) << prefix;
  }
  // The original's own name needs no word.
  EXPECT_THAT(
      load_weights(
          path_of(renamed(plain, [](const std::string& n) { return "model_state_dict." + n; })))
          .notes,
      IsEmpty());
  // A wrapper around each layer.
  const Weights layers = load_weights(path_of(renamed(plain, [](const std::string& n) {
    return n.starts_with("encoder_layers.0.")
               ? "encoder_layers.0._checkpoint_wrapped_module." + n.substr(17)
               : n;
  })));
  EXPECT_EQ(layers.encoder[0].W1.weight, w.encoder[0].W1.weight);
  EXPECT_THAT(layers.notes, ElementsAre(HasSubstr("'_checkpoint_wrapped_module.'")));
}

TEST(MpnnModel, WhatStandsBesideTheNetworkIsLeftOutAndTold) {
  const Safetensors plain = as_file(seeded_weights({16, 1, 1, 7}));
  Safetensors f = renamed(plain, [](const std::string& n) { return "model_state_dict." + n; });
  f.tensors["optimizer_state_dict.state.0.exp_avg"] = kernels::Tensor(isa::Format::fp32, {3});
  EXPECT_THAT(load_weights(path_of(f)).notes,
              ElementsAre("left out: 1 tensors below 'optimizer_state_dict'"));
  f = plain;
  f.tensors["step"] = kernels::Tensor(isa::Format::i32, {});
  f.tensors["batches"] = kernels::Tensor(isa::Format::i32, {1});
  EXPECT_THAT(load_weights(path_of(f)).notes,
              ElementsAre(HasSubstr("left out: 'batches' and 1 more")));
  // Two networks: the original's name is taken, of two strange ones neither.
  f = renamed(plain, [](const std::string& n) { return "model_state_dict." + n; });
  for (const auto& [name, tensor] : plain.tensors) f.tensors["ema." + name] = tensor;
  EXPECT_THAT(load_weights(path_of(f)).notes, ElementsAre(HasSubstr("tensors below 'ema'")));
  f = renamed(plain, [](const std::string& n) { return "a." + n; });
  for (const auto& [name, tensor] : plain.tensors) f.tensors["b." + name] = tensor;
  EXPECT_THAT(refusal(f), HasSubstr("holds 2 networks, below 'a.', 'b.'"));
}

TEST(MpnnModel, CheckpointsOfTheCasesAreReadOrCalledWhatTheyAre) {
  const std::string folder = SOURCE_DIR "/../shared/cases/checkpoints/";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no folder " << folder;
  const Weights w = load_weights(folder + "reference_same_weights.pt");
  EXPECT_THAT(w.notes, IsEmpty());
  for (const char* name : {"bf16.safetensors", "with_i64_step.safetensors", "module_prefix.pt",
                           "state_dict_and_scheduler.pt"})
    EXPECT_EQ(load_weights(folder + name).decoder[0].ff_out.weight, w.decoder[0].ff_out.weight)
        << name;
  EXPECT_THROW(load_weights(folder + "membrane_like.pt"), InputError);
  EXPECT_THROW(load_weights(folder + "lfs_pointer.pt"), InputError);
}

TEST(MpnnModel, TheTrainedCheckpointLoads) {
  const std::string path = golden_folder + "trained_v0.pt";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "no file " << path;
  EXPECT_EQ(load_weights(path).spec, ModelSpec{});
}

}  // namespace
}  // namespace ane::workloads::mpnn
