// listing.h - the messages of a mailbox as they were when it was opened. Values alone, no files.
//
// Compact, since a mailbox may hold a million messages: 32 octets a message and its file name.
// Messages are numbered from 0, the oldest first.
//
// No two have one unique-id. Of files with one message_key(), which are the same message twice, one
// is listed, rather that in cur/, and the others are its twins: they go when it goes. Of messages
// that differ and say the same U=, all but the first in order are clashes. Whoever lists them lets
// one keep the id, and gives the others one of their own, in their names, so that they keep it when
// that one is gone.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/maildir/file_name.h"

namespace postrider::maildir {

enum class Folder : std::uint8_t { in_new, in_cur };

// "new" or "cur".
std::string_view name_of(Folder folder) noexcept;

// How a reader takes UTF-8 in headers: as it is, or not at all (message/downgrader.h).
enum class Form : std::uint8_t { original, downgraded };

class Listing {
 public:
  // Messages above this number are not served; the oldest come first, so they show once those are
  // gone. At about 120 octets a message a listing stays below 120 MB, and while it is made below
  // three times that.
  static constexpr std::size_t kMaxMessages = 1'000'000;

  explicit Listing(std::size_t at_most = kMaxMessages) : at_most_(at_most) {}

  // `octets` as POP3 counts them (WireSize). `seconds` since 1970.
  void add(Folder folder, const FileName& name, std::int64_t seconds, std::uint64_t octets);
  void add(Folder folder, std::string_view file_name, std::int64_t seconds, std::uint64_t octets) {
    add(folder, FileName::parse(file_name), seconds, octets);
  }

  // Puts the messages in order, by time and name; leaves out twins, and the newest above
  // the most it takes; and gives the clashes, in order. Call once, after the last add(). Time n log
  // n, whatever the names.
  std::vector<std::size_t> finish();
  // The file of message `i` has another name now. Twice for no message.
  void rename(std::size_t i, std::string_view file_name);
  // Message `i` has the unique-id `id`, 1 to 70 octets, whatever its file's name says. Twice for no
  // message.
  void give_id(std::size_t i, std::string_view id);
  // Leaves out these messages, in order, and what clashes by now. Call once, after all new names
  // and ids.
  void leave_out(const std::vector<std::size_t>& messages);

  std::size_t size() const noexcept { return messages_.size(); }
  // Files that are left out as there are too many messages. Far above the limit a twin counts too.
  std::uint64_t dropped() const noexcept { return dropped_; }
  std::int64_t seconds(std::size_t i) const { return messages_[i].seconds; }
  // In the form in which a reader gets it.
  std::uint64_t octets(std::size_t i, Form form = Form::original) const;
  // In that form it is another message.
  bool differs(std::size_t i, Form form) const {
    return form == Form::downgraded && messages_[i].downgradable;
  }
  Folder folder(std::size_t i) const { return messages_[i].folder; }
  // Valid as long as the Listing, until it is changed.
  std::string_view file_name(std::size_t i) const { return name(messages_[i]); }
  std::string_view base(std::size_t i) const { return base(messages_[i]); }
  // Unique and stable over sessions: see maildir::unique_id().
  std::string unique_id(std::size_t i) const;

  struct Twin {
    Folder folder;
    std::string_view file_name;
  };
  // The other files of message `i`.
  std::vector<Twin> twins(std::size_t i) const;

 private:
  struct Message {
    std::int64_t seconds;
    std::uint64_t octets;
    std::uint32_t name_begin;
    std::uint16_t name_length;
    std::uint16_t base_length = 0;
    std::uint8_t id_begin = 0;   // in the name, where the unique-id stands there or behind it
    std::uint8_t id_length = 0;  // 0: it does not
    Folder folder;
    bool left_out = false;
    bool downgradable = false;  // its name has D=
  };

  static void find_id(Message& message, const FileName& name);
  std::string_view name(const Message& message) const {
    return std::string_view(names_).substr(message.name_begin, message.name_length);
  }
  std::string_view id(const Message& message) const {
    return std::string_view(names_).substr(message.name_begin + message.id_begin,
                                           message.id_length);
  }
  std::string_view base(const Message& message) const {
    return name(message).substr(0, message.base_length);
  }
  bool earlier(const Message& a, const Message& b) const;
  // More are held while a mailbox is read, so that not every one above the limit has them all
  // sorted.
  std::size_t slack() const noexcept { return at_most_ / 8; }
  void forget_newest();
  void drop_newest();
  template <typename HashOf, typename Act>
  void for_each_same(HashOf hash_of, Act act);
  void find_twins();
  std::vector<std::size_t> find_clashes();
  void compact(std::vector<std::size_t>& messages);

  std::size_t at_most_;
  std::uint64_t dropped_ = 0;
  std::vector<Message> messages_;
  std::vector<Message> twins_;
  std::string names_;  // of all messages, one after the other; and given unique-ids
};

}  // namespace postrider::maildir
