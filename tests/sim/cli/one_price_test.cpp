// Whoever asks, the answer is the same to the last digit: commands, measured rows, published
// figures.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "isa/error.h"
#include "sim/claims/priced.h"
#include "sim/cli/ask.h"
#include "sim/silicon/validate.h"
#include "tests/requests.h"
#include "workloads/request/kinds.h"

namespace ane::sim {
namespace {

using nlohmann::json;
using workloads::Form;
using workloads::Unit;

bool same(double a, double b) {
  return a == b || (std::isnan(a) && std::isnan(b));
}

struct Answer {
  double seconds = results::unknown, joules = results::unknown;
  std::string refused;  // or why there is none
};

template <class F>
Answer answer(F f) {
  try {
    return f();
  } catch (const InputError& e) {
    return {.refused = e.what()};
  }
}

Answer by_command(const workloads::Request& r, const Target& target, Detail detail) {
  return answer([&] {
    Bands bands;
    const results::Record record = priced_record({.request = r}, target, bands, detail);
    EXPECT_EQ(results::check(record), "") << workloads::to_text(r);
    return Answer{record.totals.latency_s, record.totals.energy_j, ""};
  });
}

Answer by_measured_rows(const std::string& text, const std::string& chip) {
  const Validation v =
      compare_rows(silicon_rows("chip,source,trust,spec,quantity,value_si\n" + chip + ",s,A," +
                                    text + ",latency,1\n" + chip + ",s,A," + text + ",energy,1\n",
                                "one.csv"));
  const Comparison &time = v.comparisons.at(0), &energy = v.comparisons.at(1);
  return {time.predicted.value_or(results::unknown), energy.predicted.value_or(results::unknown),
          time.skipped};
}

Answer by_published_figures(const std::string& text, const Target& target) {
  Published published;
  published.configurations["it"] = {.name = "it",
                                    .chip = target.chip.name(),
                                    .unit = std::string(workloads::name(target.unit)),
                                    .runtime = target.runtime.name(),
                                    .items = 1,
                                    .precision = {},
                                    .spec = text};
  Pricer pricer(published);
  const Priced& p = pricer.price("it");
  if (!p.why_not.empty()) return {.refused = p.why_not};
  return {p.seconds, p.joules, ""};
}

class OnePrice : public testing::TestWithParam<std::string> {};

TEST_P(OnePrice, OfEveryUnitAndForm) {
  int answered = 0;
  for (const std::string& chip : {std::string("M4"), std::string("M1")})
    for (const Unit unit : {Unit::ane, Unit::gpu, Unit::cpu})
      for (const Form form : {Form::framework, Form::accelerator}) {
        const Target target = make_target(load_chip(chip), unit, "");
        const std::string asked =
            fmt::format("{} unit={} path={} form={}", requests_by_kind().at(GetParam()).front(),
                        workloads::name(unit), target.runtime.name(), workloads::name(form));
        const workloads::Request r = workloads::parse_request(asked);
        const Answer first = by_command(r, target, Detail::totals);
        answered += first.refused.empty() ? 1 : 0;
        for (const Answer& other :
             {by_command(r, target, Detail::operators), by_command(r, target, Detail::tasks),
              by_measured_rows(asked, chip), by_published_figures(asked, target)}) {
          EXPECT_EQ(other.refused.empty(), first.refused.empty())
              << asked << ": " << first.refused << " | " << other.refused;
          EXPECT_TRUE(same(other.seconds, first.seconds))
              << asked << ": " << other.seconds << " " << first.seconds;
          EXPECT_TRUE(same(other.joules, first.joules))
              << asked << ": " << other.joules << " " << first.joules;
        }
      }
  EXPECT_GT(answered, 0);
}

std::vector<std::string> all_kinds() {
  std::vector<std::string> names;
  for (const workloads::Kind* k : workloads::kinds()) names.emplace_back(k->name);
  return names;
}
INSTANTIATE_TEST_SUITE_P(Kinds, OnePrice, testing::ValuesIn(all_kinds()),
                         [](const auto& test) { return test.param; });

// What the program prints, for each pair of ways to ask one thing.
json printed(const std::string& arguments) {
  const std::string command = fmt::format("{} {} --no-db --json 2>&1", ANESIM_PROGRAM, arguments);
  FILE* pipe = popen(command.c_str(), "r");
  std::string text;
  char buffer[4096];
  while (const std::size_t n = fread(buffer, 1, sizeof buffer, pipe)) text.append(buffer, n);
  EXPECT_EQ(pclose(pipe), 0) << command << "\n" << text;
  json all = json::parse(text, nullptr, false);
  EXPECT_FALSE(all.is_discarded()) << command << "\n" << text;
  return all.contains("runs") ? all["runs"].at(0) : all;
}

TEST(OnePriceCommands, ANamedWorkloadIsTheRequestOfItsName) {
  struct Pair {
    const char *named, *request;
  };
  for (const Pair& p :
       {Pair{"run mpnn --length 106 --unit gpu --runtime torch_mps --precision fp32 --chip M3Pro",
             "run \"kind=mpnn residues=106 weights=fp32 activations=fp32 unit=gpu "
             "path=torch_mps\" --chip M3Pro"},
        Pair{"run mpnn --length 106 --variant mps --chip M3Pro",
             "run \"kind=mpnn residues=106 weights=fp32 activations=fp32 unit=gpu "
             "path=torch_mps\" --chip M3Pro"},
        Pair{"run mpnn --length 106 --chip M4",
             "compare \"kind=mpnn residues=106\" --chips M4 --units ane"},
        Pair{"compare mpnn --lengths 106 --chips M4 --units gpu --form accelerator",
             "run \"kind=mpnn residues=106 unit=gpu form=accelerator weights=fp32 "
             "activations=fp32\" --chip M4"},
        Pair{"compare readqc --chips M4 --units ane --batches 100",
             "run \"kind=readqc name=mlp batch=100 unit=ane\" --chip M4"},
        Pair{"run vision_language --chip M4 --view summary",
             "run \"kind=vision_language unit=gpu\" --chip M4 --view summary"},
        Pair{"run \"kind=matmul m=512 n=512 k=512 unit=gpu\" --chip M2",
             "compare \"kind=matmul m=512 n=512 k=512\" --chips M2 --units gpu"}}) {
    const json a = printed(p.named), b = printed(p.request);
    EXPECT_EQ(a["latency_s"], b["latency_s"]) << p.named << " | " << p.request;
    EXPECT_EQ(a["energy_j"], b["energy_j"]) << p.named << " | " << p.request;
  }
}

}  // namespace
}  // namespace ane::sim
