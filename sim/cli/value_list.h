// Lists of numbers on the command line, exact to the bit:
//
//   16384,2^-16,-16384     decimal numbers and powers of two, separated by commas or white space
//   1.875*2^-14            products, none of whose steps leaves the numbers of a double
//   0x7c00                 the bits of a binary16, exponent field 31 included
//   127 x4096              the item before it, 4096 times
//   @values.txt            the items of a file, by the same rules
//
// Every fault is an InputError that names the option (or file), the item and its place.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/arith/half.h"

namespace ane::sim {

struct ListedValue {
  double value = 0;                   // never NaN; meaningless where bits are given
  std::optional<std::uint16_t> bits;  // given as 0x...
  std::string text, place;            // "2^-16", "--x: item 2, character 7"
  std::size_t times = 1;              // as many of the same, one after another
  friend bool operator==(const ListedValue&, const ListedValue&) = default;
};

// `option` ("--x") is named by errors. At most 2^24 values, repetitions counted; at least one.
std::vector<ListedValue> parse_list(std::string_view text, std::string_view option);
std::size_t value_count(const std::vector<ListedValue>& list);
ListedValue parse_single(std::string_view text, std::string_view option);

// The nearest binary16, ties to even (host data, before the machine); beyond 65504: InputError. Of
// a list: all its values, repetitions written out.
std::vector<kernels::arith::Half> as_halves(const std::vector<ListedValue>& list);
kernels::arith::Half as_half(const ListedValue& item);
// Whole numbers of low..high; bits and anything else: InputError.
std::int64_t as_integer(const ListedValue& item, std::int64_t low, std::int64_t high);
std::vector<std::int8_t> as_int8(const std::vector<ListedValue>& list);

}  // namespace ane::sim
