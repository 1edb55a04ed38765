// whereabouts.h - where the files of a mailbox are now, after another program has renamed some.
//
// Read as a whole when the first message is not where it was listed, so that to look for all of
// them costs one reading; and again only when one is not where it was by then.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace postrider::maildir {

class Whereabouts {
 public:
  // Reads new/ and cur/ of the Maildir `maildir`; files beyond Listing::kMaxMessages are not seen.
  // 16 octets a file and its name. The errno, or 0. Blocks.
  int read(int maildir);

  // The path of the file of this message (see message_key()), below the Maildir; empty: there was
  // none.
  std::string path_of(std::string_view base) const;
  // Those of all files of the message.
  std::vector<std::string> paths_of(std::string_view base) const;

 private:
  struct File {
    std::uint64_t key;  // hash of message_key()
    std::uint32_t path_begin;
    std::uint16_t path_length;
  };
  std::string_view path(const File& file) const {
    return std::string_view(paths_).substr(file.path_begin, file.path_length);
  }

  std::vector<File> files_;  // in order of key
  std::string paths_;
};

}  // namespace postrider::maildir
