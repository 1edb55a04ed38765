// export.cc - all of the directory as values.
//
// No secret of APOP, which could be used as it is, and no earlier passwords.
#include <map>

#include "common/directory/editor_statements.h"

namespace postrider::directory {

namespace {

KeptPassword kept_at(const sqlite::Statement& row, int column) {
  return {std::string(row.text(column)), std::string(row.text(column + 1))};
}

}  // namespace

// In one transaction, so that it is the directory of one moment.
Result<Entries> DirectoryEditor::entries() {
  auto moment = sqlite::Transaction::begin(database_);
  if (!moment) return pass_on(std::move(moment.error()));
  Entries entries;
  auto origin = rows("SELECT salt_key, iterations FROM scram", [](const sqlite::Statement& row) {
    return ScramOrigin{std::string(row.text(0)), static_cast<std::uint64_t>(row.integer(1))};
  });
  if (!origin) return pass_on(std::move(origin.error()));
  if (!origin->empty()) entries.scram = std::move(origin->front());

  auto domains_now = domains();
  if (!domains_now) return pass_on(std::move(domains_now.error()));
  for (Domain& domain : *domains_now)
    entries.domains.push_back(
        {"", std::move(domain.name), DomainSettingsEntry::of(domain.settings)});
  auto domain_aliases_now = domain_aliases();
  if (!domain_aliases_now) return pass_on(std::move(domain_aliases_now.error()));
  for (DomainAlias& alias : *domain_aliases_now)
    entries.domain_aliases.push_back({"", std::move(alias)});
  auto aliases_now = aliases();
  if (!aliases_now) return pass_on(std::move(aliases_now.error()));
  for (Alias& alias : *aliases_now) entries.aliases.push_back({"", std::move(alias)});
  if (auto users_now = add_users(entries); !users_now) return pass_on(std::move(users_now.error()));
  return entries;
}

Result<void> DirectoryEditor::add_users(Entries& entries) {
  auto known = users();
  if (!known) return pass_on(std::move(known.error()));
  std::map<std::string, UserEntry*, std::less<>> by_address;
  entries.users.reserve(known->size());
  for (User& user : *known) {
    UserEntry& entry = entries.users.emplace_back();
    entry.address = std::move(user.address);
    entry.settings = UserSettingsEntry::of(user.settings);
    entry.created = user.created;
    entry.password_changed = user.password_changed;
    entry.send_as.emplace();
    entry.app_passwords.emplace();
    by_address.emplace(entry.address, &entry);
  }
  // The row's user stands first in it.
  const auto each = [&](std::string_view sql, auto add) -> Result<void> {
    const auto added = rows(sql, [&](const sqlite::Statement& row) {
      if (const auto it = by_address.find(row.text(0)); it != by_address.end())
        add(*it->second, row);
      return true;
    });
    if (!added) return pass_on(added.error());
    return {};
  };
  if (auto done =
          each("SELECT local || '@' || domain, password, scram FROM users",
               [](UserEntry& user, const sqlite::Statement& row) { user.kept = kept_at(row, 1); });
      !done)
    return done;
  if (auto done = each("SELECT local || '@' || domain, address FROM send_rights "
                       "ORDER BY domain, local, address",
                       [](UserEntry& user, const sqlite::Statement& row) {
                         user.send_as->emplace_back(row.text(1));
                       });
      !done)
    return done;
  return each(
      "SELECT local || '@' || domain, name, selector, password, scram, scope, created, expires "
      "FROM app_passwords ORDER BY domain, local, name",
      [](UserEntry& user, const sqlite::Statement& row) {
        user.app_passwords->push_back(
            {{std::string(row.text(1)), parse_scope(row.text(5)).value_or(Scope{}), row.integer(6),
              row.integer(7)},
             std::string(row.text(2)),
             kept_at(row, 3)});
      });
}

}  // namespace postrider::directory
