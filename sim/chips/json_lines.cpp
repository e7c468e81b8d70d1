#include "sim/chips/json_lines.h"

#include <fmt/format.h>

#include <iterator>
#include <nlohmann/json.hpp>
#include <set>

#include "isa/error.h"

namespace ane::sim {
namespace {

// The parser reads through this, so that its callbacks can ask for the line.
struct LineCounter {
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;
  const char* at;
  int* line;
  reference operator*() const { return *at; }
  LineCounter& operator++() {
    if (*at == '\n') ++*line;
    ++at;
    return *this;
  }
  LineCounter operator++(int) {
    LineCounter old = *this;
    ++*this;
    return old;
  }
  bool operator==(const LineCounter& o) const { return at == o.at; }
  bool operator!=(const LineCounter& o) const { return at != o.at; }
};

// Each scalar has its path: with these limits all paths take little more than the file.
constexpr std::size_t deepest = 16, longest_key = 256;

class Flatten {
 public:
  Flatten(const std::string& place, const int* line) : place_(place), line_(line) {}
  std::vector<JsonScalar> scalars;

  bool null() { throw fault("null is no value"); }
  bool boolean(bool v) { return scalar(v); }
  bool number_integer(std::int64_t v) { return scalar(static_cast<double>(v)); }
  bool number_unsigned(std::uint64_t v) { return scalar(static_cast<double>(v)); }
  bool number_float(double v, const std::string&) { return scalar(v); }
  bool string(std::string& v) { return scalar(v); }
  bool binary(nlohmann::json::binary_t&) { throw fault("binary data"); }
  bool start_object(std::size_t) { return open(false); }
  bool start_array(std::size_t) { return open(true); }
  bool end_object() { return close(); }
  bool end_array() { return close(); }
  bool key(std::string& k) {
    if (k.size() > longest_key)
      throw fault(fmt::format("a key of {} bytes (limit {})", k.size(), longest_key));
    path_.back() = k;
    key_line_ = *line_;
    if (!seen_.insert(fmt::format("{}", fmt::join(path_, "\n"))).second)
      throw fault(fmt::format("'{}' is given twice", fmt::join(path_, ".")));
    return true;
  }
  bool parse_error(std::size_t, const std::string&, const nlohmann::json::exception& e) {
    // "[json.exception.parse_error.101] parse error at line 3, column 5: syntax error ..."
    const std::string what = e.what();
    const std::size_t colon = what.find(": ");
    throw fault("no JSON: " +
                (colon == std::string::npos ? what : what.substr(colon + 2)).substr(0, 200));
  }

 private:
  InputError fault(const std::string& what) const {
    return {fmt::format("{}:{}", place_, *line_), what};
  }
  bool scalar(std::variant<double, bool, std::string> v) {
    if (path_.empty()) throw fault("the file must hold one object");
    next_index();
    scalars.push_back({path_, std::move(v), array_.back() ? *line_ : key_line_});
    return true;
  }
  bool open(bool array) {
    if (path_.empty() && array) throw fault("the file must hold one object");
    if (path_.size() == deepest) throw fault(fmt::format("nested more than {} deep", deepest));
    if (!path_.empty()) next_index();
    path_.emplace_back();
    array_.push_back(array);
    index_.push_back(0);
    return true;
  }
  bool close() {
    path_.pop_back();
    array_.pop_back();
    index_.pop_back();
    return true;
  }
  void next_index() {
    if (array_.back()) path_.back() = std::to_string(index_.back()++);
  }

  const std::string& place_;
  const int* line_;
  int key_line_ = 1;
  std::vector<std::string> path_;
  std::vector<bool> array_;
  std::vector<int> index_;
  std::set<std::string> seen_;
};

}  // namespace

std::vector<JsonScalar> parse_json_lines(std::string_view text, const std::string& place) {
  int line = 1;
  Flatten flatten(place, &line);
  nlohmann::json::sax_parse(LineCounter{text.data(), &line},
                            LineCounter{text.data() + text.size(), &line}, &flatten);
  return std::move(flatten.scalars);
}

}  // namespace ane::sim
