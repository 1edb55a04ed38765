// file_list.h - the list of a backup's files on disk (entry.h): a line each, written and read one
// at a time, however many there are.
#pragma once

#include <xxhash.h>

#include <optional>
#include <string>

#include "common/base/fd.h"
#include "common/base/handle.h"
#include "common/base/result.h"
#include "ctl/backup/copy.h"
#include "ctl/backup/entry.h"

namespace postrider::ctl::backup {

class FileListWriter {
 public:
  // `path` is made.
  static Result<FileListWriter> create(const std::string& path);

  Result<void> add(const Entry& entry);
  // What was not written yet is. Its size and checksum.
  Result<Octets> finish();

 private:
  FileListWriter(std::string path, Fd fd);
  Result<void> write();

  std::string path_;
  Fd fd_;
  std::string buffer_;
  Octets written_;
  Handle<XXH3_state_t, &XXH3_freeState> state_;
};

class FileListReader {
 public:
  static Result<FileListReader> open(const std::string& path);

  // The next; nothing: there are no more. An error of kind corrupt names the line.
  Result<std::optional<Entry>> next();

 private:
  FileListReader(std::string path, Fd fd) : path_(std::move(path)), fd_(std::move(fd)) {}
  // Reads on until buffer_ has a line. False: the file has ended.
  Result<bool> fill();

  std::string path_;
  Fd fd_;
  std::string buffer_;
  std::size_t position_ = 0;  // of the next line in buffer_
  std::uint64_t line_ = 0;
};

}  // namespace postrider::ctl::backup
