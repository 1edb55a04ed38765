#include "ctl/entries_json.h"

#include <algorithm>
#include <initializer_list>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "common/base/base64.h"
#include "common/base/timestamp.h"

namespace postrider::ctl {

namespace {

using directory::Entries;
using directory::MailboxRules;
using directory::Scope;
using nlohmann::json;

constexpr const char* kVersionKey = "postrider_directory";
constexpr int kVersion = 1;

std::string shown(std::int64_t seconds) {
  return seconds == 0 ? "" : to_timestamp(WallTime(std::chrono::seconds(seconds)));
}

// ---- Writing ----

// What is not said is not document_of, and null takes a number away.
json document_of(const directory::RuleEntry& rules) {
  json document = json::object();
  const auto add = [&](const char* name, const std::optional<MailboxRules::Number>& number) {
    if (number) document[name] = *number ? json(**number) : json();
  };
  add("quota", rules.quota);
  add("quota_messages", rules.quota_messages);
  add("retention", rules.retention);
  add("trash", rules.trash);
  return document;
}

void add(json& document, const directory::KeptPassword& kept) {
  if (!kept.hash.empty()) document["password_hash"] = kept.hash;
  if (!kept.scram.empty()) document["scram"] = to_base64(kept.scram);
}

json document_of(const directory::AppPasswordEntry& app) {
  json document{{"name", app.described.name},
                {"selector", app.selector},
                {"scope", app.described.scope.str()},
                {"created", shown(app.described.created)},
                {"expires", shown(app.described.expires)}};
  add(document, app.kept);
  return document;
}

json document_of(const directory::UserEntry& user) {
  json document = document_of(user.settings.rules);
  document["address"] = user.address;
  if (user.settings.scope) document["scope"] = user.settings.scope->str();
  if (user.settings.disabled) document["disabled"] = *user.settings.disabled;
  if (user.settings.expires) document["expires"] = shown(*user.settings.expires);
  document["created"] = shown(user.created);
  document["password_changed"] = shown(user.password_changed);
  document["send_as"] = user.send_as.value_or(std::vector<std::string>{});
  document["app_passwords"] = json::array();
  if (user.app_passwords)
    for (const auto& app : *user.app_passwords)
      document["app_passwords"].push_back(document_of(app));
  add(document, user.kept);
  return document;
}

// ---- Reading ----

// One object of the document, each of its members asked for by name; what is of another type, and
// what nobody asked for, is a fault.
class Object {
 public:
  Object(const json& document, std::string place, ReadEntries& read)
      : document_(document), place_(std::move(place)), read_(read) {
    if (!document.is_object()) fault("", "is an object, as in {\"address\": …}");
  }

  const std::string& place() const noexcept { return place_; }

