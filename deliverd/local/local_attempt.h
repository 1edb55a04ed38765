// local_attempt.h - one attempt at a job's mailboxes: from the spool into the Maildirs.
//
// Before the content stand Return-Path, Delivered-To and the job's trace fields; the content itself
// comes out octet for octet, line ends aside.
// Deviation: RFC 5321 section 4.4 wants a Return-Path that the content already has removed. We
// leave what the sender wrote as it is (signatures cover it); readers take the first one, which is
// ours.
#pragma once

#include <string>

#include "common/base/clock.h"
#include "common/ipc/messages.pb.h"
#include "common/maildir/delivery.h"
#include "common/quota/rooms.h"
#include "deliverd/local/warning.h"

namespace postrider::deliverd {

// Where and how mail is stored.
struct MailStore {
  int directory = -1;  // descriptor of paths.mail
  std::string host;    // maildir::host_label()
  maildir::Sync sync = maildir::Sync::none;
  // A message that would take its mailbox beyond the quota is DEFERRED or FAILED.
  ipc::Outcome over_quota = ipc::DEFERRED;
  // Of mailboxes with a quota; where there are some, neither is null.
  quota::Rooms* rooms = nullptr;
  const Clock* clock = nullptr;
  const Warnings* warnings = nullptr;  // null: nobody is told how full a mailbox is
};

// Mailboxes that are written at once, from one reading of the content.
inline constexpr int kMailboxesAtOnce = 32;

// Delivers the content in `source_fd` to each recipient of `job` and says for each what came of it;
// one recipient's trouble does not touch the others. Blocks: for worker threads. With Sync::none
// the files are not durable yet.
//
//   DELIVERED 2.0.0  stored, now or by an earlier attempt
//   FAILED    5.4.6  a Delivered-To field of the content names the same mailbox: a loop
//   FAILED    5.1.3  the mailbox's name cannot be a directory (see maildir::mailbox_path)
//   DEFERRED  4.3.1  the disk is full
//   DEFERRED  4.2.2  the mailbox is over its quota, of the file system or of the directory, or its
//                    room is promised to others; or
//   FAILED    5.2.2  it is over that of the directory, where over_quota says so
//   FAILED    5.2.3  the message, as it would be stored, is larger than all of the quota
//   DEFERRED  4.3.0  any other trouble
//   CORRUPT   4.3.0  the content is not what its checksum says: nothing was stored
ipc::JobResult attempt_local(const ipc::Job& job, int source_fd, const MailStore& store);

}  // namespace postrider::deliverd
