// send_right_commands.cc - postrider user send-as: as whom a user may send beside the addresses
// that are the user's.
#include <memory>

#include "ctl/command.h"
#include "ctl/commands.h"
#include "ctl/editing.h"

namespace postrider::ctl {

namespace {

using directory::DirectoryEditor;

struct SendRightOptions {
  std::string address;
  std::string sender;
};

nlohmann::json as_json(const SendRightOptions& options) {
  return {{"address", options.address}, {"sender", options.sender}};
}

void add(Context& context, const SendRightOptions& options) {
  change(context, fmt::format("{} may send as {}", options.address, options.sender),
         as_json(options), [&](DirectoryEditor& editor) {
           return editor.add_send_right(options.address, options.sender);
         });
}

void remove(Context& context, const SendRightOptions& options) {
  change(context, fmt::format("{} may no longer send as {}", options.address, options.sender),
         as_json(options), [&](DirectoryEditor& editor) {
           return editor.remove_send_right(options.address, options.sender);
         });
}

void list(Context& context, const SendRightOptions& options) {
  with_editor(context, [&](DirectoryEditor& editor) {
    const auto senders = editor.send_rights(options.address);
    if (!senders) return context.refuse(senders.error());
    std::string text;
    for (const std::string& sender : *senders) text += sender + "\n";
    context.answer({{"address", options.address}, {"senders", *senders}}, text);
  });
}

}  // namespace

void add_send_right_commands(Command user, Context& context) {
  const Command group = user.add_subcommand(
      "send-as", "As whom a user may send beside the own address and the aliases that lead to it");
  group.require_subcommand();
  const auto options = std::make_shared<SendRightOptions>();
  const auto subcommand = [&](const char* name, const char* text) {
    const Command command = group.add_subcommand(name, text);
    command.add_option("address", options->address, "NAME@DOMAIN").required();
    return command;
  };
  constexpr const char* kSender = "An address, or @DOMAIN for all of a domain; here or elsewhere";
  const Command add_one = subcommand("add", "Let a user send as another address");
  add_one.add_option("sender", options->sender, kSender).required();
  add_one.callback([&context, options] { add(context, *options); });
  subcommand("list", "What was added").callback([&context, options] { list(context, *options); });
  const Command remove_one = subcommand("remove", "Take that away again");
  remove_one.add_option("sender", options->sender, kSender).required();
  remove_one.callback([&context, options] { remove(context, *options); });
}

}  // namespace postrider::ctl
