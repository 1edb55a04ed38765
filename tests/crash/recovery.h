// recovery.h - an instance starts again on what a disk holds.
#pragma once

#include <string>

#include "tests/crash/image.h"
#include "tests/crash/ledger.h"
#include "tests/unit/temp_directory.h"

namespace postrider::crash {

// What `image` holds after a power cut, as a directory.
struct Remains {
  Remains(Image image, const Draw& draw) {
    image.cut(draw);
    image.write_to(root.path());
  }
  test::TempDirectory root;
};

// Starts everything below `root`, lets it come to rest (what was held is released), and judges. The
// lines of the log follow what is wrong. `life`: how many the instance had before.
std::string recover(const std::string& root, Ledger& ledger, unsigned life);

}  // namespace postrider::crash
