// The question is a value with one text: every key and every parameter counts, each cause can
// occur.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <cmath>
#include <set>

#include "isa/error.h"
#include "results/cause.h"
#include "sim/chips/description.h"
#include "sim/price/lower.h"
#include "sim/price/price.h"
#include "sim/silicon/naive.h"
#include "tests/requests.h"
#include "workloads/request/kinds.h"

namespace ane::sim {
namespace {

using workloads::Quantity;
using workloads::Request;

TEST(Question, OfEveryKindThereIsAnExample) {
  for (const workloads::Kind* k : workloads::kinds())
    EXPECT_TRUE(requests_by_kind().contains(k->name)) << k->name;
  EXPECT_EQ(requests_by_kind().size(), workloads::kinds().size());
}

TEST(Question, ItsTextReadsBackAsItself) {
  for (const auto& [kind, texts] : requests_by_kind())
    for (const std::string& text : texts) {
      const std::string once = workloads::to_text(workloads::parse_request(text));
      EXPECT_EQ(workloads::to_text(workloads::parse_request(once)), once);
    }
}

TEST(Question, ARecordsRequestAskedAgainIsTheSameRun) {
  for (const auto& [kind, texts] : requests_by_kind())
    for (const char* unit : {"ane", "gpu", "cpu"}) {
      const Request r = workloads::with(workloads::parse_request(texts.front()), "unit", unit);
      const Target target = target_of(r, load_chip("M4"));
      try {
        const results::Record first = record_of(r, target, price(r, target));
        const Request again = workloads::parse_request(first.run.request);
        const Target there = target_of(again, load_chip("M4"));
        const results::Record second = record_of(again, there, price(again, there));
        EXPECT_EQ(first.run, second.run) << first.run.request;
        EXPECT_EQ(first.totals.latency_s, second.totals.latency_s) << first.run.request;
      } catch (const InputError&) {  // not on this unit
      }
    }
}

// All that is answered of one request on one unit.
std::string figures(const Request& r, const Target& target) {
  try {
    const results::Cost cost = price(r, target);
    const results::Record record = record_of(r, target, cost);
    const Lowered lowered = lower(r, target);
    const workloads::Job& job = lowered.job();
    const results::Totals& t = record.totals;
    const results::Run& run = record.run;
    std::string out =
        fmt::format("{} {} {} {} {} {} {} {} {} {} {}", t.latency_s, t.energy_j,
                    t.peak_memory_bytes, t.dram_bytes, t.macs, t.throughput_items_per_s,
                    job.parameters, run.variant, run.unit, run.runtime, run.form);
    for (const Quantity q : {Quantity::throughput_flops, Quantity::bandwidth, Quantity::power})
      try {
        out += fmt::format(" {}", quantity(cost, job, q));
      } catch (const InputError&) {
      }
    return out;
  } catch (const InputError& e) {
    return e.what();
  }
}

// What to try in place of a key's value, where no number does.
std::vector<std::string> values_of(std::string_view key) {
  static const std::map<std::string_view, std::vector<std::string>> words = {
      {"pad", {"valid"}},
      {"epilogue", {"relu"}},
      {"op", {"mul", "layer_norm"}},
      {"shape", {"128x512", "64x64x64"}},
      {"axes", {"all", "last"}},
      {"direction", {"read", "copy"}},
      {"size", {"asymptotic"}},
      {"input", {"1x3x64x64"}},
      {"name", {"resnet18", "bert-large", "llama-2-7b", "cnn", "maxee1", "gpt2"}},
      {"phase", {"prefill", "decode", "sample", "encode", "conditional"}},
      {"state", {"host", "buffers"}},
      {"gather", {"one_hot", "host"}},
      {"rule", {"meanq20"}},
      {"vision", {"resnet18"}},
      {"language", {"mistral-7b", "gpt2"}},
      {"vision_unit", {"cpu", "gpu"}},
      {"weights", {"int8", "fp32"}},
      {"activations", {"int8", "fp32"}},
      {"scales", {"tensor"}},
      {"fp16_layers", {"*"}},
      {"io", {"fp32"}},
      {"api", {"opencl", "vulkan", "metal"}},
      {"threads", {"1"}},
      {"concurrent", {"cpu,gpu", "cpu", "gpu"}},
      {"host", {"M1"}},
      {"placement", {"coreml", "best"}},
      {"scope", {"rail", "package"}},
      {"unit", {"gpu", "cpu"}},
      {"path", {"direct", "torch_mps", "metal", "torch_cpu"}},
      {"form", {"framework", "accelerator"}}};
  const auto at = words.find(key);
  if (at != words.end()) return at->second;
  return {"0", "1", "2", "3", "4", "6", "8", "16", "50", "64", "100", "128", "1000", "1000000"};
}

// A request's figures under several conditions: on every unit, and each software that drives it.
bool moves(const std::string& text, std::string_view key, const std::vector<Target>& targets) {
  for (const Target& target : targets) {
    const std::string was = figures(
        workloads::with(workloads::parse_request(text), "unit", workloads::name(target.unit)),
        target);
    for (const std::string& value : values_of(key)) try {
        Request r = workloads::with(workloads::parse_request(text), key, value);
        Target there = target;
        if (key == "unit" || key == "path") {
          there = target_of(r, target.chip);
        } else {
          r = workloads::with(r, "unit", workloads::name(target.unit));
        }
        if (figures(r, there) != was) return true;
      } catch (const InputError&) {
        continue;  // no value of this key
      }
  }
  return false;
}

// Keys that say what is asked but cost nothing either way, and why.
const std::set<std::pair<std::string, std::string>> no_figures = {
    {"matmul", "transpose_b"},  // BLAS takes both; the compiler lays weights out ahead
    {"readqc", "rule"},         // another model of the same shape: part of the work's text
    {"idle", "scope"},          // an idle chip draws the rail's power and no other's
    // What a file takes is the file's own: tests/workloads/onnx, tests/sim/profile.
    {"model", "file"},
    {"model", "digest"},
    {"model", "shape"},
    {"model", "dim"},
    {"model", "buckets"},
    {"model", "given"},
};

class Keys : public testing::TestWithParam<std::string> {};

TEST_P(Keys, EachMovesAFigure) {
  const workloads::Kind& kind = workloads::kind_named(GetParam());
  const Chip m4 = load_chip("M4"), card = load_chip("RTX4090");
  const std::vector<Target> targets = {
      make_target(m4, Unit::ane, ""),          make_target(m4, Unit::gpu, ""),
      make_target(m4, Unit::cpu, ""),          make_target(m4, Unit::gpu, "none"),
      make_target(m4, Unit::cpu, "torch_cpu"), make_target(m4, Unit::gpu, "torch_mps"),
      make_target(card, Unit::gpu, "")};
  std::vector<std::string> keys;
  for (const workloads::Key& k : kind.keys) keys.emplace_back(k.name);
  for (const workloads::CommonKey& c : workloads::common_keys())
    if (c.takes == workloads::takes_nothing || (kind.takes & c.takes) != 0)
      keys.emplace_back(c.name);
  for (const std::string& key : keys) {
    bool moved = false;
    for (const std::string& text : requests_by_kind().at(GetParam()))
      moved = moved || moves(text, key, targets);
    EXPECT_NE(moved, no_figures.contains({GetParam(), key}))
        << GetParam() << " reads and ignores " << key << "=";
  }
}

std::vector<std::string> all_kinds() {
  std::vector<std::string> names;
  for (const workloads::Kind* k : workloads::kinds()) names.emplace_back(k->name);
  return names;
}
INSTANTIATE_TEST_SUITE_P(Kinds, Keys, testing::ValuesIn(all_kinds()),
                         [](const auto& test) { return test.param; });

// ---- parameters

// Every figure of a pool of questions, in which each parameter of a chip or a runtime must show.
std::vector<Request> pool(Unit unit) {
  std::vector<Request> all;
  const auto ask = [&](const std::string& text) {
    Request r = workloads::parse_request(text);
    r.conditions.unit = unit;
    all.push_back(std::move(r));
  };
  for (const auto& [kind, texts] : requests_by_kind())
    for (const std::string& text : texts) ask(text);
  for (const char* text :
       {"kind=matmul m=512 n=512 k=512 cold=1",
        "kind=matmul m=512 n=512 k=512 idle_s=0.01",
        "kind=matmul m=512 n=512 k=512 idle_s=60",
        "kind=matmul m=512 n=512 k=512 engines=2",
        "kind=matmul m=512 n=512 k=512 concurrent=cpu,gpu",
        "kind=matmul m=512 n=512 k=512 io=fp32",
        "kind=conv cin=512 cout=512 h=64 w=64 kh=3 kw=3 zeros=50",
        "kind=conv cin=512 cout=512 h=64 w=64 kh=3 kw=3 zeros=75",
        "kind=conv cin=512 cout=512 h=64 w=64 kh=3 kw=3 zeros=90",
        "kind=conv cin=512 cout=512 h=64 w=64 kh=3 kw=3 zeros=100",
        "kind=conv cin=512 cout=512 h=64 w=64 kh=3 kw=3",
        "kind=conv cin=512 cout=512 h=64 w=64 weights=int8 activations=int8 depth=8",
        "kind=matmul m=1 n=4096 k=4096 weights=int4",
        "kind=matmul m=1 n=4096 k=4096 weights=lut1",
        "kind=matmul m=1 n=4096 k=4096 weights=lut4 scales=channel",
        "kind=matmul m=1 n=4096 k=4096 weights=q4_0",
        "kind=matmul m=40 n=4096 k=4096 weights=q4_0",
        "kind=matmul m=64 n=64 k=64 batch=10 bmm=1",
        "kind=conv cin=64 cout=64 h=64 w=64 kh=3 kw=3 weights=fp32 activations=fp32",
        "kind=matmul m=1 n=16384 k=16384",
        "kind=conv cin=4096 cout=4096 h=1 w=64",
        "kind=matmul m=40000 n=40000 k=64",
        "kind=matmul m=1 n=4096 k=4096",
        "kind=matmul m=128 n=128 k=128 threads=1",
        "kind=matmul m=2048 n=2048 k=2048 weights=fp32 activations=fp32",
        "kind=matmul m=2048 n=2048 k=2048 weights=bf16 activations=bf16",
        "kind=matmul m=2048 n=2048 k=2048 weights=int8 activations=int8",
        "kind=copy bytes=1000000000 direction=triad",
        "kind=copy bytes=1000000000 threads=1",
        "kind=launch cold=1",
        "kind=launch overlap=1",
        "kind=idle scope=rail",
        "kind=matmul m=512 n=512 k=512 scope=rail",
        "kind=matmul m=512 n=512 k=512 scope=package"})
    ask(text);
  return all;
}

// The parameter half as large again, or by a third smaller where that is too large; whole numbers
// one more or less; a flag the other way round.
std::vector<std::string> changes(const Description& d, const std::string& path) {
  const double v = d.at(path).value;
  std::vector<std::string> all;
  for (const double x : {v * 1.5, v / 1.5, v + 1, v - 1, v * 2, v / 2})
    all.push_back(fmt::format("{}={}", path, x));
  all.push_back(path + "=true");
  all.push_back(path + "=false");
  return all;
}

// The paths of a description with a price that each moves: of these targets, or a naive model's.
template <class Load, class Set>
void note_moved(const Description& d, const std::vector<Target>& targets, const Load& load,
                const Set& set, std::set<std::string>& moved) {
  struct Asked {
    const Target* target;
    Request request;
    Lowered work;
    std::string was;
  };
  // A chip prices the work as it was lowered: plans are chosen by rates that move their price as
  // well. A runtime may refuse the work.
  constexpr bool of_chip = std::is_same_v<decltype(load(std::string())), Chip>;
  const auto cost_text = [](const Request& r, const Lowered& work, const Target& t) {
    const results::Cost c = of_chip ? price(work, t, r.conditions) : price(r, t);
    return fmt::format("{} {} {}", c.totals.latency_s, c.totals.energy_j,
                       naive_quantity(r, t, Quantity::latency).value_or(0));
  };
  std::vector<Asked> asked;
  for (const Target& t : targets)
    for (const Request& r : pool(t.unit)) try {
        const Lowered work = lower(r, t);
        asked.push_back({&t, r, work, cost_text(r, work, t)});
      } catch (const InputError&) {  // not on this unit
      }
  for (const auto& [path, p] : d.parameters)
    for (const std::string& change : changes(d, path)) {
      if (moved.contains(path)) break;
      std::optional<decltype(load(change))> there;
      try {
        there = load(change);
      } catch (const InputError&) {
        continue;  // out of its range
      }
      for (const Asked& a : asked) {
        if (moved.contains(path)) break;
        // A parameter of one unit, on that unit.
        const std::string unit(workloads::name(a.target->unit));
        if (path.starts_with("ane.") && unit != "ane") continue;
        if (path.starts_with("gpu.") && unit != "gpu") continue;
        try {
          Target t = *a.target;
          set(t, *there);
          if (cost_text(a.request, a.work, t) != a.was) moved.insert(path);
        } catch (const InputError&) {
          moved.insert(path);  // refused: the question has no answer any more
        }
      }
    }
}

// Every software that drives a unit of the chip; numbers that none offers are offered by one.
std::vector<Target> all_targets(const Chip& chip) {
  std::vector<Target> targets;
  for (const Unit unit : {Unit::ane, Unit::cpu, Unit::gpu}) {
    if (!has_unit(chip, unit)) continue;
    for (const std::string& name : runtime_names())
      if (drives(load_runtime(name), unit)) targets.push_back(make_target(chip, unit, name));
    Target able = make_target(chip, unit, "");
    able.runtime = load_runtime(able.runtime.name(), {"precision.int8=true"});
    targets.push_back(std::move(able));
  }
  return targets;
}

TEST(Parameters, EachOfAChipMovesAPrice) {
  // Read by published figures alone; what the bandwidth comes from, which --set refuses; and what
  // only refuses models larger than those asked here (Machine.WhatDoesNotFit...).
  std::set<std::string> all,
      moved = {"gpu.power.load", "memory.bus", "memory.transfer_rate", "gpu.working_set_large"};
  for (const char* name : {"M4", "M1Ultra", "M5", "M6", "A14", "RTX4090"}) {
    const Chip chip = load_chip(name);
    for (const auto& [path, p] : chip.description().parameters) all.insert(path);
    note_moved(
        chip.description(), all_targets(chip),
        [&](const std::string& change) { return load_chip(name, {change}); },
        [](Target& t, const Chip& c) { t.chip = c; }, moved);
  }
  for (const std::string& path : all) EXPECT_TRUE(moved.contains(path)) << path;
}

TEST(Parameters, EachOfARuntimeMovesAPrice) {
  std::set<std::string> all, moved;
  const std::vector<Chip> chips = {load_chip("M5"), load_chip("RTX4090")};
  for (const std::string& name : runtime_names()) {
    const Runtime runtime = load_runtime(name);
    std::vector<Target> targets;
    for (const Chip& chip : chips)
      for (const Unit unit : {Unit::ane, Unit::cpu, Unit::gpu})
        if (has_unit(chip, unit) && drives(runtime, unit)) targets.push_back({chip, runtime, unit});
    for (const auto& [path, p] : runtime.description().parameters) all.insert(path);
    note_moved(
        runtime.description(), targets,
        [&](const std::string& change) { return load_runtime(name, {change}); },
        [](Target& t, const Runtime& r) { t.runtime = r; }, moved);
  }
  for (const std::string& path : all) EXPECT_TRUE(moved.contains(path)) << path;
}

// ---- causes

TEST(Causes, EachCanOccurAndNoOtherDoes) {
  std::set<std::string> seen;
  const auto note = [&](const results::Parts& causes) {
    for (const results::Part& p : causes) {
      EXPECT_TRUE(results::cause_named(p.name)) << p.name;
      seen.insert(p.name);
    }
  };
  for (const char* chip : {"M4", "M1", "RTX4090"})
    for (const Target& target : all_targets(load_chip(chip))) {
      for (const Request& r : pool(target.unit)) try {
          const results::Cost cost = price(r, target, Detail::operators);
          note(cost.totals.causes);
          for (const results::OperatorRow& o : cost.operators) note(o.causes);
        } catch (const InputError&) {  // not on this unit
        }
    }
  for (int i = 0; i < results::cause_count; ++i) {
    const results::CauseInfo& c = results::info(static_cast<results::Cause>(i));
    EXPECT_TRUE(seen.contains(std::string(c.name))) << c.name;
    EXPECT_FALSE(c.advice.empty()) << c.name;
  }
}

}  // namespace
}  // namespace ane::sim
