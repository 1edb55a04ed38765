// replaced_file.h - a file that a command reads, and puts a new one in the place of.
//
// The new one has the old one's owner, group and mode, and takes its place whole: after a crash
// there is the one or the other. A symbolic link stays, and what it leads to is replaced. Whoever
// else edits the file meanwhile by this has to wait; another program's change is found, and
// nothing is replaced then.
#pragma once

#include <sys/stat.h>

#include <string>
#include <utility>

#include "common/base/fd.h"
#include "common/base/result.h"

namespace postrider::ctl {

class ReplacedFile {
 public:
  // Reads it; refuses (invalid) one of more than `most` octets, or that is no file.
  static Result<ReplacedFile> open(const std::string& path, std::size_t most);

  const std::string& name() const noexcept { return name_; }  // as it was given
  const std::string& text() const noexcept { return text_; }

  // Durable when this returns.
  Result<void> replace(const std::string& text);

 private:
  ReplacedFile(std::string name, std::string path, Fd fd)
      : name_(std::move(name)), path_(std::move(path)), fd_(std::move(fd)) {}
  Result<void> read(std::size_t most);
  Result<void> write_beside(const std::string& path, const std::string& text) const;
  bool is_as_it_was() const;

  std::string name_;
  std::string path_;  // without a link
  Fd fd_;             // holds the lock
  struct stat status_ {};
  std::string text_;
};

}  // namespace postrider::ctl
