// A picture and a question to an answer, as applications run it: the CPU scales and normalises the
// picture, a vision transformer makes tokens of it, a language model reads them with the question
// and writes the answer token by token, the CPU picks each token. One record: what each stage
// takes, and what the crossings between units cost, which is nothing but the runtime's own copies
// where memory is one, and PCIe where the accelerator is a card.
#pragma once
#include <cstdint>
#include <string>

#include "results/record.h"
#include "sim/price/target.h"

namespace ane::sim {

struct VisionLanguagePlan {
  std::int64_t width = 1920, height = 1080;  // of the picture, 3 bytes a pixel
  std::int64_t side = 224;                   // of what the vision network sees
  std::string vision = "vit_l_16";           // a network of workloads/networks/networks.h
  std::string language = "llama-2-7b";
  std::string weights = "fp16";             // of the language model
  std::int64_t question = 32, answer = 64;  // tokens
};

// Where the stages run: the networks on `vision` and `language`, the rest on host's CPU.
struct VisionLanguageUnits {
  Target vision, language, host;
};

// operators: one row a stage and one a crossing; items: the answer's tokens. InputError for a
// network, model or format that is not there.
results::Record time_vision_language(const VisionLanguagePlan& plan,
                                     const VisionLanguageUnits& units);

}  // namespace ane::sim
