// Is a file written whole or not at all, through links and to devices, and never over an input?
#include "isa/file.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <thread>
#include <vector>

#include "isa/container.h"
#include "isa/error.h"
#include "isa/status.h"

namespace ane {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;

class File : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "anesim_file_XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::string path(const std::string& name) const { return folder_ + "/" + name; }
  // Nothing else is left in the folder, whatever happened.
  std::size_t files() const {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(folder_), fs::directory_iterator()));
  }
  static std::string error_of(const std::function<void()>& act) {
    try {
      act();
    } catch (const InputError& e) {
      return e.place() + ": " + e.what();
    }
    return "";
  }

  std::string folder_;
};

TEST_F(File, InPiecesStandsUnderItsNameOnlyWhenCommitted) {
  write_file(path("a"), "before");
  {
    OutputFile file(path("a"));
    file.write("one ");
    file.write("two");
    EXPECT_EQ(read_file(path("a")), "before");
  }
  EXPECT_EQ(read_file(path("a")), "before");
  EXPECT_EQ(files(), 1U);
  OutputFile file(path("a"));
  file.write("one ");
  file.write("two");
  file.commit();
  EXPECT_EQ(read_file(path("a")), "one two");
  EXPECT_EQ(files(), 1U);
}

TEST_F(File, ComesBackAsItWasWritten) {
  for (const std::size_t size : {0U, 1U, 65535U, 65536U, 65537U, 1000000U}) {
    std::string bytes(size, '\0');
    for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i * 7);
    write_file(path("a"), bytes);
    EXPECT_EQ(read_file(path("a")), bytes);
  }
  EXPECT_EQ(files(), 1u);
  write_file(path(std::string(255, 'n')), "the longest name there is");
  EXPECT_EQ(files(), 2u);
}

TEST_F(File, ThatCannotBeReadSaysWhy) {
  EXPECT_EQ(error_of([&] { read_file(path("none")); }),
            path("none") + ": cannot be read: No such file or directory");
  EXPECT_EQ(error_of([&] { read_file(folder_); }), folder_ + ": cannot be read: Is a directory");
  EXPECT_THAT(error_of([&] { read_file(path(std::string(5000, 'x'))); }),
              EndsWith("cannot be read: File name too long"));
  write_file(path("file"), "");
  EXPECT_THAT(error_of([&] { read_file(path("file/in")); }), HasSubstr("Not a directory"));
}

TEST_F(File, ThatCannotBeWrittenStaysAsItWas) {
  EXPECT_THAT(error_of([&] { write_file(path("no/such"), "x"); }),
              EndsWith("cannot be written: No such file or directory"));
  EXPECT_EQ(error_of([&] { write_file(folder_, "x"); }),
            folder_ + ": cannot be written: Is a directory");
  EXPECT_THAT(error_of([&] { write_file(path(std::string(256, 'n')), "x"); }),
              HasSubstr("File name too long"));
  EXPECT_NE(error_of([&] { write_file("", "x"); }), "");
  EXPECT_EQ(files(), 0u);
}

TEST_F(File, OnAFullDiskKeepsWhatWasThereBefore) {
  write_file(path("old"), "before");
  std::signal(SIGXFSZ, SIG_IGN);
  struct rlimit limit {};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &limit), 0);
  const struct rlimit small = {65536, limit.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  const std::string large(100000, 'x');
  const std::string over = error_of([&] { write_file(path("old"), large); });
  const std::string fresh = error_of([&] { write_file(path("new"), large); });
  isa::Program program;
  program.words.resize(50000);
  const std::string saved = error_of([&] { isa::save_program(program, path("old")); });
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
  std::signal(SIGXFSZ, SIG_DFL);
  for (const std::string& error : {over, fresh, saved})
    EXPECT_THAT(error, EndsWith("cannot be written: File too large"));
  EXPECT_EQ(read_file(path("old")), "before");
  EXPECT_EQ(files(), 1u);
}

TEST_F(File, IsWrittenThroughItsLinks) {
  fs::create_directory(path("deep"));
  write_file(path("deep/target"), "before");
  fs::create_symlink("deep/target", path("link"));
  fs::create_symlink("link", path("link of a link"));
  write_file(path("link of a link"), "after");
  EXPECT_TRUE(fs::is_symlink(path("link")));
  EXPECT_TRUE(fs::is_symlink(path("link of a link")));
  EXPECT_EQ(read_file(path("deep/target")), "after");
  fs::create_symlink("deep/new", path("to nothing"));
  write_file(path("to nothing"), "now something");
  EXPECT_TRUE(fs::is_symlink(path("to nothing")));
  EXPECT_EQ(read_file(path("deep/new")), "now something");
  fs::create_symlink("itself", path("itself"));
  EXPECT_THAT(error_of([&] { write_file(path("itself"), "x"); }), HasSubstr("cannot be written"));
}

TEST_F(File, GoesToPipesAndDevicesDirectly) {
  write_file("/dev/null", "x");
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
  EXPECT_THAT(error_of([&] { write_file("/dev/full", "x"); }),
              EndsWith("cannot be written: No space left on device"));
  ASSERT_EQ(mkfifo(path("pipe").c_str(), 0600), 0);
  std::string read;
  {
    std::jthread reader([&] { read = read_file(path("pipe")); });
    write_file(path("pipe"), "through the pipe");
  }
  EXPECT_EQ(read, "through the pipe");
  EXPECT_TRUE(fs::is_fifo(path("pipe")));
}

