#include "results/document.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

namespace ane::results {

namespace {

using Json = nlohmann::ordered_json;

Program& the_program() {
  static Program program;
  return program;
}

Json head() {
  return {{"schema", json_schema}, {"version", program().version}, {"command", program().command}};
}

std::string text(const Json& json, int indent) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

const Program& program() {
  return the_program();
}

void set_program(Program program) {
  the_program() = std::move(program);
}

std::string shell_text(std::span<const std::string> words) {
  constexpr std::string_view plain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=./:,@%";
  std::string all;
  for (const std::string& word : words) {
    if (!all.empty()) all += ' ';
    if (!word.empty() && word.find_first_not_of(plain) == std::string::npos) {
      all += word;
      continue;
    }
    all += '\'';
    for (const char c : word) all += c == '\'' ? std::string("'\\''") : std::string(1, c);
    all += '\'';
  }
  return all;
}

std::string document(const Json& body) {
  Json all = {{"anesim", head()}};
  all.update(body);
  return text(all, 2) + "\n";
}

std::string DocumentList::next(const Json& element) {
  const std::string before =
      std::exchange(begun_, true)
          ? ",\n"
          : fmt::format("{{\"anesim\": {}, {}: [\n", text(head(), -1), text(Json(key_), -1));
  return before + text(element, -1);
}

std::string DocumentList::end() {
  return begun_ ? "]}\n" : document({{key_, Json::array()}});
}

}  // namespace ane::results
