// reports.h - telling the sender: composes a report and puts it into the spool as any other
// message.
#pragma once

#include <cstdint>
#include <vector>

#include "common/base/pending.h"
#include "common/base/result.h"
#include "common/base/unique_function.h"
#include "queued/message.h"

namespace postrider::queued {

class Reports {
 public:
  using Done = UniqueFunction<void(Result<void>)>;

  Reports() = default;
  Reports(const Reports&) = delete;
  Reports& operator=(const Reports&) = delete;
  virtual ~Reports() = default;

  // Reports on these recipients (by index) of `message`, to its sender; where that is <>, to the
  // postmaster. `done` runs on the loop once the report is durable, or was not written. `message`
  // is valid during the call alone.
  [[nodiscard]] virtual PendingPtr send(const Message& message, ReportKind kind,
                                        const std::vector<std::uint32_t>& recipients,
                                        WallTime expires, Done done) = 0;
};

}  // namespace postrider::queued
