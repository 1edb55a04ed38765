#include "common/trace/file_name.h"

#include <dirent.h>

#include <algorithm>
#include <cerrno>
#include <charconv>

#include <fmt/format.h>

#include "common/base/handle.h"

namespace postrider::trace {

namespace {

constexpr std::size_t kMaxProcess = 32;

bool is_process(std::string_view text) noexcept {
  return !text.empty() && text.size() <= kMaxProcess &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= 'a' && c <= 'z') || c == '-'; });
}

template <typename Int>
bool parse_number(std::string_view text, Int& value) noexcept {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() && value >= 0;
}

}  // namespace

std::string folder_of(std::string_view data_directory) {
  return fmt::format("{}/trace", data_directory);
}

std::string index_path(std::string_view data_directory) {
  return fmt::format("{}/trace.db", data_directory);
}

std::string index_folder_of(std::string_view data_directory) {
  return fmt::format("{}/trace-index", data_directory);
}

std::string FileName::str() const { return fmt::format("{}.{}.{}", process, worker, began_us); }

std::optional<FileName> parse_file_name(std::string_view name) {
  const std::size_t first = name.find('.');
  const std::size_t second = name.find('.', first == std::string_view::npos ? first : first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  FileName parsed{std::string(name.substr(0, first))};
  const bool right = is_process(parsed.process) &&
                     parse_number(name.substr(first + 1, second - first - 1), parsed.worker) &&
                     parse_number(name.substr(second + 1), parsed.began_us) && parsed.str() == name;
  return right ? std::optional(std::move(parsed)) : std::nullopt;
}

Result<std::vector<FileName>> list_files(const std::string& folder) {
  std::vector<FileName> files;
  const Handle<DIR, &::closedir> open(::opendir(folder.c_str()));
  if (!open && errno == ENOENT) return files;
  if (!open) return fail_errno(folder, errno);
  errno = 0;
  while (const dirent* const entry = ::readdir(open.get()))
    if (auto name = parse_file_name(entry->d_name)) files.push_back(std::move(*name));
  if (errno != 0) return fail_errno(folder, errno);
  std::sort(files.begin(), files.end(),
            [](const FileName& a, const FileName& b) { return a.began_us < b.began_us; });
  return files;
}

}  // namespace postrider::trace
