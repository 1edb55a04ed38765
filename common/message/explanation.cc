#include "common/message/explanation.h"

#include <array>

namespace postrider::message {

namespace {

constexpr Explanation kUnknown{"The server gave no reason that we know: its words are below.",
                               "If they do not help, ask its postmaster."};

struct Explained {
  Cause cause;
  Explanation explanation;
};

constexpr auto kExplained = std::to_array<Explained>({
    {Cause::bad_address,
     {"There is no such mailbox.",
      "Check the address for typing errors. If it is as you know it, ask its owner by other means "
      "which one is in use now."}},
    {Cause::bad_domain,
     {"The domain of the address does not exist, or takes no mail.",
      "Check what follows the @ for typing errors."}},
    {Cause::mailbox_disabled,
     {"The mailbox is closed.", "Ask its owner by other means for another address."}},
    {Cause::mailbox_full,
     {"The mailbox is full.",
      "Tell its owner by other means, and send the message again when there is room."}},
    {Cause::too_large,
     {"The message is larger than the server takes.",
      "Send it in parts, or put what is large where it can be fetched and send the link."}},
    {Cause::bad_sender,
     {"The server takes no mail from the address that you send from.",
      "Check your own address in the settings of your mail program.", false}},
    {Cause::authentication,
     {"The server could not make sure that the message comes from the domain in its From field "
      "(SPF, DKIM, DMARC).",
      "Send it through the server that your domain has for this. If it was, the postmaster has to "
      "mend what the domain publishes.",
      false}},
    {Cause::reputation,
     {"The server does not trust the host that brought the message: it is on a list of hosts that "
      "send spam, or its name is in doubt.",
      "This is nothing that you can mend: pass this report on to the postmaster.", false}},
    {Cause::rate,
     {"The server takes no more from here for now: too much came at once.",
      "Send it again later, and to fewer recipients at once.", false}},
    {Cause::greylisted,
     {"The server asks whom it does not know to come again later.",
      "Send the message again: it may be known by now.", false}},
    {Cause::relaying,
     {"The server takes no mail for the domain of this address.",
      "Check what follows the @ for typing errors. If it is right, the site has to mend where its "
      "mail is sent to."}},
    {Cause::content,
     {"The server refuses what the message holds: it takes it for spam or for infected, or finds "
      "its form wrong.",
      "Send it again without the attachment or the link that may be meant."}},
    {Cause::unsupported,
     {"The server cannot take a message of this kind.",
      "Send it in a simpler form, from and to addresses in plain ASCII."}},
    {Cause::policy,
     {"A rule of the recipient's site does not allow the message.",
      "Its words below may say which rule. The recipient can ask for an exception."}},
    {Cause::tls,
     {"There was no connection as well protected as it has to be.",
      "This is nothing that you can mend: pass this report on to the postmaster.", false}},
    {Cause::dns,
     {"The server for the address could not be looked up in DNS.",
      "Check what follows the @ for typing errors, or send the message again later."}},
    {Cause::unreachable,
     {"The server for the address could not be reached.",
      "Check what follows the @ for typing errors, or send the message again later."}},
    {Cause::system,
     {"The server that should take the message has trouble of its own.", "Send it again later."}},
    {Cause::loop,
     {"The message went in circles between servers.",
      "This is nothing that you can mend: pass this report on to the postmaster."}},
});

}  // namespace

const Explanation& explanation_of(Cause cause) noexcept {
  for (const Explained& row : kExplained)
    if (row.cause == cause) return row.explanation;
  return kUnknown;
}

}  // namespace postrider::message
