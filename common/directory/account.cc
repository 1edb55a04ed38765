#include "common/directory/account.h"

#include <fmt/format.h>

namespace postrider::directory {

Result<void> check(const MailboxRules& rules) {
  struct Row {
    std::string_view name;
    const MailboxRules::Number& number;
    std::uint64_t limit;
    std::string_view unit;
    std::string_view zero = "no limit";
  };
  for (const Row& row : {Row{"quota", rules.quota, kMaxQuota, "octets"},
                         Row{"quota_messages", rules.quota_messages, kMaxQuota, "messages"},
                         Row{"retention", rules.retention, kMaxDays, "days"},
                         Row{"trash", rules.trash, kMaxDays, "days", "no trash"}})
    if (row.number && *row.number > row.limit)
      return fail(ErrorKind::invalid, fmt::format("{} is at most {} {}, and 0 for {}", row.name,
                                                  row.limit, row.unit, row.zero));
  return {};
}

}  // namespace postrider::directory
