// sendmail_options.cc - the command line of `sendmail`.
#include "ctl/sendmail.h"

#include <span>
#include <string_view>

#include <fmt/format.h>

namespace postrider::ctl {

namespace {

// Letters whose option takes a value: the rest of the argument or, if nothing is left of it, the
// next argument. Those that concern us, and then body type, delivery by a daemon, full log, hops,
// DSN, options by name, return, trace.
constexpr std::string_view kWithValue = "CFfrBDLhNORVX";
// Letters whose value is the rest of the argument, be that empty: modes, options, and then
// addresses, macros, quarantine, debugging, errors, protocol, queue.
constexpr std::string_view kWithRest = "boAMQdepq";

bool is_in(std::string_view letters, char letter) {
  return letters.find(letter) != std::string_view::npos;
}

void set(SendmailOptions& options, char letter, const std::string& value) {
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
        options.wrong = fmt::format("the mode -b{} is not offered", value);
      break;
    default: break;
  }
}

// Reads the letters of one argument as getopt(3) does, and what they take of those that follow.
void read_letters(std::string_view letters, std::span<const std::string>& following,
                  SendmailOptions& options) {
  while (!letters.empty()) {
    const char letter = letters.front();
    letters.remove_prefix(1);
    if (!is_in(kWithValue, letter) && !is_in(kWithRest, letter)) {
      set(options, letter, "");
      continue;
    }
    if (letters.empty() && is_in(kWithValue, letter)) {
      if (following.empty()) {
        options.wrong = fmt::format("-{} needs a value", letter);
        return;
      }
      letters = following.front();
      following = following.subspan(1);
    }
    return set(options, letter, std::string(letters));
  }
}

}  // namespace

SendmailOptions parse_sendmail(const std::vector<std::string>& arguments) {
  SendmailOptions options;
  bool options_end = false;
  std::span<const std::string> following(arguments);
  while (!following.empty()) {
    const std::string& argument = following.front();
    following = following.subspan(1);
    if (options_end || argument.size() < 2 || argument[0] != '-') {
      options.recipients.push_back(argument);
    } else if (argument == "--") {
      options_end = true;
    } else {
      read_letters(std::string_view(argument).substr(1), following, options);
    }
  }
  return options;
}

std::vector<std::string> queue_list_command(const SendmailOptions& options) {
  if (options.config_path.empty()) return {"queue", "list"};
  return {"--config", options.config_path, "queue", "list"};
}

}  // namespace postrider::ctl
