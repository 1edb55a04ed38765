// snapshot.h - a whole database as it was at one moment, whatever its writers do meanwhile.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "common/sqlite/sqlite.h"

namespace postrider::sqlite {

// With a rollback journal its writers wait for its end; with WAL their log grows until then. It has
// a connection of its own.
class Snapshot {
 public:
  // Of the file `path`; `access` is read or read_still.
  static Result<Snapshot> take(const std::string& path, Access access);

  // To the file `path`, which is made, and is not synced. `may_go_on` is asked between portions;
  // its error ends the copy.
  Result<void> copy_to(const std::string& path,
                       const std::function<Result<void>()>& may_go_on = {});

 private:
  struct Close {
    void operator()(sqlite3* database) const noexcept;
  };
  Snapshot(sqlite3* database, std::string path) : path_(std::move(path)), database_(database) {}

  std::string path_;
  std::unique_ptr<sqlite3, Close> database_;
};

}  // namespace postrider::sqlite
