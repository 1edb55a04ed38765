#include "common/checks/inquiry.h"

#include <algorithm>
#include <utility>

#include "common/base/ascii.h"
#include "common/checks/domain_mail.h"
#include "common/smtp/international_domain.h"

namespace postrider::checks {

void Inquiry::connect(bool early) {
  facts_.early = early;
  facts_.reverse = {};
  reverse_question_.reset();
  const bool known = !facts_.client.address.is_unspecified();
  if (!known || (needs_of(facts_.client, facts_.settings) & kReverseName) == 0) return;
  reverse_question_ = net::find_reverse_name(policy_.resolver(), facts_.client.address,
                                             [this](net::ReverseName name) {
                                               reverse_question_.reset();
                                               facts_.reverse = std::move(name);
                                               go_on();
                                             });
}

void Inquiry::begin(std::string_view helo, const smtp::Mailbox& sender,
                    std::uint64_t declared_size) {
  before_rcpt_.reset();
  room_.give_back();
  tags_.clear();
  largest_mailbox_ = 0;
  unlimited_ = false;
  facts_.helo = helo;
  facts_.sender = sender;
  facts_.declared_size = declared_size;
  facts_.sender_mail = DomainMail::temporary;
  facts_.sender_is_ours = false;
  facts_.sender_right = SendRight::unknown;
  mail_question_.reset();
  sender_question_.reset();
  right_question_.reset();
  const Needs needs = needs_of(facts_.client, facts_.settings);
  if (needs != 0 && !sender.is_null()) ask_for_sender(needs);
}

void Inquiry::ask_for_sender(Needs needs) {
  const smtp::Mailbox& sender = facts_.sender;
  if ((needs & kSenderMail) != 0 && !smtp::is_address_literal(sender.domain))
    mail_question_ =
        find_domain_mail(policy_.resolver(), to_lower(sender.domain), [this](DomainMail mail) {
          mail_question_.reset();
          facts_.sender_mail = mail;
          go_on();
        });
  // A directory that is away is told of at RCPT.
  if ((needs & kSenderAnswer) != 0)
    sender_question_ = policy_.find(sender, [this](const Policy::Answer& answer) {
      sender_question_.reset();
      facts_.sender_is_ours = answer && answer->kind != directory::RecipientAnswer::Kind::foreign;
      go_on();
    });
  if ((needs & kSenderRight) != 0)
    right_question_ = policy_.find_send_right(facts_.client.user, sender, [this](SendRight right) {
      right_question_.reset();
      facts_.sender_right = right;
      go_on();
    });
}

void Inquiry::judge_recipient(const smtp::Mailbox& recipient, Judged done) {
  judged_ = std::move(done);
  facts_.recipient = recipient;
  facts_.route = policy_.route_of(recipient, facts_.sender.str(), facts_.client.user);
  recipient_question_ = policy_.find(recipient, [this](Policy::Answer answer) {
    recipient_question_.reset();
    const bool here = answer && facts_.route == nullptr;
    facts_.room = room_.ask(here ? *answer : directory::RecipientAnswer{}, facts_.declared_size,
                            facts_.client.stranger() ? RoomPromises::Hold::from_the_end
                                                     : RoomPromises::Hold::from_rcpt);
    facts_.answer = std::move(answer);
    go_on();
  });
  if (!awaits_dns()) return;
  if (!patience_) patience_.emplace(policy_.loop(), [this] { give_up_dns(); });
  patience_->arm(facts_.settings.checks.dns_timeout);
}

void Inquiry::give_up_dns() {
  reverse_question_.reset();
  mail_question_.reset();
  go_on();
}

// Judges when somebody waits for it and all is known.
void Inquiry::go_on() {
  if (!judged_ || recipient_question_ || sender_question_ || right_question_ || awaits_dns())
    return;
  if (patience_) patience_->disarm();
  if (!before_rcpt_) before_rcpt_ = judge(policy_.order(), Stage::connect, Stage::mail, facts_);
  Verdicts verdicts = *before_rcpt_;
  for (Verdict& verdict : verdicts) verdict.action = action_for(facts_, verdict.action);
  for (Verdict& verdict : judge(policy_.order(), Stage::rcpt, Stage::rcpt, facts_))
    verdicts.push_back(std::move(verdict));
  if (decisive(verdicts) == nullptr) {
    keep_tags(verdicts);
    const std::uint64_t limit = mailbox_limit(facts_);
    largest_mailbox_ = std::max(largest_mailbox_, limit);
    unlimited_ = unlimited_ || limit == 0;
  } else {
    room_.give_back_last();
  }
  auto judged = std::exchange(judged_, {});
  judged(verdicts);
}

std::optional<std::uint64_t> Inquiry::largest_mailbox() const noexcept {
  if (unlimited_) return std::nullopt;
  return largest_mailbox_;
}

Verdicts Inquiry::judge_data(std::size_t recipients, bool impatient) {
  const bool asked = (needs_of(facts_.client, facts_.settings) & kAuthorRights) != 0;
  header_.emplace(asked ? HeaderSurvey::Authors::keep : HeaderSurvey::Authors::ignore);
  facts_.header = {};
  facts_.authors.clear();
  author_questions_.clear();
  facts_.recipients = recipients;
  facts_.impatient = impatient;
  return judge_stage(Stage::data);
}

Verdicts Inquiry::read(std::string_view content) {
  if (!header_) return {};
  header_->feed(content);
  const bool too_long = header_->facts().octets > facts_.settings.smtpd.header_limit;
  return header_->over() || too_long ? end_header() : Verdicts{};
}

std::optional<Verdicts> Inquiry::finish(Judged later) {
  Verdicts verdicts;
  if (header_) {
    header_->finish();
    verdicts = end_header();
  }
  if (author_questions_.empty()) return verdicts;
  if (authors_awaited_ == 0) return judge_authored();
  end_judged_ = std::move(later);
  return std::nullopt;
}

Verdicts Inquiry::end_header() {
  const bool whole = header_->over();
  facts_.header = header_->facts();
  header_.reset();
  for (const std::string& address : facts_.header.authors) facts_.authors.push_back({address});
  if (whole) ask_for_authors();
  return author_questions_.empty() ? judge_stage(Stage::end) : Verdicts{};
}

void Inquiry::ask_for_authors() {
  if (facts_.authors.size() > kMaxAuthors) return;
  authors_awaited_ = 0;
  for (Author& author : facts_.authors) {
    auto mailbox = smtp::parse_mailbox(author.address, smtp::Charset::utf8);
    // As MAIL has it; what is no domain is nobody's.
    if (mailbox && !is_all_ascii(mailbox->domain)) {
      auto domain = smtp::to_a_labels(mailbox->domain);
      if (domain) {
        mailbox->domain = std::move(*domain);
      } else {
        mailbox.reset();
      }
    }
    author.right = mailbox ? SendRight::unknown : SendRight::denied;
    if (!mailbox) continue;
    ++authors_awaited_;
    author_questions_.push_back(
        policy_.find_send_right(facts_.client.user, *mailbox, [this, &author](SendRight right) {
          author.right = right;
          if (--authors_awaited_ > 0 || !end_judged_) return;
          auto judged = std::exchange(end_judged_, {});
          judged(judge_authored());
        }));
  }
}

Verdicts Inquiry::judge_authored() {
  author_questions_.clear();
  return judge_stage(Stage::end);
}

Verdicts Inquiry::judge_stage(Stage stage) {
  Verdicts verdicts = judge(policy_.order(), stage, stage, facts_);
  if (decisive(verdicts) == nullptr) keep_tags(verdicts);
  return verdicts;
}

// Each check once, whatever it says of further recipients.
void Inquiry::keep_tags(const Verdicts& verdicts) {
  for (const Verdict& verdict : verdicts)
    if (std::none_of(tags_.begin(), tags_.end(),
                     [&](const Verdict& kept) { return kept.check == verdict.check; }))
      tags_.push_back(verdict);
}

void Inquiry::cancel() {
  room_.give_back();
  judged_ = {};
  end_judged_ = {};
  patience_.reset();
  reverse_question_.reset();
  mail_question_.reset();
  sender_question_.reset();
  recipient_question_.reset();
  right_question_.reset();
  author_questions_.clear();
}

}  // namespace postrider::checks
