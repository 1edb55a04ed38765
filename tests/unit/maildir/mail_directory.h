// mail_directory.h - a temporary paths.mail for a test, and a look into it.
#pragma once

#include <fcntl.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "common/base/fd.h"
#include "tests/unit/temp_directory.h"

class MailDirectory {
 public:
  MailDirectory() : fd_(::open(root_.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {}

  std::filesystem::path path() const { return root_.path(); }
  int fd() const { return fd_.get(); }

  // Makes the empty mailbox `user`, "domain/name", and returns its Maildir.
  std::filesystem::path create(const std::string& user) const {
    const std::filesystem::path maildir = path() / user / "Maildir";
    for (const char* folder : {"tmp", "new", "cur"})
      std::filesystem::create_directories(maildir / folder);
    return maildir;
  }

 private:
  postrider::test::TempDirectory root_;
  postrider::Fd fd_;
};

inline std::vector<std::string> files_in(const std::filesystem::path& directory) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(directory))
    names.push_back(entry.path().filename());
  std::sort(names.begin(), names.end());
  return names;
}

inline std::string content_of(const std::filesystem::path& file) {
  std::ostringstream content;
  content << std::ifstream(file).rdbuf();
  return content.str();
}
