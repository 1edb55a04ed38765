#include "pop3d/sweeper.h"

#include <algorithm>
#include <utility>

namespace postrider::pop3d {

using directory::Keeping;
using maildir::FoundMailbox;
using maildir::Mailboxes;

Sweeper::Sweeper(event::EventLoop& loop, directory::Keepings& directory, const Clock& clock,
                 log::Logger& log, const quota::FullMarks& full_marks, SweeperOptions options)
    : loop_(loop),
      directory_(directory),
      clock_(clock),
      log_(log),
      full_marks_(full_marks),
      options_(std::move(options)),
      timer_(loop, [this] { go_on(); }),
      thread_(loop, 1) {
  timer_.arm(std::min<std::chrono::microseconds>(options_.interval, kFirst));
}

void Sweeper::stop() {
  timer_.disarm();
  pending_.reset();
}

void Sweeper::go_on() {
  if (!mailboxes_) return begin_round();
  pending_ = thread_.run([all = mailboxes_] { return all->next(); },
                         [this](std::optional<FoundMailbox> found) { on_found(std::move(found)); });
}

void Sweeper::begin_round() {
  round_ = {};
  begun_ = loop_.now();
  pending_ = thread_.run([path = options_.mail_directory] { return Mailboxes::open(path); },
                         [this](Result<Mailboxes> opened) {
                           if (opened) {
                             mailboxes_ = std::make_shared<Mailboxes>(std::move(*opened));
                             return go_on();
                           }
                           // Without any delivery yet there is none.
                           if (opened.error().kind != ErrorKind::not_found)
                             log_.warning("not_swept").with("reason", opened.error().text);
                           timer_.arm(options_.interval);
                         });
}

// ---- A mailbox ----

void Sweeper::on_found(std::optional<FoundMailbox> found) {
  if (!found) return end_round();
  ++round_.mailboxes;
  mailbox_ = std::move(found->name);
  swept_ = {};
  if (!found->maildir) {
    tell_not_read(found->maildir.error());
    return finish_mailbox();
  }
  maildir_ = std::move(*found->maildir);
  pending_ = directory_.find_keeping(
      mailbox_, [this](const Result<std::optional<Keeping>>& keeping) { on_keeping(keeping); });
}

void Sweeper::on_keeping(const Result<std::optional<Keeping>>& keeping) {
  if (!keeping) {
    if (round_.unanswered++ == 0)
      log_.warning("not_swept").with("user", mailbox_).with("reason", keeping.error().text);
    return finish_mailbox();
  }
  if (!*keeping) {
    ++round_.unknown;
    return finish_mailbox();
  }
  rules_ = {.retention = directory::kept_for((*keeping)->retention, options_.rules.retention),
            .trash = directory::kept_for((*keeping)->trash, options_.rules.trash)};
  visit();
}

void Sweeper::visit() {
  pending_ = thread_.run(
      [maildir = std::move(maildir_), rules = rules_, now = clock_.now(),
       remembrance = options_.remembrance]() mutable {
        auto swept = maildir::sweep(maildir, rules, now, remembrance);
        return Visited{std::move(maildir), std::move(swept)};
      },
      [this](Visited visited) { on_visited(std::move(visited)); });
}

void Sweeper::on_visited(Visited visited) {
  if (!visited.swept) {
    tell_not_read(visited.swept.error());
    return finish_mailbox();
  }
  maildir_ = std::move(visited.maildir);
  told_.erase(mailbox_);
  on_swept(*visited.swept);
}

void Sweeper::on_swept(const maildir::Swept& swept) {
  swept_.add(swept);
  if (swept.in_use) ++round_.in_use;
  if (swept.made_room()) full_marks_.clear(mailbox_);  // there is room, perhaps
  if (swept.more) return visit();
  finish_mailbox();
}

void Sweeper::finish_mailbox() {
  maildir_ = {};
  round_.removed += swept_.removed;
  round_.octets += swept_.octets;
  round_.emptied += swept_.emptied;
  round_.leftovers += swept_.leftovers;
  if (swept_.did_anything()) {
    auto entry =
        swept_.not_removed > 0 ? log_.warning("mailbox_swept") : log_.info("mailbox_swept");
    entry.with("user", mailbox_).with("removed", swept_.removed).with("octets", swept_.octets);
    if (swept_.emptied > 0) entry.with("emptied", swept_.emptied);
    if (swept_.leftovers > 0) entry.with("leftovers", swept_.leftovers);
    if (swept_.finished > 0) entry.with("finished", swept_.finished);
    if (swept_.restored > 0) entry.with("restored", swept_.restored);
    if (swept_.not_removed > 0) entry.with("not_removed", swept_.not_removed);
    if (!swept_.fault.empty()) entry.with("reason", swept_.fault);
  }
  timer_.arm(std::chrono::microseconds(std::chrono::seconds(1)) / options_.rate);
}

void Sweeper::tell_not_read(const Error& error) {
  ++round_.not_read;
  if (told_.size() >= kTold || !told_.insert(mailbox_).second) return;
  log_.warning("mailbox_not_swept").with("user", mailbox_).with("reason", error.text);
}

void Sweeper::end_round() {
  mailboxes_.reset();
  const auto took = loop_.now() - begun_;
  log_.info("sweep_done")
      .with("mailboxes", round_.mailboxes)
      .with("removed", round_.removed)
      .with("octets", round_.octets)
      .with("emptied", round_.emptied)
      .with("leftovers", round_.leftovers)
      .with("in_use", round_.in_use)
      .with("unknown", round_.unknown)
      .with("not_read", round_.not_read)
      .with("unanswered", round_.unanswered)
      .with("seconds", std::chrono::floor<std::chrono::seconds>(took).count());
  timer_.arm(std::max(options_.interval - took, std::chrono::microseconds(0)));
}

}  // namespace postrider::pop3d
