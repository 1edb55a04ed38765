// local_attempt_fixture.h - deliveries to mailboxes of a folder of their own.
#pragma once

#include <string>

#include <catch2/catch.hpp>

#include "deliverd/local/local_attempt.h"
#include "tests/unit/deliverd/local/source_file.h"
#include "tests/unit/maildir/mail_directory.h"

namespace postrider::deliverd::testing {

// What stands before the content of a job of SourceFile, for ann@t.
inline const std::string kTrace =
    "Return-Path: <sender@example.test>\nDelivered-To: ann@t\nReceived: from here\n\tby there\n";

struct AttemptFixture {
  ipc::JobResult attempt(const ipc::Job& job, const SourceFile& source) {
    return attempt_local(job, source.fd(),
                         {.directory = mail.fd(), .host = "mx.test", .sync = maildir::Sync::none});
  }
  // The only message of the mailbox `user`.
  std::string delivered(const std::string& user) {
    const auto folder = mail.path() / user / "Maildir/new";
    const auto names = files_in(folder);
    REQUIRE(names.size() == 1);
    return content_of(folder / names[0]);
  }

  MailDirectory mail;
};

}  // namespace postrider::deliverd::testing
