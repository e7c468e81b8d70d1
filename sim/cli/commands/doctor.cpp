// anesim doctor: is this program in order, and what is it? Everything that a report of a fault
// should hold. Exit 1 where something is wrong.
//
//   $ anesim doctor
//   version     0.2.0+2795f89ca5d1
//   compiler    GCC 12.2.0, Release
//   simd        avx512, of scalar avx2 avx512
//   ...
//   in order
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <utility>

#include "isa/error.h"
#include "isa/file.h"
#include "kernels/arith/gemm.h"
#include "kernels/arith/oracle.h"
#include "kernels/arith/round.h"
#include "results/document.h"
#include "results/store.h"
#include "results/text.h"
#include "sim/chips/chip.h"
#include "sim/cli/options.h"
#include "sim/price/version.h"
#include "sim/runtimes/runtime.h"

namespace ane::sim {
namespace {

namespace po = boost::program_options;
using namespace kernels::arith;
using Json = nlohmann::ordered_json;

std::string compiler() {
#if defined(__clang__)
  return fmt::format("clang {}.{}.{}", __clang_major__, __clang_minor__, __clang_patchlevel__);
#elif defined(__GNUC__)
  return fmt::format("GCC {}.{}.{}", __GNUC__, __GNUC_MINOR__, __GNUC_PATCHLEVEL__);
#else
  return "unknown";
#endif
}

std::uint64_t pages(int name) {
  return static_cast<std::uint64_t>(std::max(sysconf(name), 0L)) *
         static_cast<std::uint64_t>(std::max(sysconf(_SC_PAGESIZE), 0L));
}

// Those that this process may run on.
int cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  return sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 0;
}

// The host's instruction sets, each with its name; what is in use is left at the best.
std::vector<std::pair<Simd, std::string>> simd_paths() {
  std::vector<std::pair<Simd, std::string>> paths;
  for (const Simd path : {Simd::scalar, Simd::avx2, Simd::avx512}) try {
      use_simd(path);
      paths.emplace_back(path, simd_name());
    } catch (const InputError&) {
      // Not on this host.
    }
  use_simd(Simd::best);
  return paths;
}

struct Comparison {
  std::string what;
  std::int64_t values = 0, differing = 0;
  void add(Half is, Half wanted) {
    ++values;
    differing += is == wanted ? 0 : 1;
  }
};

// The reference itself, by values that devices and IEEE 754 give: results/silicon has more.
Comparison check_reference() {
  struct Known {
    std::string_view profile;
    double first, second;
    std::uint16_t bits;
  };
  Comparison c{"reference against known values"};
  for (const Known& k : {Known{"ane16", 16384, 16376, 0x7800}, Known{"ane16", 32768, 0, 0x7c00},
                         Known{"ane16", 2048, 1, 0x6801}, Known{"ieee", 2048, 1, 0x6800},
                         Known{"ieee", 65504, 16, 0x7c00}, Known{"ieee", 65504, 15, 0x7bff}}) {
    const std::vector<Half> x{to_half(k.first), to_half(k.second)}, w(2, to_half(1));
    c.add(mac_oracle(profile_named(k.profile), x, w).value, Half{k.bits});
  }
  return c;
}

constexpr std::int64_t rows = 24, depth = 70, columns = 33;  // none a multiple of a register

class Seeded {
 public:
  std::uint64_t next() {
    state_ = state_ * 6364136223846793005u + 1442695040888963407u;
    return state_ >> 33;
  }
  // Of most magnitudes, so that sums cancel, overflow and lose products.
  std::vector<Half> halves(std::int64_t count) {
    std::vector<Half> all(static_cast<std::size_t>(count));
    for (Half& h : all)
      h.bits = static_cast<std::uint16_t>((next() % 2 << 15) | ((4 + next() % 20) << 10) |
                                          next() % 1024);
    return all;
  }
  std::vector<std::int8_t> codes(std::int64_t count) {
    std::vector<std::int8_t> all(static_cast<std::size_t>(count));
    for (std::int8_t& c : all) c = static_cast<std::int8_t>(next());
    return all;
  }

