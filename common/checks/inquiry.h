// inquiry.h - finds out what the checks of one session need to know, and has them judge.
//
// Only what an enabled check needs is asked for: the name of the address from the start of the
// connection, the sender's domain from MAIL on, the recipient at RCPT, where all of it is awaited,
// for at most checks.dns_timeout. What is not known by then is not known: DomainMail::temporary,
// ReverseName::Status::temporary.
//
//   connect()   begin() .. judge_recipient() .. judge_data() .. read() .. finish()   begin() ..
//
// As whom a user may send is asked for in the same way: the sender from MAIL on, the authors that
// the header names once it is known, for which finish() waits.
#pragma once

#include <optional>
#include <vector>

#include "common/checks/check.h"
#include "common/checks/policy.h"
#include "common/checks/room_promises.h"

namespace postrider::checks {

class Inquiry {
 public:
  // What speaks against the recipient, client and sender included; valid for the call.
  using Judged = UniqueFunction<void(const Verdicts&)>;

  // Both outlive the Inquiry. `client` may come to be trusted (by a login) between messages.
  Inquiry(Policy& policy, const Client& client)
      : policy_(policy), facts_(policy.settings(), client), room_(policy) {}
  Inquiry(const Inquiry&) = delete;
  Inquiry& operator=(const Inquiry&) = delete;

  // Connected, or speaking for another client now. `early`: it spoke before the greeting.
  void connect(bool early);
  // MAIL: forgets the message before. `helo` is the name of EHLO or HELO.
  void begin(std::string_view helo, const smtp::Mailbox& sender, std::uint64_t declared_size = 0);
  // RCPT. `done` runs on the loop, never inside the call; not after cancel(). One at a time.
  void judge_recipient(const smtp::Mailbox& recipient, Judged done);
  // DATA or the first BDAT. `impatient`: the client pipelined where it may not.
  Verdicts judge_data(std::size_t recipients, bool impatient);
  // The next piece of the content, and its end: judges once, when the header is over or too long,
  // and what has to be asked for is known. `later` runs on the loop where nothing is returned; not
  // after cancel().
  Verdicts read(std::string_view content);
  std::optional<Verdicts> finish(Judged later);
  // Nobody waits for an answer any more.
  void cancel();

  // The verdicts with which the message is accepted.
  const Verdicts& tags() const noexcept { return tags_; }
  // Of the mailboxes of the recipients that were accepted, how large the largest may be; nothing
  // where one of them has no limit that is known.
  std::optional<std::uint64_t> largest_mailbox() const noexcept;
  // The room in the mailboxes of the recipients that were accepted: whoever carries out the message
  // tells it of its end. Given back by begin(), and by cancel().
  RoomPromises& room() noexcept { return room_; }
  // What is known by now.
  const Facts& facts() const noexcept { return facts_; }

 private:
  void ask_for_sender(Needs needs);
  bool awaits_dns() const noexcept { return reverse_question_ || mail_question_; }
  void go_on();
  void give_up_dns();
  void keep_tags(const Verdicts& verdicts);
  Verdicts judge_stage(Stage stage);
  Verdicts end_header();
  void ask_for_authors();
  Verdicts judge_authored();

  Policy& policy_;
  Facts facts_;
  RoomPromises room_;
  std::optional<HeaderSurvey> header_;   // from DATA on, until it is over
  std::optional<Verdicts> before_rcpt_;  // of the stages up to MAIL, once they were judged
  Verdicts tags_;
  std::uint64_t largest_mailbox_ = 0;
  bool unlimited_ = true;       // one of the recipients that were accepted is
  Judged judged_, end_judged_;  // while somebody waits
  PendingPtr reverse_question_, mail_question_, sender_question_, recipient_question_,
      right_question_;
  std::vector<PendingPtr> author_questions_;
  std::size_t authors_awaited_ = 0;
  std::optional<event::Timer> patience_;  // there once DNS was awaited
};

}  // namespace postrider::checks
