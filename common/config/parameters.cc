#include "common/config/parameters.h"

#include <algorithm>
#include <array>

#include "common/config/parameter_rows.h"
#include "common/config/reception_parameters.h"
#include "common/config/security_parameters.h"
#include "common/config/seeing_parameters.h"
#include "common/config/trace_parameters.h"

namespace postrider::config {

namespace {

using namespace rows;

constexpr auto kGeneral = std::to_array<Parameter>({
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
     "The certificate chain in PEM, this host's own certificate first. Empty: no TLS. When a file "
     "of "
     "tls.certificate, tls.key or tls.additional is replaced, new connections get the new one "
     "within "
     "seconds; one that cannot be used is told of in the log, and the old one stays in use."},
    {"tls.key", Type::path, &at<&S::tls, &S::Tls::key>, "", "",
     "The certificate's key in PEM, without a passphrase."},
    {"tls.additional", Type::certificates, &at<&S::tls, &S::Tls::additional>, "[]", "",
     "Certificates for further names. A client that says which host it wants (SNI) gets the first "
     "certificate that is for it, tls.certificate before these; any other client gets "
     "tls.certificate."},
    {"tls.min_version", Type::choice, &at<&S::tls, &S::Tls::min_version>, "1.2", kTlsVersions,
     "The oldest version of TLS that is spoken with clients (RFC 8997: not below 1.2)."},
    {"tls.ca_file", Type::path, &at<&S::tls, &S::Tls::ca_file>, "", "",
     "The authorities, in PEM, that are trusted to sign the certificates of the servers that mail "
     "is sent to. Empty: the system's. It is read when deliverd starts, and on a reload."},
    {"tls.handshake_timeout", Type::duration, &at<&S::tls, &S::Tls::handshake_timeout>, "30s",
     "1s..10m", "How long a handshake may take, all of it, before the connection is closed."},
});

constexpr auto kOthers = std::to_array<Parameter>({
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
     "0B..64KiB",
     "A report returns the whole message up to this size, and of a larger one the header alone."},
    {"queue.double_bounces", Type::choice, &at<&S::queue, &S::Queue::double_bounces>, "postmaster",
     "postmaster|discard",
     "What becomes of a report of this server that cannot be delivered: it goes to the "
     "postmaster's "
     "mailbox, or is dropped. Either is logged, as is what others have sent from the empty "
     "reverse-path and cannot be delivered: nobody is told of that."},

    {"queue.undo_time", Type::duration, &at<&S::queue, &S::Queue::undo_time>, "1h", "0s..30d",
     "How long a message that an operator has deleted stays on disk, so that \"postrider queue "
     "undelete\" can bring it back."},

    {"forward.rewrite", Type::choice, &at<&S::forward, &S::Forward::rewrite>, "srs", "srs|off",
     "What becomes of the reverse-path of mail that an alias sends on to a domain that is not "
     "ours. "
     "srs: it is written anew (Sender Rewriting Scheme), so that it does not fail at SPF, and "
     "bounces find their way back through this host; off: it stays. That of a sender in a domain "
     "of ours always stays."},
    {"forward.domain", Type::domain, &at<&S::forward, &S::Forward::domain>, "", "",
     "The domain of rewritten reverse-paths, whose mail must come to this host. Empty: hostname."},
    {"forward.srs_lifetime", Type::duration, &at<&S::forward, &S::Forward::srs_lifetime>, "3w",
     "1d..365d", "How long after a message was sent on its bounces are taken."},

    {"relay.port", Type::count, &at<&S::relay, &S::Relay::port>, "25", "1..65535",
     "The port on which other mail servers are contacted."},
    {"relay.networks", Type::networks, &at<&S::relay, &S::Relay::networks>,
     R"(["127.0.0.0/8", "::1/128"])", "",
     "Clients that may send to any domain without logging in."},
    {"relay.smarthost", Type::smarthost, &at<&S::relay, &S::Relay::smarthost>, "", "",
     "A server that takes all mail for other domains, as in \"relay.example.net:587\" or "
     "\"[192.0.2.1]:587\"; without a port, relay.port. With \"smtps:\" before it, as in "
     "\"smtps:relay.example.net\", TLS begins with the first octet (RFC 8314), at port 465 unless "
     "another is named. Empty: each domain's own servers, by MX."},

    {"relay.smarthost_user", Type::text, &at<&S::relay, &S::Relay::smarthost_user>, "", "",
     "As whom to log in at the smart host. Empty: no login."},
    {"relay.smarthost_password_file", Type::path,
     &at<&S::relay, &S::Relay::smarthost_password_file>, "", "",
     "A file with the password of that user on its one line, which deliverd may read and not "
     "everyone. It is read when deliverd starts, and on a reload. The password is shown to a "
     "server that is verified (tls_policy) alone, unless a policy that names the smart host, or a "
     "domain above it, says otherwise; and where the server knows SCRAM-SHA-256, to nobody."},

    {"route", Type::routes, &top<&S::routes>, "[]", "",
     "Where mail for a domain goes instead of its own way. `match` is a domain, a domain with a "
     "dot before it for its subdomains, or \"*\" for every domain that is not ours. `sender`, in "
     "the same forms, takes mail of senders in that domain alone; `account` that of one user who "
     "has logged in, as in \"ada@example.org\", or of all users of a domain. The first route that "
     "matches in all that it says counts. `via` is \"smtp:HOST:PORT\", \"smtp:[ADDRESS]:PORT\", "
     "either with \"smtps:\" in place of \"smtp:\", \"mx\", \"lmtp:HOST:PORT\", "
     "\"lmtp:unix:/PATH\", \"discard:\" or \"hold:\"; or an array of all but the last two: the "
     "next is asked when one "
     "gives no session. \"smtps:\" is for a server whose TLS begins with the first octet, without "
     "STARTTLS (RFC 8314); without a port it is at 465. A domain of ours (postrider domain add) "
     "that a route names, as on a gateway or a backup MX, is taken elsewhere as a whole: mail for "
     "each of its addresses is accepted from everyone, and its users here get none. \"lmtp:\" is "
     "the way to a mail store, as Dovecot is one, by RFC 2033: of a domain of ours mail is "
     "accepted for known users alone, and ends in the store in place of a mailbox here; what the "
     "store takes counts as delivered. Without a port it is at 24. deliverd, of role remote, has "
     "to be allowed to write to a socket of that path. \"hold:\" keeps mail until it is released "
     "(postrider queue release), when it goes as if that route were not there; of a domain of "
     "ours it is accepted for known users alone. Aliases come before routes. \"*\" does not touch "
     "domains of ours."},

    {"tls_policy", Type::tls_policies, &top<&S::tls_policies>, "[]", "",
     "How well a connection to another server is protected; the first whose `destination` matches "
     "counts, and without one it is \"may\". `destination` is the domain of the recipient, a "
     "domain with a dot before it for its subdomains, or \"*\"; where a route or the smart host "
     "says which server takes the mail, it is the name of that server, or \"[ADDRESS]\". `level` "
     "is \"none\": in the clear; \"may\": under TLS where that is possible, else in the clear; "
     "\"encrypt\": under TLS, whoever the server is; or \"verify\": under TLS with a server whose "
     "certificate is trusted (tls.ca_file) and for its own name. While that cannot be had, mail "
     "waits. `match` gives other names for \"verify\", as in [\"mx.example.net\", "
     "\".example.net\"], of which the certificate has to have one; with a dot before it, any host "
     "below. `min_version` is \"1.2\" or \"1.3\", for what has to be under TLS. The name of a "
     "server that DNS told (MX) proves little, as DNS may be forged: who has to be sure gives "
     "`match`. A message that its sender wants under TLS (REQUIRETLS) is verified whatever the "
     "policy, on its way to a mail store as well, unless that is at a socket or a loopback "
     "address; and one with the field \"TLS-Required: No\" goes as with \"may\". To a server of "
     "\"smtps:\" nothing goes in the clear: \"none\" and \"may\" mean \"encrypt\" there."},

    {"destination", Type::destinations, &top<&S::destinations>, "[]", "",
     "What other servers are asked to bear at most; the first that matches counts. `domain` is "
     "the domain of the recipients, or the server where a route or the smart host names one; "
     "`host` is the name of the mail server, whatever the domain. Each is a domain, a domain with "
     "a dot before it for all below it, \"[ADDRESS]\" or \"*\", or an array of them; `host` may "
     "also be \"unix:/PATH\", a mail store's socket, which \"*\" does not mean. All that is "
     "matched by one table shares its limits: `connections` at a time (else "
     "deliverd.connections_per_host to each address), messages by `rate`, as in \"10/s\", "
     "\"600/m\" or \"1000/h\", evenly spread, and `recipients` of one message at a time: it is "
     "sent more than once where it has more. Without any table, too, a server that asks for less "
     "(421, 4.7.x) is sent less for a while. `connections` and `rate` need deliverd.remote_workers "
     "= 1. Where `chunking` is false content goes by DATA where a server offers CHUNKING, too: for "
     "servers, and firewalls before them, that break BDAT. Without it that is found out, and kept "
     "in mind for a day, at the cost of a delay."},

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
     "--quota, --messages) and was accepted all the same, as one that came by an alias: it waits "
     "in "
     "the queue until there is room or it is too old, or it is returned."},
    {"deliverd.connections_per_host", Type::count,
     &at<&S::deliverd, &S::Deliverd::connections_per_host>, "20", "1..1000",
     "Connections at a time to one address, for each worker."},
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
     "Where mailboxes are handed out: in the clear (none), in the clear with STLS where there is a "
     "certificate (starttls), or under TLS at once (implicit, RFC 8314), which needs "
     "tls.certificate. With proxy = true each connection begins with a PROXY header (see "
     "pop3d.proxy_networks)."},
    {"pop3d.workers", Type::count, &at<&S::pop3d, &S::Pop3d::workers>, "0", "0..256",
     "Worker processes. 0: one for each processor core."},
    {"pop3d.plaintext_auth", Type::choice, &at<&S::pop3d, &S::Pop3d::plaintext_auth>, "loopback",
     "never|loopback|always", "From where a password is taken without TLS."},
    {"pop3d.connection_limit", Type::count, &at<&S::pop3d, &S::Pop3d::connection_limit>, "5000",
     "1..100000", "Connections at a time, for each worker; a further one is refused."},
    {"pop3d.connection_limit_per_address", Type::count,
     &at<&S::pop3d, &S::Pop3d::connection_limit_per_address>, "50", "0..100000",
     "Connections at a time from one client address, of all workers together; a further one is "
     "refused. 0: no limit, as for the three parameters that follow."},
    {"pop3d.connection_limit_per_network", Type::count,
     &at<&S::pop3d, &S::Pop3d::connection_limit_per_network>, "500", "0..100000",
     "Connections at a time from one network: the /24 of an IPv4 address, the /64 of an IPv6 one."},
    {"pop3d.connection_rate_per_address", Type::count,
     &at<&S::pop3d, &S::Pop3d::connection_rate_per_address>, "300", "0..1000000",
     "Connections a minute from one client address; a further one is refused."},
    {"pop3d.connection_rate_per_network", Type::count,
     &at<&S::pop3d, &S::Pop3d::connection_rate_per_network>, "3000", "0..1000000",
     "Connections a minute from one network."},
    {"pop3d.unlimited_networks", Type::networks, &at<&S::pop3d, &S::Pop3d::unlimited_networks>,
     R"(["127.0.0.0/8", "::1/128"])", "",
     "Clients for which no limit of an address or network holds, as those of a webmail server."},
    {"pop3d.bad_command_limit", Type::count, &at<&S::pop3d, &S::Pop3d::bad_command_limit>, "20",
     "1..1000", "Wrong commands in one session, after which it is ended."},
    {"pop3d.timeout", Type::duration, &at<&S::pop3d, &S::Pop3d::timeout>, "10m", "1s..1d",
     "How long a client may be silent (RFC 1939 section 3: at least 10 minutes)."},
    {"pop3d.login_delay", Type::duration, &at<&S::pop3d, &S::Pop3d::login_delay>, "0s", "0s..1d",
     "How long after a login the next one to the same mailbox is refused, on whichever host "
     "(LOGIN-DELAY, RFC 2449). Clients are told of it. 0s: not at all."},
    {"pop3d.apop", Type::choice, &at<&S::pop3d, &S::Pop3d::apop>, "off", "off|on",
     "Whether APOP is offered, by a timestamp in the greeting (RFC 1939 section 7). Only accounts "
     "for which a secret was made can log in by it, and a client that chooses it for another is "
     "refused: turn it on where old clients know nothing better."},
    {"pop3d.proxy_networks", Type::networks, &at<&S::pop3d, &S::Pop3d::proxy_networks>, "[]", "",
     "The proxies that are believed who their client is, as smtpd.proxy_networks says it of smtpd. "
     "Where the header tells none, the client's address is unknown, and it counts as no client of "
     "the loopback."},
    {"pop3d.proxy_timeout", Type::duration, &at<&S::pop3d, &S::Pop3d::proxy_timeout>, "5s",
     "1s..1m", "How long a proxy may take for its header, all of it."},

    {"mailbox.retention", Type::duration, &at<&S::mailbox, &S::Mailbox::retention>, "0s",
     "0s..3650d",
     "How long a message stays in its mailbox before it is removed, read or not, counted from the "
     "time that its file's name says, else from that of the file. POP3 clients are told of it, in "
     "whole days (EXPIRE, RFC 2449). What `postrider domain` and `postrider user` say of a mailbox "
     "goes before. 0s: for ever."},
    {"mailbox.trash", Type::duration, &at<&S::mailbox, &S::Mailbox::trash>, "0s", "0s..3650d",
     "How long a message that a reader has deleted, or that mailbox.retention has removed, stays "
     "in postrider.trash in its Maildir, from where `postrider mailbox undelete` brings it back. "
     "It is not served there and does not count for the quota; pop3d removes it with a round of "
     "mailbox.sweep_interval. What `postrider domain` and `postrider user` say of a mailbox goes "
     "before. 0s: there is no trash, and what is in it from before goes with the next round."},
    {"mailbox.sweep_interval", Type::duration, &at<&S::mailbox, &S::Mailbox::sweep_interval>, "1h",
     "0s..30d",
     "How often pop3d goes through all mailboxes and removes what mailbox.retention and "
     "mailbox.trash say, and what a crash has left in tmp/. A mailbox that is in use waits for the "
     "next round; of one whose user the directory does not know, or cannot tell, nothing is "
     "removed. 0s: never; see `postrider mailbox sweep`."},
    {"mailbox.sweep_rate", Type::count, &at<&S::mailbox, &S::Mailbox::sweep_rate>, "20", "1..10000",
     "How many mailboxes it visits in a second, so that readers and deliveries have the disk."},

    {"quota.warn", Type::percentages, &at<&S::quota, &S::Quota::warn>, "[80, 95]", "1..100",
     "At how many percent of its quota a mailbox gets a message that tells its user so, once each "
     "time it comes there. Empty: at none."},

    {"passwords.min_length", Type::count, &at<&S::passwords, &S::Passwords::min_length>, "8",
     "1..64",
     "How many characters a password that is set by `postrider user` has at least. The user's own "
     "name and domain are none in any case, with digits behind them or without. App passwords and "
     "secrets for APOP are made by the command, and none of this is for them."},
    {"passwords.history", Type::count, &at<&S::passwords, &S::Passwords::history>, "0", "0..24",
     "How many of a user's last passwords, the present one among them, may not be set again. 0: "
     "any may."},
    {"passwords.common", Type::path, &at<&S::passwords, &S::Passwords::common>, "", "",
     "A file of passwords that are refused, one a line, with digits behind them or without; at "
     "most 64 MiB. Empty: a list of some hundred that is built in. /dev/null: none."},
});

