#include "ctl/backup/entry.h"

#include <charconv>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace postrider::ctl::backup {

namespace {

using nlohmann::json;

constexpr std::string_view kFile = "file";
constexpr std::string_view kFolder = "folder";
constexpr std::size_t kHexDigits = 16;

bool stands_as_it_is(char c) noexcept { return c > ' ' && c < '\x7f' && c != '%'; }

std::string escaped(std::string_view octets) {
  std::string text;
  for (const char c : octets) {
    if (stands_as_it_is(c)) {
      text += c;
    } else {
      text += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return text;
}

template <typename Number>
bool read_number(std::string_view text, Number& to, int base) noexcept {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), to, base);
  return error == std::errc() && end == text.data() + text.size() && !text.empty();
}

// Nothing of an escape that to_line() would not write, so that a path has one form alone.
Result<std::string> unescaped(std::string_view text) {
  std::string octets;
  while (!text.empty()) {
    const char first = text.front();
    unsigned value = static_cast<unsigned char>(first);
    if (first == '%') {
      if (text.size() < 3 || !read_number(text.substr(1, 2), value, 16))
        return fail(ErrorKind::corrupt, "a path with a wrong escape");
    }
    if (stands_as_it_is(static_cast<char>(value)) != (first != '%'))
      return fail(ErrorKind::corrupt, "a path that is not escaped as it should be");
    octets += static_cast<char>(value);
    text.remove_prefix(first == '%' ? 3 : 1);
  }
  return octets;
}

tl::unexpected<Error> wrong(std::string_view key) {
  return fail(ErrorKind::corrupt, fmt::format("'{}' is missing or not what it should be", key));
}

Result<std::string> text_of(const json& document, const char* key, std::size_t most) {
  const auto found = document.find(key);
  if (found == document.end() || !found->is_string()) return wrong(key);
  const auto& text = found->get_ref<const std::string&>();
  if (text.empty() || text.size() > most) return wrong(key);
  return text;
}

Result<void> read_ownership(const json& document, Entry& entry) {
  auto owner = text_of(document, "owner", kMaxOwner);
  auto group = text_of(document, "group", kMaxOwner);
  const auto mode = text_of(document, "mode", 5);
  if (!owner || !group) return wrong(owner ? "group" : "owner");
  if (!mode || !read_number(*mode, entry.mode, 8) || entry.mode > kModeBits) return wrong("mode");
  const auto modified = document.find("modified_us");
  if (modified == document.end() || !modified->is_number_integer()) return wrong("modified_us");
  entry.modified_us = modified->get<std::int64_t>();
  entry.owner = std::move(*owner);
  entry.group = std::move(*group);
  return {};
}

Result<void> read_content(const json& document, Entry& entry) {
  const auto size = document.find("size");
  if (size == document.end() || !size->is_number_unsigned()) return wrong("size");
  entry.size = size->get<std::uint64_t>();
  const auto digits = text_of(document, "xxh3", kHexDigits);
  const auto checksum = digits ? from_hex(*digits) : Result<std::uint64_t>(wrong("xxh3"));
  if (!checksum) return wrong("xxh3");
  entry.checksum = *checksum;
  return {};
}

}  // namespace

bool is_sound_path(std::string_view path) noexcept {
  if (path.empty() || path.size() > kMaxPath || path.find('\0') != path.npos) return false;
  while (true) {
    const std::size_t slash = path.find('/');
    const std::string_view part = path.substr(0, slash);
    if (part.empty() || part == "." || part == "..") return false;
    if (slash == path.npos) return true;
    path.remove_prefix(slash + 1);
  }
}

std::string to_hex(std::uint64_t number) { return fmt::format("{:016x}", number); }

Result<std::uint64_t> from_hex(std::string_view text) {
  std::uint64_t number = 0;
  if (text.size() != kHexDigits || !read_number(text, number, 16))
    return fail(ErrorKind::corrupt, "not 16 hexadecimal digits");
  return number;
}

std::string to_line(const Entry& entry) {
  json document{{"path", escaped(entry.path)},
                {"type", entry.kind == EntryKind::file ? kFile : kFolder},
                {"mode", fmt::format("{:04o}", entry.mode)},
                {"owner", entry.owner},
                {"group", entry.group},
                {"modified_us", entry.modified_us}};
  if (entry.kind == EntryKind::file) {
    document["size"] = entry.size;
    document["xxh3"] = to_hex(entry.checksum);
  }
  return document.dump(-1, ' ', true, json::error_handler_t::replace) + '\n';
}

Result<Entry> parse_entry(std::string_view line) {
  if (line.size() > kMaxLine)
    return fail(ErrorKind::corrupt, fmt::format("a line of more than {} octets", kMaxLine));
  constexpr bool kThrow = false;
  const json document = json::parse(line, nullptr, kThrow);
  if (!document.is_object()) return fail(ErrorKind::corrupt, "a line that is no JSON object");
  Entry entry;
  const auto path = text_of(document, "path", 3 * kMaxPath);
  auto octets = path ? unescaped(*path) : Result<std::string>(wrong("path"));
  if (!octets) return pass_on(std::move(octets.error()));
  if (!is_sound_path(*octets)) return wrong("path");
  entry.path = std::move(*octets);
  const auto type = text_of(document, "type", kFolder.size());
  if (!type || (*type != kFile && *type != kFolder)) return wrong("type");
  entry.kind = *type == kFile ? EntryKind::file : EntryKind::folder;
  if (auto read = read_ownership(document, entry); !read) return pass_on(std::move(read.error()));
  if (entry.kind == EntryKind::folder) return entry;
  if (auto read = read_content(document, entry); !read) return pass_on(std::move(read.error()));
  return entry;
}

}  // namespace postrider::ctl::backup
