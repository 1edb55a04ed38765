#include "ctl/entries_csv.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "common/base/ascii.h"
#include "common/base/timestamp.h"
#include "common/config/units.h"
#include "ctl/csv.h"

namespace postrider::ctl {

namespace {

using directory::Entries;
using directory::MailboxRules;

enum class Column : std::size_t {
  kind,
  address,
  target,
  password,
  password_hash,
  quota,
  quota_messages,
  retention,
  trash,
  scope,
  disabled,
  expires,
  created,
  password_changed,
  send_as,
};
constexpr std::array<std::string_view, 15> kColumns{
    "kind",           "address",          "target", "password", "password_hash", "quota",
    "quota_messages", "retention",        "trash",  "scope",    "disabled",      "expires",
    "created",        "password_changed", "send_as"};

constexpr std::size_t index_of(Column column) { return static_cast<std::size_t>(column); }

// ---- Writing ----

using Fields = std::map<Column, std::string>;

std::string row(Fields fields) {
  std::vector<std::string> all(kColumns.size());
  for (auto& [column, value] : fields) all[index_of(column)] = std::move(value);
  return csv_row(all);
}

std::string shown(const std::optional<MailboxRules::Number>& number) {
  return number && *number ? fmt::format("{}", **number) : std::string();
}

std::string shown(const std::optional<bool>& flag) { return flag.value_or(false) ? "true" : ""; }

std::string time_field(std::int64_t seconds) {
  return seconds == 0 ? std::string() : to_timestamp(WallTime(std::chrono::seconds(seconds)));
}

void add(Fields& fields, const directory::RuleEntry& rules) {
  fields[Column::quota] = shown(rules.quota);
  fields[Column::quota_messages] = shown(rules.quota_messages);
  fields[Column::retention] = shown(rules.retention);
  fields[Column::trash] = shown(rules.trash);
}

std::string written(const directory::DomainEntry& domain) {
  Fields fields{{Column::kind, "domain"}, {Column::address, domain.name}};
  add(fields, domain.settings.rules);
  fields[Column::disabled] = shown(domain.settings.disabled);
  return row(std::move(fields));
}

std::string written(const directory::UserEntry& user) {
  Fields fields{{Column::kind, "user"},
                {Column::address, user.address},
                {Column::password_hash, user.kept.hash},
                {Column::scope, user.settings.scope ? user.settings.scope->str() : ""},
                {Column::disabled, shown(user.settings.disabled)},
                {Column::expires, time_field(user.settings.expires.value_or(0))},
                {Column::created, time_field(user.created)},
                {Column::password_changed, time_field(user.password_changed)}};
  add(fields, user.settings.rules);
  if (user.send_as) fields[Column::send_as] = fmt::format("{}", fmt::join(*user.send_as, " "));
  return row(std::move(fields));
}

// ---- Reading ----

class TableReader {
 public:
  TableReader(std::string_view text, ReadEntries& read) : rows_(text), read_(read) {}

  void read() {
    if (!read_header()) return;
    for (std::size_t count = 0; !full(); ++count) {
      auto next = next_row();
      if (!next) return;
      if (count >= kMaxImportEntries)
        return fault("", fmt::format("the table has more than {} rows", kMaxImportEntries));
      if (next->fields.size() == 1 && next->fields.front().empty()) continue;  // an empty line
      row_ = std::move(*next);
      if (row_.fields.size() > columns_.size()) {
        fault("", fmt::format("has {} fields, but the first row names {} columns",
                              row_.fields.size(), columns_.size()));
        continue;
      }
      take_row();
    }
  }

 private:
  std::optional<CsvReader::Row> next_row() {
    auto next = rows_.next();
    if (next) return std::move(*next);
    if (!full()) read_.faults.push_back({"", "", next.error().text});
    return std::nullopt;
  }

  bool read_header() {
    auto header = next_row();
    if (!header) {
      if (!full() && read_.faults.empty()) read_.faults.push_back({"", "", "the table is empty"});
      return false;
    }
    row_.line = header->line;
    for (const std::string& name : header->fields) {
      const auto known = std::find(kColumns.begin(), kColumns.end(), to_lower(trim(name)));
      if (known == kColumns.end()) {
        fault(name, fmt::format("is no column; known are {}, with commas between them",
                                fmt::join(kColumns, ", ")));
        continue;
      }
      const auto column = static_cast<Column>(known - kColumns.begin());
      if (std::find(columns_.begin(), columns_.end(), column) != columns_.end())
        fault(name, "stands there twice");
      columns_.push_back(column);
    }
    if (std::find(columns_.begin(), columns_.end(), Column::address) == columns_.end())
      fault("address", "is a column that is needed");
    return read_.faults.empty();
  }

  void take_row() {
    asked_ = {};
    std::string kind = to_lower(text(Column::kind));
    if (kind.empty()) kind = "user";
    if (kind == "domain") {
      read_.entries.domains.push_back({place(),
                                       needed(Column::address),
                                       {rules(), given(Column::disabled, &TableReader::flag)}});
    } else if (kind == "domain_alias") {
      read_.entries.domain_aliases.push_back(
          {place(), {needed(Column::address), needed(Column::target)}});
    } else if (kind == "alias") {
      take_alias();
    } else if (kind == "user") {
      take_user();
    } else {
      return fault(Column::kind, "is domain, domain_alias, user or alias");
    }
    for (const Column column : columns_)
      if (!asked_[index_of(column)] && !text(column).empty())
        fault(column, fmt::format("is empty for a row of kind {}", kind));
  }

