// submission.h - hands one message to smtpd by its local socket and waits for its word.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"
#include "common/smtp/client_transaction.h"

namespace postrider::ctl {

// How long the server may be silent, or not read (RFC 5321 section 4.5.3.2).
inline constexpr std::chrono::seconds kSubmissionTimeout{300};

// Blocks. `socket` is the path of the socket of an smtpd. `own_name` is said in EHLO. `content` has
// CRLF lines. After `silence` the server is given up. An outcome for each recipient of
// `transaction`, or why no server could be asked (temporary).
Result<std::vector<smtp::RecipientOutcome>> submit(
    const std::string& socket, const std::string& own_name,
    const smtp::ClientTransaction& transaction, std::string_view content,
    std::chrono::milliseconds silence = kSubmissionTimeout);

}  // namespace postrider::ctl
