// What is rewritten is an address, and stands for the same sender again; what was not rewritten
// here stands for nobody.
#include <chrono>

#include "common/base/check.h"
#include "common/routing/srs.h"
#include "common/smtp/address.h"

using namespace postrider;
using routing::Srs;

namespace {

Srs scheme() {
  std::vector<Secret> secrets;
  secrets.emplace_back(std::string("secret"));
  return {std::move(secrets), "our.test", std::chrono::hours(24 * 21)};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  static const Srs srs = scheme();
  constexpr WallTime kNow{std::chrono::seconds(1'795'293'498)};
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  static_cast<void>(srs.reverse(text, kNow));
  const std::string rewritten = srs.rewrite(text, kNow);
  if (rewritten == text) return 0;
  POSTRIDER_CHECK(Srs::is_rewritten(rewritten, "our.test"));
  POSTRIDER_CHECK(smtp::parse_mailbox(rewritten, smtp::Charset::utf8));
  const auto sender = srs.reverse(rewritten, kNow);
  POSTRIDER_CHECK(sender.has_value());
  // Of SRS1 the separators and the first host's way of writing may be another.
  if (rewritten.starts_with("SRS0")) POSTRIDER_CHECK(*sender == text);
  return 0;
}
