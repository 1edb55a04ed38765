// The name of a message file: its parts lie within it, it has a unique-id that POP3 can tell, and a
// unique-id that it is given comes out again.
#include <algorithm>

#include "common/base/check.h"
#include "common/maildir/file_name.h"

using namespace postrider;

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto name = maildir::FileName::parse(text);
  POSTRIDER_CHECK(name.stem.size() + name.flags.size() == size);
  POSTRIDER_CHECK(name.stem.starts_with(name.base));
  const std::string id = maildir::unique_id(name);
  POSTRIDER_CHECK(!id.empty() && id.size() <= 70);
  POSTRIDER_CHECK(std::all_of(id.begin(), id.end(), [](char c) { return c > ' ' && c < '\x7f'; }));
  const auto within = maildir::unique_id_within(name);
  POSTRIDER_CHECK(within.empty() || within == id);
  const std::string stem = maildir::with_unique_id(name, id);
  const auto given = maildir::FileName::parse(stem);
  POSTRIDER_CHECK(given.base == name.base);
  POSTRIDER_CHECK(maildir::unique_id(given) == id);
  POSTRIDER_CHECK(maildir::same_message(name.base, given.base));
  return 0;
}
