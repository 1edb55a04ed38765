#include "deliverd/local/recount.h"

#include <fmt/format.h>

#include "common/maildir/mailbox_path.h"
#include "deliverd/local/counted_mailbox.h"

namespace postrider::deliverd {

std::optional<std::string> recount(quota::Rooms& rooms, int mail_directory, const Clock& clock,
                                   std::size_t most) {
  std::optional<std::string> trouble;
  for (const std::string& mailbox : rooms.wanted(most)) {
    const auto path = maildir::mailbox_path(mailbox);
    const std::string none;
    Result<void> done = fail(ErrorKind::invalid, "is no name of a mailbox");
    if (path)
      done = CountedMailbox(rooms, mail_directory, {mailbox, *path, none, {}, {}}, clock.now())
                 .count();
    if (done) continue;
    rooms.not_counted(mailbox);
    if (!trouble) trouble = fmt::format("{}: {}", mailbox, done.error().text);
  }
  return trouble;
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
                            [this](const std::optional<std::string>& trouble) {
                              under_way_.reset();
                              if (trouble) return uncounted_.holds(*trouble);
                              uncounted_.passed();
                            });
}

}  // namespace postrider::deliverd
