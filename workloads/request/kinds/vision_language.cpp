// kind=vision_language: a picture and a question to an answer, as applications run it: the CPU
// scales and normalises the picture, a vision transformer makes tokens of it, a language model
// reads them with the question and writes the answer token by token, the CPU picks each token.
// `unit` is the language model's.
#include <fmt/format.h>

#include "isa/error.h"
#include "workloads/networks/networks.h"
#include "workloads/request/kinds/llm.h"

namespace ane::workloads {

enum class VisionUnit { automatic, ane, gpu, cpu };
static std::span<const std::string_view> names_of(VisionUnit) {
  static constexpr std::string_view names[] = {"automatic", "ane", "gpu", "cpu"};
  return names;
}

namespace {

constexpr std::int64_t patch = 16;  // pixels of a token's side

struct VisionLanguage : Work {
  std::int64_t width = 1920, height = 1080, side = 224, question = 32, answer = 64;
  std::string vision = "vit_l_16", language = "llama-2-7b";
  VisionUnit vision_unit = VisionUnit::automatic;

  static constexpr Key keys[] = {
      key<&VisionLanguage::width>("width", "pixels of the picture, 3 bytes each", 1, 65536),
      key<&VisionLanguage::height>("height", "pixels of the picture", 1, 65536),
      key<&VisionLanguage::side>("side", "pixels of the square that the network sees", 16, 2048),
      key<&VisionLanguage::vision>("vision", "a network"),
      key<&VisionLanguage::language>("language", "a language model"),
      key<&VisionLanguage::question>("question", "tokens beside the picture's", 1, 100000),
      key<&VisionLanguage::answer>("answer", "tokens written", 1, 100000),
      choice<&VisionLanguage::vision_unit>(
          "vision_unit", "automatic (the ANE, a GPU where there is none), ane, gpu, cpu"),
  };

  void settle() override {
    if (const Network* n = find_network(vision)) vision = n->name;
    if (const LanguageModel* m = find_language_model(language)) language = m->name;
  }
  void check(const Request&, const std::string& place) const override {
    if (side % patch != 0)
      throw InputError(place, fmt::format("side: {} is no multiple of {}", side, patch),
                       fmt::format("{}", (side / patch + 1) * patch));
    network_named(vision);
    language_model({.name = language}, std::nullopt);
  }
  double items(const Request&) const override { return static_cast<double>(answer); }
  std::string label() const override { return vision + " " + language; }

  Job job(const Request& r, const JobFor& target) const override {
    using Place = Stage::Place;
    const LanguageModel model = language_model({.name = language}, std::nullopt);
    const std::int64_t patches = side / patch;
    const std::int64_t seen = patches * patches + 1;  // tokens of the picture
    const std::int64_t prompt = seen + question, pixels = 3 * side * side;
    const auto times = static_cast<double>(answer);
    Job job;
    // Each source pixel is read once for the scaling, each result is normalised.
    job.stages.push_back(
        {.name = "preprocess",
         .place = Place::host,
         .work = WorkList{pointwise(3 * width * height, 1, 1, 4), pointwise(pixels, 4, 1, 2)}});
    const Numbers shapes;
    job.stages.push_back({.name = "vision",
                          .place = vision_unit == VisionUnit::ane   ? Place::ane
                                   : vision_unit == VisionUnit::gpu ? Place::gpu
                                   : vision_unit == VisionUnit::cpu ? Place::cpu
                                                                    : Place::ane_else_gpu,
                          .work = build_network(network_named(vision),
                                                {.w = side, .h = side, .c = 3, .n = 1}, shapes),
                          .in = Bytes{2 * pixels}});
    const auto add_language = [&](const char* name, const std::string& call, double calls,
                                  Bytes in) {
      const Request one = parse_request(
          fmt::format("kind=llm name={} weights={} {}", language, r.formats.weights, call));
      for (Stage& s : one.work->job(one, target).stages) {
        s.name = name;
        s.calls *= calls;
        s.in = in;
        job.stages.push_back(std::move(s));
      }
    };
    add_language("prompt", fmt::format("phase=prefill tokens={}", prompt), 1,
                 Bytes{2 * seen * model.hidden});
    // The answer's tokens at the mean length of what is before them.
    add_language("answer", fmt::format("phase=decode context={}", prompt + answer / 2), times, {});
    job.stages.push_back({.name = "pick a token",
                          .place = Place::host,
                          .work = WorkList{pointwise(model.vocab, 4, 1, 3)},
                          .calls = times,
                          .in = Bytes{2 * model.vocab}});
    for (Stage& s : job.stages) s.one_row = true;
    return job;
  }
};

}  // namespace

namespace kind {
extern const Kind vision_language;
constinit const Kind vision_language =
    kind_of<VisionLanguage>("vision_language", "a picture and a question to an answer", "token",
                            takes_weights | takes_host);
}  // namespace kind

}  // namespace ane::workloads
