#include "ctl/backup/places.h"

#include <catch2/catch.hpp>

#include "ctl/backup/named_files.h"

namespace ctl_backup_places_test {

using namespace postrider;
using namespace postrider::ctl::backup;

namespace {

config::Settings settings() {
  config::Settings settings;
  settings.paths = {.spool = "/var/spool/p", .mail = "/m", .data = "/d", .run = "/r"};
  settings.tls.certificate = "/etc/tls/cert.pem";
  settings.tls.key = "/etc/tls/private/key.pem";
  settings.tls.additional = {{"/a/1.pem", "/a/1.key"}};
  return settings;
}

}  // namespace

TEST_CASE("backup places: trees go where the configuration says, and files by their parameter",
          "[backup]") {
  const Places places(settings(), "/etc/postrider/postrider.toml");
  struct Case {
    const char* path;
    const char* place;
  };
  for (const Case& one : std::initializer_list<Case>{
           {"spool", "/var/spool/p"},
           {"spool/incoming/smtpd0-1.seg", "/var/spool/p/incoming/smtpd0-1.seg"},
           {"data/directory.db", "/d/directory.db"},
           {"mail/example.org/anna/Maildir/new", "/m/example.org/anna/Maildir/new"},
           {"run", "/r"},
           {"config/postrider.toml", "/etc/postrider/postrider.toml"},
           {"folders/config", "/etc/postrider"},
           {"named/tls.key", "/etc/tls/private/key.pem"},
           {"folders/tls.key", "/etc/tls/private"},
           {"named/tls.additional.0.certificate", "/a/1.pem"}})
    CHECK(places.of(one.path) == one.place);
}

TEST_CASE("backup places: what the configuration does not name has no place", "[backup]") {
  const Places places(settings(), "/etc/postrider/postrider.toml");
  for (const char* path : {"named/relay.smarthost_password_file", "named/tls.additional.1.key",
                           "named", "config", "config/other.toml", "spoolx", "spoolx/a", "etc"})
    CHECK_FALSE(places.of(path));
}

TEST_CASE("backup places: the files that a configuration names are each named once", "[backup]") {
  std::vector<std::string> names;
  for (const NamedFile& file : named_files(settings())) names.push_back(file.parameter);
  CHECK(names == std::vector<std::string>{"tls.certificate", "tls.key",
                                          "tls.additional.0.certificate", "tls.additional.0.key"});
}

}  // namespace ctl_backup_places_test
