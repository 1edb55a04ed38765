#include "common/config/parameters.h"

#include <algorithm>
#include <array>

namespace postrider::config {

namespace {

template <auto Section, auto Key>
auto& at(Settings& settings) {
  return settings.*Section.*Key;
}
template <auto Key>
auto& top(Settings& settings) {
  return settings.*Key;
}

using S = Settings;

constexpr auto kParameters = std::to_array<Parameter>({
    {"hostname", Type::domain, &top<&S::hostname>, "", "",
     "The name of this host as other mail servers see it: in greetings, EHLO, Received fields and "
     "reports. It is also the domain of a bare \"postmaster\". It must be given."},

    {"paths.spool", Type::path, &at<&S::paths, &S::Paths::spool>, "/var/spool/postrider", "",
     "Where accepted mail waits until it is delivered."},
    {"paths.mail", Type::path, &at<&S::paths, &S::Paths::mail>, "/var/mail/postrider", "",
     "Where the mailboxes are: DOMAIN/USER/Maildir."},
    {"paths.data", Type::path, &at<&S::paths, &S::Paths::data>, "/var/lib/postrider", "",
     "Where the directory of domains, users and aliases is (directory.db)."},
    {"paths.run", Type::path, &at<&S::paths, &S::Paths::run>, "/run/postrider", "",
     "Where the daemons' sockets and counters are. The name must be short: a socket's whole name "
     "has at most 107 octets."},

    {"tls.certificate", Type::path, &at<&S::tls, &S::Tls::certificate>, "", "",
     "The certificate chain in PEM, this host's own certificate first. Empty: no TLS. When a file of "
     "tls.certificate, tls.key or tls.additional is replaced, new connections get the new one within "
     "seconds; one that cannot be used is told of in the log, and the old one stays in use."},
    {"tls.key", Type::path, &at<&S::tls, &S::Tls::key>, "", "",
     "The certificate's key in PEM, without a passphrase."},
    {"tls.additional", Type::certificates, &at<&S::tls, &S::Tls::additional>, "[]", "",
     "Certificates for further names. A client that says which host it wants (SNI) gets the first "
     "certificate that is for it, tls.certificate before these; any other client gets "
     "tls.certificate."},
    {"tls.min_version", Type::choice, &at<&S::tls, &S::Tls::min_version>, "1.2", "1.2|1.3",
     "The oldest version of TLS that is spoken with clients (RFC 8997: not below 1.2)."},
    {"tls.handshake_timeout", Type::duration, &at<&S::tls, &S::Tls::handshake_timeout>, "30s",
     "1s..10m", "How long a handshake may take, all of it, before the connection is closed."},

    {"smtpd.listen", Type::smtp_listeners, &at<&S::smtpd, &S::Smtpd::listen>,
     R"([{ address = "0.0.0.0:25", mode = "mx" }, { address = "[::]:25", mode = "mx" }])", "",
     "Where mail is taken in. Mode mx takes mail from other servers, submission from users in the "
     "clear or by STARTTLS, submissions from users under TLS at once, lmtp from a local program, "
     "by LMTP. STARTTLS is offered where tls.certificate is set; submissions needs it. With "
     "submission and submissions, users log in before they send. The address of lmtp may also be a Unix socket, as in \"unix:run/lmtp.sock\": "
     "everybody who gets at it may send to recipients of ours, and nobody to others. `mask` names "
     "keywords of EHLO that the listener neither offers nor honours, as in mask = [\"CHUNKING\", "
     "\"STARTTLS\"]. DSN is offered by mx to clients that may relay alone, since a report of "
     "success is mail to whoever a stranger names as the sender. With proxy = true each connection "
     "begins with a PROXY header (smtpd.proxy_networks)."},
    {"smtpd.workers", Type::count, &at<&S::smtpd, &S::Smtpd::workers>, "0", "0..256",
     "Worker processes. 0: one for each processor core."},
    {"smtpd.message_size_limit", Type::size, &at<&S::smtpd, &S::Smtpd::message_size_limit>, "50MiB",
     "64KiB..4GiB",
     "The largest message accepted, as SIZE announces it (RFC 1870). A larger one gets 552."},
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
     "16KiB..16MiB", "The largest header section of a message; a larger one is refused."},
    {"smtpd.header_field_limit", Type::count, &at<&S::smtpd, &S::Smtpd::header_field_limit>,
     "10000", "100..1000000", "Header fields of a message; one with more is refused."},
    {"smtpd.received_limit", Type::count, &at<&S::smtpd, &S::Smtpd::received_limit>, "100",
     "10..1000",
     "Received fields from which on a message is taken to run in a loop and is refused (RFC 5321 "
     "section 6.3: at least 100)."},
    {"smtpd.bad_command_limit", Type::count, &at<&S::smtpd, &S::Smtpd::bad_command_limit>, "20",
     "1..1000", "Wrong commands in one session, after which it is ended with 421."},
    {"smtpd.connection_limit", Type::count, &at<&S::smtpd, &S::Smtpd::connection_limit>, "5000",
     "1..100000", "Connections at a time, for each worker; a further one gets 421."},
    {"smtpd.busy_percent", Type::count, &at<&S::smtpd, &S::Smtpd::busy_percent>, "80", "0..100",
     "Connections from which on slots are scarce, in percent of smtpd.connection_limit: then a client "
     "that does not get on for smtpd.busy_timeout is ended with 421."},
    {"smtpd.busy_timeout", Type::duration, &at<&S::smtpd, &S::Smtpd::busy_timeout>, "10s",
     "1s..10m",
     "How long a client may do nothing, or send less than smtpd.min_data_rate, while slots are "
     "scarce."},
    {"smtpd.min_data_rate", Type::count, &at<&S::smtpd, &S::Smtpd::min_data_rate>, "20",
     "1..1000000", "Octets a second that a client has to send to get on, while slots are scarce."},
    {"smtpd.connection_limit_per_address", Type::count,
     &at<&S::smtpd, &S::Smtpd::connection_limit_per_address>, "100", "0..100000",
     "Connections at a time from one client address, of all workers together; a further one gets "
     "421. 0: no limit, as for the three parameters that follow."},
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
     "its connections, after which the reply to each further one is held back."},
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
     "connections from them alone, each of which begins with a header of the PROXY protocol, version "
     "1 or 2, as HAProxy sends it; the address in it is the client's in all that follows. Where the "
     "header tells none, the client's address is unknown, and it may not relay."},
    {"smtpd.proxy_timeout", Type::duration, &at<&S::smtpd, &S::Smtpd::proxy_timeout>, "5s",
     "1s..1m", "How long a proxy may take for its header, all of it."},
    {"smtpd.xclient_networks", Type::networks, &at<&S::smtpd, &S::Smtpd::xclient_networks>, "[]", "",
     "Clients that may say with XCLIENT for which client they speak: its address, its host's name, its "
     "login. What is decided and logged is so for that client; the limit of connections per address "
     "counts who connects. Who is logged in there may relay."},
    {"smtpd.future_release_max", Type::duration, &at<&S::smtpd, &S::Smtpd::future_release_max>,
     "1w", "0s..90d",
     "How long a user may have a message held before it is sent (FUTURERELEASE, RFC 4865), on "
     "submission and submissions. Its lifetime counts from then; `postrider queue retry` sends it "
     "at once. 0s: not offered."},
    {"smtpd.vrfy", Type::choice, &at<&S::smtpd, &S::Smtpd::vrfy>, "off", "off|on",
     "Whether VRFY tells which users exist; off answers 252."},
    {"smtpd.expn", Type::choice, &at<&S::smtpd, &S::Smtpd::expn>, "off", "off|on",
     "Whether EXPN tells the targets of an alias; off answers 502."},
    {"smtpd.plaintext_auth", Type::choice, &at<&S::smtpd, &S::Smtpd::plaintext_auth>, "never",
     "never|loopback",
     "From where a password is taken without TLS, where listeners take passwords at all: in the modes "
     "submission and submissions."},