  std::string text(const char* name, bool needed = false) {
    const json* const value = find(name);
    if (value == nullptr && needed) fault(name, "is needed");
    if (value == nullptr) return {};
    if (value->is_string()) return value->get<std::string>();
    fault(name, "is text in quotes");
    return {};
  }
  bool flag(const char* name) {
    const json* const value = find(name);
    if (value == nullptr) return false;
    if (!value->is_boolean()) fault(name, "is true or false");
    return value->is_boolean() && value->get<bool>();
  }
  std::optional<std::uint64_t> number(const char* name) {
    const json* const value = find(name);
    if (value == nullptr || value->is_null()) return std::nullopt;
    if (value->is_number_unsigned()) return value->get<std::uint64_t>();
    fault(name, "is a whole number, or null for what the domain or the configuration says");
    return std::nullopt;
  }
  std::int64_t time(const char* name) {
    const std::string given = text(name);
    if (given.empty()) return 0;
    if (const auto time = parse_timestamp(given); time && *time >= kFirstTime)
      return std::chrono::duration_cast<std::chrono::seconds>(time->time_since_epoch()).count();
    fault(name, "is a time, as in \"2027-12-31T00:00:00Z\", or \"\" for none");
    return 0;
  }
  Scope scope(const char* name) {
    const std::string given = text(name);
    if (given.empty()) return {.smtp = true, .pop3 = true};
    const auto scope = directory::parse_scope(given);
    if (!scope) fault(name, scope.error().text);
    return scope.value_or(Scope{});
  }
  std::string octets(const char* name) {
    const auto decoded = from_base64(text(name));
    if (!decoded) fault(name, "is base64");
    return decoded.value_or("");
  }
  std::optional<std::vector<std::string>> texts(const char* name) {
    const json* const value = find(name);
    if (value == nullptr) return std::nullopt;
    std::vector<std::string> all;
    if (value->is_array())
      for (const json& one : *value)
        if (one.is_string()) all.push_back(one.get<std::string>());
    if (!value->is_array() || all.size() != value->size()) fault(name, "is a list of texts");
    return all;
  }
  // Nothing where there is no such member: what is there stays.
  template <typename T>
  std::optional<T> given(const char* name, T (Object::*read)(const char*)) {
    if (find(name) == nullptr) return std::nullopt;
    return (this->*read)(name);
  }
  directory::RuleEntry rules() {
    return {given("quota", &Object::number), given("quota_messages", &Object::number),
            given("retention", &Object::number), given("trash", &Object::number)};
  }
  directory::KeptPassword kept() { return {text("password_hash"), octets("scram")}; }

  // Calls `each(Object&)` for each of a list; false: the list is not there.
  template <typename Each>
  bool list(const char* name, Each each) {
    const json* const value = find(name);
    if (value == nullptr) return false;
    if (!value->is_array()) fault(name, "is a list, as in []");
    if (!value->is_array()) return true;
    for (std::size_t i = 0; i < value->size() && !full(); ++i) {
      Object object((*value)[i],
                    fmt::format("{}{}{}[{}]", place_, place_.empty() ? "" : ".", name, i), read_);
      each(object);
      object.finish();
    }
    return true;
  }

  const json* find(const char* name) {
    if (std::find(asked_.begin(), asked_.end(), name) == asked_.end()) asked_.push_back(name);
    if (!document_.is_object()) return nullptr;
    const auto it = document_.find(name);
    return it == document_.end() ? nullptr : &*it;
  }
  void finish() {
    if (!document_.is_object()) return;
    for (const auto& [name, value] : document_.items())
      if (std::find(asked_.begin(), asked_.end(), name) == asked_.end())
        fault(name, fmt::format("is unknown here; known are {}", fmt::join(asked_, ", ")));
  }
  void fault(std::string_view field, std::string text) {
    if (!full()) read_.faults.push_back({place_, std::string(field), std::move(text)});
  }

 private:
  bool full() const { return read_.faults.size() >= directory::kMaxFaults; }

