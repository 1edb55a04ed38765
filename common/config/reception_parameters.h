// reception_parameters.h - the rows of [smtpd], [checks] and [bans]: how mail and clients are taken
// in.
#pragma once

#include <array>

#include "common/config/parameter_rows.h"

namespace postrider::config::rows {

inline constexpr auto kReception = std::to_array<Parameter>({
    {"smtpd.listen", Type::smtp_listeners, &at<&S::smtpd, &S::Smtpd::listen>,
     R"([{ address = "0.0.0.0:25", mode = "mx" }, { address = "[::]:25", mode = "mx" }, { address = "unix:/run/postrider/submit.sock", mode = "local" }])",
     "",
     "Where mail is taken in. Mode mx takes mail from other servers, submission from users in the "
     "clear or by STARTTLS, submissions from users under TLS at once, lmtp from a local program, "
     "by LMTP. STARTTLS is offered where tls.certificate is set; submissions needs it. With "
     "submission and submissions, users log in before they send. The address of lmtp may also be a "
     "Unix socket, as in \"unix:run/lmtp.sock\": "
     "everybody who gets at it may send to recipients of ours, and nobody to others. Mode local is "
     "the Unix socket by which `sendmail` and other programs of the host submit mail: whoever "
     "connects is known by the user that runs it, and may send to everybody. `mask` names "
     "keywords of EHLO that the listener neither offers nor honours, as in mask = [\"CHUNKING\", "
     "\"STARTTLS\"]. DSN is offered by mx to clients that may relay alone, since a report of "
     "success is mail to whoever a stranger names as the sender. With proxy = true each connection "
     "begins with a PROXY header (smtpd.proxy_networks)."},
    {"smtpd.workers", Type::count, &at<&S::smtpd, &S::Smtpd::workers>, "0", "0..256",
     "Worker processes. 0: one for each processor core."},
    {"smtpd.message_size_limit", Type::size, &at<&S::smtpd, &S::Smtpd::message_size_limit>, "50MiB",
     "64KiB..4GiB",
     "The largest message accepted, as SIZE announces it (RFC 1870). A larger one gets 552. Of a "
     "message that is refused twice as much is passed over, then 421 ends the session."},
    {"smtpd.recipient_limit", Type::count, &at<&S::smtpd, &S::Smtpd::recipient_limit>, "1000",
     "1..100000",
     "Recipients of one message; further ones get 452 (RFC 5321 section 4.5.3.1.8: at least 100)."},
    {"smtpd.recipient_domain_limit", Type::count, &at<&S::smtpd, &S::Smtpd::recipient_domain_limit>,
     "0", "0..100000",
     "Domains among the recipients of one message; a recipient of a further one gets 452. 0: no "
     "limit. This limit, recipient_limit and message_limit are told to clients (RFC 9422)."},
    {"smtpd.line_limit", Type::size, &at<&S::smtpd, &S::Smtpd::line_limit>, "2KiB", "512B..64KiB",
     "The longest command line with its CRLF. RFC 5321 section 4.5.3.1.4 asks for 512 octets, and "
     "each extension adds to it; a longer line gets 500."},
    {"smtpd.text_line_limit", Type::size, &at<&S::smtpd, &S::Smtpd::text_line_limit>, "64KiB",
     "1000B..16MiB",
     "The longest line of a message with its CRLF. RFC 5321 section 4.5.3.1.6 allows 1000 octets, "
     "but mail programs in use write whole paragraphs of HTML on one line, so the default is "
     "generous; a message with a longer line is refused."},
    {"smtpd.header_limit", Type::size, &at<&S::smtpd, &S::Smtpd::header_limit>, "1MiB",
     "16KiB..16MiB",
     "The largest header section of a message; a larger one is refused. A message with binary "
     "parts "
     "(BINARYMIME) has at most 64KiB in the header of each part, and 50 parts within each other."},
    {"smtpd.header_field_limit", Type::count, &at<&S::smtpd, &S::Smtpd::header_field_limit>,
     "10000", "100..1000000", "Header fields of a message; one with more is refused."},
    {"smtpd.received_limit", Type::count, &at<&S::smtpd, &S::Smtpd::received_limit>, "100",
     "10..1000",
     "Received fields from which on a message is taken to run in a loop and is refused (RFC 5321 "
     "section 6.3: at least 100)."},
    {"smtpd.bad_command_limit", Type::count, &at<&S::smtpd, &S::Smtpd::bad_command_limit>, "20",
     "1..1000",
     "Wrong commands in one session since it last brought a message, after which it is ended with "
     "421."},
    {"smtpd.bad_recipient_limit", Type::count, &at<&S::smtpd, &S::Smtpd::bad_recipient_limit>,
     "100", "0..1000000",
     "Recipients refused for good (and addresses that VRFY and EXPN do not know, where they are "
     "on) in one session since it last brought a message, after which it is ended with 421: who "
     "has so many is guessing addresses. Refusals for now do not count. 0: no limit."},
    {"smtpd.command_limit", Type::count, &at<&S::smtpd, &S::Smtpd::command_limit>, "1000",
     "10..1000000",
     "Commands in one session that bring no message nearer, as NOOP, RSET, or a RCPT that gets "
     "452, after which it is ended with 421. They are counted anew from each accepted message, and "
     "from each accepted recipient beyond those that the session has had in one transaction since; "
     "a BDAT whose octets are taken does not count."},
    {"smtpd.connection_limit", Type::count, &at<&S::smtpd, &S::Smtpd::connection_limit>, "5000",
     "1..100000", "Connections at a time, for each worker; a further one gets 421."},
    {"smtpd.busy_percent", Type::count, &at<&S::smtpd, &S::Smtpd::busy_percent>, "80", "0..100",
     "Connections from which on slots are scarce, in percent of smtpd.connection_limit: then a "
     "client "
     "that does not get on for smtpd.busy_timeout is ended with 421."},
    {"smtpd.busy_timeout", Type::duration, &at<&S::smtpd, &S::Smtpd::busy_timeout>, "10s",
     "1s..10m",
     "How long a client may bring no message nearer to its end, while slots are scarce: by a step "
     "that its transaction needs, or by smtpd.min_data_rate."},
    {"smtpd.min_data_rate", Type::count, &at<&S::smtpd, &S::Smtpd::min_data_rate>, "20",
     "1..1000000", "Octets of a message a second that are getting on, while slots are scarce."},
    {"smtpd.connection_limit_per_address", Type::count,
     &at<&S::smtpd, &S::Smtpd::connection_limit_per_address>, "100", "0..100000",
     "Connections at a time from one client address, of all workers together; a further one gets "
     "421. On Unix sockets each user of the host has as many; so have, together, all clients of "
     "whom a PROXY header tells no address. 0: no limit, as for the three parameters that follow."},
    {"smtpd.connection_limit_per_network", Type::count,
     &at<&S::smtpd, &S::Smtpd::connection_limit_per_network>, "500", "0..100000",
     "Connections at a time from one network: the /24 of an IPv4 address, the /64 of an IPv6 one."},
    {"smtpd.connection_rate_per_address", Type::count,
     &at<&S::smtpd, &S::Smtpd::connection_rate_per_address>, "600", "0..1000000",
     "Connections a minute from one client address; a further one gets 421."},
    {"smtpd.connection_rate_per_network", Type::count,
     &at<&S::smtpd, &S::Smtpd::connection_rate_per_network>, "3000", "0..1000000",
     "Connections a minute from one network."},
    {"smtpd.error_limit", Type::count, &at<&S::smtpd, &S::Smtpd::error_limit>, "10", "0..100000",
     "Bad commands and refused recipients of one client address in an hour, whatever the number of "
     "its connections, after which the reply to each further one is held back, and what stands "
     "behind it waits."},
    {"smtpd.error_delay", Type::duration, &at<&S::smtpd, &S::Smtpd::error_delay>, "1s", "0s..1m",
     "How much longer with each error the replies are held back. 0s: never."},
    {"smtpd.error_delay_max", Type::duration, &at<&S::smtpd, &S::Smtpd::error_delay_max>, "10s",
     "1s..5m", "How long a reply is held back at most."},
    {"smtpd.unlimited_networks", Type::networks, &at<&S::smtpd, &S::Smtpd::unlimited_networks>,
     R"(["127.0.0.0/8", "::1/128"])", "",
     "Clients for which no limit of an address or network holds, and no reply is held back."},
    {"smtpd.message_limit", Type::count, &at<&S::smtpd, &S::Smtpd::message_limit>, "0",
     "0..1000000", "Messages in one connection, after which it is ended with 421. 0: no limit."},
    {"smtpd.command_timeout", Type::duration, &at<&S::smtpd, &S::Smtpd::command_timeout>, "5m",
     "1s..1h", "How long a client may take for a command (RFC 5321 section 4.5.3.2.7: 5 minutes)."},
    {"smtpd.data_timeout", Type::duration, &at<&S::smtpd, &S::Smtpd::data_timeout>, "5m", "1s..1h",
     "How long a client that sends a message may be silent."},
    {"smtpd.proxy_networks", Type::networks, &at<&S::smtpd, &S::Smtpd::proxy_networks>, "[]", "",
     "The proxies that are believed who their client is. A listener with proxy = true takes "
     "connections from them alone, each of which begins with a header of the PROXY protocol, "
     "version "
     "1 or 2, as HAProxy sends it; the address in it is the client's in all that follows. Where "
     "the "
     "header tells none, the client's address is unknown, and it may not relay."},
    {"smtpd.proxy_timeout", Type::duration, &at<&S::smtpd, &S::Smtpd::proxy_timeout>, "5s",
     "1s..1m", "How long a proxy may take for its header, all of it."},
    {"smtpd.xclient_networks", Type::networks, &at<&S::smtpd, &S::Smtpd::xclient_networks>, "[]",
     "",
     "Clients that may say with XCLIENT for which client they speak: its address, its host's name, "
     "its login. What is decided and logged is so for that client; its bans and limits hold as if "
     "it had connected itself, besides those of who does (see smtpd.unlimited_networks). Who is "
     "logged in there may relay; on a listener for submission alone Bcc is removed from such mail, "
     "and what its header lacks is added. Once an address was told, XCLIENT is refused, unless "
     "that address is one of these as well: what follows may be the client's own words."},
    {"smtpd.future_release_max", Type::duration, &at<&S::smtpd, &S::Smtpd::future_release_max>,
     "1w", "0s..90d",
     "How long a user may have a message held before it is sent (FUTURERELEASE, RFC 4865), on "
     "submission, submissions and local. Its lifetime counts from then; `postrider queue retry` "
     "sends it at once. 0s: not offered."},
    {"smtpd.vrfy", Type::choice, &at<&S::smtpd, &S::Smtpd::vrfy>, "off", "off|on",
     "Whether VRFY tells which users exist; off answers 252."},
    {"smtpd.expn", Type::choice, &at<&S::smtpd, &S::Smtpd::expn>, "off", "off|on",
     "Whether EXPN tells the targets of an alias; off answers 502."},
    {"smtpd.plaintext_auth", Type::choice, &at<&S::smtpd, &S::Smtpd::plaintext_auth>, "never",
     "never|loopback",
     "From where a password is taken without TLS, where listeners take passwords at all: in the "
     "modes "
     "submission and submissions."},

    {"smtpd.hide_clients", Type::choice, &at<&S::smtpd, &S::Smtpd::hide_clients>, "off", "off|on",
     "Whether the Received field that a submitted message gets leaves out from which address or "
     "user of the host it came. The log and the queue tell it all the same."},
    {"smtpd.denied_local_users", Type::local_users, &at<&S::smtpd, &S::Smtpd::denied_local_users>,
     "[]", "",
     "Users of the host whose programs may not submit mail by the socket of mode local, as in "
     "[\"www-data\"]."},

    {"checks.greeting_delay", Type::duration, &at<&S::checks, &S::Checks::greeting_delay>, "0s",
     "0s..1m",
     "How long a stranger waits for the greeting: who speaks meanwhile is an early_talker. 0s: "
     "only what is there at once counts as early."},
    {"checks.dns_timeout", Type::duration, &at<&S::checks, &S::Checks::dns_timeout>, "5s", "1s..1m",
     "How long the answer to RCPT waits for what checks ask of DNS. What is not known by then is "
     "taken as not known: a check that would refuse defers."},
    {"checks.order", Type::checks, &at<&S::checks, &S::Checks::order>, "[]", "",
     "Checks that come first within their stage, in this order; the others follow in the order of "
     "`postrider explain`. Where several refuse, the reply is that of the first."},
    {"checks.early_talker", Type::choice, &at<&S::checks, &S::Checks::early_talker>, "refuse",
     kCheckActions,
     "What follows when a client speaks before the greeting, as only programs do that wait for no "
     "reply. As for each of these checks: off, nothing; tag, the message is taken, and log and "
     "queue tell of it; defer, it gets a temporary reply; refuse, a permanent one, or a temporary "
     "one where DNS did not answer. Strangers alone are asked: clients of a listener of mode mx "
     "that are not in relay.networks. What speaks against client or sender is told at RCPT, but "
     "postmaster gets their mail all the same."},
    {"checks.reverse_dns", Type::choice, &at<&S::checks, &S::Checks::reverse_dns>, "tag",
     kCheckActions,
     "A client whose address has no name in DNS, or none that has this address in turn."},
    {"checks.helo_own_name", Type::choice, &at<&S::checks, &S::Checks::helo_own_name>, "refuse",
     kCheckActions, "A client that calls itself by this host's name."},
    {"checks.helo_literal", Type::choice, &at<&S::checks, &S::Checks::helo_literal>, "tag",
     kCheckActions,
     "A client that calls itself by an address that is not its own, as honest ones do behind a "
     "translated address (RFC 5321 section 4.1.4: not to be refused)."},
    {"checks.helo_name", Type::choice, &at<&S::checks, &S::Checks::helo_name>, "tag", kCheckActions,
     "A client that gives no fully-qualified name: a word without a dot, an address without "
     "brackets, or no domain at all."},
    {"checks.sender_domain", Type::choice, &at<&S::checks, &S::Checks::sender_domain>, "tag",
     kCheckActions,
     "A sender at a domain that does not exist, has no mail server, or says that it takes no "
     "mail (RFC 7505)."},
    {"checks.sender_is_ours", Type::choice, &at<&S::checks, &S::Checks::sender_is_ours>, "tag",
     kCheckActions,
     "A sender at a domain of ours. Honest forwarders and mailing lists keep such senders."},
    {"checks.sender_right", Type::choice, &at<&S::checks, &S::Checks::sender_right>, "refuse",
     kCheckActions,
     "A user who has logged in and gives a sender that is not the user's: neither the own address, "
     "with a tag or without, nor an alias that leads to it, nor one added with `postrider user "
     "send-as`."},
    {"checks.recipient_domain", Type::choice, &at<&S::checks, &S::Checks::recipient_domain>,
     "refuse", kCheckActions,
     "A recipient to whom a user who has logged in writes at a domain without a dot: it is a slip, "
     "or a name of another network. What is ours, or taken by a route or a smarthost, is left "
     "alone."},
    {"checks.quota", Type::choice, &at<&S::checks, &S::Checks::quota>, "defer", kCheckActions,
     "A recipient whose mailbox has no room for the message beside those that are on their way "
     "into it: 452 4.2.2 or 552 5.2.2, at RCPT by the size that MAIL declares, and at the end of "
     "data where no recipient has room. What is accepted has its room, or waits for it where other "
     "recipients of the same message have theirs. Others of the same message are not touched. Room "
     "that is only promised to other messages, or was not counted in the "
     "last minutes, is refused with 452 in any case, and a message that is larger than the whole "
     "mailbox may be with 552 5.2.3: by trying sizes a stranger can find out how large it may be. "
     "With \"off\" and \"tag\" mail for a full mailbox waits in the queue."},
    {"checks.pipelining", Type::choice, &at<&S::checks, &S::Checks::pipelining>, "refuse",
     kCheckActions,
     "A client that does not wait for a reply that it must wait for (RFC 2920): before it was "
     "told of PIPELINING, or behind EHLO, DATA and their like."},
    {"checks.null_sender", Type::choice, &at<&S::checks, &S::Checks::null_sender>, "tag",
     kCheckActions, "A message from <> to several recipients: a report has one."},
    {"checks.header_syntax", Type::choice, &at<&S::checks, &S::Checks::header_syntax>, "tag",
     kCheckActions,
     "A header with a line that belongs to no field, or that is longer than 998 octets (RFC "
     "5322)."},
    {"checks.header_repeated", Type::choice, &at<&S::checks, &S::Checks::header_repeated>, "tag",
     kCheckActions,
     "A header with two From, Date, Subject or another field that may stand once (RFC 5322 "
     "section 3.6)."},
    {"checks.header_missing", Type::choice, &at<&S::checks, &S::Checks::header_missing>, "tag",
     kCheckActions, "A header without From or without Date (RFC 5322 section 3.6)."},
    {"checks.author_right", Type::choice, &at<&S::checks, &S::Checks::author_right>, "refuse",
     kCheckActions,
     "A user who has logged in and sends a message whose From or Sender field, or the first "
     "Resent-From or Resent-Sender, names an address that is not the user's, as in "
     "checks.sender_right. To let users resend mail of others, write tag."},

    {"bans.address_failures", Type::count, &at<&S::bans, &S::Bans::address_failures>, "20",
     "0..10000",
     "Wrong passwords from one address (or one /64 of IPv6) after which it is banned: smtpd and "
     "pop3d "
     "take no connection from it. 0: never. `postrider bans` shows and lifts bans."},
    {"bans.account_failures", Type::count, &at<&S::bans, &S::Bans::account_failures>, "100",
     "0..10000",
     "Wrong passwords for one account, from wherever, after which it is banned: nobody can log in "
     "to "
     "it. 0: never. It should be well above what a user with an old password in a mail program "
     "comes "
     "to."},
    {"bans.memory", Type::duration, &at<&S::bans, &S::Bans::memory>, "1h", "1m..30d",
     "How long a wrong password counts: one that old counts for a third, and less later."},
    {"bans.duration", Type::duration, &at<&S::bans, &S::Bans::duration>, "1h", "1s..30d",
     "How long a ban holds. What is tried meanwhile is refused unseen, and does not prolong it."},
    {"bans.delay", Type::duration, &at<&S::bans, &S::Bans::delay>, "1s", "0s..1m",
     "How long the reply to a wrong password is held back, for each that counts."},
    {"bans.delay_max", Type::duration, &at<&S::bans, &S::Bans::delay_max>, "10s", "1s..5m",
     "How long it is held back at most."},
    {"bans.exempt_networks", Type::networks, &at<&S::bans, &S::Bans::exempt_networks>,
     R"(["127.0.0.0/8", "::1/128"])", "",
     "Addresses that are never banned, as those of a webmail server: accounts can be."},
});

}  // namespace postrider::config::rows
