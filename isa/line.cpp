#include "isa/line.h"

#include <fmt/format.h>

#include <algorithm>

#include "isa/error.h"

namespace ane::isa {
namespace {

bool blank(char c) {
  return c == ' ' || c == '\t' || c == '\r';
}
// Locale-free, unlike std::isalnum.
bool plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("_./:+-,@").find(c) != std::string_view::npos;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

struct Reader {
  std::string_view line;
  const std::string& place;
  std::size_t at = 0;

  char peek(std::size_t ahead = 0) const {
    return at + ahead < line.size() ? line[at + ahead] : '\0';
  }

  char escape() {  // behind the backslash
    const char c = peek();
    if (c == '"' || c == '\\') return ++at, c;
    const int high = hex_digit(peek(1)), low = hex_digit(peek(2));
    if (c != 'x' || high < 0 || low < 0)
      throw InputError(place, "a backslash in quotes stands before \", \\ or xHH");
    at += 3;
    return static_cast<char>(high * 16 + low);
  }

  std::string quotes() {  // behind the opening quote
    std::string text;
    while (at < line.size()) {
      const char c = line[at++];
      if (c == '"') return text;
      text += c == '\\' ? escape() : c;
    }
    throw InputError(place, "a quote does not end on its line");
  }

  std::string part() {
    if (peek() == '"') return ++at, quotes();
    const std::size_t start = at;
    while (at < line.size() && plain(line[at])) ++at;
    return std::string(line.substr(start, at - start));
  }
};

}  // namespace

std::vector<Word> split_line(std::string_view line, const std::string& place) {
  std::vector<Word> words;
  Reader r{line, place};
  while (true) {
    while (blank(r.peek())) ++r.at;
    if (r.at == line.size() || r.peek() == ';' || r.peek() == '#') return words;
    const std::size_t start = r.at;
    Word w;
    w.name = r.part();
    if (r.peek() == '=') {
      ++r.at;
      w.has_value = true;
      w.value = r.part();
    }
    const char next = r.peek();
    if (r.at == start || (r.at < line.size() && !blank(next) && next != ';' && next != '#'))
      throw InputError(place, fmt::format("unexpected character {} (names with other characters "
                                          "stand in double quotes)",
                                          quoted(line.substr(r.at, 1))));
    words.push_back(std::move(w));
  }
}

std::string quoted(std::string_view text) {
  if (!text.empty() && std::all_of(text.begin(), text.end(), plain)) return std::string(text);
  std::string out = "\"";
  for (const char c : text) {
    const auto u = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\')
      out += '\\', out += c;
    else if (u < 0x20 || u == 0x7f)
      out += fmt::format("\\x{:02x}", u);
    else
      out += c;
  }
  return out + '"';
}

}  // namespace ane::isa