    {"checks.greeting_delay", Type::duration, &at<&S::checks, &S::Checks::greeting_delay>, "0s",
     "0s..1m",
     "How long a stranger waits for the greeting: who speaks meanwhile is an early_talker. 0s: "
     "only what is there at once counts as early."},
    {"checks.dns_timeout", Type::duration, &at<&S::checks, &S::Checks::dns_timeout>, "5s", "1s..1m",
     "How long the answer to RCPT waits for what checks ask of DNS. What is not known by then is "
     "taken as not known: a check that would refuse defers."},
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
    {"checks.quota", Type::choice, &at<&S::checks, &S::Checks::quota>, "defer", kCheckActions,
     "A recipient whose mailbox was found full in the last minutes: 452 4.2.2 or 552 5.2.2. Others "
     "of the same message are not touched. Whoever the client is, its mail has no room."},
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

    {"spool.segment_size", Type::size, &at<&S::spool, &S::Spool::segment_size>, "64MiB",
     "1MiB..4GiB", "A segment of the spool is sealed when it has grown to this size."},
    {"spool.segment_age", Type::duration, &at<&S::spool, &S::Spool::segment_age>, "1m", "1s..1d",
     "A segment of the spool is sealed this long after its first message."},
    {"spool.large_message", Type::size, &at<&S::spool, &S::Spool::large_message>, "256KiB",
     "4KiB..64MiB",
     "A message from this size on has a file of its own, so that a session's memory is bounded."},
    {"spool.min_free", Type::size, &at<&S::spool, &S::Spool::min_free>, "16MiB", "0B..1TiB",
     "Space that must stay free where the spool is; with less, new mail gets 452."},

