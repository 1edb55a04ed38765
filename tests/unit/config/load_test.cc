#include "common/config/load.h"

#include <fstream>
#include <string>

#include <catch2/catch.hpp>

#include "tests/unit/temp_directory.h"

namespace config_load_test {

using namespace postrider;
using namespace postrider::config;
using namespace std::chrono_literals;

namespace {

constexpr std::string_view kHost = "hostname = \"mx.test\"\n";

Settings parsed(std::string_view text) {
  auto settings = config::parse(std::string(kHost) + std::string(text), "/etc/p.toml");
  INFO((settings ? std::string() : settings.error().text));
  REQUIRE(settings);
  return *settings;
}

// The complaints about `text`, which stands from line 2 on.
std::string refused(std::string_view text) {
  const auto settings = config::parse(std::string(kHost) + std::string(text), "p.toml");
  REQUIRE_FALSE(settings);
  CHECK(settings.error().kind == ErrorKind::invalid);
  return settings.error().text;
}

}  // namespace

TEST_CASE("config load: hostname alone is enough, all else has a default", "[config]") {
  const Settings settings = parsed("");
  CHECK(settings.hostname == "mx.test");
  CHECK(settings.paths.spool == "/var/spool/postrider");
  CHECK(settings.smtpd.message_size_limit == 50U << 20U);
  CHECK(settings.queue.retry_interval == 30min);
  CHECK(settings.queue.lifetime == 120h);
  CHECK(settings.deliverd.sync_interval == 500ms);
  CHECK(settings.relay.networks == std::vector<std::string>{"127.0.0.0/8", "::1/128"});
  CHECK(settings.smtpd.listen.size() == 3);
  CHECK(settings.routes.empty());
}

TEST_CASE("config load: every kind of value", "[config]") {
  const Settings settings = parsed(R"(
[smtpd]
listen = [{ address = "127.0.0.1:20025", mode = "mx" }, { address = "[::1]:20024", mode = "lmtp", mask = ["DSN", "SIZE"], proxy = true }]
proxy_networks = ["192.0.2.9"]
workers = 2
line_limit = "1KiB"
vrfy = "on"
[queue]
retry_schedule = ["5m", "15m", "30m"]
[relay]
networks = ["192.0.2.0/24", "::1"]
smarthost = "relay.example.net:587"
smarthost_user = "mx@example.net"
smarthost_password_file = "secrets/relay"
[tls]
certificate = "tls/a.pem"
key = "tls/a.key"
min_version = "1.3"
ca_file = "tls/ca.pem"
handshake_timeout = "10s"
[[tls.additional]]
certificate = "/b.pem"
key = "tls/b.key"
[[route]]
match = ".example.org"
via = "smtp:[::1]:2626"
[[route]]
match = "*"
sender = "news.example.org"
account = "ada@example.org"
via = ["smtp:one.example.net", "mx"]
[[tls_policy]]
destination = ".example.org"
level = "verify"
match = ["mx.example.net", ".example.net"]
min_version = "1.3"
[[tls_policy]]
destination = "*"
level = "encrypt"
min_version = "1.2"
[[destination]]
host = [".mail.example.net", "[192.0.2.1]"]
connections = 5
rate = "600/m"
[[destination]]
domain = "*"
recipients = 20
chunking = false
[dns]
servers = ["127.0.0.1:20053"]
[deliverd]
sync = "each"
sync_interval = "20ms"
[pop3d]
listen = [{ address = "127.0.0.1:20110", tls = "none" }]
plaintext_auth = "always"
)");
  REQUIRE(settings.smtpd.listen.size() == 2);
  CHECK(settings.smtpd.listen[1].address == "[::1]:20024");
  CHECK(settings.smtpd.listen[1].mode == SmtpMode::lmtp);
  CHECK(settings.smtpd.listen[1].mask == std::vector<std::string>{"DSN", "SIZE"});
  CHECK(settings.smtpd.listen[1].proxy);
  CHECK(settings.smtpd.listen[0].mask.empty());
  CHECK_FALSE(settings.smtpd.listen[0].proxy);
  CHECK(settings.smtpd.proxy_networks == std::vector<std::string>{"192.0.2.9"});
  CHECK(settings.smtpd.workers == 2);
  CHECK(settings.smtpd.line_limit == 1024);
  CHECK(settings.smtpd.vrfy == "on");
  CHECK(settings.queue.retry_schedule == std::vector<seconds>{300s, 900s, 1800s});
  CHECK(settings.relay.networks == std::vector<std::string>{"192.0.2.0/24", "::1"});
  CHECK(settings.relay.smarthost == "relay.example.net:587");
  CHECK(settings.relay.smarthost_user == "mx@example.net");
  CHECK(settings.relay.smarthost_password_file == "/etc/secrets/relay");
  CHECK(settings.tls.certificate == "/etc/tls/a.pem");
  CHECK(settings.tls.min_version == "1.3");
  CHECK(settings.tls.ca_file == "/etc/tls/ca.pem");
  CHECK(settings.tls.handshake_timeout == 10s);
  REQUIRE(settings.tls.additional.size() == 1);
  CHECK(settings.tls.additional[0].certificate == "/b.pem");
  CHECK(settings.tls.additional[0].key == "/etc/tls/b.key");
  REQUIRE(settings.routes.size() == 2);
  CHECK(settings.routes[0].match == ".example.org");
  CHECK(settings.routes[0].via == std::vector<std::string>{"smtp:[::1]:2626"});
  CHECK(settings.routes[0].sender.empty());
  CHECK(settings.routes[1].sender == "news.example.org");
  CHECK(settings.routes[1].account == "ada@example.org");
  CHECK(settings.routes[1].via == std::vector<std::string>{"smtp:one.example.net", "mx"});
  CHECK(settings.tls_policies ==
        std::vector<config::TlsPolicy>{
            {".example.org", TlsLevel::verify, {"mx.example.net", ".example.net"}, true},
            {"*", TlsLevel::encrypt, {}, false}});
  CHECK(settings.destinations == std::vector<config::DestinationLimits>{
                                     {{}, {".mail.example.net", "[192.0.2.1]"}, 5, 0, {600, 60s}},
                                     {{"*"}, {}, 0, 20, {}, false}});
  CHECK(settings.deliverd.sync == SyncMode::each);
  CHECK(settings.deliverd.sync_interval == 20ms);
  CHECK(settings.pop3d.listen.at(0).tls == Pop3Tls::none);
  CHECK(settings.pop3d.plaintext_auth == PlaintextAuth::always);
}

TEST_CASE("config load: limits that are not shared are for several workers, too", "[config]") {
  const Settings settings = parsed(
      "[[destination]]\nhost = \"*\"\nrecipients = 9\nchunking = false\n[deliverd]\n"
      "remote_workers = 2\n");
  CHECK(settings.deliverd.remote_workers == 2);
}

TEST_CASE("config load: relative file names start from the folder of the file", "[config]") {
  const Settings settings =
      parsed("[paths]\nspool = \"spool\"\nmail = \"../mail\"\nrun = \"/run/p\"\n");
  CHECK(settings.paths.spool == "/etc/spool");
  CHECK(settings.paths.mail == "/mail");
  CHECK(settings.paths.run == "/run/p");
  CHECK(settings.tls.certificate.empty());
}

TEST_CASE("config load: the name of a folder has no slash at its end", "[config]") {
  const Settings settings =
      parsed("[paths]\nspool = \"/srv/spool/\"\nmail = \"mail//\"\ndata = \".\"\n");
  CHECK(settings.paths.spool == "/srv/spool");
  CHECK(settings.paths.mail == "/etc/mail");
  CHECK(settings.paths.data == "/etc");
}

TEST_CASE("config load: so does the path of a Unix socket", "[config]") {
  const Settings settings = parsed(
      "[smtpd]\nlisten = [{ address = \"unix:run/l\", mode = \"lmtp\" }, "
      "{ address = \"unix:/run/l\", mode = \"lmtp\" }]\n");
  CHECK(settings.smtpd.listen.at(0).address == "unix:/etc/run/l");
  CHECK(settings.smtpd.listen.at(1).address == "unix:/run/l");
}

TEST_CASE("config load: each error names file, line and key, and says what would be right",
          "[config][slow]") {
  struct Case {
    std::string_view text;
    std::string_view complaint;
  };
  const Case cases[] = {
      {"[smtpd]\nworkers = \"two\"",
       "p.toml:3: smtpd.workers: a string stands here; write a whole number, as in 100, 0..256"},
      {"[smtpd]\nworkers = 257",
       "p.toml:3: smtpd.workers: is out of range; write a whole number, as in 100, 0..256"},
      {"[smtpd]\nworkers = -1",
       "p.toml:3: smtpd.workers: -1 is negative; write a whole number, as in 100, 0..256"},
      {"[smtpd]\nworkers = 1.5",
       "p.toml:3: smtpd.workers: a number with a fraction, a date or a time stands here; write a "
       "whole number, as in 100, 0..256"},
      {"[smtpd]\n\nmessage_size_limit = \"50 apples\"",
       "p.toml:4: smtpd.message_size_limit: \"50 apples\" is not a size; write a size, as in "
       "\"50MiB\", 64KiB..4GiB"},
      {"[smtpd]\nmessage_size_limit = 1000",
       "p.toml:3: smtpd.message_size_limit: a number stands here; write a size, as in \"50MiB\", "
       "64KiB..4GiB"},
      {"[smtpd]\nmessage_size_limit = \"1KiB\"",
       "p.toml:3: smtpd.message_size_limit: is out of range; write a size, as in \"50MiB\", "
       "64KiB..4GiB"},
      {"[queue]\nlifetime = \"5 days\"",
       "p.toml:3: queue.lifetime: \"5 days\" is not a duration; write a duration, as in \"500ms\", "
       "\"30m\" or \"5d\", 1s..90d"},
      {"[queue]\nlifetime = \"1500ms\"",
       "p.toml:3: queue.lifetime: is measured in whole seconds; write a duration, as in \"500ms\", "
       "\"30m\" or \"5d\", 1s..90d"},
      {"[queue]\nretry_schedule = [\"5m\", 7]",
       "p.toml:3: queue.retry_schedule: a number stands here; write an array of durations, as in "
       "[\"5m\", \"30m\"], 1s..7d"},
      {"[smtpd]\nvrfy = \"maybe\"", "p.toml:3: smtpd.vrfy: \"maybe\" is not one of off|on"},
      {"[pop3d]\nplaintext_auth = true",
       "p.toml:3: pop3d.plaintext_auth: a boolean is not one of never|loopback|always"},
      {"[relay]\nnetworks = [\"192.0.2.1/24\"]",
       "p.toml:3: relay.networks: \"192.0.2.1/24\" is not right; write an array of networks, as in "
       "[\"192.0.2.0/24\"]"},
      {"[relay]\nnetworks = \"::1\"",
       "p.toml:3: relay.networks: a string stands here; write an array of networks, as in "
       "[\"192.0.2.0/24\"]"},
      {"[dns]\nservers = [\"127.0.0.1\"]",
       "p.toml:3: dns.servers: \"127.0.0.1\" is not right; write an array of ADDRESS:PORT, as in "
       "[\"127.0.0.1:53\"]"},
      {"[relay]\nsmarthost = \"192.0.2.1\"",
       "p.toml:3: relay.smarthost: \"192.0.2.1\" is not right; write HOST or [ADDRESS], perhaps "
       "with :PORT behind and smtps: before it, as in \"relay.example.net:587\" or "
       "\"smtps:relay.example.net\""},
      {"[relay]\nsmarthost = \"a:b\"",
       "p.toml:3: relay.smarthost: \"a:b\" is not right; write HOST or [ADDRESS], perhaps with "
       ":PORT behind and smtps: before it, as in \"relay.example.net:587\" or "
       "\"smtps:relay.example.net\""},
      {"[smtpd]\nlisten = [{ address = \"localhost:25\", mode = \"mx\" }]",
       "p.toml:3: smtpd.listen: 'localhost:25' is not ADDRESS:PORT, as in 192.0.2.1:25 or "
       "[2001:db8::1]:25"},
      {"[smtpd]\nlisten = [{ address = \"127.0.0.1:25\", mode = \"smtp\" }]",
       "p.toml:3: smtpd.listen: \"smtp\" is not one of mx|submission|submissions|lmtp|local"},
      {"[smtpd]\nlisten = [{ address = \"unix:/x\", mode = \"mx\" }]",
       "p.toml:3: smtpd.listen: a Unix socket is for the modes lmtp and local"},
      {"[smtpd]\nlisten = [{ address = \"127.0.0.1:25\", mode = \"local\" }]",
       "p.toml:3: smtpd.listen: the mode local is for a Unix socket, as in "
       "\"unix:run/submit.sock\""},
      {"[smtpd]\ndenied_local_users = [\"nobody\", \"no such user\"]",
       "p.toml:3: smtpd.denied_local_users: \"no such user\" is not right; write an array of names "
       "of users of this host, as in [\"nobody\"]"},
      {"[checks]\norder = [\"helo_name\", \"helo\"]",
       "p.toml:3: checks.order: \"helo\" is not right; write an array of names of checks, as in "
       "[\"helo_name\"]"},
      {"[smtpd]\nlisten = [{ address = \"unix:\", mode = \"lmtp\" }]",
       "p.toml:3: smtpd.listen: \"unix:\" is not \"unix:\" and a path"},
      {"[smtpd]\nproxy_networks = [\"::1\"]\n"
       "listen = [{ address = \"unix:/x\", mode = \"lmtp\", proxy = true }]",
       "p.toml:4: smtpd.listen: proxy = true is not for a Unix socket"},
      {"[smtpd]\nlisten = [{ address = \"127.0.0.1:25\", mode = \"lmtp\" }]",
       "p.toml:3: smtpd.listen: port 25 is not for LMTP (RFC 2033 section 5)"},
      {"[smtpd]\nlisten = [{ adress = \"127.0.0.1:25\", mode = \"mx\" }]",
       "p.toml:3: smtpd.listen: unknown key `adress`; did you mean `address`?\n"
       "p.toml:3: smtpd.listen: `address` is missing"},
      {"[smtpd]\nlisten = [{ address = \"127.0.0.1:25\", mode = \"mx\", mask = [\"dsn\", 5] }]",
       "p.toml:3: smtpd.listen: \"dsn\" is not one of PIPELINING|SIZE|8BITMIME|ENHANCEDSTATUSCODES|"
       "CHUNKING|BINARYMIME|DSN|SMTPUTF8|MT-PRIORITY|LIMITS|FUTURERELEASE|STARTTLS|"
       "REQUIRETLS|XCLIENT|AUTH\n"
       "p.toml:3: smtpd.listen: 5 is not one of PIPELINING|SIZE|8BITMIME|"
       "ENHANCEDSTATUSCODES|CHUNKING|BINARYMIME|DSN|SMTPUTF8|MT-PRIORITY|LIMITS|FUTURERELEASE|"
       "STARTTLS|"
       "REQUIRETLS|XCLIENT|AUTH"},
      {"[smtpd]\nlisten = [{ address = \"127.0.0.1:25\", mode = \"mx\", mask = \"DSN\" }]",
       "p.toml:3: smtpd.listen: `mask` is an array of keywords, as in [\"CHUNKING\", \"DSN\"]"},
      {"[smtpd]\nlisten = [{ address = \"127.0.0.1:25\", mode = \"mx\", proxy = 1 }]",
       "p.toml:3: smtpd.listen: `proxy` is true or false"},
      {"[smtpd]\nlisten = [{ address = \"127.0.0.1:25\", mode = \"mx\", proxy = true }]",
       "p.toml:3: smtpd.listen: proxy = true needs smtpd.proxy_networks"},
      {"[smtpd]\nlisten = [\"127.0.0.1:25\"]",
       "p.toml:3: smtpd.listen: a string stands here; write an array of tables, as in "
       "[{ address = \"0.0.0.0:25\", mode = \"mx\" }]"},
      {"[tls]\ncertificate = \"a.pem\"", "p.toml:3: tls.certificate: needs tls.key"},
      {"[tls]\nkey = \"a.key\"", "p.toml:3: tls.key: needs tls.certificate"},
      {"[tls]\nadditional = [{ certificate = \"b.pem\", key = \"b.key\" }]",
       "p.toml:3: tls.additional: needs tls.certificate"},
      {"[tls]\ncertificate = \"a\"\nkey = \"a\"\nadditional = [{ certificate = \"\", key = 5 }]",
       "p.toml:5: tls.additional: \"\" is not the name of a file\n"
       "p.toml:5: tls.additional: 5 is not the name of a file"},
      {"[tls]\nmin_version = \"1.1\"", "p.toml:3: tls.min_version: \"1.1\" is not one of 1.2|1.3"},
      {"[smtpd]\nlisten = [{ address = \"127.0.0.1:465\", mode = \"submissions\" }]",
       "p.toml:3: smtpd.listen: the mode submissions needs tls.certificate"},
      {"[pop3d]\nlisten = [{ address = \"127.0.0.1:110\", tls = \"maybe\" }]",
       "p.toml:3: pop3d.listen: \"maybe\" is not one of none|starttls|implicit"},
      {"[pop3d]\nlisten = [{ address = \"127.0.0.1:995\", tls = \"implicit\" }]",
       "p.toml:3: pop3d.listen: tls = \"implicit\" needs tls.certificate"},
      {"[pop3d]\nlisten = [{ address = \"127.0.0.1:110\", tls = \"none\", proxy = true }]",
       "p.toml:3: pop3d.listen: proxy = true needs pop3d.proxy_networks"},
      {"[pop3d]\nlisten = [{ address = \"127.0.0.1:110\", tls = \"none\", proxy = 1 }]",
       "p.toml:3: pop3d.listen: `proxy` is true or false"},
      {"[[route]]\nmatch = \"example.org\"\nvia = \"smtp:\"",
       "p.toml:4: route: \"smtp:\" is not \"smtp:HOST\", \"smtp:HOST:PORT\", "
       "\"smtp:[ADDRESS]:PORT\", the same with \"smtps:\", \"mx\", \"lmtp:HOST:PORT\", "
       "\"lmtp:unix:/PATH\", \"discard:\" or "
       "\"hold:\""},
      {"[[route]]\nmatch = \"@example.org\"\nvia = \"mx\"",
       "p.toml:3: route: \"@example.org\" is not a domain, \".\" and a domain for its subdomains, "
       "or "
       "\"*\""},
      {"[[route]]\nmatch = \"*\"\nvia = [\"mx\", \"hold:\"]",
       "p.toml:4: route: \"hold:\" is not \"smtp:HOST\", \"smtp:HOST:PORT\", "
       "\"smtp:[ADDRESS]:PORT\", the same with \"smtps:\", \"mx\", \"lmtp:HOST:PORT\" or "
       "\"lmtp:unix:/PATH\""},
      {"[[route]]\nmatch = \"*\"\nvia = []",
       "p.toml:4: route: [] is not \"smtp:HOST\", \"smtp:HOST:PORT\", \"smtp:[ADDRESS]:PORT\", "
       "the same with \"smtps:\", \"mx\", \"lmtp:HOST:PORT\", \"lmtp:unix:/PATH\", \"discard:\" or "
       "\"hold:\""},
      {"[[route]]\nmatch = \"*\"\nvia = \"mx\"\naccount = \"ada@\"",
       "p.toml:5: route: \"ada@\" is not a user's address, as in \"ada@example.org\", or the "
       "users' domain"},
      {"[relay]\nsmarthost = \"relay.example.net\"\nsmarthost_user = \"anna\"",
       "p.toml:4: relay.smarthost_user: relay.smarthost_user and relay.smarthost_password_file "
       "need "
       "each other"},
      {"[relay]\nsmarthost = \"relay.example.net\"\nsmarthost_password_file = \"a\"",
       "p.toml:4: relay.smarthost_password_file: relay.smarthost_user and "
       "relay.smarthost_password_file need each other"},
      {"[relay]\nsmarthost_user = \"anna\"\nsmarthost_password_file = \"a\"",
       "p.toml:3: relay.smarthost_user: needs relay.smarthost"},
      {"[relay]\nsmarthost_user = \"an\\u000ana\"",
       "p.toml:3: relay.smarthost_user: \"an\\u000Ana\" is not right; write text, as in "
       "\"anna@example.org\""},
      {"[[tls_policy]]\ndestination = \"*.example.org\"\nlevel = \"must\"",
       "p.toml:3: tls_policy: \"*.example.org\" is not a domain, \".\" and a domain for its "
       "subdomains, \"[ADDRESS]\", or \"*\"\n"
       "p.toml:4: tls_policy: \"must\" is not one of none|may|encrypt|verify"},
      {"[[tls_policy]]\ndestination = \"*\"\nlevel = \"encrypt\"\nmatch = [\"a.test\"]",
       "p.toml:5: tls_policy: `match` is for level = \"verify\": else no certificate is verified"},
      {"[[tls_policy]]\ndestination = \"*\"\nlevel = \"verify\"\nmatch = \"a.test\"",
       "p.toml:5: tls_policy: `match` is an array of names, as in [\"mx.example.net\"]"},
      {"[[tls_policy]]\ndestination = \"*\"\nlevel = \"verify\"\nmatch = [\"*.a.test\"]",
       "p.toml:5: tls_policy: \"*.a.test\" is not a host's name, or \".\" and a domain for any "
       "host "
       "below it"},
      {"[[tls_policy]]\ndestination = \"*\"\nlevel = \"may\"\nmin_version = \"1.1\"",
       "p.toml:5: tls_policy: \"1.1\" is not one of 1.2|1.3"},
      {"[[tls_policy]]\ndestination = \"*\"", "p.toml:2: tls_policy: `level` is missing"},
      {"[[destination]]\nrate = \"1/s\"", "p.toml:2: destination: `domain` or `host` is missing"},
      {"[[destination]]\ndomain = \"*\"",
       "p.toml:2: destination: it limits nothing: write `connections`, `rate`, `recipients` or "
       "`chunking`"},
      {"[[destination]]\ndomain = \"*\"\nchunking = \"off\"",
       "p.toml:4: destination: `chunking` is true or false"},
      {"[[destination]]\nhost = \"*.a.test\"\nrate = 10\nconnections = 0\nrecipients = \"2\"",
       "p.toml:3: destination: \"*.a.test\" is not a domain, \".\" and a domain for its "
       "subdomains, \"[ADDRESS]\", \"unix:/PATH\", or \"*\"\n"
       "p.toml:4: destination: 10 is not a number of messages and /s, /m, /h or /d, as "
       "in \"10/s\"\n"
       "p.toml:5: destination: 0 is not a whole number of 1..10000\n"
       "p.toml:6: destination: \"2\" is not a whole number of 1..10000"},
      {"[[destination]]\ndomain = []\nrate = \"10/min\"\nburst = 5",
       "p.toml:2: destination: unknown key `burst`\n"
       "p.toml:3: destination: [] is not a domain, \".\" and a domain for its subdomains, "
       "\"[ADDRESS]\", or \"*\"\n"
       "p.toml:4: destination: \"10/min\" is not a number of messages and /s, /m, /h or /d, as in "
       "\"10/s\""},
      {"[[destination]]\ndomain = \"unix:/run/lmtp\"\nhost = \"unix:lmtp\"\nconnections = 1",
       "p.toml:3: destination: \"unix:/run/lmtp\" is not a domain, \".\" and a domain for its "
       "subdomains, \"[ADDRESS]\", or \"*\"\n"
       "p.toml:4: destination: \"unix:lmtp\" is not a domain, \".\" and a domain for its "
       "subdomains, \"[ADDRESS]\", \"unix:/PATH\", or \"*\""},
      {"[[destination]]\ndomain = \"*\"\nrate = \"1/s\"\n[deliverd]\nremote_workers = 2",
       "p.toml:6: deliverd.remote_workers: `connections` and `rate` of [[destination]] need "
       "remote_workers = 1: each worker would have them to itself"},
      {"[[destination]]\ndomain = \"*\"\nconnections = 1\n[deliverd]\nremote_workers = 2",
       "p.toml:6: deliverd.remote_workers: `connections` and `rate` of [[destination]] need "
       "remote_workers = 1: each worker would have them to itself"},
      {"[queue]\nliftime = \"5d\"",
       "p.toml:3: queue.liftime: unknown parameter; did you mean `queue.lifetime`?"},
      {"[smtp]\nworkers = 2", "p.toml:2: smtp: unknown parameter; did you mean `smtpd`?"},
      {"retry_jitter = 5",
       "p.toml:2: retry_jitter: unknown parameter; did you mean `queue.retry_jitter`?"},
      {"zebra = 5", "p.toml:2: zebra: unknown parameter"},
      {"\"a\\nb\" = 5", "p.toml:2: a?b: unknown parameter"},
      {"smtpd = 5",
       "p.toml:2: smtpd: is a section; write [smtpd] on a line of its own, and its parameters on "
       "the "
       "lines after it"},
  };
  for (const Case& c : cases) CHECK(refused(c.text) == c.complaint);
}

TEST_CASE("config load: all errors are reported at once, in the order of the lines", "[config]") {
  CHECK(
      refused("[queue]\nlifetime = 5\n[smtpd]\nworkers = 1000\nnonsense_ = 1\n") ==
      "p.toml:3: queue.lifetime: a number stands here; write a duration, as in \"500ms\", \"30m\" "
      "or \"5d\", 1s..90d\n"
      "p.toml:5: smtpd.workers: is out of range; write a whole number, as in 100, 0..256\n"
      "p.toml:6: smtpd.nonsense_: unknown parameter");
}

TEST_CASE("config load: a hostname with capitals is read in lower case", "[config]") {
  const auto settings = config::parse("hostname = \"MX.Example.test\"\n", "/etc/p.toml");
  REQUIRE(settings);
  CHECK(settings->hostname == "mx.example.test");
}

TEST_CASE("config load: a hostname that is missing or no name", "[config]") {
  const auto missing = config::parse("", "p.toml");
  REQUIRE_FALSE(missing);
  CHECK(missing.error().text ==
        "p.toml:1: hostname: is missing; write hostname = \"mx.example.org\"");
  const auto wrong = config::parse("hostname = \"192.0.2.1\"", "p.toml");
  REQUIRE_FALSE(wrong);
  CHECK(wrong.error().text ==
        "p.toml:1: hostname: \"192.0.2.1\" is not right; write a host's name, as in "
        "\"mx.example.org\"");
}

TEST_CASE("config load: what is not TOML is an error with its line", "[config]") {
  CHECK(refused("[smtpd\n").starts_with("p.toml:2: "));
  CHECK(refused("[queue]\nlifetime = \"5d\"\nlifetime = \"4d\"\n").starts_with("p.toml:4: "));
  CHECK(refused("x = \"\xff\"\n").starts_with("p.toml:2: "));
  CHECK(refused("x = " + std::string(100'000, '[')).starts_with("p.toml:2: "));
}

TEST_CASE("config load: errors past a hundred are counted", "[config][slow]") {
  std::string text;
  for (int i = 0; i < 150; ++i) text += "zzzz" + std::to_string(i) + " = 1\n";
  const std::string complaints = refused(text);
  CHECK(std::count(complaints.begin(), complaints.end(), '\n') == 100);
  CHECK(complaints.ends_with("p.toml: and 50 more"));
}

TEST_CASE("config load: no octets of a file can do worse than be refused", "[config][slow]") {
  const std::string text =
      std::string(kHost) +
      "[smtpd]\nlisten = [{ address = \"127.0.0.1:25\", "
      "mode = \"mx\" }]\nworkers = 2\n[[route]]\nmatch = \"*\"\nvia = \"mx\"\n";
  for (std::size_t length = 0; length < text.size(); ++length)
    static_cast<void>(config::parse(text.substr(0, length), "p.toml").has_value());
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::string changed = text;
    changed[i] = static_cast<char>(changed[i] ^ 0x15);
    static_cast<void>(config::parse(changed, "p.toml").has_value());
  }
}

TEST_CASE("config load: a file is read; a missing or huge one is refused", "[config]") {
  const test::TempDirectory directory;
  const std::string path = directory.path("p.toml");
  CHECK(config::load(path).error().kind == ErrorKind::not_found);

  std::ofstream(path) << kHost << "[paths]\nspool = \"spool\"\n";
  const auto settings = config::load(path);
  REQUIRE(settings);
  CHECK(settings->paths.spool == directory.path("spool"));

  std::ofstream(path) << kHost << std::string(kMaxFile, '\n');
  CHECK(config::load(path).error().text == path + ": is larger than 1 MiB");
  CHECK_FALSE(config::load(directory.path()));
}

TEST_CASE("config: a domain may be left to the host's name, which may not be left out",
          "[config]") {
  const auto forward = [](const std::string& domain) {
    return config::parse("hostname = \"mx.test\"\n[forward]\ndomain = \"" + domain + "\"",
                         "p.toml");
  };
  CHECK(forward("").has_value());
  CHECK(forward("srs.example.org").value().forward.domain == "srs.example.org");
  CHECK_FALSE(forward("192.0.2.1").has_value());
  CHECK_FALSE(config::parse("hostname = \"\"", "p.toml").has_value());
}

TEST_CASE("config: the status page is for this host alone, until it is said otherwise",
          "[config]") {
  const auto metrics = [](const std::string& lines) {
    return config::parse("hostname = \"mx.test\"\n[metrics]\n" + lines, "p.toml");
  };
  CHECK(metrics("").value().metrics.listen.empty());
  for (const char* address : {"127.0.0.1:90", "127.8.9.10:90", "[::1]:90"})
    CHECK(metrics(std::string("listen = \"") + address + "\"").has_value());
  for (const char* address : {"0.0.0.0:90", "192.0.2.1:90", "[::]:90"}) {
    const std::string listen = std::string("listen = \"") + address + "\"\n";
    const auto refused = metrics(listen);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().text.find("p.toml:3: metrics.listen: is not an address of loopback") !=
          std::string::npos);
    CHECK(metrics(listen + "beyond_loopback = \"on\"").has_value());
  }
  for (const char* wrong : {"127.0.0.1", "localhost:90", ":90", "127.0.0.1:99999"})
    CHECK_FALSE(metrics(std::string("listen = \"") + wrong + "\"").has_value());
}

}  // namespace config_load_test
