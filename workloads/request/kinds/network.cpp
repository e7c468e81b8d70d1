// kind=network: a built-in network by name (workloads/networks/networks.h). One graph serves all
// devices: the accelerator's compiler and the lists of CPU and GPU read the same.
#include "isa/error.h"
#include "workloads/networks/networks.h"
#include "workloads/request/kind.h"
#include "workloads/request/plain.h"

namespace ane::workloads {
namespace {

struct NetworkByName : Work {
  std::string name_, input;
  std::int64_t macs = 0;

  static constexpr Key keys[] = {
      needed<&NetworkByName::name_>("name", "resnet50, mobilenet_v2, ..."),
      key<&NetworkByName::input>("input", "NxCxHxW; default: the network's own"),
      key<&NetworkByName::macs>("macs", "multiply-accumulates as the source counts them"),
  };

  static std::vector<Named> named() {
    std::vector<Named> all;
    for (const Network& n : networks())
      all.push_back({std::string(n.name), std::string(n.summary)});
    return all;
  }
  static std::optional<std::string> spelt(std::string_view name) {
    const Network* n = find_network(name);
    return n == nullptr ? std::nullopt : std::optional<std::string>(n->name);
  }

  void settle() override {
    const Network* n = find_network(name_);
    if (n == nullptr) return;
    const Extents& e = n->input;
    if (input == fmt::format("{}x{}x{}x{}", e.n, e.c, e.h, e.w)) input.clear();
  }
  void check(const Request& r, const std::string&) const override { extents_of(r); }
  double nominal_flop(const Request&) const override { return 2 * static_cast<double>(macs); }
  double items(const Request& r) const override { return static_cast<double>(extents_of(r).n); }
  std::string label() const override { return std::string(network_named(name_).name); }

  Job job(const Request& r, const JobFor& target) const override {
    Numbers numbers = target.programs ? numbers_of(r.formats, target.machine) : Numbers{};
    numbers.seed = target.seed;
    return {.stages = {{.work = build_network(network_named(name_), extents_of(r), numbers)}}};
  }

 private:
  Extents extents_of(const Request& r) const {
    Extents e = network_named(name_).input;
    if (!input.empty()) {
      const std::vector<std::int64_t> x = extents(input);
      if (x.size() != 4)
        throw InputError("request", "input=" + input + ": not NxCxHxW", "as 1x3x224x224");
      e = {.w = x[3], .h = x[2], .c = x[1], .n = x[0]};
    }
    if (e.n == 1) e.n = r.batch;
    return e;
  }
};

}  // namespace

namespace kind {
extern const Kind network;
constinit const Kind network =
    kind_of<NetworkByName>("network", "a network by name", "image", takes_numbers | takes_zeros);
}  // namespace kind

}  // namespace ane::workloads
