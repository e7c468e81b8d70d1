// What is asked: one piece of work, in which numbers, on what and under which conditions. One text
// says it, wherever it comes from (the command line, a CSV row, a configuration):
//
//   kind=conv cin=512 cout=512 h=1 w=64 depth=32 shared_weights=1 unit=ane path=direct
//
// Blank-separated key=value, in any order. `kind` decides which keys there are (kinds.h); another
// key is an error with the nearest one. to_text gives the canonical form: keys in the order of the
// tables, those at their defaults left out. Equal texts are equal questions, and the other way
// round. Sizes are counts of elements, times are seconds, byte counts are bytes.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "workloads/request/formats.h"
#include "workloads/request/terms.h"

namespace ane::workloads {

struct Kind;
class Work;

enum class Scope { whole, rail, package };                      // of an energy figure [E4]
enum class Api { any, metal, mpsgraph, vulkan, opencl, cuda };  // under a GPU's runtime
enum class HostTensors { fp16, fp32 };                          // fp32: casts inside the program
// Which operators the ANE gets: all that it takes, those that Core ML's planner puts there, or
// those that make the call quickest by this program's own laws.
enum class Placing { capable, coreml, best };
std::span<const std::string_view> names_of(Placing);
std::span<const std::string_view> names_of(Scope);
std::span<const std::string_view> names_of(Api);
std::span<const std::string_view> names_of(HostTensors);

// Where and how the work is done, or was measured; no part of the work itself.
struct Conditions {
  std::optional<Unit> unit;  // none: the caller decides
  std::string runtime;       // key `path`: the software that runs it; empty: the unit's usual one
  std::optional<Form> form;  // none: accelerator on the ANE, framework elsewhere
  std::string host;          // whose CPU serves a card, "M4"; empty: the chip's own
  Placing placement = Placing::capable;
  Scope scope = Scope::whole;
  HostTensors io = HostTensors::fp16;
  Api api = Api::any;
  std::string threads;          // of the CPU: a count, p_cores or all
  std::string concurrent;       // what else reads the memory: cpu, gpu or cpu,gpu
  std::int64_t engines = 1;     // ANEs that share one program
  std::int64_t slope_from = 0;  // the figure is marginal: (t(depth) - t(slope_from)) a layer
  double idle_s = 0;            // before the call
  bool overlap = false;         // calls back to back, nobody waits
  bool cold = false;            // the first call
  friend bool operator==(const Conditions&, const Conditions&) = default;
};

struct Request {
  const Kind* kind = nullptr;
  std::shared_ptr<const Work> work;  // the kind's own keys
  Formats formats;
  std::int64_t batch = 1;
  Conditions conditions;
};

// place: for messages. InputError for a word without '=', an unknown kind or key (with the
// nearest), a key given twice, a value of the wrong form or out of range, a key that the kind needs
// but the text lacks, and work beyond 1e18 FLOP.
Request parse_request(std::string_view text, const std::string& place = "request");

// The canonical text; parse_request(to_text(r)) asks the same.
std::string to_text(const Request& request);
// The work alone, without formats, form, unit and runtime, which a run keeps in fields of its own,
// and without keys of lowering: what two lines of a comparison have in common.
std::string work_text(const Request& request);

// The same request with that key set (or, for an empty value, left out).
Request with(const Request& request, std::string_view key, std::string_view value);
// `text` with those words of `more` whose keys it does not have.
std::string with_defaults(std::string_view text, std::string_view more);

// The kind's own struct: request.work as T. The kind must be T's.
template <class T>
const T& work_as(const Request& request) {
  return dynamic_cast<const T&>(*request.work);
}

// The value that a text gives a key; none where it does not say.
std::optional<std::string> said(std::string_view text, std::string_view key);

// "64x128x128" as its extents. InputError for anything else.
std::vector<std::int64_t> extents(std::string_view shape);

}  // namespace ane::workloads
