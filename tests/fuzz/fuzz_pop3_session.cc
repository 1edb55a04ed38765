// libFuzzer driver: any bytes at all to a POP3 session. A 0xff octet makes the owner's answers fail
// from there on.
#include <cstdint>

#include "tests/unit/pop3d/fake_owner.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  FakeOwner owner({"Subject: one\n\n.dot\n", "no end"}, {.user = "ann", .password = "secret"});
  owner.portion_octets = 7;
  postrider::pop3d::Session session({.hostname = "mx.test",
                                     .plaintext = postrider::pop3d::Plaintext::allowed,
                                     .bad_command_limit = 20});
  const std::size_t trouble = input.find('\xff');
  session.on_bytes(input.substr(0, trouble));
  owner.drain(session);
  if (trouble == std::string_view::npos) return 0;
  owner.portions_before_trouble = 1;
  owner.failures_to_remove = 1;
  session.on_bytes(input.substr(trouble + 1));
  owner.drain(session);
  return 0;
}
