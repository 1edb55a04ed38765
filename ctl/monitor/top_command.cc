// top_command.cc - postrider top: the suite, live, in a terminal.
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <memory>
#include <optional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "common/base/clock.h"
#include "common/base/fd.h"
#include "ctl/command.h"
#include "ctl/commands.h"
#include "ctl/context.h"
#include "ctl/monitor/overview.h"

namespace postrider::ctl {

namespace {

constexpr std::chrono::seconds kRefresh{2};

// Another screen without a cursor, whose keys come at once; all is as before when it ends.
class Terminal {
 public:
  Terminal() {
    sigset_t ends;
    sigemptyset(&ends);
    for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) sigaddset(&ends, number);
    ::sigprocmask(SIG_BLOCK, &ends, nullptr);
    signals_ = Fd(::signalfd(-1, &ends, SFD_CLOEXEC | SFD_NONBLOCK));
    if (::tcgetattr(STDIN_FILENO, &before_) == 0) {
      has_keys_ = true;
      termios raw = before_;
      raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
      ::tcsetattr(STDIN_FILENO, TCSANOW, &raw);
    }
    write("\x1b[?1049h\x1b[?25l");
  }
  ~Terminal() {
    write("\x1b[?25h\x1b[?1049l");
    if (has_keys_) ::tcsetattr(STDIN_FILENO, TCSANOW, &before_);
  }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  static ScreenSize size() {
    winsize found{};
    if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &found) != 0) return {};
    // The last line stays free: a line break in it would move all others.
    return {found.ws_col, found.ws_row > 1U ? found.ws_row - 1U : 0U};
  }

  // Over what was there, without a moment in which nothing is.
  static void show(std::string_view screen) {
    std::string out = "\x1b[H";
    for (const char c : screen) {
      if (c == '\n') out += "\x1b[K";
      out += c;
    }
    write(out + "\x1b[J");
  }

  // False: it is to end.
  bool wait(std::chrono::milliseconds pause) {
    std::array<pollfd, 2> waiting{
        {{.fd = signals_.get(), .events = POLLIN, .revents = 0},
         {.fd = has_keys_ ? STDIN_FILENO : -1, .events = POLLIN, .revents = 0}}};
    if (::poll(waiting.data(), waiting.size(), static_cast<int>(pause.count())) <= 0) return true;
    if (waiting[0].revents != 0) return false;
    char key = 'q';
    return ::read(STDIN_FILENO, &key, 1) == 1 && key != 'q' && key != 'Q';
  }

 private:
  static void write(std::string_view text) {
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fflush(stdout);
  }

  Fd signals_;
  termios before_{};
  bool has_keys_ = false;
};

class Top {
 public:
  Top(Context& context, const config::Settings& settings)
      : context_(context), settings_(settings), surveyor_(settings, clock_) {}

  void once() {
    const Survey survey = surveyor_.look(Depth::whole);
    const Rates rates = rates_of(samples(), survey.sample, std::chrono::minutes{1});
    const auto warnings = warnings_of(survey, samples(), settings_);
    context_.answer(to_json(survey, rates, warnings),
                    top_screen(survey, rates, warnings, settings_, {}));
    if (!survey.queued_answers()) context_.status = ExitStatus::unreachable;
  }

  // Rates are those since the screen before; the first has those of the last minute.
  void live() {
    Terminal terminal;
    std::optional<Sample> before;
    do {
      const Survey survey = surveyor_.look(Depth::whole);
      const Rates rates = before ? rates_of({*before}, survey.sample, std::chrono::seconds{1})
                                 : rates_of(samples(), survey.sample, std::chrono::minutes{1});
      before = survey.sample;
      Terminal::show(top_screen(survey, rates, warnings_of(survey, samples(), settings_), settings_,
                                Terminal::size()));
    } while (terminal.wait(kRefresh));
  }

 private:
  Samples samples() const {
    return read_samples(SampleFile::path(settings_.paths.run), clock_.now());
  }

  Context& context_;
  const config::Settings& settings_;
  SystemClock clock_;
  Surveyor surveyor_;
};

void top(Context& context, bool once) {
  const auto settings = context.settings();
  if (!settings) return;
  Top shown(context, *settings);
  once || context.json ? shown.once() : shown.live();
}

}  // namespace

void add_top_command(Command app, Context& context) {
  const Command command = app.add_subcommand("top", "The suite, live: rates, queue, destinations");
  const auto once = std::make_shared<bool>(false);
  command.add_flag("--once", *once, "Show one screen and end");
  command.callback([&context, once] { top(context, *once); });
}

}  // namespace postrider::ctl
