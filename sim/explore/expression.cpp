#include "sim/explore/expression.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <string_view>

#include "isa/error.h"
#include "sim/explore/axis.h"

namespace ane::sim {

struct Condition::Node {
  std::string op;  // "+", "<", ...; "number"; "name"
  double number = 0;
  std::string name{};
  std::shared_ptr<const Node> left{}, right{};
};

namespace {

using Node = Condition::Node;
using NodePtr = std::shared_ptr<const Node>;

class Parser {
 public:
  Parser(const std::string& text, std::vector<std::string>& names) : text_(text), names_(names) {}

  NodePtr comparison() {
    NodePtr left = sum();
    skip_blanks();
    for (const char* op : {"<=", ">=", "==", "!=", "<", ">"})
      if (text_.compare(at_, std::string_view(op).size(), op) == 0) {
        at_ += std::string_view(op).size();
        NodePtr all = pair(op, left, sum());
        skip_blanks();
        if (at_ != text_.size()) fail();
        return all;
      }
    fail();
  }

 private:
  static NodePtr pair(const char* op, NodePtr left, NodePtr right) {
    return std::make_shared<Node>(
        Node{.op = op, .left = std::move(left), .right = std::move(right)});
  }

  NodePtr sum() {
    NodePtr left = product();
    while (const char op = next_of("+-")) left = pair(op == '+' ? "+" : "-", left, product());
    return left;
  }

  NodePtr product() {
    NodePtr left = factor();
    while (const char op = next_of("*/")) left = pair(op == '*' ? "*" : "/", left, factor());
    return left;
  }

  NodePtr factor() {
    if (++depth_ > 64) fail("too many parentheses");
    skip_blanks();
    NodePtr node;
    if (at_ < text_.size() && text_[at_] == '(') {
      ++at_;
      node = sum();
      if (next_of(")") == 0) fail();
    } else if (at_ < text_.size() && std::isdigit(static_cast<unsigned char>(text_[at_])) != 0) {
      node = number();
    } else {
      node = name();
    }
    --depth_;
    return node;
  }

  // "64MiB", "60GB/s": a unit may hold a '/', but only before a letter.
  NodePtr number() {
    const std::size_t begin = at_;
    while (at_ < text_.size() && (is_word(text_[at_]) || is_exponent_sign() ||
                                  (text_[at_] == '/' && at_ > begin && is_letter(at_ - 1) &&
                                   at_ + 1 < text_.size() && is_letter(at_ + 1))))
      ++at_;
    const std::string word = text_.substr(begin, at_ - begin);
    return std::make_shared<Node>(
        Node{.op = "number", .number = parse_quantity(word, "--where").value});
  }

  NodePtr name() {
    const std::size_t begin = at_;
    while (at_ < text_.size() && is_word(text_[at_])) ++at_;
    if (at_ == begin) fail();
    std::string word = text_.substr(begin, at_ - begin);
    if (std::ranges::find(names_, word) == names_.end()) names_.push_back(word);
    return std::make_shared<Node>(Node{.op = "name", .name = std::move(word)});
  }

  bool is_letter(std::size_t i) const {
    return std::isalpha(static_cast<unsigned char>(text_[i])) != 0;
  }
  static bool is_word(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '_';
  }
  bool is_exponent_sign() const {
    return (text_[at_] == '-' || text_[at_] == '+') && at_ > 1 &&
           (text_[at_ - 1] == 'e' || text_[at_ - 1] == 'E') &&
           std::isdigit(static_cast<unsigned char>(text_[at_ - 2])) != 0;
  }
  void skip_blanks() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
  }
  char next_of(std::string_view which) {
    skip_blanks();
    if (at_ == text_.size() || which.find(text_[at_]) == std::string_view::npos) return 0;
    return text_[at_++];
  }
  [[noreturn]] void fail(const std::string& why = "") const {
    throw InputError("--where",
                     fmt::format("'{}' is not understood at character {}{}", text_, at_ + 1,
                                 why.empty() ? "" : ": " + why),
                     "as 'latency < 5ms' or 'ane.l2 * ane.cores <= 64MiB'");
  }

  const std::string& text_;
  std::vector<std::string>& names_;
  std::size_t at_ = 0;
  int depth_ = 0;
};

double value_of(const Node& n, const std::function<double(const std::string&)>& value) {
  if (n.op == "number") return n.number;
  if (n.op == "name") return value(n.name);
  const double a = value_of(*n.left, value), b = value_of(*n.right, value);
  switch (n.op[0]) {
    case '+':
      return a + b;
    case '-':
      return a - b;
    case '*':
      return a * b;
    default:
      return a / b;
  }
}

}  // namespace

Condition::Condition(std::string text) : text_(std::move(text)) {
  root_ = Parser(text_, names_).comparison();
}

bool Condition::holds(const std::function<double(const std::string&)>& value) const {
  const double a = value_of(*root_->left, value), b = value_of(*root_->right, value);
  if (root_->op == "<") return a < b;
  if (root_->op == "<=") return a <= b;
  if (root_->op == ">") return a > b;
  if (root_->op == ">=") return a >= b;
  if (root_->op == "==") return a == b;
  return a < b || a > b;
}

}  // namespace ane::sim
