// libFuzzer driver: any bytes at all to a POP3 session that offers all it can: STLS, APOP, AUTH. A
// 0xff octet makes the owner's answers fail from there on.
#include <cstdint>

#include "tests/unit/pop3d/fake_owner.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  FakeOwner owner({"Subject: one\n\n.dot\n", "no end"}, {.user = "ann", .password = "secret"});
  owner.portion_octets = 7;
  owner.binding = postrider::sasl::Binding::possible;
  postrider::pop3d::Session session({.hostname = "mx.test",
                                     .plaintext = postrider::pop3d::Plaintext::allowed,
                                     .bad_command_limit = 20,
                                     .tls = postrider::pop3d::Tls::starttls,
                                     .apop_timestamp = "<1@mx.test>",
                                     .login_delay = std::chrono::seconds{1}});
  const std::size_t trouble = input.find('\xff');
  // A first line alone, as STLS ends the session when something follows it.
  const std::size_t line = input.starts_with("STLS\r\n") ? 6 : 0;
  session.on_bytes(input.substr(0, line));
  owner.drain(session);
  session.on_bytes(
      input.substr(line, trouble == std::string_view::npos ? trouble : trouble - line));
  owner.drain(session);
  if (trouble == std::string_view::npos) return 0;
  owner.portions_before_trouble = 1;
  owner.failures_to_remove = 1;
  owner.refuse_login = postrider::pop3d::LoginRefusal::too_soon;
  session.on_bytes(input.substr(trouble + 1));
  owner.drain(session);
  return 0;
}
