#include "common/directory/editor.h"

#include <utility>

#include <fmt/format.h>

#include "common/directory/editor_statements.h"
#include "common/directory/schema.h"

namespace postrider::directory {

namespace {

constexpr std::string_view kIsDomain = "SELECT 1 FROM domains WHERE name = ?1";
constexpr std::string_view kIsDomainAlias = "SELECT 1 FROM domain_aliases WHERE name = ?1";

}  // namespace

Result<DirectoryEditor> DirectoryEditor::open(const std::string& path, sqlite::Access access,
                                              WallTime now) {
  // The daemons read it as other users, who may not write beside it.
  auto database = sqlite::Database::open(path, access, sqlite::Database::kBusyTimeout,
                                         sqlite::Journal::rollback);
  if (!database) return pass_on(std::move(database.error()));
  if (access == sqlite::Access::read) return DirectoryEditor(std::move(*database), now);
  if (auto ready = database->migrate(kSchema); !ready) return pass_on(std::move(ready.error()));
  return DirectoryEditor(std::move(*database), now);
}

std::int64_t DirectoryEditor::now() const noexcept {
  return std::chrono::duration_cast<std::chrono::seconds>(now_.time_since_epoch()).count();
}

Result<void> DirectoryEditor::require_domain(std::string_view name) {
  const auto known = exists(kIsDomain, name);
  if (!known) return pass_on(known.error());
  if (*known) return {};
  const auto alias = exists(kIsDomainAlias, name);
  if (!alias) return pass_on(alias.error());
  if (*alias)
    return fail(ErrorKind::invalid,
                fmt::format("{0} is an alias of another domain, which has its users and aliases; "
                            "postrider domain alias list shows of which",
                            name));
  return fail(ErrorKind::not_found,
              fmt::format("no domain {0}; add it with: postrider domain add {0}", name));
}

// ---- Domains ----

Result<void> DirectoryEditor::add_domain(std::string_view name, const DomainSettings& settings) {
  const auto domain = parse_domain(name);
  if (!domain) return pass_on(domain.error());
  if (auto right = check(settings.rules); !right) return right;
  auto transaction = sqlite::Transaction::begin(database_);
  if (!transaction) return pass_on(std::move(transaction.error()));
  const auto alias = exists(kIsDomainAlias, std::string_view(*domain));
  if (!alias) return pass_on(alias.error());
  if (*alias)
    return fail(ErrorKind::invalid,
                fmt::format("{0} is an alias of another domain; end that first with: postrider "
                            "domain alias remove {0}",
                            *domain));
  auto added = change("INSERT INTO domains (name) VALUES (?1) ON CONFLICT DO NOTHING",
                      std::string_view(*domain));
  if (!added) return pass_on(std::move(added.error()));
  if (*added == 0)
    return fail(ErrorKind::invalid, fmt::format("domain {} is there already", *domain));
  if (auto written = write(*domain, settings); !written) return written;
  return transaction->commit();
}

Result<void> DirectoryEditor::write(std::string_view domain, const DomainSettings& settings) {
  if (auto right = check(settings.rules); !right) return right;
  const MailboxRules& rules = settings.rules;
  return found(change("UPDATE domains SET quota = ?2, quota_messages = ?3, retention = ?4, "
                      "trash = ?5, disabled = ?6 WHERE name = ?1",
                      domain, rules.quota, rules.quota_messages, rules.retention, rules.trash,
                      int{settings.disabled}),
               "domain", domain);
}

Result<void> DirectoryEditor::change_domain(std::string_view name,
                                            UniqueFunction<void(DomainSettings&)> change) {
  const auto parsed = parse_domain(name);
  if (!parsed) return pass_on(parsed.error());
  auto transaction = sqlite::Transaction::begin(database_);
  if (!transaction) return pass_on(std::move(transaction.error()));
  if (auto known = require_domain(*parsed); !known) return known;
  auto all = domains();
  if (!all) return pass_on(std::move(all.error()));
  for (Domain& domain : *all) {
    if (domain.name != *parsed) continue;
    change(domain.settings);
    if (auto written = write(*parsed, domain.settings); !written) return written;
  }
  return transaction->commit();
}

Result<void> DirectoryEditor::remove_domain(std::string_view name) {
  const auto domain = parse_domain(name);
  if (!domain) return pass_on(domain.error());
  auto removed = change("DELETE FROM domains WHERE name = ?1", std::string_view(*domain));
  if (!removed && removed.error().kind == ErrorKind::invalid)
    return fail(ErrorKind::invalid,
                fmt::format("domain {} has users or aliases, or domains that are its aliases; "
                            "remove them first",
                            *domain));
  return found(std::move(removed), "domain", *domain);
}

Result<std::vector<Domain>> DirectoryEditor::domains() {
  return rows(
      "SELECT name, disabled, quota, quota_messages, retention, trash FROM domains ORDER BY name",
      [](const sqlite::Statement& row) {
        return Domain{std::string(row.text(0)), {rules_at(row, 2), row.integer(1) != 0}};
      });
}

// ---- Domains that are aliases ----

Result<void> DirectoryEditor::add_domain_alias(std::string_view name, std::string_view target) {
  const auto alias = parse_domain(name);
  if (!alias) return pass_on(alias.error());
  const auto domain = parse_domain(target);
  if (!domain) return pass_on(domain.error());
  auto transaction = sqlite::Transaction::begin(database_);
  if (!transaction) return pass_on(std::move(transaction.error()));
  const auto taken = exists(kIsDomain, std::string_view(*alias));
  if (!taken) return pass_on(taken.error());
  if (*taken)
    return fail(ErrorKind::invalid,
                fmt::format("{0} is a domain of its own; an alias would hide its users (remove it "
                            "with: postrider domain remove {0})",
                            *alias));
  if (auto known = require_domain(*domain); !known) return known;
  const auto added =
      change("INSERT INTO domain_aliases (name, target) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
             std::string_view(*alias), std::string_view(*domain));
  if (!added) return pass_on(added.error());
  if (*added == 0) return fail(ErrorKind::invalid, fmt::format("{} is an alias already", *alias));
  return transaction->commit();
}

Result<void> DirectoryEditor::remove_domain_alias(std::string_view name) {
  const auto alias = parse_domain(name);
  if (!alias) return pass_on(alias.error());
  return found(change("DELETE FROM domain_aliases WHERE name = ?1", std::string_view(*alias)),
               "domain alias", *alias);
}

Result<std::vector<DomainAlias>> DirectoryEditor::domain_aliases() {
  return rows("SELECT name, target FROM domain_aliases ORDER BY name",
              [](const sqlite::Statement& row) {
                return DomainAlias{std::string(row.text(0)), std::string(row.text(1))};
              });
}

}  // namespace postrider::directory
