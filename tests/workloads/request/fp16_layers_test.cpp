// Do named layers, and no others, stay in FP16, and is a name that no layer has an error?
#include "workloads/request/fp16_layers.h"

#include <gmock/gmock.h>

#include "isa/error.h"
#include "workloads/request/request.h"

namespace ane::workloads {
namespace {

using F = isa::KernelFormat;

isa::Machine m4() {
  isa::Machine m;
  m.int8_macs = m.streams_int8_weights = m.texture_unit = true;
  return m;
}

// The formats of a request's layers by name.
std::map<std::string, F> formats_of(const std::string& text) {
  const isa::Machine machine = m4();
  const Job job = job_of(parse_request(text), {.machine = machine});
  std::map<std::string, F> formats;
  for (const Stage& s : job.stages)
    if (const auto* graph = std::get_if<Graph>(&s.work))
      for (const Node& n : graph->nodes)
        if (n.parameters) formats[n.name] = n.parameters->format;
  return formats;
}

TEST(Fp16Layers, NamesMayHoldAnyLetters) {
  EXPECT_TRUE(names_layer("a,b.c", "b.c"));
  EXPECT_FALSE(names_layer("a,b.c", "b"));
  EXPECT_FALSE(names_layer("", "b"));
  EXPECT_TRUE(names_layer("encoder_layers.*.W2", "encoder_layers.11.W2"));
  EXPECT_FALSE(names_layer("encoder_layers.*.W2", "encoder_layers.11.W2.x"));
  EXPECT_TRUE(names_layer("*W*", "decoder_layers.0.dense.W_in"));
}

TEST(Fp16Layers, NamedLayersAloneStay) {
  for (const std::string numbers :
       {" weights=int8", " weights=lut4", " weights=int8 activations=int8"})
    for (const auto& [text, layer] :
         {std::pair<std::string, std::string>{"kind=readqc name=mlp", "dense2"},
          {"kind=mpnn residues=20 hidden=16 encoder=1 decoder=1", "encoder_layers.0.W2"}}) {
      const auto all = formats_of(text + numbers),
                 but = formats_of(text + numbers + " fp16_layers=" + layer);
      ASSERT_TRUE(all.contains(layer)) << testing::PrintToString(all);
      EXPECT_NE(all.at(layer), F::fp16);
      EXPECT_EQ(but.at(layer), F::fp16);
      int others = 0;
      for (const auto& [name, format] : but)
        if (name != layer) others += format == all.at(name) ? 0 : 1;
      EXPECT_EQ(others, 0) << text << numbers;
    }
}

TEST(Fp16Layers, WhatNoLayerIsCalledIsAnErrorWithTheNearest) {
  const auto fault = [](const std::string& text) -> std::string {
    try {
      formats_of(text);
    } catch (const InputError& e) {
      return std::string(e.what()) + " | " + e.note();
    }
    return "";
  };
  EXPECT_THAT(fault("kind=readqc name=mlp weights=int8 fp16_layers=dense22"),
              testing::HasSubstr("did you mean 'dense2'"));
  EXPECT_THAT(fault("kind=elementwise op=mul elements=8 fp16_layers=a"),
              testing::HasSubstr("key 'fp16_layers'"));
  EXPECT_THAT(fault("kind=network name=resnet18 weights=int8 activations=int8 fp16_layers=conv*"),
              testing::HasSubstr("keeps its codes"));
}

}  // namespace
}  // namespace ane::workloads
