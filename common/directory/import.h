// import.h - taking over a directory from a file: all of it or nothing.
//
// What the file has replaces what is there under the same name; what it does not name stays, and so
// does what it says nothing of: a setting, a password, the rights and app passwords of a user. All
// is tried first and undone, so that every fault is told at once; then it is done, all of this in
// one transaction. Meanwhile nothing else can change the directory, and all may read it as it was.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "common/directory/editor.h"

namespace postrider::directory {

class Import {
 public:
  // All outlive it.
  Import(DirectoryEditor& editor, const Entries& entries, const ImportOptions& options)
      : editor_(editor), entries_(entries), options_(options) {}

  // Fails where the directory cannot be read or written.
  Result<ImportOutcome> run();

 private:
  enum class Pass { trial, real };
  // Each fails where the import cannot go on; what is wrong with an entry is a fault.
  Result<void> try_all();
  Result<void> pass();
  Result<void> take(const ScramOrigin& origin);
  Result<void> take(const DomainEntry& entry);
  Result<void> take(const DomainAliasEntry& entry);
  Result<void> take(const UserEntry& entry);
  Result<void> take(const AliasEntry& entry);
  Result<void> take_password(const UserEntry& entry, const Address& user);
  Result<void> take_hash(const UserEntry& entry, const Address& user);
  Result<void> set_password_changed(const UserEntry& entry, const Address& user);
  Result<void> take_app_passwords(const UserEntry& entry, const Address& user);
  Result<void> take_app_password(const UserEntry& entry, const Address& user,
                                 const AppPasswordEntry& app);
  Result<void> take_send_rights(const UserEntry& entry, const Address& user);
  bool is_right(const std::string& place, std::string_view field, const KeptPassword& kept);

  void add_fault(const std::string& place, std::string_view field, std::string text);
  // An error that a mended file would not have is a fault; another is passed on.
  Result<void> judged(Result<void> done, const std::string& place, std::string_view field);
  // False, and a fault: the name was there before.
  bool is_first(const std::string& place, std::string_view field, std::string name);

  DirectoryEditor& editor_;
  const Entries& entries_;
  const ImportOptions& options_;
  Pass pass_ = Pass::trial;
  std::map<std::string, std::string> places_;  // of what was named
  ImportOutcome outcome_;
};

}  // namespace postrider::directory
