#include "tests/faults/process.h"

#include <fcntl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>

namespace ane::faults {
namespace {

// A file without a name.
int open_sink() {
  std::FILE* file = std::tmpfile();
  const int fd = file == nullptr ? -1 : ::fcntl(::fileno(file), F_DUPFD_CLOEXEC, 3);
  if (file != nullptr) std::fclose(file);
  return fd;
}

std::string text_of(int fd) {
  std::string text;
  std::array<char, 4096> block{};
  ::lseek(fd, 0, SEEK_SET);
  for (ssize_t n = 0; (n = ::read(fd, block.data(), block.size())) > 0;)
    text.append(block.data(), static_cast<std::size_t>(n));
  return text;
}

[[noreturn]] void become(const Start& start, int out, int err, bool traced) {
  std::vector<std::string> words = start.arguments;
  words.insert(words.begin(), start.program);
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  ::dup2(out, STDOUT_FILENO);
  ::dup2(err, STDERR_FILENO);
  if (::chdir(start.folder.c_str()) != 0) _exit(126);
  if (start.prepare) start.prepare();
  if (traced && ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) _exit(125);
  ::execv(argv[0], argv.data());
  _exit(127);
}

Outcome outcome_of(int status, int out, int err) {
  Outcome o{.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1,
            .signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0,
            .out = text_of(out),
            .err = text_of(err)};
  ::close(out);
  ::close(err);
  return o;
}

bool changes_a_file(const __ptrace_syscall_info& call) {
  switch (call.entry.nr) {
    case SYS_openat:
      return (call.entry.args[2] & (O_WRONLY | O_RDWR | O_CREAT)) != 0;
    case SYS_write:
    case SYS_writev:
    case SYS_pwrite64:
    case SYS_ftruncate:
    case SYS_fsync:
    case SYS_fdatasync:
    case SYS_renameat:
    case SYS_renameat2:
    case SYS_unlinkat:
#ifdef SYS_open
    case SYS_rename:
    case SYS_unlink:
#endif
      return true;
    default:
      return false;
  }
}

// The call that is about to begin does not take place and gives -fault.
void skip(pid_t pid, int fault) {
#ifdef __x86_64__
  user_regs_struct registers{};
  ::ptrace(PTRACE_GETREGS, pid, nullptr, &registers);
  registers.orig_rax = ~0ULL;
  ::ptrace(PTRACE_SETREGS, pid, nullptr, &registers);
  ::ptrace(PTRACE_SYSCALL, pid, nullptr, nullptr);
  int status = 0;
  ::waitpid(pid, &status, 0);
  ::ptrace(PTRACE_GETREGS, pid, nullptr, &registers);
  registers.rax = static_cast<unsigned long long>(-fault);
  ::ptrace(PTRACE_SETREGS, pid, nullptr, &registers);
#else
  static_cast<void>(pid), static_cast<void>(fault);
#endif
}

}  // namespace

Process::Process(const Start& start) : out_(open_sink()), err_(open_sink()) {
  pid_ = ::fork();
  if (pid_ == 0) become(start, out_, err_, false);
}

Process::~Process() {
  if (ended_) return;
  send(SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

bool Process::ended() {
  if (!ended_) ended_ = ::waitpid(pid_, &status_, WNOHANG) == pid_;
  return ended_;
}

void Process::send(int signal) const {
  if (!ended_) ::kill(pid_, signal);
}

Outcome Process::wait() {
  if (!ended_) ::waitpid(pid_, &status_, 0);
  ended_ = true;
  return outcome_of(status_, out_, err_);
}

bool can_trace() {
#ifdef __x86_64__
  AtWrite none;
  return run_traced({.arguments = {"--version"}, .folder = "/"}, none).status == 0 &&
         none.calls > 0;
#else
  return false;
#endif
}

Outcome run_traced(const Start& start, AtWrite& at) {
  const int out = open_sink(), err = open_sink();
  const pid_t pid = ::fork();
  if (pid == 0) become(start, out, err, true);
  int status = 0;
  ::waitpid(pid, &status, 0);
  if (WIFSTOPPED(status))
    ::ptrace(PTRACE_SETOPTIONS, pid, nullptr, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL);
  at.calls = 0;
  while (WIFSTOPPED(status)) {
    const int stop = WSTOPSIG(status);
    __ptrace_syscall_info call{};
    if (stop == (SIGTRAP | 0x80) &&
        ::ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof call, &call) > 0 &&
        call.op == PTRACE_SYSCALL_INFO_ENTRY && changes_a_file(call) && ++at.calls == at.n) {
      if (at.fault != 0)
        skip(pid, at.fault);
      else
        ::kill(pid, SIGKILL);
    }
    const bool own = stop == (SIGTRAP | 0x80) || stop == SIGTRAP;
    ::ptrace(PTRACE_SYSCALL, pid, nullptr, own ? 0 : stop);
    if (::waitpid(pid, &status, 0) < 0) break;
  }
  return outcome_of(status, out, err);
}

}  // namespace ane::faults
