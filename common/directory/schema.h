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
)",
                                    R"(
ALTER TABLE users ADD COLUMN scram BLOB NOT NULL DEFAULT x''; -- StoredKey and ServerKey; '': none
CREATE TABLE scram (            -- one row: what the keys of all passwords are derived with
  salt_key   BLOB NOT NULL,     -- a user's salt is a hash of the address with it
  iterations INTEGER NOT NULL
) STRICT;
INSERT INTO scram (salt_key, iterations) VALUES (randomblob(32), 65536);
CREATE TABLE app_passwords (
  domain   TEXT NOT NULL,
  local    TEXT NOT NULL,
  name     TEXT NOT NULL,
  selector TEXT NOT NULL,       -- its first characters, which are no secret
  password TEXT NOT NULL,       -- argon2id, as of users
  scram    BLOB NOT NULL,       -- as of users
  scope    TEXT NOT NULL,       -- the services it is for: 'smtp', 'pop3', 'smtp,pop3'
  created  INTEGER NOT NULL,    -- seconds since 1970
  expires  INTEGER NOT NULL,    -- as created; 0: never
  PRIMARY KEY (domain, local, name),
  UNIQUE (domain, local, selector),
  FOREIGN KEY (domain, local) REFERENCES users (domain, local) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
)",
                                    R"(
CREATE TABLE send_rights (      -- as whom a user may send beside the addresses that are the user's
  domain  TEXT NOT NULL,
  local   TEXT NOT NULL,
  address TEXT NOT NULL,        -- local-part@domain, or @domain for all of it
  PRIMARY KEY (domain, local, address),
  FOREIGN KEY (domain, local) REFERENCES users (domain, local) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
)",
                                    R"(
ALTER TABLE domains ADD COLUMN disabled INTEGER NOT NULL DEFAULT 0; -- 1: no mail, no login
ALTER TABLE domains ADD COLUMN quota INTEGER;          -- of each user without one: octets; 0: none
ALTER TABLE domains ADD COLUMN quota_messages INTEGER; -- as quota, in messages
ALTER TABLE domains ADD COLUMN retention INTEGER;      -- days; 0: for ever; NULL: as configured
ALTER TABLE domains ADD COLUMN trash INTEGER;          -- days; 0: no trash; NULL: as configured
CREATE TABLE domain_aliases (   -- mail and logins of `name` are as those of `target`
  name   TEXT NOT NULL PRIMARY KEY,
  target TEXT NOT NULL REFERENCES domains (name)
) STRICT, WITHOUT ROWID;

-- What a user has none of comes from the domain: NULL. Before, 0 was both that and "no limit".
ALTER TABLE users ADD COLUMN own_quota INTEGER;
UPDATE users SET own_quota = nullif(quota, 0);
ALTER TABLE users DROP COLUMN quota;
ALTER TABLE users RENAME COLUMN own_quota TO quota;    -- octets; 0: no limit
ALTER TABLE users ADD COLUMN quota_messages INTEGER;
ALTER TABLE users ADD COLUMN retention INTEGER;        -- as of domains
ALTER TABLE users ADD COLUMN trash INTEGER;
ALTER TABLE users ADD COLUMN scope TEXT NOT NULL DEFAULT 'smtp,pop3'; -- of the main password
ALTER TABLE users ADD COLUMN disabled INTEGER NOT NULL DEFAULT 0;     -- 1: mail, but no login
-- Seconds since 1970; 0: never, or not known.
ALTER TABLE users ADD COLUMN expires INTEGER NOT NULL DEFAULT 0;      -- then: no mail, no login
ALTER TABLE users ADD COLUMN created INTEGER NOT NULL DEFAULT 0;
ALTER TABLE users ADD COLUMN password_changed INTEGER NOT NULL DEFAULT 0;

CREATE TABLE earlier_passwords ( -- that may not come again
  domain   TEXT NOT NULL,
  local    TEXT NOT NULL,
  number   INTEGER NOT NULL,    -- they are numbered as they come
  password TEXT NOT NULL,       -- argon2id, as of users
  PRIMARY KEY (domain, local, number),
  FOREIGN KEY (domain, local) REFERENCES users (domain, local) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE TABLE apop_secrets (     -- RFC 1939 section 7: what both sides must know as it is
  domain  TEXT NOT NULL,
  local   TEXT NOT NULL,
  secret  TEXT NOT NULL,
  created INTEGER NOT NULL,     -- seconds since 1970
  PRIMARY KEY (domain, local),
  FOREIGN KEY (domain, local) REFERENCES users (domain, local) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
)"};

}  // namespace postrider::directory
