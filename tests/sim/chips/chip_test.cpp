#include "sim/chips/chip.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>

#include "isa/error.h"
#include "sim/chips/derive.h"
#include "sim/runtimes/runtime.h"

namespace ane::sim {
namespace {

using testing::AllOf;
using testing::HasSubstr;

// "place | what | note" of the InputError that `f` throws.
template <class F>
std::string complaint(F f) {
  try {
    f();
  } catch (const InputError& e) {
    return e.place() + " | " + e.what() + " | " + e.note();
  }
  return "no error";
}

std::string file_with(const std::string& name, const std::string& text) {
  const std::string path = testing::TempDir() + std::to_string(getpid()) + "_" + name;
  std::ofstream(path) << text;
  return path;
}

std::string read(const std::string& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST(Chip, EveryBuiltInChipLoadsAndIsWithinItsRanges) {
  const std::vector<std::string> names = chip_names();
  for (const char* wanted : {"A11",   "A12",   "A13",     "A14", "A15",   "A16",   "A17Pro",  "M1",
                             "M1Pro", "M1Max", "M1Ultra", "M2",  "M2Pro", "M2Max", "M2Ultra", "M3",
                             "M3Pro", "M3Max", "M3Ultra", "M4",  "M4Pro", "M4Max"})
    EXPECT_THAT(names, testing::Contains(wanted));
  for (const std::string& name : names)
    EXPECT_EQ(complaint([&] { load_chip(name); }), "no error") << name;
}

TEST(Chip, NamesAreInNaturalOrder) {
  const std::vector<std::string> names = chip_names();
  const auto at = [&](const char* n) {
    return std::find(names.begin(), names.end(), n) - names.begin();
  };
  EXPECT_LT(at("A17Pro"), at("A100"));
  EXPECT_LT(at("M1"), at("M1-7c"));
  EXPECT_LT(at("M1Ultra"), at("M2"));
}

// Cores x MACs x 2 x clock must give what Apple rates: the fp16 rate up to M3, int8 from A17 Pro
// on.
TEST(Chip, AnePeaksAgreeWithAppleRatings) {
  struct Rating {
    const char* chip;
    double tops;
    bool int8;
  };
  for (const Rating& r : {Rating{"A11", 0.6, false},
                          {"A12", 5, false},
                          {"M1", 11, false},
                          {"M1 Ultra", 22, false},
                          {"A15", 15.8, false},
                          {"M2", 15.8, false},
                          {"M2 Ultra", 31.6, false},
                          {"A16", 17, false},
                          {"M3", 18, false},
                          {"M3 Ultra", 36, false},
                          {"A17 Pro", 35, true},
                          {"M4", 38, true}}) {
    const AneParameters a = load_chip(r.chip).ane();
    const double peak = a.engines * (r.int8 ? a.peak_int8() : a.peak_fp16());
    EXPECT_NEAR(peak / (r.tops * 1e12), 1, 0.07) << r.chip;
    EXPECT_EQ(a.macs_int8, r.int8 ? 2 * a.macs_fp16 : a.macs_fp16) << r.chip;
  }
}

TEST(Chip, MemoryBandwidthIsBusTimesRate) {
  for (const std::string& name : chip_names()) {
    const MemoryParameters m = load_chip(name).memory();
    EXPECT_NEAR(m.bus * m.transfer_rate / m.bandwidth, 1, 0.005) << name;
  }
}

TEST(Chip, NoUnitReachesMoreThanTheMemoryGives) {
  for (const std::string& name : chip_names()) {
    const Chip c = load_chip(name);
    if (c.has_ane()) {
      EXPECT_LE(c.ane().dram_bandwidth, c.memory().bandwidth) << name;
    }
    if (c.has_cpu()) {
      EXPECT_LE(c.cpu().bandwidth, c.memory().bandwidth) << name;
    }
    if (c.has_gpu()) {
      EXPECT_LE(c.gpu().bandwidth_stream, c.memory().bandwidth) << name;
    }
  }
}

TEST(Chip, MachineShowsWhatSoftwareMayKnow) {
  const isa::Machine m1 = load_chip("M1").machine(), m4 = load_chip("M4").machine();
  EXPECT_EQ(m1.chip, "M1");
  EXPECT_EQ(m1.max_extent, 16384);
  EXPECT_EQ(m4.max_extent, 65536);
  EXPECT_EQ(m1.macs_int8, 256);
  EXPECT_EQ(m4.macs_int8, 512);
  EXPECT_FALSE(m1.int8_macs);
  EXPECT_TRUE(m4.int8_macs);
  EXPECT_EQ(m4.l2.count, 2 << 20);
  EXPECT_EQ(m4.kernel_memory.count, 64 << 10);
  EXPECT_EQ(load_chip("M4", {"ane.l2=4MiB"}).machine().l2.count, 4 << 20);
}

TEST(Chip, AVariantDiffersFromItsAncestorOnlyWhereItsFileSaysSo) {
  const Chip whole = load_chip("M1"), bin = load_chip("M1-7c");
  for (const auto& [path, p] : whole.description().parameters)
    EXPECT_EQ(bin.get(path), path == "gpu.cores" ? 7 : p.value) << path;
  EXPECT_TRUE(load_chip("M1").has("gpu.power.load"));
  EXPECT_FALSE(load_chip("M1Pro").has("gpu.power.load")) << "listed in 'without'";
}

TEST(Chip, SpellingDoesNotMatter) {
  EXPECT_EQ(load_chip("m1 pro").name(), "M1Pro");
  EXPECT_EQ(load_chip("M1 Max (24c)").name(), "M1Max-24c");
  EXPECT_EQ(load_chip("H100 PCIe 80GB").name(), "H100");
}

TEST(Chip, NamesAndAliasesAreUnambiguous) {
  std::map<std::string, std::string> owner;
  for (const std::string& name : chip_names()) {
    const Description d = load_chip(name).description();
    std::vector<std::string> all = d.aliases;
    all.push_back(name);
    for (const std::string& a : all) {
      std::string folded;
      for (const char c : a)
        if (std::isalnum(static_cast<unsigned char>(c)))
          folded += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      EXPECT_EQ(owner.emplace(folded, name).first->second, name) << a;
      EXPECT_EQ(load_chip(a).name(), name);
    }
  }
}

TEST(Chip, AnUnknownChipIsAnErrorWithTheNearest) {
  EXPECT_THAT(complaint([] { load_chip("M4Pr"); }),
              AllOf(HasSubstr("unknown chip 'M4Pr'"), HasSubstr("did you mean 'M4Pro'?")));
}

TEST(Chip, AChipWithoutAnAneSaysSo) {
  const Chip h100 = load_chip("H100");
  EXPECT_FALSE(h100.has_ane());
  EXPECT_THAT(complaint([&] { h100.ane(); }), HasSubstr("chip 'H100' has no ANE"));
  EXPECT_TRUE(h100.pcie().has_value());
  EXPECT_FALSE(load_chip("M1").pcie().has_value());
}

TEST(Chip, WhatIsTakenFromAnotherChipIsInherited) {
  const auto kind = [](const char* chip, const char* path) {
    return std::string(load_chip(chip).parameter(path).kind);
  };
  EXPECT_EQ(kind("M1", "ane.bandwidth.tiles"), "fitted");
  EXPECT_EQ(kind("M3", "ane.bandwidth.tiles"), "inherited");
  EXPECT_EQ(load_chip("M3").parameter("ane.bandwidth.tiles").kind_there, "fitted");
  EXPECT_EQ(kind("M3", "ane.dispatch.direct"), "measured");  // its own
  EXPECT_EQ(kind("M3", "ane.dram_latency"), "assumed");      // as it was there
  // A binned variant is the same die.
  EXPECT_EQ(kind("M4-8c", "ane.clock"), "published");
  EXPECT_EQ(kind("M4-8c", "ane.cores"), "inherited");  // M4's is of M1
}

TEST(Override, TakesUnitsAndBareNumbersInBaseUnits) {
  EXPECT_EQ(load_chip("M4", {"ane.l2=4MiB"}).ane().l2.count, 4 << 20);
  EXPECT_EQ(load_chip("M4", {"ane.clock=2e9"}).ane().clock_hz, 2e9);
  EXPECT_EQ(load_chip("M4", {"ane.clock=2 GHz"}).ane().clock_hz, 2e9);
  EXPECT_EQ(load_chip("M4", {"ane.l2_bank_width=256bit"}).ane().l2_bank_width.count, 32);
  EXPECT_TRUE(load_chip("M1", {"ane.features.int8_macs=true"}).machine().int8_macs);
  EXPECT_EQ(load_chip("M4", {"ane.clock=2GHz"}).parameter("ane.clock").kind, "set");
}

TEST(Override, MovesWhatIsDerivedFromTheValue) {
  const double before = load_chip("M4").gpu().bandwidth_stream;
  const Chip after = load_chip("M4", {"memory.bandwidth=240GB/s"});
  EXPECT_DOUBLE_EQ(after.gpu().bandwidth_stream, 2 * before);
  EXPECT_DOUBLE_EQ(*after.parameter("gpu.bandwidth_stream").high, 240e9);
  EXPECT_EQ(load_chip("M4", {"gpu.bandwidth_stream=90GB/s", "memory.bandwidth=240GB/s"})
                .gpu()
                .bandwidth_stream,
            90e9)
      << "a value that the user sets stays";
}

TEST(Override, HasOneTextHoweverItIsWritten) {
  const auto text = [](const std::vector<std::string>& settings) {
    return overrides_text(load_chip("M4", settings).description());
  };
  EXPECT_EQ(text({}), "");
  EXPECT_EQ(text({"ane.l2=4194304"}), "ane.l2=4MiB");
  EXPECT_EQ(text({"ane.l2=4096 KiB", "ane.cores=8"}), "ane.cores=8 ane.l2=4MiB");
  EXPECT_EQ(text({"ane.cores=8", "ane.l2=4 MiB"}), "ane.cores=8 ane.l2=4MiB");
  EXPECT_EQ(text({"memory.bandwidth=120GB/s"}), "") << "as it stands";
  const std::string fine = text({"ane.clock=2.0000001GHz"});
  EXPECT_EQ(text({fine}), fine);
  EXPECT_EQ(load_chip("M4", {fine}).ane().clock_hz,
            load_chip("M4", {"ane.clock=2.0000001GHz"}).ane().clock_hz)
      << "no digit is lost";
  EXPECT_NE(text({"gpu.bandwidth_stream=90GB/s"}), "");
}

TEST(Aliases, AreOfOneChipEach) {
  std::map<std::string, std::string> owner;  // several spellings may be of one chip
  for (const auto& [alias, chip] : description_aliases("chips")) {
    EXPECT_EQ(owner.emplace(folded_name(alias), chip).first->second, chip) << alias;
    EXPECT_EQ(load_chip(alias).name(), chip) << alias;
  }
  EXPECT_EQ(load_chip("macbook air m2").name(), "M2");
}

TEST(Override, RefusesUnknownPathsWrongUnitsAndValuesOutOfRange) {
  const auto fault = [](const char* o) { return complaint([&] { load_chip("M4", {o}); }); };
  EXPECT_THAT(fault("ane.clok=2GHz"), AllOf(HasSubstr("'M4' has no parameter 'ane.clok'"),
                                            HasSubstr("did you mean 'ane.clock'?")));
  EXPECT_THAT(fault("ane.l2=4MB/s"), HasSubstr("'MB/s' is not a unit of ane.l2 (B)"));
  EXPECT_THAT(fault("ane.l2=4lumps"), HasSubstr("'lumps' is not a unit of ane.l2"));
  EXPECT_THAT(fault("ane.clock=2.5"), HasSubstr("2.5 Hz is out of range"));
  EXPECT_THAT(fault("ane.cores=1.5"), HasSubstr("1.5 is not whole"));
  EXPECT_THAT(fault("ane.cores=many"), HasSubstr("'many' is no number"));
  EXPECT_THAT(fault("ane.clock=nan"), HasSubstr("is no number"));
  EXPECT_THAT(fault("ane.clock"), HasSubstr("path.to.value=NUMBER[UNIT]"));
}

// A faulty file is named with its line and the key's path.
TEST(ChipFile, FaultsAreToldWithFileLineAndPath) {
  const auto fault = [](const std::string& line) {
    const std::string path =
        file_with("bad_chip.json", "{\n\"name\": \"X\", \"inherits\": \"M1\",\n" + line + "\n}\n");
    return complaint([&] { load_chip(path); });
  };
  EXPECT_EQ(fault(R"("ane": {"cores": {"value": 8, "kind": "assumed", "note": "half"}})"),
            "no error");
  EXPECT_THAT(fault(R"("ane": {"cores": {"value": 8 "kind": "assumed"}})"),
              HasSubstr("bad_chip.json:3 | no JSON: syntax error while parsing object"));
  EXPECT_THAT(fault(R"("ane": {"cores": {"value": "8", "kind": "assumed", "note": "n"}})"),
              HasSubstr("bad_chip.json:3 | ane.cores.value: must be a number"));
  EXPECT_THAT(fault(R"("ane": {"cores": {"valu": 8, "kind": "assumed", "note": "n"}})"),
              AllOf(HasSubstr("bad_chip.json:3 | ane.cores.valu: unknown key"),
                    HasSubstr("did you mean 'value'?")));
  EXPECT_THAT(fault(R"("ane": {"coers": {"value": 8, "kind": "assumed", "note": "n"}})"),
              AllOf(HasSubstr("bad_chip.json:3 | ane.coers: unknown parameter"),
                    HasSubstr("did you mean 'ane.cores'?")));
  EXPECT_THAT(
      fault(R"("ane": {"clock": {"value": 2, "unit": "GHz/s", "kind": "assumed", "note": "n"}})"),
      HasSubstr("bad_chip.json:3 | ane.clock: 'GHz/s' is no unit of Hz"));
  EXPECT_THAT(
      fault(R"("ane": {"clock": {"value": 2, "unit": "Ghz", "kind": "assumed", "note": "n"}})"),
      HasSubstr("unknown unit 'Ghz'"));
  EXPECT_THAT(
      fault(R"("ane": {"clock": {"value": 2, "unit": "kHz", "kind": "assumed", "note": "n"}})"),
      HasSubstr("ane.clock: 2 kHz is out of range"));
  EXPECT_THAT(fault(R"("ane": {"cores": {"value": 8, "kind": "guessed"}})"),
              HasSubstr("kind 'guessed' is unknown"));
  EXPECT_THAT(fault(R"("ane": {"cores": {"value": 8, "kind": "assumed"}})"),
              HasSubstr("no 'note' says why"));
  EXPECT_THAT(fault(R"("ane": {"cores": {"value": 8, "kind": "measured"}})"),
              HasSubstr("no 'source'"));
  EXPECT_THAT(fault(R"("ane": {"cores": {"value": 8, "kind": "fitted", "source": "S1"}})"),
              HasSubstr("needs 'low' and 'high'"));
  EXPECT_THAT(
      fault(
          R"("ane": {"cores": {"value": 8, "low": 9, "high": 10, "kind": "fitted", "source": "S1"}})"),
      HasSubstr("outside its 'low' and 'high'"));
  EXPECT_THAT(fault(R"("ane": {"cores": {"value": 8, "kind": "assumed", "kind": "assumed"}})"),
              HasSubstr("'ane.cores.kind' is given twice"));
  EXPECT_THAT(fault(R"("ane": {"cores": null})"), HasSubstr("null is no value"));
  EXPECT_THAT(fault(R"("without": ["ane.coers"])"), HasSubstr("no parameter 'ane.coers'"));
  EXPECT_THAT(complaint([] { load_chip("/no/such.json"); }), HasSubstr("/no/such.json"));
  EXPECT_THAT(
      complaint([] { load_chip(file_with("a.json", "{\"name\": \"X\", \"inherits\": \"M99\"}")); }),
      HasSubstr("unknown chip 'M99'"));
  EXPECT_THAT(complaint([] { load_chip(file_with("b.json", "{\"name\": \"X\"}")); }),
              HasSubstr("the parameter 'memory.bus' is missing"));
  EXPECT_THAT(complaint([] { load_chip(file_with("c.json", "[]")); }), HasSubstr("one object"));
}

TEST(ChipFile, MadeToFillTheMemoryIsRefusedByItsLimit) {
  const auto nested = [](std::string_view open, std::string_view close, int deep) {
    std::string text = R"({"name": "x")";
    for (int i = 0; i < deep; ++i) text += (i == 0 ? R"(, "a": )" : "") + std::string(open);
    text += "1";
    for (int i = 0; i < deep; ++i) text += close;
    return text + "}";
  };
  const auto complaint_of = [](const std::string& text) {
    return complaint([&] { load_chip(file_with("deep.json", text)); });
  };
  EXPECT_THAT(complaint_of(nested(R"({"a":)", "}", 200'000)), HasSubstr("nested more than 16"));
  EXPECT_THAT(complaint_of(nested("[", "]", 200'000)), HasSubstr("nested more than 16"));
  EXPECT_THAT(complaint_of(nested("[\n", "]", 16)), HasSubstr("deep.json:16 | nested more"));
  EXPECT_THAT(complaint_of(R"({"name": "x", ")" + std::string(1'000'000, 'k') + R"(": 1})"),
              HasSubstr("a key of 1000000 bytes (limit 256)"));
  EXPECT_LT(complaint_of(R"({"name": )" + std::string(1'000'000, 'n') + "}").size(), 400u);
}

TEST(ChipFile, ADerivedValueMustFollowFromWhatItSays) {
  const auto fault = [](const std::string& value, const std::string& from) {
    return complaint([&] {
      load_chip(file_with("derived.json",
                          R"({"name": "X", "inherits": "M1", "ane": {"clock": {"value": )" + value +
                              R"(, "unit": "GHz", "kind": "derived", "source": "S5", "from": ")" +
                              from + "\"}}}"));
    });
  };
  EXPECT_EQ(fault("1.93", "15.8e12 / (16 * 256 * 2)"), "no error");
  EXPECT_EQ(fault("1.02", "ane.l2_clock"), "no error");
  EXPECT_THAT(fault("1.95", "15.8e12 / (16 * 256 * 2)"),
              HasSubstr("states 1.95 GHz, but its 'from' gives 1.92871 GHz"));
  EXPECT_EQ(fault("1.0049", "1e9"), "no error");  // files round
  EXPECT_THAT(fault("1.0051", "1e9"), HasSubstr("states 1.0051 GHz, but its 'from' gives 1 GHz"));
  EXPECT_THAT(fault("1.93", "15.8e12 / (16 * 256"), HasSubstr("no ')'"));
  EXPECT_THAT(fault("1.93", "15.8e12 $ 2"), HasSubstr("cannot read '$ 2'"));
  EXPECT_THAT(fault("1.93", "2 * "), HasSubstr("a number or a path is missing"));
  EXPECT_THAT(fault("1.93", "2 * ane.clok"), HasSubstr("unknown parameter 'ane.clok'"));
  EXPECT_THAT(fault("1.93", "2 * ane.clock"), HasSubstr("derived from itself"));
}

TEST(ChipFile, DerivedValuesOfTheBuiltInChipsAgreeWithTheirFiles) {
  int derived = 0;
  for (const std::string& name : chip_names()) {
    const Chip c = load_chip(name);  // recomputes and compares each
    for (const auto& [path, p] : c.description().parameters) derived += p.kind == "derived" ? 1 : 0;
  }
  EXPECT_GT(derived, 100);
}

// Ids are the first cells of the table's rows.
std::set<std::string> listed_sources() {
  std::set<std::string> ids;
  std::istringstream in(read(SOURCE_DIR "/docs/sources.md"));
  const std::regex row(R"(^\| (S\d+) \|)");
  for (std::string line; std::getline(in, line);)
    if (std::smatch m; std::regex_search(line, m, row)) {
      EXPECT_TRUE(ids.insert(m[1]).second) << m[1] << " is listed twice";
    }
  return ids;
}

TEST(Sources, EveryCitedSourceIsListed) {
  const std::set<std::string> listed = listed_sources();
  ASSERT_FALSE(listed.empty());
  std::vector<Description> all;
  for (const std::string& n : chip_names()) all.push_back(load_chip(n).description());
  for (const std::string& n : runtime_names()) all.push_back(load_runtime(n).description());
  for (const Description& d : all)
    for (const auto& [path, p] : d.parameters) {
      std::istringstream ids{std::string(p.source)};
      for (std::string id; std::getline(ids, id, ',');)
        EXPECT_TRUE(listed.contains(id)) << d.name << " " << path << ": " << id;
      const std::regex mention(R"(\bS\d+\b)");
      const std::string note(p.note);
      for (std::sregex_iterator m(note.begin(), note.end(), mention), end; m != end; ++m)
        EXPECT_TRUE(listed.contains(m->str())) << d.name << " " << path << ": " << m->str();
    }
}

std::vector<std::map<std::string, std::string>> csv(const std::string& path) {
  std::vector<std::vector<std::string>> lines(1, std::vector<std::string>(1));
  bool quoted = false;
  for (const char c : read(path)) {
    if (c == '"') {
      quoted = !quoted;
    } else if (c == ',' && !quoted) {
      lines.back().emplace_back();
    } else if (c == '\n' && !quoted) {
      lines.emplace_back(1);
    } else if (c != '\r') {
      lines.back().back() += c;
    }
  }
  std::vector<std::map<std::string, std::string>> rows;
  for (std::size_t i = 1; i < lines.size(); ++i)
    if (lines[i].size() == lines[0].size())
      for (std::size_t k = rows.emplace_back().size(); k < lines[0].size(); ++k)
        rows.back()[lines[0][k]] = lines[i][k];
  return rows;
}

TEST(Survey, CoreCountsPeaksAndBandwidthsAgreeWithTheChipTable) {
  const auto rows = csv(SOURCE_DIR "/../shared/soc/chips.csv");
  if (rows.empty()) GTEST_SKIP() << "shared/soc/chips.csv is not there";
  EXPECT_GT(rows.size(), 30u);
  for (const auto& row : rows) {
    const Chip c = load_chip(row.at("chip"));
    const auto number = [&](const char* key) { return std::stod(row.at(key)); };
    EXPECT_EQ(c.gpu().cores, std::stoi(row.at("gpu_cores"))) << c.name();
    EXPECT_NEAR(c.gpu().peak_fp32() / (number("gpu_fp32_peak_TFLOPS") * 1e12), 1, 0.005)
        << c.name();
    EXPECT_NEAR(c.memory().bandwidth / (number("mem_bw_spec_GBs") * 1e9), 1, 0.005) << c.name();
    if (row.at("cpu_P_cores").empty()) continue;
    EXPECT_EQ(c.cpu().p_cores, std::stoi(row.at("cpu_P_cores"))) << c.name();
    EXPECT_EQ(c.cpu().e_cores, std::stoi(row.at("cpu_E_cores"))) << c.name();
    EXPECT_NEAR(c.cpu().peak_neon_fp32() / (number("neon_fp32_peak_allcore_GFLOPS") * 1e9), 1, 0.03)
        << c.name();
  }
}

TEST(Survey, EveryChipOfTheMeasuredRowsThatRunWorkIsKnown) {
  // Hosts that are no chip of ours, or a class that no row tells apart.
  const std::set<std::string> no_chip = {
      "unspecified", "all",           "any Apple",     "all H13-H18",       "family",
      "M2 / M2 Pro", "Max-class Mac", "A20-class H18", "Apple Silicon Mac", "RTX 4090 host CPU"};
  int known = 0;
  for (const char* file :
       {"silicon/calibration", "silicon/validation", "soc/calibration", "soc/validation"})
    for (const auto& row : csv(std::string(SOURCE_DIR "/../shared/") + file + ".csv")) {
      if (no_chip.contains(row.at("chip"))) continue;
      EXPECT_EQ(complaint([&] { load_chip(row.at("chip")); }), "no error");
      ++known;
    }
  if (known == 0) GTEST_SKIP() << "the measured rows are not there";
  EXPECT_GT(known, 900);
}

TEST(Runtime, EveryPathOfTheMeasuredRowsIsARuntime) {
  const std::vector<std::string> names = runtime_names();
  for (const char* path : {"direct", "coreml", "coreml_python", "coreai", "aneforge", "onnx_coreml",
                           "torch_cpu", "torch_mps", "mlx", "mlx_swift", "accelerate", "mps",
                           "metal", "llamacpp", "cuda_torch", "cuda_llamacpp", "none"})
    EXPECT_THAT(names, testing::Contains(path));
  for (const std::string& n : names) {
    EXPECT_EQ(complaint([&] { load_runtime(n); }), "no error") << n;
    const RuntimeParameters r = load_runtime(n).costs();
    EXPECT_TRUE(r.ane || r.gpu || r.cpu) << n << " drives nothing";
  }
}

TEST(Runtime, CostsAreReadInSeconds) {
  EXPECT_DOUBLE_EQ(load_runtime("torch_mps").costs().op_dispatch, 20e-6);
  EXPECT_DOUBLE_EQ(load_runtime("torch_mps", {"op_dispatch=5us"}).costs().op_dispatch, 5e-6);
  EXPECT_TRUE(load_runtime("Core ML").costs().coreml_floor);
  EXPECT_THAT(complaint([] { load_runtime("corml"); }), HasSubstr("did you mean 'coreml'?"));
}

TEST(Chip, TheCompilersRatesAreOfACycleOfTheEngines) {
  const Chip chip = load_chip("M4");
  const AneParameters& a = chip.ane();
  const isa::Machine::Rates& r = chip.machine().rates;
  EXPECT_DOUBLE_EQ(r.tile_bytes, a.tile_bandwidth / a.clock_hz);
  EXPECT_DOUBLE_EQ(r.weight_bytes, a.weight_bandwidth / a.clock_hz);
  EXPECT_DOUBLE_EQ(r.planar_elements, a.pe_elements * a.l2_clock_hz / a.clock_hz);
  EXPECT_DOUBLE_EQ(r.task_start, a.task_overhead);
}

TEST(Chip, AGpuMayUseALargerShareFrom36GibibytesOn) {
  const auto share = [](const std::string& capacity) {
    const Chip chip = load_chip("M1Max", {"memory.capacity=" + capacity});
    return *chip.usable_memory(true) / *chip.memory().capacity;
  };
  const GpuParameters g = load_chip("M1Max").gpu();
  EXPECT_DOUBLE_EQ(share("35 GiB"), *g.working_set);
  EXPECT_DOUBLE_EQ(share("36 GiB"), *g.working_set_large);
}

TEST(Chip, APowerFollowsTheClockAndItsVoltage) {
  const Chip stock = load_chip("M4"),
             fast = load_chip("M4", {"ane.clock=2.6 GHz", "cpu.p_clock=5 GHz"});
  const AneParameters &a = stock.ane(), &b = fast.ane();
  const double r = b.clock_hz / a.clock_hz, volts = b.energy_mac_fp16 / a.energy_mac_fp16;
  EXPECT_GT(volts, 1);
  EXPECT_NEAR(b.power_core / a.power_core, volts * r, 1e-12);
  EXPECT_NEAR(b.power_awake / a.power_awake, volts * r, 1e-12);
  EXPECT_NEAR(b.energy_pe_element / a.energy_pe_element, volts, 1e-12);
  const double p = fast.cpu().p_clock_hz / stock.cpu().p_clock_hz;
  EXPECT_NEAR(fast.cpu().power_core / stock.cpu().power_core, std::pow(p, 1.75), 1e-12);
}

TEST(Chip, ARateThatEqualsTheMemorysIsNotHeld) {
  const auto held = [](const std::string& memory) {
    const Chip chip = load_chip("M4", {"memory.bandwidth=" + memory, "ane.bandwidth.dram=50 GB/s",
                                       "ane.bandwidth.weights=50 GB/s"});
    const auto& list = chip.held_by_memory();
    return std::ranges::find(list, "ane.bandwidth.dram") != list.end();
  };
  EXPECT_FALSE(held("50 GB/s"));
  EXPECT_TRUE(held("49.9 GB/s"));
}

TEST(Chip, ABandMovesWithWhatItsValueIsDerivedFrom) {
  Description d = load_chip("M4").description();
  Parameter& p = d.parameters.at("memory.bandwidth");
  p.kind = "derived", p.from = "memory.bus * memory.transfer_rate";
  derive(d);
  const double before = p.value;
  EXPECT_DOUBLE_EQ(before, d.at("memory.bus").value * d.at("memory.transfer_rate").value);
  p.low = 0.9 * before, p.high = 1.2 * before;
  d.parameters.at("memory.transfer_rate").value *= 2;
  derive(d);
  EXPECT_DOUBLE_EQ(p.value, 2 * before);
  EXPECT_DOUBLE_EQ(*p.low, 2 * 0.9 * before);
  EXPECT_DOUBLE_EQ(*p.high, 2 * 1.2 * before);
}

}  // namespace
}  // namespace ane::sim
