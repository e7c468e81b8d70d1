#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <vector>

#include "isa/error.h"
#include "readqc_data.h"
#include "workloads/files/npy.h"
#include "workloads/files/safetensors.h"
#include "workloads/readqc/fastq/fastq.h"
#include "workloads/readqc/network.h"
#include "workloads/readqc/train.h"

namespace ane::workloads::readqc {
namespace {

using testing::HasSubstr;

// Reads of `length` bases whose quality falls off somewhere, as real ones do (about half fail
// fastp's rule), and whose GC and complexity vary.
ReadBatch generated_reads(std::int64_t count, std::uint64_t seed, std::int64_t length = 100) {
  Random random(seed);
  ReadBatch batch;
  for (std::int64_t i = 0; i < count; ++i) {
    std::string bases;
    std::vector<std::uint8_t> qualities;
    const float gc = 0.2F + 0.6F * random.uniform(), repeat = 0.6F * random.uniform();
    const auto end =
        static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(length + length / 2)));
    for (std::int64_t b = 0; b < length; ++b) {
      if (b == 0 || random.uniform() >= repeat)
        bases += random.uniform() < gc ? "GC"[random.below(2)] : "AT"[random.below(2)];
      else
        bases += bases.back();
      const auto q = (b < end ? 28 : 2) + random.below(b < end ? 13 : 10);
      qualities.push_back(static_cast<std::uint8_t>(q));
    }
    append_read(batch, bases, qualities);
  }
  return batch;
}

ModelSpec small_spec(ModelKind kind) {
  return {.kind = kind};
}

TEST(Network, ItsGradientIsTheSlopeOfItsOutput) {
  const ReadBatch reads = generated_reads(3, 5);
  for (const ModelKind kind :
       {ModelKind::mlp, ModelKind::cnn, ModelKind::multitask, ModelKind::kmer}) {
    Model model = make_model(small_spec(kind));
    std::vector<float> p = flatten(model);
    Random random(3);
    for (float& v : p) v = 0.4F * random.uniform() - 0.15F;
    const kernels::Tensor input = encode(reads, model.encoding);
    Network network(model);
    // Loss: a fixed weighting of the outputs, summed in float64.
    const std::size_t outputs = 3 * model.heads.size();
    std::vector<float> weights(outputs), gradient(p.size());
    for (float& w : weights) w = 2 * random.uniform() - 1;
    const auto loss = [&] {
      double sum = 0;
      const auto y = network.forward(p, input);
      for (std::size_t i = 0; i < outputs; ++i)
        sum += static_cast<double>(y[i]) * static_cast<double>(weights[i]);
      return sum;
    };
    loss();
    network.backward(p, weights, gradient);
    double largest = 0;
    for (int trial = 0; trial < 200; ++trial) {
      const std::size_t i = random.below(p.size());
      const float kept = p[i], step = 1e-2F;
      p[i] = kept + step;
      const double above = loss();
      p[i] = kept - step;
      const double slope = (above - loss()) / (2 * static_cast<double>(step));
      p[i] = kept;
      const double scale = std::max(0.05, std::abs(slope));
      largest = std::max(largest, std::abs(slope - static_cast<double>(gradient[i])) / scale);
    }
    EXPECT_LT(largest, 0.02) << info(kind).name;
  }
}

TEST(Network, FlattenedParametersComeBackAsTheyWere) {
  Model model = make_model(small_spec(ModelKind::multitask));
  Random random(1);
  for (auto& [name, tensor] : model.parameters)
    for (float& v : tensor.as<float>()) v = random.uniform();
  Model back = make_model(model.spec);
  unflatten(flatten(model), back);
  for (const auto& [name, tensor] : model.parameters)
    EXPECT_EQ(back.parameter(name).bytes, tensor.bytes) << name;
}

