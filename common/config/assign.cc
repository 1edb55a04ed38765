#include "common/config/assign.h"

#include <pwd.h>

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <type_traits>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "common/base/ascii.h"
#include "common/base/domain_name.h"
#include "common/config/destinations.h"
#include "common/config/next_hops.h"
#include "common/config/routes.h"
#include "common/config/suggest.h"
#include "common/config/tls_policies.h"
#include "common/config/units.h"
#include "common/net/address.h"
#include "common/smtp/ehlo_reply.h"

namespace postrider::config {

namespace {

using std::chrono::milliseconds;

// Each check that an action is configured for; the others always refuse.
bool is_check(std::string_view name) {
  const Parameter* parameter = find_parameter(fmt::format("checks.{}", name));
  return parameter != nullptr && parameter->range == kCheckActions;
}

// Reads one parameter's value; each read() is for the members of one type.
class Reader {
 public:
  Reader(const Parameter& parameter, std::vector<Complaint>& complaints)
      : parameter_(parameter), complaints_(complaints) {}

  void read(const Value& value, std::string& member) {
    const auto* text = std::get_if<std::string>(&value.data);
    if (parameter_.type == Type::choice) {
      if (choose(value, parameter_.range) >= 0) member = *text;
    } else if (text == nullptr) {
      wrong_kind(value);
    } else if (!is_right(*text)) {
      wrong(value, fmt::format("{} is not right", quote(*text)));
    } else {
      member = *text;
    }
  }

  void read(const Value& value, std::uint64_t& member) {
    std::optional<std::uint64_t> number;
    if (parameter_.type == Type::size) {
      const auto* text = std::get_if<std::string>(&value.data);
      if (text == nullptr) return wrong_kind(value);
      number = parse_size(*text);
      if (!number) return wrong(value, fmt::format("{} is not a size", quote(*text)));
    } else {
      const auto* given = std::get_if<std::int64_t>(&value.data);
      if (given == nullptr) return wrong_kind(value);
      if (*given < 0) return wrong(value, fmt::format("{} is negative", *given));
      number = static_cast<std::uint64_t>(*given);
    }
    const auto parse = parameter_.type == Type::size ? &parse_size : &parse_count;
    if (in_range(value, *number, parse)) member = *number;
  }

  void read(const Value& value, milliseconds& member) {
    const auto* text = std::get_if<std::string>(&value.data);
    if (text == nullptr) return wrong_kind(value);
    const auto duration = parse_duration(*text);
    if (!duration) return wrong(value, fmt::format("{} is not a duration", quote(*text)));
    if (in_range(value, *duration, &parse_duration)) member = *duration;
  }

  void read(const Value& value, seconds& member) {
    milliseconds duration{-1};
    read(value, duration);
    if (duration.count() < 0) return;
    if (duration.count() % 1000 != 0) return wrong(value, "is measured in whole seconds");
    member = std::chrono::duration_cast<seconds>(duration);
  }

  template <typename Enum>
  requires std::is_enum_v<Enum>
  void read(const Value& value, Enum& member) { read_choice(value, parameter_.range, member); }

  template <typename Element>
  void read(const Value& value, std::vector<Element>& member) {
    const auto* array = std::get_if<Value::Array>(&value.data);
    if (array == nullptr) return wrong_kind(value);
    member.clear();
    for (const Value& element : *array) {
      member.emplace_back();
      read(element, member.back());
    }
  }

  void read(const Value& value, SmtpListener& listener) {
    const auto [address, mode, mask, proxy] =
        fields<2>(value, Names<4>{"address", "mode", "mask", "proxy"});
    if (address == nullptr || mode == nullptr) return;
    read_choice(*mode, kSmtpModes, listener.mode);
    read_smtp_address(*address, listener.mode, listener.address);
    if (mask != nullptr) read_mask(*mask, listener.mask);
    if (proxy != nullptr) read_flag(*proxy, "proxy", listener.proxy);
  }

