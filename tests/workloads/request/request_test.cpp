#include "workloads/request/request.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <fstream>
#include <map>

#include "isa/error.h"
#include "workloads/request/kinds.h"

namespace ane::workloads {
namespace {

std::string fault(const std::string& text) {
  try {
    parse_request(text);
  } catch (const InputError& e) {
    return std::string(e.what()) + " | " + e.note();
  }
  return "accepted";
}

TEST(Request, ItsTextNamesWhatIsNotAsUsual) {
  const Request r = parse_request(
      "unit=ane path=direct kind=conv cin=512 cout=256 h=1 w=64 depth=32 shared_weights=1 kh=1 "
      "weights=fp16 batch=1");
  EXPECT_EQ(to_text(r),
            "kind=conv cin=512 cout=256 h=1 w=64 depth=32 shared_weights=1 unit=ane path=direct");
  EXPECT_EQ(work_text(r), "kind=conv cin=512 cout=256 h=1 w=64 depth=32 shared_weights=1");
  EXPECT_DOUBLE_EQ(r.work->nominal_flop(r), 2.0 * 512 * 256 * 64 * 32);
}

TEST(Request, AnUnknownKeyOrKindIsAnErrorWithTheNearest) {
  EXPECT_THAT(fault("kind=conv shared_weight=1 cin=1 cout=1 h=1 w=1"),
              testing::HasSubstr("did you mean 'shared_weights'"));
  EXPECT_THAT(fault("kind=matmull m=1 n=1 k=1"), testing::HasSubstr("did you mean 'matmul'"));
  EXPECT_THAT(fault("m=1 n=1 k=1"), testing::HasSubstr("no 'kind='"));
}

TEST(Request, ANameIsOneInAnySpelling) {
  for (const char* name : {"mobilenet_v2", "MobileNetV2", "mobilenetv2_1.0", "MobileNet-v2"})
    EXPECT_EQ(to_text(parse_request(fmt::format("kind=network name={}", name))),
              "kind=network name=mobilenet_v2");
  EXPECT_EQ(to_text(parse_request("kind=encoder name=DistilBERT")), "kind=encoder name=distilbert");
  EXPECT_EQ(to_text(parse_request("kind=vision_language vision=ViT-L/16 language=Llama2-7B")),
            "kind=vision_language");
}

TEST(Request, ADefaultSpeltOutIsLeftOut) {
  for (const auto& [said, plain] :
       {std::pair{"kind=network name=resnet50 input=1x3x224x224", "kind=network name=resnet50"},
        {"kind=encoder name=bert-base tokens=128 layers=12 ffn=3072",
         "kind=encoder name=bert-base"},
        {"kind=llm name=gpt2 phase=decode vocab=50257 "
         "tied_embeddings=1",
         "kind=llm name=gpt2 phase=decode"},
        {"kind=matmul m=1e3 n=16 k=16 batch=1", "kind=matmul m=1000 n=16 k=16"}})
    EXPECT_EQ(to_text(parse_request(said)), plain);
  EXPECT_NE(to_text(parse_request("kind=network name=resnet50 input=1x3x256x256")),
            "kind=network name=resnet50");
}

// Each kind's names are spelt, priced as they stand, and nobody else's.
TEST(Request, NamesOfKindsAreWords) {
  std::map<std::string, std::string_view> owner;
  for (const Kind* k : kinds()) {
    if (k->named == nullptr) continue;
    for (const Named& n : k->named()) {
      EXPECT_EQ(k->spelt(n.name), n.name);
      EXPECT_FALSE(n.summary.empty()) << n.name;
      EXPECT_TRUE(owner.emplace(n.name, k->name).second) << n.name;
      for (const Kind* other : kinds()) {
        if (other == k || other->spelt == nullptr) continue;
        EXPECT_FALSE(other->spelt(n.name)) << n.name;
      }
      std::string text = fmt::format("kind={} name={}", k->name, n.name);
      if (k->usual != nullptr) text = with_defaults(text, k->usual(text));
      EXPECT_EQ(parse_request(text).kind, k) << text;
    }
  }
  EXPECT_GT(owner.size(), 80u);
}

TEST(Request, AnswersToWhatOtherToolsCallAKey) {
  EXPECT_THAT(fault("kind=matmul m=1 n=1 k=1 precision=int8"), testing::HasSubstr("weights=int8"));
  EXPECT_THAT(fault("kind=matmul m=1 n=1 k=1 device=gpu"), testing::HasSubstr("'unit'"));
  EXPECT_THAT(fault("kind=conv cin=1 cout=1 h=1 w=1 k=3"), testing::HasSubstr("'kh' or 'kw'"));
  EXPECT_THAT(fault("kind=matmul m=4k n=1 k=1"), testing::HasSubstr("m=4000 or m=4096"));
  EXPECT_THAT(fault("kind=llm name=gpt2"), testing::HasSubstr("phase (decode or prefill)"));
  EXPECT_THAT(fault("kind=matmul m=1 n=1 k=1 weights=int9"),
              testing::HasSubstr("'int8' or 'int4'"));
}

TEST(Request, WhatAKindNeedsIsDemanded) {
  EXPECT_THAT(fault("kind=matmul m=1 n=1"), testing::HasSubstr("needs 'k='"));
  EXPECT_THAT(fault("kind=matmul m=0 n=1 k=1"), testing::HasSubstr("at least 1"));
}

TEST(Request, WholeNumbersMayHaveAnExponentWhereTheyFit) {
  EXPECT_EQ(to_text(parse_request("kind=matmul m=1e3 n=8 k=8")),
            to_text(parse_request("kind=matmul m=1000 n=8 k=8")));
  for (const char* m : {"1e300", "1.5e0", "1e16", "-1e3"})
    EXPECT_THROW(parse_request(std::string("kind=matmul n=8 k=8 m=") + m), InputError) << m;
  EXPECT_THROW(parse_request("kind=matmul m=8 n=8 k=8 engines=1e10"), InputError);
}

TEST(Request, MalformedValuesAreErrors) {
  EXPECT_THAT(fault("kind=matmul m=1 n=x k=1"), testing::HasSubstr("no whole number"));
  EXPECT_THAT(fault("kind=matmul m=1 n=1 k=-1"), testing::HasSubstr("out of range"));
  EXPECT_THAT(fault("kind=matmul m=1 m=1 n=1 k=1"), testing::HasSubstr("given twice"));
  EXPECT_THAT(fault("kind=matmul m n=1 k=1"), testing::HasSubstr("no key=value"));
  EXPECT_THAT(fault("kind=matmul m=1 n=1 k=1 bias=yes"), testing::HasSubstr("neither 0 nor 1"));
  EXPECT_THAT(fault("kind=matmul m=1 n=1 k=1 weights=fp15"), testing::HasSubstr("number format"));
  EXPECT_THAT(fault("kind=op op=reduce_sum shape=4xx4"), testing::HasSubstr("no shape"));
  EXPECT_THAT(fault("kind=launch unit=npu"), testing::HasSubstr("unknown value 'npu'"));
}

// Each would count elements beyond 64 bits, though its FLOP are few or none.
TEST(Request, TensorsBeyondAllCountsAreErrors) {
  for (const char* text :
       {"kind=conv cin=1 cout=1 h=1 w=1 stride=2 depth=100",
        "kind=conv cin=1 cout=1 h=1 w=1 kh=10000 kw=10000 pad=valid depth=100000",
        "kind=op op=transpose shape=999999999999999x999999999999999",
        "kind=op op=relu shape=1000000x1000000 batch=100000",
        "kind=elementwise op=add elements=1 shape=99999999x99999999x99999999"})
    EXPECT_THAT(fault(text), testing::HasSubstr("elements")) << text;
}

TEST(Request, ATensorOfMoreElementsThanCanBeCountedIsRefused) {
  for (const char* op : {"softmax", "reduce_sum", "add", "relu", "layer_norm", "transpose",
                         "gather", "max_pool", "top_k", "argmax"})
    for (const char* shape :
         {"9223372036854775807", "4611686018427387904", "1000000000000x1000000",
          "3037000500x3037000500x3", "1000000x1000000x1001", "1000000x1000000 batch=1001",
          "1000000x1000000 kh=40 kw=40", "1000000x10 k=1000000000000000"})
      EXPECT_THAT(fault(fmt::format("kind=op op={} shape={}", op, shape)),
                  testing::HasSubstr("elements are too many"))
          << op << " " << shape;
  EXPECT_EQ(parse_request("kind=op op=relu shape=1000000x1000000x1000").batch, 1);
}

TEST(Request, MoreProteinsThanCanBeCountedAreRefused) {
  for (const char* keys :
       {"residues=1000000 batch=10000", "residues=1000000 batch=1000000",
        "residues=1000000 k=1000000 batch=1000", "residues=20 batch=1000000000000",
        "residues=1000000 hidden=4096 encoder=30 decoder=30 batch=1000"})
    EXPECT_THAT(fault(fmt::format("kind=mpnn {}", keys)),
                testing::AnyOf(testing::HasSubstr("too many"), testing::HasSubstr("out of range"),
                               testing::HasSubstr("it must be")))
        << keys;
  EXPECT_EQ(parse_request("kind=mpnn residues=1000000 batch=1000").batch, 1000);
}

TEST(Request, EveryMeasuredRowOfTheProjectParsesAndRoundTrips) {
  int specs = 0;
  for (const char* name :
       {"ane_calibration", "ane_validation", "soc_calibration", "soc_validation"}) {
    std::ifstream in(std::string(SOURCE_DIR "/results/silicon/") + name + ".csv");
    ASSERT_TRUE(in) << name;
    for (std::string line; std::getline(in, line);) {
      const std::size_t at = line.find(",unit=");
      if (at == std::string::npos) continue;
      const std::string text = line.substr(at + 1, line.find(',', at + 1) - at - 1);
      const std::string canonical = to_text(parse_request(text, line));
      EXPECT_EQ(to_text(parse_request(canonical)), canonical) << text;
      ++specs;
    }
  }
  EXPECT_EQ(specs, 868);
}

TEST(Request, StoredWeightsCountTheirScales) {
  EXPECT_DOUBLE_EQ(bytes_of("q8_0"), 1.0625);
  EXPECT_DOUBLE_EQ(bytes_of("lut6"), 0.75);
  EXPECT_DOUBLE_EQ(bytes_of("sparse50"), 1.125);
}

}  // namespace
}  // namespace ane::workloads
