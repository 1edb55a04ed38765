// send_rights.h - as whom may a user send: the question that smtpd asks about those who log in.
//
// RFC 6409 section 6.1. An address is a user's where mail to it reaches the user's mailbox (the
// address itself, with a tag or without, and each alias that leads there), and where an
// administrator has granted it. Asynchronous, as directory.h is.
#pragma once

#include <string_view>

#include "common/base/pending.h"
#include "common/base/result.h"
#include "common/base/unique_function.h"

namespace postrider::directory {

class SendRights {
 public:
  SendRights() = default;
  SendRights(const SendRights&) = delete;
  SendRights& operator=(const SendRights&) = delete;
  virtual ~SendRights() = default;

  // Whether the user of `mailbox` may send as `address`; both are local-part@domain, the latter as
  // Directory::find_recipient() takes it. A directory that cannot answer is an Error of kind
  // temporary.
  [[nodiscard]] virtual PendingPtr find_send_right(std::string_view mailbox,
                                                   std::string_view address,
                                                   UniqueFunction<void(Result<bool>)> done) = 0;
};

}  // namespace postrider::directory
