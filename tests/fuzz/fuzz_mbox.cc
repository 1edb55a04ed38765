// An mbox: an octet that says in what pieces it is read, and the file. Whatever the pieces are, the
// messages are the same, and what the writer makes of them is read back as they are.
#include <string>
#include <vector>

#include "common/base/check.h"
#include "common/maildir/mbox.h"

using namespace postrider;

namespace {

struct Collected final : maildir::MboxReader::Sink {
  Result<void> on_message(std::optional<std::int64_t> /*seconds*/) override {
    messages.emplace_back();
    return {};
  }
  Result<void> on_content(std::string_view text) override {
    messages.back() += text;
    return {};
  }
  Result<void> on_end() override { return {}; }
  std::vector<std::string> messages;
};

struct Outcome {
  std::vector<std::string> messages;
  std::string error;
  bool operator==(const Outcome&) const = default;
};

Outcome read(std::string_view mbox, std::size_t piece) {
  Collected collected;
  maildir::MboxReader reader(collected);
  for (std::size_t i = 0; i < mbox.size(); i += piece)
    if (const auto fed = reader.feed(mbox.substr(i, piece)); !fed) return {{}, fed.error().text};
  if (const auto ended = reader.finish(); !ended) return {{}, ended.error().text};
  return {std::move(collected.messages), {}};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view mbox(reinterpret_cast<const char*>(data) + 1, size - 1);
  const Outcome read_whole = read(mbox, mbox.size() + 1);
  POSTRIDER_CHECK(read(mbox, data[0] % 16 + 1U) == read_whole);
  if (!read_whole.error.empty()) return 0;
  std::string written;
  maildir::MboxWriter writer;
  std::vector<std::string> messages = read_whole.messages;
  for (std::string& message : messages) {
    writer.begin(0, written);
    writer.append(message, written);
    writer.finish(written);
    if (!message.empty() && message.back() != '\n') message += '\n';
  }
  POSTRIDER_CHECK(read(written, data[0] % 16 + 1U) == (Outcome{messages, {}}));
  return 0;
}
