#include "pop3d/transfer.h"

#include <utility>

namespace postrider::pop3d {

Transfer::Portion Transfer::Source::next() {
  if (!reader) {
    auto opened = mailbox->read(message, body_lines, form);
    if (!opened) return pass_on(std::move(opened.error()));
    reader.emplace(std::move(*opened));
  }
  return reader->next();
}

std::optional<Transfer::Portion> Transfer::Source::next_cached() {
  if (!reader) {
    auto opened = mailbox->read_cached(message, body_lines, form);
    if (!opened) return std::nullopt;
    reader.emplace(std::move(*opened));
  }
  auto portion = reader->next_cached();
  if (!portion) return std::nullopt;
  return std::move(*portion);
}

Transfer::Transfer(event::WorkerPool& files, std::shared_ptr<maildir::Mailbox> mailbox,
                   std::size_t message, std::optional<std::uint64_t> body_lines, maildir::Form form,
                   UniqueFunction<void()> on_ready)
    : files_(files),
      on_ready_(std::move(on_ready)),
      source_(std::make_shared<Source>(
          Source{std::move(mailbox), message, body_lines, form, std::nullopt})) {}

std::optional<Transfer::Portion> Transfer::take() {
  if (!job_) {
    if (auto portion = source_->next_cached()) return portion;
    read_ahead();
  }
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
