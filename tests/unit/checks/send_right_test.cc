// As whom a user may send, and who may submit at all.
#include <catch2/catch.hpp>

#include "tests/unit/checks/facts.h"

using namespace postrider;
using namespace postrider::checks;

namespace {

// Ann has logged in and sends as herself.
struct User : checks::test::Stranger {
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

TEST_CASE("author_right: a From that names nobody or a crowd is refused, a missing one added",
          "[checks]") {
  User user;
  user.facts.authors.clear();
  CHECK(user.found(&author_right) == "550 5.7.1 the From field names no address");
  user.facts.authors.resize(kMaxAuthors + 1);
  CHECK(user.found(&author_right) == "550 5.7.1 From and Sender name more than 20 addresses");
  user.facts.header.single[kFrom] = 0;
  CHECK(user.found(&author_right).empty());
}

TEST_CASE("local_user: programs of users who are denied may not submit", "[checks]") {
  checks::test::Stranger s;
  CHECK(s.found(&local_user).empty());
  s.client = {.may_relay = true, .service = Service::own, .uid = 33};
  CHECK(s.found(&local_user).empty());
  s.client.may_relay = false;
  CHECK(s.found(&local_user) == "550 5.7.1 uid 33 may not submit mail");
}
