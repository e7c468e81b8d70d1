// One kind of request: its name, its keys, and what its work is.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "workloads/request/job.h"
#include "workloads/request/keys.h"
#include "workloads/request/request.h"

namespace ane::workloads {

// What a kind's struct tells of itself. `r` is the request that holds it.
class Work {
 public:
  virtual ~Work() = default;
  virtual Job job(const Request& r, const JobFor& target) const = 0;
  // What the text says although it holds anyway becomes unsaid: equal questions have equal texts.
  virtual void settle() {}
  // Refuses what keys alone cannot: InputError at `place`.
  virtual void check(const Request&, const std::string&) const {}
  // FLOP of one call, a multiply-add counted as two, on the shapes as given: what a published
  // FLOP/s figure is based on. 0: that of the job's operators.
  virtual double nominal_flop(const Request&) const { return 0; }
  virtual double items(const Request& r) const { return static_cast<double>(r.batch); }
  virtual double counted_bytes(const Request&) const { return 0; }  // of a bandwidth; 0: none
  virtual double parameters() const { return 0; }                   // of a model; 0: it is none
  virtual std::int64_t depth() const { return 0; }                  // layers; 0: no chain of layers
  virtual std::string label() const { return {}; }                  // "resnet50", "softmax"
  // One operator that Core ML runs on the CPU where the accelerator has no graph for it.
  virtual bool is_one_operator() const { return false; }
};

// Common keys that a kind takes; unit, path, form and scope all take.
enum Takes : unsigned {
  takes_nothing = 0,
  takes_weights = 1,      // weights
  takes_activations = 2,  // activations
  takes_batch = 4,
  takes_state = 8,   // cold, idle_s, overlap, threads, concurrent, engines, api
  takes_slope = 16,  // slope_from
  takes_host = 32,   // host
  takes_zeros = 64,  // zeros
  takes_io = 128,    // io
  takes_numbers = takes_weights | takes_activations | takes_batch | takes_state
};

// For settle(): an extent that the name has anyway.
inline void unsay(std::int64_t& said, std::int64_t usual) {
  if (said == usual) said = 0;
}

// What a kind knows by name: "resnet50" of kind=network.
struct Named {
  std::string name, summary;
};

struct Kind {
  std::string_view name, summary;
  std::string_view item;  // what throughput counts: "read", "token"
  unsigned takes = takes_numbers;
  std::span<const Key> keys;
  std::shared_ptr<Work> (*make)();
  void* (*self)(Work&);  // the object whose members the keys are
  // All that its key `name` knows, the entry that a spelling means ("MobileNetV2"), and the keys
  // for one that is asked for with `said` alone. None: the kind has no such names.
  std::vector<Named> (*named)() = nullptr;
  std::optional<std::string> (*spelt)(std::string_view name) = nullptr;
  std::string (*usual)(std::string_view said) = nullptr;
};

// W: the kind's struct, a Work with `static constexpr Key keys[]`, and with named() and spelt(),
// and usual(), where it has them.
template <class W>
constexpr Kind kind_of(std::string_view name, std::string_view summary, std::string_view item,
                       unsigned takes = takes_numbers) {
  Kind k{.name = name,
         .summary = summary,
         .item = item,
         .takes = takes,
         .keys = W::keys,
         .make = [] { return std::shared_ptr<Work>(std::make_shared<W>()); },
         .self = [](Work& w) { return static_cast<void*>(static_cast<W*>(&w)); }};
  if constexpr (requires { W::named(); }) k.named = W::named, k.spelt = W::spelt;
  if constexpr (requires { W::usual({}); }) k.usual = W::usual;
  return k;
}

}  // namespace ane::workloads
