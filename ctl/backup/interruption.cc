#include "ctl/backup/interruption.h"

#include <fmt/format.h>

namespace postrider::ctl::backup {

namespace {

volatile std::sig_atomic_t caught = 0;  // a signal's handler has nothing else to write to

}  // namespace

Interruption::Interruption() {
  caught = 0;
  struct sigaction note {};
  note.sa_handler = [](int number) noexcept { caught = number; };
  sigemptyset(&note.sa_mask);
  note.sa_flags = SA_RESTART;
  for (std::size_t i = 0; i < kSignals.size(); ++i) {
    ::sigaction(kSignals[i], nullptr, &before_[i]);
    // As it is started by nohup(1).
    if (before_[i].sa_handler != SIG_IGN) ::sigaction(kSignals[i], &note, nullptr);
  }
}

Interruption::~Interruption() {
  for (std::size_t i = 0; i < kSignals.size(); ++i) ::sigaction(kSignals[i], &before_[i], nullptr);
  caught = 0;
}

Result<void> Interruption::none() {
  if (const int number = caught; number != 0)
    return fail(ErrorKind::temporary, fmt::format("ended by signal {}", number));
  return {};
}

}  // namespace postrider::ctl::backup
