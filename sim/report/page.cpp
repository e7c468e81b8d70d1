#include "sim/report/page.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace ane::sim {
namespace {

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  return out;
}

// JSON within a script element: nothing in it may end that.
std::string within_script(std::string json) {
  for (std::size_t at = 0; (at = json.find("</", at)) != std::string::npos; at += 3)
    json.insert(at + 1, "\\");
  return json;
}

std::string table_html(const results::Table& whole, const std::string& caption) {
  results::Table table = whole;
  if (table.rows.size() > most_table_rows) table.rows.resize(most_table_rows);
  // What only JSON and CSV show is shown here too: whoever draws it wants its words.
  if (std::ranges::all_of(table.columns, [](const auto& c) { return c.title.empty(); }))
    for (results::Column& c : table.columns) c.title = c.key;
  const std::vector<results::TextColumn> columns = results::text_columns(table);
  std::string html = fmt::format(
      "<div class=\"scroll\" tabindex=\"0\" role=\"region\" "
      "aria-label=\"{0}\"><table><caption>{0}{1}</caption><thead><tr>",
      escaped(caption),
      table.rows.size() < whole.rows.size()
          ? fmt::format(", the first {} of {} rows", table.rows.size(), whole.rows.size())
          : "");
  for (const auto& c : columns)
    html +=
        fmt::format("<th scope=\"col\"{}>{}</th>", c.left ? "" : " class=\"n\"", escaped(c.header));
  html += "</tr></thead><tbody>\n";
  for (std::size_t r = 0; r < table.rows.size(); ++r) {
    html += "<tr>";
    for (const auto& c : columns)
      html += fmt::format("<td{}>{}</td>", c.left ? "" : " class=\"n\"", escaped(c.cells[r]));
    html += "</tr>\n";
  }
  return html + "</tbody></table></div>\n";
}

std::string title_of(const Figure& f) {
  return f.title.empty() ? chart_kind(f.chart).title : f.title;
}

// Tables that stand on the page already are pointed to.
class Tables {
 public:
  std::string html(const results::Table& table, const std::string& caption) {
    std::string text = table_html(table, caption);
    // The caption apart, which names whoever shows it first.
    const std::string body = text.substr(text.find("<thead>"));
    const auto [at, added] = known_.emplace(body, fmt::format("table-{}", known_.size() + 1));
    if (!added)
      return fmt::format("<p class=\"data\">Data: <a href=\"#{}\">the table above</a></p>\n",
                         at->second);
    return fmt::format("<details id=\"{}\"><summary>Data: {} row{}</summary>{}</details>\n",
                       at->second, table.rows.size(), table.rows.size() == 1 ? "" : "s", text);
  }

 private:
  std::map<std::string, std::string> known_;
};

std::string figure_html(const Figure& f, Tables& tables) {
  const std::string title = title_of(f);
  std::string html = fmt::format(
      "<figure id=\"{0}\"><h3>{1}</h3><div class=\"chart\" data-figure=\"{0}\" tabindex=\"0\" "
      "role=\"region\" aria-label=\"{1}, chart\"></div>\n<figcaption>{2}</figcaption>\n",
      escaped(f.id), escaped(title), escaped(chart_kind(f.chart).reading));
  for (const results::Table& t : f.tables)
    if (!t.rows.empty()) html += tables.html(t, fmt::format("{}: {}", title, t.key));
  return html + "</figure>\n";
}

}  // namespace

std::vector<const Figure*> figures_of(const Page& page) {
  std::vector<const Figure*> all;
  for (const Section& s : page.sections)
    for (const Figure& f : s.figures) all.push_back(&f);
  return all;
}

std::string html_of(const Page& page) {
  std::string html = fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta name=\"color-scheme\" content=\"light dark\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; script-src "
      "'unsafe-inline' 'unsafe-eval'; style-src 'unsafe-inline'; img-src data: blob:\">\n"
      "<link rel=\"icon\" href=\"data:,\">\n"
      "<title>{}</title>\n<style>\n{}</style></head>\n<body>\n<header><h1>{}</h1>\n<dl>\n",
      escaped(page.title), report_file("page"), escaped(page.title));
  for (const auto& [key, value] : page.head)
    html += fmt::format("<div><dt>{}</dt><dd>{}</dd></div>\n", escaped(key), escaped(value));
  html += "</dl></header>\n<nav aria-label=\"sections\"><ul>\n";
  std::size_t n = 0;
  for (const Section& s : page.sections)
    html += fmt::format("<li><a href=\"#section-{}\">{}</a></li>\n", ++n, escaped(s.heading));
  html += "</ul></nav>\n<main>\n";
  const std::string_view bundle = report_file("bundle");
  if (bundle.empty())
    html +=
        "<p class=\"missing\">This program was built without npm: there are no charts here, the "
        "data stand in the tables.</p>\n";
  else
    html +=
        "<noscript><p class=\"missing\">Charts are drawn where scripts may run; the data stand "
        "in the tables.</p></noscript>\n";
  Tables tables;
  n = 0;
  for (const Section& s : page.sections) {
    html += fmt::format(
        "<section id=\"section-{}\" aria-labelledby=\"heading-{}\">"
        "<h2 id=\"heading-{}\">{}</h2>\n",
        n + 1, n + 1, n + 1, escaped(s.heading));
    ++n;
    for (const std::string& line : s.lines) html += fmt::format("<p>{}</p>\n", escaped(line));
    for (const Figure& f : s.figures) html += figure_html(f, tables);
    for (const results::Table& t : s.tables)
      if (!t.rows.empty())
        html += fmt::format("<h3>{0}</h3>{1}", escaped(t.key), table_html(t, t.key));
    html += "</section>\n";
  }
  html += "</main>\n";
  html += fmt::format("<script type=\"application/json\" id=\"report\">{}</script>\n",
                      within_script(figures_json(figures_of(page))));
  if (!bundle.empty())
    html +=
        fmt::format("<script>{}</script>\n<script>anesimCharts.show(document)</script>\n", bundle);
  return html + "</body></html>\n";
}

}  // namespace ane::sim
