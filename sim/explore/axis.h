// What a sweep varies, as it is written:
//
//   ane.l2=1MiB,2MiB,4MiB            these values
//   memory.bandwidth=60GB/s..240GB/s:20GB/s   from, to and step; the end counts where it is met
//   residues=64..1024*2              from, to and factor
//   ane.clock=1GHz..3GHz             any value between, for samples; the logarithm of it:
//   ..3GHz:log
//
// An axis is a parameter of chips (its name has a dot), chip, unit, runtime, precision, batch, or
// any other key of the request, which `usual` leaves out. Layers of one value of fp16_layers are
// parted by '+'.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ane::sim {

inline constexpr std::string_view usual_value = "usual";

struct Axis {
  std::string name;
  std::string text;                 // as it was written, behind the '='
  std::vector<std::string> values;  // of a list; empty: any value in [low, high]
  double low = 0, high = 0;         // in base units
  bool logarithmic = false;
  double scale = 1;  // one `unit` in base units
  std::string unit;  // of the values of a range, as it was written: "GB/s"

  bool continuous() const { return values.empty(); }
  bool parameter() const { return name.find('.') != std::string::npos; }
  // The value at u in [0, 1): an element of the list, or a number of the range. `whole`: rounded,
  // as keys of requests are.
  std::string at(double u) const;
};

// InputError at --axis for what does not read, a list of no values and one of more than a million.
Axis parse_axis(const std::string& text);

// A number behind which a unit may stand, in base units: "5ms", "4MiB", "1e3". InputError at
// `place`.
struct Quantity {
  double value = 0;
  double scale = 1;
  std::string unit;
  std::string dimension = "1";
};
Quantity parse_quantity(std::string_view text, const std::string& place);

}  // namespace ane::sim
