#include "ctl/monitor/page_pieces.h"

#include <algorithm>

#include <fmt/format.h>

#include "ctl/terminal.h"

namespace postrider::ctl {

std::string since(std::int64_t us, WallTime now) {
  if (us == 0) return std::string(kUnknown);
  return short_duration(now.time_since_epoch() - std::chrono::microseconds(us));
}

std::string until(std::int64_t us, WallTime now) {
  if (us == 0) return std::string(kUnknown);
  const auto left = std::chrono::microseconds(us) - now.time_since_epoch();
  return left.count() <= 0 ? std::string("now") : fmt::format("in {}", short_duration(left));
}

std::string grouped(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (std::size_t i = text.size(); i > 3;) text.insert(i -= 3, "\u202f");
  return text;
}

std::string counted(std::uint64_t number, std::string_view what) {
  return fmt::format("{} {}{}", grouped(number), what, number == 1 ? "" : "s");
}

Html section_without(std::string_view title, std::string_view none) {
  Html html;
  return html.add("<section><h2>", title, "</h2><p class=\"none\">", none, "</p></section>");
}

Html table_head(std::string_view title, std::string_view also, std::string_view style) {
  Html html;
  html.add("<section><h2>", title);
  if (!also.empty()) html.add(" <span class=\"also\">", also, "</span>");
  return html.add("</h2><div class=\"scroll\"><table class=\"", style, "\"><thead><tr>");
}

Html table_end() {
  Html html;
  return html.add("</tbody></table></div></section>");
}

Html words(std::string_view text) {
  Html html;
  return text.empty() ? html : html.add("<span class=\"words\"><bdi>", text, "</bdi></span>");
}

Html with_commands(std::string_view text) {
  Html html;
  for (bool typed = false; !text.empty(); typed = !typed) {
    const std::string_view part = text.substr(0, text.find('`'));
    typed ? html.add("<code>", part, "</code>") : html.add(part);
    text.remove_prefix(std::min(text.size(), part.size() + 1));
  }
  return html;
}

}  // namespace postrider::ctl
