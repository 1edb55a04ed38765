// temp_directory.h - a directory for one test, gone with it.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

#include "common/base/check.h"

namespace postrider::test {

class TempDirectory {
 public:
  TempDirectory() {
    // In memory where there is such a place: what is synced here is asked of the code, not the
    // disk.
    const std::filesystem::path memory = "/dev/shm";
    const bool there = std::filesystem::is_directory(memory);
    std::string name =
        ((there ? memory : std::filesystem::temp_directory_path()) / "postrider-XXXXXX").string();
    POSTRIDER_CHECK(::mkdtemp(name.data()) != nullptr);
    root_ = name;
  }
  TempDirectory(const TempDirectory&) = delete;
  TempDirectory& operator=(const TempDirectory&) = delete;
  ~TempDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(root_, ignored);
  }

  // The directory itself, or `name` in it.
  const std::string& path() const noexcept { return root_; }
  std::string path(const std::string& name) const { return root_ + "/" + name; }

 private:
  std::string root_;
};

}  // namespace postrider::test