 private:
  std::uint64_t state_ = 1;
};

// Column p of [depth, columns].
template <class T>
std::vector<T> column(const std::vector<T>& x, std::int64_t p) {
  std::vector<T> out;
  for (std::int64_t k = 0; k < depth; ++k)
    out.push_back(x[static_cast<std::size_t>(k * columns + p)]);
  return out;
}

// A product on the path in use, held against the reference value by value.
template <class T, class Product, class Reference>
Comparison check_product(const std::string& what, const std::vector<T>& w, const std::vector<T>& x,
                         const Product& product, const Reference& reference) {
  Comparison c{what};
  std::vector<Half> y(static_cast<std::size_t>(rows * columns));
  product(y.data());
  for (std::int64_t p = 0; p < columns; ++p) {
    const std::vector<T> inputs = column(x, p);
    for (std::int64_t n = 0; n < rows; ++n)
      c.add(y[static_cast<std::size_t>(n * columns + p)],
            reference(std::span(inputs),
                      std::span(w).subspan(static_cast<std::size_t>(n * depth), depth)));
  }
  return c;
}

std::vector<Comparison> check_arithmetic(const std::vector<std::pair<Simd, std::string>>& paths) {
  std::vector<Comparison> all{check_reference()};
  for (const auto& [path, path_name] : paths) {
    use_simd(path);
    for (const Profile& profile : profiles()) {
      Seeded seeded;
      const std::vector<Half> w = seeded.halves(rows * depth), x = seeded.halves(depth * columns);
      all.push_back(check_product(
          fmt::format("{} {} fp16", path_name, profile.name), w, x,
          [&](Half* y) {
            mac(PackedWeights(profile, w.data(), rows, depth, depth, 1), {.pixels = columns,
                                                                          .x = x.data(),
                                                                          .x_stride = columns,
                                                                          .y = y,
                                                                          .y_stride = columns});
          },
          [&](auto inputs, auto weights) { return mac_oracle(profile, inputs, weights).value; }));
      const std::vector<std::int8_t> w8 = seeded.codes(rows * depth),
                                     x8 = seeded.codes(depth * columns);
      const Half scale = to_half(0x1p-7);
      all.push_back(check_product(
          fmt::format("{} {} int8", path_name, profile.name), w8, x8,
          [&](Half* y) {
            mac8(PackedWeights8(w8.data(), rows, depth, depth, 1),
                 {.pixels = columns,
                  .x = x8.data(),
                  .x_stride = columns,
                  .scale = &scale,
                  .y = y,
                  .y_stride = columns},
                 profile);
          },
          [&](auto inputs, auto weights) {
            return mac8_oracle(inputs, weights, 0, 0, 0, scale, profile).value;
          }));
    }
  }
  use_simd(Simd::best);
  return all;
}

struct Folder {
  std::string name, texts;  // of its files, each behind its name
  std::size_t files = 0, bytes = 0;
};

std::vector<Folder> embedded() {
  std::vector<Folder> folders;
  for (const DataFile& d : data_files()) {
    if (folders.empty() || folders.back().name != d.folder)
      folders.push_back({.name = std::string(d.folder), .texts = ""});
    Folder& f = folders.back();
    f.texts += fmt::format("{}\n{}", d.name, d.text);
    ++f.files;
    f.bytes += d.text.size();
  }
  return folders;
}

using Faults = std::vector<std::string>;

void note_fault(Faults& faults, const InputError& e) {
  faults.push_back(e.place().empty() ? std::string(e.what())
                                     : fmt::format("{}: {}", e.place(), e.what()));
}

void check_descriptions(Faults& faults) {
  for (const std::string& name : chip_names()) try {
      load_chip(name);
    } catch (const InputError& e) {
      note_fault(faults, e);
    }
  for (const std::string& name : runtime_names()) try {
      load_runtime(name);
    } catch (const InputError& e) {
      note_fault(faults, e);
    }
}

// Runs it holds; -1: it is not there yet, but can be made. A fault leaves it at -1.
std::int64_t check_store(const std::string& path, Faults& faults) {
  try {
    if (std::filesystem::exists(path))
      return static_cast<std::int64_t>(
          results::Store(path, results::Store::Open::existing).list().size());
    check_output_file(path, {});
  } catch (const InputError& e) {
    note_fault(faults, e);
  }
  return -1;
}

}  // namespace

