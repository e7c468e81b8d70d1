#include "results/document.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>
#include <vector>

#include "results/csv.h"

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

std::string document_csv(const Json& body, const std::string& list) {
  const Json& rows = body.at(Json::json_pointer(list));
  std::vector<std::string> columns;
  for (const Json& row : rows)
    for (const auto& [key, value] : row.items())
      if (std::ranges::find(columns, key) == columns.end()) columns.push_back(key);
  std::string out;
  const auto line = [&](const auto& cell) {
    for (std::size_t c = 0; c < columns.size(); ++c)
      out += (c > 0 ? "," : "") + csv_field(cell(columns[c]));
    out += "\n";
  };
  line([](const std::string& column) { return column; });
  for (const Json& row : rows)
    line([&](const std::string& column) -> std::string {
      if (!row.contains(column) || row[column].is_null()) return "";
      return row[column].is_string() ? row[column].get<std::string>() : text(row[column], -1);
    });
  return out;
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
