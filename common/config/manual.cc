#include "common/config/manual.h"

#include <algorithm>

#include <fmt/format.h>

#include "common/config/parameters.h"
#include "common/config/to_toml.h"

namespace postrider::config {

namespace {

constexpr std::string_view kManualStart = R"(.TH POSTRIDER.CONF 5 2026-11-23 "Postrider" "Postrider"
.SH NAME
postrider.conf \- the configuration file of the Postrider mail suite
.SH SYNOPSIS
.I /etc/postrider/postrider.toml
.SH DESCRIPTION
All programs of the suite read one file in TOML. Every parameter has a default but
.BR hostname .
An unknown parameter, a wrong type or a value out of range is an error that names the file, the
line, the parameter and what would be right, and nothing starts.
.PP
Durations are written "500ms", "90s", "30m", "4h", "5d", "2w"; sizes "512B", "256KiB", "50MiB",
"1GiB" (powers of 1024) or "10MB" (powers of 1000). Relative names of files start from the folder of
the configuration file.
.PP
The file may be edited by hand, or with
.BR "postrider config set" ,
which leaves all else in it as it is, comments too.
.B postrider config check
tells all that would keep the suite from starting.
.SH VERSION
.TP
.B version
The version of the file, as in version = 1, at its top; a file without it is of version 1, which is
the only one so far. Every release reads the files of all versions before it, each as it was meant:
a later version comes only with a parameter that is renamed or means something else, and what
.B postrider config show
says of an old file is what its new words would be. A file of a version that a release does not know
yet is refused as a whole, with the version that it does read.
)";

constexpr std::string_view kManualEnd = R"(.SH SEE ALSO
.BR postrider (1),
.BR postrider\-log (5),
.BR postrider\-queue (7),
.BR postrider\-recipes (7)
)";

constexpr std::string_view kExampleStart =
    R"(# The configuration of Postrider: every parameter, with its default after "# ".
# See postrider.conf(5). `postrider config check` checks this file.

# The version of this file: each is read for ever.
version = 1
)";

constexpr std::size_t kExampleWidth = 98;

std::string roff_escaped(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '\\') {
      escaped += "\\e";
    } else if (c == '-') {
      escaped += "\\-";
    } else {
      escaped += c;
    }
  }
  // A line that begins with a dot or an apostrophe would be a request.
  if (escaped.starts_with('.') || escaped.starts_with('\'')) escaped.insert(0, "\\&");
  return escaped;
}

// `text` in lines of at most kExampleWidth octets, each after "# ".
std::string as_comment(std::string_view text) {
  std::string lines;
  while (!text.empty()) {
    std::size_t end = text.size();
    if (end > kExampleWidth) end = text.rfind(' ', kExampleWidth);
    lines += fmt::format("# {}\n", text.substr(0, end));
    text.remove_prefix(std::min(text.size(), end + 1));
  }
  return lines;
}

// Those are written as [[NAME]] tables, behind all sections.
bool stands_in_tables(const Parameter& parameter) {
  return parameter.type == Type::routes || parameter.type == Type::tls_policies ||
         parameter.type == Type::destinations;
}

std::string_view example_of(const Parameter& parameter) {
  if (parameter.type == Type::routes)
    return "# [[route]]\n# match = \"example.net\"\n# via = \"smtp:relay.example.net:25\"\n";
  if (parameter.type == Type::tls_policies)
    return "# [[tls_policy]]\n# destination = \"example.net\"\n# level = \"verify\"\n"
           "# match = [\".example.net\"]\n";
  return "# [[destination]]\n# host = \".example.net\"\n# connections = 5\n# rate = \"10/s\"\n";
}

}  // namespace

std::string manual_page() {
  std::string page(kManualStart);
  std::string_view section = "none";
  for (const Parameter& parameter : parameters()) {
    const std::string_view own = section_of(parameter.name);
    if (own != section) page += own.empty() ? ".SH TOP LEVEL\n" : fmt::format(".SH [{}]\n", own);
    section = own;
    page += fmt::format(".TP\n.B {}\n{}\nWrite {}{}{}.", roff_escaped(parameter.name),
                        roff_escaped(parameter.meaning), roff_escaped(describe(parameter.type)),
                        parameter.range.empty() ? "" : ", ", roff_escaped(parameter.range));
    if (parameter.name != "hostname")
      page += fmt::format(" Default: {}", roff_escaped(default_toml(parameter)));
    page += '\n';
  }
  page += kManualEnd;
  return page;
}

std::string example_file() {
  std::string file(kExampleStart);
  std::string_view section;
  for (const Parameter& parameter : parameters()) {
    if (stands_in_tables(parameter)) continue;
    const std::string_view own = section_of(parameter.name);
    file += own == section ? "\n" : fmt::format("\n[{}]\n\n", own);
    section = own;
    file += as_comment(parameter.meaning);
    file += parameter.name == "hostname"
                ? "hostname = \"mx.example.org\"\n"
                : fmt::format("# {} = {}\n", key_of(parameter.name), default_toml(parameter));
  }
  for (const Parameter& parameter : parameters())
    if (stands_in_tables(parameter))
      file += fmt::format("\n{}{}", as_comment(parameter.meaning), example_of(parameter));
  return file;
}

}  // namespace postrider::config
