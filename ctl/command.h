// command.h - the command line of `postrider`: a tree of commands, each with its options.
//
// The one place that knows CLI11: all of it is in headers, and a file that includes them takes a
// compiler ten times as long.
//
//   CommandLine line("postrider", "The command of the Postrider mail suite");
//   Command add = line.root().add_subcommand("add", "Add a domain");
//   add.add_option("domain", name, "As in example.org").required();
//   add.callback([&] { ... });
//   const std::optional<int> status = line.parse(arguments);
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ctl/exit_status.h"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace postrider::ctl {

// An option or argument: a reference to a part of the CommandLine, valid as long as that.
class Option {
 public:
  // What is wrong with a value, as the user reads it; empty: nothing is.
  using Check = std::function<std::string(const std::string& value)>;

  explicit Option(CLI::Option& option) noexcept : option_(&option) {}

  Option required() const;
  Option needs(Option other) const;
  Option excludes(Option other) const;
  Option check(Check wrong) const;
  Option one_of(std::vector<std::string> words) const;
  Option between(int least, int most) const;
  // The help tells the value that it has now.
  Option with_default() const;
  // The help does not tell of it.
  Option hidden() const;

 private:
  CLI::Option* option_;
};

// A command: a reference, as Option is.
class Command {
 public:
  explicit Command(CLI::App& app) noexcept : app_(&app) {}

  Command add_subcommand(const std::string& name, const std::string& meaning) const;
  // One of its own commands has to follow.
  void require_subcommand() const;
  // What is done when it is the chosen one.
  void callback(std::function<void()> act) const;

  // `names` as in "-C,--config"; without a dash it is an argument, by its place. `value` is set
  // before the callback is called, and left as it is where nothing is given; it outlives the
  // CommandLine. An optional has a value where it was given; a vector takes all that is given.
  Option add_option(const std::string& names, std::string& value,
                    const std::string& meaning = {}) const;
  Option add_option(const std::string& names, std::optional<std::string>& value,
                    const std::string& meaning = {}) const;
  Option add_option(const std::string& names, std::vector<std::string>& value,
                    const std::string& meaning = {}) const;
  Option add_option(const std::string& names, std::uint16_t& value,
                    const std::string& meaning = {}) const;
  // `take` is given the value, and says what is wrong with it.
  Option add_option(const std::string& names, Option::Check take,
                    const std::string& meaning = {}) const;
  Option add_flag(const std::string& names, bool& value, const std::string& meaning = {}) const;

 private:
  CLI::App* app_;
};

class CommandLine {
 public:
  CommandLine(const std::string& name, const std::string& meaning, const std::string& version);
  ~CommandLine();
  CommandLine(const CommandLine&) = delete;
  CommandLine& operator=(const CommandLine&) = delete;

  // The program itself. Its options may follow those of its commands.
  Command root() const;

  // Calls what is chosen. A value: nothing was, as the help or the version was asked for (done), or
  // the line is wrong (usage), which it has told.
  std::optional<ExitStatus> parse(std::vector<std::string> arguments);

 private:
  std::unique_ptr<CLI::App> app_;
};

}  // namespace postrider::ctl
