#include "tests/crash/image.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <unordered_map>
#include <utility>

#include "common/base/check.h"

namespace postrider::crash {

namespace {

using Kind = Operation::Kind;
namespace fs = std::filesystem;

// What a disk writes at once.
constexpr std::size_t kSector = 512;

bool is_about(const Operation& operation, Node node) {
  switch (operation.kind) {
    case Kind::write:
    case Kind::truncate: return operation.node == node;
    case Kind::rename: return operation.directory == node || operation.from_directory == node;
    default: return operation.directory == node;
  }
}

bool is_data(const Operation& operation) {
  return operation.kind == Kind::write || operation.kind == Kind::truncate;
}

Node node_at(const std::string& path) {
  struct stat status {};
  POSTRIDER_CHECK(::stat(path.c_str(), &status) == 0);
  return status.st_ino;
}

// The first octets of a write.
Operation beginning_of(Operation operation, Random& random) {
  if (operation.kind == Kind::write)
    operation.bytes.resize(random.below(operation.bytes.size() + 1));
  return operation;
}

}  // namespace

Image Image::of(const std::string& directory) {
  Image image(node_at(directory));
  image.read_node(image.root_, directory);
  return image;
}

void Image::read_node(Node node, const std::string& path) {
  Entry& entry = nodes_[node];
  entry.is_directory = fs::is_directory(path);
  if (!entry.is_directory) {
    std::ifstream file(path, std::ios::binary);
    entry.content.assign(std::istreambuf_iterator<char>(file), {});
    return;
  }
  for (const auto& child : fs::directory_iterator(path)) {
    const Node below = node_at(child.path());
    entry.names[child.path().filename()] = below;
    read_node(below, child.path());
  }
}

void Image::apply(const Operation& operation, const Draw& draw) {
  constexpr Draw kAll{.fate = Fate::everything};
  const Node node = operation.node;
  const auto about = [node](const Operation& one) { return is_about(one, node); };
  const auto data = [node](const Operation& one) { return is_data(one) && one.node == node; };
  switch (operation.kind) {
    case Kind::sync: return settle(take(about), kAll);
    case Kind::sync_all: return settle(std::exchange(waiting_, {}), kAll);
    case Kind::sync_failed: return settle(take(data), draw);
    case Kind::sync_all_failed: return settle(take(is_data), draw);
    default: waiting_.push_back(operation);
  }
}

void Image::cut(const Draw& draw) { settle(std::exchange(waiting_, {}), draw); }

Image::Waiting Image::take(const std::function<bool(const Operation&)>& chosen) {
  const auto rest = std::stable_partition(waiting_.begin(), waiting_.end(), chosen);
  Waiting taken(std::make_move_iterator(waiting_.begin()), std::make_move_iterator(rest));
  waiting_.erase(waiting_.begin(), rest);
  return taken;
}

void Image::settle(const Waiting& waiting, const Draw& draw) {
  SeededRandom random(draw.seed);
  switch (draw.fate) {
    case Fate::nothing: return;
    case Fate::everything:
      for (const Operation& operation : waiting) make_durable(operation);
      return;
    case Fate::in_order: return settle_in_order(waiting, random);
    case Fate::any_order: return settle_in_any_order(waiting, random, false);
    case Fate::holes: return settle_in_any_order(waiting, random, true);
  }
}

void Image::settle_in_order(const Waiting& waiting, Random& random) {
  const std::size_t whole = random.below(waiting.size() + 1);
  for (std::size_t i = 0; i < whole; ++i) make_durable(waiting[i]);
  if (whole < waiting.size() && is_data(waiting[whole]))
    make_durable(beginning_of(waiting[whole], random));
}

void Image::settle_in_any_order(const Waiting& waiting, Random& random, bool holes) {
  std::unordered_map<Node, bool> ended;  // files of which nothing further is there
  for (const Operation& operation : waiting) {
    const bool there = random.below(2) == 0;
    if (!is_data(operation)) {
      if (there) make_durable(operation);
    } else if (holes && operation.kind == Kind::write) {
      write_pages(operation, random);
    } else if (holes) {
      if (there) make_durable(operation);
    } else if (bool& end = ended[operation.node]; !end) {
      // Two of three files have all that was written to them.
      end = random.below(3) == 0;
      make_durable(end ? beginning_of(operation, random) : operation);
    }
  }
}

void Image::make_durable(const Operation& operation) {
  switch (operation.kind) {
    case Kind::make_directory: nodes_[operation.node].is_directory = true; [[fallthrough]];
    case Kind::make_file:
      nodes_[operation.directory].names[operation.name] = operation.node;
      return;
    case Kind::remove_name: nodes_[operation.directory].names.erase(operation.name); return;
    case Kind::rename:
      nodes_[operation.from_directory].names.erase(operation.from_name);
      nodes_[operation.directory].names[operation.name] = operation.node;
      return;
    case Kind::truncate: nodes_[operation.node].content.resize(operation.offset); return;
    case Kind::write: {
      if (operation.bytes.empty()) return;
      std::string& content = nodes_[operation.node].content;
      content.resize(std::max(content.size(), operation.offset + operation.bytes.size()));
      content.replace(operation.offset, operation.bytes.size(), operation.bytes);
      return;
    }
    default: POSTRIDER_CHECK(false);
  }
}

// Sector by sector, each there or not; the length of the file, there or not.
void Image::write_pages(const Operation& write, Random& random) {
  const bool all = random.below(3) == 0;
  const bool none = !all && random.below(2) == 0;
  std::string& content = nodes_[write.node].content;
  const std::uint64_t end = write.offset + write.bytes.size();
  if (all || random.below(2) == 0) content.resize(std::max(content.size(), end));
  if (none) return;
  for (std::size_t at = 0; at < write.bytes.size();) {
    const std::size_t next =
        std::min(write.bytes.size(), at + kSector - (write.offset + at) % kSector);
    if (all || random.below(2) == 0)
      make_durable({.kind = Kind::write,
                    .node = write.node,
                    .offset = write.offset + at,
                    .bytes = write.bytes.substr(at, next - at)});
    at = next;
  }
}

void Image::write_to(const std::string& directory) const {
  std::map<Node, std::string> written;
  for (const auto& [name, node] : nodes_.at(root_).names)
    write_node(node, directory + '/' + name, written);
}

void Image::write_node(Node node, const std::string& path,
                       std::map<Node, std::string>& written) const {
  const auto it = nodes_.find(node);
  if (const auto first = written.find(node); first != written.end()) {
    POSTRIDER_CHECK(::link(first->second.c_str(), path.c_str()) == 0);
    return;
  }
  if (it == nodes_.end() || !it->second.is_directory) {
    written.emplace(node, path);
    std::ofstream file(path, std::ios::binary);
    if (it != nodes_.end()) file << it->second.content;
    return;
  }
  POSTRIDER_CHECK(::mkdir(path.c_str(), 0700) == 0);
  for (const auto& [name, child] : it->second.names) write_node(child, path + '/' + name, written);
}

}  // namespace postrider::crash
