#include "ctl/queue_filter.h"

#include "common/config/units.h"
#include "ctl/command.h"

namespace postrider::ctl {

namespace {

// An empty value, as of a variable that a script did not set, must not mean every message.
std::string refuse_empty(const std::string& text) {
  return text.empty() ? "an empty value is no filter; the empty reverse-path is <>" : "";
}

}  // namespace

bool FilterOptions::is_empty() const {
  return ids.empty() && !all && domain.empty() && sender.empty() && recipient.empty() &&
         state.empty() && reason.empty() && host.empty() && older_than.count() == 0;
}

ipc::Filter FilterOptions::filter(WallTime now) const {
  ipc::Filter filter;
  for (const std::string& id : ids) filter.add_ids(id);
  filter.set_all(all);
  filter.set_domain(domain);
  filter.set_sender(sender);
  filter.set_recipient(recipient);
  filter.set_state(state);
  filter.set_reason(reason);
  filter.set_host(host);
  if (older_than.count() != 0)
    filter.set_arrived_before_us((now - older_than).time_since_epoch().count());
  return filter;
}

void add_filter_options(Command command, FilterOptions& options) {
  command
      .add_option("--domain", options.domain,
                  "That wait for a recipient of this domain (* and ? as in a shell)")
      .check(refuse_empty);
  command
      .add_option("--sender", options.sender, "From this reverse-path, <> the empty one (* and ?)")
      .check(refuse_empty);
  command.add_option("--recipient", options.recipient, "That wait for this recipient (* and ?)")
      .check(refuse_empty);
  command.add_option("--state", options.state, "active, deferred, held or deleted")
      .one_of({"active", "deferred", "held", "deleted"});
  command.add_option(
      "--older-than",
      [&options](const std::string& text) -> std::string {
        const auto duration = config::parse_duration(text);
        if (!duration || duration->count() == 0)
          return "a duration is meant, such as 90s, 30m, 2h, 5d";
        options.older_than = *duration;
        return {};
      },
      "That arrived this long ago or longer: 90s, 30m, 2h, 5d");
  command
      .add_option("--reason", options.reason,
                  "With these words in the last reply, its status, or why they are held")
      .check(refuse_empty);
  command
      .add_option("--host", options.host,
                  "Whose last attempt was at this server, or by this next hop (* and ?)")
      .check(refuse_empty);
}

void add_choice_options(Command command, FilterOptions& options) {
  command.add_option("--id,ids", options.ids, "Messages by id").check(refuse_empty);
  command.add_flag("--all", options.all, "Every message");
  add_filter_options(command, options);
}

}  // namespace postrider::ctl
