// Conditions on the points of a sweep: "latency < 5ms", "ane.l2 * ane.cores <= 64MiB", "2 *
// residues
// != batch". Numbers with units, names, + - * / and parentheses, one comparison (< <= > >= == !=).
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace ane::sim {

class Condition {
 public:
  // InputError at --where for what does not read.
  explicit Condition(std::string text);
  const std::string& text() const { return text_; }
  const std::vector<std::string>& names() const { return names_; }
  // `value` of a name, in base units; NaN, as of what a refused point lacks, holds nothing.
  bool holds(const std::function<double(const std::string&)>& value) const;

  struct Node;

 private:
  std::string text_;
  std::vector<std::string> names_;
  std::shared_ptr<const Node> root_;
};

}  // namespace ane::sim
