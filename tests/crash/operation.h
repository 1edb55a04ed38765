// operation.h - what a program did to a file system, in the order in which the kernel did it.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace postrider::crash {

// A file or a directory: its inode number.
using Node = ino_t;

struct Operation {
  enum class Kind : std::uint8_t {
    make_directory,  // `node` under `directory`/`name`
    make_file,       // `node` under `directory`/`name`; also a second name of it
    remove_name,     // `directory`/`name`
    rename,          // `from_directory`/`from_name` becomes `directory`/`name`
    write,           // `bytes` at `offset` of `node`
    truncate,        // `node` has `offset` octets
    sync,            // of the file or the directory `node`
    sync_all,        // of the file system
    sync_failed,     // of `node`: what was to be written is partly lost for ever
    sync_all_failed,
  };
  Kind kind = Kind::sync_all;
  Node node = 0;
  Node directory = 0;
  std::string name;
  Node from_directory = 0;
  std::string from_name;
  std::uint64_t offset = 0;
  std::string bytes;
};

struct History {
  Node root = 0;
  std::vector<Operation> operations;
};

}  // namespace postrider::crash
