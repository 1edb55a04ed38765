// report_writer.h - Reports, composed by common/message and written to the spool.
#pragma once

#include "common/config/settings.h"
#include "common/spool/writer.h"
#include "queued/reports.h"

namespace postrider::queued {

class ReportWriter final : public Reports {
 public:
  // Of one report, so that its size is bounded; of more recipients several tell.
  static constexpr std::size_t kMaxRecipients = 1000;

  // All outlive it.
  ReportWriter(event::EventLoop& loop, spool::Disk& disk, spool::Writer& writer,
               const config::Settings& settings, const Clock& clock, log::Logger& log)
      : loop_(loop), disk_(disk), writer_(writer), settings_(settings), clock_(clock), log_(log) {}

  PendingPtr send(const Message& message, ReportKind kind,
                  const std::vector<std::uint32_t>& recipients, WallTime expires,
                  Done done) override;

 private:
  PendingPtr write(const Message& message, message::ReportRequest request, Done done);
  message::ReportRequest request_for(const Message& message, ReportKind kind,
                                     std::string_view original) const;
  spool::Envelope envelope_for(const Message& message, const message::ReportRequest& request,
                               const message::Report& report) const;

  event::EventLoop& loop_;
  spool::Disk& disk_;
  spool::Writer& writer_;
  const config::Settings& settings_;
  const Clock& clock_;
  log::Logger& log_;
};

}  // namespace postrider::queued
