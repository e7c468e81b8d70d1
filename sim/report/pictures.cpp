// Charts as files: the bundle that pages carry, run by Node.js.
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <filesystem>

#include "isa/error.h"
#include "isa/file.h"
#include "sim/report/page.h"

namespace ane::sim {
namespace {

// A folder of its own that goes when it does.
class Scratch {
 public:
  Scratch() {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "anesim_report_XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr)
      throw InputError(pattern, "no temporary folder can be made");
    path_ = pattern;
  }
  ~Scratch() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

std::string quoted(const std::string& word) {
  std::string text = "'";
  for (const char c : word) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return text + "'";
}

// Exit status and all output of a command.
std::pair<int, std::string> answer_of(const std::string& command) {
  FILE* pipe = popen((command + " 2>&1").c_str(), "r");
  if (pipe == nullptr) return {127, ""};
  std::string text;
  std::array<char, 4096> block{};
  while (const std::size_t n = fread(block.data(), 1, block.size(), pipe))
    text.append(block.data(), n);
  const int status = pclose(pipe);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 128, text};
}

void need(const std::string& option, const std::string& program, const std::string& package) {
  if (answer_of("command -v " + program).first != 0)
    throw InputError(option, fmt::format("draws with {}, which is not installed", program),
                     "the package " + package);
}

void run(const std::string& option, const std::string& command) {
  const auto [status, text] = answer_of(command);
  if (status != 0)
    throw InputError(option, fmt::format("exit status {} of the drawing: {}", status,
                                         text.substr(0, text.find('\n'))));
}

}  // namespace

std::vector<std::string> write_pictures(const Page& page, const std::string& folder, bool svg,
                                        bool png) {
  const std::string option = svg ? "--svg" : "--png";
  if (report_file("bundle").empty())
    throw InputError(option, "this program was built without npm and has no charts");
  need(option, "node", "nodejs");
  if (png) need("--png", "rsvg-convert", "librsvg2-bin");
  const auto figures = figures_of(page);
  const Scratch scratch;
  write_file(scratch / "charts.cjs", fmt::format("{}\nconst report = {};\n{}",
                                                 report_file("bundle"), figures_json(figures), R"js(
(async () => {
  const fs = require("node:fs"), path = require("node:path");
  for (const f of report.figures)
    fs.writeFileSync(path.join(__dirname, f.id + ".svg"), await anesimCharts.svg(report, f.id) + "\n");
})().catch((e) => { console.error(String(e)); process.exit(1); });
)js"));
  run(option, "node " + quoted(scratch / "charts.cjs"));
  std::error_code failed;
  std::filesystem::create_directories(folder, failed);
  if (failed) throw InputError(folder, failed.message());
  std::vector<std::string> files;
  for (const Figure* f : figures) {
    const std::string drawn = scratch / (f->id + ".svg");
    if (svg) {
      files.push_back(folder + "/" + f->id + ".svg");
      write_file(files.back(), read_file(drawn));
    }
    if (png) {
      run("--png", fmt::format("rsvg-convert --zoom 2 --output {} {}",
                               quoted(scratch / (f->id + ".png")), quoted(drawn)));
      files.push_back(folder + "/" + f->id + ".png");
      write_file(files.back(), read_file(scratch / (f->id + ".png")));
    }
  }
  return files;
}

}  // namespace ane::sim
