#include "sim/cli/sweep/stop.h"

#include <csignal>

namespace ane::sim {
namespace {

std::atomic<bool> interrupted{false};
static_assert(std::atomic<bool>::is_always_lock_free);
extern "C" void interrupt(int signal) {
  interrupted = true;
  std::signal(signal, SIG_DFL);
}

}  // namespace

StopAtSignal::StopAtSignal() {
  std::signal(SIGINT, interrupt);
  std::signal(SIGTERM, interrupt);
}
StopAtSignal::~StopAtSignal() {
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
}
const std::atomic<bool>* StopAtSignal::flag() const {
  return &interrupted;
}

}  // namespace ane::sim
