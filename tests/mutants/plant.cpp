// Plants the mutants of tests/mutants/*.txt in a copy of the sources: plant COPY LIST... < names of
// the files to copy, one a line, from the current folder.
//
// A list has lines of
//   # what it is about
//   file PATH                                      the mutants below are of this file
//   ID [TERM]: text «original => mutated» text     one mutant
// The text around « » is there to find the one place that is meant; blanks and line breaks do not
// count. In the copy the original becomes
//   (::ane::mutants::on(17) ? (mutated) : (original))
// or, where it ends in a semicolon, `if (::ane::mutants::on(17)) {mutated} else {original}`. A
// mutant may lie inside another's original. Each is on when the program runs with ANESIM_MUTANT=17.
// On stdout: number, file, id and term of each, between tabs. A place that is not there, or there
// twice, is an error.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;

struct Mutant {
  int number = 0;
  std::string place;  // of its line in the list
  std::string id, term, before, original, mutated, after;
  std::size_t begin = 0, end = 0;  // of the original in its file
};

[[noreturn]] void fail(const std::string& place, const std::string& what) {
  std::cerr << "error: " << place << ": " << what << '\n';
  std::exit(2);
}

std::string contents(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) fail(file.string(), "cannot be read");
  return {std::istreambuf_iterator<char>(in), {}};
}

// Unchanged files keep their time, so that little is compiled again.
void write(const fs::path& file, const std::string& text) {
  if (std::ifstream old(file, std::ios::binary);
      old && std::string(std::istreambuf_iterator<char>(old), {}) == text)
    return;
  fs::create_directories(file.parent_path());
  std::ofstream out(file, std::ios::binary);
  out << text;
  if (!out.flush()) fail(file.string(), "cannot be written");
}

std::string trimmed(const std::string& s) {
  const std::size_t first = s.find_first_not_of(" \t");
  return first == std::string::npos ? "" : s.substr(first, s.find_last_not_of(" \t") - first + 1);
}

bool blank(char c) {
  return c == ' ' || c == '\n' || c == '\t';
}

std::string without_blanks(const std::string& s) {
  std::string out;
  std::ranges::remove_copy_if(s, std::back_inserter(out), blank);
  return out;
}

using Lists = std::map<std::string, std::vector<Mutant>>;  // by file

void read_list(const std::string& list, Lists& lists, std::set<std::string>& ids, int& last) {
  std::ifstream in(list);
  if (!in) fail(list, "cannot be read");
  std::string line, file;
  for (int number = 1; std::getline(in, line); ++number) {
    const std::string place = list + ":" + std::to_string(number);
    line = trimmed(line);
    if (line.empty() || line[0] == '#') continue;
    if (line.starts_with("file ")) {
      file = trimmed(line.substr(5));
      continue;
    }
    const std::string open = "«", close = "»", arrow = "=>";
    const std::size_t colon = line.find(": "), from = line.find(open), to = line.find(close);
    const std::size_t middle = line.find(arrow, from);
    if (file.empty() || colon == std::string::npos || from == std::string::npos ||
        to == std::string::npos || colon > from || middle == std::string::npos || middle > to)
      fail(place, "is no `ID [TERM]: text «original => mutated» text` under a `file PATH`");
    Mutant m;
    m.number = ++last;
    m.place = place;
    const std::string head = line.substr(0, colon);
    const std::size_t bracket = head.find('[');
    m.id = trimmed(head.substr(0, bracket));
    if (bracket != std::string::npos)
      m.term = head.substr(bracket + 1, head.find(']') - bracket - 1);
    m.before = line.substr(colon + 2, from - colon - 2);
    m.original = trimmed(line.substr(from + open.size(), middle - from - open.size()));
    m.mutated = trimmed(line.substr(middle + arrow.size(), to - middle - arrow.size()));
    m.after = line.substr(to + close.size());
    if (!ids.insert(m.id).second) fail(place, "a second mutant '" + m.id + "'");
    if (m.original.empty()) fail(place, "no original");
    lists[file].push_back(std::move(m));
  }
}

void find_place(Mutant& m, const std::string& file, const std::string& text) {
  std::string dense;
  std::vector<std::size_t> at;
  for (std::size_t i = 0; i < text.size(); ++i)
    if (!blank(text[i])) dense += text[i], at.push_back(i);
  const std::string before = without_blanks(m.before), original = without_blanks(m.original);
  const std::string whole = before + original + without_blanks(m.after);
  const std::size_t found = dense.find(whole);
  if (found == std::string::npos) fail(m.place, m.id + " is gone from " + file);
  if (dense.find(whole, found + 1) != std::string::npos)
    fail(m.place, m.id + " is there more than once in " + file + ": give more of the text around");
  m.begin = at[found + before.size()];
  m.end = at[found + before.size() + original.size() - 1] + 1;
}