  void read(const Value& value, Pop3Listener& listener) {
    const auto [address, tls, proxy] = fields<2>(value, Names<3>{"address", "tls", "proxy"});
    if (address == nullptr || tls == nullptr) return;
    read_socket_address(*address, listener.address);
    read_choice(*tls, kPop3Tls, listener.tls);
    if (proxy != nullptr) read_flag(*proxy, "proxy", listener.proxy);
  }

  void read(const Value& value, CertificateFiles& files) {
    const auto [certificate, key] = fields<2>(value, Names<2>{"certificate", "key"});
    if (certificate == nullptr || key == nullptr) return;
    read_file_name(*certificate, files.certificate);
    read_file_name(*key, files.key);
  }

  void read(const Value& value, Route& route) {
    const auto [match, via, sender, account] =
        fields<2>(value, Names<4>{"match", "via", "sender", "account"});
    if (match == nullptr || via == nullptr) return;
    read_form(*match, &is_route_match, kRouteMatchForms, route.match);
    read_via(*via, route.via);
    if (sender != nullptr) read_form(*sender, &is_route_match, kRouteMatchForms, route.sender);
    if (account != nullptr)
      read_form(*account, &is_route_account, kRouteAccountForms, route.account);
  }

  void read(const Value& value, TlsPolicy& policy) {
    const auto [destination, level, match, min_version] =
        fields<2>(value, Names<4>{"destination", "level", "match", "min_version"});
    if (destination == nullptr || level == nullptr) return;
    read_form(*destination, &is_tls_destination, kTlsDestinationForms, policy.destination);
    read_choice(*level, kTlsLevels, policy.level);
    if (match != nullptr) read_certificate_names(*match, policy);
    if (min_version != nullptr) policy.only_tls13 = choose(*min_version, kTlsVersions) == 1;
  }

  void read(const Value& value, DestinationLimits& limits) {
    const auto [domain, host, connections, rate, recipients, chunking] = fields<0>(
        value, Names<6>{"domain", "host", "connections", "rate", "recipients", "chunking"});
    if (domain == nullptr && host == nullptr)
      return complain(value, "`domain` or `host` is missing");
    if (connections == nullptr && rate == nullptr && recipients == nullptr && chunking == nullptr)
      return complain(value,
                      "it limits nothing: write `connections`, `rate`, `recipients` or `chunking`");
    if (domain != nullptr)
      read_forms(*domain, &is_tls_destination, kTlsDestinationForms, limits.domains);
    if (host != nullptr) read_forms(*host, &is_limited_host, kLimitedHostForms, limits.hosts);
    if (connections != nullptr) read_limit(*connections, limits.connections);
    if (rate != nullptr) read_rate(*rate, limits.rate);
    if (recipients != nullptr) read_limit(*recipients, limits.recipients);
    if (chunking != nullptr) read_flag(*chunking, "chunking", limits.chunking);
  }

 private:
  bool is_right(const std::string& text) const {
    switch (parameter_.type) {
      // The host must have a name; any other domain may be left to it.
      case Type::domain:
        return is_domain_name(text) || (text.empty() && parameter_.name != "hostname");
      case Type::text: return std::none_of(text.begin(), text.end(), &is_control);
      case Type::smarthost: return text.empty() || is_smarthost(text);
      case Type::socket_addresses: return net::SocketAddress::parse(text).has_value();
      case Type::socket_address: return text.empty() || net::SocketAddress::parse(text).has_value();
      case Type::networks: return net::Network::parse(text).has_value();
      case Type::local_users: return ::getpwnam(text.c_str()) != nullptr;
      case Type::checks: return is_check(text);
      default: return text.find('\0') == std::string::npos;
    }
  }

  template <typename Number, typename Parse>
  bool in_range(const Value& value, Number number, Parse parse) {
    const std::size_t dots = parameter_.range.find("..");
    if (number >= *parse(parameter_.range.substr(0, dots)) &&
        number <= *parse(parameter_.range.substr(dots + 2)))
      return true;
    wrong(value, "is out of range");
    return false;
  }

