// source_file.h - a file of the spool for a test: octets around a message's content.
#pragma once

#include <fcntl.h>
#include <unistd.h>
#include <xxhash.h>

#include <string>
#include <string_view>

#include <catch2/catch.hpp>

#include "common/base/fd.h"
#include "common/ipc/messages.pb.h"
#include "tests/unit/temp_directory.h"

class SourceFile {
 public:
  static constexpr std::uint64_t kOffset = 7;

  explicit SourceFile(std::string_view content) : content_(content) {
    fd_ = postrider::Fd(::open(directory_.path("segment").c_str(), O_RDWR | O_CREAT, 0600));
    const std::string file = "before." + content_ + ".after";
    REQUIRE(::write(fd_.get(), file.data(), file.size()) == static_cast<ssize_t>(file.size()));
  }

  int fd() const { return fd_.get(); }
  std::uint64_t length() const { return content_.size(); }
  std::uint64_t checksum() const { return XXH3_64bits(content_.data(), content_.size()); }

  // A job for these mailboxes.
  postrider::ipc::Job job(std::initializer_list<std::string> mailboxes) const {
    postrider::ipc::Job job;
    job.set_number(42);
    job.set_message_id("0123456789abcdefghij");
    job.set_offset(kOffset);
    job.set_length(length());
    job.set_checksum(checksum());
    job.set_trace("Received: from here\r\n\tby there\r\n");
    job.set_sender("sender@example.test");
    job.set_next_hop("local");
    job.set_arrival_us(1'800'000'000'123'456);
    for (const std::string& mailbox : mailboxes) {
      auto* recipient = job.add_recipients();
      recipient->set_index(static_cast<std::uint32_t>(10 + job.recipients_size()));
      recipient->set_address(mailbox);
    }
    return job;
  }

 private:
  std::string content_;
  postrider::test::TempDirectory directory_;
  postrider::Fd fd_;
};
