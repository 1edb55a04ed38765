#include "common/smtp/dot_stuffer.h"

#include <cstring>

namespace postrider::smtp {

void DotStuffer::append(std::string_view content, std::string& out) {
  if (content.empty()) return;
  const char* copied = content.data();
  const char* const end = copied + content.size();
  for (const char* at = copied; at < end; ++at) {
    at = static_cast<const char*>(std::memchr(at, '.', static_cast<std::size_t>(end - at)));
    if (at == nullptr) break;
    if ((at == content.data() ? last_ : at[-1]) != '\n') continue;
    out.append(copied, at);
    out += '.';
    copied = at;
  }
  out.append(copied, end);
  before_last_ = content.size() > 1 ? end[-2] : last_;
  last_ = end[-1];
}

void DotStuffer::finish(std::string& out) {
  out += before_last_ == '\r' && last_ == '\n' ? ".\r\n" : "\r\n.\r\n";
}

}  // namespace postrider::smtp
