// Rows that nobody here has seen: every chip, every kind of work, every software and every coding
// of numbers must give a finite time whose causes sum to it, a band around it, and more time for
// more work. What a chip or a software cannot do is an error that says so.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <sstream>

#include "isa/error.h"
#include "sim/price/placement.h"
#include "sim/price/price.h"
#include "sim/silicon/band.h"
#include "sim/silicon/validate.h"

namespace ane::sim {
namespace {

using workloads::Request;

// Small shapes of each kind, with what makes them larger.
struct Work {
  const char *spec, *more;
  bool refused = false;  // by the accelerator: Core ML falls back, a direct call cannot
};
constexpr Work works[] = {
    {"kind=conv cin=64 cout=96 h=14 w=20 kh=3 kw=3", "depth=3"},
    {"kind=conv cin=33 cout=65 h=7 w=5 kh=5 kw=1 stride=2", "batch=4"},
    {"kind=conv cin=64 cout=64 h=28 w=28 kh=3 kw=3 groups=64", "depth=5"},
    {"kind=conv cin=48 cout=96 h=9 w=9 kh=1 kw=1 groups=3 epilogue=relu pad=valid", "batch=9"},
    {"kind=conv cin=512 cout=512 h=1 w=64 kh=1 kw=1 shared_weights=1 depth=2", "depth=8"},
    {"kind=conv cin=8 cout=8 h=3 w=3 kh=17 kw=17", "batch=64", true},
    {"kind=matmul m=1 n=4096 k=512", "m=512"},
    {"kind=matmul m=37 n=129 k=65", "depth=2"},
    {"kind=matmul m=64 n=64 k=40000", "m=640"},
    {"kind=matmul m=32 n=48 k=64 bmm=1 batch=2 transpose_b=1", "batch=16"},
    {"kind=elementwise op=add elements=100003", "elements=1000003"},
    {"kind=elementwise op=gelu elements=65536", "depth=4"},
    {"kind=op op=softmax shape=64x256", "shape=640x256"},
    {"kind=op op=layer_norm shape=64x256", "batch=8"},
    {"kind=op op=rms_norm shape=7x11x129", "shape=77x11x129"},
    {"kind=op op=reduce_mean shape=16x32x32 axes=all", "batch=8"},
    {"kind=op op=reduce_max shape=70000x32", "batch=4"},
    {"kind=op op=transpose shape=8x64x64", "batch=8"},
    {"kind=op op=sdpa shape=4x128x64", "batch=4"},
    {"kind=op op=mha shape=64x128 heads=4", "shape=512x128"},
    {"kind=op op=top_k shape=64x32000 k=40", "batch=8", true},
    {"kind=op op=gather shape=4096x256", "shape=40960x256", true},
    {"kind=op op=cumsum shape=64x1000", "shape=6400x1000", true},
    {"kind=op op=tan shape=64x1000", "shape=6400x1000", true},
    {"kind=network name=mobilenet_v3_small input=1x3x96x160", "batch=3"},
    {"kind=network name=MobileViT-S input=1x3x64x128", "batch=2"},
    {"kind=network name=yolov8n input=1x3x96x160", "batch=2"},
    {"kind=encoder name=distilbert tokens=17", "tokens=170"},
    {"kind=encoder name=whisper-tiny tokens=64", "batch=2"},
    {"kind=llm name=qwen2.5-0.5b phase=decode context=33", "context=4000"},
    {"kind=llm name=gpt2 phase=prefill tokens=40", "tokens=80"},
    {"kind=llm name=mine layers=2 hidden=256 heads=4 vocab=1000 phase=decode capacity=64",
     "tokens=7"},
    {"kind=mpnn residues=20 k=8 hidden=32 encoder=1 decoder=1 phase=forward", "residues=60"},
    {"kind=mpnn residues=20 k=8 hidden=32 encoder=1 decoder=1 phase=sample", "residues=60"},
    {"kind=copy bytes=100000", "bytes=10000000"},
    {"kind=launch", ""},
    {"kind=idle", ""},
};
constexpr const char* weights[] = {"fp32",     "fp16", "bf16", "int8",  "int4", "lut1",
                                   "lut2",     "lut3", "lut4", "lut6",  "lut8", "sparse50",
                                   "sparse90", "q8_0", "q4_0", "q4_k_m"};
constexpr const char* activations[] = {"fp16", "int8", "fp32"};

results::Cost of(const std::string& text, const Chip& chip, const Runtime& runtime) {
  const Request r = workloads::parse_request(text);
  return price(r, {chip, runtime, *r.conditions.unit});
}

std::string unseen_fault(const results::Totals& t) {
  if (!std::isfinite(t.latency_s) || t.latency_s <= 0) return fmt::format("{} s", t.latency_s);
  if (!std::isfinite(t.energy_j) || t.energy_j < 0) return fmt::format("{} J", t.energy_j);
  double sum = 0;
  for (const results::Part& c : t.causes) {
    if (c.value < 0) return "a negative " + c.name;
    sum += c.value;
  }
  if (std::fabs(sum / t.latency_s - 1) > 1e-9)
    return fmt::format("causes sum to {} of {} s", sum, t.latency_s);
  return "";
}

// Numbers that this software does not compute in are refused, which no other test may hide.
bool offers(const Runtime& runtime, Unit unit, std::string_view numbers) {
  if (unit == Unit::ane) return numbers != "fp32";
  return numbers == "fp32" || (numbers == "fp16" ? runtime.costs().fp16 : runtime.costs().int8);
}

// Of weights and activations that there is no product of.
bool is_pair(const Chip& chip, Unit unit, const char* of_weights, const char* of_activations) {
  const workloads::Formats f{.weights = of_weights, .activations = of_activations};
  try {
    if (unit == Unit::ane)
      workloads::accelerated(f, chip.machine());
    else
      workloads::check_pair(f);
  } catch (const InputError&) {
    return false;
  }
  return true;
}

// A chip, a software and one coding: every kind, and more of it.
void sweep(const Chip& chip, const Runtime& runtime, Unit unit, const std::string& coding) {
  for (const Work& w : works) {
    // Copies, launches and idling have no weights, some work no activations either.
    const std::string_view text = w.spec;
    const bool plain = text.starts_with("kind=copy") || text.starts_with("kind=launch") ||
                       text.starts_with("kind=idle");
    std::string own = plain ? std::string() : coding;
    if (text.starts_with("kind=elementwise"))  // activations alone, where the coding says them
      own.erase(0, std::min(own.size(), own.find("activations=")));
    const std::string head = fmt::format("unit={} {}", workloads::name(unit), own);
    const std::string less = fmt::format("{} {}", head, w.spec);
    const std::string where = fmt::format("{} {}: {}", chip.name(), runtime.name(), less);
    try {
      const results::Cost small = of(less, chip, runtime);
      EXPECT_EQ(unseen_fault(small.totals), "") << where;
      if (*w.more == '\0') continue;
      const std::string key = std::string(w.more).substr(0, std::string(w.more).find('=') + 1);
      std::string more = head;
      std::istringstream words(w.spec);
      for (std::string word; words >> word;)
        if (!word.starts_with(key)) more += ' ' + word;
      more += fmt::format(" {}", w.more);
      const results::Cost large = of(more, chip, runtime);
      EXPECT_EQ(unseen_fault(large.totals), "") << where << " " << w.more;
      // A last layer of fewer channels may end a little sooner.
      EXPECT_GE(large.totals.latency_s, 0.99 * small.totals.latency_s) << where << " " << w.more;
      if (unit == Unit::ane && w.refused) {
        EXPECT_GT(results::part(small.totals.causes, "cpu fallback"), 0) << where;
        EXPECT_FALSE(small.notes.empty()) << where;
      }
    } catch (const InputError& e) {
      if (unit == Unit::ane && w.refused && (!falls_back(runtime) || !chip.has_cpu())) continue;
      ADD_FAILURE() << where << "\n  " << e.what() << " (" << e.note() << ")";
    }
  }
}

TEST(Sweep, EveryChipPricesEveryKindOfWork) {
  const Runtime core_ml = load_runtime("coreml"), cuda = load_runtime("cuda_torch"),
                accelerate = load_runtime("accelerate");
  for (const std::string& name : chip_names()) {
    const Chip chip = load_chip(name);
    if (chip.has_ane()) sweep(chip, core_ml, Unit::ane, "");
    if (chip.has_gpu()) sweep(chip, chip.has_ane() ? core_ml : cuda, Unit::gpu, "");
    if (chip.has_cpu()) sweep(chip, accelerate, Unit::cpu, "");
  }
}

TEST(Sweep, EverySoftwarePricesEveryCodingOnTheUnitsItDrives) {
  for (const std::string& software : runtime_names()) {
    if (software == "none") continue;  // no software: its operators cost nothing but themselves
    const Runtime runtime = load_runtime(software);
    for (const char* name : {"A14", "M1", "M4", "RTX4090"}) {
      const Chip chip = load_chip(name);
      for (const Unit unit : {Unit::ane, Unit::gpu, Unit::cpu}) {
        if (!has_unit(chip, unit) || !drives(runtime, unit)) continue;
        if (software == "direct" || software == "coreml") {
          for (const char* w : weights)
            for (const char* a : activations)
              if (offers(runtime, unit, a) && is_pair(chip, unit, w, a))
                sweep(chip, runtime, unit, fmt::format("weights={} activations={}", w, a));
        } else {
          sweep(chip, runtime, unit, "weights=lut4");
        }
      }
    }
  }
}

TEST(Sweep, NumbersThatSoftwareDoesNotComputeInAreRefused) {
  const Chip m4 = load_chip("M4");
  for (const std::string& software : runtime_names()) {
    const Runtime runtime = load_runtime(software);
    for (const Unit unit : {Unit::ane, Unit::gpu, Unit::cpu}) {
      if (!drives(runtime, unit)) continue;
      for (const char* a : activations) {
        const std::string text =
            fmt::format("kind=matmul m=64 n=64 k=64 unit={} activations={} weights={}",
                        workloads::name(unit), a, std::string_view(a) == "int8" ? "int8" : "fp16");
        if (offers(runtime, unit, a))
          EXPECT_NO_THROW(of(text, m4, runtime)) << software << " " << text;
        else
          EXPECT_THROW(of(text, m4, runtime), InputError) << software << " " << text;
      }
    }
  }
}

TEST(Sweep, EveryPredictionLiesInItsBand) {
  Bands bands;
  for (const char* name : {"A14", "A17Pro", "M2Max-30c", "M5"}) {
    const Chip chip = load_chip(name);
    const Runtime runtime = load_runtime("coreml");
    for (const Unit unit : {Unit::ane, Unit::gpu, Unit::cpu}) {
      if (!has_unit(chip, unit)) continue;
      for (const Work& w : works) {
        if (std::string_view(w.spec).starts_with("kind=idle") || (w.refused && !chip.has_cpu()))
          continue;
        const Request r =
            workloads::parse_request(fmt::format("unit={} {}", workloads::name(unit), w.spec));
        const Target target{chip, runtime, unit};
        const double t = price(r, target).totals.latency_s;
        const results::Band b = bands.around(t, r, target, workloads::Quantity::latency);
        EXPECT_LE(b.low, t) << name << " " << workloads::to_text(r);
        EXPECT_GE(b.high, t) << name << " " << workloads::to_text(r);
        EXPECT_GT(b.low, 0) << name << " " << workloads::to_text(r);
      }
    }
  }
}

TEST(Sweep, AMachineIsFoundByTheWordsOfItsSource) {
  for (const auto& [words, chip] : {std::pair{"M1 Max (24c)", "M1Max-24c"},
                                    {"M1 Max (64 GB)", "M1Max"},
                                    {"M3 Ultra (80c)", "M3Ultra"},
                                    {"Apple M4 Max", "M4Max"},
                                    {"2021 MBP M1 Pro", "M1Pro"},
                                    {"MacBook Air, M2, 2022", "M2"},
                                    {"M2 class (guide)", "M2"},
                                    {"M4 iPad", "M4"},
                                    {"A17 Pro", "A17Pro"},
                                    {"a16 bionic", "A16"},
                                    {"A15 (iPhone 13)", "A15"},
                                    {"iPhone 12 Pro", "A14"},
                                    {"iPhone 15 Pro Max", "A17Pro"}})
    EXPECT_EQ(chip_of_row(words).name(), chip) << words;
  for (const char* words : {"M2 / M2 Pro", "family", "M4 Mux", "M9", "RTX 4090 host CPU", "iPhone"})
    EXPECT_THROW(chip_of_row(words), InputError) << words;
}

// What crosses to the CPU and back costs programs, and the sentence is the operator's own.
TEST(Sweep, ARefusedOperatorPartsTheProgramAndSaysWhy) {
  const Chip m4 = load_chip("M4");
  const Runtime core_ml = load_runtime("coreml"), direct = load_runtime("direct");
  const auto fallback = [](const results::Cost& c) {
    return results::part(c.totals.causes, "cpu fallback");
  };
  const results::Cost wide =
      of("unit=ane kind=conv cin=64 cout=64 h=20 w=20 kh=17 kw=17 depth=2", m4, core_ml);
  EXPECT_GT(fallback(wide), 0);
  ASSERT_FALSE(wide.notes.empty());
  EXPECT_NE(wide.notes[0].find("the kernel is 17 columns wide; the limit is 15"), std::string::npos)
      << wide.notes[0];
  const results::Cost taken =
      of("unit=ane kind=conv cin=64 cout=64 h=20 w=20 kh=15 kw=15 depth=2", m4, core_ml);
  EXPECT_EQ(fallback(taken), 0);
  EXPECT_GT(wide.totals.latency_s, 2 * taken.totals.latency_s);
  // A direct call has nothing to fall back to.
  EXPECT_THROW(of("unit=ane kind=conv cin=64 cout=64 h=20 w=20 kh=17 kw=17", m4, direct),
               InputError);
  // Nor does a name that no unit knows.
  EXPECT_THROW(of("unit=ane kind=op op=frobnicate shape=8x8", m4, core_ml), InputError);
}

}  // namespace
}  // namespace ane::sim