  // The position of the word among `words`, or -1 after a complaint.
  int choose(const Value& value, std::string_view words) {
    const auto* word = std::get_if<std::string>(&value.data);
    const int index = word == nullptr ? -1 : choice_index(words, *word);
    if (index < 0) complain(value, fmt::format("{} is not one of {}", shown(value), words));
    return index;
  }

  template <typename Enum>
  void read_choice(const Value& value, std::string_view words, Enum& member) {
    if (const int index = choose(value, words); index >= 0) member = static_cast<Enum>(index);
  }

  void read_socket_address(const Value& value, std::string& member) {
    const auto* text = std::get_if<std::string>(&value.data);
    if (text == nullptr) return complain(value, "`address` is a string, as in \"127.0.0.1:25\"");
    if (const auto address = net::SocketAddress::parse(*text); !address)
      return complain(value, address.error().text);
    member = *text;
  }

  void read_smtp_address(const Value& value, SmtpMode mode, std::string& member) {
    const auto* text = std::get_if<std::string>(&value.data);
    const auto path = text == nullptr ? std::nullopt : unix_path(*text);
    if (!path) {
      read_socket_address(value, member);
      const auto address = net::SocketAddress::parse(member);
      if (mode == SmtpMode::local)
        complain(value, "the mode local is for a Unix socket, as in \"unix:run/submit.sock\"");
      if (mode == SmtpMode::lmtp && address && address->port == kSmtpPort)
        complain(value, "port 25 is not for LMTP (RFC 2033 section 5)");
      return;
    }
    if (mode != SmtpMode::lmtp && mode != SmtpMode::local)
      return complain(value, "a Unix socket is for the modes lmtp and local");
    if (path->empty() || path->find('\0') != std::string_view::npos)
      return complain(value, fmt::format("{} is not \"unix:\" and a path", quote(*text)));
    member = *text;
  }

  void read_flag(const Value& value, std::string_view key, bool& member) {
    const auto* flag = std::get_if<bool>(&value.data);
    if (flag == nullptr) return complain(value, fmt::format("`{}` is true or false", key));
    member = *flag;
  }

  void read_mask(const Value& value, std::vector<std::string>& mask) {
    const auto* array = std::get_if<Value::Array>(&value.data);
    if (array == nullptr)
      return complain(value, "`mask` is an array of keywords, as in [\"CHUNKING\", \"DSN\"]");
    const std::vector<std::string_view> keywords = smtp::extension_keywords();
    for (const Value& element : *array) {
      const auto* keyword = std::get_if<std::string>(&element.data);
      if (keyword != nullptr && std::count(keywords.begin(), keywords.end(), *keyword) > 0) {
        mask.push_back(*keyword);
      } else {
        complain(element,
                 fmt::format("{} is not one of {}", shown(element), fmt::join(keywords, "|")));
      }
    }
  }

  void read_file_name(const Value& value, std::string& member) {
    const auto* text = std::get_if<std::string>(&value.data);
    if (text == nullptr || text->empty() || text->find('\0') != std::string::npos)
      return complain(value, fmt::format("{} is not the name of a file", shown(value)));
    member = *text;
  }

  void read_certificate_names(const Value& value, TlsPolicy& policy) {
    const auto* array = std::get_if<Value::Array>(&value.data);
    if (array == nullptr)
      return complain(value, "`match` is an array of names, as in [\"mx.example.net\"]");
    if (policy.level != TlsLevel::verify)
      return complain(value, "`match` is for level = \"verify\": else no certificate is verified");
    for (const Value& name : *array)
      read_form(name, &is_certificate_name, kCertificateNameForms, policy.match.emplace_back());
  }

  void read_form(const Value& value, bool (*is_form)(std::string_view), std::string_view forms,
                 std::string& member) {
    const auto* text = std::get_if<std::string>(&value.data);
    if (text == nullptr || !is_form(*text))
      return complain(value, fmt::format("{} is not {}", shown(value), forms));
    member = *text;
  }

