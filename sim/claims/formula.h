// Arithmetic on published figures, as answers.csv writes it:
//
//   minimal.speedup * bucket.128.speedup      batch8.latency / 8      2 * bucket.params
//   mean(apx.a, apx.b)      between(bucket.64.speedup, bucket.128.speedup)      most(a, b)
//
// Names are ids of claims; numbers, + - * / and parentheses as usual. Every figure is a range;
// mean is of the ends, between spans from the least to the greatest: where any weighted mean lies;
// most is the greatest.
#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace ane::sim {

struct Range {
  double low = 0, high = 0;
};

// `figure` gives the value of a name, in base units. place: for messages. InputError for a formula
// that does not read; `figure` throws for a name that it does not know.
Range evaluate(std::string_view formula, const std::function<Range(const std::string&)>& figure,
               const std::string& place);
// The names in it, each once, in order.
std::vector<std::string> names_in(std::string_view formula);

}  // namespace ane::sim
