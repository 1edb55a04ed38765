#include "common/checks/header.h"

#include <algorithm>
#include <utility>

#include "common/base/ascii.h"
#include "common/message/mailbox_list.h"

namespace postrider::checks {

namespace {

constexpr std::string_view kResent = "Resent-";

}  // namespace

HeaderSurvey::HeaderSurvey(Authors authors)
    : authors_(authors),
      scanner_([this](std::string_view name, std::string_view value) { count(name, value); }) {}

void HeaderSurvey::feed(std::string_view content) {
  if (scanner_.done()) return;
  const std::uint64_t before = scanner_.octets();
  scanner_.feed(content);
  facts_.ascii = facts_.ascii && is_all_ascii(content.substr(0, scanner_.octets() - before));
  update();
}

void HeaderSurvey::finish() {
  scanner_.finish();
  update();
}

void HeaderSurvey::count(std::string_view name, std::string_view value) {
  ++facts_.fields;
  if (authors_ == Authors::keep) keep_authors(name, value);
  if (equals_ignoring_case(name, "Received")) {
    ++facts_.received;
    return;
  }
  if (equals_ignoring_case(name, "TLS-Required")) {
    ++facts_.tls_required;
    if (equals_ignoring_case(value, "No")) ++facts_.tls_required_no;
  }
  const auto* const single =
      std::find_if(kSingleFields.begin(), kSingleFields.end(),
                   [&](std::string_view one) { return equals_ignoring_case(one, name); });
  if (single == kSingleFields.end()) return;
  const auto place = static_cast<std::size_t>(single - kSingleFields.begin());
  const bool first = facts_.single[place]++ == 0;
  if (first && place == kMessageId && value.size() <= kMaxMessageId) facts_.message_id = value;
}

// Of the Resent fields. Who resends puts a set of them before all other fields; what follows are
// those of who has resent it before (RFC 5322 section 3.6.6).
bool HeaderSurvey::is_of_first_set(std::string_view name) {
  const auto* const field =
      std::find_if(kResentFields.begin(), kResentFields.end(),
                   [&](std::string_view one) { return equals_ignoring_case(one, name); });
  const bool begun = std::find(resent_.begin(), resent_.end(), true) != resent_.end();
  if (field == kResentFields.end()) {
    first_set_over_ = first_set_over_ || begun;
    return false;
  }
  bool& seen = resent_[static_cast<std::size_t>(field - kResentFields.begin())];
  first_set_over_ = first_set_over_ || std::exchange(seen, true);
  return !first_set_over_;
}

// Before the field is counted.
void HeaderSurvey::keep_authors(std::string_view name, std::string_view value) {
  const bool resent = is_of_first_set(name);
  const std::string_view role = resent ? name.substr(kResent.size()) : name;
  const bool is_sender = equals_ignoring_case(role, "Sender");
  if (!is_sender && !equals_ignoring_case(role, "From")) return;
  auto addresses = message::parse_mailbox_list(value);
  const bool twice = !resent && facts_.single[is_sender ? kSender : kFrom] > 0;
  if (!addresses || twice || scanner_.cut() || (is_sender && addresses->size() > 1)) {
    facts_.authors_unclear = true;
    return;
  }
  for (std::string& address : *addresses)
    if (facts_.authors.size() <= kMaxAuthors) facts_.authors.push_back(std::move(address));
}

void HeaderSurvey::update() {
  facts_.octets = scanner_.octets();
  facts_.misfits = scanner_.misfits();
  facts_.longest_line = scanner_.longest_line();
}

}  // namespace postrider::checks
