// schema.h - the tables of directory.db, as steps that only ever grow in number.
#pragma once

#include <array>
#include <string_view>

namespace postrider::directory {

// directory.db in paths.data.
inline constexpr std::string_view kDatabaseName = "directory.db";

// All names are in lower case. An alias has a row for each of its targets; the alias whose local
// part is empty takes all mail of the domain that nothing else takes.
inline constexpr std::array kSchema{R"(
CREATE TABLE domains (
  name TEXT NOT NULL PRIMARY KEY
) STRICT, WITHOUT ROWID;
CREATE TABLE users (
  domain   TEXT NOT NULL REFERENCES domains (name),
  local    TEXT NOT NULL,
  password TEXT NOT NULL,              -- argon2id in the form of crypto_pwhash_str; '': no login
  quota    INTEGER NOT NULL DEFAULT 0, -- octets; 0: none
  PRIMARY KEY (domain, local)
) STRICT, WITHOUT ROWID;
CREATE TABLE aliases (
  domain TEXT NOT NULL REFERENCES domains (name),
  local  TEXT NOT NULL,
  target TEXT NOT NULL,                -- local-part@domain, here or elsewhere
  PRIMARY KEY (domain, local, target)
) STRICT, WITHOUT ROWID;
)"};

}  // namespace postrider::directory
