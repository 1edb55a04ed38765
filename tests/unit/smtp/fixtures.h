// fixtures.h - reads peers' test vectors, which live outside the source tree.
#pragma once

#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>

namespace postrider::smtp::testing {

// Nothing where the vectors are not installed; the test then says that it is skipped.
inline std::optional<std::string> read_fixture(const std::string& path) {
  std::ifstream file(std::filesystem::path(FIXTURES_DIR) / path, std::ios::binary);
  if (!file) {
    WARN("skipped: " << path << " is not in " << FIXTURES_DIR);
    return std::nullopt;
  }
  return std::string(std::istreambuf_iterator<char>(file), {});
}

}  // namespace postrider::smtp::testing
