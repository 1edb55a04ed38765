// A journal of deletions: what is whole is read the same again, alone, and torn anywhere it says no
// more than before.
#include "common/base/check.h"
#include "common/maildir/deletions.h"

using namespace postrider;

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto read = maildir::parse_deletions(text, "boot");
  POSTRIDER_CHECK(read.whole <= size);
  const auto again = maildir::parse_deletions(text.substr(0, read.whole), "boot");
  POSTRIDER_CHECK(again.whole == read.whole && again.batches.size() == read.batches.size());
  static_cast<void>(maildir::holds(read, text.substr(0, 64)));
  // The input as the base of a message: it is found, whatever it is, and nothing behind it.
  const std::string entry = maildir::entry_of(text);
  const std::string batch = maildir::compose_batch(7, 1, entry + "\n");
  const std::string torn = batch + "delete torn";
  const auto written = maildir::parse_deletions(torn, "boot");
  POSTRIDER_CHECK(written.whole == batch.size() && written.batches.size() == 1);
  POSTRIDER_CHECK(maildir::holds(written, text));
  return 0;
}