// The text from `begin` to `end` with the mutants [first, last) in it, the outermost of which lie
// side by side; mutants of the same place are one choice after the other.
std::string planted(const std::string& text, std::size_t begin, std::size_t end,
                    std::vector<Mutant>::const_iterator first,
                    std::vector<Mutant>::const_iterator last) {
  std::string out;
  while (first != last) {
    const Mutant& m = *first;
    auto next = first + 1;
    while (next != last && next->begin < m.end) {
      if (next->end > m.end) fail(next->place, next->id + " overlaps " + m.id);
      ++next;
    }
    out += text.substr(begin, m.begin - begin);
    const std::string original = planted(text, m.begin, m.end, first + 1, next);
    const std::string on = "::ane::mutants::on(" + std::to_string(m.number) + ")";
    if (m.original.ends_with(';'))
      out += "if (" + on + ") {" + m.mutated + "} else {" + original + "}";
    else
      out += "(" + on + " ? (" + m.mutated + ") : (" + original + "))";
    begin = m.end;
    first = next;
  }
  return out + text.substr(begin, end - begin);
}

constexpr const char* switches_text = R"(#pragma once
#include <cstdio>
#include <cstdlib>
#include <type_traits>
namespace ane::mutants {
inline int chosen = -1;
inline unsigned char reached[10000];
// Which mutants a program has come to, a line each, to the file that ANESIM_MUTANTS_REACHED names.
inline void tell() {
  std::FILE* file = std::fopen(std::getenv("ANESIM_MUTANTS_REACHED"), "a");
  if (file == nullptr) return;
  for (int n = 0; n < 10000; ++n)
    if (reached[n] != 0) std::fprintf(file, "%d\n", n);
  std::fclose(file);
}
inline void begin() {
  const char* number = std::getenv("ANESIM_MUTANT");
  chosen = number == nullptr ? 0 : std::atoi(number);
  if (std::getenv("ANESIM_MUTANTS_REACHED") != nullptr) std::atexit(tell);
}
constexpr bool on(int number) {
  if (std::is_constant_evaluated()) return false;
  if (chosen < 0) begin();
  reached[number] = 1;
  return chosen == number;
}
}  // namespace ane::mutants
)";

// To the same file, behind what the programs that a test starts have come to: the test, its
// milliseconds and what it has come to itself.
constexpr const char* tests_text = R"(#pragma once
#include <gtest/gtest.h>
#include "SWITCHES"
namespace ane::mutants {
struct Listener : ::testing::EmptyTestEventListener {
  void OnTestStart(const ::testing::TestInfo&) override {
    for (unsigned char& r : reached) r = 0;
  }
  void OnTestEnd(const ::testing::TestInfo& t) override {
    const char* name = std::getenv("ANESIM_MUTANTS_REACHED");
    std::FILE* file = name == nullptr ? nullptr : std::fopen(name, "a");
    if (file == nullptr) return;
    std::fprintf(file, "%s.%s %ld", t.test_suite_name(), t.name(),
                 static_cast<long>(t.result()->elapsed_time()));
    for (int n = 0; n < 10000; ++n)
      if (reached[n] != 0) std::fprintf(file, " %d", n);
    std::fputc('\n', file);
    std::fclose(file);
  }
};
inline const bool listening =
    (::testing::UnitTest::GetInstance()->listeners().Append(new Listener), true);
}  // namespace ane::mutants
)";

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) fail("plant", "COPY LIST... < names of files");
  const fs::path copy = fs::absolute(argv[1]);
  Lists lists;
  std::set<std::string> ids;
  int last = 0;
  for (int i = 2; i < argc; ++i) read_list(argv[i], lists, ids, last);
  const fs::path switches = copy / "mutants.h", listener = copy / "mutants_tests.h";
  write(switches, switches_text);
  std::string tests = tests_text;
  write(listener, tests.replace(tests.find("SWITCHES"), 8, switches.string()));
  std::set<fs::path> kept{switches, listener};
  std::string file;
  while (std::getline(std::cin, file)) {
    if (!fs::is_regular_file(file)) continue;
    std::string text = contents(file);
    if (const auto list = lists.find(file); list != lists.end()) {
      std::vector<Mutant>& mutants = list->second;
      for (Mutant& m : mutants) find_place(m, file, text);
      std::ranges::stable_sort(mutants, [](const Mutant& a, const Mutant& b) {
        return a.begin != b.begin ? a.begin < b.begin : a.end > b.end;
      });
      text = "#include \"" + switches.string() + "\"\n#line 1\n" +
             planted(text, 0, text.size(), mutants.begin(), mutants.end());
      for (const Mutant& m : mutants)
        std::cout << m.number << '\t' << file << '\t' << m.id << '\t' << m.term << '\n';
      lists.erase(list);
    } else if (file.starts_with("tests/") && file.ends_with("_test.cpp")) {
      text = "#include \"" + listener.string() + "\"\n#line 1\n" + text;
    }
    write(copy / file, text);
    fs::permissions(copy / file, fs::status(file).permissions());
    kept.insert(copy / file);
  }
  for (const auto& [name, mutants] : lists)
    fail(mutants[0].place, name + " is not among the files");
  // What is no longer there must not be built.
  std::vector<fs::path> gone;
  for (auto at = fs::recursive_directory_iterator(copy); at != fs::recursive_directory_iterator();
       ++at) {
    if (at->path() == copy / "build")
      at.disable_recursion_pending();
    else if (at->is_regular_file() && !kept.contains(at->path()))
      gone.push_back(at->path());
  }
  for (const fs::path& p : gone) fs::remove(p);
}
