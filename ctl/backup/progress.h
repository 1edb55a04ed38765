// progress.h - how far a backup or a restore is: for a person, on the terminal that standard error
// is, and for nobody else.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace postrider::ctl::backup {

class Progress {
 public:
  // `wanted`: a person waits for text.
  explicit Progress(bool wanted);
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress();  // takes its line away

  // What is being done from here on: "the queue".
  void begin(std::string_view what);
  void add(std::uint64_t octets);

 private:
  static constexpr std::chrono::milliseconds kEvery{200};

  void show();
  // A terminal that is gone ends it, and nothing else.
  void write(std::string_view text);

  bool shown_;
  std::string what_;
  std::uint64_t files_ = 0;
  std::uint64_t octets_ = 0;
  std::chrono::steady_clock::time_point next_;
};

}  // namespace postrider::ctl::backup
