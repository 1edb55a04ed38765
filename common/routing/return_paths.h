// return_paths.h - a directory that also knows the reverse-paths that we have rewritten: mail to
// one goes to the sender for whom it stands, as to the target of an alias.
//
// The secrets are a line each of a file; it is read whenever it is needed, which is seldom, so that
// a change takes effect at once. The first line signs; the others are of addresses that were made
// before, and may go when their time is over.
#pragma once

#include <string>
#include <string_view>

#include "common/base/clock.h"
#include "common/base/random.h"
#include "common/config/settings.h"
#include "common/directory/directory.h"
#include "common/event/event_loop.h"
#include "common/routing/srs.h"

namespace postrider::routing {

class ReturnPaths final : public directory::Directory {
 public:
  using RecipientAnswer = directory::RecipientAnswer;

  // All outlive it.
  ReturnPaths(event::EventLoop& loop, directory::Directory& directory,
              const config::Settings& settings, const Clock& clock)
      : loop_(loop), directory_(directory), settings_(settings), clock_(clock) {}

  // Makes the file of secrets with one, for this user and the group of its folder, unless it is
  // there or nothing is to be rewritten. It is durable then.
  static Result<void> ensure_key(const config::Settings& settings, Random& random);

  PendingPtr find_recipient(std::string_view address,
                            UniqueFunction<void(Result<RecipientAnswer>)> done) override;

  // The reverse-path with which mail from `sender` (not <>) leaves for a domain that is not ours:
  // `sender` itself if its domain is ours, nothing is to be rewritten, or Srs cannot. Temporary:
  // the secrets cannot be read. `done` as above.
  [[nodiscard]] PendingPtr find_return_path(const std::string& sender,
                                            UniqueFunction<void(Result<std::string>)> done);

 private:
  Result<Srs> scheme() const;
  Result<RecipientAnswer> find_rewritten(std::string_view address) const;

  event::EventLoop& loop_;
  directory::Directory& directory_;
  const config::Settings& settings_;
  const Clock& clock_;
};

}  // namespace postrider::routing