  const json& document_;
  const std::string place_;
  ReadEntries& read_;
  std::vector<std::string_view> asked_;
};

void read_user(Object& object, Entries& entries) {
  directory::UserEntry user;
  user.place = object.place();
  user.address = object.text("address", true);
  user.settings = {object.rules(), object.given("scope", &Object::scope),
                   object.given("disabled", &Object::flag), object.given("expires", &Object::time)};
  user.created = object.time("created");
  user.password_changed = object.time("password_changed");
  user.kept = object.kept();
  if (std::string password = object.text("password"); !password.empty())
    user.password = Secret(std::move(password));
  user.send_as = object.texts("send_as");
  std::vector<directory::AppPasswordEntry> apps;
  if (object.list("app_passwords", [&](Object& app) {
        directory::AppPasswordEntry entry;
        entry.described.name = app.text("name", true);
        entry.described.scope = app.scope("scope");
        entry.described.created = app.time("created");
        entry.described.expires = app.time("expires");
        entry.selector = app.text("selector", true);
        entry.kept = app.kept();
        apps.push_back(std::move(entry));
      }))
    user.app_passwords = std::move(apps);
  entries.users.push_back(std::move(user));
}

void read_document(const json& document, ReadEntries& read) {
  Object object(document, "", read);
  Entries& entries = read.entries;
  if (object.number(kVersionKey) != kVersion)
    object.fault(kVersionKey, fmt::format("is {}: what this release reads", kVersion));
  if (const json* const scram = object.find("scram")) {
    Object origin(*scram, "scram", read);
    entries.scram = {origin.octets("salt_key"), origin.number("iterations").value_or(0)};
    origin.finish();
  }
  object.list("domains", [&](Object& one) {
    entries.domains.push_back(
        {one.place(), one.text("name", true), {one.rules(), one.given("disabled", &Object::flag)}});
  });
  object.list("domain_aliases", [&](Object& one) {
    entries.domain_aliases.push_back(
        {one.place(), {one.text("name", true), one.text("target", true)}});
  });
  object.list("users", [&](Object& one) { read_user(one, entries); });
  object.list("aliases", [&](Object& one) {
    entries.aliases.push_back(
        {one.place(),
         {one.text("address", true), one.texts("targets").value_or(std::vector<std::string>{})}});
  });
  object.finish();
}

// Up to that octet, from 1.
std::size_t line_at(std::string_view text, std::size_t octet) {
  const std::string_view before = text.substr(0, octet);
  return 1 + static_cast<std::size_t>(std::count(before.begin(), before.end(), '\n'));
}

}  // namespace

json to_json(const Entries& entries) {
  json document{{kVersionKey, kVersion},
                {"domains", json::array()},
                {"domain_aliases", json::array()},
                {"users", json::array()},
                {"aliases", json::array()}};
  if (entries.scram)
    document["scram"] = {{"salt_key", to_base64(entries.scram->salt_key)},
                         {"iterations", entries.scram->iterations}};
  for (const auto& entry : entries.domains) {
    json& domain = document["domains"].emplace_back(document_of(entry.settings.rules));
    domain["name"] = entry.name;
    if (entry.settings.disabled) domain["disabled"] = *entry.settings.disabled;
  }
  for (const auto& entry : entries.domain_aliases)
    document["domain_aliases"].push_back(
        {{"name", entry.alias.name}, {"target", entry.alias.target}});
  for (const auto& user : entries.users) document["users"].push_back(document_of(user));
  for (const auto& entry : entries.aliases)
    document["aliases"].push_back(
        {{"address", entry.alias.address}, {"targets", entry.alias.targets}});
  return document;
}

ReadEntries read_entries(std::string_view text) {
  ReadEntries read;
  if (text.size() > kMaxImport) {
    read.faults.push_back({"", "", fmt::format("the file has more than {} octets", kMaxImport)});
    return read;
  }
  std::size_t entries = 0;
  bool too_deep = false;
  const auto within = [&](int depth, json::parse_event_t event, const json&) {
    too_deep = too_deep || depth > kMaxImportDepth;
    if (event == json::parse_event_t::object_start) ++entries;
    return depth <= kMaxImportDepth && entries <= kMaxImportEntries;
  };
  try {
    const json document = json::parse(text.begin(), text.end(), within);
    if (too_deep || entries > kMaxImportEntries) {
      read.faults.push_back({"", "",
                             fmt::format("the document goes deeper than {} levels or has more than "
                                         "{} entries",
                                         kMaxImportDepth, kMaxImportEntries)});
      return read;
    }
    read_document(document, read);
  } catch (const json::parse_error& error) {
    read.faults.push_back({fmt::format("line {}", line_at(text, error.byte)), "",
                           "here the text is no JSON any more"});
  } catch (const json::exception& error) {  // as of a number that is too large
    read.faults.push_back({"", "", fmt::format("the document cannot be read: {}", error.what())});
  }
  return read;
}

}  // namespace postrider::ctl
