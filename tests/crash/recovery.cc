#include "tests/crash/recovery.h"

#include "tests/crash/judgement.h"
#include "tests/crash/world.h"

namespace postrider::crash {

std::string recover(const std::string& root, Ledger& ledger, unsigned life) {
  constexpr std::chrono::hours kWeek{24 * 7};
  std::string log;
  bool again = true;
  for (unsigned lives = 0; again && lives < 2; ++lives) {
    World world(root, ledger, life + lives);
    world.run(kWeek);
    world.release();
    world.run(kWeek);
    log += world.log();
    again = world.damaged();  // its next life rescues what it can
  }
  const std::string wrong = judge(root, ledger);
  return wrong.empty() ? wrong : wrong + log;
}

}  // namespace postrider::crash
