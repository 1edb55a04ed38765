// The lists of unique-ids of other servers: an octet that says whose it is, a line with the format
// of the ids, and the list. What is read is by the bases of file names, and no larger than it was.
#include "common/base/check.h"
#include "common/maildir/file_name.h"
#include "common/maildir/foreign_list.h"

using namespace postrider;

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (text.empty()) return 0;
  const std::size_t end = std::min(text.find('\n'), size - 1);
  const auto format = maildir::UidlFormat::parse(text.substr(1, std::max<std::size_t>(end, 1) - 1));
  const std::string_view list = text.substr(end + 1);
  const bool dovecot = text[0] == 'd';
  if (dovecot && !format) return 0;
  const auto read =
      dovecot ? maildir::read_dovecot_list(list, *format) : maildir::read_courier_list(list);
  if (!read) return 0;
  POSTRIDER_CHECK(read->ids.size() <= list.size());
  for (const auto& [base, id] : read->ids)
    POSTRIDER_CHECK(maildir::FileName::parse(base).base == base);
  return 0;
}
