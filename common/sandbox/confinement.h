// confinement.h - what a process may do from now on, as its daemon states it: plain data, which
// sandbox.h puts into force.
//
// What is not named here it cannot do, whoever has taken it over and whatever its user may: no
// other file, no other socket, no other program, no other process.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace postrider::sandbox {

struct Confinement {
  // Files; or folders, with all that is in them and below. What is not there is passed over.
  std::vector<std::string> read;
  // Folders in which files and folders are made, read, changed, moved and removed. Each is there.
  std::vector<std::string> write;
  // Folders that processes share: files are made, read and changed, but not moved, nor removed.
  std::vector<std::string> share;

  // Takes connections, from the sockets that listen already.
  bool accepts = false;
  // Connects to Unix sockets.
  bool speaks_to_host = false;
  // Sends by UDP and connects by TCP.
  bool speaks_to_network = false;
  // By TCP to these ports alone, where the kernel can tell them apart (6.7). Empty: to all.
  std::vector<std::uint16_t> tcp_ports;
};

// Adds a folder to `write`, and makes it where it is missing. One that cannot be written to is
// passed over: whoever needs it will tell.
void add_writable(Confinement& may, const std::string& folder);

// What the C library, OpenSSL and c-ares read: names of users and hosts, trusted authorities,
// modules.
std::vector<std::string> system_files();

// The folders of `files`, as these are replaced by others of the same name; of a symbolic link also
// that of the file it leads to. Where one of `secluded` is in such a folder, the file alone as it
// is now.
std::vector<std::string> folders_of(const std::vector<std::string>& files,
                                    const std::vector<std::string>& secluded);

}  // namespace postrider::sandbox
