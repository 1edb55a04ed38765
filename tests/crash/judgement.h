// judgement.h - whether all that was promised was kept, once nothing is left to be done.
//
//   accepted   is in each local mailbox once, and whole; was taken by each other server at least
//              once; what cannot be delivered was reported, once, and so was a delivery of which
//              the sender wanted to be told
//   refused    is nowhere
//   neither    (the client saw no reply) is in a local mailbox once or not at all
//   deleting   may be as accepted, or gone
//   deleted    no other server gets it after that
#pragma once

#include <string>
#include <vector>

#include "tests/crash/ledger.h"

namespace postrider::crash {

// What a POP3 client would see in the mailbox of `address`, or why it cannot.
struct Maildrop {
  std::vector<std::string> messages;
  std::size_t skipped = 0;  // torn files, which are not shown
  std::string trouble;
};
Maildrop read_maildrop(const std::string& root, const std::string& address);

// Each promise that was broken, a line each.
std::string judge(const std::string& root, const Ledger& ledger);

// What a client must never see, whenever it looks: a damaged message, or one twice.
std::string judge_maildrops(const std::string& root, const Ledger& ledger);

}  // namespace postrider::crash