    {"queue.retry_interval", Type::duration, &at<&S::queue, &S::Queue::retry_interval>, "30m",
     "1s..7d", "The time from one attempt at a deferred message to the next."},
    {"queue.retry_schedule", Type::durations, &at<&S::queue, &S::Queue::retry_schedule>, "[]",
     "1s..7d",
     "The times between attempts one by one, the last of them for all further attempts. Empty: "
     "retry_interval always."},
    {"queue.retry_jitter", Type::count, &at<&S::queue, &S::Queue::retry_jitter>, "10", "0..50",
     "By how many percent, at random, a retry comes earlier or later, so that retries spread."},
    {"queue.lifetime", Type::duration, &at<&S::queue, &S::Queue::lifetime>, "5d", "1s..90d",
     "How long delivery is attempted before the message is returned (RFC 5321 section 4.5.4.1: at "
     "least 4 to 5 days)."},
    {"queue.bounce_lifetime", Type::duration, &at<&S::queue, &S::Queue::bounce_lifetime>, "5d",
     "1s..90d", "How long delivery of a message from the empty reverse-path is attempted."},
    {"queue.delay_warning", Type::duration, &at<&S::queue, &S::Queue::delay_warning>, "4h",
     "0s..90d", "After how long the sender is told of the delay, once. 0s: never."},
    {"queue.active_limit", Type::count, &at<&S::queue, &S::Queue::active_limit>, "20000",
     "10..1000000", "Messages whose delivery is under way and that are held in memory."},
    {"queue.destination_concurrency", Type::count,
     &at<&S::queue, &S::Queue::destination_concurrency>, "20", "1..1000",
     "Deliveries at a time to one destination, at most. It begins with 5; each time as many were "
     "served it takes one more, and half when the destination pushes back or cannot be reached."},
    {"queue.bounce_size_limit", Type::size, &at<&S::queue, &S::Queue::bounce_size_limit>, "50KiB",
     "0B..50MiB",
     "A report returns the whole message up to this size, and of a larger one the header alone."},

    {"relay.port", Type::count, &at<&S::relay, &S::Relay::port>, "25", "1..65535",
     "The port on which other mail servers are contacted."},
    {"relay.networks", Type::networks, &at<&S::relay, &S::Relay::networks>,
     R"(["127.0.0.0/8", "::1/128"])", "",
     "Clients that may send to any domain without logging in."},
    {"relay.smarthost", Type::host_port, &at<&S::relay, &S::Relay::smarthost>, "", "",
     "A server that takes all mail for other domains, as in \"relay.example.net:587\". Empty: each "
     "domain's own servers, by MX."},

    {"route", Type::routes, &top<&S::routes>, "[]", "",
     "Where mail for a domain goes instead of its own way. `match` is a domain, a domain with a "
     "dot before it for its subdomains, or \"*\" for every domain that is not ours; the first that "
     "matches counts. `via` is \"smtp:HOST:PORT\", \"smtp:[ADDRESS]:PORT\", \"mx\", \"discard:\" "
     "or \"hold:\". A domain of ours (postrider domain add) that a route names, as on a gateway or a "
     "backup MX, is taken elsewhere as a whole: mail for each of its addresses is accepted from "
     "everyone, and its users here get none. \"hold:\" keeps mail until it is released (postrider "
     "queue release), when it goes as if that route were not there; of a domain of ours it is "
     "accepted for known users alone. Aliases come before routes. \"*\" does not touch domains of "
     "ours."},

    {"dns.servers", Type::socket_addresses, &at<&S::dns, &S::Dns::servers>, "[]", "",
     "The name servers to ask. Empty: those of /etc/resolv.conf."},
    {"dns.timeout", Type::duration, &at<&S::dns, &S::Dns::timeout>, "5s", "1s..60s",
     "How long one try waits for an answer."},
    {"dns.tries", Type::count, &at<&S::dns, &S::Dns::tries>, "3", "1..10",
     "How often each server is asked before the question fails for now."},

