// import_mbox.cc - Import::take_mbox(): a message at a time goes from the mbox into a file.
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include <cerrno>
#include <memory>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>

#include "common/base/handle.h"
#include "common/base/write_all.h"
#include "common/maildir/deletions.h"
#include "common/maildir/import.h"
#include "common/maildir/mbox.h"
#include "common/maildir/measure.h"
#include "common/maildir/open_flags.h"

namespace postrider::maildir {

namespace {

void free_state(XXH3_state_t* state) { static_cast<void>(XXH3_freeState(state)); }

}  // namespace

class MboxImport final : public MboxReader::Sink {
 public:
  explicit MboxImport(Import& import) : import_(import), hash_(XXH3_createState()) {}

  std::uint64_t messages() const noexcept { return messages_; }

  Result<void> on_message(std::optional<std::int64_t> seconds) override {
    ++messages_;
    seconds_ = seconds;
    size_ = 0;
    pending_.clear();
    XXH3_128bits_reset(hash_.get());
    auto file = import_.make_file();
    if (!file) return pass_on(std::move(file.error()));
    file_ = std::move(*file);
    return {};
  }

  // Lines come one by one, and are written many at a time.
  Result<void> on_content(std::string_view text) override {
    size_ += text.size();
    if (size_ > Import::kMaxMessage) return {};
    pending_ += text;
    return pending_.size() < kChunk ? Result<void>() : flush();
  }

  Result<void> on_end() override {
    if (size_ > Import::kMaxMessage) {
      import_.tell(fmt::format("message {}: has {} octets, where {} is the most, and was left out",
                               messages_, size_, Import::kMaxMessage));
      return drop();
    }
    if (auto flushed = flush(); !flushed) return flushed;
    const std::string base = base_of_message();
    if (import_.here_.count(std::string(message_key(base))) > 0) {
      ++import_.report_.already;
      return drop();
    }
    if (import_.deleted_.count(std::string(message_key(entry_of(base)))) > 0) {
      ++import_.report_.deleted;
      return drop();
    }
    const auto sizes = measure(file_.get());
    if (!sizes) return pass_on(sizes.error());
    if (seconds_) import_.written_.back().time = timespec{.tv_sec = *seconds_, .tv_nsec = 0};
    const Fd file = std::move(file_);
    return import_.keep_file(file,
                             fmt::format("new/{}", with_sizes(FileName::parse(base), *sizes)));
  }

 private:
  using Hash = Handle<XXH3_state_t, &free_state>;

  tl::unexpected<Error> failed(int error) const {
    return fail_errno(fmt::format("{}/{}", import_.to_.path, import_.written_.back().tmp_path),
                      error);
  }

  Result<void> flush() {
    XXH3_128bits_update(hash_.get(), pending_.data(), pending_.size());
    const int error = write_all(file_.get(), pending_);
    pending_.clear();
    return error == 0 ? Result<void>() : failed(error);
  }

  // The same when the import is repeated, and another for each of several equal messages.
  std::string base_of_message() {
    const XXH128_hash_t hash = XXH3_128bits_digest(hash_.get());
    const std::string digest = fmt::format("{:016x}{:016x}", hash.high64, hash.low64);
    const std::string begin = seconds_ ? fmt::format("{}", *seconds_) : std::string("mbox");
    const std::string base = fmt::format("{}.{}", begin, digest);
    return fmt::format("{}.{}.mbox", base, ++equals_[base]);
  }

  Result<void> drop() {
    file_ = {};
    import_.remove(import_.written_.back());
    import_.written_.pop_back();
    return {};
  }

  Import& import_;
  Hash hash_;
  std::uint64_t messages_ = 0;
  std::optional<std::int64_t> seconds_;
  std::uint64_t size_ = 0;
  std::string pending_;  // not written yet
  Fd file_;
  std::unordered_map<std::string, std::uint64_t> equals_;  // messages so far, by time and hash
};

Result<void> Import::take_mbox(int fd) {
  MboxImport sink(*this);
  MboxReader reader(sink);
  std::string chunk(kChunk, '\0');
  const auto wrong = [&](const Error& error) {
    return fail(error.kind, fmt::format("message {}: {}", sink.messages(), error.text));
  };
  while (true) {
    const ssize_t n = ::read(fd, chunk.data(), chunk.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail_errno("mbox", errno);
    if (n == 0) break;
    if (auto fed = reader.feed({chunk.data(), static_cast<std::size_t>(n)}); !fed)
      return wrong(fed.error());
  }
  if (auto ended = reader.finish(); !ended) return wrong(ended.error());
  return {};
}

}  // namespace postrider::maildir
