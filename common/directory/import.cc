#include "common/directory/import.h"

#include <utility>

#include <fmt/format.h>

#include "common/directory/editor_statements.h"
#include "common/directory/password.h"
#include "common/sasl/scram.h"

namespace postrider::directory {

namespace {

constexpr std::size_t kSaltKey = 32;
// RFC 7677 section 4: at least 4096. More than the other would make every login wait.
constexpr std::uint64_t kMinIterations = 4096;
constexpr std::uint64_t kMaxIterations = 10'000'000;

bool is_selector(const std::string& text) {
  const Secret whole = new_app_password();
  const auto of_whole = selector_of(whole.reveal());
  if (!of_whole || text.size() != of_whole->size()) return false;
  return selector_of(text + std::string(whole.reveal().substr(text.size()))).has_value();
}

}  // namespace

Result<ImportOutcome> DirectoryEditor::take_over(const Entries& entries,
                                                 const ImportOptions& options) {
  return Import(*this, entries, options).run();
}

// One transaction around both: what was tried is what is there when it is done.
Result<ImportOutcome> Import::run() {
  auto whole = sqlite::Transaction::begin(editor_.database_);
  if (!whole) return pass_on(std::move(whole.error()));
  if (auto tried = try_all(); !tried) return pass_on(std::move(tried.error()));
  if (options_.dry_run || !outcome_.faults.empty()) return std::move(outcome_);
  pass_ = Pass::real;
  places_.clear();
  if (auto done = pass(); !done) return pass_on(std::move(done.error()));
  // Some faults the trial cannot find, as that a password was used before.
  if (!outcome_.faults.empty()) return std::move(outcome_);
  if (auto done = whole->commit(); !done) return pass_on(std::move(done.error()));
  return std::move(outcome_);
}

Result<void> Import::try_all() {
  auto undone = sqlite::Transaction::begin(editor_.database_);
  if (!undone) return pass_on(std::move(undone.error()));
  pass_ = Pass::trial;
  return pass();
}

// Each kind after those that it refers to.
Result<void> Import::pass() {
  if (entries_.scram)
    if (auto done = take(*entries_.scram); !done) return done;
  const auto take_all = [&](const auto& entries) -> Result<void> {
    for (const auto& entry : entries) {
      if (outcome_.faults.size() >= kMaxFaults) break;
      if (auto done = take(entry); !done) return done;
    }
    return {};
  };
  if (auto done = take_all(entries_.domains); !done) return done;
  if (auto done = take_all(entries_.domain_aliases); !done) return done;
  if (auto done = take_all(entries_.users); !done) return done;
  return take_all(entries_.aliases);
}

void Import::add_fault(const std::string& place, std::string_view field, std::string text) {
  if (outcome_.faults.size() < kMaxFaults)
    outcome_.faults.push_back({place, std::string(field), std::move(text)});
}

Result<void> Import::judged(Result<void> done, const std::string& place, std::string_view field) {
  const auto kind = done ? ErrorKind::temporary : done.error().kind;
  if (done || (kind != ErrorKind::invalid && kind != ErrorKind::not_found)) return done;
  add_fault(place, field, std::move(done.error().text));
  return {};
}

bool Import::is_first(const std::string& place, std::string_view field, std::string name) {
  const auto [it, first] = places_.emplace(std::move(name), place);
  if (!first)
    add_fault(place, field,
              fmt::format("{} is there already: {}; leave one", it->first, it->second));
  return first;
}

Result<void> Import::take(const ScramOrigin& origin) {
  const std::string place = "scram";
  if (origin.salt_key.size() != kSaltKey)
    add_fault(place, "salt_key", fmt::format("has {} octets in base64", kSaltKey));
  if (origin.iterations < kMinIterations || origin.iterations > kMaxIterations)
    add_fault(place, "iterations",
              fmt::format("is a number from {} to {}", kMinIterations, kMaxIterations));
  if (!outcome_.faults.empty()) return {};
  const auto same = editor_.exists("SELECT 1 FROM scram WHERE salt_key = ?1 AND iterations = ?2",
                                   sqlite::Blob{origin.salt_key}, origin.iterations);
  if (!same) return pass_on(same.error());
  if (*same) return {};
  const auto used = editor_.exists(
      "SELECT 1 FROM users WHERE scram <> x'' UNION ALL "
      "SELECT 1 FROM app_passwords WHERE scram <> x''");
  if (!used) return pass_on(used.error());
  if (*used) {
    add_fault(place, "salt_key",
              "the directory has passwords already, made with another salt; import into a new one, "
              "or leave out `scram` here and of all users: those whose password is not here "
              "already then log in without SCRAM until it is set anew");
    return {};
  }
  const auto set = editor_.change("UPDATE scram SET salt_key = ?1, iterations = ?2",
                                  sqlite::Blob{origin.salt_key}, origin.iterations);
  if (!set) return pass_on(set.error());
  return {};
}

Result<void> Import::take(const DomainEntry& entry) {
  const auto domain = parse_domain(entry.name);
  if (!domain) {
    add_fault(entry.place, "name", domain.error().text);
    return {};
  }
  if (!is_first(entry.place, "name", *domain)) return {};
  const auto there = editor_.rows(
      "SELECT disabled, quota, quota_messages, retention, trash FROM domains WHERE name = ?1",
      [](const sqlite::Statement& row) {
        return DomainSettings{rules_at(row, 1), row.integer(0) != 0};
      },
      std::string_view(*domain));
  if (!there) return pass_on(there.error());
  const bool is_new = there->empty();
  const auto settings = entry.settings.applied_to(is_new ? DomainSettings{} : there->front());
  return judged(is_new ? editor_.add_domain(*domain, settings) : editor_.write(*domain, settings),
                entry.place, "");
}

Result<void> Import::take(const DomainAliasEntry& entry) {
  const auto alias = parse_domain(entry.alias.name);
  if (!alias) {
    add_fault(entry.place, "name", alias.error().text);
    return {};
  }
  if (!is_first(entry.place, "name", *alias)) return {};
  const auto gone =
      editor_.change("DELETE FROM domain_aliases WHERE name = ?1", std::string_view(*alias));
  if (!gone) return pass_on(gone.error());
  return judged(editor_.add_domain_alias(*alias, entry.alias.target), entry.place, "target");
}

Result<void> Import::take(const AliasEntry& entry) {
  const auto& [text, targets] = entry.alias;
  const auto address = parse_alias_address(text);
  if (!address) {
    add_fault(entry.place, "address", address.error().text);
    return {};
  }
  if (!is_first(entry.place, "address", address->str())) return {};
  const auto gone = editor_.change("DELETE FROM aliases WHERE domain = ?1 AND local = ?2",
                                   address->domain, address->local);
  if (!gone) return pass_on(gone.error());
  return judged(editor_.add_alias(text, targets), entry.place, "");
}

// ---- Users ----

Result<void> Import::take(const UserEntry& entry) {
  const auto user = parse_mailbox_address(entry.address);
  if (!user) {
    add_fault(entry.place, "address", user.error().text);
    return {};
  }
  if (!is_first(entry.place, "address", user->str())) return {};
  const auto there = editor_.exists("SELECT 1 FROM users WHERE domain = ?1 AND local = ?2",
                                    user->domain, user->local);
  if (!there) return pass_on(there.error());
  const std::size_t faults = outcome_.faults.size();
  const auto set = [&](UserSettings& settings) { settings = entry.settings.applied_to(settings); };
  if (auto done = judged(*there ? editor_.change_user(entry.address, set)
                                : editor_.add_user(entry.address, entry.settings.applied_to({})),
                         entry.place, "");
      !done || outcome_.faults.size() > faults)
    return done;
  if (entry.created != 0) {
    const auto changed =
        editor_.change("UPDATE users SET created = ?3 WHERE domain = ?1 AND local = ?2",
                       user->domain, user->local, entry.created);
    if (!changed) return pass_on(changed.error());
  }
  if (auto done = take_password(entry, *user); !done) return done;
  if (auto done = take_send_rights(entry, *user); !done) return done;
  return take_app_passwords(entry, *user);
}

bool Import::is_right(const std::string& place, std::string_view field, const KeptPassword& kept) {
  const std::size_t faults = outcome_.faults.size();
  if (!kept.hash.empty() && !is_password_hash(kept.hash))
    add_fault(
        place, field,
        "is no argon2id hash ($argon2id$...) of at most 256 MiB and 10 passes; leave it empty, "
        "or give the password itself as `password`");
  if (!kept.scram.empty() && kept.hash.empty())
    add_fault(place, "scram", fmt::format("needs the {} of the same password", field));
  if (!kept.scram.empty() && kept.scram.size() != 2 * sasl::ScramKeys::kSize)
    add_fault(place, "scram", "has 64 octets in base64: StoredKey and ServerKey");
  if (!kept.scram.empty() && !entries_.scram)
    add_fault(
        place, "scram",
        "without the `scram` of the whole file, salt_key and iterations, these keys are of no "
        "use; give that, or leave them out");
  return outcome_.faults.size() == faults;
}

// In the trial nothing is hashed.
Result<void> Import::take_password(const UserEntry& entry, const Address& user) {
  if (entry.password) {
    if (!entry.kept.hash.empty() || !entry.kept.scram.empty())
      add_fault(entry.place, "password",
                "stands beside a password_hash or its scram; leave one of them");
    if (auto fault = fault_of(options_.policy, user, *entry.password))
      add_fault(entry.place, "password", std::move(*fault));
    if (pass_ == Pass::trial) return {};
    return judged(editor_.set_password(entry.address, *entry.password, options_.policy),
                  entry.place, "password");
  }
  if (!is_right(entry.place, "password_hash", entry.kept) || entry.kept.hash.empty()) return {};
  return take_hash(entry, user);
}

// Keys of SCRAM that the file does not have stay with the hash that they were made with: a table
// has no place for them.
Result<void> Import::take_hash(const UserEntry& entry, const Address& user) {
  const auto same =
      editor_.exists("SELECT 1 FROM users WHERE domain = ?1 AND local = ?2 AND password = ?3",
                     user.domain, user.local, entry.kept.hash);
  if (!same) return pass_on(same.error());
  if (*same && entry.kept.scram.empty()) return set_password_changed(entry, user);
  if (!*same)
    if (auto kept = editor_.keep_earlier(user, options_.policy.history); !kept) return kept;
  const auto changed = entry.password_changed != 0 ? entry.password_changed : editor_.now();
  const auto set = editor_.change(
      "UPDATE users SET password = ?3, scram = ?4, password_changed = "
      "CASE WHEN password = ?3 AND ?6 THEN password_changed ELSE ?5 END "
      "WHERE domain = ?1 AND local = ?2",
      user.domain, user.local, entry.kept.hash, sqlite::Blob{entry.kept.scram}, changed,
      int{entry.password_changed == 0});
  if (!set) return pass_on(set.error());
  return {};
}

Result<void> Import::set_password_changed(const UserEntry& entry, const Address& user) {
  if (entry.password_changed == 0) return {};
  const auto set =
      editor_.change("UPDATE users SET password_changed = ?3 WHERE domain = ?1 AND local = ?2",
                     user.domain, user.local, entry.password_changed);
  if (!set) return pass_on(set.error());
  return {};
}

Result<void> Import::take_send_rights(const UserEntry& entry, const Address& user) {
  if (!entry.send_as) return {};
  const auto gone = editor_.change("DELETE FROM send_rights WHERE domain = ?1 AND local = ?2",
                                   user.domain, user.local);
  if (!gone) return pass_on(gone.error());
  for (const std::string& sender : *entry.send_as)
    if (auto done = judged(editor_.add_send_right(entry.address, sender), entry.place, "send_as");
        !done)
      return done;
  return {};
}

// As with take_hash(), keys that the file does not have stay with their hash.
Result<void> Import::take_app_passwords(const UserEntry& entry, const Address& user) {
  if (!entry.app_passwords) return {};
  const auto keys = editor_.rows(
      "SELECT password, scram FROM app_passwords WHERE domain = ?1 AND local = ?2",
      [](const sqlite::Statement& row) {
        return KeptPassword{std::string(row.text(0)), std::string(row.text(1))};
      },
      user.domain, user.local);
  if (!keys) return pass_on(keys.error());
  const auto gone = editor_.change("DELETE FROM app_passwords WHERE domain = ?1 AND local = ?2",
                                   user.domain, user.local);
  if (!gone) return pass_on(gone.error());
  for (AppPasswordEntry app : *entry.app_passwords) {
    if (!is_right(fmt::format("{}, app password {}", entry.place, app.described.name),
                  "password_hash", app.kept))
      continue;
    for (const KeptPassword& kept : *keys)
      if (app.kept.scram.empty() && kept.hash == app.kept.hash) app.kept.scram = kept.scram;
    if (auto done = take_app_password(entry, user, app); !done) return done;
  }
  return {};
}

Result<void> Import::take_app_password(const UserEntry& entry, const Address& user,
                                       const AppPasswordEntry& app) {
  const std::string place = fmt::format("{}, app password {}", entry.place, app.described.name);
  if (!is_app_password_name(app.described.name)) {
    add_fault(entry.place, "app_passwords", std::string(kAppPasswordName));
    return {};
  }
  if (!is_selector(app.selector))
    add_fault(place, "selector", "is the first five letters of the password");
  if (app.kept.hash.empty()) add_fault(place, "password_hash", "is needed");
  if (app.kept.hash.empty() || !is_selector(app.selector)) return {};
  auto set = editor_.change(
      "INSERT INTO app_passwords "
      "(domain, local, name, selector, password, scram, scope, created, expires) "
      "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
      user.domain, user.local, app.described.name, app.selector, app.kept.hash,
      sqlite::Blob{app.kept.scram}, app.described.scope.str(), app.described.created,
      app.described.expires);
  if (set) return {};
  if (set.error().kind != ErrorKind::invalid) return pass_on(set.error());
  add_fault(place, "", "its name or its selector is there twice; leave one");
  return {};
}

}  // namespace postrider::directory
