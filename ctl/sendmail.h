// sendmail.h - the program `sendmail`: how other programs of the host hand mail over.
//
// It submits by SMTP to the local socket of smtpd, which adds the fields that are missing and
// removes Bcc. Exit status as in <sysexits.h>.
#pragma once

#include <string>
#include <vector>

namespace postrider::ctl {

struct SendmailOptions {
  std::string sender;     // -f, -r; empty: the user's own address, "<>": the null path
  std::string full_name;  // -F
  std::vector<std::string> recipients;  // as given on the command line
  std::string config_path;              // -C
  bool dot_ends = true;                 // not with -i
  bool read_recipients = false;         // -t
  bool list_queue = false;              // -bp
  std::string wrong;                    // not empty: what is wrong with the command line
};

// Reads a command line as Sendmail's users write it: values may follow their letter at once.
// Options that do not concern us are passed over.
SendmailOptions parse_sendmail(const std::vector<std::string>& arguments);

// The command line of `postrider` that lists the queue, as `sendmail -bp` asks for it.
std::vector<std::string> queue_list_command(const SendmailOptions& options);

// Runs the program; the message is on standard input.
int sendmail(const SendmailOptions& options);

}  // namespace postrider::ctl
