#include "ctl/monitor/monitor.h"

#include <utility>

#include "common/config/daemon.h"
#include "common/event/answer_later.h"
#include "ctl/monitor/exposition.h"

namespace postrider::ctl {

namespace {

constexpr std::string_view kHtml = "text/html; charset=utf-8";
constexpr std::string_view kPrometheus = "text/plain; version=0.0.4; charset=utf-8";
constexpr log::Condition::Words kNotKept{"samples_not_kept", "samples_kept",
                                         "`postrider status` knows no rates, and a restart of the "
                                         "monitor forgets the last hour"};

// That wait for the one under way.
constexpr std::size_t kMaxSearches = 4;

HttpAnswer page_of(std::string body) {
  return {.type = kHtml, .body = std::move(body), .style_hash = page_style_hash()};
}

}  // namespace

Monitor::Monitor(event::EventLoop& loop, const config::Settings& settings, const Fd& listening,
                 const Clock& clock, log::Logger& log, Trace trace)
    : loop_(loop),
      settings_(settings),
      clock_(clock),
      trace_(std::move(trace)),
      surveyor_(settings, clock),
      samples_(read_samples(SampleFile::path(settings.paths.run), clock.now())),
      not_kept_(log, clock, kNotKept),
      next_sample_(loop, [this] { sample(); }),
      pool_(loop, 1),
      searches_(loop, 1) {
  if (listening) {
    Site& site = *this;  // which it is for nobody else
    server_.emplace(loop, listening.get(),
                    HttpServer::Options{settings.hostname, settings.metrics.connection_limit,
                                        settings.metrics.timeout},
                    site, log);
  }
  sample();
}

template <typename Then>
PendingPtr Monitor::look(Depth depth, Then then) {
  return pool_.compute(
      [this, depth] { return std::make_unique<Survey>(surveyor_.look(depth)); },
      [then = std::move(then)](const SurveyPtr& survey) mutable { then(*survey); });
}

// ---- Samples ----

void Monitor::sample() {
  next_sample_.arm(kSampleInterval);
  sampling_ = look(Depth::counts, [this](const Survey& survey) { keep(survey); });
}

void Monitor::keep(const Survey& survey) {
  std::erase_if(samples_, [&](const Sample& sample) {
    return survey.time - sample.time >= kSamples * kSampleInterval || sample.time >= survey.time;
  });
  samples_.push_back(survey.sample);
  Result<void> kept;
  if (!file_) {
    auto file = SampleFile::open(SampleFile::path(settings_.paths.run));
    if (file) {
      file_ = std::move(*file);
    } else {
      kept = pass_on(std::move(file.error()));
    }
  }
  if (file_) kept = file_->write(survey.sample);
  kept ? not_kept_.passed() : not_kept_.holds(kept.error().text);
}

// ---- What is asked for ----

PendingPtr Monitor::answer(const HttpRequest& request, Done done) {
  if (request.path == "/metrics") return answer_metrics(std::move(done));
  if (request.path == "/")
    return answer_page(request.parameter("refresh") != "off", std::move(done));
  if (request.path == "/trace" && trace_)
    return answer_trace(std::string(request.parameter("q")), std::move(done));
  if (request.path == "/healthz")
    return event::answer_later(loop_, HttpAnswer{.body = "ok\n"}, std::move(done));
  return event::answer_later(loop_, refusal(404, "there are /, /metrics and /healthz"),
                             std::move(done));
}

PendingPtr Monitor::answer_metrics(Done done) {
  return look(Depth::ages, [done = std::move(done)](const Survey& survey) mutable {
    done({.type = kPrometheus, .body = exposition(survey, config::version())});
  });
}

PendingPtr Monitor::answer_page(bool refreshes, Done done) {
  return look(Depth::whole,
              [this, refreshes, done = std::move(done)](const Survey& survey) mutable {
                done(page_of(status_page({.survey = survey,
                                          .samples = samples_,
                                          .settings = settings_,
                                          .refreshes = refreshes,
                                          .can_trace = static_cast<bool>(trace_)})));
              });
}

PendingPtr Monitor::answer_trace(const std::string& query, Done done) {
  if (searches_.waiting() >= kMaxSearches)
    return event::answer_later(loop_, refusal(503, "too many search at a time; try again"),
                               std::move(done));
  return searches_.compute(
      [this, query] { return trace_(query); },
      [this, query, done = std::move(done)](const Result<TraceFindings>& found) mutable {
        done(page_of(trace_page(settings_, query, found, clock_.now())));
      });
}

}  // namespace postrider::ctl
