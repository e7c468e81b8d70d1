#include "sim/regression/check.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <sstream>

#include "isa/error.h"
#include "sim/chips/description.h"

namespace ane::sim {
namespace {

// Binary16 values in order, so that neighbours differ by one.
int rank(std::uint16_t bits) {
  return (bits & 0x8000U) != 0 ? -(bits & 0x7fff) : bits;
}

void count(UlpHistogram& h, std::uint16_t a, std::uint16_t b) {
  const int d = std::abs(rank(a) - rank(b));
  ++(d == 0 ? h.equal : d == 1 ? h.one : d < 4 ? h.two_three : d < 16 ? h.four_fifteen : h.more);
}

void compare_tensor(CheckDifference& d, const CheckTensor& stored, const CheckTensor& now) {
  const bool differs = stored.digest != now.digest;
  d.tensors_differing += differs ? 1 : 0;
  if (stored.bits.size() != now.bits.size() || stored.elements != now.elements) {
    d.shape = fmt::format("{} has {} elements, had {}", now.name, now.elements, stored.elements);
    return;
  }
  if (now.whole())
    for (std::size_t i = 0; i < now.bits.size(); ++i) count(d.ulps, stored.bits[i], now.bits[i]);
  if (!differs || !d.tensor.empty()) return;
  d.tensor = now.name;
  for (std::size_t i = 0; i < now.bits.size(); ++i) {
    if (stored.bits[i] == now.bits[i]) continue;
    const auto at = static_cast<std::int64_t>(i);
    d.first = now.whole() ? at : at * now.block();
    d.last = now.whole() ? at : std::min(d.first + now.block(), now.elements) - 1;
    if (now.whole()) {
      d.was = fmt::format("{:04x}", stored.bits[i]);
      d.is = fmt::format("{:04x}", now.bits[i]);
    }
    return;
  }
  // The digest knows, the sums of blocks collided.
  d.first = 0;
  d.last = now.elements - 1;
}

}  // namespace

CheckDifference compare_case(const CheckCase& stored, const CheckCase& now) {
  CheckDifference d;
  d.name = now.name;
  d.same_input = stored.input == now.input;
  d.tensors = std::ssize(now.tensors);
  if (stored.tensors.size() != now.tensors.size() || stored.weights.size() != now.weights.size() ||
      stored.metrics.size() != now.metrics.size()) {
    d.shape = "the case has other tensors, weights or metrics than the file";
    return d;
  }
  for (std::size_t i = 0; i < now.weights.size(); ++i)
    if (stored.weights[i] != now.weights[i]) d.weights.push_back(now.weights[i].first);
  for (std::size_t i = 0; i < now.tensors.size(); ++i) {
    if (stored.tensors[i].name != now.tensors[i].name) {
      d.shape = fmt::format("tensor {} was {}", now.tensors[i].name, stored.tensors[i].name);
      return d;
    }
    compare_tensor(d, stored.tensors[i], now.tensors[i]);
  }
  for (std::size_t i = 0; i < now.metrics.size(); ++i) {
    const double a = stored.metrics[i].value, b = now.metrics[i].value;
    const bool same = (std::isnan(a) && std::isnan(b)) || std::abs(a - b) <= 1e-5 * std::abs(a);
    if (stored.metrics[i].name != now.metrics[i].name || !same)
      d.metrics.push_back(fmt::format("{} {:.6g} -> {:.6g}", now.metrics[i].name, a, b));
  }
  return d;
}

std::string to_text(const std::vector<CheckCase>& cases) {
  std::string out;
  for (const CheckCase& c : cases) {
    out += fmt::format("{}case {}\ninput {}\n", out.empty() ? "" : "\n", c.name, c.input);
    for (const auto& [layer, digest] : c.weights)
      out += fmt::format("weights {} {}\n", layer, digest);
    for (const CheckTensor& t : c.tensors) {
      out += fmt::format("tensor {} {} {}", t.name, t.elements, t.digest);
      for (const std::uint16_t b : t.bits) out += fmt::format(" {:04x}", b);
      out += '\n';
    }
    for (const results::Part& m : c.metrics)
      out += fmt::format("metric {} {:.9g}\n", m.name, m.value);
  }
  return out;
}

std::string_view built_in_check() {
  for (const DataFile& d : data_files())
    if (d.folder == "golden") return d.text;
  return {};
}

std::vector<CheckCase> parse_check(std::string_view text, const std::string& place) {
  std::vector<CheckCase> cases;
  std::istringstream lines{std::string(text)};
  int number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    if (line.empty()) continue;
    const auto fail = [&] {
      throw InputError(fmt::format("{}:{}", place, number), "the line does not read",
                       "case, input, weights, tensor or metric");
    };
    std::istringstream in(line);
    std::string word, name;
    in >> word;
    if (word == "case") {
      cases.emplace_back();
      cases.back().name = line.size() > 5 ? line.substr(5) : "";
      continue;
    }
    if (cases.empty()) fail();
    CheckCase& c = cases.back();
    if (word == "input") {
      in >> c.input;
    } else if (word == "weights") {
      std::string digest;
      in >> name >> digest;
      c.weights.emplace_back(name, digest);
    } else if (word == "tensor") {
      CheckTensor t;
      in >> t.name >> t.elements >> t.digest;
      if (!in || t.elements < 0) fail();
      for (std::string bits; in >> bits;) {
        unsigned v = 0;
        const auto [end, fault] = std::from_chars(bits.data(), bits.data() + bits.size(), v, 16);
        if (fault != std::errc{} || end != bits.data() + bits.size() || v > 0xffff) fail();
        t.bits.push_back(static_cast<std::uint16_t>(v));
      }
      const std::int64_t wanted = t.whole() ? t.elements : (t.elements + t.block() - 1) / t.block();
      if (std::ssize(t.bits) != wanted) fail();
      c.tensors.push_back(std::move(t));
      continue;
    } else if (word == "metric") {
      std::string value;
      in >> name >> value;
      char* end = nullptr;
      const double v = std::strtod(value.c_str(), &end);
      if (value.empty() || *end != '\0') fail();
      c.metrics.push_back({name, v});
    } else {
      fail();
    }
    if (!in) fail();
  }
  return cases;
}

}  // namespace ane::sim
