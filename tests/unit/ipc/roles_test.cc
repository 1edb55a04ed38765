#include "common/ipc/roles.h"

#include <unistd.h>

#include <catch2/catch.hpp>

namespace ipc_roles_test {

using namespace postrider;
using ipc::Roles;

TEST_CASE("roles: a daemon's user speaks in that daemon's role alone", "[ipc]") {
  const Roles roles({{7, ipc::SMTPD}, {8, ipc::ADMIN, false}});
  CHECK(roles.may_connect(7));
  CHECK(roles.may_be(7, ipc::SMTPD));
  for (const ipc::Role other : {ipc::DELIVERD_LOCAL, ipc::DELIVERD_REMOTE, ipc::ADMIN})
    CHECK_FALSE(roles.may_be(7, other));
  CHECK_FALSE(roles.may_change(7));
  CHECK(roles.may_be(8, ipc::ADMIN));
  CHECK_FALSE(roles.may_change(8));
  CHECK_FALSE(roles.may_connect(9));
}

TEST_CASE("roles: root and who runs queued may say everything", "[ipc]") {
  const Roles roles = Roles::of_host();
  for (const unsigned uid : {0U, unsigned{::geteuid()}}) {
    CHECK(roles.may_change(uid));
    for (const ipc::Role role : {ipc::SMTPD, ipc::DELIVERD_LOCAL, ipc::DELIVERD_REMOTE, ipc::ADMIN})
      CHECK(roles.may_be(uid, role));
    CHECK_FALSE(roles.may_be(uid, ipc::UNKNOWN_ROLE));
  }
}

}  // namespace ipc_roles_test
