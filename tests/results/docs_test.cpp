// docs/results.md against the schema that the program makes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <regex>

#include "results/schema.h"
#include "results/view.h"

namespace ane::results {
namespace {

std::string page() {
  std::ifstream in(SOURCE_DIR "/docs/results.md");
  return {std::istreambuf_iterator<char>(in), {}};
}

Database fresh() {
  Database db = Database::in_memory();
  migrate(db);
  return db;
}

TEST(Docs, NameEveryTableWithItsColumns) {
  Database db = fresh();
  const std::string text = page();
  Statement tables(db, "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name");
  int seen = 0;
  while (tables.step()) {
    ++seen;
    const std::string name = tables.text(0);
    std::smatch line;
    ASSERT_TRUE(std::regex_search(text, line, std::regex("\n\\| " + name + " \\|[^\n]*"))) << name;
    const std::string row = line.str();
    Statement columns(db, "SELECT name FROM pragma_table_info(?)");
    columns.bind(name);
    while (columns.step())
      EXPECT_TRUE(std::regex_search(row, std::regex("\\b" + columns.text(0) + "\\b")))
          << name << "." << columns.text(0);
  }
  EXPECT_GT(seen, 10);
}

TEST(Docs, NameEveryView) {
  Database db = fresh();
  const std::string text = page();
  Statement names(db, "SELECT name FROM sqlite_schema WHERE type = 'view'");
  while (names.step())
    EXPECT_TRUE(std::regex_search(text, std::regex("\n\\|[^|\n]*\\b" + names.text(0) + "\\b")))
        << names.text(0);
  for (const View& v : views())
    EXPECT_THAT(text, testing::HasSubstr("| " + std::string(v.name) + " |"));
}

TEST(Docs, EveryQuestionInSqlIsOne) {
  const std::string text = page();
  const std::size_t from = text.find("```sql\n"), to = text.find("```", from + 7);
  ASSERT_NE(to, std::string::npos);
  Database db = fresh();
  db.execute(text.substr(from + 7, to - from - 7));
}

}  // namespace
}  // namespace ane::results
