#include "tests/crash/ledger.h"

#include <algorithm>

#include <fmt/format.h>

#include "tests/crash/recorder.h"

namespace postrider::crash {

std::size_t Ledger::add(std::vector<std::string> recipients, std::size_t octets) {
  const std::size_t number = letters_.size();
  std::string content = fmt::format("From: <{}>\r\nLetter: {}.\r\n\r\n", kSender, number);
  for (std::size_t line = 0; content.size() < octets; ++line)
    content += fmt::format("Letter {}, line {}: all that was written is here\r\n", number, line);
  for (std::string& recipient : recipients)
    if (recipient.starts_with("never@") || recipient.starts_with("told@"))
      recipient.insert(recipient.find('@'), fmt::format("-{}", number));
  letters_.push_back({.recipients = std::move(recipients), .content = std::move(content)});
  return number;
}

void Ledger::note(Fact::Kind kind, std::size_t letter, std::string recipient) {
  facts_.push_back({kind, letter, std::move(recipient), Recorder::instance().position()});
}

std::size_t Ledger::count(Fact::Kind kind, std::size_t letter, const std::string& recipient) const {
  return static_cast<std::size_t>(
      std::count_if(facts_.begin(), facts_.end(), [&](const Fact& fact) {
        return fact.kind == kind && fact.letter == letter &&
               (recipient.empty() || fact.recipient == recipient);
      }));
}

void Ledger::forget(Fact::Kind kind) {
  std::erase_if(facts_, [kind](const Fact& fact) { return fact.kind == kind; });
}

void Ledger::begin_life() {
  for (Fact& fact : facts_) fact.position = 0;
}

Ledger Ledger::at(std::size_t position) const {
  Ledger then = *this;
  std::erase_if(then.facts_, [position](const Fact& fact) { return fact.position > position; });
  return then;
}

}  // namespace postrider::crash
