// Any messages of a client, to each mechanism: the exchange ends, and nobody proves a password that
// is not known. The first octet chooses the mechanism; a line is a message.
#include <string>

#include "common/base/check.h"
#include "common/base/overloaded.h"
#include "common/sasl/server_exchange.h"

using namespace postrider;
using namespace postrider::sasl;

namespace {

constexpr const char* kSalt = "salt of 16 octets";

std::string take_line(std::string_view& text) {
  const std::size_t end = std::min(text.find('\n'), text.size());
  std::string line(text.substr(0, end));
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

// True: the exchange is over.
bool is_over(const Step& step, const ServerExchange& exchange) {
  return std::visit(
      Overloaded{
          [](const Challenge&) { return false; },
          [](const AskKeys&) { return false; },
          [&](const AskPassword& ask) {
            POSTRIDER_CHECK(!ask.user.empty() && ask.user == exchange.user());
            POSTRIDER_CHECK(ask.password.reveal().find('\0') == std::string_view::npos);
            return true;
          },
          [](const Proven&) {
            POSTRIDER_CHECK(false);
            return true;
          },
          [](const Refused&) { return true; },
      },
      step);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  if (size == 0) return 0;
  static const ScramKeys kKeys = *derive_scram_keys(Secret("unguessable"), kSalt, 2);
  std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const bool bound = (data[0] & 4U) != 0;
  const auto mechanism = static_cast<Mechanism>(data[0] & 3U);
  ServerExchange exchange(mechanism, {.tls_exporter = bound ? "bound" : "", .tls_unique = {}});
  Step step = exchange.begin(Secret(take_line(text)));
  for (unsigned answers = 0; !is_over(step, exchange); ++answers) {
    POSTRIDER_CHECK(answers < 4);
    step = std::holds_alternative<AskKeys>(step) ? exchange.on_keys({kSalt, 2, {kKeys}})
                                                 : exchange.on_response(Secret(take_line(text)));
  }
  return 0;
}
