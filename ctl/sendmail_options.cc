// sendmail_options.cc - the command line of `sendmail`.
#include "ctl/sendmail.h"

#include <string_view>

namespace postrider::ctl {

namespace {

// Letters whose option takes a value, at once or as the next argument. Of those that are passed
// over: body type, full log, hops, DSN, queue, return, trace.
constexpr std::string_view kWithValue = "BCfFhLNOoqrRVXb";
// Of these the value stands at once or not at all.
constexpr std::string_view kAttachedOnly = "oqb";

}  // namespace

SendmailOptions parse_sendmail(const std::vector<std::string>& arguments) {
  SendmailOptions options;
  bool options_end = false;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    if (options_end || argument.size() < 2 || argument[0] != '-') {
      options.recipients.push_back(argument);
      continue;
    }
    if (argument == "--") {
      options_end = true;
      continue;
    }
    const char letter = argument[1];
    std::string value = argument.substr(2);
    if (value.empty() && kWithValue.find(letter) != std::string_view::npos &&
        kAttachedOnly.find(letter) == std::string_view::npos) {
      if (++i == arguments.size()) {
        options.wrong = argument + " needs a value";
        return options;
      }
      value = arguments[i];
    }
    switch (letter) {
      case 'f':
      case 'r': options.sender = value.empty() ? "<>" : value; break;
      case 'F': options.full_name = value; break;
      case 'C': options.config_path = value; break;
      case 'i': options.dot_ends = false; break;
      case 't': options.read_recipients = true; break;
      case 'o': options.dot_ends = options.dot_ends && value != "i"; break;
      case 'b':
        options.list_queue = value == "p";
        if (value != "p" && value != "m")
          options.wrong = "the mode " + argument + " is not offered";
        break;
      default: break;
    }
  }
  return options;
}

std::vector<std::string> queue_list_command(const SendmailOptions& options) {
  if (options.config_path.empty()) return {"queue", "list"};
  return {"--config", options.config_path, "queue", "list"};
}

}  // namespace postrider::ctl
