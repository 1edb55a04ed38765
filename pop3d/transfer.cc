#include "pop3d/transfer.h"

#include <utility>

namespace postrider::pop3d {

Transfer::Portion Transfer::Source::next() {
  if (!reader) {
    auto opened = mailbox->read(message, body_lines);
    if (!opened) return tl::unexpected<Error>(std::move(opened.error()));
    reader.emplace(std::move(*opened));
  }
  return reader->next();
}

Transfer::Transfer(event::WorkerPool& files, std::shared_ptr<const maildir::Mailbox> mailbox,
                   std::size_t message, std::optional<std::uint64_t> body_lines,
                   UniqueFunction<void()> on_ready)
    : files_(files),
      on_ready_(std::move(on_ready)),
      source_(
          std::make_shared<Source>(Source{std::move(mailbox), message, body_lines, std::nullopt})) {
  read_ahead();
}

std::optional<Transfer::Portion> Transfer::take() {
  if (!ready_) {
    wanted_ = true;
    return std::nullopt;
  }
  auto portion = std::exchange(ready_, std::nullopt);
  if (*portion && !(*portion)->last) read_ahead();
  return portion;
}

void Transfer::read_ahead() {
  job_ = files_.run([source = source_] { return source->next(); },
                    [this](Portion portion) {
                      ready_.emplace(std::move(portion));
                      if (std::exchange(wanted_, false)) on_ready_();
                    });
}

}  // namespace postrider::pop3d