TEST(Training, ConvolutionsTakeAsManyStepsOfFewReads) {
  EXPECT_EQ(default_epochs(ModelKind::mlp, 1000), 12);
  EXPECT_EQ(default_epochs(ModelKind::multitask, 28'000), 6);
  EXPECT_EQ(default_epochs(ModelKind::multitask, 27'999), 7);
  EXPECT_EQ(default_epochs(ModelKind::multitask, 1'000'000), 6);
  EXPECT_EQ(default_epochs(ModelKind::multitask, 14'000), 12);
  EXPECT_EQ(default_epochs(ModelKind::multitask, 100), 60);
}

// By default the three heads are of use: failing reads are found, where a model that passes all of
// them would find none.
TEST(Training, TheMultitaskModelFindsFailingReadsByDefault) {
  const ReadBatch reads = generated_reads(3000, 17);
  const Model model = train({.kind = ModelKind::multitask}, reads, {});
  const Evaluation e = evaluate(model, reads.select(indices_of(reads, Part::test)));
  EXPECT_GT(*e.quality->fail.recall, 0.9);
  EXPECT_GT(*e.gc->r2, 0.9);
  EXPECT_GT(*e.complexity->r2, 0.8);
}

// A model of long reads fails good short ones; one that was trained for the range does not.
TEST(Training, LengthsOfTrainingAreKeptAndCutReadsTrainForMore) {
  const ReadBatch reads = generated_reads(3000, 19, 150), other = generated_reads(600, 23, 40);
  const auto accuracy = [&](const Model& m) { return evaluate(m, other).quality->accuracy; };
  TrainOptions options;
  options.epochs = 4;
  const Model fixed = train({.kind = ModelKind::mlp}, reads, options);
  EXPECT_EQ(fixed.training.shortest, 150);
  EXPECT_EQ(fixed.training.longest, 150);
  ReadBatch more = reads;
  more.append(cut_reads(reads, 35, 150, 1));
  const Model ranged = train({.kind = ModelKind::mlp}, more, options);
  EXPECT_EQ(ranged.training.shortest, 35);
  EXPECT_EQ(ranged.training.longest, 150);
  EXPECT_LT(accuracy(fixed), 0.8);
  EXPECT_GT(accuracy(ranged), 0.9);
  WindowFit fit{.trained_shortest = 150, .trained_longest = 150};
  fit.add(other);
  EXPECT_EQ(fit.outside, 600);
  EXPECT_THAT(fit.outside_remark(),
              HasSubstr("trained on reads of 150 bases, and does not fit 600"));
  WindowFit fits{.trained_shortest = 35, .trained_longest = 150};
  fits.add(other);
  EXPECT_EQ(fits.outside, 0);
  EXPECT_EQ(fits.outside_remark(), "");
}

// A cut read is the start of its read, of a length in the range, and judged as such.
TEST(Training, ACutReadIsTheStartOfItsRead) {
  const ReadBatch reads = generated_reads(200, 3, 180);
  const ReadBatch cut = cut_reads(reads, 40, 120, 7);
  ASSERT_EQ(cut.size(), 200);
  std::int64_t shortest = 200, longest = 0;
  for (std::int64_t i = 0; i < 200; ++i) {
    const ReadView whole = reads[i], part = cut[i];
    EXPECT_TRUE(std::ranges::equal(part.bases, whole.bases.first(part.bases.size())));
    EXPECT_TRUE(std::ranges::equal(part.qualities, whole.qualities.first(part.bases.size())));
    EXPECT_EQ(part.length, static_cast<std::int64_t>(part.bases.size()));
    EXPECT_EQ(part.tail.quality_sum, 0);
    EXPECT_EQ(cut.records[static_cast<std::size_t>(i)], reads.records[static_cast<std::size_t>(i)]);
    shortest = std::min(shortest, part.length);
    longest = std::max(longest, part.length);
  }
  EXPECT_GE(shortest, 40);
  EXPECT_LE(longest, 120);
  EXPECT_LT(shortest, 50);
  EXPECT_GT(longest, 110);
  EXPECT_EQ(cut_reads(generated_reads(5, 3, 30), 31, 60, 7).size(), 0);
}

// The convolution as its definition says it, element by element.
TEST(Network, ConvolvesWithWeightsOfOutInKernel) {
  Model model = make_model(small_spec(ModelKind::gc));
  Random random(9);
  for (auto& [name, tensor] : model.parameters)
    for (float& v : tensor.as<float>()) v = random.uniform() - 0.4F;
  const kernels::Tensor x = encode(generated_reads(1, 2), model.encoding);
  std::vector<double> now(x.as<float>().begin(), x.as<float>().end());  // [channels, positions]
  for (const Layer& l : model.layers) {
    std::vector<double> next;
    for (std::int64_t o = 0; o < l.out; ++o) {
      for (std::int64_t p = 0; p < l.positions_out; ++p) {
        double sum = 0;
        if (l.kind == LayerKind::mean_pool) {
          for (std::int64_t i = 0; i < l.positions_in; ++i)
            sum += now[static_cast<std::size_t>(o * l.positions_in + i)];
          next.push_back(sum / static_cast<double>(l.positions_in));
          continue;
        }
        const auto w = model.parameter(l.name + ".weight").as<float>();
        sum = static_cast<double>(
            model.parameter(l.name + ".bias").as<float>()[static_cast<std::size_t>(o)]);
        for (std::int64_t i = 0; i < l.in; ++i)
          for (std::int64_t k = 0; k < l.kernel; ++k)
            sum += static_cast<double>(w[static_cast<std::size_t>((o * l.in + i) * l.kernel + k)]) *
                   now[static_cast<std::size_t>(i * l.positions_in + p * l.stride + k)];
        next.push_back(l.relu ? std::max(sum, 0.0) : sum);
      }
    }
    now = next;
  }
  EXPECT_NEAR(static_cast<double>(forward(model, x).as<float>()[0]), now[0],
              1e-4 * std::abs(now[0]));
}

TEST(Models, HaveTheParametersAndWorkOfTheirShapes) {
  EXPECT_EQ(make_model(small_spec(ModelKind::mlp)).parameter_count(), 46'849);
  EXPECT_EQ(make_model(small_spec(ModelKind::mlp)).macs(), Macs{300 * 128 + 128 * 64 + 64});
  for (const ModelKindInfo& k : model_kinds()) {
    const Model m = make_model({.kind = k.kind, .k = 6, .dim = 128});
    EXPECT_EQ(m.layers.back().out, static_cast<std::int64_t>(m.heads.size())) << k.name;
  }
  EXPECT_THROW(make_model({.kind = ModelKind::kmer, .k = 7}), InputError);
  EXPECT_THROW(make_model({.kind = ModelKind::kmer, .dim = 65}), InputError);
  EXPECT_THROW(model_kind_named("mpl"), InputError);
}

TEST(Training, GivesTheSameModelBitForBitForTheSameSeed) {
  const ReadBatch reads = generated_reads(600, 1);
  for (const ModelKind kind : {ModelKind::mlp, ModelKind::cnn, ModelKind::kmer}) {
    const TrainOptions options{.epochs = 2, .seed = 7, .progress = {}};
    const std::vector<float> a = flatten(train(small_spec(kind), reads, options));
    EXPECT_EQ(a, flatten(train(small_spec(kind), reads, options))) << info(kind).name;
    const TrainOptions other{.epochs = 2, .seed = 8, .progress = {}};
    EXPECT_NE(a, flatten(train(small_spec(kind), reads, other))) << info(kind).name;
  }
}

TEST(Training, NeverLooksAtHeldOutReads) {
  const ReadBatch reads = generated_reads(600, 1);
  ReadBatch changed = reads;
  for (const std::int64_t i : indices_of(reads, Part::test))
    std::fill_n(changed.qualities.begin() + i * window, window, std::uint8_t{1});
  const TrainOptions options{.epochs = 2, .progress = {}};
  EXPECT_EQ(flatten(train({}, reads, options)), flatten(train({}, changed, options)));
}

TEST(Training, LearnsTheRuleOnGeneratedReads) {
  const ReadBatch reads = generated_reads(4000, 1), unseen = generated_reads(1000, 2);
  const Evaluation e = evaluate(train({}, reads, {.epochs = 8, .progress = {}}), unseen);
  ASSERT_TRUE(e.quality);
  EXPECT_GT(e.quality->accuracy, 0.97);
  EXPECT_GT(*e.quality->auc, 0.995);
  EXPECT_FALSE(e.gc);
}

TEST(Training, LearnsGcAndComplexityFromKmers) {
  const ReadBatch reads = generated_reads(4000, 1), unseen = generated_reads(1000, 2);
  const Evaluation e =
      evaluate(train({.kind = ModelKind::kmer}, reads, {.epochs = 8, .progress = {}}), unseen);
  EXPECT_FALSE(e.quality);
  ASSERT_TRUE(e.gc && e.complexity);
  EXPECT_GT(*e.gc->r2, 0.97);
  EXPECT_GT(*e.complexity->r2, 0.9);
}

TEST(Training, RefusesWhatCannotBeLearned) {
  EXPECT_THROW(train({}, generated_reads(50, 1), {}), InputError);
  ReadBatch good;
  for (int i = 0; i < 400; ++i)
    append_read(good, std::string(100, 'A'), std::vector<std::uint8_t>(100, 40));
  try {
    train({}, good, {});
    FAIL() << "trained on one class";
  } catch (const InputError& e) {
    EXPECT_THAT(e.what(), HasSubstr("pass the rule 'fastp': nothing to learn"));
  }
}

class ModelFile : public testing::Test {
 protected:
  void TearDown() override { std::filesystem::remove(path_); }
  std::string error_of(const Safetensors& contents) const {
    write_safetensors(contents, path_);
    try {
      load_model(path_);
    } catch (const InputError& e) {
      return fmt::format("{} / {}", e.what(), e.note());
    }
    return "no error";
  }
  std::string path_ = (std::filesystem::temp_directory_path() /
                       ("anesim_model_" + std::to_string(::getpid()) + ".safetensors"))
                          .string();
};

TEST_F(ModelFile, SavedAndLoadedIsTheSameModel) {
  for (const ModelKindInfo& k : model_kinds()) {
    Model model = make_model(
        {.kind = k.kind, .rule = Rule::maxee1, .k = 4, .dim = 128, .overlapping = false});
    Random random(4);
    for (auto& [name, tensor] : model.parameters)
      for (float& v : tensor.as<float>()) v = random.uniform();
    model.training = {.seed = ~std::uint64_t{0},
                      .epochs = 3,
                      .train_reads = 99,
                      .source = "a.fq b.fq",
                      .phred = "33 64"};
    save_model(model, path_);
    const Model back = load_model(path_);
    EXPECT_EQ(back.spec.kind, k.kind);
    EXPECT_EQ(back.encoding, model.encoding);
    EXPECT_EQ(back.training.seed, model.training.seed);
    EXPECT_EQ(back.training.phred, "33 64");
    EXPECT_EQ(flatten(back), flatten(model)) << k.name;
  }
}

TEST_F(ModelFile, RefusesWhatIsNotExactlyAModel) {
  save_model(make_model({}), path_);
  const Safetensors good = read_safetensors(path_);
  EXPECT_EQ(error_of(good), "no error");
  EXPECT_THAT(error_of({}), HasSubstr("is no read-QC model: no 'format'"));
  Safetensors s = good;
  s.metadata["model"] = "mlpp";
  EXPECT_THAT(error_of(s), HasSubstr("unknown model 'mlpp' / did you mean 'mlp'?"));
  s = good;
  s.metadata["window"] = "100";
  EXPECT_THAT(error_of(s), HasSubstr("'window' is '100', not '150'"));
  s = good;
  s.metadata["k"] = "3x";
  EXPECT_THAT(error_of(s), HasSubstr("'k' is no whole number"));
  s = good;
  s.tensors.erase("dense2.bias");
  EXPECT_THAT(error_of(s), HasSubstr("has no tensor 'dense2.bias'"));
  s = good;
  s.tensors["dense2.bias"] = kernels::Tensor(isa::Format::fp32, {63});
  EXPECT_THAT(error_of(s), HasSubstr("tensor 'dense2.bias' is fp32 [63], not fp32 [64]"));
  for (const float value : {NAN, INFINITY, -INFINITY}) {
    s = good;
    s.tensors["dense2.bias"].as<float>()[3] = value;
    EXPECT_THAT(error_of(s), HasSubstr("which is not finite"));
  }
  s = good;
  s.tensors["extra"] = kernels::Tensor(isa::Format::fp32, {1});
  EXPECT_THAT(error_of(s), HasSubstr("tensor 'extra' is none of model 'mlp'"));
}

TEST(Biometal, SaysWhetherTheMeanQualityOfAFullReadIsTwenty) {
  const Model model = make_model({.kind = ModelKind::biometal});
  ReadBatch reads = generated_reads(500, 3, window);
  const std::string bases(150, 'A');
  std::vector<std::uint8_t> qualities(150, 20);
  append_read(reads, bases, qualities);  // exactly 20
  qualities[77] = 19;
  append_read(reads, bases, qualities);  // one quality point below
  const std::vector<float> logits = column(forward(model, reads), 0);
  for (std::int64_t i = 0; i < reads.size(); ++i) {
    double mean = 0;
    for (const std::uint8_t q : reads[i].qualities) mean += q / 150.0;
    const float logit = logits[static_cast<std::size_t>(i)];
    EXPECT_NEAR(static_cast<double>(logit), mean / 93 - 0.215, 1e-6);
    EXPECT_EQ(logit > 0, passes(reads[i], Rule::meanq20)) << "mean " << mean;
  }
}

// The raw tensors of the ONNX file: 300 weights and a bias, found by their field headers.
TEST(Biometal, HasTheParametersOfThePublishedModel) {
  const std::string path = golden_path("biometal_quality_model.onnx");
  SKIP_WITHOUT(path);
  std::ifstream file(path, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  // TensorProto: float data as raw or packed field, 1200 bytes after the tag and a two-byte length.
  const std::size_t weights = bytes.find("\x22\xb0\x09");
  ASSERT_NE(weights, std::string::npos);
  std::vector<float> w(300);
  std::memcpy(w.data(), bytes.data() + weights + 3, 1200);
  const Model model = make_model({.kind = ModelKind::biometal});
  const auto ours = model.parameter("dense1.weight").as<float>();
  EXPECT_EQ(std::memcmp(ours.data(), w.data(), 1200), 0);
  const std::size_t bias = bytes.find("\x22\x04", weights + 1203);
  ASSERT_NE(bias, std::string::npos);
  float b = 0;
  std::memcpy(&b, bytes.data() + bias + 2, 4);
  EXPECT_EQ(model.parameter("dense1.bias").as<float>()[0], b);
}

Model golden_model(const Npz& golden) {
  Model model = make_model({});
  for (int i = 1; i <= 3; ++i) {
    model.parameters[fmt::format("dense{}.weight", i)] = golden[fmt::format("w{}", i)].tensor();
    model.parameters[fmt::format("dense{}.bias", i)] = golden[fmt::format("b{}", i)].tensor();
  }
  return model;
}

TEST(GoldenMlp, GivesThePublishedLogits) {
  const std::string path = golden_path("readqc_mlp_ERR127302_fastp.npz");
  SKIP_WITHOUT(path);
  const Npz golden(path);
  const ReadBatch reads = FastqReader(golden_path("readqc_512.fastq")).rest();
  const std::vector<float> ours = column(forward(golden_model(golden), reads), 0);
  const std::vector<float> theirs = golden["logit_fp32"].floats();
  ASSERT_EQ(ours.size(), theirs.size());
  float largest = 0;
  for (std::size_t i = 0; i < ours.size(); ++i)
    largest = std::max(largest, std::abs(ours[i] - theirs[i]));
  EXPECT_LT(largest, 1e-5F);
}

// The integer pipeline in plain loops: inputs and each layer's accumulators and requantised values.
TEST(GoldenMlp, GivesThePublishedIntegersExactly) {
  const std::string path = golden_path("readqc_mlp_ERR127302_fastp.npz");
  SKIP_WITHOUT(path);
  const Npz golden(path);
  const ReadBatch reads = FastqReader(golden_path("readqc_512.fastq")).rest();
  const float scale = golden["int8_sa1"].floats()[0];
  std::vector<std::int32_t> x;
  const kernels::Tensor input = encode(reads, {});
  for (const float v : input.as<float>())
    x.push_back(static_cast<std::int32_t>(std::lrint(v / scale)));
  for (int layer = 1; layer <= 3; ++layer) {
    const auto of = [&](const char* name) { return golden[fmt::format("int8_{}{}", name, layer)]; };
    EXPECT_EQ(x, of("in").integers()) << "inputs of layer " << layer;
    const std::vector<std::int32_t> w = of("w").integers(), b = of("b").integers();
    const std::size_t outs = b.size(), ins = w.size() / outs;
    std::vector<std::int32_t> sums, next;
    for (std::size_t r = 0; r < 512; ++r)
      for (std::size_t o = 0; o < outs; ++o) {
        std::int32_t sum = b[o];
        for (std::size_t i = 0; i < ins; ++i) sum += w[o * ins + i] * x[r * ins + i];
        sums.push_back(sum);
      }
    EXPECT_EQ(sums, of("acc").integers()) << "accumulators of layer " << layer;
    if (layer == 3) break;
    const std::vector<float> multiplier = of("mult").floats();
    for (std::size_t i = 0; i < sums.size(); ++i) {
      const auto q = std::lrint(static_cast<float>(std::max(sums[i], 0)) * multiplier[i % outs]);
      next.push_back(static_cast<std::int32_t>(std::min(q, 127L)));
    }
    x = next;
  }
}

// The target of the whole model: real reads, fastp's rule, held-out part.
TEST(Training, ReachesItsTargetsOnRealReads) {
  const std::string first = fetched_path("ERR127302_1_subset.fastq.gz");
  const std::string second = fetched_path("ERR127302_2_subset.fastq.gz");
  SKIP_WITHOUT(first);
  SKIP_WITHOUT(second);
  const ReadBatch reads = read_files({first, second}).reads;
  const Model model = train({}, reads, {.progress = {}});
  const Evaluation e = evaluate(model, reads.select(indices_of(reads, Part::test)));
  EXPECT_GT(e.reads, 5'500);
  EXPECT_GE(e.quality->accuracy, 0.99);
  EXPECT_GE(*e.quality->fail.f1, 0.95);
  EXPECT_GE(*e.quality->auc, 0.995);
}

TEST(Adam, ItsFirstStepIsTheRateAndWhatDecaysDecays) {
  // Moments over their bias corrections are the gradient and its square.
  Adam adam({1, 0, 1});
  std::vector<float> p{2, 3, 4};
  const float rate = 0.125F, decay = 0.5F;
  adam.step(rate, decay, std::vector<float>{5, -7, 0}, p);
  EXPECT_NEAR(p[0], 2 - rate * (decay * 2 + 1), 1e-5);
  EXPECT_NEAR(p[1], 3 + rate, 1e-5);  // does not decay
  EXPECT_NEAR(p[2], 4 - rate * decay * 4, 1e-6);
  // The same gradient again: the same step.
  const std::vector<float> before = p;
  adam.step(rate, 0, std::vector<float>{5, -7, 0}, p);
  EXPECT_NEAR(p[0], before[0] - rate, 1e-4);
  EXPECT_NEAR(p[1], before[1] + rate, 1e-4);
  EXPECT_EQ(p[2], before[2]);
}

TEST(Training, WeightsDecayAndBiasesDoNot) {
  // Windows of zeros: the weights see nothing, and the last bias learns from what lies behind them.
  ReadBatch reads;
  for (int i = 0; i < 400; ++i) {
    const bool good = i % 3 == 0;
    std::vector<std::uint8_t> qualities(good ? 600 : 100, 40);
    std::fill_n(qualities.begin(), std::min<std::size_t>(qualities.size(), window),
                std::uint8_t{0});
    append_read(reads, std::string(qualities.size(), 'A'), qualities);
  }
  const auto trained = [&](float decay) {
    return train({.rule = Rule::meanq20}, reads,
                 {.epochs = 3, .rate = 0.05F, .decay = decay, .progress = {}});
  };
  const Model kept = trained(0), decayed = trained(1);
  double norm = 0, norm_decayed = 0, last_bias = 0;
  for (const Layer& l : kept.layers) {
    const auto a = kept.parameter(l.name + ".bias").as<float>(),
               b = decayed.parameter(l.name + ".bias").as<float>();
    EXPECT_TRUE(std::equal(a.begin(), a.end(), b.begin(), b.end())) << l.name;
    last_bias = static_cast<double>(a[0]);
    for (const float w : kept.parameter(l.name + ".weight").as<float>())
      norm += static_cast<double>(w * w);
    for (const float w : decayed.parameter(l.name + ".weight").as<float>())
      norm_decayed += static_cast<double>(w * w);
  }
  EXPECT_NE(last_bias, 0);
  EXPECT_LT(norm_decayed, 0.9 * norm);
}

TEST(Training, TheRateFallsToZeroAlongACosine) {
  // One batch an epoch, all of them equal: the last bias moves by the rates alone, since Adam's
  // step of a gradient that hardly changes is the rate.
  ReadBatch reads;
  for (int i = 0; i < 400; ++i) {
    const bool good = i % 20 == 0;
    std::vector<std::uint8_t> qualities(good ? 600 : 100, 40);
    std::fill_n(qualities.begin(), std::min<std::size_t>(qualities.size(), window),
                std::uint8_t{0});
    append_read(reads, std::string(qualities.size(), 'A'), qualities);
  }
  const float rate = 1e-4F;
  std::vector<double> losses;
  const Model m = train(
      {.rule = Rule::meanq20}, reads,
      {.epochs = 4, .batch = 65'536, .rate = rate, .decay = 0, .progress = [&](const Epoch& e) {
         losses.push_back(e.train_loss);
       }});
  double sum = 0;
  for (int step = 1; step <= 4; ++step) sum += 0.5 * (1 + std::cos(M_PI * step / 4));
  const auto bias = m.parameter(m.layers.back().name + ".bias").as<float>();
  EXPECT_NEAR(std::abs(bias[0]) / rate, sum, 0.01);
  // A mean over the reads: ln 2 a read where nothing is known.
  EXPECT_NEAR(losses.at(0), std::log(2.0), 1e-3);
}

TEST(Training, TheEpochOfTheLeastValidationLossIsKept) {
  const ReadBatch reads = generated_reads(600, 1);
  const ReadBatch held = reads.select(indices_of(reads, Part::validation));
  // A rate that throws the loss up and down; some seed ends above its least.
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    std::vector<double> losses;
    const TrainOptions options{
        .epochs = 6, .rate = 0.3F, .seed = seed, .progress = [&](const Epoch& e) {
          losses.push_back(e.validation_loss);
        }};
    const Model model = train({}, reads, options);
    const double least = *std::min_element(losses.begin(), losses.end());
    if (losses.back() < 1.01 * least) continue;
    const kernels::Tensor y = forward(model, held);
    const std::vector<std::uint8_t> passes = labels(held, model.spec.rule);
    double loss = 0;
    for (std::size_t i = 0; i < passes.size(); ++i) {
      const double x = static_cast<double>(y.as<float>()[i]);
      loss += std::max(x, 0.0) - x * passes[i] + std::log1p(std::exp(-std::abs(x)));
    }
    EXPECT_NEAR(loss / static_cast<double>(passes.size()), least, 1e-4 * least);
    return;
  }
  FAIL() << "every run ends at its least loss";
}

TEST(Training, InitialWeightsAreUniformWithinTheirBound) {
  // He et al.: 6 over the inputs before a ReLU, 3 before none.
  ReadBatch reads = generated_reads(400, 1);
  const Model m =
      train({}, reads, {.epochs = 1, .batch = 65'536, .rate = 1e-9F, .decay = 0, .progress = {}});
  for (const Layer& l : m.layers) {
    float most = 0;
    for (const float w : m.parameter(l.name + ".weight").as<float>())
      most = std::max(most, std::abs(w));
    const double bound = std::sqrt((l.relu ? 6.0 : 3.0) / static_cast<double>(l.in));
    EXPECT_LE(most, bound * 1.0001) << l.name;
    EXPECT_GT(most, 0.9 * bound) << l.name;
  }
}

}  // namespace
}  // namespace ane::workloads::readqc
