// Tables and prose fit the columns that they are given, whatever they hold.
#include "results/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <sstream>

#include "records.h"
#include "results/text.h"
#include "results/view.h"

namespace ane::results {
namespace {

using testing::HasSubstr;
using testing::Not;

std::vector<std::string> lines(const std::string& text) {
  std::vector<std::string> all;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) all.push_back(line);
  return all;
}

std::size_t widest(const std::string& text) {
  std::size_t most = 0;
  for (const std::string& line : lines(text)) most = std::max(most, display_width(line));
  return most;
}

TEST(DisplayWidth, IsOfWhatIsSeen) {
  EXPECT_EQ(display_width(""), 0u);
  EXPECT_EQ(display_width("abc"), 3u);
  EXPECT_EQ(display_width("prøve.fq"), 8u);
  EXPECT_EQ(display_width("日本"), 4u);  // two columns each
}

TEST(Wrapped, BreaksAtBlanksAndIndents) {
  EXPECT_EQ(wrapped("one two three", 100), "one two three");
  EXPECT_EQ(wrapped("one two three", 8), "one two\nthree");
  EXPECT_EQ(wrapped("one two three", 7, 2), "one two\n  three");
  EXPECT_EQ(wrapped("  a  b", 6), "  a  b");  // blanks that align stay
  EXPECT_EQ(wrapped("  a  b", 5), "  a\nb");
  EXPECT_EQ(wrapped("incompressible", 4), "incompressible");
}

RC_GTEST_PROP(Wrapped, KeepsEveryWordAndTheWidth, ()) {
  const auto words = *rc::gen::container<std::vector<std::string>>(
      rc::gen::nonEmpty(rc::gen::container<std::string>(rc::gen::inRange('a', 'z'))));
  const auto columns = *rc::gen::inRange<std::size_t>(8, 60);
  const auto indent = *rc::gen::inRange<std::size_t>(0, 6);
  std::string text;
  std::size_t longest = 0;
  for (const std::string& w : words) {
    text += (text.empty() ? "" : " ") + w;
    longest = std::max(longest, w.size());
  }
  const std::string out = wrapped(text, columns, indent);
  std::istringstream in(out);
  std::vector<std::string> back;
  for (std::string w; in >> w;) back.push_back(w);
  RC_ASSERT(back == words);
  RC_ASSERT(widest(out) <= std::max(columns, longest + indent));
}

TEST(Table, SaysOnceWhatIsTheSameInAllRows) {
  const Table t{"t",
                {{"name", "name", ""}, {"unit", "unit", ""}, {"s", "time", "s"}},
                {{"a", "ane", 1e-6}, {"b", "ane", 2e-6}}};
  EXPECT_EQ(table_text(t),
            "  in each row: unit ane\n  name  time us\n  a        1.00\n  b        2.00\n");
}

TEST(Table, ScalesEachCellWhereNoPrefixFitsAll) {
  const Table t{"t", {{"n", "n", ""}, {"s", "time", "s"}}, {{"a", 3.41e-9}, {"b", 819e-6}}};
  EXPECT_EQ(table_text(t), "  n     time\n  a  3.41 ns\n  b   819 us\n");
}

TEST(Table, RoundsBeforeItChoosesThePrefix) {
  const Table t{"t", {{"n", "n", ""}, {"s", "time", "s"}}, {{"a", 999.7e-6}, {"b", 1.5e-3}}};
  EXPECT_THAT(table_text(t), HasSubstr("time ms"));
  EXPECT_THAT(table_text(t), Not(HasSubstr("1000")));
}

TEST(Table, ThatIsTooWideGoesOnBelowUnderTheNamesOfItsRows) {
  Table t{"t", {{"name", "name", ""}}, {{"first"}, {"second"}}};
  for (int c = 0; c < 12; ++c) {
    t.columns.push_back({"", "column" + std::to_string(c), ""});
    for (std::size_t r = 0; r < 2; ++r)
      t.rows[r].emplace_back(1.5 * static_cast<double>(c + 1) + static_cast<double>(r));
  }
  const std::string narrow = table_text(t, 50), wide = table_text(t, all_columns);
  EXPECT_LE(widest(narrow), 50u);
  EXPECT_EQ(lines(wide).size(), 3u);
  EXPECT_GT(lines(narrow).size(), 6u);
  for (int c = 0; c < 12; ++c) EXPECT_THAT(narrow, HasSubstr("column" + std::to_string(c)));
  std::size_t led = 0;
  for (const std::string& line : lines(narrow)) led += line.starts_with("  second") ? 1 : 0;
  EXPECT_EQ(led, lines(narrow).size() / 3);
}

TEST(Table, BreaksItsSentences) {
  const Table t{
      "t",
      {{"id", "id", ""}, {"why", "why", "..."}},
      {{"a", "a reason of many words that does not fit one line of the terminal at all"}}};
  const std::string text = table_text(t, 40);
  EXPECT_LE(widest(text), 40u);
  EXPECT_THAT(text, HasSubstr("\n      "));
}

TEST(Estimate, ShowsNoDigitThatItsBandDoesNotJustify) {
  EXPECT_EQ(digits_of(std::nullopt), 3);
  EXPECT_EQ(digits_of(Band{1.0, 1.1}), 3);
  EXPECT_EQ(digits_of(Band{1.0, 1.2}), 2);
  const Table t{"t", {{"s", "time", "s"}}, {{estimated(451e-6, Band{300e-6, 600e-6})}}};
  EXPECT_EQ(table_text(t), "  time us\n      450\n");
  EXPECT_EQ(csv_cell(t.rows[0][0]), "0.000451");
}

// The shared words of a table can be wider than a line only where one word is.
TEST(EveryView, FitsEightyAndAHundredAndTwentyColumns) {
  const std::vector<Record> records{ane_record(), cpu_record()};
  for (const View& v : views())
    for (const std::size_t columns : {80U, 120U}) {
      Rendering how(Style::text);
      how.columns = columns;
      EXPECT_LE(widest(render(v.name, records, how)), columns) << v.name;
    }
}

}  // namespace
}  // namespace ane::results
