#include "tests/crash/judgement.h"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "common/maildir/mailbox.h"
#include "tests/crash/world.h"

namespace postrider::crash {

namespace {

using Kind = Fact::Kind;

bool is_local(const std::string& address) { return address.ends_with("@local.test"); }
bool is_hopeless(const std::string& address) { return address.starts_with("never-"); }
// Its sender wants to be told of the delivery.
bool is_told(const std::string& address) { return address.starts_with("told-"); }

// The message as it stands in a mailbox.
std::string delivered(const Letter& letter, const std::string& recipient) {
  return fmt::format("Return-Path: <{}>\r\nDelivered-To: {}\r\n{}", kSender, recipient,
                     letter.content);
}

bool is_report(const std::string& message) { return message.starts_with("Return-Path: <>\r\n"); }

bool reports(const std::string& message, const std::string& recipient) {
  return is_report(message) && message.ends_with("--\r\n") &&
         message.find(fmt::format("Final-Recipient: rfc822; {}\r\n", recipient)) !=
             std::string::npos;
}

std::map<std::string, Maildrop> read_all(const std::string& root, const Ledger& ledger) {
  std::map<std::string, Maildrop> maildrops{{kSender, read_maildrop(root, kSender)}};
  for (const Letter& letter : ledger.letters())
    for (const std::string& recipient : letter.recipients)
      if (is_local(recipient) && !maildrops.contains(recipient))
        maildrops.emplace(recipient, read_maildrop(root, recipient));
  return maildrops;
}

class Judge {
 public:
  Judge(const std::string& root, const Ledger& ledger)
      : ledger_(ledger), maildrops_(read_all(root, ledger)) {}

  void judge_maildrops() {
    for (const auto& [address, maildrop] : maildrops_) {
      if (!maildrop.trouble.empty()) blame("{}: {}", address, maildrop.trouble);
      std::set<std::string> seen;
      for (const std::string& message : maildrop.messages) {
        if (!seen.insert(message).second) blame("{} has a message twice:\n{}", address, message);
        if (!is_known(message, address)) blame("{} has a damaged message:\n{}", address, message);
      }
    }
  }

  void judge_letters() {
    // A torn file goes with the next attempt; there is none where an operator has deleted the
    // message.
    std::size_t deletions = 0;
    for (std::size_t i = 0; i < ledger_.letters().size(); ++i)
      deletions += ledger_.count(Kind::deleting, i) > 0 ? 1U : 0U;
    for (const auto& [address, maildrop] : maildrops_)
      if (maildrop.skipped > deletions)
        blame("{} torn files stay with {}", maildrop.skipped, address);
    for (std::size_t i = 0; i < ledger_.letters().size(); ++i) {
      if (ledger_.count(Kind::deleted, i) > 0) judge_deleted(i);
      const bool deleting =
          ledger_.count(Kind::deleting, i) > 0 && ledger_.count(Kind::wanted, i) == 0;
      const bool accepted = ledger_.count(Kind::accepted, i) > 0;
      const bool refused = ledger_.count(Kind::refused, i) > 0;
      for (const std::string& recipient : ledger_.letters()[i].recipients) {
        const std::size_t n = fates(i, recipient);
        const bool remote = !is_local(recipient) && !is_hopeless(recipient);
        if (accepted && n == 0 && !deleting) blame("letter {} never came to {}", i, recipient);
        if (refused && n > 0) blame("letter {} was refused and came to {}", i, recipient);
        if (n > 1 && !remote) blame("letter {} came to {} {} times", i, recipient, n);
        const std::size_t told = is_told(recipient) ? reports_on(recipient) : n;
        if (told != n) blame("letter {} came to {} and {} reports say so", i, recipient, told);
      }
    }
  }

  std::string verdict() { return std::move(verdict_); }

 private:
  template <typename... Values>
  void blame(fmt::format_string<Values...> text, Values&&... values) {
    verdict_ += fmt::format(text, std::forward<Values>(values)...) + '\n';
  }

  bool is_known(const std::string& message, const std::string& address) const {
    for (std::size_t i = 0; i < ledger_.letters().size(); ++i) {
      const Letter& letter = ledger_.letters()[i];
      if (message == delivered(letter, address)) return true;
      for (const std::string& recipient : letter.recipients)
        if ((is_hopeless(recipient) || is_told(recipient)) && reports(message, recipient))
          return true;
    }
    return false;
  }

  // How often a recipient met its fate.
  std::size_t fates(std::size_t i, const std::string& recipient) const {
    const Letter& letter = ledger_.letters()[i];
    if (is_hopeless(recipient)) return reports_on(recipient);
    if (!is_local(recipient)) return ledger_.count(Kind::relayed, i, recipient);
    const auto& messages = maildrops_.at(recipient).messages;
    return static_cast<std::size_t>(
        std::count(messages.begin(), messages.end(), delivered(letter, recipient)));
  }

  std::size_t reports_on(const std::string& recipient) const {
    const auto& messages = maildrops_.at(kSender).messages;
    return static_cast<std::size_t>(
        std::count_if(messages.begin(), messages.end(),
                      [&](const auto& message) { return reports(message, recipient); }));
  }

  void judge_deleted(std::size_t i) {
    const auto& facts = ledger_.facts();
    const auto of_letter = [i](Kind kind) {
      return [i, kind](const Fact& fact) { return fact.kind == kind && fact.letter == i; };
    };
    const auto deleted = std::find_if(facts.begin(), facts.end(), of_letter(Kind::deleted));
    if (std::any_of(deleted, facts.end(), of_letter(Kind::relayed)))
      blame("letter {} was relayed after it was deleted", i);
  }

  const Ledger& ledger_;
  const std::map<std::string, Maildrop> maildrops_;
  std::string verdict_;
};

}  // namespace

Maildrop read_maildrop(const std::string& root, const std::string& address) {
  Maildrop maildrop;
  const auto mailbox = maildir::Mailbox::open(mail_of(root), address, WallTime());
  if (!mailbox) return {.trouble = mailbox.error().text};
  maildrop.skipped = (*mailbox)->skipped();
  for (std::size_t i = 0; i < (*mailbox)->listing().size(); ++i) {
    auto reader = (*mailbox)->read(i, std::nullopt);
    if (!reader) return {.trouble = reader.error().text};
    std::string& message = maildrop.messages.emplace_back();
    while (true) {
      const auto portion = reader->next();
      if (!portion) return {.trouble = portion.error().text};
      message += portion->wire;
      if (portion->last) break;
    }
  }
  return maildrop;
}

std::string judge(const std::string& root, const Ledger& ledger) {
  Judge judge(root, ledger);
  judge.judge_maildrops();
  judge.judge_letters();
  return judge.verdict();
}

std::string judge_maildrops(const std::string& root, const Ledger& ledger) {
  Judge judge(root, ledger);
  judge.judge_maildrops();
  return judge.verdict();
}

}  // namespace postrider::crash
