#include "pop3d/maildrop.h"

#include <charconv>

namespace postrider::pop3d {

Maildrop::Maildrop(const maildir::Listing& listing, maildir::Form form)
    : listing_(listing), form_(form) {
  for (std::size_t i = 0; i < listing_.size(); ++i) all_octets_ += octets(i);
  unmark_all();
}

std::optional<std::size_t> Maildrop::find(std::string_view message_number) const {
  const auto number = parse_message_number(message_number);
  if (!number || *number > marked_.size() || marked_[*number - 1]) return std::nullopt;
  return *number - 1;
}

std::optional<std::size_t> Maildrop::next(std::size_t from) const {
  for (std::size_t i = from; i < marked_.size(); ++i)
    if (!marked_[i]) return i;
  return std::nullopt;
}

void Maildrop::mark(std::size_t message) {
  marked_[message] = true;
  --count_;
  octets_ -= octets(message);
}

void Maildrop::unmark_all() {
  marked_.assign(listing_.size(), false);
  count_ = listing_.size();
  octets_ = all_octets_;
}

std::vector<std::size_t> Maildrop::marked() const {
  std::vector<std::size_t> messages;
  for (std::size_t i = 0; i < marked_.size(); ++i)
    if (marked_[i]) messages.push_back(i);
  return messages;
}

std::optional<std::uint64_t> parse_message_number(std::string_view text) noexcept {
  return text.starts_with('0') ? std::nullopt : parse_line_count(text);
}

std::optional<std::uint64_t> parse_line_count(std::string_view text) noexcept {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace postrider::pop3d