// All of them, in this order.
template <std::size_t... Sizes>
constexpr auto join(const std::array<Parameter, Sizes>&... parts) {
  std::array<Parameter, (Sizes + ...)> all{};
  auto to = all.begin();
  ((to = std::copy(parts.begin(), parts.end(), to)), ...);
  return all;
}

constexpr auto kParameters = join(kGeneral, kReception, kOthers, kSecurity, kSeeing, kTrace);

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
    case Type::smarthost:
      return "HOST or [ADDRESS], perhaps with :PORT behind and smtps: before it, as in "
             "\"relay.example.net:587\" or \"smtps:relay.example.net\"";
    case Type::text: return "text, as in \"anna@example.org\"";
    case Type::choice: return "one of the words";
    case Type::count: return "a whole number, as in 100";
    case Type::percentages: return "an array of whole numbers, as in [80, 95]";
    case Type::size: return "a size, as in \"50MiB\"";
    case Type::duration: return "a duration, as in \"500ms\", \"30m\" or \"5d\"";
    case Type::durations: return "an array of durations, as in [\"5m\", \"30m\"]";
    case Type::socket_addresses: return "an array of ADDRESS:PORT, as in [\"127.0.0.1:53\"]";
    case Type::socket_address: return "ADDRESS:PORT, as in \"127.0.0.1:9090\"";
    case Type::networks: return "an array of networks, as in [\"192.0.2.0/24\"]";
    case Type::local_users: return "an array of names of users of this host, as in [\"nobody\"]";
    case Type::checks: return "an array of names of checks, as in [\"helo_name\"]";
    case Type::smtp_listeners:
      return "an array of tables, as in [{ address = \"0.0.0.0:25\", mode = \"mx\" }]";
    case Type::pop3_listeners:
      return "an array of tables, as in [{ address = \"0.0.0.0:110\", tls = \"starttls\" }]";
    case Type::certificates:
      return "an array of tables, as in [{ certificate = \"/etc/ssl/b.pem\", key = "
             "\"/etc/ssl/b.key\" }]";
    case Type::routes:
      return "[[route]] tables with `match` and `via`, perhaps with `sender` and `account`";
    case Type::tls_policies: return "[[tls_policy]] tables with `destination` and `level`";
    case Type::destinations:
      return "[[destination]] tables with `domain` or `host`, and `connections`, `rate`, "
             "`recipients` or `chunking`";
  }
  return "";
}

}  // namespace postrider::config
