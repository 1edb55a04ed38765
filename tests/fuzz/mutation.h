// mutation.h - inputs for a fuzz driver, made of others: octets changed, removed, repeated, and
// parts of one put into another. It knows nothing of what the driver covers, as libFuzzer does; it
// needs no compiler of its own either.
#pragma once

#include <string>
#include <vector>

#include "common/base/random.h"

namespace postrider::fuzz {

class Mutation {
 public:
  // The largest input made, libFuzzer's default.
  static constexpr std::size_t kMaxSize = 4096;

  // Precondition: `corpus`, which has to outlive this, is not empty.
  Mutation(const std::vector<std::string>& corpus, Random& random)
      : corpus_(corpus), random_(random) {}

  // A new input: the same ones in the same order for the same corpus and numbers.
  std::string next();

 private:
  struct Range {
    std::size_t from, size;
  };

  const std::string& any() { return corpus_[random_.below(corpus_.size())]; }
  Range any_range(const std::string& text);
  void change(std::string& input);

  const std::vector<std::string>& corpus_;
  Random& random_;
};

}  // namespace postrider::fuzz