int run_doctor(const Arguments& arguments) {
  po::options_description options("options");
  options.add_options()("db", po::value<std::string>()->default_value("anesim.db"),
                        "the results file that is looked at")("json", "as JSON");
  const auto given = parse(
      {.name = "doctor",
       .usage =
           "[options]\n\nWhat this program is, what it runs on, and whether it is in order: its "
           "arithmetic on every\nSIMD path against the reference, the data that it carries, the "
           "results file. For reports of\nfaults.",
       .options = options,
       .examples = {"anesim doctor", "anesim doctor --json"},
       .mismatch = "where something is wrong"},
      arguments);
  if (!given) return 0;
  Faults faults;
  const auto paths = simd_paths();
  std::vector<std::string> path_names;
  for (const auto& path : paths) path_names.push_back(path.second);
  const std::vector<Comparison> arithmetic = check_arithmetic(paths);
  std::int64_t values = 0, differing = 0;
  for (const Comparison& c : arithmetic) {
    values += c.values, differing += c.differing;
    if (c.differing > 0)
      faults.push_back(
          fmt::format("arithmetic: {}: {} of {} values differ", c.what, c.differing, c.values));
  }
  check_descriptions(faults);
  const std::vector<Folder> data = embedded();
  const std::string db = (*given)["db"].as<std::string>();
  const std::size_t before = faults.size();
  const std::int64_t runs = check_store(db, faults);
  const std::string store = faults.size() > before ? "cannot be used"
                            : runs < 0             ? "not there yet, can be made"
                                                   : fmt::format("{} runs", runs);
  const std::uint64_t memory = pages(_SC_PHYS_PAGES), free = pages(_SC_AVPHYS_PAGES);
  if (given->count("json")) {
    Json out = {{"compiler", compiler()},
                {"build_type", build_type()},
                {"simd", simd_name()},
                {"simd_paths", path_names},
                {"cores", cores()},
                {"memory_bytes", memory},
                {"free_memory_bytes", free},
                {"sqlite", results::sqlite_version()},
                {"data", Json::array()},
                {"store", {{"path", db}, {"state", store}}},
                {"arithmetic", Json::array()},
                {"faults", faults}};
    for (const Folder& f : data)
      out["data"].push_back({{"folder", f.name},
                             {"files", f.files},
                             {"bytes", f.bytes},
                             {"digest", results::fnv1a_128(f.texts)}});
    for (const Comparison& c : arithmetic)
      out["arithmetic"].push_back(
          {{"what", c.what}, {"values", c.values}, {"differing", c.differing}});
    fmt::print("{}", results::document(out));
    return faults.empty() ? 0 : 1;
  }
  const auto say = [](std::string_view what, const std::string& text) {
    fmt::print("{:<11} {}\n", what, text);
  };
  say("version", code_version());
  say("compiler", fmt::format("{}, {}", compiler(), build_type()));
  say("simd", fmt::format("{}, of {}", simd_name(), fmt::join(path_names, " ")));
  say("cores", fmt::format("{}", cores()));
  say("memory", fmt::format("{}, {} free", results::with_unit(static_cast<double>(memory), "B"),
                            results::with_unit(static_cast<double>(free), "B")));
  say("sqlite", std::string(results::sqlite_version()));
  for (const Folder& f : data)
    say("data", fmt::format("{:<9} {:>2} files {:>7} bytes  {}", f.name, f.files, f.bytes,
                            results::fnv1a_128(f.texts)));
  say("store", fmt::format("{}: {}", db, store));
  say("arithmetic", fmt::format("{} values, {} differ from the reference", values, differing));
  for (const std::string& fault : faults) say("WRONG", fault);
  fmt::print("{}\n", faults.empty() ? "in order" : "not in order");
  return faults.empty() ? 0 : 1;
}

}  // namespace ane::sim
