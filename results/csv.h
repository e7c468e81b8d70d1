// Comma-separated values as RFC 4180 has them, read and written in one place.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace ane::results {

struct CsvRecord {
  int line = 0;  // where it begins; a quoted field may hold ends of lines
  std::vector<std::string> fields;

  const std::string& operator[](std::size_t i) const { return fields[i]; }
  std::size_t size() const { return fields.size(); }
};
using CsvRecords = std::vector<CsvRecord>;

// Records as fields; lines without any field are left out. place: for messages. InputError
// "place:line" for a quote that does not close.
CsvRecords parse_csv(std::string_view text, const std::string& place);

// Quoted if it holds a comma, a quote or a line end; quotes doubled.
std::string csv_field(std::string_view text);

}  // namespace ane::results
