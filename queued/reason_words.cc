#include "queued/reason_words.h"

#include <algorithm>

#include "common/base/ascii.h"

namespace postrider::queued {

namespace {

constexpr std::size_t kLongNumber = 4;
constexpr std::size_t kLongName = 8;

bool names_one(std::string_view word) {
  const auto digits = static_cast<std::size_t>(std::count_if(word.begin(), word.end(), is_digit));
  if (digits == word.size()) return digits >= kLongNumber;
  return digits > 0 && word.size() >= kLongName;
}

}  // namespace

std::string reason_words(std::string_view reply) {
  std::string words;
  while (!reply.empty()) {
    const auto end = std::find_if_not(reply.begin(), reply.end(), is_alnum);
    const std::string_view word = reply.substr(0, static_cast<std::size_t>(end - reply.begin()));
    words += names_one(word) ? std::string_view("#") : word;
    reply.remove_prefix(word.size());
    if (reply.empty()) break;
    words += reply.front();
    reply.remove_prefix(1);
  }
  return words;
}

}  // namespace postrider::queued
