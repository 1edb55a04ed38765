// image.h - what a disk holds: the durable state, and what waits for a sync.
//
// The model is POSIX read by a pessimist. The content of a file is durable after a sync of the
// file, a name after a sync of its directory (not of the file), both after a sync of the file
// system. A rename is one change: it is seen whole or not at all. A sync that failed made durable
// some of the data that waited, and the rest is lost for ever, though programs still read it: a
// second sync brings nothing back (Linux does so). Names still wait: a file system that cannot
// write its journal takes no further change, rather than one without those before it.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "tests/crash/fate.h"
#include "tests/crash/operation.h"

namespace postrider::crash {

class Image {
 public:
  // Of an empty directory.
  explicit Image(Node root) : root_(root) { nodes_[root].is_directory = true; }
  // Of what is below `directory` now, all of it durable.
  static Image of(const std::string& directory);

  // `draw` decides what a sync that failed leaves.
  void apply(const Operation& operation, const Draw& draw);

  // The power goes: what waits is there or lost, as `draw` says.
  void cut(const Draw& draw);

  // Makes the files and directories that are durable below `directory`, which is there and empty.
  void write_to(const std::string& directory) const;

 private:
  struct Entry {
    bool is_directory = false;
    std::string content;
    std::map<std::string, Node> names;
  };
  using Waiting = std::vector<Operation>;

  // Takes out of what waits.
  Waiting take(const std::function<bool(const Operation&)>& chosen);
  void settle(const Waiting& waiting, const Draw& draw);
  void settle_in_order(const Waiting& waiting, Random& random);
  void settle_in_any_order(const Waiting& waiting, Random& random, bool holes);
  void make_durable(const Operation& operation);
  void write_pages(const Operation& write, Random& random);
  void read_node(Node node, const std::string& path);
  void write_node(Node node, const std::string& path, std::map<Node, std::string>& written) const;

  Node root_;
  std::map<Node, Entry> nodes_;
  Waiting waiting_;
};

}  // namespace postrider::crash
