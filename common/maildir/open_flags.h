// open_flags.h - how files and folders of a Maildir are opened and made, and how they are read.
#pragma once

#include <fcntl.h>
#include <sys/types.h>

#include <cstddef>

namespace postrider::maildir {

// To read a file: its owner may have put a link there, or a FIFO.
inline constexpr int kRead = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
inline constexpr mode_t kDirectoryMode = 0700;
// Octets read at once.
inline constexpr std::size_t kChunk = 131072;

}  // namespace postrider::maildir
