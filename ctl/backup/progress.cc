#include "ctl/backup/progress.h"

#include <unistd.h>

#include <cstdio>

#include <fmt/format.h>

#include "ctl/terminal.h"

namespace postrider::ctl::backup {

namespace {

constexpr std::string_view kClearLine = "\r\x1b[K";

}  // namespace

Progress::Progress(bool wanted) : shown_(wanted && ::isatty(STDERR_FILENO) == 1) {}

Progress::~Progress() {
  if (shown_) fmt::print(stderr, "{}", kClearLine);
}

void Progress::begin(std::string_view what) {
  what_ = what;
  files_ = 0;
  octets_ = 0;
  next_ = {};
  show();
}

void Progress::add(std::uint64_t octets) {
  ++files_;
  octets_ += octets;
  show();
}

void Progress::show() {
  if (!shown_) return;
  const auto now = std::chrono::steady_clock::now();
  if (now < next_) return;
  next_ = now + kEvery;
  fmt::print(stderr, "{}{}: {} files, {}", kClearLine, what_, files_, short_size(octets_));
  std::fflush(stderr);
}

}  // namespace postrider::ctl::backup
