#include "ctl/queue_advice.h"

#include <algorithm>
#include <array>

namespace postrider::ctl {

namespace {

struct Advised {
  std::string_view cause;
  std::string_view advice;
};

// What has no row is of the kind that other servers refuse for good.
constexpr std::string_view kOfOthers =
    "Read the server's words: it may mend itself; the mail is tried again until it expires.";

constexpr auto kRows = std::to_array<Advised>({
    {"unreachable",
     "If mail goes out to others, their server is down, and this follows by itself. If none does, "
     "look at the network of this host, and whether it may connect to port 25 of others."},
    {"dns",
     "If other domains are found, their name servers have trouble, and it passes. If none are, "
     "look at this host's resolver (dns.servers)."},
    {"mailbox_full",
     "Its owner has to make room. If it is a mailbox of ours, `postrider user quota` gives it "
     "more; `postrider queue expire` returns the mail now."},
    {"greylisted", "Nothing: it is taken when it comes again."},
    {"rate", "Ask less of them: `connections` or `rate` of a [[destination]]."},
    {"policy",
     "The server's words say which rule. If it is about this host or its users, ask their "
     "postmaster."},
    {"reputation",
     "Ask the list that the words name to take this host off it, when what brought it there is "
     "mended; and see that its address has a name that leads back to it."},
    {"authentication", "See what the sender's domain publishes: SPF has to name this host."},
    {"bad_sender", "See that the sender's domain exists and takes mail."},
    {"content",
     "Look at one of them: `postrider queue show ID`. If an account of ours sends spam, stop it: "
     "`postrider queue hold --sender ADDRESS`, and a new password."},
    {"relaying",
     "See that the MX, or a [[route]], of the domain leads to the server that is its own."},
    {"tls",
     "Their certificate, or what they offer, falls short of what is asked: see [[tls_policy]], and "
     "tell their postmaster."},
    {"loop", "See that no alias and no [[route]] leads back to this host."},
    {"system", "Nothing here: their server has to be mended."},
    {"this_host", "Look at the log of deliverd, which says what is wrong here."},
    {"not_attempted",
     "Nothing, unless it lasts: then see in `postrider status` that deliverd runs."},
    {"not_tried", "Nothing: each has its turn after a start of queued."},
    {"active", "Nothing: it is under way."},
    {"turn", "Nothing: it follows what is before it."},
    {"held_back", "Nothing: it goes when its time has come."},
    {"paused", "`postrider queue resume DESTINATION` lets it go."},
    {"held", "`postrider queue release` lets it go, `postrider queue delete` ends it."},
    {"other", "`postrider queue summary` tells them all."},
});

}  // namespace

std::string_view advice_on(std::string_view cause) noexcept {
  const auto* const row = std::find_if(kRows.begin(), kRows.end(),
                                       [&](const Advised& one) { return one.cause == cause; });
  return row == kRows.end() ? kOfOthers : row->advice;
}

}  // namespace postrider::ctl
