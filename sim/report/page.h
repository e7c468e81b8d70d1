// A report as one file that opens anywhere: HTML without links to other files, with charts where
// scripts run and every chart's data as a table.
#pragma once
#include <string>
#include <utility>
#include <vector>

#include "sim/report/chart.h"

namespace ane::sim {

struct Section {
  std::string heading;
  std::vector<std::string> lines{};  // prose under it
  std::vector<Figure> figures{};
  std::vector<results::Table> tables{};  // of which there is no chart
};

struct Page {
  std::string title;
  // What was asked, by what, and how to ask it again: "command", "anesim run mpnn".
  std::vector<std::pair<std::string, std::string>> head{};
  std::vector<Section> sections{};
};

// Tables in it show at most so many rows; charts draw them all.
inline constexpr std::size_t most_table_rows = 1000;

std::string html_of(const Page& page);

// The figures of a page, in order.
std::vector<const Figure*> figures_of(const Page& page);

// Each figure as FOLDER/ID.svg or, with `png`, FOLDER/ID.png too; returns the files. Drawn by
// Node.js, pictures of points by rsvg-convert: InputError where one is not installed, or where this
// program was built without npm.
std::vector<std::string> write_pictures(const Page& page, const std::string& folder, bool svg,
                                        bool png);

}  // namespace ane::sim
