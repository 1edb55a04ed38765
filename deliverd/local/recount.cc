#include "deliverd/local/recount.h"

#include <algorithm>

#include <fmt/format.h>

#include "common/maildir/mailbox_path.h"
#include "common/quota/turn.h"
#include "deliverd/local/counted_mailbox.h"

namespace postrider::deliverd {

Recounted recount(quota::Rooms& rooms, int mail_directory, const Clock& clock, std::size_t most) {
  Recounted recounted;
  for (const std::string& mailbox : rooms.wanted(most)) {
    const auto turn = rooms.take_turn(mailbox);
    if (!turn) {
      rooms.not_counted_yet(mailbox, clock.now());
      continue;
    }
    const auto path = maildir::mailbox_path(mailbox);
    const std::string none;
    Result<void> done = fail(ErrorKind::invalid, "is no name of a mailbox");
    if (path)
      done = CountedMailbox(rooms, mail_directory, {mailbox, *path, none, {}, {}}, clock.now())
                 .count(*turn);
    if (done) {
      recounted.counted.push_back(mailbox);
    } else {
      rooms.not_counted(mailbox);
      recounted.uncountable = mailbox;
      recounted.trouble = fmt::format("{}: {}", mailbox, done.error().text);
    }
  }
  return recounted;
}

Recount::Recount(event::EventLoop& loop, event::WorkerPool& threads, quota::Rooms& rooms,
                 int mail_directory, const Clock& clock, log::Logger& log)
    : threads_(threads),
      rooms_(rooms),
      mail_directory_(mail_directory),
      clock_(clock),
      uncounted_(log, clock,
                 {"mailboxes_not_counted", "mailboxes_counted",
                  "mail for them is accepted, and waits if they are full"}),
      timer_(loop, [this] { look(); }) {
  timer_.arm(kInterval);
}

void Recount::look() {
  timer_.arm(kInterval);
  if (under_way_ || !rooms_.is_count_wanted()) return;
  under_way_ = threads_.run([this] { return recount(rooms_, mail_directory_, clock_, kMost); },
                            [this](const Recounted& recounted) {
                              under_way_.reset();
                              tell(recounted);
                            });
}

// The trouble is over when the mailbox that it was with could be counted.
void Recount::tell(const Recounted& recounted) {
  const auto& counted = recounted.counted;
  if (std::find(counted.begin(), counted.end(), uncountable_) != counted.end()) {
    uncountable_.clear();
    uncounted_.passed();
  }
  if (recounted.uncountable.empty()) return;
  uncountable_ = recounted.uncountable;
  uncounted_.holds(recounted.trouble);
}

}  // namespace postrider::deliverd
