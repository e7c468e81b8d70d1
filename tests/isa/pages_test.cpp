// Do the pages of docs/isa say what the table says? What can be made from the table is made from
// it: ANESIM_UPDATE_GOLDEN=1 isa_tests --gtest_filter='Pages*' rewrites the made blocks.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "isa/assembler.h"
#include "isa/disassembler.h"
#include "isa/encoding.h"
#include "isa/format.h"

namespace ane::isa {
namespace {

namespace fs = std::filesystem;
const fs::path folder = fs::path(SOURCE_DIR) / "docs/isa";

std::string read(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

// --- what is made ---

// One word as a picture, bit 31 at the left:
//   31  6 5    0
//   |  kh |  kw |
std::string picture(const Instruction& i, int word) {
  struct Cell {
    int high, low;
    std::string text;
  };
  std::vector<Cell> cells;
  int top = 31;  // the highest bit not drawn yet
  if (i.packet == Packet::control && word == 0) {
    cells.push_back({31, 30, "01"});
    cells.push_back({29, 24, fmt::format("{:06b}", i.base)});
    top = 23;
  }
  std::vector<const Field*> fields;
  for (std::size_t f = 0; f < i.field_count(); ++f)
    if (i.fields[f].word == word) fields.push_back(&i.fields[f]);
  std::ranges::sort(fields, [](const Field* a, const Field* b) { return a->lo > b->lo; });
  for (const Field* f : fields) {
    const int high = f->lo + f->bits - 1;
    if (high < top) cells.push_back({top, high + 1, "0"});
    cells.push_back({high, f->lo, std::string(f->name)});
    top = f->lo - 1;
  }
  if (top >= 0) cells.push_back({top, 0, "0"});
  std::string numbers = "     ", boxes = "    |";
  for (const Cell& c : cells) {
    const std::string high = fmt::format("{}", c.high),
                      low = c.low == c.high ? "" : fmt::format("{}", c.low);
    const std::size_t width = std::max(c.text.size() + 2, high.size() + low.size() + 2);
    numbers += fmt::format("{}{:>{}} ", high, low, width - high.size());
    boxes += fmt::format("{:^{}}|", c.text, width);
  }
  numbers.resize(numbers.find_last_not_of(' ') + 1);
  return fmt::format("{}\n{}\n", numbers, boxes);
}

std::string values_of(const Field& f) {
  switch (f.kind) {
    case Kind::choice:
      return f.choices.size() > 12 ? fmt::format("{} names", f.choices.size())
                                   : fmt::format("{}", fmt::join(f.choices, ", "));
    case Kind::half:
      return "binary16";
    case Kind::signed_:
      return fmt::format("{} to {}", -(1LL << (f.bits - 1)), (1LL << (f.bits - 1)) - 1);
    case Kind::unsigned_:
      break;
  }
  return f.bits == 32 ? "0 to 2^32 - 1" : fmt::format("0 to {}", (1LL << f.bits) - 1);
}

std::string fields_block(const Instruction& i) {
  std::string out;
  const bool control = i.packet == Packet::control;
  if (control)
    out = fmt::format("Control packet, operation {:#04x}{}.\n", i.base,
                      i.words > 1 ? fmt::format(", {} word(s) follow", i.words - 1) : "");
  else if (i.packet == Packet::address)
    return fmt::format("Address packet, register {:#04x}.\n", i.base);
  else
    out = fmt::format("Set packet, registers {:#04x} to {:#04x}.\n", i.base, i.base + i.words - 1);
  bool whole_words = false;
  for (int w = 0; w < i.words; ++w) {
    const auto whole = std::ranges::any_of(
        i.fields, [&](const Field& f) { return !f.name.empty() && f.word == w && f.bits == 32; });
    whole_words |= whole;
    if (whole) continue;
    out += fmt::format(
        "\n{}:\n\n{}",
        control ? fmt::format("Word {}", w) : fmt::format("Register {:#04x}", i.base + w),
        picture(i, w));
  }
  if (whole_words) out += "\nFields of 32 bits are a word of their own.\n";
  if (i.field_count() == 0) return out + "\nNo fields.\n";
  out += fmt::format("\n| field | {} | bits | values | meaning |\n|---|---|---|---|---|\n",
                     control ? "word" : "register");
  for (std::size_t f = 0; f < i.field_count(); ++f) {
    const Field& x = i.fields[f];
    out += fmt::format(
        "| `{}` | {} | {} | {} | {} |\n", x.name,
        control ? fmt::format("{}", x.word) : fmt::format("{:#04x}", i.base + x.word),
        x.bits == 1 ? fmt::format("{}", x.lo) : fmt::format("{}..{}", x.lo + x.bits - 1, x.lo),
        values_of(x), x.summary);
  }
  return out;
}

std::string instructions_block() {
  std::string out =
      "| instruction | packet | first register or operation | words | |\n"
      "|---|---|---|---|---|\n";
  for (const Instruction& i : instructions)
    out += fmt::format("| [{0}]({0}.md) | {1} | {2:#04x} | {3} | {4} |\n", i.mnemonic,
                       i.packet == Packet::set       ? "set"
                       : i.packet == Packet::address ? "address"
                                                     : "control",
                       i.base, i.words, i.summary);
  return out;
}

template <class Names>
std::string numbered(const Names& names) {
  std::string out = "| number | name |\n|---|---|\n";
  for (std::size_t n = 0; n < names.size(); ++n) out += fmt::format("| {} | {} |\n", n, names[n]);
  return out;
}

std::string formats_block() {
  std::string out = "| number | name | bits | |\n|---|---|---|---|\n";
  for (const FormatInfo& f : formats)
    out += fmt::format("| {} | {} | {} | {} |\n", static_cast<int>(f.format), f.name, f.bits,
                       f.summary);
  return out;
}

std::string made_block(std::string_view name) {
  for (const Instruction& i : instructions)
    if (name == fmt::format("fields {}", i.mnemonic)) return fields_block(i);
  if (name == "instructions") return instructions_block();
  if (name == "formats") return formats_block();
  if (name == "streams") return numbered(insns::kernel_choices);
  if (name == "functions") return numbered(unary_functions);
  if (name == "elementwise") return numbered(elementwise_operations);
  if (name == "reductions") return numbered(reduction_operations);
  if (name == "pools") return numbered(pool_operations);
  return "";
}

// --- the pages ---

struct Block {
  std::string name, text;
  std::size_t begin = 0, size = 0;  // of the text in its page
};

std::vector<Block> blocks_of(const std::string& page) {
  const std::string open = "<!-- made: ", close = " -->\n", end = "<!-- end -->";
  std::vector<Block> blocks;
  for (std::size_t at = page.find(open); at != std::string::npos; at = page.find(open, at)) {
    const std::size_t name_end = page.find(close, at);
    const std::size_t begin = name_end + close.size();
    const std::size_t stop = page.find(end, begin);
    if (name_end == std::string::npos || stop == std::string::npos) {
      ADD_FAILURE() << "a made block does not end";
      break;
    }
    blocks.push_back({page.substr(at + open.size(), name_end - at - open.size()),
                      page.substr(begin, stop - begin), begin, stop - begin});
    at = stop;
  }
  return blocks;
}

const std::map<std::string, std::vector<std::string>> further_pages{
    {"encoding", {"instructions"}},
    {"assembler", {}},
    {"formats", {"formats", "streams"}},
    {"activations", {"functions"}},
    {"planar", {"elementwise", "reductions", "pools"}}};

std::map<std::string, std::vector<std::string>> expected_pages() {
  auto pages = further_pages;
  for (const Instruction& i : instructions)
    pages[std::string(i.mnemonic)] = {fmt::format("fields {}", i.mnemonic)};
  return pages;
}

TEST(Pages, ThereIsOneForEachInstructionAndNoneTooMany) {
  std::set<std::string> found;
  for (const auto& entry : fs::directory_iterator(folder))
    found.insert(entry.path().filename().string());
  std::set<std::string> expected;
  for (const auto& [name, blocks] : expected_pages()) expected.insert(fmt::format("{}.md", name));
  EXPECT_EQ(found, expected);
}

TEST(Pages, MadeBlocksAreWhatTheTableSays) {
  const bool update = std::getenv("ANESIM_UPDATE_GOLDEN") != nullptr;
  for (const auto& [name, expected] : expected_pages()) {
    const fs::path path = folder / fmt::format("{}.md", name);
    std::string page = read(path);
    std::vector<Block> blocks = blocks_of(page);
    std::vector<std::string> names;
    for (const Block& b : blocks) names.push_back(b.name);
    EXPECT_EQ(names, expected) << path;
    for (auto b = blocks.rbegin(); b != blocks.rend(); ++b) {
      const std::string made = fmt::format("\n{}\n", made_block(b->name));
      if (update)
        page.replace(b->begin, b->size, made);
      else
        EXPECT_EQ(b->text, made) << path << " (ANESIM_UPDATE_GOLDEN=1 rewrites it)";
    }
    if (update) std::ofstream(path, std::ios::binary) << page;
  }
}

TEST(Pages, EachInstructionHasItsNameAndTheFixedHeadings) {
  const std::vector<std::string> headings{"Summary",
                                          "Unit",
                                          "Operands and formats",
                                          "Encoding",
                                          "Functional model",
                                          "Rounding and special values",
                                          "Constraints",
                                          "Work and timing",
                                          "Evidence"};
  for (const Instruction& i : instructions) {
    const std::string page = read(folder / fmt::format("{}.md", i.mnemonic));
    std::istringstream lines(page);
    std::string line, title;
    std::vector<std::string> found;
    std::getline(lines, title);
    EXPECT_EQ(title, fmt::format("# {}", i.mnemonic));
    std::size_t length = 1;
    while (std::getline(lines, line)) {
      if (line.starts_with("## ")) {
        EXPECT_GT(length, 0u) << i.mnemonic << ": nothing before " << line;
        found.push_back(line.substr(3));
        length = 0;
      } else {
        length += line.size();
      }
    }
    EXPECT_GT(length, 0u) << i.mnemonic << ": nothing at the end";
    EXPECT_EQ(found, headings) << i.mnemonic;
  }
}

TEST(Pages, EachLinkLeadsToAPage) {
  for (const auto& [name, blocks] : expected_pages()) {
    const std::string page = read(folder / fmt::format("{}.md", name));
    for (std::size_t at = page.find("]("); at != std::string::npos; at = page.find("](", at + 1)) {
      std::string to = page.substr(at + 2, page.find(')', at) - at - 2);
      to = to.substr(0, to.find('#'));
      EXPECT_TRUE(fs::exists(folder / to)) << name << ": " << to;
    }
  }
}

// Names that a function or an operation has in the tables also stand in the text around them.
TEST(Pages, EachFunctionAndWeightFormatIsExplained) {
  const auto explained = [](const std::string& page, std::string_view name) {
    std::string text = read(folder / page);
    const std::vector<Block> blocks = blocks_of(text);
    for (auto b = blocks.rbegin(); b != blocks.rend(); ++b) text.erase(b->begin, b->size);
    const auto part = [](char c) {
      return std::isalnum(static_cast<unsigned char>(c)) || c == '_';
    };
    for (std::size_t at = text.find(name); at != std::string::npos; at = text.find(name, at + 1))
      if (!part(text[at - 1]) && !part(text[at + name.size()])) return true;
    return false;
  };
  for (const auto name : unary_functions) EXPECT_TRUE(explained("activations.md", name)) << name;
  for (const auto name : reduction_operations) EXPECT_TRUE(explained("planar.md", name)) << name;
  for (const auto name : insns::kernel_choices) EXPECT_TRUE(explained("formats.md", name)) << name;
}

TEST(Pages, ExamplesAssemble) {
  int examples = 0;
  for (const auto& [name, blocks] : expected_pages()) {
    const std::string page = read(folder / fmt::format("{}.md", name));
    for (std::size_t at = page.find("```asm\n"); at != std::string::npos;
         at = page.find("```asm\n", at + 1)) {
      const std::size_t begin = at + 7;
      const std::string text = page.substr(begin, page.find("```", begin) - begin);
      const Program program = assemble(text, name);
      EXPECT_FALSE(program.words.empty());
      EXPECT_FALSE(disassemble(program, name).empty());
      ++examples;
    }
  }
  EXPECT_GT(examples, 0);
}

}  // namespace
}  // namespace ane::isa
