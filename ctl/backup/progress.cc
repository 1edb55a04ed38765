#include "ctl/backup/progress.h"

#include <unistd.h>

#include <fmt/format.h>

#include "common/base/write_all.h"
#include "ctl/terminal.h"

namespace postrider::ctl::backup {

namespace {

constexpr std::string_view kClearLine = "\r\x1b[K";

}  // namespace

Progress::Progress(bool wanted) : shown_(wanted && ::isatty(STDERR_FILENO) == 1) {}

Progress::~Progress() {
  if (shown_) write(kClearLine);
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
  write(fmt::format("{}{}: {} files, {}", kClearLine, what_, files_, short_size(octets_)));
}

void Progress::write(std::string_view text) { shown_ = write_all(STDERR_FILENO, text) == 0; }

}  // namespace postrider::ctl::backup
