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

using ::testing::HasSubstr;

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
  f.tensors["features.node_embedding.weight"] = kernels::Tensor(isa::Format::fp32, {1});
  EXPECT_THAT(refusal(f), HasSubstr("CA-only"));
  f.tensors.clear();
  EXPECT_THAT(refusal(f), HasSubstr("no tensor 'W_e.weight'"));
  f = good;
  f.metadata["num_edges"] = "many";
  EXPECT_THAT(refusal(f), HasSubstr("no number"));
  f.metadata["num_edges"] = "0";
  EXPECT_THAT(refusal(f), HasSubstr("no count of neighbours"));
}

TEST(MpnnModel, TheTrainedCheckpointLoads) {
  const std::string path = golden_folder + "trained_v0.pt";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "no file " << path;
  EXPECT_EQ(load_weights(path).spec, ModelSpec{});
}

}  // namespace
}  // namespace ane::workloads::mpnn
