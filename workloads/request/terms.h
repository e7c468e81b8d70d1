// Words of a request that have a closed set of values. names_of gives their texts in the order of
// the enumerators.
#pragma once
#include <span>
#include <string>
#include <string_view>

namespace ane::workloads {

enum class Unit { ane, gpu, cpu, memory };  // memory: what streams for the CPU's cores, else a GPU

// What is priced. framework: the operators that the network's own code runs under its framework.
// accelerator: the graph that this project's compiler makes of the network for the accelerator.
enum class Form { framework, accelerator };

// What a row, a claim or a user asks of a cost, in base units.
enum class Quantity {
  latency,           // s of one call
  throughput_items,  // items/s: the kind's item (reads, residues, tokens, images)
  throughput_calls,  // calls/s, however many items each takes
  throughput_flops,  // FLOP/s on the shapes as given
  bandwidth,         // B/s of the bytes that the request counts
  power,             // W, mean over the call
  energy,            // J of one call
  efficiency         // FLOP/J
};

std::span<const std::string_view> names_of(Unit);
std::span<const std::string_view> names_of(Form);
std::span<const std::string_view> names_of(Quantity);

template <class E>
std::string_view name(E value) {
  return names_of(value)[static_cast<std::size_t>(value)];
}

// The index of `text` among the names; InputError at `place` with the nearest.
std::size_t term_index(std::string_view what, std::string_view text,
                       std::span<const std::string_view> names, const std::string& place);
template <class E>
E parse_term(std::string_view what, std::string_view text, const std::string& place) {
  return static_cast<E>(term_index(what, text, names_of(E{}), place));
}

// "time" or "energy" (energy, power, efficiency): what a quantity is an error of.
std::string_view measure_of(Quantity quantity);

}  // namespace ane::workloads
