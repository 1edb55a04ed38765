#include "deliverd/local/recount.h"

#include "common/maildir/mailbox_path.h"
#include "deliverd/local/counted_mailbox.h"

namespace postrider::deliverd {

// Who asked for one that cannot be counted gives up by itself: Rooms::kPatience.
void recount(quota::Rooms& rooms, int mail_directory, const Clock& clock, std::size_t most) {
  for (const std::string& mailbox : rooms.wanted(most)) {
    const auto path = maildir::mailbox_path(mailbox);
    if (!path) continue;
    const std::string none;
    CountedMailbox counted(rooms, mail_directory, {mailbox, *path, none, {}, {}}, clock.now());
    static_cast<void>(counted.count());
  }
}

Recount::Recount(event::EventLoop& loop, event::WorkerPool& threads, quota::Rooms& rooms,
                 int mail_directory, const Clock& clock)
    : threads_(threads),
      rooms_(rooms),
      mail_directory_(mail_directory),
      clock_(clock),
      timer_(loop, [this] { look(); }) {
  timer_.arm(kInterval);
}

void Recount::look() {
  timer_.arm(kInterval);
  if (under_way_ || !rooms_.is_count_wanted()) return;
  under_way_ = threads_.run(
      [this] {
        recount(rooms_, mail_directory_, clock_, kMost);
        return true;
      },
      [this](bool) { under_way_.reset(); });
}

}  // namespace postrider::deliverd
