#include "common/maildir/foreign_list.h"

#include <charconv>
#include <cstdint>
#include <optional>

#include <fmt/format.h>

#include "common/maildir/file_name.h"
#include "common/maildir/listing.h"

namespace postrider::maildir {

namespace {

template <typename Int>
std::optional<Int> number(std::string_view text) noexcept {
  Int value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// Takes what stands before the first `separator` off `text`, and the separator.
std::string_view take_until(std::string_view& text, char separator) noexcept {
  const std::size_t end = std::min(text.find(separator), text.size());
  const std::string_view taken = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return taken;
}

std::string_view without_flags(std::string_view file) noexcept {
  return FileName::parse(file).stem;
}

// Reads the whole lines of a list, one after the other.
class Lines {
 public:
  explicit Lines(std::string_view text) : rest_(text.substr(0, text.rfind('\n') + 1)) {}

  bool next(std::string_view& line) noexcept {
    if (rest_.empty()) return false;
    ++number_;
    line = take_until(rest_, '\n');
    return true;
  }
  tl::unexpected<Error> wrong(std::string_view what) const {
    return fail(ErrorKind::corrupt, fmt::format("line {}: {}", number_, what));
  }

 private:
  std::string_view rest_;
  std::size_t number_ = 0;
};

Result<void> keep(ForeignList& list, const Lines& lines, std::string_view file, std::string id) {
  if (list.ids.size() >= Listing::kMaxMessages) return lines.wrong("has more than a million files");
  list.ids.insert_or_assign(std::string(FileName::parse(file).base), std::move(id));
  return {};
}

// ---- Dovecot ----

struct DovecotHeader {
  int version = 0;
  std::uint32_t validity = 0;
};

std::optional<DovecotHeader> parse_dovecot_header(std::string_view line) noexcept {
  const std::string_view version = take_until(line, ' ');
  if (version == "1") {
    const auto validity = number<std::uint32_t>(take_until(line, ' '));
    return validity ? std::optional(DovecotHeader{1, *validity}) : std::nullopt;
  }
  if (version != "3") return std::nullopt;
  DovecotHeader header{3, 0};
  while (!line.empty()) {
    const std::string_view field = take_until(line, ' ');
    if (!field.starts_with('V')) continue;
    const auto validity = number<std::uint32_t>(field.substr(1));
    if (!validity) return std::nullopt;
    header.validity = *validity;
  }
  return header;
}

struct DovecotMessage {
  std::uint32_t uid = 0;
  std::optional<std::string_view> uidl;
  std::string_view guid;
  std::string_view file;
};

std::optional<DovecotMessage> parse_dovecot_message(std::string_view line, int version) noexcept {
  DovecotMessage message;
  const auto uid = number<std::uint32_t>(take_until(line, ' '));
  if (!uid || *uid == 0) return std::nullopt;
  message.uid = *uid;
  while (version == 3 && !line.empty() && !line.starts_with(':')) {
    const std::string_view field = take_until(line, ' ');
    if (field.starts_with('P')) message.uidl = field.substr(1);
    if (field.starts_with('G')) message.guid = field.substr(1);
  }
  if (version == 3 && line.starts_with(':')) line.remove_prefix(1);
  message.file = without_flags(line);
  return message.file.empty() ? std::nullopt : std::optional(message);
}

std::string id_of(const DovecotMessage& message, std::uint32_t validity, const UidlFormat& format) {
  if (message.uidl) return std::string(message.uidl->empty() ? message.file : *message.uidl);
  return format.expand({.uid = message.uid,
                        .validity = validity,
                        .file = message.file,
                        .guid = message.guid.empty() ? message.file : message.guid});
}

// ---- Courier ----

std::string file_id(std::string_view file) {
  std::string id;
  for (const char c : file) {
    if (c <= ' ' || c >= '\x7f' || c == '\'' || c == '"' || c == '+') {
      id += fmt::format("+{:02X}", static_cast<unsigned char>(c));
    } else {
      id += c;
    }
  }
  return id;
}

// `field` is n ":" validity [ ":" utf8 ].
std::optional<std::string> courier_id(std::string_view file, std::string_view field) {
  const auto n = number<std::uint64_t>(take_until(field, ':'));
  const auto validity = number<std::uint64_t>(take_until(field, ':'));
  if (!n || !validity) return std::nullopt;
  if (*n == 0) return file_id(without_flags(file));
  return *validity == 0 ? fmt::format("UID{}", *n) : fmt::format("UID{}-{}", *n, *validity);
}

}  // namespace

Result<ForeignList> read_dovecot_list(std::string_view text, const UidlFormat& format) {
  Lines lines(text);
  std::string_view line;
  if (!lines.next(line)) return lines.wrong("the list is empty");
  const auto header = parse_dovecot_header(line);
  if (!header) return lines.wrong("no header of Dovecot's list in its version 1 or 3");
  if (header->validity == 0 && format.needs_validity())
    return lines.wrong("the header has no UIDVALIDITY (V), which pop3_uidl_format asks for");
  ForeignList list;
  while (lines.next(line)) {
    if (line.size() > ForeignList::kMaxLine) return lines.wrong("is too long");
    const auto message = parse_dovecot_message(line, header->version);
    if (!message) return lines.wrong("no UID and file as Dovecot writes them");
    if (auto kept = keep(list, lines, message->file, id_of(*message, header->validity, format));
        !kept)
      return pass_on(std::move(kept.error()));
  }
  return list;
}

Result<ForeignList> read_courier_list(std::string_view text) {
  Lines lines(text);
  std::string_view line;
  if (!lines.next(line)) return lines.wrong("the list is empty");
  if (!line.starts_with("/2 ") && !line.starts_with("/3 "))
    return lines.wrong("no header of Courier's list in its version 2 or 3");
  ForeignList list;
  while (lines.next(line)) {
    if (line.size() > ForeignList::kMaxLine) return lines.wrong("is too long");
    const std::size_t last = line.rfind(' ');
    const std::size_t size = last == 0 || last == line.npos ? line.npos : line.rfind(' ', last - 1);
    if (size == line.npos || size == 0) return lines.wrong("no file, size and UID");
    const std::string_view file = line.substr(0, size);
    auto id = courier_id(file, line.substr(last + 1));
    if (!id || !number<std::uint64_t>(line.substr(size + 1, last - size - 1)))
      return lines.wrong("no file, size and UID as Courier writes them");
    if (auto kept = keep(list, lines, file, std::move(*id)); !kept)
      return pass_on(std::move(kept.error()));
  }
  return list;
}

}  // namespace postrider::maildir
