// As whom a user may send, and who may submit at all.
#include <catch2/catch.hpp>

#include "tests/unit/checks/facts.h"

namespace checks_send_right_test {

using namespace postrider;
using namespace postrider::checks;

namespace {

// Ann has logged in and sends as herself.
struct User : checks::testing::Stranger {
  User() {
    client = {.may_relay = true, .service = Service::own, .user = "ann@here.test"};
    facts.sender = {"ann", "here.test"};
    facts.sender_right = SendRight::granted;
    facts.authors = {{"ann@here.test", SendRight::granted}};
  }
};

}  // namespace

TEST_CASE("sender_right: the sender is the user's, or there is none", "[checks]") {
  User user;
  CHECK(user.found(&sender_right).empty());
  user.facts.sender_right = SendRight::denied;
  CHECK(user.found(&sender_right) == "553 5.7.1 ann@here.test may not send as ann@here.test");
  user.facts.sender_right = SendRight::unknown;
  CHECK(user.found(&sender_right) == "451 4.3.0 cannot look up the sender now, try again");
  user.facts.sender = {};
  CHECK(user.found(&sender_right).empty());
}

TEST_CASE("author_right: all whom the header names are the user's", "[checks]") {
  User user;
  CHECK(user.found(&author_right).empty());
  user.facts.authors.push_back({"boss@here.test", SendRight::unknown});
  CHECK(user.found(&author_right) == "451 4.3.0 cannot look up the author now, try again");
  user.facts.authors.push_back({"ben@here.test", SendRight::denied});
  CHECK(user.found(&author_right) == "550 5.7.1 ann@here.test may not send as ben@here.test");
}

TEST_CASE("author_right: who cannot be read for certain is refused, and a crowd", "[checks]") {
  User user;
  user.facts.header.authors_unclear = true;
  CHECK(user.found(&author_right) ==
        "550 5.7.1 From or Sender stands twice, or is no list of addresses");
  user.facts.header.authors_unclear = false;
  user.facts.authors.resize(kMaxAuthors + 1);
  CHECK(user.found(&author_right) == "550 5.7.1 From and Sender name more than 20 addresses");
}

TEST_CASE("author_right: a Sender without From is looked at, and no author is none", "[checks]") {
  User user;
  user.facts.header.single[kFrom] = 0;
  user.facts.authors = {{"ben@here.test", SendRight::denied}};
  CHECK(user.found(&author_right) == "550 5.7.1 ann@here.test may not send as ben@here.test");
  user.facts.authors.clear();
  CHECK(user.found(&author_right).empty());
}

TEST_CASE("submitted_header: each line of a submitted header belongs to a field", "[checks]") {
  User user;
  CHECK(user.found(&submitted_header).empty());
  user.facts.header.misfits = 1;
  CHECK(user.found(&submitted_header) == "550 5.6.0 a line of the header belongs to no field");
  user.client = {.service = Service::own, .uid = 33};
  CHECK_FALSE(user.found(&submitted_header).empty());
  checks::testing::Stranger stranger;
  stranger.facts.header.misfits = 1;
  CHECK(stranger.found(&submitted_header).empty());
}

TEST_CASE("local_user: programs of users who are denied may not submit", "[checks]") {
  checks::testing::Stranger s;
  CHECK(s.found(&local_user).empty());
  s.client = {.may_relay = true, .service = Service::own, .uid = 33};
  CHECK(s.found(&local_user).empty());
  s.client.may_relay = false;
  CHECK(s.found(&local_user) == "550 5.7.1 uid 33 may not submit mail");
}

}  // namespace checks_send_right_test
