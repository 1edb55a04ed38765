#include "common/auth/attempts.h"

namespace postrider::auth {

void Attempts::note(const Attempt& attempt) {
  using metrics::Counter;
  counters_.add(attempt.accepted ? Counter::authentications : Counter::authentication_failures);
  if (attempt.accepted) return;
  log_.info("authentication_failed")
      .with("user", attempt.user)
      .with("client", attempt.client.str())
      .with("mechanism", attempt.mechanism)
      .with("reason", attempt.reason);
}

}  // namespace postrider::auth
