// schema.h - the tables of trace.db. An operator may read them with plain SQL.
#pragma once

#include <array>

namespace postrider::trace {

inline constexpr std::array kSchema{R"(
CREATE TABLE events (
  subject INTEGER NOT NULL,   -- whose: milliseconds since 1970, times 65536, and a hash of the id
  number  INTEGER NOT NULL,   -- in the order in which they were taken
  time    INTEGER NOT NULL,   -- microseconds since 1970
  process TEXT NOT NULL,
  event   TEXT NOT NULL,
  rest    TEXT NOT NULL,      -- of the line, behind the event
  PRIMARY KEY (subject, number)
) STRICT, WITHOUT ROWID;
CREATE TABLE names (
  hour    INTEGER NOT NULL,   -- of the subject: hours since 1970
  name    INTEGER NOT NULL,   -- a hash of the address, or of the Message-ID
  subject INTEGER NOT NULL,
  PRIMARY KEY (hour, name, subject)
) STRICT, WITHOUT ROWID;
CREATE TABLE losses (
  since   INTEGER NOT NULL,   -- microseconds since 1970
  until   INTEGER NOT NULL,
  octets  INTEGER NOT NULL    -- of lines that were never taken
) STRICT;
CREATE TABLE counter (
  number  INTEGER NOT NULL    -- of the last event
) STRICT;
INSERT INTO counter (number) VALUES (0);
CREATE TABLE files (
  name    TEXT NOT NULL PRIMARY KEY,
  taken   INTEGER NOT NULL    -- octets
) STRICT, WITHOUT ROWID;
)"};

}  // namespace postrider::trace
