#include "common/message/cause.h"

#include <catch2/catch.hpp>

#include <set>
#include <string>

#include "common/message/cause_words.h"

namespace message_cause_test {

using namespace postrider::message;

namespace {

struct Case {
  std::string status, reply;
  Cause cause;
};

}  // namespace

TEST_CASE("message cause: plain words come before the status", "[message]") {
  const auto c = GENERATE(values<Case>({
      {"5.1.1", "550 5.1.1 user is over quota", Cause::mailbox_full},
      {"5.7.1", "553 Invalid recipient (mode: normal)", Cause::bad_address},
      {"5.0.0", "554 This user doesn't have an account here", Cause::bad_address},
      {"5.0.0", "550 Domain not found", Cause::bad_domain},
      {"5.2.1", "550 5.2.1 User Unknown", Cause::bad_address},
      {"5.0.0", "550 mailbox is disabled", Cause::mailbox_disabled},
      {"5.0.0", "552 Message size exceeds the limit of this server", Cause::too_large},
      {"5.0.0", "550 Sender address rejected: not logged in", Cause::bad_sender},
      {"5.7.1", "550 5.7.1 rejected per DMARC policy", Cause::authentication},
      {"5.1.1", "550 5.1.1 listed by dnsbl.example", Cause::reputation},
      {"4.0.0", "450 too many connections from your host", Cause::rate},
      {"4.7.1", "450 4.7.1 Greylisted, come back in 300 seconds", Cause::greylisted},
      {"5.0.0", "554 Relay access denied", Cause::relaying},
      {"5.7.1", "550 5.7.1 message contains a virus", Cause::content},
      {"5.7.0", "530 5.7.0 Must issue a STARTTLS command first", Cause::tls},
      {"4.0.0", "connection timed out", Cause::unreachable},
      {"5.0.0", "452 Insufficient disk space", Cause::system},
      {"5.0.0", "554 too many hops", Cause::loop},
  }));
  CAPTURE(c.status, c.reply);
  CHECK(name_of(cause_of(c.status, c.reply)) == name_of(c.cause));
}

TEST_CASE("message cause: names are no words", "[message]") {
  const auto c = GENERATE(values<Case>({
      {"4.4.1", "waiting for mx:greylist.test: connection timed out", Cause::unreachable},
      {"4.4.1", "waiting for mx:dmarc.spamhaus.test: connection refused", Cause::unreachable},
      {"4.7.5", "spamhaus-relay.test[192.0.2.1]: TLS failed: connection reset by peer", Cause::tls},
      {"4.4.3", "relay.test MX: no DNS server answered in time", Cause::dns},
      {"4.7.1", "waiting for mx:a.test: 450 4.7.1 Greylisted", Cause::greylisted},
  }));
  CAPTURE(c.status, c.reply);
  CHECK(name_of(cause_of(c.status, c.reply)) == name_of(c.cause));
}

TEST_CASE("message cause: the status comes before vague words", "[message]") {
  const auto c = GENERATE(values<Case>({
      {"5.1.1", "550 5.1.1 blocked", Cause::bad_address},
      {"5.2.2", "550 5.2.2 not allowed", Cause::mailbox_full},
      {"4.4.3", "DNS says nothing of x.test", Cause::dns},
      {"5.1.2", "550 5.1.2 no", Cause::bad_domain},
      {"5.1.10", "x.test takes no mail", Cause::bad_domain},
      {"5.1.8", "553 5.1.8 domain does not exist", Cause::bad_sender},
      {"5.4.6", "554 5.4.6 policy", Cause::loop},
      {"5.6.7", "SMTPUTF8 is not offered", Cause::unsupported},
      {"4.7.10", "450 4.7.10 no", Cause::tls},
  }));
  CAPTURE(c.status, c.reply);
  CHECK(name_of(cause_of(c.status, c.reply)) == name_of(c.cause));
}

TEST_CASE("message cause: what says little is still sorted", "[message]") {
  const auto c = GENERATE(values<Case>({
      {"5.0.0", "550 5.7.1 no", Cause::policy},
      {"5.0.0", "550 Access denied", Cause::policy},
      {"5.0.0", "554 Blocked - see our page", Cause::reputation},
      {"5.7.1", "554 5.7.1 Client host rejected", Cause::policy},
      {"4.3.0", "450 4.3.0 later", Cause::system},
      {"4.4.0", "later", Cause::unreachable},
      {"5.6.0", "554 5.6.0 no", Cause::content},
      {"5.0.0", "551 ask elsewhere", Cause::bad_address},
      {"5.0.0", "552 no", Cause::mailbox_full},
      {"4.0.0", "421 bye", Cause::system},
      {"5.0.0", "556 no", Cause::bad_domain},
  }));
  CAPTURE(c.status, c.reply);
  CHECK(name_of(cause_of(c.status, c.reply)) == name_of(c.cause));
}

TEST_CASE("message cause: nothing is made of what says nothing", "[message]") {
  const auto c = GENERATE(table<std::string, std::string>({
      {"", ""},
      {"5.0.0", ""},
      {"5.0.0", "550 5.0.0 no"},
      {"5.", "550"},
      {"garbage", "5"},
      {"5.0.0", "550 caspfisher nodnsbl preoverquota"},
      {"5.0.0", "550 <spam@dnsbl.user-unknown.test>... no"},
  }));
  CHECK(cause_of(std::get<0>(c), std::get<1>(c)) == Cause::unknown);
}

TEST_CASE("message cause: a status in the words counts more than the one beside them",
          "[message]") {
  CHECK(cause_of("5.0.0", "550 5.2.2 no") == Cause::mailbox_full);
  CHECK(cause_of("5.1.1", "550-5.2.2 no") == Cause::mailbox_full);
  CHECK(cause_of("5.1.1", "550 no") == Cause::bad_address);
}

TEST_CASE("message cause: words far behind are not looked for", "[message]") {
  std::string reply = "550 ";
  reply.append(kMaxWords, 'x');
  CHECK(cause_of("5.0.0", reply + " user unknown") == Cause::unknown);
}

TEST_CASE("message cause: every phrase can be found, and stands once", "[message]") {
  std::set<std::string_view> seen;
  const auto check = [&](std::span<const WordsCause> table) {
    for (const auto& [phrase, cause] : table) {
      CAPTURE(phrase);
      CHECK(phrase.front() == ' ');
      CHECK(phrase.find("  ") == std::string_view::npos);
      CHECK(phrase.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789 ") ==
            std::string_view::npos);
      CHECK(cause != Cause::unknown);
      CHECK(seen.insert(phrase).second);
    }
  };
  check(plain_words());
  check(vague_words());
}

TEST_CASE("message cause: no phrase is hidden by one before it", "[message]") {
  const auto words = plain_words();
  for (std::size_t i = 0; i < words.size(); ++i)
    for (std::size_t before = 0; before < i; ++before) {
      if (words[i].phrase.find(words[before].phrase) != std::string_view::npos)
        FAIL_CHECK(words[i].phrase << " behind" << words[before].phrase);
    }
}

}  // namespace message_cause_test
