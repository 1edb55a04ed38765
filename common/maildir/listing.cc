#include "common/maildir/listing.h"

#include <algorithm>
#include <tuple>

#include "common/maildir/file_name.h"

namespace postrider::maildir {

std::string_view name_of(Folder folder) noexcept {
  return folder == Folder::in_new ? "new" : "cur";
}

void Listing::add(Folder folder, std::string_view file_name, std::int64_t seconds,
                  std::uint64_t octets) {
  messages_.push_back({.seconds = seconds,
                       .octets = octets,
                       .name_begin = names_.size(),
                       .name_length = static_cast<std::uint16_t>(file_name.size()),
                       .folder = folder});
  names_ += file_name;
}

void Listing::finish() {
  std::sort(messages_.begin(), messages_.end(), [this](const Message& a, const Message& b) {
    return std::forward_as_tuple(a.seconds, name(a)) < std::forward_as_tuple(b.seconds, name(b));
  });
  const auto same_base = [this](const Message& a, const Message& b) {
    return a.seconds == b.seconds && FileName::parse(name(a)).base == FileName::parse(name(b)).base;
  };
  messages_.erase(std::unique(messages_.begin(), messages_.end(), same_base), messages_.end());
  if (messages_.size() > kMaxMessages) messages_.resize(kMaxMessages);
}

std::string Listing::unique_id(std::size_t i) const {
  return maildir::unique_id(FileName::parse(file_name(i)).base);
}

}  // namespace postrider::maildir
