// queue_schema.h - the tables of queue.db, as steps that only ever grow in number.
//
// PRAGMA user_version counts the steps: it is the version of the old generation. queued writes the
// tables; `postrider queue verify` reads them.
#pragma once

#include <array>

namespace postrider::spool {

inline constexpr std::array<const char*, 3> kQueueSchema{R"sql(
  CREATE TABLE message (
    id TEXT PRIMARY KEY,
    envelope BLOB NOT NULL,           -- spool.Envelope without its recipients
    sender BLOB NOT NULL,
    arrival_us INTEGER NOT NULL,
    content_length INTEGER NOT NULL,
    content_checksum INTEGER NOT NULL,
    state INTEGER NOT NULL,           -- 0 deferred, 1 active, 2 held, 3 deleted
    next_attempt_us INTEGER NOT NULL,
    expires_us INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    warned INTEGER NOT NULL,
    released INTEGER NOT NULL,        -- an operator released it: no hold: of a route holds it
    hold_reason TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX message_schedule ON message (state, next_attempt_us);
  CREATE TABLE recipient (
    message TEXT NOT NULL REFERENCES message (id) ON DELETE CASCADE,
    address BLOB NOT NULL,
    domain TEXT NOT NULL,
    original BLOB NOT NULL,
    notify TEXT NOT NULL,
    orcpt BLOB NOT NULL,
    state INTEGER NOT NULL,           -- RecipientState
    next_hop TEXT NOT NULL,
    status TEXT NOT NULL,
    reply BLOB NOT NULL,
    remote TEXT NOT NULL,
    PRIMARY KEY (message, address)
  ) STRICT, WITHOUT ROWID;
)sql",
                                                         R"sql(
  -- The destination that the message waits for, which calls for it; '' if it waits for its time.
  ALTER TABLE message ADD COLUMN behind TEXT NOT NULL DEFAULT '';
  CREATE INDEX message_behind ON message (behind, id) WHERE behind <> '';
)sql",
                                                         R"sql(
  -- When an operator deleted it, which can be undone for a while; 0: nobody did.
  ALTER TABLE message ADD COLUMN deleted_us INTEGER NOT NULL DEFAULT 0;
  CREATE INDEX message_deleted ON message (deleted_us, content_length) WHERE deleted_us <> 0;
  -- An operator has given it up: its sender is to be told, and it is not attempted again.
  ALTER TABLE message ADD COLUMN expired INTEGER NOT NULL DEFAULT 0;
  -- An operator's route, as in a [[route]]; '': what the configuration says.
  ALTER TABLE recipient ADD COLUMN via TEXT NOT NULL DEFAULT '';
  CREATE TABLE act (
    number INTEGER PRIMARY KEY,
    time_us INTEGER NOT NULL,
    uid INTEGER NOT NULL,
    user TEXT NOT NULL,
    verb TEXT NOT NULL,
    what TEXT NOT NULL,               -- the filter, or the destination
    why TEXT NOT NULL,
    messages INTEGER NOT NULL,
    failure TEXT NOT NULL
  ) STRICT;
  CREATE INDEX act_time ON act (time_us);
  -- To which an operator lets nothing go.
  CREATE TABLE pause (
    destination TEXT PRIMARY KEY,
    since_us INTEGER NOT NULL,
    user TEXT NOT NULL,
    why TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
)sql"};

}  // namespace postrider::spool
