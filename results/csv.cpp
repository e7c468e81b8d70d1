#include "results/csv.h"

#include <fmt/format.h>

#include "isa/error.h"

namespace ane::results {

CsvRecords parse_csv(std::string_view text, const std::string& place) {
  CsvRecords out;
  CsvRecord record{.line = 1, .fields = {}};
  std::string field;
  bool quoted = false, any = false;
  int line = 1, opened = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\n') ++line;
    if (quoted) {
      if (c != '"') {
        field += c;
      } else if (i + 1 < text.size() && text[i + 1] == '"') {
        field += '"';
        ++i;
      } else {
        quoted = false;
      }
    } else if (c == '"') {
      quoted = true;
      any = true;
      opened = line;
    } else if (c == ',') {
      record.fields.push_back(std::move(field));
      field.clear();
      any = true;
    } else if (c == '\n') {
      if (any || !field.empty()) {
        record.fields.push_back(std::move(field));
        out.push_back(std::move(record));
      }
      record = {.line = line, .fields = {}};
      field.clear();
      any = false;
    } else if (c != '\r') {
      field += c;
    }
  }
  if (quoted) throw InputError(fmt::format("{}:{}", place, opened), "a quote does not close");
  if (any || !field.empty()) {
    record.fields.push_back(std::move(field));
    out.push_back(std::move(record));
  }
  return out;
}

std::string csv_field(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(text);
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

}  // namespace ane::results
