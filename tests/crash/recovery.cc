#include "tests/crash/recovery.h"

#include "tests/crash/judgement.h"
#include "tests/crash/world.h"

namespace postrider::crash {

std::string recover(const std::string& root, Ledger& ledger, unsigned life) {
  constexpr std::chrono::hours kWeek{24 * 7};
  std::string log;
  {
    World world(root, ledger, life);
    world.run(kWeek);
    world.release();
    world.run(kWeek);
    log = world.log();
  }
  const std::string wrong = judge(root, ledger);
  return wrong.empty() ? wrong : wrong + log;
}

}  // namespace postrider::crash
