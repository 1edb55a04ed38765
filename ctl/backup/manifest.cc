#include "ctl/backup/manifest.h"

#include <xxhash.h>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "ctl/backup/entry.h"

namespace postrider::ctl::backup {

namespace {

using nlohmann::json;

constexpr const char* kChecksum = "xxh3";

std::string dumped(const json& document, int indent) {
  constexpr bool kEnsureAscii = true;
  return document.dump(indent, ' ', kEnsureAscii, json::error_handler_t::replace);
}

// Members are in the order of their names, so that the octets are the same on both sides.
std::string checksum_of(const json& document) {
  const std::string text = dumped(document, -1);
  return to_hex(XXH3_64bits(text.data(), text.size()));
}

template <typename Number>
bool take(const json& document, const char* key, Number& to) {
  const auto found = document.find(key);
  if (found == document.end() || !found->is_number_integer()) return false;
  to = found->get<Number>();
  return true;
}

bool take(const json& document, const char* key, std::string& to) {
  const auto found = document.find(key);
  if (found == document.end() || !found->is_string()) return false;
  to = found->get<std::string>();
  return true;
}

bool take(const json& document, const char* key, bool& to) {
  const auto found = document.find(key);
  if (found == document.end() || !found->is_boolean()) return false;
  to = found->get<bool>();
  return true;
}

bool take_checksum(const json& document, const char* key, std::uint64_t& to) {
  std::string digits;
  if (!take(document, key, digits)) return false;
  const auto number = from_hex(digits);
  if (number) to = *number;
  return number.has_value();
}

}  // namespace

std::string to_text(const Manifest& manifest) {
  json document{{"format", kFormat},
                {"program", manifest.program},
                {"hostname", manifest.hostname},
                {"begun_us", manifest.begun_us},
                {"ended_us", manifest.ended_us},
                {"mailboxes", manifest.mailboxes},
                {"files", manifest.files},
                {"folders", manifest.folders},
                {"octets", manifest.octets},
                {"list_size", manifest.list_size},
                {"list_xxh3", to_hex(manifest.list_checksum)}};
  document[kChecksum] = checksum_of(document);
  return dumped(document, 2) + '\n';
}

Result<Manifest> parse_manifest(std::string_view text) {
  if (text.size() > kMaxManifest)
    return fail(ErrorKind::corrupt, fmt::format("has more than {} octets", kMaxManifest));
  constexpr bool kThrow = false;
  json document = json::parse(text, nullptr, kThrow);
  std::uint64_t format = 0;
  std::string checksum;
  if (!document.is_object() || !take(document, "format", format) ||
      !take(document, kChecksum, checksum))
    return fail(ErrorKind::corrupt, "is not the manifest of a backup");
  if (format > kFormat)
    return fail(ErrorKind::invalid,
                fmt::format("is of format {}, and this release knows format {}: restore it with "
                            "the release that made it, or a newer one",
                            format, kFormat));
  document.erase(kChecksum);
  if (checksum_of(document) != checksum)
    return fail(ErrorKind::corrupt, "does not match its checksum");
  Manifest manifest;
  const bool whole =
      take(document, "program", manifest.program) &&
      take(document, "hostname", manifest.hostname) &&
      take(document, "begun_us", manifest.begun_us) &&
      take(document, "ended_us", manifest.ended_us) &&
      take(document, "mailboxes", manifest.mailboxes) && take(document, "files", manifest.files) &&
      take(document, "folders", manifest.folders) && take(document, "octets", manifest.octets) &&
      take(document, "list_size", manifest.list_size) &&
      take_checksum(document, "list_xxh3", manifest.list_checksum);
  if (!whole) return fail(ErrorKind::corrupt, "lacks a member that every manifest has");
  return manifest;
}

}  // namespace postrider::ctl::backup
