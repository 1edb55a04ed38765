#include "common/auth/login_journal.h"

#include <utility>

namespace postrider::auth {

namespace {

Result<void> append(const std::string& path, const LoginRecords& records) {
  auto table = LoginTable::open(path);
  if (!table) return pass_on(table.error());
  return table->add(records);
}

}  // namespace

LoginJournal::LoginJournal(event::EventLoop& loop, const Clock& clock, log::Logger& log,
                           std::string path)
    : clock_(clock),
      path_(std::move(path)),
      unwritable_(log, clock,
                  {"logins_not_recorded", "logins_recorded",
                   "the command does not know when users logged in, nor who failed to"}),
      timer_(loop, [this] { write(); }),
      thread_(loop, 1) {}

LoginJournal::~LoginJournal() {
  if (write_ || unwritten_.empty()) return;
  if (const auto written = append(path_, unwritten_); !written)
    unwritable_.holds(written.error().text);
}

void LoginJournal::note_login(std::string_view mailbox, const net::IpAddress& client) {
  if (LoginRecord* record = record_of(mailbox)) record->add_login(event_of(client));
}

void LoginJournal::note_failure(std::string_view mailbox, const net::IpAddress& client) {
  if (LoginRecord* record = record_of(mailbox)) record->add_failure(event_of(client));
}

// Null: too many wait already.
LoginRecord* LoginJournal::record_of(std::string_view mailbox) {
  const auto found = unwritten_.find(mailbox);
  if (found != unwritten_.end()) return &found->second;
  if (unwritten_.size() >= kMaxUnwritten) return nullptr;
  if (!timer_.armed() && !write_) timer_.arm(kWriteEvery);
  return &unwritten_[std::string(mailbox)];
}

LoginRecord::Event LoginJournal::event_of(const net::IpAddress& client) const {
  return {clock_.now(), client.str()};
}

void LoginJournal::write() {
  writing_ = std::exchange(unwritten_, {});
  write_ = thread_.run([this] { return append(path_, writing_); },
                       [this](const Result<void>& written) { on_written(written); });
}

void LoginJournal::on_written(const Result<void>& written) {
  write_.reset();
  if (written) {
    unwritable_.passed();
  } else {
    unwritable_.holds(written.error().text);
    for (auto& [mailbox, since] : unwritten_) writing_[mailbox].add(since);
    unwritten_ = std::move(writing_);
  }
  writing_.clear();
  if (!unwritten_.empty()) timer_.arm(kWriteEvery);
}

}  // namespace postrider::auth