  // One, or an array of them.
  void read_forms(const Value& value, bool (*is_form)(std::string_view), std::string_view forms,
                  std::vector<std::string>& members) {
    const auto* array = std::get_if<Value::Array>(&value.data);
    const std::span<const Value> all = array != nullptr ? std::span(*array) : std::span(&value, 1);
    for (const Value& one : all) read_form(one, is_form, forms, members.emplace_back());
    if (all.empty()) complain(value, fmt::format("[] is not {}", forms));
  }

  void read_limit(const Value& value, std::uint64_t& limit) {
    const auto* number = std::get_if<std::int64_t>(&value.data);
    if (number == nullptr || *number < 1 || *number > kMaxDestinationLimit)
      return complain(value, fmt::format("{} is not a whole number of 1..{}", shown(value),
                                         kMaxDestinationLimit));
    limit = static_cast<std::uint64_t>(*number);
  }

  void read_rate(const Value& value, Rate& rate) {
    const auto* text = std::get_if<std::string>(&value.data);
    const auto parsed = text == nullptr ? std::nullopt : parse_rate(*text);
    if (!parsed)
      return complain(value, fmt::format("{} is not a number of messages and /s, /m, /h or /d, as "
                                         "in \"10/s\"",
                                         shown(value)));
    rate = *parsed;
  }

  // One, or an array of next hops.
  void read_via(const Value& value, std::vector<std::string>& via) {
    const auto* array = std::get_if<Value::Array>(&value.data);
    if (array == nullptr)
      return read_form(value, &is_route_via, kRouteViaForms, via.emplace_back());
    for (const Value& element : *array)
      read_form(element, &is_next_hop, kNextHopForms, via.emplace_back());
    if (array->empty()) complain(value, fmt::format("[] is not {}", kRouteViaForms));
  }

  template <std::size_t count>
  using Names = std::array<std::string_view, count>;

  // The members of a table by their names, or null for those that are missing: the first `needed`
  // of them must be there.
  template <std::size_t needed, std::size_t count>
  std::array<const Value*, count> fields(const Value& value, const Names<count>& names) {
    std::array<const Value*, count> found{};
    const auto* table = std::get_if<Value::Table>(&value.data);
    if (table == nullptr) {
      wrong_kind(value);
      return found;
    }
    for (const Member& member : *table) {
      const auto it = std::find(names.begin(), names.end(), member.key);
      if (it != names.end()) {
        found[static_cast<std::size_t>(it - names.begin())] = &member.value;
      } else {
        complain(value,
                 fmt::format("unknown key `{}`{}", member.key, did_you_mean(member.key, names)));
      }
    }
    for (std::size_t i = 0; i < needed; ++i)
      if (found[i] == nullptr) complain(value, fmt::format("`{}` is missing", names[i]));
    return found;
  }

  static std::string shown(const Value& value) {
    if (const auto* text = std::get_if<std::string>(&value.data)) return quote(*text);
    const auto* number = std::get_if<std::int64_t>(&value.data);
    return number != nullptr ? std::to_string(*number) : std::string(value.kind());
  }

  void wrong_kind(const Value& value) { wrong(value, fmt::format("{} stands here", value.kind())); }

  // Says what is wrong and what the table says would be right.
  void wrong(const Value& value, std::string_view what) {
    std::string right(describe(parameter_.type));
    if (!parameter_.range.empty()) right += fmt::format(", {}", parameter_.range);
    complain(value, fmt::format("{}; write {}", what, right));
  }

  void complain(const Value& value, std::string text) {
    complaints_.push_back({value.line, std::string(parameter_.name), std::move(text)});
  }

  const Parameter& parameter_;
  std::vector<Complaint>& complaints_;
};

}  // namespace

void assign(const Parameter& parameter, const Value& value, Settings& settings,
            std::vector<Complaint>& complaints) {
  Reader reader(parameter, complaints);
  std::visit([&](auto member) { reader.read(value, member(settings)); }, parameter.target);
}

}  // namespace postrider::config
