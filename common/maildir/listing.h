// listing.h - the messages of a mailbox as they were when it was opened. Values alone, no files.
//
// Compact, since a mailbox may hold a million messages: 40 octets a message and its file name.
// Messages are numbered from 0, the oldest first.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace postrider::maildir {

enum class Folder : std::uint8_t { in_new, in_cur };

// "new" or "cur".
std::string_view name_of(Folder folder) noexcept;

class Listing {
 public:
  // Messages above this number are not served; the oldest come first, so they show once those are
  // gone. At about 140 octets a message a listing stays below 140 MB.
  static constexpr std::size_t kMaxMessages = 1'000'000;

  // `octets` as POP3 counts them (WireSize). `seconds` since 1970.
  void add(Folder folder, std::string_view file_name, std::int64_t seconds, std::uint64_t octets);
  // Puts the messages in order, by time and name, and leaves out all but one of those that have
  // the same base, and the newest above kMaxMessages. Call once, after the last add().
  void finish();

  std::size_t size() const noexcept { return messages_.size(); }
  std::uint64_t octets(std::size_t i) const { return messages_[i].octets; }
  Folder folder(std::size_t i) const { return messages_[i].folder; }
  // Valid as long as the Listing.
  std::string_view file_name(std::size_t i) const { return name(messages_[i]); }
  // Unique and stable over sessions: see maildir::unique_id().
  std::string unique_id(std::size_t i) const;

 private:
  struct Message {
    std::int64_t seconds;
    std::uint64_t octets;
    std::uint64_t name_begin;
    std::uint16_t name_length;
    Folder folder;
  };
  std::string_view name(const Message& message) const {
    return std::string_view(names_).substr(message.name_begin, message.name_length);
  }

  std::vector<Message> messages_;
  std::string names_;  // of all messages, one after the other
};

}  // namespace postrider::maildir