  // Its targets have a row each.
  void take_alias() {
    const std::string address = needed(Column::address);
    const auto [at, first] = aliases_.try_emplace(to_lower(address), read_.entries.aliases.size());
    if (first) read_.entries.aliases.push_back({place(), {address, {}}});
    read_.entries.aliases[at->second].alias.targets.push_back(needed(Column::target));
  }

  void take_user() {
    directory::UserEntry user;
    user.place = place();
    user.address = needed(Column::address);
    user.settings = {rules(), given(Column::scope, &TableReader::scope),
                     given(Column::disabled, &TableReader::flag),
                     given(Column::expires, &TableReader::time)};
    user.created = time(Column::created);
    user.password_changed = time(Column::password_changed);
    user.kept.hash = text(Column::password_hash);
    if (std::string password = text(Column::password); !password.empty())
      user.password = Secret(std::move(password));
    user.send_as = given(Column::send_as, &TableReader::words);
    read_.entries.users.push_back(std::move(user));
  }

  // Beyond the end of any row where there is no such column.
  std::size_t index_in_row(Column column) const {
    const auto at = std::find(columns_.begin(), columns_.end(), column);
    if (at == columns_.end()) return std::numeric_limits<std::size_t>::max();
    return static_cast<std::size_t>(at - columns_.begin());
  }
  // Nothing without such a column, or where the row ends before it: what is there stays.
  template <typename T>
  std::optional<T> given(Column column, T (TableReader::*as)(Column)) {
    asked_[index_of(column)] = true;
    if (index_in_row(column) >= row_.fields.size()) return std::nullopt;
    return (this->*as)(column);
  }
  std::string text(Column column) {
    asked_[index_of(column)] = true;
    const std::size_t at = index_in_row(column);
    return at < row_.fields.size() ? row_.fields[at] : std::string();
  }
  std::string needed(Column column) {
    std::string value = text(column);
    if (value.empty()) fault(column, "is needed");
    return value;
  }
  bool flag(Column column) {
    const std::string value = to_lower(text(column));
    if (!value.empty() && value != "true" && value != "false") fault(column, "is true or false");
    return value == "true";
  }
  std::int64_t time(Column column) {
    const std::string value = text(column);
    if (value.empty()) return 0;
    if (const auto time = parse_timestamp(value); time && *time >= kFirstTime)
      return std::chrono::duration_cast<std::chrono::seconds>(time->time_since_epoch()).count();
    fault(column, "is a time, as in 2027-12-31T00:00:00Z, or empty");
    return 0;
  }
  directory::Scope scope(Column column) {
    const std::string value = text(column);
    if (value.empty()) return {.smtp = true, .pop3 = true};
    const auto scope = directory::parse_scope(value);
    if (!scope) fault(column, scope.error().text);
    return scope.value_or(directory::Scope{});
  }
  std::vector<std::string> words(Column column) {
    std::vector<std::string> all;
    const std::string value = text(column);
    for (std::string_view left = trim(value); !left.empty();) {
      const std::size_t end = std::min(left.find(' '), left.size());
      all.emplace_back(left.substr(0, end));
      left = trim(left.substr(end));
    }
    return all;
  }
  MailboxRules::Number number(Column column) {
    const std::string value = text(column);
    if (value.empty()) return std::nullopt;
    const auto number = config::parse_count(value);
    if (!number) fault(column, "is a whole number, or empty");
    return number;
  }
  MailboxRules::Number octets(Column column) {
    const std::string value = text(column);
    if (const auto size = config::parse_size(value)) return size;
    return number(column);
  }
  directory::RuleEntry rules() {
    return {given(Column::quota, &TableReader::octets),
            given(Column::quota_messages, &TableReader::number),
            given(Column::retention, &TableReader::number),
            given(Column::trash, &TableReader::number)};
  }

  std::string place() const { return fmt::format("line {}", row_.line); }
  bool full() const { return read_.faults.size() >= directory::kMaxFaults; }
  void fault(std::string_view field, std::string what) {
    if (!full()) read_.faults.push_back({place(), std::string(field), std::move(what)});
  }
  void fault(Column column, std::string what) {
    fault(kColumns[index_of(column)], std::move(what));
  }

  CsvReader rows_;
  ReadEntries& read_;
  std::vector<Column> columns_;  // as the first row names them
  CsvReader::Row row_{};
  std::array<bool, kColumns.size()> asked_{};
  std::map<std::string, std::size_t> aliases_;  // where they stand, by address in lower case
};

}  // namespace

std::string to_csv(const Entries& entries) {
  std::string table = csv_row({kColumns.begin(), kColumns.end()});
  for (const auto& entry : entries.domains) table += written(entry);
  for (const auto& entry : entries.domain_aliases)
    table += row({{Column::kind, "domain_alias"},
                  {Column::address, entry.alias.name},
                  {Column::target, entry.alias.target}});
  for (const auto& user : entries.users) table += written(user);
  for (const auto& entry : entries.aliases)
    for (const std::string& target : entry.alias.targets)
      table += row({{Column::kind, "alias"},
                    {Column::address, entry.alias.address},
                    {Column::target, target}});
  return table;
}

ReadEntries read_csv_entries(std::string_view text) {
  ReadEntries read;
  if (text.size() > kMaxImport) {
    read.faults.push_back({"", "", fmt::format("the file has more than {} octets", kMaxImport)});
    return read;
  }
  TableReader(text, read).read();
  return read;
}

}  // namespace postrider::ctl