    {"deliverd.local_workers", Type::count, &at<&S::deliverd, &S::Deliverd::local_workers>, "1",
     "1..64", "Worker processes that write mailboxes."},
    {"deliverd.remote_workers", Type::count, &at<&S::deliverd, &S::Deliverd::remote_workers>, "1",
     "1..64", "Worker processes that send to other servers."},
    {"deliverd.sync", Type::choice, &at<&S::deliverd, &S::Deliverd::sync>, "batch", "batch|each",
     "How delivered mail is made durable: one sync of the file system for many deliveries, while "
     "the spool still holds them, or one for each file."},
    {"deliverd.sync_interval", Type::duration, &at<&S::deliverd, &S::Deliverd::sync_interval>,
     "500ms", "10ms..1m", "How often deliveries are synced with sync = \"batch\"."},
    {"deliverd.over_quota", Type::choice, &at<&S::deliverd, &S::Deliverd::over_quota>, "defer",
     "defer|refuse",
     "What becomes of a message that would take a mailbox beyond its quota (postrider user add "
     "--quota): it waits in the queue until there is room or it is too old, or it is returned."},
    {"deliverd.connections_per_host", Type::count,
     &at<&S::deliverd, &S::Deliverd::connections_per_host>, "20", "1..1000",
     "Connections at a time to one server, for each worker."},
    {"deliverd.messages_per_connection", Type::count,
     &at<&S::deliverd, &S::Deliverd::messages_per_connection>, "1000", "1..1000000",
     "Messages sent over one connection before it is closed."},
    {"deliverd.hosts_per_attempt", Type::count, &at<&S::deliverd, &S::Deliverd::hosts_per_attempt>,
     "5", "1..50", "Server addresses tried in one attempt."},
    {"deliverd.connect_timeout", Type::duration, &at<&S::deliverd, &S::Deliverd::connect_timeout>,
     "30s", "1s..10m", "How long connecting may take."},
    {"deliverd.idle_timeout", Type::duration, &at<&S::deliverd, &S::Deliverd::idle_timeout>, "5s",
     "1s..5m", "How long a connection without work is kept for the next message."},
    {"deliverd.greeting_timeout", Type::duration, &at<&S::deliverd, &S::Deliverd::greeting_timeout>,
     "5m", "1s..1h", "How long the greeting may take (RFC 5321 section 4.5.3.2.1: 5 minutes)."},
    {"deliverd.command_timeout", Type::duration, &at<&S::deliverd, &S::Deliverd::command_timeout>,
     "5m", "1s..1h",
     "How long a reply to a command may take (RFC 5321 section 4.5.3.2: 5 minutes)."},
    {"deliverd.data_block_timeout", Type::duration,
     &at<&S::deliverd, &S::Deliverd::data_block_timeout>, "3m", "1s..1h",
     "How long the server may take no content (RFC 5321 section 4.5.3.2.5: 3 minutes)."},
    {"deliverd.data_end_timeout", Type::duration, &at<&S::deliverd, &S::Deliverd::data_end_timeout>,
     "10m", "1s..1h",
     "How long the reply to the end of a message may take (RFC 5321 section 4.5.3.2.6: 10 "
     "minutes). A shorter time makes duplicates."},

    {"pop3d.listen", Type::pop3_listeners, &at<&S::pop3d, &S::Pop3d::listen>,
     R"([{ address = "0.0.0.0:110", tls = "starttls" }, { address = "[::]:110", tls = "starttls" }])",
     "",
     "Where mailboxes are handed out: in the clear (none), in the clear with STLS (starttls), or "
     "under TLS at once (implicit). This release speaks no TLS: starttls is served in the clear, "
     "and implicit is skipped with a warning."},
    {"pop3d.workers", Type::count, &at<&S::pop3d, &S::Pop3d::workers>, "0", "0..256",
     "Worker processes. 0: one for each processor core."},
    {"pop3d.plaintext_auth", Type::choice, &at<&S::pop3d, &S::Pop3d::plaintext_auth>, "loopback",
     "never|loopback|always", "From where a password is taken without TLS."},
    {"pop3d.connection_limit", Type::count, &at<&S::pop3d, &S::Pop3d::connection_limit>, "5000",
     "1..100000", "Connections at a time, for each worker."},
    {"pop3d.bad_command_limit", Type::count, &at<&S::pop3d, &S::Pop3d::bad_command_limit>, "20",
     "1..1000", "Wrong commands in one session, after which it is ended."},
    {"pop3d.timeout", Type::duration, &at<&S::pop3d, &S::Pop3d::timeout>, "10m", "1s..1d",
     "How long a client may be silent (RFC 1939 section 3: at least 10 minutes)."},
    {"pop3d.login_delay", Type::duration, &at<&S::pop3d, &S::Pop3d::login_delay>, "2s", "0s..1m",
     "How long the answer to a wrong password is held back."},