TEST_F(File, KeepsTheModeOfTheOneItReplaces) {
  write_file(path("a"), "x");
  fs::permissions(path("a"), fs::perms::owner_all);
  write_file(path("a"), "y");
  EXPECT_EQ(fs::status(path("a")).permissions(), fs::perms::owner_all);
  fs::permissions(path("a"), fs::perms(0444));
  fs::permissions(folder_, fs::perms(0777));
  const bool root = geteuid() == 0 && seteuid(65534) == 0;
  EXPECT_THAT(error_of([&] { write_file(path("a"), "z"); }), HasSubstr("Permission denied"));
  EXPECT_TRUE(!root || seteuid(0) == 0);
  EXPECT_EQ(read_file(path("a")), "y");
  EXPECT_EQ(files(), 1u);
}

TEST_F(File, AnOutputIsNoInputUnderWhateverName) {
  write_file(path("in"), "x");
  write_file(path("other"), "x");
  fs::create_symlink("in", path("link"));
  fs::create_hard_link(path("in"), path("hard"));
  for (const char* name : {"in", "link", "hard", "./in"}) {
    const std::vector<std::string> inputs{path("other"), path("in")};
    EXPECT_THAT(error_of([&] { check_output_file(path(name), inputs); }),
                AllOf(HasSubstr(path(name) + ": is the input"), HasSubstr("overwritten")));
  }
  const std::vector<std::string> inputs{path("in"), path("none"), "/dev/null"};
  EXPECT_EQ(error_of([&] { check_output_file(path("other"), inputs); }), "");
  EXPECT_EQ(error_of([&] { check_output_file(path("new"), inputs); }), "");
  EXPECT_EQ(error_of([&] { check_output_file("/dev/null", inputs); }), "");
  EXPECT_THAT(error_of([&] { check_output_file("", inputs); }), HasSubstr("empty"));
}

TEST_F(File, ThatCannotBeWrittenIsToldBeforehandAndNothingIsLeft) {
  write_file(path("file"), "x");
  for (const std::string& name :
       {path("absent/m"), folder_, path("file/m"), path("file/m/"), path(std::string(300, 'm'))}) {
    const std::string told = error_of([&] { check_output_file(name, {}); });
    EXPECT_THAT(told, HasSubstr("cannot be written: "));
    EXPECT_EQ(told, error_of([&] { write_file(name, "x"); }));
  }
  for (const std::string& name : {path("new"), path("file"), std::string("/dev/null")})
    EXPECT_EQ(error_of([&] { check_output_file(name, {}); }), "");
  EXPECT_EQ(files(), 1u);
  EXPECT_EQ(read_file(path("file")), "x");
}

TEST_F(File, PartsThatNobodyWritesAnyMoreAreRemoved) {
  const auto make = [&](const std::string& name) {
    const int fd = ::open(path(name).c_str(), O_WRONLY | O_CREAT, 0600);
    EXPECT_GE(fd, 0);
    return fd;
  };
  for (const char* name :
       {".anesim-1-0.part", ".anesim-99999-3.part", ".anesim.part.mine", "mine.part"})
    ::close(make(name));
  const int held = make(".anesim-2-0.part");
  ASSERT_EQ(::flock(held, LOCK_EX), 0);
  write_file(path("a"), "x");
  EXPECT_FALSE(fs::exists(path(".anesim-1-0.part")));
  EXPECT_FALSE(fs::exists(path(".anesim-99999-3.part")));
  EXPECT_TRUE(fs::exists(path(".anesim.part.mine")));
  EXPECT_TRUE(fs::exists(path("mine.part")));
  EXPECT_TRUE(fs::exists(path(".anesim-2-0.part")));  // its writer works on
  ::close(held);
  write_file(path("a"), "y");
  EXPECT_FALSE(fs::exists(path(".anesim-2-0.part")));
}

// Writers and those who clear away, at once: no writer loses its part.
TEST_F(File, WritersOfOneFolderDoNotHinderEachOther) {
  std::vector<std::jthread> writers;
  for (int w = 0; w < 4; ++w)
    writers.emplace_back([this, w] {
      for (int i = 0; i < 50; ++i) write_file(path(std::to_string(w)), std::string(1000, 'a'));
    });
  writers.clear();
  EXPECT_EQ(files(), 4u);
}

TEST_F(File, ADeviceWithoutEndHasALimit) {
  EXPECT_EQ(error_of([] { read_file("/dev/zero", 1'000'000); }),
            "/dev/zero: is larger than 1000000 bytes, the most that is read");
  write_file(path("a"), "12345");
  EXPECT_THAT(error_of([&] { read_file(path("a"), 4); }), HasSubstr("larger than 4 bytes"));
  EXPECT_EQ(read_file(path("a"), 5), "12345");
}

TEST(Status, ThatCannotBeShownIsLeftOut) {
  std::FILE* const shown = stderr;
  stderr = std::fopen("/dev/full", "w");
  std::setvbuf(stderr, nullptr, _IONBF, 0);
  print_status("{} of {}\n", 1, 2);
  write_status("more");
  std::fclose(stderr);
  stderr = shown;
}

}  // namespace
}  // namespace ane
