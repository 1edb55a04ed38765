// notice.h - the part of a report that a person reads: what happened to which address, why, what to
// do now and whom to ask; then the words of the server.
#pragma once

#include <string>

#include "common/message/report.h"

namespace postrider::message {

// Text in CRLF lines of at most 78 characters where words allow it; UTF-8. Recipients of one cause
// stand together, and words that came for many of them stand once.
std::string notice(const ReportRequest& request);

}  // namespace postrider::message