    {"bans.address_failures", Type::count, &at<&S::bans, &S::Bans::address_failures>, "20",
     "0..10000",
     "Wrong passwords from one address (or one /64 of IPv6) after which it is banned: smtpd and pop3d "
     "take no connection from it. 0: never. `postrider bans` shows and lifts bans."},
    {"bans.account_failures", Type::count, &at<&S::bans, &S::Bans::account_failures>, "100",
     "0..10000",
     "Wrong passwords for one account, from wherever, after which it is banned: nobody can log in to "
     "it. 0: never. It should be well above what a user with an old password in a mail program comes "
     "to."},
    {"bans.memory", Type::duration, &at<&S::bans, &S::Bans::memory>, "1h", "1m..30d",
     "How long a wrong password counts: one that old counts for a third, and less later."},
    {"bans.duration", Type::duration, &at<&S::bans, &S::Bans::duration>, "1h", "1s..30d",
     "How long a ban holds. Each further wrong password begins it anew."},
    {"bans.delay", Type::duration, &at<&S::bans, &S::Bans::delay>, "1s", "0s..1m",
     "How long the reply to a wrong password is held back, for each that counts."},
    {"bans.delay_max", Type::duration, &at<&S::bans, &S::Bans::delay_max>, "10s", "1s..5m",
     "How long it is held back at most."},
    {"bans.exempt_networks", Type::networks, &at<&S::bans, &S::Bans::exempt_networks>,
     R"(["127.0.0.0/8", "::1/128"])", "",
     "Addresses that are never banned, as those of a webmail server: accounts can be."},

    {"log.level", Type::choice, &at<&S::log, &S::Log::level>, "info", "debug|info|warning|error",
     "The least severe events that are logged."},
    {"log.format", Type::choice, &at<&S::log, &S::Log::format>, "logfmt", "logfmt|json",
     "How a line of the log is written."},
});

}  // namespace

std::span<const Parameter> parameters() noexcept { return kParameters; }

const Parameter* find_parameter(std::string_view name) noexcept {
  const auto it = std::find_if(kParameters.begin(), kParameters.end(),
                               [&](const Parameter& p) { return p.name == name; });
  return it == kParameters.end() ? nullptr : &*it;
}

std::string_view section_of(std::string_view name) noexcept {
  const std::size_t dot = name.rfind('.');
  return dot == std::string_view::npos ? std::string_view() : name.substr(0, dot);
}

std::string_view key_of(std::string_view name) noexcept {
  const std::size_t dot = name.rfind('.');
  return dot == std::string_view::npos ? name : name.substr(dot + 1);
}

int choice_index(std::string_view range, std::string_view word) noexcept {
  for (int index = 0;; ++index) {
    const std::size_t bar = range.find('|');
    if (range.substr(0, bar) == word) return index;
    if (bar == std::string_view::npos) return -1;
    range.remove_prefix(bar + 1);
  }
}

std::string_view choice_word(std::string_view range, unsigned index) noexcept {
  for (; index > 0; --index) range.remove_prefix(range.find('|') + 1);
  return range.substr(0, range.find('|'));
}

std::string_view describe(Type type) noexcept {
  switch (type) {
    case Type::path: return "the name of a file or folder";
    case Type::domain: return "a host's name, as in \"mx.example.org\"";
    case Type::host_port: return "HOST or HOST:PORT, as in \"relay.example.net:587\"";
    case Type::choice: return "one of the words";
    case Type::count: return "a whole number, as in 100";
    case Type::size: return "a size, as in \"50MiB\"";
    case Type::duration: return "a duration, as in \"500ms\", \"30m\" or \"5d\"";
    case Type::durations: return "an array of durations, as in [\"5m\", \"30m\"]";
    case Type::socket_addresses: return "an array of ADDRESS:PORT, as in [\"127.0.0.1:53\"]";
    case Type::networks: return "an array of networks, as in [\"192.0.2.0/24\"]";
    case Type::smtp_listeners:
      return "an array of tables, as in [{ address = \"0.0.0.0:25\", mode = \"mx\" }]";
    case Type::pop3_listeners:
      return "an array of tables, as in [{ address = \"0.0.0.0:110\", tls = \"starttls\" }]";
    case Type::certificates:
      return "an array of tables, as in [{ certificate = \"/etc/ssl/b.pem\", key = "
             "\"/etc/ssl/b.key\" }]";
    case Type::routes: return "[[route]] tables with `match` and `via`";
  }
  return "";
}

}  // namespace postrider::config
