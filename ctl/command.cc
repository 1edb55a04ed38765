#include "ctl/command.h"

#include <algorithm>
#include <utility>

#include <CLI/CLI.hpp>

namespace postrider::ctl {

Option Option::required() const {
  option_->required();
  return *this;
}

Option Option::needs(Option other) const {
  option_->needs(other.option_);
  return *this;
}

Option Option::excludes(Option other) const {
  option_->excludes(other.option_);
  return *this;
}

Option Option::check(Check wrong) const {
  option_->check([wrong = std::move(wrong)](const std::string& value) { return wrong(value); });
  return *this;
}

Option Option::one_of(std::vector<std::string> words) const {
  option_->check(CLI::IsMember(std::move(words)));
  return *this;
}

Option Option::between(int least, int most) const {
  option_->check(CLI::Range(least, most));
  return *this;
}

Option Option::with_default() const {
  option_->capture_default_str();
  return *this;
}

Option Option::hidden() const {
  option_->group("");
  return *this;
}

Command Command::add_subcommand(const std::string& name, const std::string& meaning) const {
  return Command(*app_->add_subcommand(name, meaning));
}

void Command::require_subcommand() const { app_->require_subcommand(1); }

void Command::callback(std::function<void()> act) const { app_->callback(std::move(act)); }

Option Command::add_option(const std::string& names, std::string& value,
                           const std::string& meaning) const {
  return Option(*app_->add_option(names, value, meaning));
}

Option Command::add_option(const std::string& names, std::optional<std::string>& value,
                           const std::string& meaning) const {
  return Option(*app_->add_option(names, value, meaning));
}

Option Command::add_option(const std::string& names, std::vector<std::string>& value,
                           const std::string& meaning) const {
  return Option(*app_->add_option(names, value, meaning));
}

Option Command::add_option(const std::string& names, std::uint16_t& value,
                           const std::string& meaning) const {
  return Option(*app_->add_option(names, value, meaning));
}

Option Command::add_option(const std::string& names, Option::Check take,
                           const std::string& meaning) const {
  const auto taking = [names, take = std::move(take)](const std::string& value) {
    if (std::string wrong = take(value); !wrong.empty()) throw CLI::ValidationError(names, wrong);
  };
  return Option(*app_->add_option_function<std::string>(names, taking, meaning));
}

Option Command::add_flag(const std::string& names, bool& value, const std::string& meaning) const {
  return Option(*app_->add_flag(names, value, meaning));
}

CommandLine::CommandLine(const std::string& name, const std::string& meaning,
                         const std::string& version)
    : app_(std::make_unique<CLI::App>(meaning, name)) {
  app_->set_version_flag("--version", version);
  app_->require_subcommand(1);
  app_->fallthrough();
}

CommandLine::~CommandLine() = default;

Command CommandLine::root() const { return Command(*app_); }

std::optional<ExitStatus> CommandLine::parse(std::vector<std::string> arguments) {
  std::reverse(arguments.begin(), arguments.end());  // CLI11 takes them last first
  try {
    app_->parse(std::move(arguments));
  } catch (const CLI::ParseError& error) {
    return app_->exit(error) == 0 ? ExitStatus::done : ExitStatus::usage;
  }
  return std::nullopt;
}

}  // namespace postrider::ctl
