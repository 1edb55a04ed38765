// editor_send_rights.cc - as whom a user may send beside the addresses that are the user's.
#include "common/directory/editor_statements.h"

namespace postrider::directory {

Result<void> DirectoryEditor::add_send_right(std::string_view text, std::string_view sender) {
  const auto address = require_user(text);
  if (!address) return pass_on(address.error());
  const auto granted = parse_alias_address(sender);
  if (!granted) return pass_on(granted.error());
  const auto added = change(
      "INSERT INTO send_rights (domain, local, address) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
      address->domain, address->local, granted->str());
  if (!added) return pass_on(added.error());
  return {};
}

Result<void> DirectoryEditor::remove_send_right(std::string_view text, std::string_view sender) {
  const auto address = require_user(text);
  if (!address) return pass_on(address.error());
  const auto granted = parse_alias_address(sender);
  if (!granted) return pass_on(granted.error());
  return found(change("DELETE FROM send_rights WHERE domain = ?1 AND local = ?2 AND address = ?3",
                      address->domain, address->local, granted->str()),
               "right", fmt::format("of {} to send as {}", address->str(), granted->str()));
}

Result<std::vector<std::string>> DirectoryEditor::send_rights(std::string_view text) {
  const auto address = require_user(text);
  if (!address) return pass_on(address.error());
  return rows(
      "SELECT address FROM send_rights WHERE domain = ?1 AND local = ?2 ORDER BY address",
      [](const sqlite::Statement& row) { return std::string(row.text(0)); }, address->domain,
      address->local);
}

}  // namespace postrider::directory
